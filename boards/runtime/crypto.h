// Cryptography, from libsecp256k1 and libtorsion as they stand in npm packages; none of it is our own.
#ifndef TIELINE_CRYPTO_H
#define TIELINE_CRYPTO_H

#include <stddef.h>
#include <stdint.h>

// Prepares signing. `seed` (32 bytes) blinds the multiplications against side channels; NULL leaves them unblinded.
void crypto_init(const uint8_t *seed);

// SHA-256 (FIPS 180-4) of `length` bytes into 32 bytes at `digest`. `digest` may overlap `data`.
void crypto_sha256(const uint8_t *data, size_t length, uint8_t digest[32]);

// ECDSA over secp256k1 with an RFC 6979 nonce, low-S; r || s, big-endian. ERR_CRYPTO: `key` is not a valid scalar.
int32_t crypto_sign(const uint8_t key[32], const uint8_t digest[32], uint8_t signature[64]);

// SEC 1 compressed point of `key`. ERR_CRYPTO: `key` is not a valid scalar.
int32_t crypto_public_key(const uint8_t key[32], uint8_t public_key[33]);

// Clears secret bytes in a way the compiler does not drop.
void crypto_wipe(void *data, size_t length);

#endif
