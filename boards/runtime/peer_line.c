// What goes out on a link to a peer.
#include <string.h>

#include "board.h"
#include "bytes.h"
#include "peer_state.h"

static void put_line(void *to, const uint8_t *data, uint32_t length) {
    struct peer_link *link = to;
    memcpy(link->line + link->line_length, data, length);
    link->line_length += length;
}

// All links have one: a frame is put into its line at once.
static struct frame_encoder encoder = {.put = put_line};

static void begin_frame(struct peer_link *link) {
    link->line_length = link->line_sent = 0;
    encoder.to = link;
    frame_encode_begin(&encoder);
    link->figures.frames_out++;
}

static void put_head(struct peer_link *link, enum peer_frame kind, uint32_t session) {
    uint8_t head[5] = {(uint8_t)kind};
    put_u32(head + 1, session);
    begin_frame(link);
    frame_encode(&encoder, head, sizeof head);
}

static void put_hello(struct peer_link *link) {
    uint8_t rest[5];
    put_u32(rest, link->remote);
    rest[4] = link->state != NO_SESSION;
    put_head(link, PEER_HELLO, link->session);
    frame_encode(&encoder, rest, sizeof rest);
    frame_encode_end(&encoder);
}

static void put_numbered(struct peer_link *link, enum peer_frame kind, uint32_t session, uint32_t number) {
    const uint8_t bytes[2] = {(uint8_t)number, (uint8_t)(number >> 8)};
    put_head(link, kind, session);
    frame_encode(&encoder, bytes, sizeof bytes);
}

// The frame at place `i` of those that are not acknowledged.
static void put_data(struct peer_link *link, uint32_t i) {
    uint32_t at = link->queue_out, length = link->lengths[i];
    for (uint32_t before = 0; before < i; before++) at += link->lengths[before];
    const uint32_t from = at % PEER_QUEUE_BYTES, part = length < PEER_QUEUE_BYTES - from ? length : PEER_QUEUE_BYTES - from;
    put_numbered(link, PEER_DATA, link->session, link->first + i);
    frame_encode(&encoder, link->queue + from, part);
    frame_encode(&encoder, link->queue, length - part);
    frame_encode_end(&encoder);
}

// Bytes that are in no frame yet.
static uint32_t uncut(const struct peer_link *link) {
    uint32_t bytes = link->queue_in - link->queue_out;
    for (uint32_t i = 0; i < link->frames; i++) bytes -= link->lengths[i];
    return bytes;
}

int peer_line_may_send(const struct peer_link *link) {
    return link->sent < link->frames || (link->frames < PEER_WINDOW && uncut(link) > 0);
}

// Puts the next frame that is due into the line. Returns 0 if there is none.
static int next_frame(struct peer_link *link, uint64_t now_us) {
    if (link->owes_bye) {
        link->owes_bye = 0;
        put_head(link, PEER_BYE, link->bye_session);
        frame_encode_end(&encoder);
    } else if (link->owes_hello) {
        link->owes_hello = 0;
        put_hello(link);
    } else if (link->owes_ack) {
        link->owes_ack = 0;
        put_numbered(link, PEER_ACK, link->remote, link->expected);
        frame_encode_end(&encoder);
    } else if (link->state != NO_SESSION && peer_line_may_send(link)) {
        if (link->sent == link->frames) {
            uint32_t bytes = uncut(link);
            link->lengths[link->frames++] = (uint16_t)(bytes < PEER_DATA_BYTES ? bytes : PEER_DATA_BYTES);
        }
        put_data(link, link->sent++);
        link->due_us = now_us + link->pause_us;
    } else {
        return 0;
    }
    return 1;
}

// Returns 0 if the line is busy.
static int write_line(struct peer_link *link) {
    while (link->line_sent < link->line_length) {
        uint32_t count = board_link_write(link->number, link->line + link->line_sent,
                                          link->line_length - link->line_sent);
        if (count == 0) return 0;
        link->line_sent += count;
        link->figures.bytes_out += count;
    }
    return 1;
}

void peer_line_write(struct peer_link *link, uint64_t now_us) {
    while (write_line(link) && next_frame(link, now_us)) {}
}

int peer_line_is_busy(const struct peer_link *link) {
    return link->line_sent < link->line_length;
}
