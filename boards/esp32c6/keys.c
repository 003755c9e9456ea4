// Entropy and the key store: two records in flash, outside of every partition. They are in the clear unless the chip
// encrypts its flash, which README.md is about.
#include <string.h>

#include "board.h"
#include "bytes.h"
#include "crypto.h"
#include "errors.h"
#include "frame.h"
#include "internal.h"
#include "layout.h"
#include "registers.h"

// ---- Entropy ------------------------------------------------------------------------------------------------------

// Noise of the fast RC oscillator alone, without radio and converter, is poor: sixteen words for each that leaves, read
// no faster than the manual allows, and hashed together.
#define WORDS 128u
#define READ_EVERY_US 4u

int32_t board_entropy(uint8_t *data, uint32_t length) {
    uint32_t words[WORDS];
    uint8_t digest[32];
    if (length > sizeof digest) return ERR_STATE;
    MMIO32(LP_PERI_CLK_EN) |= LP_PERI_RNG_CK_EN;
    uint32_t alike = 0;
    for (uint32_t i = 0; i < WORDS; i++) {
        uint64_t from = board_monotonic_us();
        while (board_monotonic_us() - from < READ_EVERY_US) {}
        words[i] = MMIO32(LP_PERI_RNG_DATA);
        alike += i > 0 && words[i] == words[i - 1];
    }
    crypto_sha256((const uint8_t *)words, sizeof words, digest);
    memcpy(data, digest, length);
    crypto_wipe(words, sizeof words);
    crypto_wipe(digest, sizeof digest);
    // Neighbours are alike once in 2^32; a generator that stands still is none.
    if (alike <= 1) return 0;
    crypto_wipe(data, length);
    return ERR_STATE;
}

// ---- Records ------------------------------------------------------------------------------------------------------

struct record {
    uint8_t magic[4];
    uint8_t secret[32];
    uint8_t crc[4]; // CRC-32 of all before it
};

static const char magic_of[KEYS_SECTORS][4] = {{'T', 'L', 'C', 'K'}, {'T', 'L', 'C', 'R'}};
enum { METROLOGY_KEY, NODE_ROOT };

static uint32_t address_of(uint32_t which) {
    return KEYS_ADDRESS + which * SECTOR_BYTES;
}

static int32_t load(uint32_t which, uint8_t secret[32]) {
    struct record record;
    int32_t result = flash_read_at(address_of(which), (uint8_t *)&record, sizeof record);
    if (result == 0 && (memcmp(record.magic, magic_of[which], sizeof record.magic) != 0 ||
                        crc32_update(0, (const uint8_t *)&record, sizeof record - 4) != get_u32(record.crc))) {
        result = ERR_STATE;
    }
    if (result == 0) memcpy(secret, record.secret, sizeof record.secret);
    crypto_wipe(&record, sizeof record);
    crypto_wipe(flash_piece, sizeof flash_piece);
    return result;
}

// A random scalar, which serves as a key and as a root. What was half written when power failed counts as nothing.
static int32_t make(uint32_t which) {
    struct record record;
    int32_t result = load(which, record.secret);
    if (result != ERR_STATE) {
        crypto_wipe(&record, sizeof record);
        return result == 0 ? ERR_STATE : result;
    }
    do result = crypto_random(record.secret, sizeof record.secret) < 0 ? ERR_CRYPTO : 0;
    while (result == 0 && crypto_scalar_check(record.secret) < 0);
    memcpy(record.magic, magic_of[which], sizeof record.magic);
    put_u32(record.crc, crc32_update(0, (const uint8_t *)&record, sizeof record - 4));
    if (result == 0) result = flash_erase_at(address_of(which));
    if (result == 0) result = flash_program_at(address_of(which), (const uint8_t *)&record, sizeof record);
    crypto_wipe(&record, sizeof record);
    crypto_wipe(flash_piece, sizeof flash_piece);
    return result;
}

int32_t board_key_sign(const uint8_t digest[32], uint8_t signature[64]) {
    uint8_t key[32];
    int32_t result = load(METROLOGY_KEY, key) == 0 ? crypto_sign(key, digest, signature) : ERR_STATE;
    crypto_wipe(key, sizeof key);
    return result;
}

int32_t board_key_public(uint8_t public_key[33]) {
    uint8_t key[32];
    int32_t result = load(METROLOGY_KEY, key) == 0 ? crypto_public_key(key, public_key) : ERR_STATE;
    crypto_wipe(key, sizeof key);
    return result;
}

int32_t board_key_make(void) {
    return make(METROLOGY_KEY);
}

int32_t board_node_root(uint8_t root[32]) {
    return load(NODE_ROOT, root) == 0 ? 0 : ERR_STATE;
}

int32_t board_node_root_make(void) {
    return make(NODE_ROOT);
}

static int digit(char c) {
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

// Built into the firmware: whoever may replace that may replace the node as well.
int32_t board_update_key(uint8_t public_key[33]) {
    static const char text[] = UPDATE_KEY;
    uint8_t key[33];
    if (sizeof text != 2 * sizeof key + 1) return ERR_STATE;
    for (size_t i = 0; i < sizeof key; i++) {
        int high = digit(text[2 * i]), low = digit(text[2 * i + 1]);
        if (high < 0 || low < 0) return ERR_STATE;
        key[i] = (uint8_t)(high << 4 | low);
    }
    memcpy(public_key, key, sizeof key);
    return 0;
}
