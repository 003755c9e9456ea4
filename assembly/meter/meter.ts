// The line meters of a node, which are the board's: these imports are all that the node module has of them. The wasm
// import module is named after this file, "meter". Behind each number stands a metrology module with a key of its own,
// and neither that key nor any of its state is within this module's reach. The board checks every range against the
// module's memory.
//
// Meters are numbered from 0. Every function returns >= 0 on success or a negative code of base/errors.ts: ERR_NOT_FOUND
// where there is no such meter, ERR_RANGE where a range leaves memory, ERR_STATE while the meter has no power. After a
// failure nothing has been written.

/** Public key of the meter's metrology module, 33 bytes (SEC 1 compressed). */
export declare function point(meter: i32, to: usize): i32;

/**
 * The first receipt (PROTOCOL.md, "Receipts", context F) whose interval ended at or after `from_s`, UTC in s: its text,
 * as it was signed. Returns the length. ERR_NOT_FOUND: there is none yet, or it has been overwritten; ERR_CAPACITY: it is
 * longer than `capacity`.
 */
export declare function receipt(meter: i32, from_s: u32, to: usize, capacity: i32): i32;

/**
 * Lets the meter sign that the energy of a swap is the payer's: NOTE_BYTES of energy/note.ts. `how`: bit 0 for a promise,
 * else a receipt; bit 1 for energy that the node buys, else sells. `payment_hash`: 32 bytes; the same one again is the
 * same note again. ERR_CAPACITY: more than the meter has metered, or is rated for, has been issued then; ERR_EXPIRED: the
 * meter does not know that interval any more, or not yet; ERR_REPLAY: the hash stands for another swap. PROTOCOL.md,
 * "Notes".
 */
export declare function note(
  meter: i32,
  how: i32,
  interval_start: u32,
  energy_mwh: u64,
  payment_hash: usize,
  to: usize,
): i32;
