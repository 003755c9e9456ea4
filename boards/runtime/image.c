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

uint32_t image_length(const uint8_t *header) {
    return get_u32(header + HEADER_LENGTH);
}

int32_t image_check_header(const uint8_t *header, const char *magic, uint32_t room) {
    uint8_t key[33], digest[32];
    uint32_t length = image_length(header);
    if (memcmp(header, magic, 4) != 0 || get_u32(header + HEADER_ZERO) != 0) return ERR_VALUE;
    if (length == 0 || length > room) return ERR_VALUE;
    int32_t error = board_update_key(key);
    if (error < 0) return error;
    crypto_sha256(header, HEADER_SIGNATURE, digest);
    return crypto_verify(key, digest, header + HEADER_SIGNATURE) < 0 ? ERR_SIGNATURE : 0;
}

int32_t image_check_module(const uint8_t *header, enum board_partition partition, uint32_t offset) {
    // Where it will run: what the processor sees there is what counts.
    const uint8_t *mapped = board_flash_map(partition);
    uint8_t digest[32];
    if (mapped == NULL) return ERR_STATE;
    crypto_sha256(mapped + offset, image_length(header), digest);
    return memcmp(digest, header + HEADER_DIGEST, sizeof digest) == 0 ? 0 : ERR_MAC;
}

int32_t image_store(enum board_partition partition, uint32_t offset, const uint8_t *data, uint32_t length) {
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
