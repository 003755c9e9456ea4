// The note that a recipient's meter signs for a swap, as it lies in memory: the payer's receipt. PROTOCOL.md,
// "`receipt_note`".

/** u32: start of the delivery interval, UTC in s; u32 0. */
export const NOTE_START: usize = 0;
/** u64: of this swap. */
export const NOTE_ENERGY_MWH: usize = 8;
/** u64: of all notes of this meter for this interval, this one included. */
export const NOTE_ISSUED_MWH: usize = 16;
/** 64 bytes. */
export const NOTE_SIGNATURE: usize = 24;
export const NOTE_BYTES: usize = 88;
