// Error packets. BOLT 4, "Returning Errors".

import { ERR_CAPACITY, ERR_CRYPTO, ERR_LENGTH, ERR_MAC } from "../base/errors";
import { MAX_FAILURE_BYTES, MAX_ONION_HOPS } from "../base/limits";
import { hmac_sha256 } from "../crypto/crypto";
import { ATTRIBUTED_HOPS, verify_hop } from "./attribution";
import { AMMAG, derive, factor, forget, HMAC_BYTES, key, obfuscate, same, UM } from "./keys";
import { derive_route, forget_route, hop_secret } from "./route";

/** HMAC and two lengths. */
const FRAME_BYTES: i32 = HMAC_BYTES + 4;
/** Messages are padded to this length, to look alike; those few that are longer, to the greatest. */
const PADDED_BYTES: i32 = 256;

/** Longest error packet that is made here, or unwrapped. */
export const MAX_ERROR_BYTES: i32 = FRAME_BYTES + MAX_FAILURE_BYTES;

/**
 * Makes the error packet of the failure message of `len` bytes at `message`, not yet obfuscated: that is left to
 * `wrap_error`, so that `attribute` can come before it. `secret` is that of `peel`. Returns the packet's length.
 * ERR_LENGTH: no failure message is as short or long.
 */
export function make_error(secret: usize, message: usize, len: i32, packet: usize): i32 {
  if (<u32>(len - 2) > <u32>(MAX_FAILURE_BYTES - 2)) return ERR_LENGTH;
  const padding = (len > PADDED_BYTES ? MAX_FAILURE_BYTES : PADDED_BYTES) - len;
  let at = packet + HMAC_BYTES;
  store<u16>(at, bswap<u16>(<u16>len));
  memory.copy(at + 2, message, len);
  at += 2 + <usize>len;
  store<u16>(at, bswap<u16>(<u16>padding));
  memory.fill(at + 2, 0, padding);
  const covered = len + padding + 4;
  if ((derive(UM, secret, key) | hmac_sha256(key, 32, packet + HMAC_BYTES, covered, packet)) < 0) {
    return forget(ERR_CRYPTO);
  }
  return forget(HMAC_BYTES + covered);
}

/** Obfuscates an error packet on its way back, in place: the erring node as well as every hop before it. */
export function wrap_error(secret: usize, packet: usize, len: i32): i32 {
  return forget(obfuscate(AMMAG, secret, packet, len));
}

/** Number of hops whose attribution held in the last `unwrap_error`. */
export let attributed: i32 = 0;
/** Length of the failure message that the last `unwrap_error` found. */
export let message_bytes: i32 = 0;

/**
 * Unwraps an error packet as the origin of the onion that was built with `session_key` for the `hops` points at
 * `points`. Returns the number of the hop, from 0, that failed the HTLC; its failure message stands at `message`
 * (MAX_FAILURE_BYTES), `message_bytes` long. The packet is used up.
 *
 * With the attribution data at `data` (else 0; for routes of up to 20 hops), `attributed` hops from the first on have
 * vouched for what they sent, and their hold times stand at `hold_times`, 4 bytes each, in units of 100 ms: if no hop
 * owns the packet, it was spoilt between the last of these and the next one. Behind the packet then must be
 * ATTRIBUTION_SLACK bytes.
 *
 * ERR_MAC: no hop owns it; ERR_LENGTH: it cannot be an error packet; others as of `derive_route`.
 */
export function unwrap_error(
  session_key: usize,
  points: usize,
  hops: i32,
  packet: usize,
  len: i32,
  data: usize,
  hold_times: usize,
  message: usize,
): i32 {
  attributed = 0;
  message_bytes = 0;
  if (<u32>(len - FRAME_BYTES) > <u32>MAX_FAILURE_BYTES) return ERR_LENGTH;
  if (data != 0 && hops > ATTRIBUTED_HOPS) return ERR_CAPACITY;
  let code = derive_route(session_key, points, hops);
  if (code < 0) return forget_route(code);
  let found = ERR_MAC;
  // All rounds are gone through: how long it takes must not tell how far away the failure was.
  for (let i = 0; code >= 0 && i < MAX_ONION_HOPS; i++) {
    const secret = hop_secret(i);
    code = obfuscate(AMMAG, secret, packet, len);
    if (data != 0 && found < 0 && attributed == i && i < hops) {
      code |= verify_hop(secret, packet, len, hops - 1 - i, data, hold_times + ((<usize>i) << 2));
      if (code > 0) attributed++;
    }
    code |= derive(UM, secret, key);
    code |= hmac_sha256(key, 32, packet + HMAC_BYTES, len - HMAC_BYTES, factor);
    if (code >= 0 && same(factor, packet) && found < 0 && i < hops) {
      found = i;
      const claimed = <i32>bswap<u16>(load<u16>(packet + HMAC_BYTES));
      // Whoever writes a length beyond its own packet has said nothing.
      if (claimed <= len - FRAME_BYTES) message_bytes = claimed;
      memory.copy(message, packet + HMAC_BYTES + 2, message_bytes);
    }
  }
  return forget_route(code < 0 ? ERR_CRYPTO : found);
}
