// Frames of the service link: COBS between zero bytes, with a CRC-32. Normative text: boards/LINK.md.
#ifndef TIELINE_FRAME_H
#define TIELINE_FRAME_H

#include <stddef.h>
#include <stdint.h>

// Longest frame content: header, a call of the node with its arguments and a full input buffer, CRC.
#define FRAME_BYTES 5184

enum frame_event {
    FRAME_NONE,     // nothing complete yet
    FRAME_READY,    // `content` holds `length` bytes, CRC removed, until the next byte is fed
    FRAME_BAD_COBS, // the delimiter came inside a block
    FRAME_BAD_CRC,
    FRAME_TOO_LONG,
};

struct frame_decoder {
    uint8_t content[FRAME_BYTES];
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

// Sends one frame to the board's link, piece by piece, so that a response is never copied into a buffer of its own.
// Waits while the line is busy. A begun frame that is begun anew is cut off and fails its CRC.
void frame_begin(void);
void frame_put(const void *data, size_t length);
void frame_end(void);

// What board_cycles has gone on by while the line was being written to, and waited for.
uint32_t frame_line_cycles(void);

#endif
