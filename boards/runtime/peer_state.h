// The state of a link to a peer, for the files that are the protocol: peer_link.c decides, peer_line.c writes.
#ifndef TIELINE_PEER_STATE_H
#define TIELINE_PEER_STATE_H

#include <stdint.h>

#include "frame.h"
#include "node_abi.h"
#include "peer_frame.h"
#include "peer_link.h"

// What the node may have said that is not acknowledged yet. It holds back what can wait where there is less room than for
// two of its longest messages, with their lengths and MACs.
#define PEER_QUEUE_BYTES 8192u
#define PEER_ROOM_BYTES (2u * (NODE_MESSAGE_BYTES + 34u))
#define PEER_CONTENT_BYTES (PEER_DATA_HEADER_BYTES + PEER_DATA_BYTES)

struct peer_link {
    uint32_t number; // on the board, from 1 on
    struct frame_decoder decoder;
    uint8_t content[PEER_CONTENT_BYTES + 4];
    // One frame on its way out.
    uint8_t line[FRAME_ON_LINE(PEER_CONTENT_BYTES)];
    uint32_t line_length, line_sent;
    uint8_t owes_hello, owes_ack, owes_bye;
    uint8_t told; // the node has been told of a connection and of no end
    uint8_t full; // the node has been told that there is no room, and not yet that there is
    enum { NO_SESSION, OPEN, CLOSING } state; // CLOSING: the node has hung up, and what it has sent goes out
    uint32_t session, remote, bye_session;    // ours, the other side's, the one that a BYE ends
    uint64_t begins_us; // no connection begins before
    uint64_t due_us;    // the next HELLO, or the end of the pause before frames are sent again
    // What the node has said: counts that run on, `queue_out` below the queue's size. The first of it was cut into `frames`
    // of `lengths`, and `sent` of them have been sent since the last pause.
    uint8_t queue[PEER_QUEUE_BYTES];
    uint32_t queue_in, queue_out;
    uint16_t lengths[PEER_WINDOW];
    uint32_t frames, sent;
    uint16_t first;    // number of the first of them
    uint16_t expected; // number of the frame that the other side sends next
    uint32_t failures, pause_us;
    uint64_t polled_us;
    uint8_t active; // the last poll read something
    struct peer_link_figures figures;
};

// Whether there is a DATA frame to send, or to send again since the last pause.
int peer_line_may_send(const struct peer_link *link);
// Writes what waits and then frame after frame of what is owed, until there is nothing more or the line is busy.
void peer_line_write(struct peer_link *link, uint64_t now_us);
// Whether part of a frame waits for the line.
int peer_line_is_busy(const struct peer_link *link);

#endif
