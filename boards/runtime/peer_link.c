#include "peer_link.h"

#include <string.h>

#include "board.h"
#include "bytes.h"
#include "errors.h"
#include "log.h"
#include "peer_state.h"
#include "settings.h"

// PEER_LINKS, of board.mk: links to peers that there is memory for.

// Taken from a line in one poll: metering goes on, however much comes.
#define POLL_BYTES 2048u
// A line that is busy is tried again so soon.
#define BUSY_US 2000u
#define POINT_BYTES 33u

static struct peer_link links[PEER_LINKS];
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
    return link->number - 1;
}

// ---- Sessions -----------------------------------------------------------------------------------------------------

// A session's number is never used for two connections: what is still under way then belongs to none.
static void end(struct peer_link *link, int say_bye) {
    link->state = NO_SESSION;
    link->bye_session = link->session;
    link->owes_bye = (uint8_t)say_bye;
    link->owes_hello = link->owes_ack = link->full = 0;
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
    if (link->queue_out >= PEER_QUEUE_BYTES) {
        link->queue_out -= PEER_QUEUE_BYTES;
        link->queue_in -= PEER_QUEUE_BYTES;
    }
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
        link->active = 0;
    for (uint32_t left = POLL_BYTES; left > 0;) {
        uint8_t bytes[64];
        uint32_t count = board_link_read(link->number, bytes, left < sizeof bytes ? left : sizeof bytes);
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

// ---- What time brings ----------------------------------------------------------------------------------------------

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

static uint32_t room_of(const struct peer_link *link) {
    return PEER_QUEUE_BYTES - (link->queue_in - link->queue_out);
}

static void offer_room(struct peer_link *link) {
    if (!link->full || link->state != OPEN || room_of(link) < PEER_ROOM_BYTES) return;
    link->full = 0;
    if (node != NULL) node->resume(connection_of(link));
}

// ---- What others call ---------------------------------------------------------------------------------------------

static void prepare(struct peer_link *link) {
    link->number = (uint32_t)(link - links) + 1;
    link->decoder.content = link->content;
    link->decoder.capacity = sizeof link->content;
}

void peer_links_start(const struct peer_link_events *events, uint64_t now_us) {
    node = events;
    for (uint32_t i = 0; i < PEER_LINKS; i++) {
        prepare(&links[i]);
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
        if (link->number == 0) prepare(link);
        link->polled_us = now_us;
        settle(link);
        read_line(link, now_us);
        // What was read may ask for an answer: time is looked at afterwards.
        if (!peer_line_is_busy(link)) watch_time(link, now_us);
        offer_room(link);
        settle(link);
        peer_line_write(link, now_us);
        if (link->state != CLOSING || link->queue_in != link->queue_out) continue;
        end(link, 1);
        peer_line_write(link, now_us);
    }
}

static uint64_t due_of(const struct peer_link *link) {
    const int owes = link->owes_bye || link->owes_hello || link->owes_ack;
    if (link->active || (link->told && link->state != OPEN)) return 0;
    if (peer_line_is_busy(link)) return link->polled_us + BUSY_US;
    if (owes || (link->state == CLOSING && link->queue_in == link->queue_out)) return 0;
    if (link->state != NO_SESSION) return peer_line_may_send(link) ? 0 : link->frames > 0 ? link->due_us : BOARD_NO_DEADLINE;
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
        if (peer_line_is_busy(link) || due_of(link) <= link->polled_us) return 0;
    }
    return 1;
}

int32_t peer_link_send(uint32_t number, const uint8_t *data, uint32_t length) {
    struct peer_link *link = link_of(number);
    if (link == NULL || link->state != OPEN) return ERR_STATE;
    if (length > room_of(link)) {
        link->figures.overflows++;
        log_line("peer link: the node has more to say than fits");
        end(link, 1);
        return ERR_CAPACITY;
    }
    for (uint32_t i = 0; i < length; i++) link->queue[link->queue_in++ % PEER_QUEUE_BYTES] = data[i];
    link->full = room_of(link) < PEER_ROOM_BYTES;
    return link->full;
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
