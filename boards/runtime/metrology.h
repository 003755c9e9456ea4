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

// The built-in module's version: others have to be newer. It is raised with each change of the module.
#define METROLOGY_MODULE_VERSION 1u

// What a module under test is granted in its place.
extern const struct module_terms metrology_test_terms;

// Loads the newest module that the board has (metrology_images.h), the built-in one at worst, and checks its interface, its
// memory need and the key. What a module that runs has counted is saved first. Returns NULL, or why none can run.
const char *metrology_start(void);

#endif
