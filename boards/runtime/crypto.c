#include "crypto.h"

#include <secp256k1.h>
#include <secp256k1_ecdh.h>
#include <secp256k1_preallocated.h>
#include <secp256k1_recovery.h>
#include <string.h>

#include "errors.h"
#include "fault.h"

#define SCALAR_BYTES 32
#define POINT_BYTES 33

// Blinding scalar, point and callbacks, about 200 bytes, and verification's multiples of the generator; those of signing
// are in flash.
static _Alignas(16) uint8_t context_memory[512];
static secp256k1_context *context;

// libsecp256k1 calls these when it is misused or finds itself corrupted (USE_EXTERNAL_DEFAULT_CALLBACKS).
void secp256k1_default_illegal_callback_fn(const char *message, void *data);
void secp256k1_default_error_callback_fn(const char *message, void *data);

void secp256k1_default_illegal_callback_fn(const char *message, void *data) {
    (void)data;
    fault_raise(message);
}

void secp256k1_default_error_callback_fn(const char *message, void *data) {
    (void)data;
    fault_raise(message);
}

void crypto_init(const uint8_t *seed) {
    const unsigned flags = SECP256K1_CONTEXT_SIGN | SECP256K1_CONTEXT_VERIFY;
    if (secp256k1_context_preallocated_size(flags) > sizeof context_memory) {
        fault_raise("the secp256k1 context outgrew its memory");
    }
    context = secp256k1_context_preallocated_create(context_memory, flags);
    if (seed != NULL && !secp256k1_context_randomize(context, seed)) fault_raise("secp256k1 cannot be blinded");
}

static int read_point(secp256k1_pubkey *point, const uint8_t bytes[33]) {
    return secp256k1_ec_pubkey_parse(context, point, bytes, POINT_BYTES);
}

static int32_t write_point(const secp256k1_pubkey *point, uint8_t bytes[33]) {
    size_t length = POINT_BYTES;
    secp256k1_ec_pubkey_serialize(context, bytes, &length, point, SECP256K1_EC_COMPRESSED);
    return 0;
}

int32_t crypto_sign(const uint8_t key[32], const uint8_t digest[32], uint8_t signature[64]) {
    secp256k1_ecdsa_signature made;
    if (!secp256k1_ecdsa_sign(context, &made, digest, key, NULL, NULL)) return ERR_CRYPTO;
    secp256k1_ecdsa_signature_serialize_compact(context, signature, &made);
    return 0;
}

int32_t crypto_sign_recoverable(const uint8_t key[32], const uint8_t digest[32], uint8_t signature[65]) {
    secp256k1_ecdsa_recoverable_signature made;
    int recovery_id;
    if (!secp256k1_ecdsa_sign_recoverable(context, &made, digest, key, NULL, NULL)) return ERR_CRYPTO;
    secp256k1_ecdsa_recoverable_signature_serialize_compact(context, signature, &recovery_id, &made);
    signature[64] = (uint8_t)recovery_id;
    return 0;
}

int32_t crypto_verify(const uint8_t point[33], const uint8_t digest[32], const uint8_t signature[64]) {
    secp256k1_pubkey key;
    secp256k1_ecdsa_signature made;
    int holds = read_point(&key, point) && secp256k1_ecdsa_signature_parse_compact(context, &made, signature) &&
                secp256k1_ecdsa_verify(context, &made, digest, &key);
    return holds ? 0 : ERR_CRYPTO;
}

int32_t crypto_recover(const uint8_t digest[32], const uint8_t signature[64], uint32_t recovery_id, uint8_t point[33]) {
    secp256k1_pubkey key;
    secp256k1_ecdsa_recoverable_signature made;
    int found = recovery_id <= 3 &&
                secp256k1_ecdsa_recoverable_signature_parse_compact(context, &made, signature, (int)recovery_id) &&
                secp256k1_ecdsa_recover(context, &key, &made, digest);
    return found ? write_point(&key, point) : ERR_CRYPTO;
}

int32_t crypto_scalar_check(const uint8_t scalar[32]) {
    return secp256k1_ec_seckey_verify(context, scalar) ? 0 : ERR_CRYPTO;
}

int32_t crypto_public_key(const uint8_t scalar[32], uint8_t point[33]) {
    secp256k1_pubkey key;
    return secp256k1_ec_pubkey_create(context, &key, scalar) ? write_point(&key, point) : ERR_CRYPTO;
}

int32_t crypto_ecdh(const uint8_t scalar[32], const uint8_t point[33], uint8_t secret[32]) {
    secp256k1_pubkey key;
    int made = read_point(&key, point) && secp256k1_ecdh(context, secret, &key, scalar, NULL, NULL);
    return made ? 0 : ERR_CRYPTO;
}

typedef int scalar_operation(const secp256k1_context *context, uint8_t *scalar, const uint8_t *other);

static int32_t combine_scalars(scalar_operation *operation, const uint8_t a[32], const uint8_t b[32], uint8_t result[32]) {
    uint8_t value[SCALAR_BYTES];
    // The library would take a first operand beyond the group order modulo the order.
    if (!secp256k1_ec_seckey_verify(context, a)) return ERR_CRYPTO;
    memcpy(value, a, sizeof value);
    int made = operation(context, value, b);
    if (made) memcpy(result, value, sizeof value);
    crypto_wipe(value, sizeof value);
    return made ? 0 : ERR_CRYPTO;
}

int32_t crypto_scalar_add(const uint8_t a[32], const uint8_t b[32], uint8_t sum[32]) {
    return combine_scalars(secp256k1_ec_privkey_tweak_add, a, b, sum);
}

int32_t crypto_scalar_mul(const uint8_t a[32], const uint8_t b[32], uint8_t product[32]) {
    return combine_scalars(secp256k1_ec_privkey_tweak_mul, a, b, product);
}

int32_t crypto_point_mul(const uint8_t point[33], const uint8_t scalar[32], uint8_t product[33]) {
    secp256k1_pubkey key;
    int made = read_point(&key, point) && secp256k1_ec_pubkey_tweak_mul(context, &key, scalar);
    return made ? write_point(&key, product) : ERR_CRYPTO;
}

int32_t crypto_point_add(const uint8_t a[33], const uint8_t b[33], uint8_t sum[33]) {
    secp256k1_pubkey keys[2], combined;
    const secp256k1_pubkey *const pointers[] = {&keys[0], &keys[1]};
    int made = read_point(&keys[0], a) && read_point(&keys[1], b) &&
               secp256k1_ec_pubkey_combine(context, &combined, pointers, 2);
    return made ? write_point(&combined, sum) : ERR_CRYPTO;
}

int32_t crypto_point_add_scalar(const uint8_t point[33], const uint8_t scalar[32], uint8_t sum[33]) {
    secp256k1_pubkey key;
    int made = read_point(&key, point) && secp256k1_ec_pubkey_tweak_add(context, &key, scalar);
    return made ? write_point(&key, sum) : ERR_CRYPTO;
}
