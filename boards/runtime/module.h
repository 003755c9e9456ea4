// One wasm module in wasm3: load, call, count. The board holds one module at a time.
#ifndef TIELINE_MODULE_H
#define TIELINE_MODULE_H

#include <stdint.h>

#include "imports.h"

#define MODULE_MAX_ARGS 8

struct module_figures {
    uint32_t wasm_bytes;      // the module itself, read in place
    uint32_t structures;      // wasm3's environment, runtime, module, functions, types, names
    uint32_t linear_memory;
    uint32_t wasm_stack;      // wasm3's value stack
    uint32_t code;            // pages of compiled M3 code
    uint32_t functions;       // defined by the module, imports not counted
    uint32_t compiled;        // of these
};

// What the last module_call cost.
struct module_cost {
    uint32_t gas;          // function entries and loop iterations
    uint32_t microseconds;
};

// Loads the module of `length` bytes, which stay where they are for as long as it is loaded, and links its imports, as
// far as they belong to `capability`; an earlier module is dropped. Linear memory is cut to `memory_limit` bytes, 0 =
// whole pages as the module asks. Returns NULL, or what went wrong.
const char *module_load(const uint8_t *bytes, uint32_t length, uint32_t memory_limit, enum capability capability);

// Drops the module and everything wasm3 holds for it.
void module_unload(void);

// SHA-256 of the loaded module's bytes, 32 bytes.
const uint8_t *module_digest(void);

// wasm3 signature of an export ("i(iI)") into `signature`, at most 12 bytes with the final zero. Nothing is compiled.
// Returns NULL, or what went wrong.
const char *module_signature(const char *name, char signature[12]);

// Calls an export with arguments as its signature says, each in the low bits of a u64. The result, if the export has
// one, is stored to `result`. Returns NULL, or the trap; after a trap the module's state is not to be trusted.
const char *module_call(const char *name, const uint64_t *arguments, uint32_t count, uint64_t *result);

// A range of linear memory, or NULL if any of it is outside. Valid until the next module_call.
uint8_t *module_memory(uint32_t offset, uint32_t length);

// Compiles what calls have not compiled yet. Returns NULL, or what went wrong.
const char *module_compile_all(void);

struct module_figures module_figures(void);
struct module_cost module_cost(void);

#endif
