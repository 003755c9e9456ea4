#include "built_in.h"

#include <string.h>

static const char *check_exports(struct built_in *built_in) {
    for (uint32_t i = 0; i < built_in->export_count; i++) {
        char signature[12];
        const char *error = module_signature(built_in->module, built_in->exports[i].name, signature);
        if (error != NULL) return error;
        if (strcmp(signature, built_in->exports[i].signature) != 0) return "an export's signature is not this ABI's";
    }
    return NULL;
}

static const char *ask(struct built_in *built_in, uint32_t number, uint32_t *answer) {
    uint64_t result = 0;
    const char *error = module_call(built_in->module, built_in->exports[number].name, NULL, 0, &result);
    *answer = (uint32_t)result;
    return error;
}

static const char *check_module(struct built_in *built_in) {
    uint32_t version, need;
    const char *error = check_exports(built_in);
    if (error == NULL) error = ask(built_in, EXPORT_ABI, &version);
    if (error == NULL && (int32_t)version != built_in->version) error = "the module's ABI version is not this board's";
    if (error == NULL) error = ask(built_in, EXPORT_MEMORY_BYTES, &need);
    if (error == NULL && need > built_in->terms->memory_bytes) {
        error = "the module needs more memory than the board grants";
    }
    if (error == NULL) error = ask(built_in, EXPORT_IN_BUFFER, &built_in->input_offset);
    if (error == NULL) error = ask(built_in, EXPORT_OUT_BUFFER, &built_in->output_offset);
    if (error != NULL) return error;
    if (module_memory(built_in->module, built_in->input_offset, built_in->input_bytes) == NULL ||
        module_memory(built_in->module, built_in->output_offset, built_in->output_bytes) == NULL) {
        return "the module's buffers lie outside its memory";
    }
    return NULL;
}

const char *built_in_start(struct built_in *built_in, const uint8_t *image, uint32_t length) {
    const char *error = module_load(built_in->module, image, length, built_in->terms, MODULE_BUILT_IN);
    if (error == NULL) error = check_module(built_in);
    if (error != NULL) module_stop(built_in->module, error);
    return error;
}

const char *built_in_call(struct built_in *built_in, uint32_t number, const uint64_t *arguments, uint32_t count,
                          const uint8_t *input, uint32_t length, int32_t *result) {
    uint8_t *buffer = module_memory(built_in->module, built_in->input_offset, length);
    if (buffer == NULL) return "the module's input buffer is gone";
    if (length > 0) memcpy(buffer, input, length);
    uint64_t value = 0;
    const char *error = module_call(built_in->module, built_in->exports[number].name, arguments, count, &value);
    *result = (int32_t)(uint32_t)value;
    if (error == NULL && built_in->called != NULL) built_in->called(number, arguments, *result);
    return error;
}

const uint8_t *built_in_output(const struct built_in *built_in, uint32_t length) {
    return length > built_in->output_bytes ? NULL : module_memory(built_in->module, built_in->output_offset, length);
}
