#include "meter_loop.h"

#include <string.h>

#include "board.h"
#include "bytes.h"
#include "clock.h"
#include "errors.h"
#include "frame.h"
#include "inputs_queue.h"
#include "log.h"
#include "meter_port.h"
#include "metrology.h"
#include "request.h"
#include "settings.h"
#include "state.h"

// Inputs are looked at this often, and time passes for the module at least every TICK_MS.
#define POLL_MS 1000u
#define TICK_MS 10000u
// So many times is it booted again within RESTART_SPAN_MS; then the board starts anew.
#define RESTARTS 3u
#define RESTART_SPAN_MS 600000u
#define INPUTS 2u

static uint64_t next_tick_ms, last_serve_ms;
static uint64_t restarted_ms[RESTARTS]; // when, the latest ones
static uint32_t restarts;
static uint16_t told[INPUTS], counted_from[INPUTS]; // hardware counters: as told last, and at the module's boot

static int runs(void) {
    return metrology_module.state == MODULE_BUILT_IN;
}

// The export's result; ERR_STATE if it traps, or the module does not run.
static int32_t call(enum metrology_export number, const uint64_t *arguments, uint32_t count, const uint8_t *input,
                    uint32_t length) {
    int32_t result;
    if (!runs()) return ERR_STATE;
    const char *trap = built_in_call(&metrology, number, arguments, count, input, length, &result);
    if (trap != NULL) return ERR_STATE;
    meter_port_called(number, arguments);
    return result;
}

// A refusal is said once, not every second.
static void refused(const char *what) {
    static const char *last;
    if (what == last || !runs()) return;
    last = what;
    log_text("metrology: ", what, NULL);
}

static int32_t boot(uint64_t now_ms) {
    uint32_t length;
    const uint8_t *configuration = settings_get(SETTING_METROLOGY, &length);
    if (configuration == NULL || length > METROLOGY_INPUT_BYTES) return ERR_ARGUMENT;
    const uint64_t arguments[] = {length, now_ms};
    memcpy(counted_from, told, sizeof counted_from);
    int32_t result = call(METROLOGY_boot, arguments, 2, configuration, length);
    inputs_queue_start(now_ms);
    return result;
}

const char *meter_loop_start(void) {
    uint32_t length;
    if (settings_get(SETTING_METROLOGY, &length) == NULL) return "the settings have no configuration of the meter";
    if (boot(0) < 0) return runs() ? "the meter refuses its configuration" : metrology_module.stopped_because;
    next_tick_ms = TICK_MS;
    return NULL;
}

int32_t meter_loop_set_clock(uint64_t now_ms, int64_t utc_ms, uint8_t state) {
    const uint64_t arguments[] = {now_ms, (uint64_t)utc_ms, state};
    int32_t result = call(METROLOGY_set_clock, arguments, 3, NULL, 0);
    if (result == 0) clock_set_utc(now_ms, utc_ms, state);
    return result;
}

// Lets out the records that are due; whether there were any.
static int drain(uint64_t now_ms) {
    for (int any = 0;; any = 1) {
        const uint64_t arguments[] = {now_ms};
        int32_t length = call(METROLOGY_tick, arguments, 1, NULL, 0);
        const uint8_t *text = length > 0 ? built_in_output(&metrology, (uint32_t)length) : NULL;
        if (length < 0) refused("a record is left for later");
        if (length > 0 && text == NULL) module_stop(&metrology_module, "the module overran its output buffer");
        if (text == NULL) return any;
        event_begin(STATUS_RECORD);
        frame_put(text, (size_t)length);
        frame_end();
    }
}

static void tell_counters(uint64_t now_ms) {
    uint16_t counters[INPUTS];
    board_pulse_counters(counters);
    for (uint32_t input = 0; input < INPUTS && runs(); input++) {
        if (counters[input] == told[input]) continue;
        const uint64_t arguments[] = {input, (uint16_t)(counters[input] - counted_from[input]), now_ms};
        if (call(METROLOGY_pulse_counter, arguments, 3, NULL, 0) >= 0) told[input] = counters[input];
        else refused("a counter's value is refused");
    }
}

static void tell_tamper(const struct tamper_change *change) {
    // Intervals that ended before it must not bear its mark.
    drain(change->mono_ms);
    const uint64_t arguments[] = {change->input, change->active, change->mono_ms};
    int32_t result = call(METROLOGY_tamper, arguments, 3, NULL, 0);
    if (result < 0) refused("a tamper input's change is not kept");
    if (runs()) inputs_queue_take_tamper();
}

// Hands over the oldest edges, those before `before_ms`. Returns 0 if none were taken and waiting longer helps nothing.
static int tell_edges(uint64_t now_ms, uint64_t before_ms) {
    uint64_t base_ms = 0;
    uint8_t *records = module_memory(&metrology_module, metrology.input_offset, METROLOGY_INPUT_BYTES);
    if (records == NULL) return 0;
    uint32_t count = inputs_queue_batch(now_ms, before_ms, &base_ms, records, METROLOGY_INPUT_BYTES);
    const uint64_t arguments[] = {base_ms, count};
    int32_t taken = call(METROLOGY_pulse_edges, arguments, 2, NULL, 0);
    if (taken < 0 || (uint32_t)taken > count) {
        refused("edges are refused");
        return 0;
    }
    inputs_queue_take_edges((uint32_t)taken);
    // What was left belongs to the next interval: closing the running one makes room for it.
    uint64_t next_ms = now_ms;
    if ((uint32_t)taken == count) return 1;
    (void)inputs_queue_first_edge(now_ms, &next_ms);
    if (drain(next_ms)) return 1;
    refused("edges are refused though no interval has ended");
    return 0;
}

void meter_loop_serve(uint64_t now_ms) {
    if (board_counts_pulses) tell_counters(now_ms);
    while (runs()) {
        uint64_t first_ms;
        int edges = inputs_queue_first_edge(now_ms, &first_ms);
        struct tamper_change change;
        int tampered = inputs_queue_first_tamper(&change);
        if (tampered && (!edges || change.mono_ms <= first_ms)) {
            tell_tamper(&change);
        } else if (!edges || !tell_edges(now_ms, tampered ? change.mono_ms : UINT64_MAX)) {
            break;
        }
    }
    drain(now_ms);
    last_serve_ms = now_ms;
    next_tick_ms = now_ms - now_ms % TICK_MS + TICK_MS;
}

// It has trapped: it boots again from its journal. What it had counted and not stored yet is lost; pulses that come
// meanwhile wait in their queue or counter.
static void start_again(uint64_t now_ms) {
    uint64_t oldest_ms = restarted_ms[restarts % RESTARTS];
    log_text("metrology stopped: ", metrology_module.stopped_because, NULL);
    if (restarts >= RESTARTS && now_ms - oldest_ms < RESTART_SPAN_MS) {
        log_line("metrology stopped too often: the board starts anew");
        board_reset();
    }
    restarted_ms[restarts++ % RESTARTS] = now_ms;
    state_counts.metrology_restarts++;
    int64_t utc_ms;
    uint8_t state = clock_utc(now_ms, &utc_ms);
    const char *error = metrology_start();
    if (error == NULL && boot(now_ms) < 0) module_stop(&metrology_module, "it does not boot");
    // Time has gone by unwatched: it is no longer as certain as it was.
    if (runs() && state != 0) (void)meter_loop_set_clock(now_ms, utc_ms, state == 'S' ? 'I' : state);
}

void meter_loop_turn(uint64_t now_ms) {
    while (!runs()) start_again(now_ms);
    if (!clock_is_held()) inputs_queue_tamper(board_tamper_inputs(), now_ms);
    if (!clock_is_held() && board_pulse_overrun()) {
        state_counts.pulses_lost++;
        log_line("edges were lost: their queue was full");
    }
    if (now_ms >= meter_loop_due_ms() || inputs_queue_has_step()) meter_loop_serve(now_ms);
}

uint64_t meter_loop_due_ms(void) {
    struct tamper_change change;
    uint64_t from_ms = last_serve_ms;
    if (clock_is_held()) {
        if (!inputs_queue_first_tamper(&change)) return next_tick_ms;
        from_ms = change.mono_ms;
    }
    // Whether edges or pulses wait is known only to who asks.
    uint64_t poll_ms = from_ms - from_ms % POLL_MS + POLL_MS;
    return poll_ms < next_tick_ms ? poll_ms : next_tick_ms;
}
