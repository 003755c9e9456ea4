#include "clock.h"

#include "board.h"

static int held;
static uint64_t held_us;

static uint8_t utc_state;
static int64_t utc_offset_ms;

uint64_t clock_us(void) {
    return held ? held_us : board_monotonic_us();
}

uint64_t clock_ms(void) {
    return clock_us() / 1000;
}

void clock_hold(void) {
    held = 1;
}

int clock_is_held(void) {
    return held;
}

void clock_step(uint64_t us) {
    held_us = us;
}

void clock_set_utc(uint64_t mono_ms, int64_t utc_ms, uint8_t state) {
    utc_offset_ms = utc_ms - (int64_t)mono_ms;
    utc_state = state;
}

uint8_t clock_utc(uint64_t mono_ms, int64_t *utc_ms) {
    *utc_ms = utc_state == 0 ? 0 : (int64_t)mono_ms + utc_offset_ms;
    return utc_state;
}
