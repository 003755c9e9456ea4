// Scripts of BOLT 3. Each function writes at `target` and returns the length, or has a fixed one; points are 33 bytes,
// a program is a scriptpubkey. Opcodes stand as bytes: 21 pushes a point, 14 a hash of 20 bytes.

import { ERR_VALUE } from "../base/errors";
import { MAX_WITNESS_SCRIPT_BYTES } from "../base/limits";
import {
  write_begin,
  write_bytes,
  write_end,
  write_space,
  write_u16,
  write_u32,
  write_u64,
  write_u8,
} from "../base/writer";
import { ripemd160, sha256 } from "../crypto/crypto";

const POINT: i32 = 33;

/** Bytes of funding_script. */
export const FUNDING_SCRIPT_BYTES: i32 = 71;
/** Bytes of a program with a 32-byte hash: p2wsh, and the energy output. */
export const P2WSH_BYTES: i32 = 34;
export const P2WPKH_BYTES: i32 = 22;

const hash: usize = memory.data(32, 8);

/** RIPEMD160(SHA256(`len` bytes at `data`)), 20 bytes. */
export function hash160(data: usize, len: i32, target: usize): i32 {
  const code = sha256(data, len, hash);
  return code < 0 ? code : ripemd160(hash, 32, target);
}

/** The program of a witness script: P2WSH_BYTES. */
export function p2wsh_program(script: usize, len: i32, target: usize): i32 {
  store<u16>(target, 0x2000);
  return sha256(script, len, target + 2);
}

/** The program of a point: P2WPKH_BYTES. */
export function p2wpkh_program(pubkey: usize, target: usize): i32 {
  store<u16>(target, 0x1400);
  return hash160(pubkey, POINT, target + 2);
}

/** Two of two keys, in the order of their bytes: FUNDING_SCRIPT_BYTES. BOLT 3, "Funding Transaction Output". */
export function funding_script(a: usize, b: usize, target: usize): void {
  const swap = memory.compare(a, b, POINT) > 0;
  store<u16>(target, 0x2152);
  memory.copy(target + 2, swap ? b : a, POINT);
  store<u8>(target + 35, 0x21);
  memory.copy(target + 36, swap ? a : b, POINT);
  store<u16>(target + 69, 0xae52);
}

/** Writes the shortest push of a number below 2^31: these are OP_0 to OP_16 or little-endian bytes with a sign bit. */
function write_number(value: u32): void {
  if (value <= 16) {
    write_u8(value == 0 ? 0 : 0x50 + value);
    return;
  }
  const len = ((32 - <i32>clz<u32>(value)) >> 3) + 1;
  write_u8(len);
  const at = write_space(len);
  for (let i = 0; i < len; i++) store<u8>(at + <usize>i, <u8>(value >> (i << 3)));
}

/** The owner after `to_self_delay` blocks, or whoever has the revocation key. BOLT 3, "to_local Output". */
export function to_local_script(revocation_pubkey: usize, delay: u32, delayed_pubkey: usize, target: usize): i32 {
  write_begin(target, MAX_WITNESS_SCRIPT_BYTES);
  write_u16(0x6321);
  write_bytes(revocation_pubkey, POINT);
  write_u8(0x67);
  write_number(delay);
  write_u16(0xb275);
  write_u8(0x21);
  write_bytes(delayed_pubkey, POINT);
  write_u16(0x68ac);
  return write_end();
}

/** Bytes of to_remote_script. */
export const TO_REMOTE_SCRIPT_BYTES: i32 = 37;

/** The other side one block later, with anchors. BOLT 3, "to_remote Output". */
export function to_remote_script(pubkey: usize, target: usize): void {
  store<u8>(target, 0x21);
  memory.copy(target + 1, pubkey, POINT);
  store<u16>(target + 34, 0x51ad);
  store<u8>(target + 36, 0xb2);
}

/** Bytes of anchor_script. */
export const ANCHOR_SCRIPT_BYTES: i32 = 40;

/** One side, or anybody 16 blocks later. BOLT 3, "to_local_anchor and to_remote_anchor Output". */
export function anchor_script(funding_pubkey: usize, target: usize): void {
  store<u8>(target, 0x21);
  memory.copy(target + 1, funding_pubkey, POINT);
  store<u16>(target + 34, 0x73ac);
  store<u32>(target + 36, 0x68b26064);
}

// ---- HTLC scripts: one commitment's differ only in the payment hash and the expiry, so the rest is laid out once ----

const OFFERED_HASH: usize = 109;
const OFFERED_BYTES: i32 = 133;
const RECEIVED_HASH: usize = 69;
const RECEIVED_HEAD_BYTES: i32 = 130;

const offered: usize = memory.data(136, 8);
const received: usize = memory.data(136, 8);
let delayed_by_a_block: bool = false;

/** What closes an HTLC script; with anchors everybody but the revocation key waits a block. */
function write_htlc_end(): void {
  if (delayed_by_a_block) {
    write_u16(0x51b2);
    write_u8(0x75);
  }
  write_u8(0x68);
}

function htlc_layout(target: usize, revocation_hash: usize, remote: usize, local: usize, is_offered: bool): void {
  write_begin(target, 136);
  write_u16(0x76a9);
  write_u8(0x14);
  write_bytes(revocation_hash, 20);
  write_u32(0x8763ac67);
  write_u8(0x21);
  write_bytes(remote, POINT);
  write_u32(0x7c820120);
  write_u8(0x87);
  if (is_offered) {
    write_u32(0x6475527c);
  } else {
    write_u16(0x63a9);
    write_u8(0x14);
    write_space(20);
    write_u16(0x8852);
    write_u8(0x7c);
  }
  write_u8(0x21);
  write_bytes(local, POINT);
  if (is_offered) {
    write_u32(0x52ae67a9);
    write_u8(0x14);
    write_space(20);
    write_u16(0x88ac);
    write_u8(0x68);
    write_htlc_end();
  } else {
    write_u32(0x52ae6775);
  }
}

/**
 * Lays out the HTLC scripts of one commitment. BOLT 3, "Offered HTLC Outputs", "Received HTLC Outputs". ERR_CRYPTO.
 * @param remote remote_htlcpubkey
 * @param local local_htlcpubkey
 */
export function htlc_scripts_begin(revocation_pubkey: usize, remote: usize, local: usize, anchors: bool): i32 {
  const code = hash160(revocation_pubkey, POINT, hash);
  if (code < 0) return code;
  delayed_by_a_block = anchors;
  htlc_layout(offered, hash, remote, local, true);
  htlc_layout(received, hash, remote, local, false);
  return 0;
}

/**
 * The script of one HTLC of the commitment laid out last.
 * @param payment_hash160 RIPEMD160 of the payment hash, 20 bytes
 */
export function htlc_script(is_offered: bool, payment_hash160: usize, cltv_expiry: u32, target: usize): i32 {
  if (is_offered) {
    const len = delayed_by_a_block ? OFFERED_BYTES + 3 : OFFERED_BYTES;
    memory.copy(target, offered, len);
    memory.copy(target + OFFERED_HASH, payment_hash160, 20);
    return len;
  }
  memory.copy(target, received, RECEIVED_HEAD_BYTES);
  memory.copy(target + RECEIVED_HASH, payment_hash160, 20);
  write_begin(target + RECEIVED_HEAD_BYTES, MAX_WITNESS_SCRIPT_BYTES - RECEIVED_HEAD_BYTES);
  write_number(cltv_expiry);
  write_u16(0xb175);
  write_u16(0xac68);
  write_htlc_end();
  return RECEIVED_HEAD_BYTES + write_end();
}

/** What else than versions 0 a shutdown may pay to, as negotiated. */
export const SHUTDOWN_ANY_SEGWIT: u32 = 1;
export const SHUTDOWN_OP_RETURN: u32 = 2;

/**
 * 0 if `len` bytes at `script` are a form that shutdown and closing_complete may carry, ERR_VALUE if not.
 * @param forms SHUTDOWN_ANY_SEGWIT where option_shutdown_anysegwit is negotiated, SHUTDOWN_OP_RETURN where
 *   option_simple_close is. BOLT 2, "Closing Initiation: shutdown".
 */
export function shutdown_script_check(script: usize, len: i32, forms: u32): i32 {
  if (len < 2) return ERR_VALUE;
  const first = <u32>load<u8>(script);
  const second = <i32>load<u8>(script, 1);
  const pushes_rest = second == len - 2;
  let valid = false;
  if (first == 0) {
    valid = pushes_rest && (second == 20 || second == 32);
  } else if (first >= 0x51 && first <= 0x60) {
    valid = pushes_rest && second >= 2 && second <= 40 && (forms & SHUTDOWN_ANY_SEGWIT) != 0;
  } else if (first == 0x6a && (forms & SHUTDOWN_OP_RETURN) != 0) {
    if (second == 76 && len > 2) {
      const pushed = <i32>load<u8>(script, 2);
      valid = pushed >= 76 && pushed <= 80 && pushed == len - 3;
    } else {
      valid = pushes_rest && second >= 6 && second <= 75;
    }
  }
  return valid ? 0 : ERR_VALUE;
}

/** Whether a scriptpubkey only carries data; such an output holds no amount. */
export function is_op_return(script: usize, len: i32): bool {
  return len > 0 && load<u8>(script) == 0x6a;
}
