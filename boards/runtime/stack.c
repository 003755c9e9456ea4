#include "stack.h"

#include <stddef.h>

// Bounds from the board's linker script; the stack grows down from __stack_top.
extern uint32_t __stack_bottom[], __stack_top[];

// wasm3 compiles a function when it is first called, on top of everything that runs. Its depth follows the nesting of
// blocks; metrology's functions take less than 3 KB, the deepest of any project module measured took 9.4 KB. Imports run
// there too, though not at the same time: the deepest, `recover`, takes 7 KB.
#define COMPILER_RESERVE_BYTES 9728

uint32_t stack_bytes(void) {
    return (uint32_t)(__stack_top - __stack_bottom) * sizeof(uint32_t);
}

uint32_t stack_peak(void) {
    const uint32_t *at = __stack_bottom;
    while (at < __stack_top && *at == STACK_PATTERN) at++;
    return (uint32_t)(__stack_top - at) * sizeof(uint32_t);
}

void *stack_module_limit(void) {
    return (uint8_t *)__stack_bottom + COMPILER_RESERVE_BYTES;
}
