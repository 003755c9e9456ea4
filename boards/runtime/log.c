#include "log.h"

#include <stdarg.h>
#include <stddef.h>

#include "board.h"
#include "clock.h"
#include "frame.h"
#include "request.h"

#define US_PER_S 1000000u

// A ring of bytes, counted from the first one that ever went in.
static char ring[LOG_BYTES];
static uint32_t written, told;
static int telling;

static void put_byte(char byte) {
    ring[written++ % LOG_BYTES] = byte;
}

// The beginning of the first line that is whole.
static uint32_t oldest(void) {
    if (written <= LOG_BYTES) return 0;
    uint32_t at = written - LOG_BYTES;
    while (ring[at++ % LOG_BYTES] != '\n') {}
    return at;
}

// Decimal digits. Returns where they begin in `room`.
static const char *decimal(uint32_t value, char room[11]) {
    char *at = room + 10;
    *at = 0;
    do *--at = (char)('0' + value % 10);
    while ((value /= 10) != 0);
    return at;
}

void log_text(const char *text, ...) {
    char room[11];
    uint32_t used = 0;
    va_list texts;
    for (const char *at = decimal((uint32_t)(clock_us() / US_PER_S), room); *at != 0; at++) put_byte(*at);
    put_byte(' ');
    va_start(texts, text);
    for (; text != NULL; text = va_arg(texts, const char *)) {
        // A line feed would be taken for the end of the line.
        for (; *text != 0 && used < LOG_LINE_BYTES; text++, used++) put_byte(*text == '\n' ? ' ' : *text);
    }
    va_end(texts);
    put_byte('\n');
}

void log_line(const char *text) {
    log_text(text, NULL);
}

void log_number(const char *text, uint32_t number) {
    char room[11];
    log_text(text, decimal(number, room), NULL);
}

void log_open(void) {
    static const char *const reasons[] = {[RESET_POWER_ON] = "power on", [RESET_SOFTWARE] = "a restart",
                                          [RESET_WATCHDOG] = "the watchdog", [RESET_BROWN_OUT] = "a failing supply",
                                          [RESET_FAULT] = "a fault of the firmware"};
    written = told = 0;
    log_text("started by ", reasons[board_reset_reason()], NULL);
    told = written; // nobody is there yet, and READY says as much
}

void log_flush(void) {
    if (telling) return;
    telling = 1;
    if (told < oldest()) told = oldest();
    // While nobody reads, lines wait for as long as there is room.
    while (told != written && frame_line_takes()) {
        event_begin(STATUS_LOG);
        for (; ring[told % LOG_BYTES] != '\n'; told++) frame_put(&ring[told % LOG_BYTES], 1);
        told++;
        frame_end();
    }
    telling = 0;
}

void log_put(void) {
    for (uint32_t at = oldest(); at != written; at++) frame_put(&ring[at % LOG_BYTES], 1);
}
