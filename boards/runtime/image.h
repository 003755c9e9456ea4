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

uint32_t image_version(const uint8_t *header);
// Bytes of the module.
uint32_t image_length(const uint8_t *header);

// Whether a header is one of this magic and of a module of at most `room` bytes, signed by the update key. ERR_VALUE: it
// is none. ERR_STATE: there is no update key. ERR_SIGNATURE: it is not by that key.
int32_t image_check_header(const uint8_t *header, const char *magic, uint32_t room);

// Whether the module at `offset` of a partition, as it is mapped, is the one that the header, which is checked, names.
// ERR_MAC: it is not. ERR_STATE: nothing can run out of the partition.
int32_t image_check_module(const uint8_t *header, enum board_partition partition, uint32_t offset);

// Programs `length` bytes at `offset` of a partition, and erases each sector first that begins among them. ERR_FLASH.
int32_t image_store(enum board_partition partition, uint32_t offset, const uint8_t *data, uint32_t length);

#endif
