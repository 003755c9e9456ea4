// Operations that bring a board another metrology module: with the cover open, so that the meter notes that, and only so.
#include "board.h"
#include "bytes.h"
#include "errors.h"
#include "frame.h"
#include "image.h"
#include "log.h"
#include "metrology_images.h"
#include "operations.h"
#include "request.h"

#define COVER_OPEN 1u

static void respond_code(int32_t code) {
    switch (code) {
        case 0: return respond_text(STATUS_OK, "");
        case ERR_VALUE: return respond_text(STATUS_BAD_REQUEST, "it is no header of a metrology module that fits");
        case ERR_SIGNATURE: return respond_text(STATUS_BAD_REQUEST, "it is not signed by the update key");
        case ERR_REPLAY: return respond_text(STATUS_BAD_REQUEST, "its version is not above that of this board");
        case ERR_RANGE: return respond_text(STATUS_BAD_REQUEST, "bytes out of order, or too many");
        case ERR_MAC: return respond_text(STATUS_BAD_REQUEST, "the module is not what was signed");
        case ERR_STATE: return respond_text(STATUS_BOARD, "there is no update key, a trial, or no module under way");
        default: return respond_text(STATUS_BOARD, "the flash cannot be written");
    }
}

// A cover that is closed in the middle of it ends the transfer: each step asks.
static int cover_is_open(void) {
    if ((board_tamper_inputs() & COVER_OPEN) != 0) return 1;
    log_line("a metrology module is refused: the cover is closed");
    respond_text(STATUS_BOARD, "the cover is closed");
    return 0;
}

void do_metrology_begin(void) {
    if (!cover_is_open()) return;
    const uint8_t *header = request_take(IMAGE_HEADER_BYTES);
    if (header == NULL || request.left != 0) return respond_code(ERR_VALUE);
    int32_t code = metrology_images_begin(header);
    if (code < 0) log_line("a metrology module is refused");
    else log_number("a metrology module is coming: version ", image_version(header));
    respond_code(code);
}

void do_metrology_data(void) {
    if (!cover_is_open()) return;
    const uint8_t *offset = request_take(4);
    if (offset == NULL) return respond_text(STATUS_BAD_REQUEST, "the offset is missing");
    uint32_t length = request.left;
    respond_code(metrology_images_write(get_u32(offset), request_take(length), length));
}

void do_metrology_end(void) {
    if (!cover_is_open()) return;
    respond_code(metrology_images_end());
}
