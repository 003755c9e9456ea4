#include "metrology.h"

#include <string.h>

#include "board.h"
#include "metrology_abi.h"
#include "module.h"

// runtime/image.S
extern const uint8_t metrology_image[], metrology_image_end[];

enum {
#define NUMBER(name, signature, fills_output) EXPORT_##name,
    METROLOGY_EXPORTS(NUMBER)
#undef NUMBER
        EXPORT_COUNT
};

static const struct {
    const char *name, *signature;
    int fills_output;
} exports[] = {
#define ROW(name, signature, fills_output) {#name, signature, fills_output},
    METROLOGY_EXPORTS(ROW)
#undef ROW
};

// Where the module's buffers lie in its memory.
static uint32_t input_offset, output_offset;

static const char *check_exports(void) {
    for (uint32_t i = 0; i < EXPORT_COUNT; i++) {
        char signature[12];
        const char *error = module_signature(exports[i].name, signature);
        if (error != NULL) return error;
        if (strcmp(signature, exports[i].signature) != 0) return "an export's signature is not this ABI's";
    }
    return NULL;
}

static const char *ask(uint32_t number, uint32_t *answer) {
    uint64_t result = 0;
    const char *error = module_call(exports[number].name, NULL, 0, &result);
    *answer = (uint32_t)result;
    return error;
}

static const char *check_module(void) {
    uint32_t version, need;
    const char *error = check_exports();
    if (error == NULL) error = ask(EXPORT_abi, &version);
    if (error == NULL && version != METROLOGY_ABI_VERSION) error = "the module's ABI version is not this board's";
    if (error == NULL) error = ask(EXPORT_memory_bytes, &need);
    if (error == NULL && need > METROLOGY_MEMORY_BYTES) error = "the module needs more memory than the board grants";
    if (error == NULL) error = ask(EXPORT_in_buffer, &input_offset);
    if (error == NULL) error = ask(EXPORT_out_buffer, &output_offset);
    if (error != NULL) return error;
    if (module_memory(input_offset, METROLOGY_INPUT_BYTES) == NULL ||
        module_memory(output_offset, METROLOGY_OUTPUT_BYTES) == NULL) {
        return "the module's buffers lie outside its memory";
    }
    return NULL;
}

const char *metrology_start(void) {
    uint8_t public_key[33];
    if (board_key_public(public_key) < 0) return "no metrology key is provisioned";
    const char *error = module_load(metrology_image, (uint32_t)(metrology_image_end - metrology_image),
                                    METROLOGY_MEMORY_BYTES, CAPABILITY_METROLOGY);
    return error != NULL ? error : check_module();
}

const char *metrology_export(uint32_t number, const char **signature) {
    if (number >= EXPORT_COUNT) return NULL;
    *signature = exports[number].signature;
    return exports[number].name;
}

const char *metrology_call(uint32_t number, const uint64_t *arguments, uint32_t count, const uint8_t *input,
                           uint32_t input_bytes, struct metrology_result *result) {
    uint8_t *buffer = module_memory(input_offset, input_bytes);
    if (buffer == NULL) return "the module's input buffer is gone";
    memcpy(buffer, input, input_bytes);

    uint64_t value = 0;
    const char *error = module_call(exports[number].name, arguments, count, &value);
    if (error != NULL) return error;
    *result = (struct metrology_result){.value = (int32_t)(uint32_t)value};
    if (exports[number].fills_output && result->value > 0) {
        if (result->value > METROLOGY_OUTPUT_BYTES) return "the module overran its output buffer";
        result->output_bytes = (uint32_t)result->value;
        result->output = module_memory(output_offset, result->output_bytes);
    }
    return NULL;
}
