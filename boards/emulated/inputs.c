// Pulse inputs that nothing is connected to, and no watchdog: a host steps the board, or ends it.
#include "board.h"

const int board_counts_pulses = 0;
const int board_takes_steps = 1;

uint32_t board_pulse_edges(struct board_edge *to, uint32_t capacity) {
    (void)to, (void)capacity;
    return 0;
}

int board_pulse_overrun(void) {
    return 0;
}

void board_pulse_counters(uint16_t counters[2]) {
    counters[0] = counters[1] = 0;
}

void board_watchdog_start(uint32_t ms) {
    (void)ms;
}

void board_watchdog_feed(void) {}
