// Images of modules that come over the link: a header, which the board's update key has signed, then the module.
// boards/LINK.md, "Images".
#ifndef TIELINE_IMAGE_H
#define TIELINE_IMAGE_H

#include <stdint.h>

#include "board.h"

// Magic (4), which says what the module is for, u32 version, u32 bytes of the module, u32 0, the module's SHA-256,
// signature over the SHA-256 of what is before it.
#define IMAGE_HEADER_BYTES 112u
#define IMAGE_MAGIC_NODE "TLN1"
#define IMAGE_MAGIC_METROLOGY "TLM1"

// Where an image of one kind lies, or may.
struct image_place {
    const char *magic;
    enum board_partition partition;
    uint32_t offset, bytes; // in the partition, with the header
};

// A module to run: it stays where it lies.
struct image {
    uint32_t version;
    const uint8_t *module;
    uint32_t length;
};

// An image that is being taken. `length`: bytes of its module; 0: none is.
struct image_incoming {
    struct image_place place;
    uint32_t taken, length;
    uint8_t header[IMAGE_HEADER_BYTES];
};

uint32_t image_version(const uint8_t *header);

// Whether a header is one for this place, signed by the update key. ERR_VALUE: it is none, or the module is too long.
// ERR_STATE: there is no update key. ERR_SIGNATURE: it is not by that key.
int32_t image_check_header(const struct image_place *place, const uint8_t *header);
// Reads the header of the image that lies there and checks it. Errors as above, and ERR_FLASH.
int32_t image_read_header(const struct image_place *place, uint8_t header[IMAGE_HEADER_BYTES]);
// The whole image that lies there, checked: flash is not trusted either. 0, or why it cannot run: errors as above;
// ERR_MAC: the module is not what was signed. ERR_STATE: nothing can run out of the partition.
int32_t image_look(const struct image_place *place, struct image *image);

// Begins to take an image by its header, which is checked: what is left of an older one there is none from now on.
// ERR_FLASH, and nothing is being taken.
int32_t image_begin(struct image_incoming *incoming, const struct image_place *place, const uint8_t *header);
// Takes `length` bytes of the module from `offset` on, in order. ERR_STATE: nothing was begun. ERR_RANGE: out of order, or
// more than the header says. ERR_FLASH, and nothing is being taken any more.
int32_t image_write(struct image_incoming *incoming, uint32_t offset, const uint8_t *data, uint32_t length);
// All is there: writes the header and looks at the image. ERR_STATE: it is not all there. ERR_FLASH; errors of image_look.
int32_t image_end(struct image_incoming *incoming, struct image *image);
// Whatever was being taken is not any more.
void image_forget(struct image_incoming *incoming);

#endif
