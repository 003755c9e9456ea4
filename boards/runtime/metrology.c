#include "metrology.h"

#include "board.h"
#include "log.h"
#include "meter_port.h"
#include "metrology_images.h"
#include "stack.h"

// runtime/image.S
extern const uint8_t metrology_image[], metrology_image_end[];

// A second or so on a 160 MHz chip.
#define CALL_GAS 4194304u
#define VALUE_STACK_BYTES 2048

// While it runs, wasm3 may compile one of its functions, at most 3 KB deep, and it signs. The node may have called it
// from as deep as the node's own reserve lets it: between the two is more than the module ever takes.
static const struct module_terms terms = {
    .capability = CAPABILITY_METROLOGY,
    .memory_bytes = METROLOGY_MEMORY_BYTES,
    .value_stack_bytes = VALUE_STACK_BYTES,
    .gas = CALL_GAS,
    .stack_reserve_bytes = METROLOGY_STACK_RESERVE,
};

const struct module_terms metrology_test_terms = {
    .capability = CAPABILITY_METROLOGY,
    .value_stack_bytes = VALUE_STACK_BYTES,
    .gas = CALL_GAS,
    .stack_reserve_bytes = NODE_STACK_RESERVE,
};

static const struct export_row exports[] = {
#define ROW(name, signature, fills_output) {#name, signature, fills_output},
    METROLOGY_EXPORTS(ROW)
#undef ROW
};

static void called(uint32_t number, const uint64_t *arguments, int32_t result) {
    if (number == METROLOGY_tick && result >= 0) metrology_images_alive(arguments[0]);
}

struct module metrology_module = {.name = "metrology", .stopped_because = "it was not started"};

struct built_in metrology = {
    .module = &metrology_module,
    .terms = &terms,
    .exports = exports,
    .export_count = sizeof exports / sizeof exports[0],
    .version = METROLOGY_ABI_VERSION,
    .input_bytes = METROLOGY_INPUT_BYTES,
    .output_bytes = METROLOGY_OUTPUT_BYTES,
    .called = called,
};

const char *metrology_start(void) {
    uint8_t public_key[33];
    if (board_key_public(public_key) < 0) {
        const char *reason = "no metrology key is provisioned";
        module_stop(&metrology_module, reason);
        return reason;
    }
    const uint32_t length = (uint32_t)(metrology_image_end - metrology_image);
    const struct metrology_choice built_in = {METROLOGY_BUILT_IN, {METROLOGY_MODULE_VERSION, metrology_image, length}};
    meter_port_save();
    for (uint32_t refused = 0;;) {
        struct metrology_choice choice = metrology_images_choose(built_in, refused);
        const struct image *image = &choice.image;
        const char *error = built_in_start(&metrology, image->module, image->length);
        if (error == NULL && choice.half != METROLOGY_BUILT_IN) log_number("metrology runs version ", image->version);
        if (error == NULL || choice.half == METROLOGY_BUILT_IN) return error;
        log_text("a metrology module cannot run: ", error, NULL);
        refused |= 1u << choice.half;
    }
}
