#include "node.h"

#include "metrology.h"
#include "slots.h"
#include "stack.h"

// runtime/image.S
extern const uint8_t node_image[], node_image_end[];

// A few seconds on a 160 MHz chip: a full journal is read at boot.
#define CALL_GAS 16777216u
// The deepest chain of calls takes 3,308 bytes, beside the spare ones at the end: a test works it out.
#define VALUE_STACK_BYTES 4096

static const struct module_terms terms = {
    .capability = CAPABILITY_NODE,
    .memory_bytes = NODE_MEMORY_BYTES,
    .value_stack_bytes = VALUE_STACK_BYTES,
    .gas = CALL_GAS,
    .heap_reserve_bytes = METROLOGY_HEAP_BYTES,
    .stack_reserve_bytes = NODE_STACK_RESERVE,
};

// A value stack so large that a module under test finds the end of the C stack first.
const struct module_terms node_test_terms = {
    .capability = CAPABILITY_NODE,
    .test_keys = 1,
    .value_stack_bytes = 32768,
    .gas = 4194304u,
    .heap_reserve_bytes = METROLOGY_HEAP_BYTES,
    .stack_reserve_bytes = NODE_STACK_RESERVE,
};

static const struct export_row exports[] = {
#define ROW(name, signature, fills_output) {#name, signature, fills_output},
    NODE_EXPORTS(ROW)
#undef ROW
};

struct module node_module = {.name = "node", .stopped_because = "it was not started"};

struct built_in node = {
    .module = &node_module,
    .terms = &terms,
    .exports = exports,
    .export_count = sizeof exports / sizeof exports[0],
    .version = NODE_ABI_VERSION,
    .input_bytes = NODE_INPUT_BYTES,
    .output_bytes = NODE_OUTPUT_BYTES,
};

void node_choose(void) {
    const uint32_t length = (uint32_t)(node_image_end - node_image);
    slots_choose((struct slot_choice){SLOT_BUILT_IN, {NODE_MODULE_VERSION, node_image, length}});
}

const char *node_start(void) {
    struct image image = slots_chosen().image;
    return built_in_start(&node, image.module, image.length);
}
