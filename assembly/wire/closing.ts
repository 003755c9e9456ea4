// Messages of BOLT 2 that close a channel. Below a table stand the offsets of its record (kinds.ts).

import { NO_TLVS } from "./setup";
import { BYTES, END, HASH, SIGNATURE, STOP, U32, U64 } from "./kinds";

/** `closing_signed_tlvs`. */
// prettier-ignore
export const CLOSING_SIGNED_TLVS: usize = memory.data<u16>([
  1, U64, U64, END,
  STOP,
]);

/** `closing_tlvs`. */
// prettier-ignore
export const CLOSING_TLVS: usize = memory.data<u16>([
  1, SIGNATURE, END,
  2, SIGNATURE, END,
  3, SIGNATURE, END,
  STOP,
]);

/** "Closing Initiation". */
export const SHUTDOWN: u16 = 38;
// prettier-ignore
export const SHUTDOWN_TABLE: usize = memory.data<u16>([
  SHUTDOWN, HASH, BYTES, END, <u16>NO_TLVS,
]);
export const SHUTDOWN_CHANNEL_ID: usize = 16;
export const SHUTDOWN_SCRIPTPUBKEY: usize = 20;

/** "Legacy Closing Negotiation". */
export const CLOSING_SIGNED: u16 = 39;
// prettier-ignore
export const CLOSING_SIGNED_TABLE: usize = memory.data<u16>([
  CLOSING_SIGNED, HASH, U64, SIGNATURE, END, <u16>CLOSING_SIGNED_TLVS,
]);
export const CLOSING_SIGNED_CHANNEL_ID: usize = 16;
export const CLOSING_SIGNED_FEE_SATOSHIS: usize = 20;
export const CLOSING_SIGNED_SIGNATURE: usize = 28;
export const CLOSING_SIGNED_HAS_FEE_RANGE: u32 = 1;
export const CLOSING_SIGNED_FEE_RANGE_MIN_FEE_SATOSHIS: usize = 32;
export const CLOSING_SIGNED_FEE_RANGE_MAX_FEE_SATOSHIS: usize = 40;

/** "Closing Negotiation"; both messages have these offsets. */
export const CLOSING_COMPLETE: u16 = 40;
// prettier-ignore
export const CLOSING_COMPLETE_TABLE: usize = memory.data<u16>([
  CLOSING_COMPLETE, HASH, BYTES, BYTES, U64, U32, END, <u16>CLOSING_TLVS,
]);
export const CLOSING_COMPLETE_CHANNEL_ID: usize = 16;
export const CLOSING_COMPLETE_CLOSER_SCRIPTPUBKEY: usize = 20;
export const CLOSING_COMPLETE_CLOSEE_SCRIPTPUBKEY: usize = 28;
export const CLOSING_COMPLETE_FEE_SATOSHIS: usize = 36;
export const CLOSING_COMPLETE_LOCKTIME: usize = 44;
export const CLOSING_COMPLETE_HAS_CLOSER_OUTPUT_ONLY: u32 = 1;
export const CLOSING_COMPLETE_CLOSER_OUTPUT_ONLY: usize = 48;
export const CLOSING_COMPLETE_HAS_CLOSEE_OUTPUT_ONLY: u32 = 2;
export const CLOSING_COMPLETE_CLOSEE_OUTPUT_ONLY: usize = 52;
export const CLOSING_COMPLETE_HAS_CLOSER_AND_CLOSEE_OUTPUTS: u32 = 4;
export const CLOSING_COMPLETE_CLOSER_AND_CLOSEE_OUTPUTS: usize = 56;

export const CLOSING_SIG: u16 = 41;
// prettier-ignore
export const CLOSING_SIG_TABLE: usize = memory.data<u16>([
  CLOSING_SIG, HASH, BYTES, BYTES, U64, U32, END, <u16>CLOSING_TLVS,
]);
