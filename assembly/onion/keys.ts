// What the parts of the onion share: the keys that BOLT 4 derives from a shared secret, and the scratch memory in which
// they and other short-lived secrets lie. Whoever leaves a secret there calls `forget` before it returns.

import { chacha20, hmac_sha256 } from "../crypto/crypto";

/** Payloads of all hops, encrypted. BOLT 4, "Packet Structure". */
export const PAYLOADS_BYTES: i32 = 1300;
/** Version, point, payloads, HMAC. */
export const PACKET_BYTES: i32 = 1366;
export const POINT_BYTES: i32 = 33;
export const HMAC_BYTES: i32 = 32;

/** "ammagext" (which begins with "ammag"), "rho", "mu", "um", "pad", "blinded_node_id". */
const labels: usize = memory.data<u8>([
  0x61, 0x6d, 0x6d, 0x61, 0x67, 0x65, 0x78, 0x74, 0x72, 0x68, 0x6f, 0x6d, 0x75, 0x75, 0x6d, 0x70, 0x61, 0x64, 0x62,
  0x6c, 0x69, 0x6e, 0x64, 0x65, 0x64, 0x5f, 0x6e, 0x6f, 0x64, 0x65, 0x5f, 0x69, 0x64,
]);

// Key types: offset of the label times 16 plus its length. BOLT 4, "Key Generation".
export const AMMAG: i32 = 0x05;
export const AMMAGEXT: i32 = 0x08;
export const RHO: i32 = 0x83;
export const MU: i32 = 0xb2;
export const UM: i32 = 0xd2;
export const PAD: i32 = 0xf3;
export const BLINDED_NODE_ID: i32 = 0x12f;

/** The nonce of all ciphers of the onion: their keys are used once. */
export const zero_nonce: usize = memory.data(12, 8);

const SCRATCH_BYTES: i32 = 176;
const scratch: usize = memory.data(SCRATCH_BYTES, 8);
/** Key or HMAC in use. */
export const key: usize = scratch;
/** Scalar or secret of whoever works. */
export const scalar: usize = scratch + 32;
/** Blinding factor. */
export const factor: usize = scratch + 64;
/** A point and, right behind it, the secret shared over it: blinding factors are their hash. */
export const point: usize = scratch + 96;
export const shared: usize = scratch + 96 + 33;

/** Room for payloads and as many bytes again that a peel uncovers; BOLT 4, "Onion Decryption". Also for the filler. */
export const stream: usize = memory.data(2 * PAYLOADS_BYTES, 8);

/** The 32-byte key of type `label` from the 32-byte `secret`. */
export function derive(label: i32, secret: usize, target: usize): i32 {
  return hmac_sha256(labels + <usize>(label >> 4), label & 15, secret, 32, target);
}

/** XORs `len` bytes at `data` with the stream of the key of type `label`. */
export function obfuscate(label: i32, secret: usize, data: usize, len: i32): i32 {
  const code = derive(label, secret, key);
  return code < 0 ? code : chacha20(key, zero_nonce, data, len);
}

/** Whether two 32-byte strings are equal, in constant time. */
export function same(a: usize, b: usize): bool {
  let difference: u64 = 0;
  for (let i: usize = 0; i < 32; i += 8) difference |= load<u64>(a + i) ^ load<u64>(b + i);
  return difference == 0;
}

/** Zeroes the scratch memory. Returns `code`, so that a function can end with it. */
export function forget(code: i32): i32 {
  memory.fill(scratch, 0, SCRATCH_BYTES);
  return code;
}
