// Cryptography is the board's: these imports are all that the node module has of it, and no room has another way. The
// wasm import module is named after this file, "crypto". The board checks every range against the module's memory.
//
// Sizes, bytes: digest, scalar and secret 32; point 33 (SEC 1 compressed); signature 64 (r || s, big-endian); key and
// nonce of ChaCha20 32 and 12. Scalars are big-endian, 1 <= scalar < group order, unless said otherwise. Outputs may
// overlap inputs.
//
// Every function returns >= 0 on success or a negative code of base/errors.ts: ERR_RANGE where a range leaves memory,
// ERR_CRYPTO where an input is no valid point or scalar or the result would be none, ERR_STATE where a key handle
// stands for no key. After a failure nothing has been written.

// ---- Hashes -------------------------------------------------------------------------------------------------------

/** SHA-256 of `len` bytes at `data`. FIPS 180-4. */
export declare function sha256(data: usize, len: i32, digest: usize): i32;

/** SHA-256 of the SHA-256: transaction ids, signature hashes, gossip. */
export declare function sha256d(data: usize, len: i32, digest: usize): i32;

/** Streams `len` bytes into the one hash that the board keeps. */
export declare function sha256_update(data: usize, len: i32): i32;

/** SHA-256 of all that was streamed since the last `sha256_final`. */
export declare function sha256_final(digest: usize): i32;

/** RIPEMD-160 into 20 bytes at `digest`. */
export declare function ripemd160(data: usize, len: i32, digest: usize): i32;

/** HMAC-SHA256 into 32 bytes at `mac`. RFC 2104. */
export declare function hmac_sha256(key: usize, key_len: i32, data: usize, len: i32, mac: usize): i32;

/**
 * HKDF-SHA256 with a 32-byte salt and empty info, 64 bytes into `okm`: the two keys that BOLT 8 derives at a time.
 * RFC 5869.
 */
export declare function hkdf_sha256(salt: usize, ikm: usize, ikm_len: i32, okm: usize): i32;

// ---- Ciphers ------------------------------------------------------------------------------------------------------

/** XORs `len` bytes at `data` with the ChaCha20 keystream from block 0. RFC 8439. */
export declare function chacha20(key: usize, nonce: usize, data: usize, len: i32): i32;

/** Encrypts `len` bytes at `data` in place and writes the 16-byte tag behind them. RFC 8439, ChaCha20-Poly1305. */
export declare function aead_seal(key: usize, nonce: usize, ad: usize, ad_len: i32, data: usize, len: i32): i32;

/** Decrypts `len` bytes at `data`, tag included, in place: `len` - 16 bytes. ERR_MAC: the tag is wrong. */
export declare function aead_open(key: usize, nonce: usize, ad: usize, ad_len: i32, data: usize, len: i32): i32;

// ---- Long-term keys: handles of keys.ts; the keys themselves never enter wasm -------------------------------------

/** The key's public point. */
export declare function key_public(handle: i32, point: usize): i32;

/** SHA-256 of the compressed point key * `point`. */
export declare function key_ecdh(handle: i32, point: usize, secret: usize): i32;

/**
 * ECDSA over `digest` with the key times the scalar at `factor` plus the scalar at `summand` (which may be 0), each left
 * out where its address is 0: BOLT 3, "Key Derivation", signs so without the key's leaving the board. RFC 6979 nonce
 * without extra entropy, low-S.
 */
export declare function key_sign(handle: i32, factor: usize, summand: usize, digest: usize, signature: usize): i32;

/** As `key_sign` without factor and summand; the recovery id (0..3) is the 65th byte. */
export declare function key_sign_recoverable(handle: i32, digest: usize, signature: usize): i32;

/** A secret of its own for each purpose (keys.ts), which may enter wasm: 32 bytes. */
export declare function key_seed(purpose: i32, secret: usize): i32;

// ---- secp256k1 on scalars and points that live in wasm for a while ------------------------------------------------

/** The scalar's public point. */
export declare function scalar_public(scalar: usize, point: usize): i32;

/** SHA-256 of the compressed point scalar * `point`. */
export declare function scalar_ecdh(scalar: usize, point: usize, secret: usize): i32;

/** a + b modulo the group order; `b` may be 0. */
export declare function scalar_add(a: usize, b: usize, sum: usize): i32;

/** a * b modulo the group order. */
export declare function scalar_mul(a: usize, b: usize, product: usize): i32;

/** scalar * point. */
export declare function point_mul(point: usize, scalar: usize, product: usize): i32;

/** a + b. */
export declare function point_add(a: usize, b: usize, sum: usize): i32;

/** point + scalar * G; the scalar may be 0. */
export declare function point_add_scalar(point: usize, scalar: usize, sum: usize): i32;

/** 0 if the signature holds and its S is low; ERR_CRYPTO if not, or if the point is none. */
export declare function verify(point: usize, digest: usize, signature: usize): i32;

/** The point whose signature this is, S high or low, by recovery id. ERR_CRYPTO: there is none. */
export declare function recover(digest: usize, signature: usize, recovery_id: i32, point: usize): i32;
