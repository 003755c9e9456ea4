#include "free_calls.h"

#include <stddef.h>

#include "clock.h"
#include "loop.h"
#include "meter_loop.h"
#include "metrology.h"
#include "node.h"
#include "places.h"

#define LOOPS_OWN "in free mode the board does that itself"

static const char *prepare_metrology(uint32_t number, uint64_t *arguments) {
    uint64_t now_ms = clock_ms();
    switch (number) {
        case METROLOGY_abi:
        case METROLOGY_registers:
        case METROLOGY_record:
        case METROLOGY_event: return NULL;
        case METROLOGY_set_clock: arguments[0] = now_ms; return NULL;
        case METROLOGY_transaction:
            meter_loop_serve(now_ms);
            arguments[2] = now_ms;
            return NULL;
        default: return LOOPS_OWN;
    }
}

static const char *prepare_node(uint32_t number, const uint64_t *arguments) {
    switch (number) {
        case NODE_boot:
        case NODE_tick: return LOOPS_OWN;
        case NODE_connect:
        case NODE_receive:
        case NODE_resume:
        case NODE_disconnect: return loop_has_connection((uint32_t)arguments[0]) ? LOOPS_OWN : NULL;
        default: return NULL;
    }
}

const char *free_call_prepare(const struct built_in *built_in, uint32_t number, uint64_t *arguments) {
    if (!loop_is_free()) return NULL;
    if (built_in == &metrology) return prepare_metrology(number, arguments);
    return loop_runs(PLACE_NODE) ? prepare_node(number, arguments) : NULL;
}

void free_call_done(const struct built_in *built_in, uint32_t number, const uint64_t *arguments, int32_t result) {
    if (!loop_is_free() || built_in != &metrology || result < 0) return;
    if (number == METROLOGY_set_clock) clock_set_utc(arguments[0], (int64_t)arguments[1], (uint8_t)arguments[2]);
    if (number == METROLOGY_transaction) meter_loop_serve(arguments[2]);
}
