#include <torsion/aead.h>
#include <torsion/hash.h>
#include <torsion/stream.h>
#include <torsion/util.h>

#include "crypto.h"
#include "errors.h"

#define NONCE_BYTES 12
#define TAG_BYTES 16

void crypto_wipe(void *data, size_t length) {
    torsion_memzero(data, length);
}

void crypto_ripemd160(const uint8_t *data, size_t length, uint8_t digest[20]) {
    ripemd160_t state;
    ripemd160_init(&state);
    ripemd160_update(&state, data, length);
    ripemd160_final(&state, digest);
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
