// The energy of a payment, as parts, invoices and events have it. PROTOCOL.md, "The recipient".

import { NOTE_BYTES } from "../energy/note";

// A swap, SWAP_BYTES: zeros without energy.

/** u32: start of the delivery interval, UTC in s. */
export const SWAP_START: usize = 0;
/** u32: RECEIPT, PROMISE or ARREARS of wire/energy.ts. */
export const SWAP_KIND: usize = 4;
/** i64: positive if the payer gets it. Of a part what its own line was to carry, of what came in the sum of all parts. */
export const SWAP_MWH: usize = 8;
/** NOTE_BYTES of energy/note.ts: the recipient's meter; zeros before it came. */
export const SWAP_NOTE: usize = 16;
export const SWAP_BYTES: usize = SWAP_NOTE + NOTE_BYTES;

/** SWAP_KIND in an event without energy. */
export const NO_SWAP: u32 = 0xffff_ffff;
