// Making a blinded path, hop by hop. BOLT 4, "Route Blinding".

import { ERR_CRYPTO, ERR_POINT } from "../base/errors";
import { aead_seal, point_mul, scalar_ecdh, scalar_mul, scalar_public, sha256 } from "../crypto/crypto";
import { BLINDED_NODE_ID, derive, factor, forget, key, point, POINT_BYTES, RHO, shared, zero_nonce } from "./keys";

/**
 * Blinds one hop. `path_scalar` is the path's private key at this hop, 32 bytes, and becomes that of the next; `node_id`
 * is the hop's 33-byte point. The `len` bytes at `data` are encrypted in place for it, and are 16 bytes longer then.
 * `path_key` and `blinded_node_id` get 33 bytes each. ERR_CRYPTO: no scalar; ERR_POINT: no point.
 */
export function blind_hop(
  path_scalar: usize,
  node_id: usize,
  data: usize,
  len: i32,
  path_key: usize,
  blinded_node_id: usize,
): i32 {
  if (scalar_public(path_scalar, point) < 0) return ERR_CRYPTO;
  if (scalar_ecdh(path_scalar, node_id, shared) < 0) return forget(ERR_POINT);
  let code = derive(BLINDED_NODE_ID, shared, factor) | point_mul(node_id, factor, blinded_node_id);
  code |= derive(RHO, shared, key) | aead_seal(key, zero_nonce, 0, 0, data, len);
  code |= sha256(point, POINT_BYTES + 32, factor) | scalar_mul(path_scalar, factor, path_scalar);
  memory.copy(path_key, point, POINT_BYTES);
  return forget(code < 0 ? ERR_CRYPTO : 0);
}
