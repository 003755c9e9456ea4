#include "fault.h"

#include <stdlib.h>

#include "board.h"
#include "request.h"

static char *put_hex(char *at, uint32_t value) {
    for (int shift = 28; shift >= 0; shift -= 4) *at++ = "0123456789abcdef"[value >> shift & 15];
    return at;
}

_Noreturn void fault_raise(const char *message) {
    event_text(STATUS_FAULT, message);
    board_reset_after_fault();
}

_Noreturn void fault_exception(uint32_t cause, uint32_t instruction, uint32_t address) {
    char message[] = "CPU exception 00000000 at 00000000, address 00000000";
    put_hex(message + 14, cause);
    put_hex(message + 26, instruction);
    put_hex(message + 44, address);
    fault_raise(message);
}

// Libraries end here when they are misused.
_Noreturn void abort(void) {
    fault_raise("a library gave up");
}
