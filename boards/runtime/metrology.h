// The metrology module that is built into the firmware: started, checked and called through its ABI.
#ifndef TIELINE_METROLOGY_H
#define TIELINE_METROLOGY_H

#include <stdint.h>

struct metrology_result {
    int32_t value;
    const uint8_t *output; // in the module's memory, valid until the next call
    uint32_t output_bytes;
};

// Loads the module and checks its interface, its memory need and the key. Returns NULL, or why it cannot run.
const char *metrology_start(void);

// Name and wasm3 signature of export number `number`, or NULL if there is none.
const char *metrology_export(uint32_t number, const char **signature);

// Calls export number `number` with `input` (at most METROLOGY_INPUT_BYTES) placed in the input buffer.
// Returns NULL, or the trap.
const char *metrology_call(uint32_t number, const uint64_t *arguments, uint32_t count, const uint8_t *input,
                           uint32_t input_bytes, struct metrology_result *result);

#endif
