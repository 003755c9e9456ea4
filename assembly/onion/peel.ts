// Peeling one layer off an onion. BOLT 4, "Onion Decryption".

import { ERR_CRYPTO, ERR_LENGTH, ERR_MAC, ERR_POINT, ERR_VERSION } from "../base/errors";
import { read_begin, read_bytes, read_fail, read_fault } from "../base/reader";
import { hmac_sha256, key_ecdh, point_mul, sha256 } from "../crypto/crypto";
import { read_bigsize } from "../wire/bigsize";
import {
  BLINDED_NODE_ID,
  derive,
  factor,
  forget,
  HMAC_BYTES,
  key,
  MU,
  obfuscate,
  PACKET_BYTES,
  PAYLOADS_BYTES,
  point,
  POINT_BYTES,
  RHO,
  same,
  shared,
  stream,
} from "./keys";

/** The payload of the last packet that was peeled; valid until the next call of any function of the onion. */
export let payload: usize = 0;
/** Whether this node is the last hop of it. */
export let is_final: bool = false;

/**
 * Peels the packet of PACKET_BYTES at `packet`, which commits to the 32 bytes at `payment_hash`, with the key of
 * `handle`; if it was sent to a blinded form of this node, `path_key` is the address of the 33-byte point that came with
 * it, else 0. Returns the length of `payload`. If not `is_final`, the packet for the next hop stands at `next`, which
 * may be `packet`; `secret` gets 32 bytes, shared with the origin, for errors.
 *
 * ERR_VERSION, ERR_POINT (also of the path key), ERR_MAC: BADONION failures. ERR_TRUNCATED, ERR_MINIMAL, ERR_LENGTH: the
 * payload's length is none; then `secret` is written all the same, because this failure is one that it encrypts.
 * ERR_STATE: no key; ERR_CRYPTO: the board refuses.
 */
export function peel(
  handle: i32,
  path_key: usize,
  packet: usize,
  payment_hash: usize,
  next: usize,
  secret: usize,
): i32 {
  return forget(peel_layer(handle, path_key, packet, payment_hash, next, secret));
}

/** `factor` becomes what blinds this node's key on a path of which it was given the point at `path_key`. */
function blinding(handle: i32, path_key: usize): i32 {
  const code = key_ecdh(handle, path_key, shared);
  return code < 0 ? code : derive(BLINDED_NODE_ID, shared, factor);
}

function peel_layer(handle: i32, path_key: usize, packet: usize, payment_hash: usize, next: usize, secret: usize): i32 {
  if (load<u8>(packet) != 0) return ERR_VERSION;
  let code: i32 = 0;
  let base = packet + 1;
  if (path_key != 0) {
    // Blinding the origin's point is as good as blinding the key, which stays on the board.
    code = blinding(handle, path_key);
    if (code >= 0) code = point_mul(base, factor, point);
    base = point;
  }
  if (code >= 0) code = key_ecdh(handle, base, shared);
  if (code < 0) return code == ERR_CRYPTO ? ERR_POINT : code;

  const body = packet + 1 + POINT_BYTES;
  memory.copy(stream, body, PAYLOADS_BYTES);
  memory.copy(stream + PAYLOADS_BYTES, payment_hash, 32);
  if ((derive(MU, shared, key) | hmac_sha256(key, 32, stream, PAYLOADS_BYTES + 32, key)) < 0) return ERR_CRYPTO;
  if (!same(key, body + PAYLOADS_BYTES)) return ERR_MAC;
  memory.copy(secret, shared, 32);

  memory.fill(stream + PAYLOADS_BYTES, 0, PAYLOADS_BYTES);
  memory.copy(point, packet + 1, POINT_BYTES);
  if ((obfuscate(RHO, shared, stream, 2 * PAYLOADS_BYTES) | sha256(point, POINT_BYTES + 32, factor)) < 0) {
    return ERR_CRYPTO;
  }
  read_begin(stream, PAYLOADS_BYTES);
  const len = <i32>min<u64>(read_bigsize(), PAYLOADS_BYTES);
  if (len < 2) read_fail(ERR_LENGTH);
  const at = read_bytes(len);
  const hmac = read_bytes(HMAC_BYTES);
  code = read_fault();
  if (code < 0) return code;

  const last = (load<u64>(hmac) | load<u64>(hmac + 8) | load<u64>(hmac + 16) | load<u64>(hmac + 24)) == 0;
  if (!last) {
    if (point_mul(point, factor, point) < 0) return ERR_CRYPTO;
    store<u8>(next, 0);
    memory.copy(next + 1, point, POINT_BYTES);
    memory.copy(next + 1 + POINT_BYTES, hmac + HMAC_BYTES, PAYLOADS_BYTES);
    memory.copy(next + PACKET_BYTES - HMAC_BYTES, hmac, HMAC_BYTES);
  }
  payload = at;
  is_final = last;
  return len;
}
