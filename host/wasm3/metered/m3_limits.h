/*
 * Limits on one running wasm3 instance: an instruction budget ("gas") and a floor for the native stack.
 *
 * wasm3 has neither. Its loops never return to the host, and each wasm call nests two C functions, so a module can
 * run for ever or run off the C stack. m3_compile_metered.c compiles wasm3's interpreter with a check at the two
 * places every runaway program must pass: the entry of a function and each turn of a loop.
 *
 * The limits belong to an instance, not to the process: pass the M3Limits as the user data of m3_NewRuntime (it must
 * never be NULL in a metered build) and set both fields before every call from outside. Plain C99, no host headers:
 * every board and the Node host compile this same file and therefore count the same gas.
 */
#ifndef METERED_M3_LIMITS_H
#define METERED_M3_LIMITS_H

#include <stdint.h>

#include "wasm3.h"

/** gas_left for a call that may take as long as it likes. */
#define M3_GAS_UNLIMITED UINT64_MAX

/** Put it first in a larger struct if the host wants more behind the runtime's user data. */
typedef struct M3Limits {
    /** Units left. A function entry costs 1 and so does each turn of a loop, the first included. */
    uint64_t gas_left;
    /** Lowest address the C stack may reach when a function or loop turn starts; 0 = no limit. Leave room below it for
     *  what runs unchecked: wasm3's compiler (the most: about 10 KB on a 32-bit board) and the host's imports. */
    uintptr_t stack_floor;
} M3Limits;

/** Results of a call that hit a limit; compare by pointer, like wasm3's own m3Err_ constants. */
extern const M3Result m3Err_trapGasExhausted;
extern const M3Result m3Err_trapNativeStackExhausted;

#endif
