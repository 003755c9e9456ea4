// Reading transactions that others made. The one decoded last can be asked for its parts, as long as its bytes stay where
// they are. BIP 144.

import { ERR_ARGUMENT, ERR_MINIMAL, ERR_TRUNCATED, ERR_VALUE } from "../base/errors";
import {
  read_begin,
  read_bytes,
  read_cursor,
  read_end,
  read_fail,
  read_fault,
  read_left,
  read_u16,
  read_u32,
  read_u64,
  read_u8,
} from "../base/reader";
import { sha256, sha256_final, sha256_update, sha256d } from "../crypto/crypto";

let start: usize = 0;
let length: i32 = 0;
let inputs: i32 = 0;
let outputs: i32 = 0;
let inputs_at: usize = 0;
let outputs_at: usize = 0;
let witness_at: usize = 0;
let locktime_at: usize = 0;
let has_witness: bool = false;

/** The part asked for last: a script or a witness item. */
export let part_at: usize = 0;
export let part_len: i32 = 0;

/** Bitcoin's variable-length integer: little-endian, in its shortest form (ERR_MINIMAL). */
function read_compact(): u64 {
  const first = read_u8();
  let value: u64 = first;
  let least: u64 = 0;
  if (first == 0xfd) {
    value = bswap<u16>(<u16>read_u16());
    least = 0xfd;
  } else if (first == 0xfe) {
    value = bswap<u32>(read_u32());
    least = 0x1_0000;
  } else if (first == 0xff) {
    value = bswap<u64>(read_u64());
    least = 0x1_0000_0000;
  }
  if (value < least) read_fail(ERR_MINIMAL);
  return value;
}

/** A count of things that take at least `bytes` each: ERR_TRUNCATED if there is no room for them. */
function read_count(bytes: i32): i32 {
  const count = read_compact();
  if (count > <u64>(read_left() / bytes)) {
    read_fail(ERR_TRUNCATED);
    return 0;
  }
  return <i32>count;
}

/** Bytes with their length in front become the part. */
function read_part(): void {
  part_len = read_count(1);
  part_at = read_bytes(part_len);
}

function read_input(): usize {
  const at = read_bytes(36);
  read_part();
  read_bytes(4);
  return at;
}

function read_output(): usize {
  const at = read_bytes(8);
  read_part();
  return at;
}

/**
 * Decodes all of `len` bytes at `at`. ERR_TRUNCATED; ERR_MINIMAL; ERR_LENGTH: bytes are left over; ERR_VALUE: it has no
 * input, no output, an unknown marker, or a witness without anything in it. After a code nothing is decoded.
 */
export function tx_decode(at: usize, len: i32): i32 {
  length = 0;
  read_begin(at, len);
  read_bytes(4);
  inputs = read_count(1);
  has_witness = inputs == 0 && read_fault() == 0;
  if (has_witness) {
    if (read_u8() != 1) read_fail(ERR_VALUE);
    inputs = read_count(1);
  }
  inputs_at = read_cursor();
  for (let i = 0; i < inputs && read_fault() == 0; i++) read_input();
  outputs = read_count(1);
  outputs_at = read_cursor();
  for (let i = 0; i < outputs && read_fault() == 0; i++) read_output();
  if (read_fault() == 0 && (inputs == 0 || outputs == 0)) read_fail(ERR_VALUE);
  witness_at = read_cursor();
  if (has_witness) {
    let all = 0;
    for (let i = 0; i < inputs && read_fault() == 0; i++) {
      const items = read_count(1);
      for (let item = 0; item < items && read_fault() == 0; item++) read_part();
      all |= items;
    }
    if (read_fault() == 0 && all == 0) read_fail(ERR_VALUE);
  }
  locktime_at = read_cursor();
  read_bytes(4);
  const code = read_end();
  if (code < 0) return code;
  start = at;
  length = len;
  return 0;
}

/** Numbers of the decoded transaction; 0 if there is none. */
export function tx_inputs(): i32 {
  return length == 0 ? 0 : inputs;
}

export function tx_outputs(): i32 {
  return length == 0 ? 0 : outputs;
}

export function tx_version(): u32 {
  return length == 0 ? 0 : load<u32>(start);
}

export function tx_locktime(): u32 {
  return length == 0 ? 0 : load<u32>(locktime_at);
}

/** Four times the bytes without witness, and the bytes of the witness; 0 if there is none. BIP 141, "Transaction size calculations". */
export function tx_weight(): i32 {
  return length == 0 ? 0 : length + 3 * base_bytes();
}

function base_bytes(): i32 {
  return has_witness ? length - 2 - <i32>(locktime_at - witness_at) : length;
}

/** Address of input i: outpoint (36 bytes); its script becomes the part, and behind that is its sequence. 0: none. */
export function tx_input(i: i32): usize {
  if (<u32>i >= <u32>tx_inputs()) return 0;
  read_begin(inputs_at, <i32>(outputs_at - inputs_at));
  for (let skip = 0; skip < i; skip++) read_input();
  return read_input();
}

/** Address of output i: amount (u64); its script becomes the part. 0: there is none. */
export function tx_output(i: i32): usize {
  if (<u32>i >= <u32>tx_outputs()) return 0;
  read_begin(outputs_at, <i32>(witness_at - outputs_at));
  for (let skip = 0; skip < i; skip++) read_output();
  return read_output();
}

/** Makes an item of input i's witness the part; returns how many items there are. ERR_ARGUMENT: there is no such item. */
export function tx_witness(i: i32, item: i32): i32 {
  if (<u32>i >= <u32>tx_inputs() || !has_witness) return ERR_ARGUMENT;
  read_begin(witness_at, <i32>(locktime_at - witness_at));
  let items = read_count(1);
  for (let skip = 0; skip < i; skip++) {
    for (; items > 0; items--) read_part();
    items = read_count(1);
  }
  if (<u32>item >= <u32>items) return ERR_ARGUMENT;
  for (let skip = 0; skip <= item; skip++) read_part();
  return items;
}

/** The decoded transaction's txid, as hashed, 32 bytes. ERR_ARGUMENT: none is decoded. */
export function tx_txid(target: usize): i32 {
  if (length == 0) return ERR_ARGUMENT;
  if (!has_witness) return sha256d(start, length, target);
  let code = sha256_update(start, 4);
  if (code >= 0) code = sha256_update(start + 6, <i32>(witness_at - start) - 6);
  if (code >= 0) code = sha256_update(locktime_at, 4);
  if (code >= 0) code = sha256_final(target);
  return code < 0 ? code : sha256(target, 32, target);
}

/** Its wtxid, as hashed. */
export function tx_wtxid(target: usize): i32 {
  return length == 0 ? ERR_ARGUMENT : sha256d(start, length, target);
}
