#include "key_ring.h"

#include <string.h>

#include "board.h"
#include "crypto.h"
#include "errors.h"

static uint32_t imported; // entries of board_test_keys in use

static void put_big_endian(uint8_t *at, uint32_t value) {
    for (int i = 0; i < 4; i++) at[i] = (uint8_t)(value >> (24 - 8 * i));
}

// HMAC-SHA256 under the root of `label` and numbers, each 4 bytes, big-endian.
static int32_t derive(const char *label, const uint32_t *numbers, uint32_t count, uint8_t secret[32]) {
    uint8_t root[32], text[24];
    int32_t result = board_node_root(root);
    if (result >= 0) {
        size_t length = strlen(label);
        memcpy(text, label, length);
        for (uint32_t i = 0; i < count; i++, length += 4) put_big_endian(text + length, numbers[i]);
        crypto_hmac(root, sizeof root, text, length, secret);
    }
    crypto_wipe(root, sizeof root);
    return result;
}

static struct board_test_key *find_imported(int32_t handle) {
    for (uint32_t i = 0; i < imported; i++) {
        if (board_test_keys[i].handle == handle) return &board_test_keys[i];
    }
    return NULL;
}

int32_t key_ring_key(int32_t handle, uint8_t key[32]) {
    if (handle < 0) return ERR_STATE;
    const struct board_test_key *test_key = find_imported(handle);
    if (test_key != NULL) {
        memcpy(key, test_key->key, sizeof test_key->key);
        return 0;
    }
    // All but one of 2^128 derived values are valid scalars; the next attempt makes up for it.
    for (uint32_t attempt = 0;; attempt++) {
        uint32_t numbers[] = {(uint32_t)handle, attempt};
        int32_t result = derive("tieline key", numbers, 2, key);
        if (result < 0 || crypto_scalar_check(key) >= 0) return result;
    }
}

int32_t key_ring_seed(uint32_t purpose, uint8_t seed[32]) {
    return derive("tieline seed", &purpose, 1, seed);
}

int32_t key_ring_import(int32_t handle, const uint8_t key[32]) {
    if (handle < 0 || crypto_scalar_check(key) < 0) return ERR_CRYPTO;
    struct board_test_key *entry = find_imported(handle);
    if (entry == NULL) {
        if (imported == board_test_key_room) return ERR_CAPACITY;
        entry = &board_test_keys[imported++];
        entry->handle = handle;
    }
    memcpy(entry->key, key, sizeof entry->key);
    return 0;
}

void key_ring_forget_imported(void) {
    for (uint32_t i = 0; i < imported; i++) crypto_wipe(&board_test_keys[i], sizeof board_test_keys[i]);
    imported = 0;
}
