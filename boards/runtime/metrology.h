// The metrology module that is built into the firmware.
#ifndef TIELINE_METROLOGY_H
#define TIELINE_METROLOGY_H

#include "built_in.h"
#include "metrology_abi.h"

// What the module can take of wasm3's heap with every function compiled, in the words of the board: the node leaves so
// much, so that it cannot starve the meter.
#define METROLOGY_HEAP_BYTES (24576 * (uint32_t)sizeof(void *))

extern struct module metrology_module;
extern struct built_in metrology;

// Numbers of the exports on the service link and in `metrology`'s table.
enum metrology_export {
#define METROLOGY_NUMBER(name, signature, fills_output) METROLOGY_##name,
    METROLOGY_EXPORTS(METROLOGY_NUMBER)
#undef METROLOGY_NUMBER
};

// What a module under test is granted in its place.
extern const struct module_terms metrology_test_terms;

// Loads the module and checks its interface, its memory need and the key. Returns NULL, or why it cannot run.
const char *metrology_start(void);

#endif
