#include "inputs_queue.h"

#include <string.h>

#include "board.h"
#include "bytes.h"
#include "clock.h"
#include "meter_loop.h"

// How far from its base a record's edge may be, ms (assembly/metrology/inputs.ts).
#define OFFSETS (1u << 28)
#define RECORD_BYTES 4u
#define TAMPER_INPUTS 2u

// Edges that were taken out of the board's queue and have not been told.
#define WINDOW 64u
static struct board_edge window[WINDOW];
static uint32_t window_at, window_count;

static const uint8_t *step_edges;
static uint32_t step_count;

#define CHANGES 16u
static struct tamper_change changes[CHANGES];
static uint32_t change_count, tamper_known, tamper_now;

// ---- Tamper inputs ------------------------------------------------------------------------------------------------

void inputs_queue_start(uint64_t now_ms) {
    change_count = 0;
    tamper_known = 0;
    inputs_queue_tamper(tamper_now, now_ms);
}

void inputs_queue_tamper(uint32_t inputs, uint64_t now_ms) {
    tamper_now = inputs;
    for (uint32_t input = 0; input < TAMPER_INPUTS; input++) {
        uint32_t bit = 1u << input;
        // What finds no room is seen again when there is some.
        if ((inputs & bit) == (tamper_known & bit) || change_count == CHANGES) continue;
        tamper_known ^= bit;
        changes[change_count++] =
            (struct tamper_change){.mono_ms = now_ms, .input = (uint8_t)input, .active = (inputs & bit) != 0};
    }
}

int inputs_queue_first_tamper(struct tamper_change *change) {
    *change = changes[0];
    return change_count > 0;
}

void inputs_queue_take_tamper(void) {
    if (change_count == 0) return;
    memmove(changes, changes + 1, --change_count * sizeof changes[0]);
    inputs_queue_tamper(tamper_now, clock_ms());
}

// ---- Edges --------------------------------------------------------------------------------------------------------

struct edge {
    uint64_t mono_ms;
    uint32_t input, level;
};

// The whole time whose low half is `low`: the one nearest to now.
static uint64_t whole_time(uint64_t now_ms, uint32_t low) {
    return now_ms + (uint64_t)(int64_t)(int32_t)(low - (uint32_t)now_ms);
}

// Edge number `index`, counted from the oldest. 0: it has not come by now.
static int edge_at(uint32_t index, uint64_t now_ms, struct edge *edge) {
    if (index < step_count) {
        const uint8_t *at = step_edges + index * STEP_EDGE_BYTES;
        *edge = (struct edge){whole_time(now_ms, get_u32(at)), at[4], at[5]};
    } else {
        uint32_t at = window_at + index;
        if (step_count > 0 || at >= window_count) return 0;
        *edge = (struct edge){whole_time(now_ms, window[at].mono_ms), window[at].input, window[at].level};
    }
    // One that has come since the clock was read is for the next turn.
    return edge->mono_ms <= now_ms;
}

void inputs_queue_step(const uint8_t *edges, uint32_t count) {
    step_edges = edges;
    step_count = count;
}

int inputs_queue_has_step(void) {
    return step_count > 0;
}

int inputs_queue_first_edge(uint64_t now_ms, uint64_t *mono_ms) {
    // Where a host steps the board its own inputs are not looked at.
    if (window_at == window_count && !clock_is_held()) {
        window_at = 0;
        window_count = board_pulse_edges(window, WINDOW);
    }
    struct edge first;
    if (!edge_at(0, now_ms, &first)) return 0;
    *mono_ms = first.mono_ms;
    return 1;
}

uint32_t inputs_queue_batch(uint64_t now_ms, uint64_t before_ms, uint64_t *base_ms, uint8_t *records, uint32_t bytes) {
    uint32_t count = 0;
    struct edge edge;
    for (; (count + 1) * RECORD_BYTES <= bytes && edge_at(count, now_ms, &edge); count++) {
        if (count == 0) *base_ms = edge.mono_ms;
        // One that is before the first begins a batch of its own.
        if (edge.mono_ms >= before_ms || edge.mono_ms - *base_ms >= OFFSETS) break;
        uint32_t offset = (uint32_t)(edge.mono_ms - *base_ms);
        put_u32(records + count * RECORD_BYTES, edge.level << 31 | edge.input << 28 | offset);
    }
    return count;
}

void inputs_queue_take_edges(uint32_t count) {
    if (step_count > 0) {
        step_edges += count * STEP_EDGE_BYTES;
        step_count -= count;
    } else {
        window_at += count;
    }
}
