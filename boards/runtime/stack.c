#include "stack.h"

#include <stddef.h>

// Bounds from the board's linker script; the stack grows down from __stack_top.
extern uint32_t __stack_bottom[], __stack_top[];

uint32_t stack_bytes(void) {
    return (uint32_t)(__stack_top - __stack_bottom) * sizeof(uint32_t);
}

uint32_t stack_peak(void) {
    const uint32_t *at = __stack_bottom;
    while (at < __stack_top && *at == STACK_PATTERN) at++;
    return (uint32_t)(__stack_top - at) * sizeof(uint32_t);
}

const void *stack_bottom(void) {
    return __stack_bottom;
}
