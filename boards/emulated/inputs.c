// What board.h says about inputs and supply, for boards whose lines are bytes: an interrupt puts edges into a queue, which
// the program empties.
#include "inputs.h"

#include "board.h"
#include "provision.h"

const int board_counts_pulses = 0;
const int board_takes_steps = 1;

// A power of two. At 50 pulses a second, both of a pulse's edges, it is full after more than two seconds.
#define EDGES 256u

// Free-running counts: the interrupt writes `in`, the program `out`.
static struct board_edge edges[EDGES];
static volatile uint32_t in, out;
static volatile uint8_t overrun, changed, levels;
static volatile uint8_t driven; // a byte has come: the lines are what it says, not what was provisioned

void inputs_take(uint8_t now, uint32_t mono_ms) {
    const uint8_t differ = levels ^ now;
    for (uint8_t input = 0; input < 2; input++) {
        if ((differ >> input & 1) == 0) continue;
        if (in - out == EDGES) {
            overrun = 1;
            continue;
        }
        edges[in % EDGES] = (struct board_edge){.mono_ms = mono_ms, .input = input, .level = now >> input & 1};
        in = in + 1;
    }
    if (differ != 0 || !driven) changed = 1;
    levels = now;
    driven = 1;
}

int inputs_changed(void) {
    int was = changed;
    changed = 0;
    return was;
}

uint32_t board_pulse_edges(struct board_edge *to, uint32_t capacity) {
    uint32_t count = in - out;
    if (count > capacity) count = capacity;
    for (uint32_t i = 0; i < count; i++) to[i] = edges[(out + i) % EDGES];
    out = out + count;
    return count;
}

int board_pulse_overrun(void) {
    int was = overrun;
    overrun = 0;
    return was;
}

// Nothing counts in hardware here.
void board_pulse_counters(uint16_t counters[2]) {
    counters[0] = counters[1] = 0;
}

uint32_t board_tamper_inputs(void) {
    if (!driven) return provision_inputs();
    return (levels & INPUT_COVER ? 1u : 0u) | (levels & INPUT_MAGNET ? 2u : 0u);
}

int inputs_supply_good(void) {
    return (levels & INPUT_SUPPLY_FAILS) == 0;
}
