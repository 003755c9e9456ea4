// SHA-256, HMAC and the random generator are those that libsecp256k1 has for its nonces: internal functions, so they are compiled in here.
// What hash_impl.h leaves to its user, and it.
#include <secp256k1.h>
#include <util.h>
#include <hash_impl.h>

#include "crypto.h"
#include "errors.h"

#define DIGEST_BYTES 32

void crypto_sha256(const uint8_t *data, size_t length, uint8_t digest[32]) {
    secp256k1_sha256 state;
    secp256k1_sha256_initialize(&state);
    secp256k1_sha256_write(&state, data, length);
    secp256k1_sha256_finalize(&state, digest);
    crypto_wipe(&state, sizeof state); // it may have been a secret
}

static secp256k1_sha256 stream;
static int streaming;

static void stream_begin(void) {
    if (!streaming) secp256k1_sha256_initialize(&stream);
    streaming = 1;
}

void crypto_stream_update(const uint8_t *data, size_t length) {
    stream_begin();
    secp256k1_sha256_write(&stream, data, length);
}

void crypto_stream_final(uint8_t digest[32]) {
    stream_begin();
    secp256k1_sha256_finalize(&stream, digest);
    crypto_stream_reset();
}

void crypto_stream_reset(void) {
    crypto_wipe(&stream, sizeof stream);
    streaming = 0;
}

void crypto_hmac(const uint8_t *key, size_t key_length, const uint8_t *data, size_t length, uint8_t mac[32]) {
    secp256k1_hmac_sha256 state;
    secp256k1_hmac_sha256_initialize(&state, key, key_length);
    secp256k1_hmac_sha256_write(&state, data, length);
    secp256k1_hmac_sha256_finalize(&state, mac);
    crypto_wipe(&state, sizeof state);
}

void crypto_hkdf(const uint8_t salt[32], const uint8_t *ikm, size_t ikm_length, uint8_t okm[64]) {
    uint8_t key[DIGEST_BYTES], blocks[DIGEST_BYTES + 1 + DIGEST_BYTES];
    uint8_t *first = blocks, *number = blocks + DIGEST_BYTES, *second = number + 1;
    crypto_hmac(salt, DIGEST_BYTES, ikm, ikm_length, key);
    *number = 1;
    crypto_hmac(key, sizeof key, number, 1, first);
    *number = 2;
    crypto_hmac(key, sizeof key, first, DIGEST_BYTES + 1, second);
    memcpy(okm, first, DIGEST_BYTES);
    memcpy(okm + DIGEST_BYTES, second, DIGEST_BYTES);
    crypto_wipe(key, sizeof key);
    crypto_wipe(blocks, sizeof blocks);
}

static secp256k1_rfc6979_hmac_sha256 generator;
static int seeded;

void crypto_random_seed(const uint8_t seed[32]) {
    secp256k1_rfc6979_hmac_sha256_initialize(&generator, seed, 32);
    seeded = 1;
}

int32_t crypto_random(uint8_t *data, size_t length) {
    if (!seeded) return ERR_STATE;
    secp256k1_rfc6979_hmac_sha256_generate(&generator, data, length);
    return 0;
}
