// One wasm module in wasm3: load, call, count. The board holds two of them side by side, each with an environment, a
// value stack and limits of its own, so that what goes wrong in one stays there.
#ifndef TIELINE_MODULE_H
#define TIELINE_MODULE_H

#include <m3_limits.h>
#include <stdint.h>
#include <wasm3.h>

#define MODULE_MAX_ARGS 8

// What a module may import. Each gets the capability that it is linked with and nothing else: the meter's flash and
// signing key on one side, the node's cryptography, keys, flash and lines on the other.
enum capability {
    CAPABILITY_METROLOGY, // assembly/metrology/board.ts
    CAPABILITY_NODE,      // assembly/crypto/crypto.ts, assembly/node/board.ts, assembly/meter/meter.ts
};

// What a module is granted.
struct module_terms {
    enum capability capability;
    int test_keys;                // may also import keys of test vectors, on boards that have room for them
    uint32_t memory_bytes;        // linear memory; 0: whole pages, as the module asks
    uint32_t value_stack_bytes;   // wasm3's
    uint32_t gas;                 // of one call: function entries and loop turns, and what imports charge
    uint32_t heap_reserve_bytes;  // of the heap: left for whoever else needs it
    uint32_t stack_reserve_bytes; // of the C stack: left below the module for wasm3's compiler and the imports
};

enum module_state {
    MODULE_STOPPED,  // `stopped_because` says why
    MODULE_BUILT_IN, // the project's own module runs
    MODULE_LOADED,   // one under test runs in its place
};

// What the last call cost.
struct module_cost {
    uint32_t gas;
    uint32_t microseconds;
};

struct module {
    M3Limits limits; // first: the runtime's user data is the module
    const char *name;
    const struct module_terms *terms;
    enum module_state state;
    const char *stopped_because;
    IM3Environment environment;
    IM3Runtime runtime;
    IM3Module loaded; // NULL: none
    uint8_t digest[32]; // SHA-256 of the loaded module's bytes
    struct module_cost cost;
    uint32_t heap_bytes;        // what wasm3 holds for it
    uint32_t code_peak;         // bytes of compiled code at its fullest, as seen between calls
    uint32_t traps;             // calls that ended its run
    uint32_t drops;             // times its compiled code was dropped
    uint32_t functions_dropped; // compiled functions that went with it; those that are called again are compiled again
    char message[80];
};

struct module_figures {
    uint32_t wasm_bytes;      // the module itself, read in place
    uint32_t structures;      // wasm3's environment, runtime, module, functions, types, names
    uint32_t linear_memory;
    uint32_t value_stack;
    uint32_t code;            // pages of compiled M3 code
    uint32_t functions;       // defined by the module, imports not counted
    uint32_t compiled;        // of these
};

// The module that an import function was called by.
static inline struct module *module_of(IM3Runtime runtime) {
    return m3_GetUserData(runtime);
}

// Loads the module of `length` bytes, which stay where they are for as long as it is loaded, and links its imports, as
// far as `terms` grants them; an earlier module is dropped. `state` becomes the module's. Returns NULL, or what went
// wrong: then the module is stopped.
const char *module_load(struct module *module, const uint8_t *bytes, uint32_t length, const struct module_terms *terms,
                        enum module_state state);

// Drops the module and everything wasm3 holds for it.
void module_unload(struct module *module, const char *reason);

// The module is not called any more. What it holds stays, for figures, until the next one is loaded.
void module_stop(struct module *module, const char *reason);

// wasm3 signature of an export ("i(iI)") into `signature`, at most 12 bytes with the final zero. Nothing is compiled.
// Returns NULL, or what went wrong.
const char *module_signature(struct module *module, const char *name, char signature[12]);

// Calls an export with arguments as its signature says, each in the low bits of a u64. The result, if the export has
// one, is stored to `result`. Returns NULL, or why not; if it was a trap, the module is stopped.
const char *module_call(struct module *module, const char *name, const uint64_t *arguments, uint32_t count,
                        uint64_t *result);

// An import that took long charges its module as so many function entries; 0 left: the next one traps.
void module_charge(struct module *module, uint32_t gas);

// A range of linear memory, or NULL if any of it is outside. Valid until the next module_call.
uint8_t *module_memory(struct module *module, uint32_t offset, uint32_t length);

// Compiles what calls have not compiled yet. Returns NULL, or what went wrong.
const char *module_compile_all(struct module *module);

// Drops all compiled code: functions are compiled again when they are called. Never while the module is being called.
// Returns NULL, or what went wrong: then the module is stopped.
const char *module_drop_code(struct module *module);

// What of the heap the module can still get.
uint32_t module_heap_left(const struct module *module);

// Bytes of compiled code now.
uint32_t module_code_bytes(const struct module *module);

struct module_figures module_figures(const struct module *module);

#endif
