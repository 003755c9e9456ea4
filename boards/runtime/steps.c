// The operation STEP: a host takes a board in free mode through a time of the host's own.
#include "board.h"
#include "bytes.h"
#include "clock.h"
#include "errors.h"
#include "frame.h"
#include "inputs_queue.h"
#include "loop.h"
#include "meter_loop.h"
#include "node_loop.h"
#include "operations.h"
#include "peer_link.h"
#include "request.h"

#define HEADER_BYTES 18u // time, UTC, tamper inputs, number of links
#define COUNT_BYTES 4u
#define UTC_UNCHANGED INT64_MIN
#define UTC_END INT64_C(4102444800000) // what the meter's clock can be set to: 1970 to 2099
#define TAMPER_UNCHANGED 0xffu
#define INPUTS 2u
// How long bytes that the host has sent may take to come. How many are on the way is known only by reading them, and what
// is read is acted on: time has moved by then.
#define PEERS_US 2000000u

struct step {
    uint64_t us;
    int64_t utc_ms;
    uint8_t tamper, links;
    const uint8_t *written; // bytes of the host by link, u32 each
    uint32_t edges_count;
    const uint8_t *edges;
};

// Whether edges are in order of time, none after the step's, and of inputs that there are.
static int edges_are_valid(const struct step *step) {
    uint32_t before = UINT32_MAX / 2; // ms before the step's time
    for (uint32_t i = 0; i < step->edges_count; i++) {
        const uint8_t *edge = step->edges + i * STEP_EDGE_BYTES;
        uint32_t ago = (uint32_t)(step->us / 1000) - get_u32(edge);
        if (ago > before || edge[4] >= INPUTS || edge[5] > 1) return 0;
        before = ago;
    }
    return 1;
}

// Reads the request. Returns NULL, or what is wrong with it.
static const char *take(struct step *step) {
    const uint8_t *header = request_take(HEADER_BYTES);
    if (header == NULL) return "the step is too short";
    step->us = get_u64(header);
    step->utc_ms = (int64_t)get_u64(header + 8);
    step->tamper = header[16];
    step->links = header[17];
    if (step->us < clock_us() || step->us > INT64_MAX) return "time does not go back";
    int told = step->utc_ms != UTC_UNCHANGED;
    if (told && (step->utc_ms < 0 || step->utc_ms >= UTC_END)) return "it is no time of day";
    if (step->tamper != TAMPER_UNCHANGED && step->tamper > 3) return "there is no such tamper input";
    if (step->links != peer_links_count()) return "the board has another number of links to peers";
    step->written = request_take(step->links * COUNT_BYTES);
    const uint8_t *count = step->written == NULL ? NULL : request_take(2);
    step->edges_count = count == NULL ? 0 : get_u16(count);
    step->edges = count == NULL ? NULL : request_take(step->edges_count * STEP_EDGE_BYTES);
    if (step->edges == NULL || request.left != 0) return "the step is not as long as it says";
    return edges_are_valid(step) ? NULL : "edges are out of order, after the step or of no input";
}

// Whether all that the host has written is here.
static int peers_are_here(const struct step *step) {
    for (uint32_t link = 1; link <= step->links; link++) {
        if (get_u32(step->written + (link - 1) * COUNT_BYTES) != peer_link_figures(link)->bytes_in) return 0;
    }
    return 1;
}

// Whatever the time, waiting takes the board's own. Returns 0 if not all has come.
static int turn_until_quiet(const struct step *step) {
    uint64_t until_us = board_monotonic_us() + PEERS_US;
    for (;;) {
        loop_turn_at(step->us);
        board_watchdog_feed();
        int here = peers_are_here(step);
        // A line that stays busy is one that the host does not read: it learns how much has gone out.
        if ((here && node_loop_quiet()) || board_monotonic_us() >= until_us) return here;
        if (!here) board_idle_until(until_us);
    }
}

void do_step(void) {
    struct step step;
    if (!clock_is_held() || !loop_is_free()) {
        return respond_text(STATUS_BAD_REQUEST, "the board runs in a time of its own");
    }
    const char *error = take(&step);
    if (error != NULL) return respond_text(STATUS_BAD_REQUEST, error);
    clock_step(step.us);
    if (step.utc_ms != UTC_UNCHANGED) (void)meter_loop_set_clock(step.us / 1000, step.utc_ms, 'S');
    if (step.tamper != TAMPER_UNCHANGED) inputs_queue_tamper(step.tamper, step.us / 1000);
    inputs_queue_step(step.edges, step.edges_count);
    int complete = turn_until_quiet(&step);
    inputs_queue_step(NULL, 0); // what the meter has refused goes with the request
    // What has come in time has been taken at this moment: the step was done, which BAD_REQUEST would deny.
    if (!complete) return respond_text(STATUS_BOARD, "the peer's bytes do not come");
    uint8_t due[8], links = step.links;
    put_u64(due, loop_due_us());
    respond(STATUS_OK);
    frame_put(due, sizeof due);
    frame_put(&links, 1);
    for (uint32_t link = 1; link <= links; link++) put_word(peer_link_figures(link)->bytes_out);
    frame_end();
}
