// The import functions of assembly/crypto/crypto.ts, and of test/driver/test_keys.entry.ts for boards that offer it.
#include "crypto.h"
#include "crypto_abi.h"
#include "errors.h"
#include "imports.h"
#include "key_ring.h"

#define DIGEST_BYTES 32
#define SCALAR_BYTES 32
#define POINT_BYTES 33
#define SIGNATURE_BYTES 64
#define KEY_BYTES 32
#define NONCE_BYTES 12
#define TAG_BYTES 16

// Multiplying points takes a chip some 20 ms, as long as so many turns of a loop: a module that does nothing else runs
// out of gas before the meter has waited for long.
#define POINT_GAS 32768
#define CHARGE_POINT module_charge(module_of(runtime), POINT_GAS)

// ---- Hashes -------------------------------------------------------------------------------------------------------

IMPORT(sha256) {
    const uint8_t *data = RANGE(0, ARGUMENT(1));
    uint8_t *digest = RANGE(2, DIGEST_BYTES);
    if (data == NULL || digest == NULL) return ERR_RANGE;
    crypto_sha256(data, ARGUMENT(1), digest);
    return 0;
}

IMPORT(sha256d) {
    int32_t result = body_sha256(runtime, memory, arguments);
    uint8_t *digest = RANGE(2, DIGEST_BYTES);
    if (result >= 0) crypto_sha256(digest, DIGEST_BYTES, digest);
    return result;
}

IMPORT(sha256_update) {
    const uint8_t *data = RANGE(0, ARGUMENT(1));
    if (data == NULL) return ERR_RANGE;
    crypto_stream_update(data, ARGUMENT(1));
    return 0;
}

IMPORT(sha256_final) {
    uint8_t *digest = RANGE(0, DIGEST_BYTES);
    if (digest == NULL) return ERR_RANGE;
    crypto_stream_final(digest);
    return 0;
}

IMPORT(ripemd160) {
    const uint8_t *data = RANGE(0, ARGUMENT(1));
    uint8_t *digest = RANGE(2, 20);
    if (data == NULL || digest == NULL) return ERR_RANGE;
    crypto_ripemd160(data, ARGUMENT(1), digest);
    return 0;
}

IMPORT(hmac_sha256) {
    const uint8_t *key = RANGE(0, ARGUMENT(1));
    const uint8_t *data = RANGE(2, ARGUMENT(3));
    uint8_t *mac = RANGE(4, DIGEST_BYTES);
    if (key == NULL || data == NULL || mac == NULL) return ERR_RANGE;
    crypto_hmac(key, ARGUMENT(1), data, ARGUMENT(3), mac);
    return 0;
}

IMPORT(hkdf_sha256) {
    const uint8_t *salt = RANGE(0, DIGEST_BYTES);
    const uint8_t *ikm = RANGE(1, ARGUMENT(2));
    uint8_t *okm = RANGE(3, 2 * DIGEST_BYTES);
    if (salt == NULL || ikm == NULL || okm == NULL) return ERR_RANGE;
    crypto_hkdf(salt, ikm, ARGUMENT(2), okm);
    return 0;
}

// ---- Ciphers ------------------------------------------------------------------------------------------------------

IMPORT(chacha20) {
    const uint8_t *key = RANGE(0, KEY_BYTES);
    const uint8_t *nonce = RANGE(1, NONCE_BYTES);
    uint8_t *data = RANGE(2, ARGUMENT(3));
    if (key == NULL || nonce == NULL || data == NULL) return ERR_RANGE;
    crypto_chacha20(key, nonce, data, ARGUMENT(3));
    return 0;
}

IMPORT(aead_seal) {
    uint32_t length = ARGUMENT(5);
    const uint8_t *key = RANGE(0, KEY_BYTES);
    const uint8_t *nonce = RANGE(1, NONCE_BYTES);
    const uint8_t *ad = RANGE(2, ARGUMENT(3));
    uint8_t *data = length > UINT32_MAX - TAG_BYTES ? NULL : RANGE(4, length + TAG_BYTES);
    if (key == NULL || nonce == NULL || ad == NULL || data == NULL) return ERR_RANGE;
    crypto_seal(key, nonce, ad, ARGUMENT(3), data, length);
    return 0;
}

IMPORT(aead_open) {
    const uint8_t *key = RANGE(0, KEY_BYTES);
    const uint8_t *nonce = RANGE(1, NONCE_BYTES);
    const uint8_t *ad = RANGE(2, ARGUMENT(3));
    uint8_t *data = RANGE(4, ARGUMENT(5));
    if (key == NULL || nonce == NULL || ad == NULL || data == NULL) return ERR_RANGE;
    return crypto_open(key, nonce, ad, ARGUMENT(3), data, ARGUMENT(5));
}

// ---- Long-term keys -----------------------------------------------------------------------------------------------

// The key of the handle that is argument 0, for the block that follows and no longer.
#define WITH_KEY(key, ...) \
    uint8_t key[KEY_BYTES]; \
    int32_t result = key_ring_key((int32_t)ARGUMENT(0), key); \
    if (result >= 0) result = __VA_ARGS__; \
    crypto_wipe(key, sizeof key); \
    return result

IMPORT(key_public) {
    CHARGE_POINT;
    uint8_t *point = RANGE(1, POINT_BYTES);
    WITH_KEY(key, point == NULL ? ERR_RANGE : crypto_public_key(key, point));
}

IMPORT(key_ecdh) {
    CHARGE_POINT;
    const uint8_t *point = RANGE(1, POINT_BYTES);
    uint8_t *secret = RANGE(2, DIGEST_BYTES);
    WITH_KEY(key, point == NULL || secret == NULL ? ERR_RANGE : crypto_ecdh(key, point, secret));
}

// The key times the scalar at `factor` plus the one at `summand`, NULL: left out, signs.
static int32_t sign_tweaked(uint8_t key[32], const uint8_t *factor, const uint8_t *summand, const uint8_t *digest,
                            uint8_t *signature) {
    int32_t result = factor == NULL ? 0 : crypto_scalar_mul(key, factor, key);
    if (result >= 0 && summand != NULL) result = crypto_scalar_add(key, summand, key);
    return result < 0 ? result : crypto_sign(key, digest, signature);
}

IMPORT(key_sign) {
    CHARGE_POINT;
    const uint8_t *factor = ARGUMENT(1) == 0 ? NULL : RANGE(1, SCALAR_BYTES);
    const uint8_t *summand = ARGUMENT(2) == 0 ? NULL : RANGE(2, SCALAR_BYTES);
    const uint8_t *digest = RANGE(3, DIGEST_BYTES);
    uint8_t *signature = RANGE(4, SIGNATURE_BYTES);
    int outside = (factor == NULL) != (ARGUMENT(1) == 0) || (summand == NULL) != (ARGUMENT(2) == 0) || digest == NULL ||
                  signature == NULL;
    WITH_KEY(key, outside ? ERR_RANGE : sign_tweaked(key, factor, summand, digest, signature));
}

IMPORT(key_sign_recoverable) {
    CHARGE_POINT;
    const uint8_t *digest = RANGE(1, DIGEST_BYTES);
    uint8_t *signature = RANGE(2, SIGNATURE_BYTES + 1);
    WITH_KEY(key, digest == NULL || signature == NULL ? ERR_RANGE : crypto_sign_recoverable(key, digest, signature));
}

IMPORT(key_seed) {
    uint8_t *secret = RANGE(1, DIGEST_BYTES);
    return secret == NULL ? ERR_RANGE : key_ring_seed(ARGUMENT(0), secret);
}

// ---- secp256k1 on scalars and points of the module ----------------------------------------------------------------

IMPORT(scalar_public) {
    CHARGE_POINT;
    const uint8_t *scalar = RANGE(0, SCALAR_BYTES);
    uint8_t *point = RANGE(1, POINT_BYTES);
    return scalar == NULL || point == NULL ? ERR_RANGE : crypto_public_key(scalar, point);
}

IMPORT(scalar_ecdh) {
    CHARGE_POINT;
    const uint8_t *scalar = RANGE(0, SCALAR_BYTES);
    const uint8_t *point = RANGE(1, POINT_BYTES);
    uint8_t *secret = RANGE(2, DIGEST_BYTES);
    if (scalar == NULL || point == NULL || secret == NULL) return ERR_RANGE;
    return crypto_ecdh(scalar, point, secret);
}

IMPORT(scalar_add) {
    const uint8_t *a = RANGE(0, SCALAR_BYTES);
    const uint8_t *b = RANGE(1, SCALAR_BYTES);
    uint8_t *sum = RANGE(2, SCALAR_BYTES);
    return a == NULL || b == NULL || sum == NULL ? ERR_RANGE : crypto_scalar_add(a, b, sum);
}

IMPORT(scalar_mul) {
    const uint8_t *a = RANGE(0, SCALAR_BYTES);
    const uint8_t *b = RANGE(1, SCALAR_BYTES);
    uint8_t *product = RANGE(2, SCALAR_BYTES);
    return a == NULL || b == NULL || product == NULL ? ERR_RANGE : crypto_scalar_mul(a, b, product);
}

IMPORT(point_mul) {
    CHARGE_POINT;
    const uint8_t *point = RANGE(0, POINT_BYTES);
    const uint8_t *scalar = RANGE(1, SCALAR_BYTES);
    uint8_t *product = RANGE(2, POINT_BYTES);
    if (point == NULL || scalar == NULL || product == NULL) return ERR_RANGE;
    return crypto_point_mul(point, scalar, product);
}

IMPORT(point_add) {
    const uint8_t *a = RANGE(0, POINT_BYTES);
    const uint8_t *b = RANGE(1, POINT_BYTES);
    uint8_t *sum = RANGE(2, POINT_BYTES);
    return a == NULL || b == NULL || sum == NULL ? ERR_RANGE : crypto_point_add(a, b, sum);
}

IMPORT(point_add_scalar) {
    CHARGE_POINT;
    const uint8_t *point = RANGE(0, POINT_BYTES);
    const uint8_t *scalar = RANGE(1, SCALAR_BYTES);
    uint8_t *sum = RANGE(2, POINT_BYTES);
    if (point == NULL || scalar == NULL || sum == NULL) return ERR_RANGE;
    return crypto_point_add_scalar(point, scalar, sum);
}

IMPORT(verify) {
    CHARGE_POINT;
    const uint8_t *point = RANGE(0, POINT_BYTES);
    const uint8_t *digest = RANGE(1, DIGEST_BYTES);
    const uint8_t *signature = RANGE(2, SIGNATURE_BYTES);
    if (point == NULL || digest == NULL || signature == NULL) return ERR_RANGE;
    return crypto_verify(point, digest, signature);
}

IMPORT(recover) {
    CHARGE_POINT;
    const uint8_t *digest = RANGE(0, DIGEST_BYTES);
    const uint8_t *signature = RANGE(1, SIGNATURE_BYTES);
    uint8_t *point = RANGE(3, POINT_BYTES);
    if (digest == NULL || signature == NULL || point == NULL) return ERR_RANGE;
    return crypto_recover(digest, signature, ARGUMENT(2), point);
}

// ---- Test keys ----------------------------------------------------------------------------------------------------

IMPORT(key_import) {
    const uint8_t *key = RANGE(1, KEY_BYTES);
    return key == NULL ? ERR_RANGE : key_ring_import((int32_t)ARGUMENT(0), key);
}

const struct import_row crypto_imports[] = {CRYPTO_IMPORTS(IMPORT_ROW)};
const uint32_t crypto_import_count = sizeof crypto_imports / sizeof crypto_imports[0];

const struct import_row test_keys_imports[] = {TEST_KEYS_IMPORTS(IMPORT_ROW)};
const uint32_t test_keys_import_count = sizeof test_keys_imports / sizeof test_keys_imports[0];
