// What only test boards offer a module, next to the board's own capabilities: keys of test vectors.

/** Puts the 32-byte private key at `key` in the place of a handle's own. 0, ERR_RANGE or ERR_CRYPTO. */
export declare function key_import(handle: i32, key: usize): i32;
