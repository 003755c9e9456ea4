// Segwit transactions with one input: all that a channel makes are such. A transaction lies without its witness as
// version 2, 1 input (empty script), fewer than 253 outputs, locktime; its signatures and witness are added as it is
// written out. BIP 141, BIP 143.

import { MAX_WITNESS_SCRIPT_BYTES } from "../base/limits";
import {
  write_begin,
  write_bytes,
  write_cursor,
  write_end,
  write_space,
  write_u16,
  write_u32_le,
  write_u8,
} from "../base/writer";
import { sha256d } from "../crypto/crypto";

export const SIGHASH_ALL: u32 = 0x01;
/** SIGHASH_SINGLE | SIGHASH_ANYONECANPAY: HTLC transactions with anchors may be given more inputs and outputs. */
export const SIGHASH_SINGLE_ANYONECANPAY: u32 = 0x83;

/** Where the fields of such a transaction lie: outpoint (36 bytes), sequence, number of outputs. */
export const TX_OUTPOINT: usize = 5;
export const TX_SEQUENCE: usize = 42;
export const TX_OUTPUTS: usize = 46;
/** Bytes of one with a single output, without that output's scriptpubkey. */
export const TX_ONE_OUTPUT_BYTES: i32 = 60;

/**
 * Begins writing one at `target`, as far as its outputs. The caller writes these, then the locktime.
 * @param outpoint 36 bytes
 */
export function tx_begin(target: usize, capacity: i32, outpoint: usize, sequence: u32): void {
  write_begin(target, capacity);
  write_u32_le(2);
  write_u8(1);
  write_bytes(outpoint, 36);
  write_u8(0);
  write_u32_le(sequence);
}

/** Transaction id as hashed (not reversed) of `len` bytes without witness, 32 bytes. */
export function tx_id(tx: usize, len: i32, target: usize): i32 {
  return sha256d(tx, len, target);
}

// ---- What is signed: BIP 143 ----------------------------------------------------------------------------------------

const PREVOUTS: usize = 4;
const SEQUENCES: usize = 36;
const OUTPOINT: usize = 68;
const SCRIPT: usize = 105;

const preimage: usize = memory.data(304, 8);
const sequence_hash: usize = memory.data(32, 8);
/** The sequence whose hash that is: HTLC transactions of one commitment have all the same. */
let hashed_sequence: u64 = u64.MAX_VALUE;

/** Where the script of the next `tx_sighash` is to be written, at most MAX_WITNESS_SCRIPT_BYTES. */
export const sighash_script: usize = preimage + SCRIPT;

/**
 * Digest that the input's signature signs, 32 bytes. The script lies at `sighash_script`.
 * @param amount_sat of the output that is spent
 * @param kind SIGHASH_ALL or SIGHASH_SINGLE_ANYONECANPAY (then there is one output)
 */
export function tx_sighash(tx: usize, len: i32, script_len: i32, amount_sat: u64, kind: u32, digest: usize): i32 {
  assert(script_len <= MAX_WITNESS_SCRIPT_BYTES);
  const end = sighash_script + <usize>script_len;
  store<u32>(preimage, 2);
  let code = 0;
  if (kind == SIGHASH_ALL) {
    const sequence = load<u32>(tx, TX_SEQUENCE);
    if (<u64>sequence != hashed_sequence) {
      code = sha256d(tx + TX_SEQUENCE, 4, sequence_hash);
      if (code < 0) return code;
      hashed_sequence = sequence;
    }
    memory.copy(preimage + SEQUENCES, sequence_hash, 32);
    code = sha256d(tx + TX_OUTPOINT, 36, preimage + PREVOUTS);
  } else {
    memory.fill(preimage + PREVOUTS, 0, 64);
  }
  memory.copy(preimage + OUTPOINT, tx + TX_OUTPOINT, 36);
  store<u8>(preimage, <u8>script_len, SCRIPT - 1);
  store<u64>(end, amount_sat);
  store<u32>(end, load<u32>(tx, TX_SEQUENCE), 8);
  if (code >= 0) code = sha256d(tx + TX_OUTPUTS + 1, len - <i32>TX_OUTPUTS - 5, end + 12);
  store<u32>(end, load<u32>(tx + <usize>len - 4), 44);
  store<u32>(end, kind, 48);
  return code < 0 ? code : sha256d(preimage, <i32>(end + 52 - preimage), digest);
}

// ---- Writing it out with its witness --------------------------------------------------------------------------------

/** Begins the signed form at `target`, up to the witness of `items` items, which the caller writes. */
export function signed_begin(target: usize, capacity: i32, tx: usize, len: i32, items: u32): void {
  write_begin(target, capacity);
  write_bytes(tx, 4);
  write_u16(0x0001);
  write_bytes(tx + 4, len - 8);
  write_u8(items);
}

/** Ends it: its length, or ERR_CAPACITY. */
export function signed_end(tx: usize, len: i32): i32 {
  write_bytes(tx + <usize>len - 4, 4);
  return write_end();
}

/** A witness item of fewer than 253 bytes. */
export function write_item(data: usize, len: i32): void {
  write_u8(len);
  write_bytes(data, len);
}

/** A signature (64 bytes) as witness item: DER, and the hash type. */
export function write_signature(signature: usize, kind: u32): void {
  const at = write_space(3);
  write_integer(signature);
  write_integer(signature + 32);
  if (at != 0) {
    const len = <u32>(write_cursor() - at) - 3;
    store<u8>(at, <u8>(len + 3));
    store<u8>(at, 0x30, 1);
    store<u8>(at, <u8>len, 2);
  }
  write_u8(kind);
}

/** DER integer of 32 big-endian bytes. */
function write_integer(at: usize): void {
  let skip = 0;
  while (skip < 31 && load<u8>(at + <usize>skip) == 0) skip++;
  const sign = (<i32>load<u8>(at + <usize>skip)) >> 7;
  write_u8(2);
  write_u8(32 - skip + sign);
  if (sign != 0) write_u8(0);
  write_bytes(at + <usize>skip, 32 - skip);
}
