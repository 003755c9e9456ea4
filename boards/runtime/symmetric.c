#include <string.h>
#include <torsion/aead.h>
#include <torsion/hash.h>
#include <torsion/stream.h>
#include <torsion/util.h>

#include "crypto.h"
#include "errors.h"

#define DIGEST_BYTES 32
#define BLOCK_BYTES 64
#define NONCE_BYTES 12
#define TAG_BYTES 16

void crypto_wipe(void *data, size_t length) {
    torsion_memzero(data, length);
}

void crypto_sha256(const uint8_t *data, size_t length, uint8_t digest[32]) {
    sha256_t state;
    sha256_init(&state);
    sha256_update(&state, data, length);
    sha256_final(&state, digest);
    crypto_wipe(&state, sizeof state); // it may have been a secret
}

void crypto_ripemd160(const uint8_t *data, size_t length, uint8_t digest[20]) {
    ripemd160_t state;
    ripemd160_init(&state);
    ripemd160_update(&state, data, length);
    ripemd160_final(&state, digest);
}

static sha256_t stream;
static int streaming;

static void stream_begin(void) {
    if (!streaming) sha256_init(&stream);
    streaming = 1;
}

void crypto_stream_update(const uint8_t *data, size_t length) {
    stream_begin();
    sha256_update(&stream, data, length);
}

void crypto_stream_final(uint8_t digest[32]) {
    stream_begin();
    sha256_final(&stream, digest);
    crypto_stream_reset();
}

void crypto_stream_reset(void) {
    crypto_wipe(&stream, sizeof stream);
    streaming = 0;
}

// libtorsion's own HMAC chooses among all its hashes at run time, and would bring the code of every one.
struct hmac {
    sha256_t inner, outer;
};

static void hmac_init_sha256(struct hmac *hmac, const uint8_t *key, size_t length) {
    uint8_t block[BLOCK_BYTES] = {0};
    if (length > BLOCK_BYTES) crypto_sha256(key, length, block);
    else memcpy(block, key, length);
    for (size_t i = 0; i < BLOCK_BYTES; i++) block[i] ^= 0x36;
    sha256_init(&hmac->inner);
    sha256_update(&hmac->inner, block, sizeof block);
    for (size_t i = 0; i < BLOCK_BYTES; i++) block[i] ^= 0x36 ^ 0x5c;
    sha256_init(&hmac->outer);
    sha256_update(&hmac->outer, block, sizeof block);
    crypto_wipe(block, sizeof block);
}

// Ends with the MAC; the key's states are gone then.
static void hmac_final_sha256(struct hmac *hmac, uint8_t mac[32]) {
    uint8_t digest[DIGEST_BYTES];
    sha256_final(&hmac->inner, digest);
    sha256_update(&hmac->outer, digest, sizeof digest);
    sha256_final(&hmac->outer, mac);
    crypto_wipe(hmac, sizeof *hmac);
    crypto_wipe(digest, sizeof digest);
}

void crypto_hmac(const uint8_t *key, size_t key_length, const uint8_t *data, size_t length, uint8_t mac[32]) {
    struct hmac hmac;
    hmac_init_sha256(&hmac, key, key_length);
    sha256_update(&hmac.inner, data, length);
    hmac_final_sha256(&hmac, mac);
}

void crypto_hkdf(const uint8_t salt[32], const uint8_t *ikm, size_t ikm_length, uint8_t okm[64]) {
    uint8_t extracted[DIGEST_BYTES], first[DIGEST_BYTES];
    crypto_hmac(salt, DIGEST_BYTES, ikm, ikm_length, extracted);
    struct hmac hmac, second;
    hmac_init_sha256(&hmac, extracted, sizeof extracted);
    second = hmac;
    sha256_update(&hmac.inner, "\1", 1);
    hmac_final_sha256(&hmac, first);
    sha256_update(&second.inner, first, sizeof first);
    sha256_update(&second.inner, "\2", 1);
    hmac_final_sha256(&second, okm + DIGEST_BYTES);
    memcpy(okm, first, sizeof first);
    crypto_wipe(extracted, sizeof extracted);
    crypto_wipe(first, sizeof first);
}

void crypto_chacha20(const uint8_t key[32], const uint8_t nonce[12], uint8_t *data, size_t length) {
    chacha20_t cipher;
    chacha20_init(&cipher, key, 32, nonce, NONCE_BYTES, 0);
    chacha20_crypt(&cipher, data, data, length);
    crypto_wipe(&cipher, sizeof cipher);
}

void crypto_seal(const uint8_t key[32], const uint8_t nonce[12], const uint8_t *ad, size_t ad_length, uint8_t *data,
                 size_t length) {
    aead_t aead;
    aead_init(&aead, key, nonce, NONCE_BYTES);
    aead_aad(&aead, ad, ad_length);
    aead_encrypt(&aead, data, data, length);
    aead_final(&aead, data + length);
    crypto_wipe(&aead, sizeof aead);
}

int32_t crypto_open(const uint8_t key[32], const uint8_t nonce[12], const uint8_t *ad, size_t ad_length, uint8_t *data,
                    size_t length) {
    if (length < TAG_BYTES) return ERR_MAC;
    uint8_t tag[TAG_BYTES];
    aead_t aead;
    aead_init(&aead, key, nonce, NONCE_BYTES);
    aead_aad(&aead, ad, ad_length);
    aead_auth(&aead, data, length - TAG_BYTES);
    aead_final(&aead, tag);
    // Nothing is decrypted before the tag is known to be right.
    int right = torsion_memequal(tag, data + length - TAG_BYTES, TAG_BYTES);
    if (right) chacha20_crypt(&aead.chacha, data, data, length - TAG_BYTES);
    crypto_wipe(&aead, sizeof aead);
    crypto_wipe(tag, sizeof tag);
    return right ? 0 : ERR_MAC;
}
