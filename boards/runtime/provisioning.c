// Operations that set a board up.
#include "board.h"
#include "errors.h"
#include "frame.h"
#include "log.h"
#include "operations.h"
#include "request.h"
#include "settings.h"

void do_settings_read(void) {
    const uint8_t *list;
    uint32_t length = settings_list(&list);
    respond(STATUS_OK);
    frame_put(list, length);
    frame_end();
}

void do_settings_write(void) {
    uint32_t length = request.left;
    switch (settings_write(request_take(length), length)) {
        case 0:
            log_line("the settings are new");
            return respond_text(STATUS_OK, "");
        case ERR_ARGUMENT: return respond_text(STATUS_BAD_REQUEST, "it is no list of settings");
        case ERR_CAPACITY: return respond_text(STATUS_BAD_REQUEST, "the list is too long");
        case ERR_STATE:
            log_line("settings refused: sealed");
            return respond_text(STATUS_BOARD, "the board is sealed and its cover is closed");
        default: return respond_text(STATUS_BOARD, "the settings cannot be stored");
    }
}

void do_keys_make(void) {
    uint8_t made = 0;
    int32_t key = board_key_make(), root = board_node_root_make();
    // A key that is there already stays as it is.
    if ((key < 0 && key != ERR_STATE) || (root < 0 && root != ERR_STATE)) {
        return respond_text(STATUS_BOARD, "the board cannot make keys");
    }
    if (key == 0) made |= 1;
    if (root == 0) made |= 2;
    if (made != 0) log_line("keys were made");
    respond(STATUS_OK);
    frame_put(&made, 1);
    frame_end();
}
