// Links to peers: what the node has to say to the one at the other end of each, and what that says.
#ifndef TIELINE_PEER_LINK_H
#define TIELINE_PEER_LINK_H

#include <stdint.h>

// What happens on a link: connection `link - 1` of the node.
struct peer_link_events {
    void (*connect)(uint32_t connection, const uint8_t *remote); // 33 bytes if this side calls, else NULL
    void (*receive)(uint32_t connection, const uint8_t *bytes, uint32_t length);
    void (*disconnect)(uint32_t connection);
};

void peer_links_start(uint64_t now_us, const struct peer_link_events *events);
void peer_links_poll(uint64_t now_us);
uint64_t peer_links_due_us(void);
int peer_links_quiet(void);

int32_t peer_link_send(uint32_t link, const uint8_t *data, uint32_t length);
void peer_link_hang_up(uint32_t link);

// Bytes since power-on.
uint32_t peer_link_bytes_in(uint32_t link);
uint32_t peer_link_bytes_out(uint32_t link);

#endif
