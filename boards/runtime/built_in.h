// A module that is built into the firmware: started, checked and called through its interface's table.
#ifndef TIELINE_BUILT_IN_H
#define TIELINE_BUILT_IN_H

#include <stdint.h>

#include "module.h"

struct export_row {
    const char *name, *signature;
    int fills_output; // a positive result is a number of bytes in the output buffer
};

struct built_in {
    struct module *module;
    const struct module_terms *terms;
    const struct export_row *exports;
    uint32_t export_count;
    int32_t version;
    uint32_t input_bytes, output_bytes; // of the module's buffers
    // Hears of each call that did not trap; NULL: nobody does.
    void (*called)(uint32_t number, const uint64_t *arguments, int32_t result);
    // Names of the exports that every module has, to ask it for its version, its buffers and the memory it needs, stand
    // first in the table. Where the buffers lie in its memory:
    uint32_t input_offset, output_offset;
};

// The first exports of every table.
enum { EXPORT_ABI, EXPORT_IN_BUFFER, EXPORT_OUT_BUFFER, EXPORT_MEMORY_BYTES };

// Loads the module of `length` bytes and checks its interface and its memory need. Returns NULL, or why it cannot run.
const char *built_in_start(struct built_in *built_in, const uint8_t *image, uint32_t length);

// Calls export number `number` with `input`, at most `input_bytes`, placed in the input buffer. Returns NULL, or the
// trap.
const char *built_in_call(struct built_in *built_in, uint32_t number, const uint64_t *arguments, uint32_t count,
                          const uint8_t *input, uint32_t length, int32_t *result);

// The first `length` bytes of the output buffer, valid until the next call. NULL: it is not so long.
const uint8_t *built_in_output(const struct built_in *built_in, uint32_t length);

#endif
