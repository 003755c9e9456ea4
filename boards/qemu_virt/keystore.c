// The metrology key in a flash block outside the metrology partition. It is stored in the clear: this board is for
// tests and simulations only.
#include <string.h>

#include "board.h"
#include "bytes.h"
#include "crypto.h"
#include "errors.h"
#include "frame.h"
#include "pflash.h"

// Magic (4), private key (32), CRC-32 of both (4): host/qemu/image.ts writes it.
#define KEY_BLOCK 100u
#define KEY_MAGIC "TLK1"

struct key_record {
    uint8_t magic[4], key[32], crc[4];
};

static int32_t load(struct key_record *record) {
    pflash_read(KEY_BLOCK * PFLASH_BLOCK_BYTES, (uint8_t *)record, sizeof *record);
    int valid = memcmp(record->magic, KEY_MAGIC, sizeof record->magic) == 0 &&
                crc32_update(0, record->magic, 36) == get_u32(record->crc);
    return valid ? 0 : ERR_STATE;
}

int32_t board_key_sign(const uint8_t digest[32], uint8_t signature[64]) {
    struct key_record record;
    int32_t result = load(&record);
    if (result == 0) result = crypto_sign(record.key, digest, signature);
    crypto_wipe(&record, sizeof record);
    return result;
}

int32_t board_key_public(uint8_t public_key[33]) {
    struct key_record record;
    int32_t result = load(&record);
    if (result == 0) result = crypto_public_key(record.key, public_key);
    crypto_wipe(&record, sizeof record);
    return result;
}

// The same for every emulated board, and so no secret: a module computes the same on all of them, and on the emulated
// hardware of the host's tests, which has this root too.
int32_t board_node_root(uint8_t root[32]) {
    memset(root, 0x22, 32);
    return 0;
}
