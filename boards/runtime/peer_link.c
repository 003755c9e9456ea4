#include "peer_link.h"

#include <string.h>

#include "board.h"
#include "bytes.h"
#include "errors.h"
#include "frame.h"
#include "peer_frame.h"
#include "settings.h"

// PEER_LINKS, of board.mk: links to peers that there is memory for.

// What the node may have said that is not acknowledged yet. A power of two. The most it says at once is a few messages of
// a channel that is taken up again with all its payments.
#define QUEUE_BYTES 8192u
// Taken from a line in one poll: metering goes on, however much comes.
#define POLL_BYTES 2048u
// A line that is busy is tried again so soon.
#define BUSY_US 2000u
#define POINT_BYTES 33u

#define CONTENT_BYTES (PEER_DATA_HEADER_BYTES + PEER_DATA_BYTES)

static struct peer_link {
    struct frame_decoder decoder;
    uint8_t content[CONTENT_BYTES + 4];
    // One frame on its way out.
    uint8_t line[FRAME_ON_LINE(CONTENT_BYTES)];
    uint32_t line_length, line_sent;
    uint8_t owes_hello, owes_ack, owes_bye;
    uint8_t told; // the node has been told of a connection and of no end
    enum { NO_SESSION, OPEN, CLOSING } state; // CLOSING: the node has hung up, and what it has sent goes out
    uint32_t session, remote, bye_session;    // ours, the other side's, the one that a BYE ends
    uint64_t begins_us; // no connection begins before
    uint64_t due_us;    // the next HELLO, or the end of the pause before frames are sent again
    // What the node has said: free-running counts. The first of it was cut into `frames` of `lengths`, and `sent` of them
    // have been sent since the last pause.
    uint8_t queue[QUEUE_BYTES];
    uint32_t queue_in, queue_out;
    uint16_t lengths[PEER_WINDOW];
    uint32_t frames, sent;
    uint16_t first;    // number of the first of them
    uint16_t expected; // number of the frame that the other side sends next
    uint32_t failures, pause_us;
    uint64_t polled_us;
    uint8_t active; // the last poll read something
    struct peer_link_figures figures;
} links[PEER_LINKS];

static const struct peer_link_events *node; // NULL: it does not run
static uint32_t first_session = 1;

void peer_links_set_session(uint32_t first) {
    first_session = first == 0 ? 1 : first;
}

uint32_t peer_links_count(void) {
    return board_links - 1 < PEER_LINKS ? board_links - 1 : PEER_LINKS;
}

static struct peer_link *link_of(uint32_t number) {
    return number >= 1 && number <= peer_links_count() ? &links[number - 1] : NULL;
}

static uint32_t connection_of(const struct peer_link *link) {
    return (uint32_t)(link - links);
}

// ---- Sessions -----------------------------------------------------------------------------------------------------

// A session's number is never used for two connections: what is still under way then belongs to none.
static void end(struct peer_link *link, int say_bye) {
    link->state = NO_SESSION;
    link->bye_session = link->session;
    link->owes_bye = (uint8_t)say_bye;
    link->owes_hello = link->owes_ack = 0;
    link->session = link->session == UINT32_MAX ? 1 : link->session + 1;
    link->remote = 0;
    link->queue_in = link->queue_out = 0;
    link->frames = link->sent = 0;
    link->due_us = link->begins_us;
}

// Tells the node what it does not know yet. Never while the node is being called.
static void settle(struct peer_link *link) {
    if (!link->told || link->state == OPEN) return;
    link->told = 0;
    if (node != NULL) node->disconnect(connection_of(link));
}

static void begin(struct peer_link *link, uint64_t now_us) {
    static const uint8_t none[POINT_BYTES];
    uint32_t length, at = connection_of(link) * POINT_BYTES;
    const uint8_t *peers = settings_get(SETTING_PEERS, &length);
    const uint8_t *remote = peers != NULL && at + POINT_BYTES <= length ? peers + at : none;
    link->state = OPEN;
    link->told = 1;
    link->begins_us = now_us + PEER_HELLO_EVERY_US;
    link->due_us = BOARD_NO_DEADLINE;
    link->first = link->expected = 0;
    link->failures = 0;
    link->pause_us = PEER_FIRST_PAUSE_US;
    link->figures.sessions++;
    node->connect(connection_of(link), memcmp(remote, none, sizeof none) == 0 ? NULL : remote);
}

// ---- What comes ---------------------------------------------------------------------------------------------------

static void take_hello(struct peer_link *link, uint64_t now_us) {
    const uint32_t from = get_u32(link->content + 1), to = get_u32(link->content + 5);
    const uint8_t connected = link->content[9];
    // Our own number: the line ends nowhere and sends back what it is sent.
    if (from == 0 || from == link->session) return;
    if (link->state != NO_SESSION) {
        if (from == link->remote && to == link->session) {
            if (!connected) link->owes_hello = 1; // our answer was lost
            return;
        }
        // The other side has started anew.
        end(link, 0);
        settle(link);
    }
    if (node == NULL || now_us < link->begins_us) return;
    link->remote = from;
    if (to != link->session || !connected) link->owes_hello = 1;
    link->due_us = now_us + PEER_HELLO_EVERY_US;
    if (to == link->session) begin(link, now_us);
}

static void take_data(struct peer_link *link) {
    if (link->state == NO_SESSION || get_u32(link->content + 1) != link->remote) return;
    link->owes_ack = 1;
    if (get_u16(link->content + 5) != link->expected) return;
    link->expected++;
    if (link->state != OPEN) return;
    node->receive(connection_of(link), link->content + PEER_DATA_HEADER_BYTES,
                  link->decoder.length - PEER_DATA_HEADER_BYTES);
    settle(link); // it may have said more than fits
}

static void take_ack(struct peer_link *link, uint64_t now_us) {
    uint32_t count = (get_u16(link->content + 5) - link->first) & 0xffff;
    if (link->state == NO_SESSION || get_u32(link->content + 1) != link->session) return;
    if (count == 0 || count > link->frames) return;
    for (uint32_t i = 0; i < count; i++) link->queue_out += link->lengths[i];
    link->first = (uint16_t)(link->first + count);
    link->frames -= count;
    link->sent = link->sent > count ? link->sent - count : 0;
    memmove(link->lengths, link->lengths + count, link->frames * sizeof link->lengths[0]);
    link->failures = 0;
    link->pause_us = PEER_FIRST_PAUSE_US;
    link->due_us = link->frames == 0 ? BOARD_NO_DEADLINE : now_us + link->pause_us;
}

static void take_frame(struct peer_link *link, uint64_t now_us) {
    const uint32_t length = link->decoder.length, kind = length == 0 ? 0 : link->content[0];
    link->figures.frames_in++;
    if (kind == PEER_HELLO && length == PEER_HELLO_BYTES) {
        take_hello(link, now_us);
    } else if (kind == PEER_DATA && length > PEER_DATA_HEADER_BYTES) {
        take_data(link);
    } else if (kind == PEER_ACK && length == PEER_ACK_BYTES) {
        take_ack(link, now_us);
    } else if (kind == PEER_BYE && length == PEER_BYE_BYTES) {
        if (link->state != NO_SESSION && get_u32(link->content + 1) == link->remote) {
            end(link, 0);
            settle(link);
        }
    } else {
        link->figures.bad_frames++;
    }
}

static void read_line(struct peer_link *link, uint64_t now_us) {
    const uint32_t number = connection_of(link) + 1;
    link->active = 0;
    for (uint32_t left = POLL_BYTES; left > 0;) {
        uint8_t bytes[64];
        uint32_t count = board_link_read(number, bytes, left < sizeof bytes ? left : sizeof bytes);
        if (count == 0) return;
        link->active = 1;
        link->figures.bytes_in += count;
        left -= count;
        for (uint32_t i = 0; i < count; i++) {
            enum frame_event event = frame_feed(&link->decoder, bytes[i]);
            if (event == FRAME_READY) take_frame(link, now_us);
            else if (event != FRAME_NONE) link->figures.bad_frames++;
        }
    }
}

// ---- What goes ----------------------------------------------------------------------------------------------------

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
    const uint32_t from = at % QUEUE_BYTES, part = length < QUEUE_BYTES - from ? length : QUEUE_BYTES - from;
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

static int may_send(const struct peer_link *link) {
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
    } else if (link->state != NO_SESSION && may_send(link)) {
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
        uint32_t count = board_link_write(connection_of(link) + 1, link->line + link->line_sent,
                                          link->line_length - link->line_sent);
        if (count == 0) return 0;
        link->line_sent += count;
        link->figures.bytes_out += count;
    }
    return 1;
}

static void watch_time(struct peer_link *link, uint64_t now_us) {
    if (link->state == NO_SESSION) {
        if (node == NULL || now_us < link->due_us) return;
        link->owes_hello = 1;
        link->due_us = now_us + PEER_HELLO_EVERY_US;
    } else if (link->frames > 0 && link->sent == link->frames && now_us >= link->due_us) {
        if (++link->failures == PEER_FAILURES) return end(link, 1);
        link->figures.retransmissions += link->frames;
        link->sent = 0;
        link->pause_us = 2 * link->pause_us < PEER_LAST_PAUSE_US ? 2 * link->pause_us : PEER_LAST_PAUSE_US;
    }
}

// ---- What others call ---------------------------------------------------------------------------------------------

void peer_links_start(const struct peer_link_events *events, uint64_t now_us) {
    node = events;
    for (uint32_t i = 0; i < PEER_LINKS; i++) {
        links[i].decoder.content = links[i].content;
        links[i].decoder.capacity = sizeof links[i].content;
        if (links[i].session == 0) links[i].session = first_session;
        links[i].due_us = now_us > links[i].begins_us ? now_us : links[i].begins_us;
    }
}

void peer_links_stop(void) {
    node = NULL;
    for (uint32_t i = 0; i < PEER_LINKS; i++) {
        if (links[i].state != NO_SESSION) end(&links[i], 1);
        links[i].told = 0;
    }
}

void peer_links_poll(uint64_t now_us) {
    for (uint32_t i = 0; i < peer_links_count(); i++) {
        struct peer_link *link = &links[i];
        link->polled_us = now_us;
        settle(link);
        read_line(link, now_us);
        // What was read may ask for an answer: time is looked at afterwards.
        if (write_line(link)) watch_time(link, now_us);
        settle(link);
        while (write_line(link) && next_frame(link, now_us)) {}
        if (link->state == CLOSING && link->queue_in == link->queue_out) end(link, 1);
        while (write_line(link) && next_frame(link, now_us)) {}
    }
}

static uint64_t due_of(const struct peer_link *link) {
    const int owes = link->owes_bye || link->owes_hello || link->owes_ack;
    if (link->active || (link->told && link->state != OPEN)) return 0;
    if (link->line_sent < link->line_length) return link->polled_us + BUSY_US;
    if (owes || (link->state == CLOSING && link->queue_in == link->queue_out)) return 0;
    if (link->state != NO_SESSION) return may_send(link) ? 0 : link->frames > 0 ? link->due_us : BOARD_NO_DEADLINE;
    return node == NULL ? BOARD_NO_DEADLINE : link->due_us;
}

uint64_t peer_links_due_us(void) {
    uint64_t due = BOARD_NO_DEADLINE;
    for (uint32_t i = 0; i < peer_links_count(); i++) {
        uint64_t own = due_of(&links[i]);
        if (own < due) due = own;
    }
    return due;
}

int peer_links_quiet(void) {
    for (uint32_t i = 0; i < peer_links_count(); i++) {
        const struct peer_link *link = &links[i];
        if (link->line_sent < link->line_length || due_of(link) <= link->polled_us) return 0;
    }
    return 1;
}

int32_t peer_link_send(uint32_t number, const uint8_t *data, uint32_t length) {
    struct peer_link *link = link_of(number);
    if (link == NULL || link->state != OPEN) return ERR_STATE;
    if (length > QUEUE_BYTES - (link->queue_in - link->queue_out)) {
        link->figures.overflows++;
        end(link, 1);
        return ERR_CAPACITY;
    }
    for (uint32_t i = 0; i < length; i++) link->queue[link->queue_in++ % QUEUE_BYTES] = data[i];
    return 0;
}

void peer_link_hang_up(uint32_t number) {
    struct peer_link *link = link_of(number);
    if (link == NULL) return;
    link->told = 0;
    if (link->state == OPEN) link->state = CLOSING;
}

const struct peer_link_figures *peer_link_figures(uint32_t number) {
    static const struct peer_link_figures none;
    const struct peer_link *link = link_of(number);
    return link == NULL ? &none : &link->figures;
}
