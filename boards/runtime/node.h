// The node module that is built into the firmware.
#ifndef TIELINE_NODE_H
#define TIELINE_NODE_H

#include "built_in.h"
#include "node_abi.h"

extern struct module node_module;
extern struct built_in node;

// Numbers of the exports on the service link and in `node`'s table.
enum node_export {
#define NODE_NUMBER(name, signature, fills_output) NODE_##name,
    NODE_EXPORTS(NODE_NUMBER)
#undef NODE_NUMBER
};

// What a module under test is granted in its place.
extern const struct module_terms node_test_terms;

// The built-in module's version: images have to be newer. It is raised with each release of the firmware.
#define NODE_MODULE_VERSION 1u

// Decides, once in a start of the firmware, which image of the node it runs (slots.h).
void node_choose(void);
// Loads that module and checks its interface and its memory need. Returns NULL, or why it cannot run.
const char *node_start(void);

#endif
