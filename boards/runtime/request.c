#include "request.h"

#include <stddef.h>
#include <string.h>

#include "bytes.h"
#include "frame.h"
#include "log.h"
#include "state.h"

struct request request;

const uint8_t *request_take(uint32_t length) {
    if (request.left < length) return NULL;
    const uint8_t *taken = request.at;
    request.at += length;
    request.left -= length;
    return taken;
}

static void begin(const uint8_t sequence[2], enum service_status status) {
    uint8_t byte = (uint8_t)status;
    log_flush(); // what led here goes first
    state_counts.links[0].frames_out++;
    frame_begin();
    frame_put(sequence, 2);
    frame_put(&byte, 1);
}

void respond(enum service_status status) {
    begin(request.sequence, status);
}

void respond_text(enum service_status status, const char *text) {
    respond(status);
    frame_put(text, strlen(text));
    frame_end();
}

void put_word(uint32_t value) {
    uint8_t bytes[4];
    put_u32(bytes, value);
    frame_put(bytes, sizeof bytes);
}

void event_begin(enum service_status status) {
    static const uint8_t nobody[2];
    begin(nobody, status);
}

void event_text(enum service_status status, const char *text) {
    event_begin(status);
    frame_put(text, strlen(text));
    frame_end();
}
