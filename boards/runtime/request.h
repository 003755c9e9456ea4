// The request of the service link that is being answered, its response, and events, which answer nothing. Normative
// text: boards/LINK.md.
#ifndef TIELINE_REQUEST_H
#define TIELINE_REQUEST_H

#include <stdint.h>

#define LINK_VERSION 2

enum service_op {
    OP_HELLO = 1,
    OP_CALL,
    OP_CALL_NAMED,
    OP_MAP,
    OP_RESTART,
    OP_LOAD,
    OP_FLASH_READ,
    OP_POWER_OFF,
    OP_MEMORY_READ,
    OP_MEMORY_WRITE,
    OP_START,
    OP_CODE_CACHE,
    OP_SETTINGS_READ,
    OP_SETTINGS_WRITE,
    OP_KEYS_MAKE,
    OP_IMAGE_BEGIN,
    OP_IMAGE_DATA,
    OP_IMAGE_END,
    OP_IMAGES,
    OP_STEP,
    OP_LOGS,
    OP_STATE,
    OP_METROLOGY_BEGIN,
    OP_METROLOGY_DATA,
    OP_METROLOGY_END,
};

enum service_status {
    STATUS_OK = 0,
    STATUS_BAD_FRAME = 1,
    STATUS_BAD_OP = 2,
    STATUS_BAD_REQUEST = 3,
    STATUS_TRAP = 4,
    STATUS_STOPPED = 5,
    STATUS_BOARD = 6,
    // Events, sequence number 0: nobody asked.
    STATUS_READY = 16,
    STATUS_FAULT = 17,
    STATUS_SEND = 18,
    STATUS_HANG_UP = 19,
    STATUS_TELL = 20,
    STATUS_BROADCAST = 21,
    STATUS_WATCH = 22,
    STATUS_RECORD = 23,
    STATUS_LOG = 24,
};

// The request, and how far it has been read. It stays where it is until it is answered.
struct request {
    const uint8_t *at;
    uint32_t left;
    uint8_t sequence[2];
};
extern struct request request;

// The next `length` bytes of it; NULL: there are not so many.
const uint8_t *request_take(uint32_t length);

// Begins the response; its payload follows by frame_put, and frame_end ends it.
void respond(enum service_status status);
// A whole response.
void respond_text(enum service_status status, const char *text);
// Four bytes of a payload.
void put_word(uint32_t value);

// As `respond` and `respond_text`, for an event.
void event_begin(enum service_status status);
void event_text(enum service_status status, const char *text);

#endif
