#include "crypto.h"

#include <secp256k1.h>
#include <secp256k1_preallocated.h>
#include <torsion/hash.h>
#include <torsion/util.h>

#include "errors.h"
#include "fault.h"

// A signing context with its tables in flash holds a blinding scalar, a point and callbacks: about 200 bytes.
static _Alignas(16) uint8_t context_memory[256];
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
    if (secp256k1_context_preallocated_size(SECP256K1_CONTEXT_SIGN) > sizeof context_memory) {
        fault_raise("the secp256k1 context outgrew its memory");
    }
    context = secp256k1_context_preallocated_create(context_memory, SECP256K1_CONTEXT_SIGN);
    if (seed != NULL && !secp256k1_context_randomize(context, seed)) fault_raise("secp256k1 cannot be blinded");
}

void crypto_sha256(const uint8_t *data, size_t length, uint8_t digest[32]) {
    sha256_t state;
    sha256_init(&state);
    sha256_update(&state, data, length);
    sha256_final(&state, digest);
}

int32_t crypto_sign(const uint8_t key[32], const uint8_t digest[32], uint8_t signature[64]) {
    secp256k1_ecdsa_signature parsed;
    if (!secp256k1_ecdsa_sign(context, &parsed, digest, key, NULL, NULL)) return ERR_CRYPTO;
    secp256k1_ecdsa_signature_serialize_compact(context, signature, &parsed);
    return 0;
}

int32_t crypto_public_key(const uint8_t key[32], uint8_t public_key[33]) {
    secp256k1_pubkey point;
    if (!secp256k1_ec_pubkey_create(context, &point, key)) return ERR_CRYPTO;
    size_t length = 33;
    secp256k1_ec_pubkey_serialize(context, public_key, &length, &point, SECP256K1_EC_COMPRESSED);
    return 0;
}

void crypto_wipe(void *data, size_t length) {
    torsion_memzero(data, length);
}
