#include "meter_port.h"

#include <string.h>

#include "bytes.h"
#include "clock.h"
#include "errors.h"
#include "loop.h"
#include "meter_loop.h"
#include "log.h"
#include "metrology.h"

#define CONTEXT_FISCAL 'F'
#define HOW_BITS 3
// Of the output of `registers`.
#define NEXT_PAGE_OFFSET 40
#define REGISTERS_BYTES 64

static uint64_t now_ms; // monotonic, as the metrology module was last told

void meter_port_called(uint32_t number, const uint64_t *arguments) {
    // Where each export has its time, counted from 1; 0: it has none.
    static const uint8_t time_argument[] = {
        [METROLOGY_boot] = 2,   [METROLOGY_set_clock] = 1,   [METROLOGY_pulse_edges] = 1, [METROLOGY_pulse_counter] = 3,
        [METROLOGY_tamper] = 3, [METROLOGY_transaction] = 3, [METROLOGY_tick] = 1,        [METROLOGY_note] = 4,
        [METROLOGY_save] = 1,
    };
    uint32_t argument = number < sizeof time_argument ? time_argument[number] : 0;
    if (argument == 0) return;
    // After a boot, time begins anew.
    if (number == METROLOGY_boot || arguments[argument - 1] > now_ms) now_ms = arguments[argument - 1];
}

// Calls the meter: its result, or ERR_STATE if it does not run, or does not any more.
static int32_t call(enum metrology_export number, const uint64_t *arguments, uint32_t count, const uint8_t *input,
                    uint32_t length) {
    int32_t result;
    if (metrology_module.state != MODULE_BUILT_IN) return ERR_STATE;
    const char *trap = built_in_call(&metrology, number, arguments, count, input, length, &result);
    return trap != NULL ? ERR_STATE : result;
}

// `length` bytes that the meter has just put out.
static int32_t output(int32_t length, const uint8_t **bytes) {
    if (length < 0) return length;
    *bytes = built_in_output(&metrology, (uint32_t)length);
    return *bytes == NULL ? ERR_STATE : length;
}

static int32_t read_record(uint32_t page, const uint8_t **text) {
    const uint64_t arguments[] = {CONTEXT_FISCAL, page};
    return output(call(METROLOGY_record, arguments, 2, NULL, 0), text);
}

// A number of `digits` decimal digits.
static uint32_t decimal(const uint8_t *at, int digits) {
    uint32_t value = 0;
    for (int i = 0; i < digits; i++) value = value * 10 + (uint32_t)(at[i] - '0');
    return value;
}

// Days from 1970-01-01 to a date of the Gregorian calendar. Years are counted from March, so that a leap day ends one.
static uint32_t days(uint32_t year, uint32_t month, uint32_t day) {
    if (month <= 2) {
        year--;
        month += 12;
    }
    uint32_t of_year = (153 * (month - 3) + 2) / 5 + day - 1;
    return year * 365 + year / 4 - year / 100 + year / 400 + of_year - 719468;
}

// The time of a record's first reading, "TM":"2026-06-22T00:15:00,000+0000 S", UTC in s: its interval ended then. 0: it
// has none.
static uint32_t end_of(const uint8_t *text, uint32_t length) {
    static const char key[] = "\"TM\":\"", shape[] = "0000-00-00T00:00:00";
    const uint32_t before = sizeof key - 1, digits = sizeof shape - 1;
    for (uint32_t at = 0; length >= before + digits && at <= length - before - digits; at++) {
        if (memcmp(text + at, key, before) != 0) continue;
        const uint8_t *time = text + at + before;
        for (uint32_t i = 0; i < digits; i++) {
            int fits = shape[i] == '0' ? time[i] >= '0' && time[i] <= '9' : time[i] == (uint8_t)shape[i];
            if (!fits) return 0;
        }
        uint32_t date = days(decimal(time, 4), decimal(time + 5, 2), decimal(time + 8, 2));
        return date * 86400 + decimal(time + 11, 2) * 3600 + decimal(time + 14, 2) * 60 + decimal(time + 17, 2);
    }
    return 0;
}

// When the intervals of the last pages ended: the node asks for the same ones again and again, and a page is signed once.
#define KNOWN 16
static struct {
    uint32_t page, end_s;
} known[KNOWN];

// Returns 0 if there is no such record any more, or its end is unknown.
static uint32_t end_of_page(uint32_t page) {
    if (known[page % KNOWN].page == page) return known[page % KNOWN].end_s;
    const uint8_t *text;
    int32_t length = read_record(page, &text);
    if (length < 0) return 0;
    known[page % KNOWN].page = page;
    known[page % KNOWN].end_s = end_of(text, (uint32_t)length);
    return known[page % KNOWN].end_s;
}

void meter_port_save(void) {
    if (loop_is_free()) meter_loop_serve(clock_ms());
    const uint64_t arguments[] = {now_ms};
    int32_t result = call(METROLOGY_save, arguments, 1, NULL, 0);
    // A meter that was not booted has nothing to save.
    if (result < 0 && result != ERR_STATE) log_line("the registers cannot be saved");
}

int32_t meter_port_receipt(uint32_t from_s, const uint8_t **text) {
    const uint8_t *registers;
    int32_t length = output(call(METROLOGY_registers, NULL, 0, NULL, 0), &registers);
    if (length < 0) return length;
    if (length < REGISTERS_BYTES) return ERR_STATE;
    uint32_t next = get_u32(registers + NEXT_PAGE_OFFSET), first = next;
    while (first > 1) {
        uint32_t end_s = end_of_page(first - 1);
        if (end_s == 0 || end_s < from_s) break;
        first--;
    }
    // What was known of a page may outlive its record.
    for (; first < next; first++) {
        length = read_record(first, text);
        if (length != ERR_NOT_FOUND) return length;
    }
    return ERR_NOT_FOUND;
}

int32_t meter_port_note(uint32_t how, uint32_t interval_start, uint64_t energy_mwh, const uint8_t payment_hash[32],
                        const uint8_t **note) {
    if (how > HOW_BITS) return ERR_ARGUMENT;
    // What was metered before it counts, also what the board had not looked at yet.
    if (loop_is_free()) meter_loop_serve(clock_ms());
    const uint64_t arguments[] = {how, interval_start, energy_mwh, now_ms};
    int32_t length = output(call(METROLOGY_note, arguments, 4, payment_hash, 32), note);
    return length >= 0 && length != METER_NOTE_BYTES ? ERR_STATE : length;
}
