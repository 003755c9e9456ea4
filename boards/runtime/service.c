#include "service.h"

#include "board.h"
#include "code_cache.h"
#include "frame.h"
#include "loop.h"
#include "log.h"
#include "meter_port.h"
#include "metrology.h"
#include "node.h"
#include "operations.h"
#include "request.h"
#include "settings.h"
#include "state.h"

#define SERVICE_LINK 0

static uint8_t content[FRAME_BYTES];
static struct frame_decoder decoder = {.content = content, .capacity = sizeof content};

static void bad_frame(const char *text) {
    state_counts.links[SERVICE_LINK].bad_frames++;
    event_text(STATUS_BAD_FRAME, text);
}

static void answer(void) {
    request.at = decoder.content;
    request.left = decoder.length;
    const uint8_t *header = request_take(3);
    if (header == NULL) return bad_frame("the frame is too short");
    request.sequence[0] = header[0];
    request.sequence[1] = header[1];
    switch (header[2]) {
        case OP_HELLO: return do_hello();
        case OP_CALL: return do_call();
        case OP_CALL_NAMED: return do_call_named();
        case OP_MAP: return do_map();
        case OP_LOAD: return do_load();
        case OP_FLASH_READ: return do_flash_read();
        case OP_MEMORY_READ: return do_memory_read();
        case OP_MEMORY_WRITE: return do_memory_write();
        case OP_START: return do_start();
        case OP_CODE_CACHE: return do_code_cache();
        case OP_SETTINGS_READ: return do_settings_read();
        case OP_SETTINGS_WRITE: return do_settings_write();
        case OP_KEYS_MAKE: return do_keys_make();
        case OP_IMAGE_BEGIN: return do_image_begin();
        case OP_IMAGE_DATA: return do_image_data();
        case OP_IMAGE_END: return do_image_end();
        case OP_IMAGES: return do_images();
        case OP_STEP: return do_step();
        case OP_LOGS: return do_logs();
        case OP_STATE: return do_state();
        case OP_METROLOGY_BEGIN: return do_metrology_begin();
        case OP_METROLOGY_DATA: return do_metrology_data();
        case OP_METROLOGY_END: return do_metrology_end();
        case OP_RESTART:
            meter_port_save();
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
        case FRAME_READY:
            state_counts.links[SERVICE_LINK].frames_in++;
            answer();
            log_flush();
            // No module is being called here.
            return code_cache_trim();
        case FRAME_BAD_COBS: return bad_frame("the frame breaks off inside a COBS block");
        case FRAME_BAD_CRC: return bad_frame("the CRC is wrong");
        case FRAME_TOO_LONG: return bad_frame("the frame is too long");
    }
}

void service_start(void) {
    log_open();
    settings_open();
    node_choose();
    const char *error = metrology_start();
    if (error == NULL) error = loop_start();
    if (error != NULL) log_text("the meter does not run: ", error, NULL);
    event_text(STATUS_READY, error == NULL ? "" : error);
}

int service_turn(void) {
    uint8_t bytes[32];
    uint32_t count = board_link_read(SERVICE_LINK, bytes, sizeof bytes);
    for (uint32_t i = 0; i < count; i++) take_byte(bytes[i]);
    return count > 0;
}
