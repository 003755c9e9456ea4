// Signatures of gossip, in frames as they are on the wire. What is signed is the frame from behind its signatures to its
// end: fields and TLVs that nobody here knows are covered too, so nothing is ever encoded anew for it. BOLT 7.

import { ERR_ARGUMENT, ERR_LENGTH } from "../base/errors";
import { key_sign, sha256d, verify } from "../crypto/crypto";
import { KEY_CHANNEL, KEY_FUNDING, KEY_NODE } from "../crypto/keys";
import { CHANNEL_ANNOUNCEMENT } from "../wire/announcements";

export const SIGNATURE_BYTES: i32 = 64;
const TYPE_BYTES: i32 = 2;
const DIGEST_BYTES: i32 = 32;

/** What hash_frame made last: 32 bytes. */
export const digest: usize = memory.data(DIGEST_BYTES, 8);

/** Type of the frame of at least two bytes. */
export function frame_type(frame: usize): u32 {
  return bswap<u16>(load<u16>(frame));
}

/** Address of the frame's signature number `index`. */
export function signature_at(frame: usize, index: i32): usize {
  return frame + <usize>(TYPE_BYTES + index * SIGNATURE_BYTES);
}

/**
 * Hashes what the signatures of the frame of `len` bytes cover, for `holds` and the like: four signatures stand in front
 * of it in a `channel_announcement`, one in the others. 0; ERR_LENGTH if there is nothing behind them; a board's code.
 */
export function hash_frame(frame: usize, len: i32): i32 {
  if (len < TYPE_BYTES) return ERR_LENGTH;
  const skipped = TYPE_BYTES + SIGNATURE_BYTES * (frame_type(frame) == CHANNEL_ANNOUNCEMENT ? 4 : 1);
  if (len <= skipped) return ERR_LENGTH;
  return sha256d(frame + <usize>skipped, len - skipped, digest);
}

/** Whether the signature at `signature` over what was hashed last is that of `point`. One with a high S is none. */
export function holds(signature: usize, point: usize): bool {
  return verify(point, digest, signature) >= 0;
}

/** Signs what was hashed last. 0 or a board's code, after which `signature` is as before. */
function sign(handle: i32, signature: usize): i32 {
  return key_sign(handle, 0, 0, digest, signature);
}

/**
 * Puts the node's signature into the frame of a `node_announcement`, `channel_update` or `line_policy` that is its own.
 * 0; ERR_LENGTH; a board's code.
 */
export function sign_as_node(frame: usize, len: i32): i32 {
  const code = hash_frame(frame, len);
  return code < 0 ? code : sign(KEY_NODE, signature_at(frame, 0));
}

/**
 * Makes our two signatures of the `channel_announcement` in the frame, which other signatures in it do not touch: by the
 * node's key to `node_signature`, by the channel's funding key to `bitcoin_signature`, 64 bytes each.
 * @param channel number of the channel, from 0
 * @returns 0; ERR_ARGUMENT, ERR_LENGTH; a board's code, after which the two are not to be used
 */
export function sign_channel(
  frame: usize,
  len: i32,
  channel: i32,
  node_signature: usize,
  bitcoin_signature: usize,
): i32 {
  if (channel < 0) return ERR_ARGUMENT;
  const code = hash_frame(frame, len);
  if (code < 0) return code;
  return sign(KEY_NODE, node_signature) || sign(KEY_CHANNEL * (channel + 1) + KEY_FUNDING, bitcoin_signature);
}
