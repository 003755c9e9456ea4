#include "node_loop.h"

#include <string.h>

#include "board.h"
#include "bytes.h"
#include "clock.h"
#include "errors.h"
#include "log.h"
#include "node.h"
#include "node_outputs.h"
#include "peer_link.h"
#include "settings.h"
#include "slots.h"
#include "state.h"

// Where a boot record (assembly/node/settings.ts) has the time.
#define BOOT_NOW_MS 80u
#define BOOT_UTC_S 88u
#define BOOT_LONGEST 256u
#define POINT_BYTES 33u

#define SECOND_US 1000000u
// The pause before it is started again: doubled with each failure, and short again once it has run for so long.
#define SHORTEST_PAUSE_S 1u
#define LONGEST_PAUSE_S 300u
#define RUNS_WELL_US (600u * (uint64_t)SECOND_US)

static int configured, up;
static uint32_t pause_s = SHORTEST_PAUSE_S;
static uint64_t started_us, start_at_us, ticked_s;
static uint32_t starts;

static int runs(void) {
    return node_module.state == MODULE_BUILT_IN;
}

// The export's result; ERR_STATE if it traps, or the module does not run: the next turn sees to that.
static int32_t call(enum node_export number, const uint64_t *arguments, uint32_t count, const uint8_t *input,
                    uint32_t length) {
    int32_t result;
    if (!runs()) return ERR_STATE;
    node_outputs_begin();
    const char *trap = built_in_call(&node, number, arguments, count, input, length, &result);
    if (trap != NULL) return ERR_STATE;
    // It has hung up and answers nothing else any more; booted anew it goes on from what is stored.
    if (result == ERR_FLASH) {
        module_stop(&node_module, "its flash failed");
        log_line("node stopped: its flash failed");
    }
    return result;
}

// ---- What happens on the links ------------------------------------------------------------------------------------

static void connected(uint32_t connection, const uint8_t *remote) {
    const uint64_t arguments[] = {connection, remote != NULL};
    if (call(NODE_connect, arguments, 2, remote, remote == NULL ? 0 : POINT_BYTES) >= 0) return;
    if (runs()) log_line("node: a connection is refused");
    peer_link_hang_up(connection + 1);
}

static void received(uint32_t connection, const uint8_t *bytes, uint32_t length) {
    const uint64_t arguments[] = {connection, length};
    if (length <= NODE_INPUT_BYTES) (void)call(NODE_receive, arguments, 2, bytes, length);
}

static void disconnected(uint32_t connection) {
    const uint64_t arguments[] = {connection};
    (void)call(NODE_disconnect, arguments, 1, NULL, 0);
}

static void resumed(uint32_t connection) {
    const uint64_t arguments[] = {connection};
    (void)call(NODE_resume, arguments, 1, NULL, 0);
}

static const struct peer_link_events events = {connected, received, disconnected, resumed};

// ---- Its life -----------------------------------------------------------------------------------------------------

static uint64_t utc_s(uint64_t now_us) {
    int64_t utc_ms;
    return clock_utc(now_us / 1000, &utc_ms) == 0 || utc_ms < 0 ? 0 : (uint64_t)utc_ms / 1000;
}

// Returns NULL, or why it does not boot.
static const char *boot(uint64_t now_us) {
    uint32_t length;
    uint8_t record[BOOT_LONGEST];
    const uint8_t *setting = settings_get(SETTING_NODE, &length);
    if (setting == NULL || length < BOOT_UTC_S + 8 || length > sizeof record) return "its boot record is of a wrong length";
    const char *error = node_start();
    if (error != NULL) return error;
    memcpy(record, setting, length);
    put_u64(record + BOOT_NOW_MS, now_us / 1000);
    put_u64(record + BOOT_UTC_S, utc_s(now_us));
    const uint64_t arguments[] = {length};
    int32_t result = call(NODE_boot, arguments, 1, record, length);
    if (result >= 0) return NULL;
    return runs() ? "it refuses its boot record or its journal" : node_module.stopped_because;
}

// Why, the log says already.
static void fail(uint64_t now_us) {
    up = 0;
    if (now_us - started_us >= RUNS_WELL_US) pause_s = SHORTEST_PAUSE_S;
    start_at_us = now_us + pause_s * (uint64_t)SECOND_US;
    pause_s = pause_s >= LONGEST_PAUSE_S / 2 ? LONGEST_PAUSE_S : pause_s * 2;
    peer_links_stop();
}

static void bring_up(uint64_t now_us) {
    // An image on trial has so many starts as slots.h says, and these are some.
    struct slot_state slots = slots_state();
    if (starts > 0 && slots.trial != SLOT_BUILT_IN && slots.trial == slots.running) node_choose();
    if (starts++ > 0) state_counts.node_restarts++;
    started_us = now_us;
    ticked_s = now_us / SECOND_US;
    const char *error = boot(now_us);
    if (error != NULL) {
        if (runs()) module_stop(&node_module, error);
        log_text("node does not start: ", error, NULL);
        return fail(now_us);
    }
    up = 1;
    peer_links_start(&events, now_us);
}

void node_loop_start(uint64_t now_us) {
    uint32_t length;
    configured = settings_get(SETTING_NODE, &length) != NULL;
    if (configured) bring_up(now_us);
}

int node_loop_configured(void) {
    return configured;
}

void node_loop_turn(uint64_t now_us) {
    if (configured && !up && now_us >= start_at_us) bring_up(now_us);
    peer_links_poll(now_us);
    if (up && runs() && now_us / SECOND_US > ticked_s) {
        ticked_s = now_us / SECOND_US;
        const uint64_t arguments[] = {now_us / 1000, utc_s(now_us)};
        if (call(NODE_tick, arguments, 2, NULL, 0) >= 0) slots_alive(now_us / 1000);
        peer_links_poll(now_us);
    }
    if (up && !runs()) fail(now_us);
}

int node_loop_quiet(void) {
    return peer_links_quiet();
}

uint64_t node_loop_due_us(uint64_t now_us) {
    uint64_t due_us = peer_links_due_us();
    if (configured && !up && start_at_us < due_us) due_us = start_at_us;
    // Where a host steps the board it says when seconds are to pass.
    uint64_t second_us = (ticked_s + 1) * SECOND_US;
    if (up && !clock_is_held() && second_us < due_us) due_us = second_us;
    return due_us < now_us ? now_us : due_us;
}
