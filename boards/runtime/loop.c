#include "loop.h"

#include "board.h"
#include "clock.h"
#include "code_cache.h"
#include "frame.h"
#include "log.h"
#include "meter_loop.h"
#include "node_loop.h"
#include "peer_link.h"
#include "places.h"
#include "settings.h"

// A turn that hangs for longer than this ends in a reset; it is fed more often even if nothing is due.
#define WATCHDOG_MS 8000u
#define FEED_US 2000000u
// What a turn may spend on writing to the service link: with the longest call of a module it stays below WATCHDOG_MS.
#define SERVICE_US 2000000u

static int free_mode;

const char *loop_start(void) {
    uint32_t length;
    const uint8_t *mode = settings_get(SETTING_MODE, &length);
    if (mode == NULL || *mode == MODE_DRIVEN) return NULL;
    if (*mode != MODE_FREE && *mode != MODE_STEPPED) return "the settings have an unknown mode";
    if (*mode == MODE_STEPPED) {
        if (!board_takes_steps) return "the board takes no steps";
        clock_hold();
    }
    const char *error = meter_loop_start();
    if (error != NULL) return error;
    free_mode = 1;
    int64_t utc_ms;
    if (*mode == MODE_FREE && board_rtc_ms(&utc_ms) >= 0) (void)meter_loop_set_clock(clock_ms(), utc_ms, 'I');
    // Where a host steps the board, it may wait for as long as it likes, and is waited for.
    if (*mode == MODE_FREE) {
        board_watchdog_start(WATCHDOG_MS);
        frame_line_patience(SERVICE_US);
    }
    node_loop_start(clock_us());
    code_cache_trim();
    return NULL;
}

int loop_is_free(void) {
    return free_mode;
}

int loop_runs(uint32_t place) {
    return free_mode && (place == PLACE_METROLOGY || node_loop_configured());
}

int loop_has_connection(uint32_t connection) {
    return loop_runs(PLACE_NODE) && connection < peer_links_count();
}

void loop_turn_at(uint64_t now_us) {
    meter_loop_turn(now_us / 1000);
    node_loop_turn(now_us);
    code_cache_trim();
}

uint64_t loop_due_us(void) {
    uint64_t meter_us = meter_loop_due_ms() * 1000, node_us = node_loop_due_us(clock_us());
    return meter_us < node_us ? meter_us : node_us;
}

uint64_t loop_turn(void) {
    if (!free_mode) return BOARD_NO_DEADLINE;
    board_watchdog_feed();
    if (!clock_is_held()) frame_line_patience(SERVICE_US);
    log_flush();
    uint64_t feed_us = board_monotonic_us() + FEED_US;
    if (clock_is_held()) return feed_us;
    loop_turn_at(clock_us());
    log_flush();
    uint64_t due_us = loop_due_us();
    return due_us < feed_us ? due_us : feed_us;
}
