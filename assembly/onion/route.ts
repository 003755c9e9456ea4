// The secrets that the origin of an onion shares with its hops.

import { ERR_ARGUMENT, ERR_CRYPTO, ERR_POINT } from "../base/errors";
import { MAX_ONION_HOPS } from "../base/limits";
import { scalar_ecdh, scalar_mul, scalar_public, sha256 } from "../crypto/crypto";
import { factor, forget, point, POINT_BYTES, scalar, shared } from "./keys";

const secrets: usize = memory.data(MAX_ONION_HOPS * 32, 8);
/** The session key's point: the one that the first hop sees. */
export const first_point: usize = memory.data(POINT_BYTES, 8);

/** Address of the secret shared with hop `i`, 32 bytes. */
export function hop_secret(i: i32): usize {
  return secrets + ((<usize>i) << 5);
}

/**
 * Derives `first_point` and the secrets shared with `hops` nodes, whose 33-byte points stand at `points`. BOLT 4,
 * "Packet Construction". ERR_ARGUMENT: not 1 to MAX_ONION_HOPS; ERR_CRYPTO: `session_key` (32 bytes) is no scalar;
 * ERR_POINT: a point is none. Whoever has called it calls `forget_route`.
 */
export function derive_route(session_key: usize, points: usize, hops: i32): i32 {
  if (<u32>(hops - 1) >= <u32>MAX_ONION_HOPS) return ERR_ARGUMENT;
  memory.copy(scalar, session_key, 32);
  let code: i32 = 0;
  for (let i = 0; code >= 0 && i < hops; i++) {
    if (i > 0) code = sha256(point, POINT_BYTES + 32, factor) | scalar_mul(scalar, factor, scalar);
    // The last hop's own point is on no wire that the origin writes.
    if (i == 0 || i < hops - 1) code |= scalar_public(scalar, point);
    if (code < 0) {
      code = ERR_CRYPTO;
    } else {
      if (i == 0) memory.copy(first_point, point, POINT_BYTES);
      if (scalar_ecdh(scalar, points, shared) < 0) code = ERR_POINT;
      memory.copy(hop_secret(i), shared, 32);
      points += POINT_BYTES;
    }
  }
  return forget(code);
}

/** Zeroes the secrets. Returns `code`. */
export function forget_route(code: i32): i32 {
  memory.fill(secrets, 0, MAX_ONION_HOPS * 32);
  return forget(code);
}
