#include "image.h"

#include <string.h>

#include "bytes.h"
#include "crypto.h"
#include "errors.h"

#define HEADER_VERSION 4u
#define HEADER_LENGTH 8u
#define HEADER_ZERO 12u
#define HEADER_DIGEST 16u
#define HEADER_SIGNATURE 48u

uint32_t image_version(const uint8_t *header) {
    return get_u32(header + HEADER_VERSION);
}

static uint32_t length_in(const uint8_t *header) {
    return get_u32(header + HEADER_LENGTH);
}

int32_t image_check_header(const struct image_place *place, const uint8_t *header) {
    uint8_t key[33], digest[32];
    uint32_t length = length_in(header);
    if (memcmp(header, place->magic, 4) != 0 || get_u32(header + HEADER_ZERO) != 0) return ERR_VALUE;
    if (length == 0 || length > place->bytes - IMAGE_HEADER_BYTES) return ERR_VALUE;
    int32_t error = board_update_key(key);
    if (error < 0) return error;
    crypto_sha256(header, HEADER_SIGNATURE, digest);
    return crypto_verify(key, digest, header + HEADER_SIGNATURE) < 0 ? ERR_SIGNATURE : 0;
}

int32_t image_read_header(const struct image_place *place, uint8_t header[IMAGE_HEADER_BYTES]) {
    int32_t error = board_flash_read(place->partition, place->offset, header, IMAGE_HEADER_BYTES);
    return error < 0 ? error : image_check_header(place, header);
}

int32_t image_look(const struct image_place *place, struct image *image) {
    uint8_t header[IMAGE_HEADER_BYTES], digest[32];
    // Where it will run: what the processor sees there is what counts.
    const uint8_t *mapped = board_flash_map(place->partition);
    if (mapped == NULL) return ERR_STATE;
    int32_t error = image_read_header(place, header);
    if (error < 0) return error;
    *image = (struct image){image_version(header), mapped + place->offset + IMAGE_HEADER_BYTES, length_in(header)};
    crypto_sha256(image->module, image->length, digest);
    return memcmp(digest, header + HEADER_DIGEST, sizeof digest) == 0 ? 0 : ERR_MAC;
}

void image_forget(struct image_incoming *incoming) {
    incoming->length = 0;
}

int32_t image_begin(struct image_incoming *incoming, const struct image_place *place, const uint8_t *header) {
    image_forget(incoming);
    // Without its header, what is left of an older image is none.
    int32_t error = board_flash_erase(place->partition, place->offset / board_flash_sector_bytes());
    if (error < 0) return error;
    incoming->place = *place;
    incoming->taken = 0;
    incoming->length = length_in(header);
    memcpy(incoming->header, header, IMAGE_HEADER_BYTES);
    return 0;
}

// Programs `length` bytes at `offset` of a partition, and erases each sector first that begins among them.
static int32_t store(enum board_partition partition, uint32_t offset, const uint8_t *data, uint32_t length) {
    const uint32_t sector_bytes = board_flash_sector_bytes();
    while (length > 0) {
        uint32_t part = sector_bytes - offset % sector_bytes;
        if (part > length) part = length;
        int32_t error = offset % sector_bytes == 0 ? board_flash_erase(partition, offset / sector_bytes) : 0;
        if (error == 0) error = board_flash_program(partition, offset, data, part);
        if (error < 0) return error;
        offset += part;
        data += part;
        length -= part;
    }
    return 0;
}

int32_t image_write(struct image_incoming *incoming, uint32_t offset, const uint8_t *data, uint32_t length) {
    if (incoming->length == 0) return ERR_STATE;
    if (offset != incoming->taken || length > incoming->length - incoming->taken) return ERR_RANGE;
    const uint32_t at = incoming->place.offset + IMAGE_HEADER_BYTES + offset;
    int32_t error = store(incoming->place.partition, at, data, length);
    if (error < 0) image_forget(incoming);
    else incoming->taken += length;
    return error;
}

int32_t image_end(struct image_incoming *incoming, struct image *image) {
    const struct image_place *place = &incoming->place;
    if (incoming->length == 0 || incoming->taken != incoming->length) return ERR_STATE;
    image_forget(incoming);
    int32_t error = board_flash_program(place->partition, place->offset, incoming->header, IMAGE_HEADER_BYTES);
    return error < 0 ? error : image_look(place, image);
}
