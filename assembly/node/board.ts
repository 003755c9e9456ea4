// The board as the node sees it, besides cryptography (crypto/crypto.ts): the wasm import module is named after this
// file, "board". The board checks every range against the module's memory before it touches it.
//
// Every function returns >= 0 on success or a negative code of base/errors.ts.

/** Bytes per erase sector of the node's partition. */
export declare function flash_sector_bytes(): i32;

/** Number of erase sectors of the node's partition. */
export declare function flash_sectors(): i32;

/** Reads `len` bytes at `offset` of the node's partition. */
export declare function flash_read(offset: i32, data: usize, len: i32): i32;

/** Programs `len` bytes at `offset`, within one sector. NOR: bits only clear, a 1 cannot be written over a 0. */
export declare function flash_program(offset: i32, data: usize, len: i32): i32;

/** Erases sector number `sector` to 0xFF. */
export declare function flash_erase(sector: i32): i32;

/** Fills `len` bytes at `data` from the board's random generator. */
export declare function random(data: usize, len: i32): i32;

/**
 * Takes `len` bytes at `data` for the peer on a connection. 1: and has no room for another two of the longest messages, so
 * that what can wait is to wait for `resume`.
 */
export declare function send(connection: i32, data: usize, len: i32): i32;

/** The connection is over: its line is to be closed once everything taken for it is sent. */
export declare function hang_up(connection: i32): i32;

/** Tells the host something (node/telling.ts). */
export declare function tell(kind: i32, data: usize, len: i32): i32;

/** Takes a transaction for publication on a chain, by its number in the node's settings. */
export declare function broadcast(chain: i32, tx: usize, len: i32): i32;

/** Asks for news of an output on a chain: outpoint (36 bytes), scriptpubkey. They come by funding_depth and funding_spent. */
export declare function watch(chain: i32, channel: i32, outpoint: usize, script: usize, script_len: i32): i32;
