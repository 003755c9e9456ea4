// Operations that call modules.
#include <string.h>

#include "board.h"
#include "bytes.h"
#include "code_cache.h"
#include "frame.h"
#include "free_calls.h"
#include "memory_map.h"
#include "meter_port.h"
#include "metrology.h"
#include "node.h"
#include "node_outputs.h"
#include "operations.h"
#include "places.h"
#include "request.h"
#include "slots.h"

// Reads the arguments that a signature asks for. Returns how many, or -1 if the request is too short.
static int32_t take_arguments(const char *signature, uint64_t arguments[MODULE_MAX_ARGS]) {
    int32_t count = 0;
    for (const char *type = strchr(signature, '(') + 1; *type != ')'; type++) {
        const uint8_t *bytes = request_take(*type == 'I' ? 8 : 4);
        if (bytes == NULL) return -1;
        arguments[count++] = *type == 'I' ? get_u64(bytes) : get_u32(bytes);
    }
    return count;
}

void do_hello(void) {
    uint8_t public_key[33];
    if (metrology_module.state == MODULE_STOPPED) {
        return respond_text(STATUS_STOPPED, metrology_module.stopped_because);
    }
    if (board_key_public(public_key) < 0) return respond_text(STATUS_BOARD, "no metrology key is provisioned");
    uint8_t versions[3] = {LINK_VERSION, METROLOGY_ABI_VERSION, NODE_ABI_VERSION};
    respond(STATUS_OK);
    frame_put(versions, sizeof versions);
    frame_put(metrology_module.digest, sizeof metrology_module.digest);
    frame_put(node_module.digest, sizeof node_module.digest);
    frame_put(public_key, sizeof public_key);
    frame_put(board_name, strlen(board_name));
    frame_end();
}

void do_call(void) {
    const struct place *place = place_take_running();
    if (place == NULL) return;
    struct built_in *built_in = place->built_in;
    if (built_in->module->state == MODULE_LOADED) {
        return respond_text(STATUS_BAD_REQUEST, "a loaded module is called by name");
    }
    // The node's exports do not say how much they leave in the output buffer: the host does.
    int host_says = built_in == &node;
    const uint8_t *wanted = host_says ? request_take(2) : NULL;
    if (host_says && (wanted == NULL || get_u16(wanted) > built_in->output_bytes)) {
        return respond_text(STATUS_BAD_REQUEST, "the output is not so long");
    }
    const uint8_t *number = request_take(1);
    if (number == NULL || *number >= built_in->export_count) {
        return respond_text(STATUS_BAD_REQUEST, "no such export");
    }
    const struct export_row *row = &built_in->exports[*number];
    uint64_t arguments[MODULE_MAX_ARGS];
    int32_t count = take_arguments(row->signature, arguments), result;
    if (count < 0) return respond_text(STATUS_BAD_REQUEST, "arguments are missing");
    const char *refusal = free_call_prepare(built_in, *number, arguments);
    if (refusal != NULL) return respond_text(STATUS_BAD_REQUEST, refusal);
    if (request.left > built_in->input_bytes) return respond_text(STATUS_BAD_REQUEST, "the input is too long");

    if (host_says) node_outputs_begin();
    const char *trap = built_in_call(built_in, *number, arguments, (uint32_t)count, request.at, request.left, &result);
    if (trap != NULL) return respond_text(STATUS_TRAP, trap);
    if (built_in == &metrology) meter_port_called(*number, arguments);
    free_call_done(built_in, *number, arguments, result);
    if (built_in == &node && *number == NODE_tick && result >= 0) slots_alive(arguments[0]);
    uint32_t length = host_says ? get_u16(wanted) : row->fills_output && result > 0 ? (uint32_t)result : 0;
    const uint8_t *output = built_in_output(built_in, length);
    if (output == NULL) {
        module_stop(built_in->module, "the module overran its output buffer");
        return respond_text(STATUS_TRAP, built_in->module->stopped_because);
    }
    respond(STATUS_OK);
    put_word((uint32_t)result);
    frame_put(output, length);
    frame_end();
}

void do_call_named(void) {
    const struct place *place = place_take_driven();
    if (place == NULL) return;
    if (place->built_in->module->state == MODULE_STOPPED) {
        return respond_text(STATUS_STOPPED, place->built_in->module->stopped_because);
    }
    struct module *module = place->built_in->module;
    char name[64] = {0}, signature[12];
    const uint8_t *length = request_take(1);
    const uint8_t *bytes = length == NULL || *length >= sizeof name ? NULL : request_take(*length);
    if (bytes == NULL) return respond_text(STATUS_BAD_REQUEST, "the name is missing or too long");
    memcpy(name, bytes, *length);
    const char *error = module_signature(module, name, signature);
    if (error != NULL) return respond_text(STATUS_BAD_REQUEST, error);
    if (strpbrk(signature, "fF") != NULL) return respond_text(STATUS_BAD_REQUEST, "only i32 and i64 cross the link");
    uint64_t arguments[MODULE_MAX_ARGS], value = 0;
    int32_t count = take_arguments(signature, arguments);
    if (count < 0 || request.left != 0) return respond_text(STATUS_BAD_REQUEST, "arguments do not fit the signature");

    node_outputs_begin();
    const char *trap = module_call(module, name, arguments, (uint32_t)count, &value);
    if (trap != NULL) return respond_text(STATUS_TRAP, trap);
    respond(STATUS_OK);
    frame_put(signature, 1);
    if (signature[0] != 'v') put_word((uint32_t)value);
    if (signature[0] == 'I') put_word((uint32_t)(value >> 32));
    frame_end();
}

void do_map(void) {
    const uint8_t *compile_all = request_take(1);
    if (compile_all == NULL) return respond_text(STATUS_BAD_REQUEST, "the flag is missing");
    const struct place *place = place_take();
    if (place == NULL) return;
    const char *error = *compile_all != 0 ? module_compile_all(place->built_in->module) : NULL;
    if (error != NULL) return respond_text(STATUS_STOPPED, error);
    respond(STATUS_OK);
    memory_map_all(place->built_in->module);
    frame_end();
}

void do_start(void) {
    const struct place *place = place_take_driven();
    if (place == NULL) return;
    const char *error = place->start();
    if (error != NULL) return respond_text(STATUS_STOPPED, error);
    respond_text(STATUS_OK, "");
}

void do_code_cache(void) {
    const uint8_t *bytes = request_take(4);
    if (bytes == NULL) return respond_text(STATUS_BAD_REQUEST, "the number of bytes is missing");
    code_cache_set_limit(get_u32(bytes));
    respond_text(STATUS_OK, "");
}
