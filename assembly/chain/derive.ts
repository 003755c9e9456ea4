// Keys of one commitment. BOLT 3, "Key Derivation". Private keys stay on the board: what is derived here for signing is
// what `key_sign` multiplies them with and adds to them.

import {
  key_seed,
  key_sign,
  point_add,
  point_add_scalar,
  point_mul,
  scalar_mul,
  scalar_public,
  sha256,
} from "../crypto/crypto";
import { SEED_SHACHAIN } from "../crypto/keys";
import { shachain_secret } from "./shachain";

const POINT: i32 = 33;

const joined: usize = memory.data(66, 8);
const factor: usize = memory.data(32, 8);
const other_factor: usize = memory.data(32, 8);
const product: usize = memory.data(33, 8);
const other_product: usize = memory.data(33, 8);
const secret: usize = memory.data(32, 8);

/** SHA-256 of two points (33 bytes each) one behind the other. */
function hash_points(a: usize, b: usize, digest: usize): i32 {
  memory.copy(joined, a, POINT);
  memory.copy(joined + POINT, b, POINT);
  return sha256(joined, 2 * POINT, digest);
}

/**
 * basepoint + SHA256(per_commitment_point || basepoint) * G into the 33 bytes at `pubkey`: localpubkey, local_htlcpubkey,
 * remote_htlcpubkey and the delayed ones. The hash goes to the 32 bytes at `tweak`: it is what `key_sign` adds.
 * ERR_CRYPTO.
 */
export function derive_pubkey(basepoint: usize, per_commitment_point: usize, pubkey: usize, tweak: usize): i32 {
  const code = hash_points(per_commitment_point, basepoint, tweak);
  return code < 0 ? code : point_add_scalar(basepoint, tweak, pubkey);
}

/** revocationpubkey of the commitment with this point, 33 bytes. ERR_CRYPTO. BOLT 3, "revocationpubkey Derivation". */
export function derive_revocation_pubkey(revocation_basepoint: usize, per_commitment_point: usize, pubkey: usize): i32 {
  let code = hash_points(revocation_basepoint, per_commitment_point, factor);
  if (code >= 0) code = hash_points(per_commitment_point, revocation_basepoint, other_factor);
  if (code >= 0) code = point_mul(revocation_basepoint, factor, product);
  if (code >= 0) code = point_mul(per_commitment_point, other_factor, other_product);
  return code < 0 ? code : point_add(product, other_product, pubkey);
}

/**
 * Signs with revocationprivkey, whose halves are the key behind `handle` (of `revocation_basepoint`) and the secret that
 * the other side has revealed. ERR_CRYPTO, ERR_STATE.
 */
export function revocation_sign(
  handle: i32,
  revocation_basepoint: usize,
  per_commitment_point: usize,
  per_commitment_secret: usize,
  digest: usize,
  signature: usize,
): i32 {
  let code = hash_points(revocation_basepoint, per_commitment_point, factor);
  if (code >= 0) code = hash_points(per_commitment_point, revocation_basepoint, other_factor);
  if (code >= 0) code = scalar_mul(per_commitment_secret, other_factor, secret);
  if (code >= 0) code = key_sign(handle, factor, secret, digest, signature);
  memory.fill(secret, 0, 32);
  return code;
}

/**
 * The holder's own per_commitment_secret of a commitment number, into 32 bytes: to be revealed in revoke_and_ack, or
 * zeroed. @param channel the channel's number n of crypto/keys.ts
 */
export function holder_secret(channel: i32, commitment_number: u64, target: usize): i32 {
  const code = key_seed(SEED_SHACHAIN + channel, secret);
  const made = code < 0 ? code : shachain_secret(secret, commitment_number, target);
  memory.fill(secret, 0, 32);
  return made;
}

/** The holder's own per_commitment_point of a commitment number, 33 bytes. */
export function holder_point(channel: i32, commitment_number: u64, target: usize): i32 {
  let code = holder_secret(channel, commitment_number, factor);
  if (code >= 0) code = scalar_public(factor, target);
  memory.fill(factor, 0, 32);
  return code;
}

/**
 * What commitment numbers are XORed with: 48 bits, into the u64 at `target`. BOLT 3, "Commitment Transaction".
 * @param opener payment_basepoint of open_channel
 * @param accepter payment_basepoint of accept_channel
 */
export function obscuring_factor(opener: usize, accepter: usize, target: usize): i32 {
  const code = hash_points(opener, accepter, factor);
  if (code >= 0) store<u64>(target, bswap<u64>(load<u64>(factor, 24)) & 0xffff_ffff_ffff);
  return code;
}
