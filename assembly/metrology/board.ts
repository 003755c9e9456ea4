// The board as metrology sees it: the whole list of this module's host imports. The wasm import module is named after
// this file, "board". The board checks every range against the module's memory before it touches it.
//
// Every function returns >= 0 on success or a negative code of base/errors.ts.

/** SHA-256 of `len` bytes at `data` into 32 bytes at `digest`. FIPS 180-4. */
export declare function sha256(data: usize, len: i32, digest: usize): i32;

/**
 * Signs a 32-byte digest with the metrology key, which never enters wasm: ECDSA over secp256k1, RFC 6979 nonce, low-S.
 * Writes r and s, big-endian, 64 bytes, at `signature`.
 */
export declare function sign(digest: usize, signature: usize): i32;

/** SHA-256 of this wasm module's bytes, as the board measured it when it loaded the module, 32 bytes at `digest`. */
export declare function module_hash(digest: usize): i32;

/** Bytes per erase sector of the metrology partition. */
export declare function flash_sector_bytes(): i32;

/** Number of erase sectors of the metrology partition. */
export declare function flash_sectors(): i32;

/** Reads `len` bytes at `offset` of the metrology partition. */
export declare function flash_read(offset: i32, data: usize, len: i32): i32;

/** Programs `len` bytes at `offset`, within one sector. NOR: bits only clear, a 1 cannot be written over a 0. */
export declare function flash_program(offset: i32, data: usize, len: i32): i32;

/** Erases sector number `sector` to 0xFF. */
export declare function flash_erase(sector: i32): i32;
