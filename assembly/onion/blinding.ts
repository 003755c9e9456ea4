// A hop of a blinded path. BOLT 4, "Route Blinding".

import { ERR_CRYPTO, ERR_POINT } from "../base/errors";
import { aead_open, key_ecdh, point_mul, sha256 } from "../crypto/crypto";
import { derive, factor, forget, key, point, POINT_BYTES, RHO, shared, zero_nonce } from "./keys";

/** Poly1305's tag. */
const TAG_BYTES: i32 = 16;

/**
 * Decrypts the encrypted_recipient_data of `len` bytes at `data` in place, with the key of `handle` and the point at
 * `path_key` that came with the HTLC or in the payload. Returns its length; the path key for the next hop, unless the
 * data itself names another, stands at `next_path_key`. ERR_POINT: the path key is none; ERR_MAC: it was not encrypted
 * for this.
 */
export function unblind(handle: i32, path_key: usize, data: usize, len: i32, next_path_key: usize): i32 {
  memory.copy(point, path_key, POINT_BYTES);
  let code = key_ecdh(handle, point, shared);
  if (code < 0) return forget(code == ERR_CRYPTO ? ERR_POINT : code);
  code = derive(RHO, shared, key) | sha256(point, POINT_BYTES + 32, factor) | point_mul(point, factor, point);
  if (code >= 0) code = aead_open(key, zero_nonce, 0, 0, data, len);
  if (code < 0) return forget(code);
  memory.copy(next_path_key, point, POINT_BYTES);
  return forget(len - TAG_BYTES);
}
