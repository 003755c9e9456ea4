// The node module's cryptography, once for all C code: host/node/abi.ts says the same for the host, assembly/crypto for
// the module, and a test compares the three. X(name, signature), each on a line of its own, in the order of crypto.ts;
// signatures as in metrology_abi.h.
#ifndef TIELINE_CRYPTO_ABI_H
#define TIELINE_CRYPTO_ABI_H

#define CRYPTO_IMPORT_MODULE "crypto"

#define CRYPTO_IMPORTS(X) \
    X(sha256, "i(iii)") \
    X(sha256d, "i(iii)") \
    X(sha256_update, "i(ii)") \
    X(sha256_final, "i(i)") \
    X(ripemd160, "i(iii)") \
    X(hmac_sha256, "i(iiiii)") \
    X(hkdf_sha256, "i(iiii)") \
    X(chacha20, "i(iiii)") \
    X(aead_seal, "i(iiiiii)") \
    X(aead_open, "i(iiiiii)") \
    X(key_public, "i(ii)") \
    X(key_ecdh, "i(iii)") \
    X(key_sign, "i(iiiii)") \
    X(key_sign_recoverable, "i(iii)") \
    X(key_seed, "i(ii)") \
    X(scalar_public, "i(ii)") \
    X(scalar_ecdh, "i(iii)") \
    X(scalar_add, "i(iii)") \
    X(scalar_mul, "i(iii)") \
    X(point_mul, "i(iii)") \
    X(point_add, "i(iii)") \
    X(point_add_scalar, "i(iii)") \
    X(verify, "i(iii)") \
    X(recover, "i(iiii)")

// What test boards offer loaded modules besides: test/driver/test_keys.entry.ts.
#define TEST_KEYS_IMPORT_MODULE "test_keys.entry"

#define TEST_KEYS_IMPORTS(X) \
    X(key_import, "i(ii)")

#endif
