// Links to peers: each carries one connection of the node at a time, a byte stream in both directions, over a line that
// may lose and damage bytes and whose other end may start anew. Normative text: boards/LINK.md, "Peer links".
//
// Nothing here waits, and nothing reads a clock: `now_us` is the caller's, and never goes back.
#ifndef TIELINE_PEER_LINK_H
#define TIELINE_PEER_LINK_H

#include <stdint.h>

// What the links have for the node. Connection numbers are link numbers - 1. All are called from peer_links_poll only,
// never from within another; they may call peer_link_send and peer_link_hang_up.
struct peer_link_events {
    // A connection begins. `remote` is the id of the node to call, 33 bytes; NULL: the other side calls.
    void (*connect)(uint32_t connection, const uint8_t *remote);
    void (*receive)(uint32_t connection, const uint8_t *data, uint32_t length);
    // It is over. Not called where the node itself has hung up.
    void (*disconnect)(uint32_t connection);
    // There is room again, after peer_link_send has said that there is none.
    void (*resume)(uint32_t connection);
};

// Since power-on.
struct peer_link_figures {
    uint32_t bytes_in, bytes_out; // read from the line and written to it, modulo 2^32
    uint32_t frames_in, frames_out;
    uint32_t bad_frames;      // that were damaged, or no frames of this protocol
    uint32_t retransmissions; // frames that were sent again
    uint32_t sessions;        // connections that began
    uint32_t overflows;       // connections that ended because the node had more to say than fits
};

// The number of the first session, from entropy. Called once, before peer_links_start.
void peer_links_set_session(uint32_t first);

// The node runs: connections may begin. `events` stay where they are.
void peer_links_start(const struct peer_link_events *events, uint64_t now_us);
// The node does not run any more: connections are over, and nobody is told but the peers. peer_links_poll has to be
// called all the same.
void peer_links_stop(void);

// Takes what has arrived, gives it to the node, and writes what is due as far as the lines take it. A line that never
// ends costs no more than some bytes of it each time.
void peer_links_poll(uint64_t now_us);
// When peer_links_poll is to be called again though nothing arrives; 0: at once, BOARD_NO_DEADLINE: never.
uint64_t peer_links_due_us(void);
// Whether the last peer_links_poll found nothing to read, nothing waits to be written, and nothing more was due then. A
// line that is busy is never quiet.
int peer_links_quiet(void);

// Takes bytes for the peer of link number `link`, from 1 on. Returns 0, or 1 if what can wait is to wait until `resume`.
// ERR_STATE: there is no connection. ERR_CAPACITY: there is no room; the connection is over, as peer_links_poll will say.
int32_t peer_link_send(uint32_t link, const uint8_t *data, uint32_t length);
// The node ends the connection. What it has sent still goes out.
void peer_link_hang_up(uint32_t link);

// How many links to peers are served.
uint32_t peer_links_count(void);
// A link's figures, from number 1 on.
const struct peer_link_figures *peer_link_figures(uint32_t link);

#endif
