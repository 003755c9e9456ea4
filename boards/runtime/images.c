// Operations that bring a board another node module, and tell which one it has.
#include "board.h"
#include "bytes.h"
#include "errors.h"
#include "frame.h"
#include "operations.h"
#include "request.h"
#include "slots.h"

static void respond_code(int32_t code) {
    switch (code) {
        case 0: return respond_text(STATUS_OK, "");
        case ERR_VALUE: return respond_text(STATUS_BAD_REQUEST, "it is no header of an image that fits into a slot");
        case ERR_SIGNATURE: return respond_text(STATUS_BAD_REQUEST, "it is not signed by the update key");
        case ERR_REPLAY: return respond_text(STATUS_BAD_REQUEST, "its version is not above that of this board");
        case ERR_RANGE: return respond_text(STATUS_BAD_REQUEST, "bytes out of order, or too many");
        case ERR_MAC: return respond_text(STATUS_BAD_REQUEST, "the module is not what was signed");
        case ERR_STATE: return respond_text(STATUS_BOARD, "there is no update key, a trial, or no image under way");
        default: return respond_text(STATUS_BOARD, "the flash cannot be written");
    }
}

void do_image_begin(void) {
    const uint8_t *header = request_take(IMAGE_HEADER_BYTES);
    if (header == NULL || request.left != 0) return respond_code(ERR_VALUE);
    respond_code(slots_begin(header));
}

void do_image_data(void) {
    const uint8_t *offset = request_take(4);
    if (offset == NULL) return respond_text(STATUS_BAD_REQUEST, "the offset is missing");
    uint32_t length = request.left;
    respond_code(slots_write(get_u32(offset), request_take(length), length));
}

void do_image_end(void) {
    respond_code(slots_end());
}

void do_images(void) {
    struct slot_state state = slots_state();
    uint8_t bytes[4] = {(uint8_t)state.running, (uint8_t)state.active, (uint8_t)state.trial, (uint8_t)state.tries};
    respond(STATUS_OK);
    put_word(state.running_version);
    put_word(state.confirmed_version);
    frame_put(bytes, sizeof bytes);
    frame_end();
}
