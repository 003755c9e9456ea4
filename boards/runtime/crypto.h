// Cryptography, from libsecp256k1 and libtorsion as they stand in npm packages; of our own is only how HKDF calls HMAC.
// Outputs may overlap inputs; after a failure nothing has been written.
//
// Scalars are 32 bytes, big-endian, 1 <= scalar < group order unless said otherwise; points 33 bytes, SEC 1 compressed.
// ERR_CRYPTO: an input is no valid scalar or point, or the result would be none.
#ifndef TIELINE_CRYPTO_H
#define TIELINE_CRYPTO_H

#include <stddef.h>
#include <stdint.h>

// Prepares the curve. `seed` (32 bytes) blinds multiplications of the generator against side channels; NULL leaves
// them unblinded.
void crypto_init(const uint8_t *seed);

// Clears secret bytes in a way the compiler does not drop.
void crypto_wipe(void *data, size_t length);

// ---- Hashes: sha256.c, symmetric.c --------------------------------------------------------------------------------

// SHA-256 (FIPS 180-4) of `length` bytes into 32 bytes at `digest`.
void crypto_sha256(const uint8_t *data, size_t length, uint8_t digest[32]);
// RIPEMD-160 into 20 bytes at `digest`.
void crypto_ripemd160(const uint8_t *data, size_t length, uint8_t digest[20]);

// One hash whose input comes in pieces. `crypto_stream_final` gives the digest of all since the last one.
void crypto_stream_update(const uint8_t *data, size_t length);
void crypto_stream_final(uint8_t digest[32]);
// Forgets what was streamed.
void crypto_stream_reset(void);

// HMAC-SHA256. RFC 2104.
void crypto_hmac(const uint8_t *key, size_t key_length, const uint8_t *data, size_t length, uint8_t mac[32]);
// HKDF-SHA256 with empty info, 64 bytes. RFC 5869.
void crypto_hkdf(const uint8_t salt[32], const uint8_t *ikm, size_t ikm_length, uint8_t okm[64]);

// Random bytes: the generator of RFC 6979 (HMAC-DRBG with SHA-256) over one seed of 32 bytes. ERR_STATE: it has none.
void crypto_random_seed(const uint8_t seed[32]);
int32_t crypto_random(uint8_t *data, size_t length);

// ---- Ciphers: symmetric.c -----------------------------------------------------------------------------------------

// XORs `data` with the ChaCha20 keystream from block 0. RFC 8439.
void crypto_chacha20(const uint8_t key[32], const uint8_t nonce[12], uint8_t *data, size_t length);
// ChaCha20-Poly1305 in place; the 16-byte tag is written behind the `length` bytes. RFC 8439.
void crypto_seal(const uint8_t key[32], const uint8_t nonce[12], const uint8_t *ad, size_t ad_length, uint8_t *data,
                 size_t length);
// The reverse; `length` counts the tag. ERR_MAC: the tag is wrong.
int32_t crypto_open(const uint8_t key[32], const uint8_t nonce[12], const uint8_t *ad, size_t ad_length, uint8_t *data,
                    size_t length);

// ---- secp256k1: crypto.c ------------------------------------------------------------------------------------------

// ECDSA with an RFC 6979 nonce, low-S; r || s, big-endian.
int32_t crypto_sign(const uint8_t key[32], const uint8_t digest[32], uint8_t signature[64]);
// As `crypto_sign`; the recovery id (0..3) is the 65th byte.
int32_t crypto_sign_recoverable(const uint8_t key[32], const uint8_t digest[32], uint8_t signature[65]);
// 0 if the signature holds and its S is low.
int32_t crypto_verify(const uint8_t point[33], const uint8_t digest[32], const uint8_t signature[64]);
// The point that signed; ERR_CRYPTO: there is none, or `recovery_id` is none.
int32_t crypto_recover(const uint8_t digest[32], const uint8_t signature[64], uint32_t recovery_id, uint8_t point[33]);

// 0 if `scalar` is one.
int32_t crypto_scalar_check(const uint8_t scalar[32]);
// scalar * G.
int32_t crypto_public_key(const uint8_t scalar[32], uint8_t point[33]);
// SHA-256 of the compressed point scalar * point, in constant time.
int32_t crypto_ecdh(const uint8_t scalar[32], const uint8_t point[33], uint8_t secret[32]);
// a + b modulo the group order; `b` may be 0.
int32_t crypto_scalar_add(const uint8_t a[32], const uint8_t b[32], uint8_t sum[32]);
// a * b modulo the group order.
int32_t crypto_scalar_mul(const uint8_t a[32], const uint8_t b[32], uint8_t product[32]);
// scalar * point, in a time that depends on the scalar.
int32_t crypto_point_mul(const uint8_t point[33], const uint8_t scalar[32], uint8_t product[33]);
// a + b.
int32_t crypto_point_add(const uint8_t a[33], const uint8_t b[33], uint8_t sum[33]);
// point + scalar * G, in a time that depends on the scalar, which may be 0.
int32_t crypto_point_add_scalar(const uint8_t point[33], const uint8_t scalar[32], uint8_t sum[33]);

#endif
