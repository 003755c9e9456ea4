// The outputs of the transaction being made, in the order that both sides agree on. There is one such list, and it is
// used for one transaction at a time. BOLT 3, "Transaction Output Ordering".

import { MAX_OUTPUTS } from "../base/limits";
import { write_bytes, write_u64_le, write_u8 } from "../base/writer";

/** u64. */
export const OUTPUT_SAT: usize = 0;
/** u32: of an HTLC; 0 for all others. */
export const OUTPUT_CLTV_EXPIRY: usize = 8;
/** i32: index of the HTLC among the commitment's, or one of the kinds below. */
export const OUTPUT_KIND: usize = 12;
/** u32, i32: the scriptpubkey. */
export const OUTPUT_SCRIPT_AT: usize = 16;
export const OUTPUT_SCRIPT_LEN: usize = 20;
/** 20 bytes: RIPEMD160 of an HTLC's payment hash. */
export const OUTPUT_HASH160: usize = 24;
/** 34 bytes for a scriptpubkey that lies nowhere else. */
export const OUTPUT_PROGRAM: usize = 44;
const OUTPUT_BYTES: usize = 80;

export const KIND_TO_LOCAL: i32 = -1;
export const KIND_TO_REMOTE: i32 = -2;
export const KIND_LOCAL_ANCHOR: i32 = -3;
export const KIND_REMOTE_ANCHOR: i32 = -4;
export const KIND_ENERGY: i32 = -5;
export const KIND_CLOSING: i32 = -6;

const outputs: usize = memory.data(MAX_OUTPUTS * 80, 8);
/** Positions in `outputs`, in the transaction's order. */
const order: usize = memory.data(MAX_OUTPUTS, 8);
let count: i32 = 0;

export function outputs_begin(): void {
  count = 0;
}

export function outputs_count(): i32 {
  return count;
}

/** A new output, to be completed and then placed. Its scriptpubkey is its own program unless said otherwise. */
export function output_new(kind: i32, amount_sat: u64, program_len: i32): usize {
  assert(count < MAX_OUTPUTS);
  const at = outputs + <usize>count * OUTPUT_BYTES;
  store<u64>(at, amount_sat, OUTPUT_SAT);
  store<u32>(at, 0, OUTPUT_CLTV_EXPIRY);
  store<i32>(at, kind, OUTPUT_KIND);
  store<u32>(at, <u32>(at + OUTPUT_PROGRAM), OUTPUT_SCRIPT_AT);
  store<i32>(at, program_len, OUTPUT_SCRIPT_LEN);
  return at;
}

/** Puts the output made last in its place. */
export function output_place(): void {
  const at = outputs + <usize>count * OUTPUT_BYTES;
  let position = count;
  while (position > 0 && before(at, output_at(position - 1))) {
    store<u8>(order + <usize>position, load<u8>(order + <usize>position - 1));
    position--;
  }
  store<u8>(order + <usize>position, <u8>count);
  count++;
}

/** The output with this index in the transaction. */
export function output_at(position: i32): usize {
  return outputs + <usize>load<u8>(order + <usize>position) * OUTPUT_BYTES;
}

/** Whether an output comes before another: smaller amount, lesser script, shorter script, earlier expiry. */
function before(a: usize, b: usize): bool {
  const a_sat = load<u64>(a, OUTPUT_SAT);
  const b_sat = load<u64>(b, OUTPUT_SAT);
  if (a_sat != b_sat) return a_sat < b_sat;
  const a_len = load<i32>(a, OUTPUT_SCRIPT_LEN);
  const b_len = load<i32>(b, OUTPUT_SCRIPT_LEN);
  let difference = memory.compare(load<u32>(a, OUTPUT_SCRIPT_AT), load<u32>(b, OUTPUT_SCRIPT_AT), min(a_len, b_len));
  if (difference == 0) difference = a_len - b_len;
  if (difference != 0) return difference < 0;
  return load<u32>(a, OUTPUT_CLTV_EXPIRY) < load<u32>(b, OUTPUT_CLTV_EXPIRY);
}

/** Index in the transaction of an HTLC's or another kind's output; -1 if there is none. */
export function output_of(kind: i32): i32 {
  for (let position = 0; position < count; position++) {
    if (load<i32>(output_at(position), OUTPUT_KIND) == kind) return position;
  }
  return -1;
}

/** Writes their number and the outputs. */
export function outputs_write(): void {
  write_u8(count);
  for (let position = 0; position < count; position++) {
    const at = output_at(position);
    const len = load<i32>(at, OUTPUT_SCRIPT_LEN);
    write_u64_le(load<u64>(at, OUTPUT_SAT));
    write_u8(len);
    write_bytes(load<u32>(at, OUTPUT_SCRIPT_AT), len);
  }
}
