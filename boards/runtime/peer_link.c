#include "peer_link.h"

#include "board.h"
#include "errors.h"

#define MOST_LINKS 9
static uint32_t bytes_in[MOST_LINKS];

void peer_links_start(uint64_t now_us, const struct peer_link_events *events) {
    (void)now_us, (void)events;
}

// No protocol is spoken here yet: what comes is read and dropped.
void peer_links_poll(uint64_t now_us) {
    (void)now_us;
    for (uint32_t link = 1; link < board_links && link < MOST_LINKS; link++) {
        uint8_t bytes[32];
        for (uint32_t count; (count = board_link_read(link, bytes, sizeof bytes)) > 0;) bytes_in[link] += count;
    }
}

uint64_t peer_links_due_us(void) {
    return BOARD_NO_DEADLINE;
}

int peer_links_quiet(void) {
    return 1;
}

int32_t peer_link_send(uint32_t link, const uint8_t *data, uint32_t length) {
    (void)link, (void)data, (void)length;
    return ERR_STATE;
}

void peer_link_hang_up(uint32_t link) {
    (void)link;
}

uint32_t peer_link_bytes_in(uint32_t link) {
    return link < MOST_LINKS ? bytes_in[link] : 0;
}

uint32_t peer_link_bytes_out(uint32_t link) {
    (void)link;
    return 0;
}
