// Operations on flash, and on the memory of modules under test.
#include <string.h>

#include "board.h"
#include "bytes.h"
#include "frame.h"
#include "operations.h"
#include "places.h"
#include "request.h"

static uint32_t received; // bytes of a module being loaded
static const struct place *destination;

void do_load(void) {
    const struct place *place = place_take_driven();
    if (place == NULL) return;
    const uint8_t *header = request_take(8);
    if (header == NULL) return respond_text(STATUS_BAD_REQUEST, "total and offset are missing");
    uint32_t total = get_u32(header), offset = get_u32(header + 4), chunk = request.left;
    // Nothing at all would still have stopped the module that runs, on boards without room too.
    if (total == 0 || total > board_test_room_bytes) {
        return respond_text(STATUS_BAD_REQUEST, "the board has no room for this module");
    }
    struct module *module = place->built_in->module;
    if (offset == 0) {
        // A module under test that runs in the other place lies where the new one goes.
        if (destination != NULL && destination->built_in->module->state != MODULE_BUILT_IN) {
            module_unload(destination->built_in->module, "another module is being loaded");
        }
        module_unload(module, "a module is being loaded");
        destination = place;
        received = 0;
    }
    if (place != destination || offset != received || chunk > total - offset) {
        return respond_text(STATUS_BAD_REQUEST, "a chunk is out of order");
    }
    if (chunk > 0) memcpy(board_test_room + offset, request_take(chunk), chunk);
    received += chunk;
    if (received == total) {
        const char *error = module_load(module, board_test_room, total, place->test_terms, MODULE_LOADED);
        if (error != NULL) return respond_text(STATUS_STOPPED, error);
    }
    respond_text(STATUS_OK, "");
}

void do_flash_read(void) {
    static uint8_t chunk[256];
    const uint8_t *header = request_take(9);
    if (header == NULL) return respond_text(STATUS_BAD_REQUEST, "partition, offset and length are missing");
    // The node's journal is not for whoever holds the service cable.
    if (header[0] >= BOARD_PARTITIONS || (header[0] != PARTITION_METROLOGY && board_test_room_bytes == 0)) {
        return respond_text(STATUS_BAD_REQUEST, "no such partition");
    }
    enum board_partition partition = (enum board_partition)header[0];
    uint32_t offset = get_u32(header + 1), length = get_u32(header + 5);
    uint32_t size = board_flash_sectors(partition) * board_flash_sector_bytes();
    if (offset > size || length > size - offset) return respond_text(STATUS_BAD_REQUEST, "outside the partition");
    respond(STATUS_OK);
    while (length > 0) {
        uint32_t part = length < sizeof chunk ? length : sizeof chunk;
        // A frame that breaks off fails its CRC at the other end: the honest answer to a device that fails halfway.
        if (board_flash_read(partition, offset, chunk, part) < 0) {
            return respond_text(STATUS_BOARD, "the flash cannot be read");
        }
        frame_put(chunk, part);
        offset += part;
        length -= part;
    }
    frame_end();
}

// The memory of a module under test for this request, or NULL, and then the refusal is sent. Never that of a module that
// is built in: a host that could write the meter's memory would measure in its place.
static uint8_t *loaded_memory(const struct place *place, uint32_t address, uint32_t length) {
    struct module *module = place->built_in->module;
    uint8_t *memory = module->state == MODULE_LOADED ? module_memory(module, address, length) : NULL;
    if (module->state == MODULE_BUILT_IN) respond_text(STATUS_BAD_REQUEST, "only a loaded module's memory is open");
    else if (memory == NULL) respond_text(STATUS_BAD_REQUEST, "outside the module's memory");
    return memory;
}

void do_memory_read(void) {
    const struct place *place = place_take_running();
    if (place == NULL) return;
    const uint8_t *header = request_take(8);
    if (header == NULL) return respond_text(STATUS_BAD_REQUEST, "address and length are missing");
    uint32_t length = get_u32(header + 4);
    const uint8_t *memory = loaded_memory(place, get_u32(header), length);
    if (memory == NULL) return;
    respond(STATUS_OK);
    frame_put(memory, length);
    frame_end();
}

void do_memory_write(void) {
    const struct place *place = place_take_running();
    if (place == NULL) return;
    const uint8_t *header = request_take(4);
    if (header == NULL) return respond_text(STATUS_BAD_REQUEST, "the address is missing");
    uint32_t length = request.left;
    uint8_t *memory = loaded_memory(place, get_u32(header), length);
    if (memory == NULL) return;
    if (length > 0) memcpy(memory, request_take(length), length);
    respond_text(STATUS_OK, "");
}
