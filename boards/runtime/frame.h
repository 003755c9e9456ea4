// Frames of links: COBS between zero bytes, with a CRC-32. Normative text: boards/LINK.md.
#ifndef TIELINE_FRAME_H
#define TIELINE_FRAME_H

#include <stddef.h>
#include <stdint.h>

// Longest content of a frame to a board's service link: header, a call of metrology with its arguments and a full input
// buffer, CRC.
#define FRAME_BYTES 4160

enum frame_event {
    FRAME_NONE,     // nothing complete yet
    FRAME_READY,    // `content` holds `length` bytes, CRC removed, until the next byte is fed
    FRAME_BAD_COBS, // the delimiter came inside a block
    FRAME_BAD_CRC,
    FRAME_TOO_LONG,
};

struct frame_decoder {
    uint8_t *content;  // the caller's
    uint32_t capacity; // of it; the CRC has to fit too
    uint32_t length;   // bytes decoded so far
    uint8_t block;     // bytes still missing from the current block
    uint8_t owes_zero; // the next block is preceded by a zero
    uint8_t too_long;
    uint8_t collecting; // between the first byte of a frame and its delimiter
};

// Takes one byte. Whatever came before, the decoder is in step again after a zero byte.
enum frame_event frame_feed(struct frame_decoder *decoder, uint8_t byte);

// CRC-32 (IEEE 802.3, reflected) of `length` bytes, continuing from `crc`, 0 at the start.
uint32_t crc32_update(uint32_t crc, const uint8_t *data, size_t length);

// Encodes frames piece by piece, so that a content is never copied into a buffer of its own. A begun frame that is begun
// anew is cut off and fails its CRC.
struct frame_encoder {
    void (*put)(void *to, const uint8_t *data, uint32_t length); // takes all of it
    void *to;
    uint8_t block[255]; // length code, then up to 254 bytes
    uint32_t used;      // bytes after the code
    uint32_t crc;
};

// Bytes that a frame takes on the line, at most, for a content of so many: delimiters, CRC, codes of blocks.
#define FRAME_ON_LINE(content) ((content) + 4 + ((content) + 4) / 254 + 1 + 2)

void frame_encode_begin(struct frame_encoder *encoder);
void frame_encode(struct frame_encoder *encoder, const void *data, size_t length);
void frame_encode_end(struct frame_encoder *encoder);

// The same for the service link. Waits while the line is busy; where patience ends the frame is cut off, and those that
// follow are dropped until the line takes bytes again.
void frame_begin(void);
void frame_put(const void *data, size_t length);
void frame_end(void);

// For how long, from now on and in all, writing to the line may take. At first without a bound.
void frame_line_patience(uint64_t us);
// Whether the line takes bytes: 0 while frames are dropped.
int frame_line_takes(void);

// What board_cycles has gone on by while the line was being written to, and waited for.
uint32_t frame_line_cycles(void);

#endif
