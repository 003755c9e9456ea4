// Link 1 of a board with a node that talks by rule, led by a script on standard input, a command a line; what it does goes
// to standard output. Built and run by peer_link.test.ts, with the compiler's sanitizers.
//
//   n SESSION CALLS  a start of the firmware: number of the first session, whether the node calls
//   f HEX            bytes arrive
//   s COUNT          the node says so many bytes
//   h                the node hangs up
//   x, o             the node stops, the node runs again
//   b                from now on the node says what it is told to, whether there is room or not, and nothing by rule
//   l COUNT          from now on the line takes so many bytes before it is busy
//   t US             the links are polled at this time, until they are quiet or wait for it
//
// Each t answers with what happened: c, r HEX, d, m (there is room again, after a b), w HEX, and at last "= DUE", relative
// to US.
#include <stdio.h>
#include <stdlib.h>

#include "frame.c"
#include "peer_line.c"
#include "peer_link.c"

uint32_t board_links = 2;

static uint8_t arrived[1 << 20];
static uint32_t arrived_in, arrived_out, room = UINT32_MAX, line_takes = UINT32_MAX;
static int calls, obedient;

uint32_t board_link_read(uint32_t link, uint8_t *data, uint32_t capacity) {
    uint32_t count = 0;
    if (link != 1) abort();
    while (count < capacity && arrived_out < arrived_in) data[count++] = arrived[arrived_out++];
    if (arrived_out == arrived_in) arrived_in = arrived_out = 0;
    return count;
}

// Of the service link, which is not written to here.
struct state_counts state_counts;

uint32_t board_cycles(void) {
    return 0;
}

uint64_t board_monotonic_us(void) {
    return 0;
}

void log_line(const char *text) {
    printf("log %s\n", text);
}

static void print(char kind, const uint8_t *data, uint32_t length) {
    printf("%c ", kind);
    for (uint32_t i = 0; i < length; i++) printf("%02x", data[i]);
    putchar('\n');
}

uint32_t board_link_write(uint32_t link, const uint8_t *data, uint32_t length) {
    if (link != 1) abort();
    if (length > room) length = room;
    if (length > 0) print('w', data, length);
    if (room != UINT32_MAX) room -= length;
    return length;
}

const uint8_t *settings_get(enum settings_field field, uint32_t *length) {
    static uint8_t peers[33];
    if (field != SETTING_PEERS) abort();
    memset(peers, calls ? 2 : 0, sizeof peers);
    *length = sizeof peers;
    return peers;
}

// ---- The node: what it says is the same in peer_link.test.ts. -----------------------------------------------------

static uint32_t spoken, said; // connections in which it spoke, bytes in this one

static void say(uint32_t count) {
    static uint8_t bytes[70000];
    if (!obedient && links[0].queue_in - links[0].queue_out + count > PEER_QUEUE_BYTES) return;
    for (uint32_t i = 0; i < count; i++, said++) {
        bytes[i] = (uint8_t)(said < 4 ? spoken >> (8 * said) : spoken * 31 + said * 7 + (said >> 8));
    }
    peer_link_send(1, bytes, count);
}

static void on_connect(uint32_t connection, const uint8_t *remote) {
    if (connection != 0 || (remote != NULL) != calls) abort();
    puts("c");
    spoken++;
    said = 0;
    if (calls) say(50);
}

static void on_receive(uint32_t connection, const uint8_t *data, uint32_t length) {
    if (connection != 0) abort();
    print('r', data, length);
    if (obedient) return;
    uint32_t what = data[0] + length;
    if (what % 3 == 0) say(length);
    if (what % 41 == 0) peer_link_hang_up(1);
}

static void on_disconnect(uint32_t connection) {
    if (connection != 0) abort();
    puts("d");
}

static void on_resume(uint32_t connection) {
    if (connection != 0) abort();
    if (obedient) puts("m");
}

static const struct peer_link_events events = {on_connect, on_receive, on_disconnect, on_resume};

// ---- The script ---------------------------------------------------------------------------------------------------

static void feed(const char *hex) {
    for (; hex[0] > ' '; hex += 2) {
        unsigned byte;
        if (sscanf(hex, "%2x", &byte) != 1 || arrived_in == sizeof arrived) abort();
        arrived[arrived_in++] = (uint8_t)byte;
    }
}

static void poll_at(uint64_t us) {
    // A line that is busy takes some more each time.
    do {
        room = line_takes;
        peer_links_poll(us);
    } while (!peer_links_quiet());
    uint64_t due = peer_links_due_us();
    if (due == BOARD_NO_DEADLINE) puts("= never");
    else printf("= %lld\n", (long long)(due - us));
}

int main(void) {
    static char line[1 << 18];
    uint64_t now = 0;
    while (fgets(line, sizeof line, stdin) != NULL) {
        char *rest = line + 1;
        switch (line[0]) {
            case 'n':
                memset(links, 0, sizeof links);
                peer_links_set_session((uint32_t)strtoul(rest, &rest, 10));
                calls = (int)strtoul(rest, &rest, 10);
                peer_links_start(&events, now);
                break;
            case 'f': feed(rest + 1); break;
            case 's': say((uint32_t)strtoul(rest, NULL, 10)); break;
            case 'h': peer_link_hang_up(1); break;
            case 'x': peer_links_stop(); break;
            case 'o': peer_links_start(&events, now); break;
            case 'b': obedient = 1; break;
            case 'l': line_takes = (uint32_t)strtoul(rest, NULL, 10); break;
            case 't': poll_at(now = strtoull(rest, NULL, 10)); break;
            default: abort();
        }
    }
    const struct peer_link_figures *figures = peer_link_figures(1);
    printf("figures %u %u %u %u %u\n", figures->frames_in, figures->bad_frames, figures->retransmissions,
           figures->sessions, figures->overflows);
    return 0;
}
