// Failure messages. BOLT 4, "Failure Messages".

import { ERR_NOT_FOUND } from "../base/errors";
import { write_begin, write_bytes, write_end, write_u16, write_u32, write_u64 } from "../base/writer";
import { write_bigsize } from "../wire/bigsize";

export const BADONION: i32 = 0x8000;
export const PERM: i32 = 0x4000;
export const NODE: i32 = 0x2000;
export const UPDATE: i32 = 0x1000;

// Behind each code its data. Where a channel_update could stand, its length is written as 0: it would show who paid.
/** None. */
export const TEMPORARY_NODE_FAILURE: i32 = NODE | 2;
/** None. */
export const PERMANENT_NODE_FAILURE: i32 = PERM | NODE | 2;
/** None. */
export const REQUIRED_NODE_FEATURE_MISSING: i32 = PERM | NODE | 3;
/** sha256 of the onion; not encrypted: update_fail_malformed_htlc. */
export const INVALID_ONION_VERSION: i32 = BADONION | PERM | 4;
/** sha256 of the onion; not encrypted. */
export const INVALID_ONION_HMAC: i32 = BADONION | PERM | 5;
/** sha256 of the onion; not encrypted. */
export const INVALID_ONION_KEY: i32 = BADONION | PERM | 6;
/** u16 length, channel_update. */
export const TEMPORARY_CHANNEL_FAILURE: i32 = UPDATE | 7;
/** None. */
export const PERMANENT_CHANNEL_FAILURE: i32 = PERM | 8;
/** None. */
export const REQUIRED_CHANNEL_FEATURE_MISSING: i32 = PERM | 9;
/** None. */
export const UNKNOWN_NEXT_PEER: i32 = PERM | 10;
/** u64 htlc_msat; u16 length, channel_update. */
export const AMOUNT_BELOW_MINIMUM: i32 = UPDATE | 11;
/** u64 htlc_msat; u16 length, channel_update. */
export const FEE_INSUFFICIENT: i32 = UPDATE | 12;
/** u32 cltv_expiry; u16 length, channel_update. */
export const INCORRECT_CLTV_EXPIRY: i32 = UPDATE | 13;
/** u16 length, channel_update. */
export const EXPIRY_TOO_SOON: i32 = UPDATE | 14;
/** u64 htlc_msat; u32 height. */
export const INCORRECT_OR_UNKNOWN_PAYMENT_DETAILS: i32 = PERM | 15;
/** u32 cltv_expiry. */
export const FINAL_INCORRECT_CLTV_EXPIRY: i32 = 18;
/** u64 incoming_htlc_amt. */
export const FINAL_INCORRECT_HTLC_AMOUNT: i32 = 19;
/** u16 disabled_flags; u16 length, channel_update. */
export const CHANNEL_DISABLED: i32 = UPDATE | 20;
/** None. */
export const EXPIRY_TOO_FAR: i32 = 21;
/** bigsize type; u16 offset. */
export const INVALID_ONION_PAYLOAD: i32 = PERM | 22;
/** None. */
export const MPP_TIMEOUT: i32 = 23;
/** sha256 of the onion; not encrypted. */
export const INVALID_ONION_BLINDING: i32 = BADONION | PERM | 24;

// Forms of the two fields of data, one nibble each.
const FORM_U16: i32 = 1;
const FORM_U32: i32 = 2;
const FORM_U64: i32 = 3;
const FORM_BIGSIZE: i32 = 4;
const FORM_SHA256: i32 = 5;

/**
 * Form of the data of each code, by its low byte from 2 on: first field times 16 plus second field. Codes that share a
 * low byte share the form; 0xff is no code.
 */
const forms: usize = memory.data<u8>([
  0x00, 0x00, 0x50, 0x50, 0x50, 0x01, 0x00, 0x00, 0x00, 0x31, 0x31, 0x21, 0x01, 0x32, 0xff, 0xff, 0x20, 0x30, 0x11,
  0x00, 0x41, 0x00, 0x50,
]);

/** The forms of the data of `code`, or ERR_NOT_FOUND. */
function form_of(code: i32): i32 {
  const index = (code & 0xff) - 2;
  const form = <u32>index > 22 ? 0xff : <i32>load<u8>(forms + <usize>index);
  return form == 0xff ? ERR_NOT_FOUND : form;
}

function put(form: i32, value: u64): void {
  if (form == FORM_U16) write_u16(<u32>value);
  else if (form == FORM_U32) write_u32(<u32>value);
  else if (form == FORM_U64) write_u64(value);
  else if (form == FORM_BIGSIZE) write_bigsize(value);
  // The only other form is written as it stands in memory.
  else if (form == FORM_SHA256) write_bytes(<usize>value, 32);
}

/**
 * Writes the failure message of `code` to `target`, at most 34 bytes, and returns its length. `first` and `second` are
 * the fields of its data as listed at the codes; a sha256 is given by its address. ERR_NOT_FOUND: there is no such code.
 */
export function write_failure(code: i32, first: u64, second: u64, target: usize): i32 {
  const form = form_of(code);
  if (form < 0) return form;
  write_begin(target, 34);
  write_u16(code);
  put(form >> 4, first);
  put(form & 15, second);
  return write_end();
}
