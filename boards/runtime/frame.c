#include "frame.h"

#include "board.h"
#include "bytes.h"
#include "log.h"
#include "state.h"

uint32_t crc32_update(uint32_t crc, const uint8_t *data, size_t length) {
    // Four bits at a time: a sixteen-entry table is the flash-friendly middle between a loop per bit and 1 KB.
    static const uint32_t nibble[16] = {
        0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4, 0x4db26158, 0x5005713c,
        0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c, 0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c,
    };
    crc = ~crc;
    for (size_t i = 0; i < length; i++) {
        crc ^= data[i];
        crc = crc >> 4 ^ nibble[crc & 15];
        crc = crc >> 4 ^ nibble[crc & 15];
    }
    return ~crc;
}

static void append(struct frame_decoder *decoder, uint8_t byte) {
    if (decoder->length == decoder->capacity) decoder->too_long = 1;
    else decoder->content[decoder->length++] = byte;
}

static enum frame_event finish(struct frame_decoder *decoder) {
    if (decoder->too_long) return FRAME_TOO_LONG;
    if (decoder->block != 0) return FRAME_BAD_COBS;
    if (decoder->length < 4) return FRAME_BAD_CRC;
    decoder->length -= 4;
    uint32_t sent = get_u32(decoder->content + decoder->length);
    return crc32_update(0, decoder->content, decoder->length) == sent ? FRAME_READY : FRAME_BAD_CRC;
}

enum frame_event frame_feed(struct frame_decoder *decoder, uint8_t byte) {
    if (!decoder->collecting) {
        // The finished frame stayed readable until now.
        decoder->length = 0;
        decoder->block = 0;
        decoder->owes_zero = 0;
        decoder->too_long = 0;
        if (byte == 0) return FRAME_NONE; // delimiters may repeat
        decoder->collecting = 1;
    }
    if (byte == 0) {
        decoder->collecting = 0;
        return finish(decoder);
    }
    if (decoder->block == 0) {
        if (decoder->owes_zero) append(decoder, 0);
        decoder->block = byte - 1;
        decoder->owes_zero = byte != 0xff;
    } else {
        append(decoder, byte);
        decoder->block--;
    }
    return FRAME_NONE;
}

static void flush(struct frame_encoder *encoder) {
    encoder->block[0] = (uint8_t)(encoder->used + 1);
    encoder->put(encoder->to, encoder->block, encoder->used + 1);
    encoder->used = 0;
}

static void encode(struct frame_encoder *encoder, const uint8_t *data, size_t length) {
    for (size_t i = 0; i < length; i++) {
        if (data[i] == 0) {
            flush(encoder);
        } else {
            encoder->block[++encoder->used] = data[i];
            if (encoder->used == 254) flush(encoder);
        }
    }
}

static const uint8_t delimiter = 0;

void frame_encode_begin(struct frame_encoder *encoder) {
    encoder->put(encoder->to, &delimiter, 1);
    encoder->used = 0;
    encoder->crc = 0;
}

void frame_encode(struct frame_encoder *encoder, const void *data, size_t length) {
    encoder->crc = crc32_update(encoder->crc, data, length);
    encode(encoder, data, length);
}

void frame_encode_end(struct frame_encoder *encoder) {
    uint8_t crc[4];
    put_u32(crc, encoder->crc);
    encode(encoder, crc, sizeof crc);
    flush(encoder);
    encoder->put(encoder->to, &delimiter, 1);
}

static uint32_t line_cycles;

uint32_t frame_line_cycles(void) {
    return line_cycles;
}

// What writing may still take; without a bound whoever holds the cable is waited for.
static uint64_t patience_us = UINT64_MAX;
static int stuck;    // the line took nothing for so long, and has not since
static int dropping; // the rest of the frame goes nowhere

void frame_line_patience(uint64_t us) {
    patience_us = us;
}

int frame_line_takes(void) {
    // Of delimiters one more does no harm, and it ends what was cut off.
    if (stuck && board_link_write(0, &delimiter, 1) == 1) stuck = 0;
    return !stuck;
}

static void drop(void) {
    static int said;
    stuck = dropping = 1;
    state_counts.frames_dropped++;
    if (!said) log_line("the service host does not read: frames for it are dropped");
    said = 1;
}

static void put_service(void *nothing, const uint8_t *data, uint32_t length) {
    (void)nothing;
    if (dropping) return;
    const int bounded = patience_us != UINT64_MAX;
    const uint64_t since_us = bounded ? board_monotonic_us() : 0;
    const uint32_t since = board_cycles();
    uint64_t waited_us = 0;
    while (length > 0 && !dropping) {
        uint32_t accepted = board_link_write(0, data, length);
        data += accepted;
        length -= accepted;
        if (bounded) waited_us = board_monotonic_us() - since_us;
        if (accepted == 0 && waited_us >= patience_us) drop();
    }
    if (bounded) patience_us -= waited_us < patience_us ? waited_us : patience_us;
    line_cycles += board_cycles() - since;
}

static struct frame_encoder service = {.put = put_service};

void frame_begin(void) {
    dropping = !frame_line_takes();
    if (dropping) state_counts.frames_dropped++;
    frame_encode_begin(&service);
}

void frame_put(const void *data, size_t length) {
    frame_encode(&service, data, length);
}

void frame_end(void) {
    frame_encode_end(&service);
}
