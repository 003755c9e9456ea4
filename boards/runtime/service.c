#include "service.h"

#include <string.h>

#include "board.h"
#include "bytes.h"
#include "frame.h"
#include "memory_map.h"
#include "metrology.h"
#include "metrology_abi.h"
#include "module.h"

// A board with room for test modules has a region for them in its linker script; on others it is empty.
extern uint8_t __load_start[], __load_end[];

static struct frame_decoder decoder;

enum running { NOTHING, METROLOGY, LOADED };
static enum running running;
static const char *stopped_because; // while running == NOTHING

// The request being answered, and how far it has been read.
static struct {
    const uint8_t *at;
    uint32_t left;
    uint8_t sequence[2];
} request;

static uint32_t received; // bytes of a module being loaded

static void respond(enum service_status status) {
    uint8_t byte = (uint8_t)status;
    frame_begin();
    frame_put(request.sequence, 2);
    frame_put(&byte, 1);
}

static void respond_text(enum service_status status, const char *text) {
    respond(status);
    frame_put(text, strlen(text));
    frame_end();
}

static void put_word(uint32_t value) {
    uint8_t bytes[4];
    put_u32(bytes, value);
    frame_put(bytes, sizeof bytes);
}

void service_event(enum service_status status, const char *message) {
    memset(request.sequence, 0, sizeof request.sequence);
    respond_text(status, message);
}

static const uint8_t *take(uint32_t length) {
    if (request.left < length) return NULL;
    const uint8_t *taken = request.at;
    request.at += length;
    request.left -= length;
    return taken;
}

static void stop(const char *reason) {
    running = NOTHING;
    stopped_because = reason;
}

// Reads the arguments that a signature asks for. Returns how many, or -1 if the request is too short.
static int32_t take_arguments(const char *signature, uint64_t arguments[MODULE_MAX_ARGS]) {
    int32_t count = 0;
    for (const char *type = strchr(signature, '(') + 1; *type != ')'; type++) {
        const uint8_t *bytes = take(*type == 'I' ? 8 : 4);
        if (bytes == NULL) return -1;
        arguments[count++] = *type == 'I' ? get_u64(bytes) : get_u32(bytes);
    }
    return count;
}

static void do_hello(void) {
    uint8_t public_key[33];
    if (running == NOTHING) return respond_text(STATUS_STOPPED, stopped_because);
    if (board_key_public(public_key) < 0) return respond_text(STATUS_BOARD, "no metrology key is provisioned");
    uint8_t versions[2] = {LINK_VERSION, METROLOGY_ABI_VERSION};
    respond(STATUS_OK);
    frame_put(versions, sizeof versions);
    frame_put(module_digest(), 32);
    frame_put(public_key, sizeof public_key);
    frame_put(board_name, strlen(board_name));
    frame_end();
}

static void do_call(void) {
    if (running == NOTHING) return respond_text(STATUS_STOPPED, stopped_because);
    if (running == LOADED) return respond_text(STATUS_BAD_REQUEST, "a loaded module is called by name");
    const uint8_t *number = take(1);
    const char *signature;
    if (number == NULL || metrology_export(*number, &signature) == NULL) {
        return respond_text(STATUS_BAD_REQUEST, "no such export");
    }
    uint64_t arguments[MODULE_MAX_ARGS];
    int32_t count = take_arguments(signature, arguments);
    if (count < 0) return respond_text(STATUS_BAD_REQUEST, "arguments are missing");
    if (request.left > METROLOGY_INPUT_BYTES) return respond_text(STATUS_BAD_REQUEST, "the input is too long");

    struct metrology_result result;
    const char *trap = metrology_call(*number, arguments, (uint32_t)count, request.at, request.left, &result);
    if (trap != NULL) {
        stop(trap);
        return respond_text(STATUS_TRAP, trap);
    }
    respond(STATUS_OK);
    put_word((uint32_t)result.value);
    frame_put(result.output, result.output_bytes);
    frame_end();
}

static void do_call_named(void) {
    if (running == NOTHING) return respond_text(STATUS_STOPPED, stopped_because);
    char name[64] = {0}, signature[12];
    const uint8_t *length = take(1);
    const uint8_t *bytes = length == NULL || *length >= sizeof name ? NULL : take(*length);
    if (bytes == NULL) return respond_text(STATUS_BAD_REQUEST, "the name is missing or too long");
    memcpy(name, bytes, *length);
    const char *error = module_signature(name, signature);
    if (error != NULL) return respond_text(STATUS_BAD_REQUEST, error);
    if (strpbrk(signature, "fF") != NULL) return respond_text(STATUS_BAD_REQUEST, "only i32 and i64 cross the link");
    uint64_t arguments[MODULE_MAX_ARGS], value = 0;
    int32_t count = take_arguments(signature, arguments);
    if (count < 0 || request.left != 0) return respond_text(STATUS_BAD_REQUEST, "arguments do not fit the signature");

    const char *trap = module_call(name, arguments, (uint32_t)count, &value);
    if (trap != NULL) {
        stop(trap);
        return respond_text(STATUS_TRAP, trap);
    }
    respond(STATUS_OK);
    frame_put(signature, 1);
    if (signature[0] != 'v') put_word((uint32_t)value);
    if (signature[0] == 'I') put_word((uint32_t)(value >> 32));
    frame_end();
}

static void do_map(void) {
    const uint8_t *compile_all = take(1);
    if (compile_all == NULL) return respond_text(STATUS_BAD_REQUEST, "the flag is missing");
    const char *error = *compile_all != 0 ? module_compile_all() : NULL;
    if (error != NULL) return respond_text(STATUS_STOPPED, error);
    respond(STATUS_OK);
    memory_map_put();
    frame_end();
}

static void do_load(void) {
    const uint8_t *header = take(8);
    if (header == NULL) return respond_text(STATUS_BAD_REQUEST, "total and offset are missing");
    uint32_t total = get_u32(header), offset = get_u32(header + 4), chunk = request.left;
    if (total > (uint32_t)(__load_end - __load_start)) {
        return respond_text(STATUS_BAD_REQUEST, "the board has no room for this module");
    }
    if (offset == 0) {
        // The module that runs may lie where the new one goes.
        module_unload();
        stop("a module is being loaded");
        received = 0;
    }
    if (offset != received || chunk > total - offset) return respond_text(STATUS_BAD_REQUEST, "a chunk is out of order");
    memcpy(__load_start + offset, take(chunk), chunk);
    received += chunk;
    if (received == total) {
        const char *error = module_load(__load_start, total, 0, CAPABILITY_LOADED);
        if (error != NULL) {
            stop(error);
            return respond_text(STATUS_STOPPED, error);
        }
        running = LOADED;
    }
    respond_text(STATUS_OK, "");
}

static void do_flash_read(void) {
    static uint8_t chunk[256];
    const uint8_t *header = take(8);
    if (header == NULL) return respond_text(STATUS_BAD_REQUEST, "offset and length are missing");
    uint32_t offset = get_u32(header), length = get_u32(header + 4);
    uint32_t size = board_flash_sectors() * board_flash_sector_bytes();
    if (offset > size || length > size - offset) return respond_text(STATUS_BAD_REQUEST, "outside the partition");
    respond(STATUS_OK);
    while (length > 0) {
        uint32_t part = length < sizeof chunk ? length : sizeof chunk;
        // A frame that breaks off fails its CRC at the other end: the honest answer to a device that fails halfway.
        if (board_flash_read(offset, chunk, part) < 0) return respond_text(STATUS_BOARD, "the flash cannot be read");
        frame_put(chunk, part);
        offset += part;
        length -= part;
    }
    frame_end();
}

// The loaded module's memory for this request, or NULL, and then the refusal is sent. Never metrology's: a host that
// could write the meter's memory would measure in its place.
static uint8_t *loaded_memory(uint32_t address, uint32_t length) {
    uint8_t *memory = running == LOADED ? module_memory(address, length) : NULL;
    if (running == NOTHING) respond_text(STATUS_STOPPED, stopped_because);
    else if (running == METROLOGY) respond_text(STATUS_BAD_REQUEST, "only a loaded module's memory is open");
    else if (memory == NULL) respond_text(STATUS_BAD_REQUEST, "outside the module's memory");
    return memory;
}

static void do_memory_read(void) {
    const uint8_t *header = take(8);
    if (header == NULL) return respond_text(STATUS_BAD_REQUEST, "address and length are missing");
    uint32_t length = get_u32(header + 4);
    const uint8_t *memory = loaded_memory(get_u32(header), length);
    if (memory == NULL) return;
    respond(STATUS_OK);
    frame_put(memory, length);
    frame_end();
}

static void do_memory_write(void) {
    const uint8_t *header = take(4);
    if (header == NULL) return respond_text(STATUS_BAD_REQUEST, "the address is missing");
    uint32_t length = request.left;
    uint8_t *memory = loaded_memory(get_u32(header), length);
    if (memory == NULL) return;
    memcpy(memory, take(length), length);
    respond_text(STATUS_OK, "");
}

static void answer(void) {
    request.at = decoder.content;
    request.left = decoder.length;
    const uint8_t *header = take(3);
    if (header == NULL) return service_event(STATUS_BAD_FRAME, "the frame is too short");
    memcpy(request.sequence, header, 2);
    switch (header[2]) {
        case OP_HELLO: return do_hello();
        case OP_CALL: return do_call();
        case OP_CALL_NAMED: return do_call_named();
        case OP_MAP: return do_map();
        case OP_LOAD: return do_load();
        case OP_FLASH_READ: return do_flash_read();
        case OP_MEMORY_READ: return do_memory_read();
        case OP_MEMORY_WRITE: return do_memory_write();
        case OP_RESTART:
            respond_text(STATUS_OK, "");
            board_reset();
        case OP_POWER_OFF:
            respond_text(STATUS_OK, "");
            board_power_off();
        default: return respond_text(STATUS_BAD_OP, "no such operation");
    }
}

static void take_byte(uint8_t byte) {
    switch (frame_feed(&decoder, byte)) {
        case FRAME_NONE: return;
        case FRAME_READY: return answer();
        case FRAME_BAD_COBS: return service_event(STATUS_BAD_FRAME, "the frame breaks off inside a COBS block");
        case FRAME_BAD_CRC: return service_event(STATUS_BAD_FRAME, "the CRC is wrong");
        case FRAME_TOO_LONG: return service_event(STATUS_BAD_FRAME, "the frame is too long");
    }
}

_Noreturn void service_run(void) {
    const char *error = metrology_start();
    if (error == NULL) running = METROLOGY;
    else stop(error);
    service_event(STATUS_READY, error == NULL ? "" : error);
    for (;;) {
        uint8_t bytes[32];
        uint32_t count = board_link_read(bytes, sizeof bytes);
        if (count == 0) board_idle();
        for (uint32_t i = 0; i < count; i++) take_byte(bytes[i]);
    }
}
