// The key store of emulated boards.
#include "provision.h"

#include <string.h>

#include "board.h"
#include "bytes.h"
#include "crypto.h"
#include "errors.h"
#include "frame.h"
#include "layout.h"

#define CRC_OFFSET ((uint32_t)(sizeof(struct provision) - 4))

// Nothing is provisioned where there is no valid record.
static void load(struct provision *record) {
    provision_read(record);
    int valid = memcmp(record->magic, PROVISION_MAGIC, sizeof record->magic) == 0 &&
                crc32_update(0, (const uint8_t *)record, CRC_OFFSET) == get_u32(record->crc);
    if (!valid) memset(record, 0, sizeof *record);
}

static int32_t store(struct provision *record) {
    memcpy(record->magic, PROVISION_MAGIC, sizeof record->magic);
    put_u32(record->crc, crc32_update(0, (const uint8_t *)record, CRC_OFFSET));
    return provision_write(record);
}

static int32_t get(uint32_t what, size_t offset, uint8_t *to, size_t length) {
    struct provision record;
    load(&record);
    int there = (record.has & what) != 0;
    if (there) memcpy(to, (const uint8_t *)&record + offset, length);
    crypto_wipe(&record, sizeof record);
    return there ? 0 : ERR_STATE;
}

#define GET(what, member, to) get(what, offsetof(struct provision, member), to, sizeof(((struct provision *)0)->member))

// A random scalar at `member`, which serves as a key and as a root.
static int32_t make(uint32_t what, size_t offset) {
    struct provision record;
    load(&record);
    uint8_t *to = (uint8_t *)&record + offset;
    int32_t result = (record.has & what) != 0 ? ERR_STATE : 0;
    if (result == 0) {
        do result = crypto_random(to, 32) < 0 ? ERR_CRYPTO : 0;
        while (result == 0 && crypto_scalar_check(to) < 0);
    }
    record.has |= (uint8_t)what;
    if (result == 0) result = store(&record);
    crypto_wipe(&record, sizeof record);
    return result;
}

int layout_large(void) {
    static enum { UNKNOWN, SMALL, LARGE } size;
    if (size == UNKNOWN) {
        struct provision record;
        load(&record);
        size = (record.has & PROVISION_LARGE) != 0 ? LARGE : SMALL;
        crypto_wipe(&record, sizeof record);
    }
    return size == LARGE;
}

int32_t board_key_sign(const uint8_t digest[32], uint8_t signature[64]) {
    uint8_t key[32];
    int32_t result = GET(PROVISION_KEY, key, key);
    if (result == 0) result = crypto_sign(key, digest, signature);
    crypto_wipe(key, sizeof key);
    return result;
}

int32_t board_key_public(uint8_t public_key[33]) {
    uint8_t key[32];
    int32_t result = GET(PROVISION_KEY, key, key);
    if (result == 0) result = crypto_public_key(key, public_key);
    crypto_wipe(key, sizeof key);
    return result;
}

int32_t board_key_make(void) {
    return make(PROVISION_KEY, offsetof(struct provision, key));
}

int32_t board_node_root(uint8_t root[32]) {
    return GET(PROVISION_ROOT, root, root);
}

int32_t board_node_root_make(void) {
    return make(PROVISION_ROOT, offsetof(struct provision, root));
}

int32_t board_update_key(uint8_t public_key[33]) {
    return GET(PROVISION_UPDATE_KEY, update_key, public_key);
}

uint32_t provision_inputs(void) {
    struct provision record;
    load(&record);
    uint32_t inputs = record.inputs;
    crypto_wipe(&record, sizeof record);
    return inputs;
}

int32_t provision_seed(uint8_t seed[32]) {
    return GET(PROVISION_SEED, seed, seed);
}
