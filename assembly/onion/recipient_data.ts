// What the recipient of a blinded payment tells a hop of its path. BOLT 4, "Inside encrypted_recipient_data".

import { mul_div_ceil, sub } from "../base/amount";
import { ERR_MISSING, ERR_VALUE } from "../base/errors";
import { read_begin } from "../base/reader";
import { decode_tlvs } from "../wire/codec";
import { END, POINT, RECORD_PRESENT, REST_BYTES, SHORT_CHANNEL_ID, STOP, TU32, TU64, U16, U32 } from "../wire/kinds";

// prettier-ignore
const RECIPIENT_DATA: usize = memory.data<u16>([
  1, REST_BYTES, END,
  2, SHORT_CHANNEL_ID, END,
  4, POINT, END,
  6, REST_BYTES, END,
  8, POINT, END,
  10, U16, U32, TU32, END,
  12, U32, TU64, END,
  14, REST_BYTES, END,
  STOP,
]);

// Bits of RECORD_PRESENT.
export const HAS_CHANNEL: u32 = 2;
export const HAS_NEXT_NODE_ID: u32 = 4;
export const HAS_PATH_ID: u32 = 8;
export const HAS_NEXT_PATH_KEY_OVERRIDE: u32 = 16;
export const HAS_PAYMENT_RELAY: u32 = 32;
export const HAS_PAYMENT_CONSTRAINTS: u32 = 64;

// Offsets of the record.

/** u64. */
export const OUTGOING_CHANNEL: usize = 24;
/** Address of 33 bytes. */
export const NEXT_NODE_ID: usize = 32;
/** Address, and 4 bytes on the number of bytes. */
export const PATH_ID: usize = 36;
/** Address of 33 bytes. */
export const NEXT_PATH_KEY_OVERRIDE: usize = 44;
/** u32. */
export const CLTV_EXPIRY_DELTA: usize = 48;
/** u32. */
export const FEE_PROPORTIONAL_MILLIONTHS: usize = 52;
/** u64, of 32 bits at most. */
export const FEE_BASE_MSAT: usize = 56;
/** u32. */
export const MAX_CLTV_EXPIRY: usize = 64;
/** u64. */
export const HTLC_MINIMUM_MSAT: usize = 68;
/** Address, and 4 bytes on the number of bytes. */
const ALLOWED_FEATURES: usize = 76;
const RECORD_BYTES: i32 = 84;

/** The data that `read_recipient_data` took last. Its addresses point into it. */
export const instructions: usize = memory.data(RECORD_BYTES, 8);

/**
 * Takes decrypted recipient data of `len` bytes at `data` apart into `instructions`. `last`: this node is the last hop.
 * 0, or a code of decode_tlvs; ERR_MISSING: a forwarding node is not told what it needs; ERR_VALUE: it is told two next
 * hops, or a feature is asked for that is unknown here, as all are. After a code `instructions` are not to be used.
 */
export function read_recipient_data(data: usize, len: i32, last: bool): i32 {
  read_begin(data, len);
  const code = decode_tlvs(RECIPIENT_DATA, instructions);
  if (code < 0) return code;
  const present = load<u32>(instructions, RECORD_PRESENT);
  const next = present & (HAS_CHANNEL | HAS_NEXT_NODE_ID);
  if (next == (HAS_CHANNEL | HAS_NEXT_NODE_ID)) return ERR_VALUE;
  if (!last && (next == 0 || (present & HAS_PAYMENT_RELAY) == 0)) return ERR_MISSING;
  const features = load<usize>(instructions, ALLOWED_FEATURES);
  const count = load<usize>(instructions, ALLOWED_FEATURES + 4);
  for (let i: usize = 0; i < count; i++) if (load<u8>(features + i) != 0) return ERR_VALUE;
  return 0;
}

/**
 * What a hop of a blinded path forwards of `amount_msat` after its fee, as `instructions` say, into the u64 at `out`.
 * ERR_OVERFLOW: the amount does not cover the fee. BOLT 4, "Payload Format".
 */
export function relayed_msat(amount_msat: u64, out: usize): i32 {
  const code = sub(amount_msat, load<u64>(instructions, FEE_BASE_MSAT), out);
  if (code < 0) return code;
  const million: u64 = 1_000_000;
  return mul_div_ceil(load<u64>(out), million, million + load<u32>(instructions, FEE_PROPORTIONAL_MILLIONTHS), out);
}
