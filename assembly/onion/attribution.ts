// Attribution data: which hop held an HTLC for how long, and which one lies. BOLT 4, "Returning Errors"; BOLT 2,
// "Removing an HTLC". For each of 20 hops a hold time, then the truncated HMACs of 20 hops, the first of which has 20
// (one for each distance at which the end may be, the farthest first), the next 19, and so on.

import { ERR_CRYPTO } from "../base/errors";
import { hmac_sha256 } from "../crypto/crypto";
import { AMMAGEXT, derive, factor, forget, key, obfuscate, UM } from "./keys";

export const ATTRIBUTED_HOPS: i32 = 20;
const HOLD_BYTES: i32 = 4 * ATTRIBUTED_HOPS;
const HMACS_BYTES: i32 = 2 * ATTRIBUTED_HOPS * (ATTRIBUTED_HOPS + 1);
export const ATTRIBUTION_BYTES: i32 = HOLD_BYTES + HMACS_BYTES;
/** What must be free behind a packet whose HMACs are computed: the hold times and HMACs that they cover as well. */
export const ATTRIBUTION_SLACK: i32 = 2 * HOLD_BYTES;

/** Address of the HMACs of the `x`-th hop. */
function row(data: usize, x: i32): usize {
  return data + HOLD_BYTES + <usize>(2 * x * (2 * ATTRIBUTED_HOPS + 1 - x));
}

/** Into `factor` the HMAC of the first hop in `data` if the end is `distance` hops away from it; `key` is its "um". */
function authenticate(packet: usize, len: i32, data: usize, distance: i32): i32 {
  const hold = packet + <usize>len;
  let end = hold + <usize>(4 * (distance + 1));
  memory.copy(hold, data, end - hold);
  for (let x = 1; x <= distance; x++) {
    store<u32>(end, load<u32>(row(data, x) + <usize>(4 * (ATTRIBUTED_HOPS - 1 - distance))));
    end += 4;
  }
  return hmac_sha256(key, 32, packet, <i32>(end - packet), factor);
}

/**
 * Puts this hop in front of the ATTRIBUTION_BYTES at `data`, which are zeros where the failure arose and where none came
 * from downstream. `secret` is that of `peel`; `packet` is the error packet of `len` bytes before this hop obfuscates
 * it, with ATTRIBUTION_SLACK bytes behind it (of no length for a fulfilled HTLC); `hold_time` is in units of 100 ms.
 */
export function attribute(secret: usize, packet: usize, len: i32, hold_time: u32, data: usize): i32 {
  for (let x = ATTRIBUTED_HOPS - 1; x > 0; x--) {
    memory.copy(row(data, x), row(data, x - 1) + 4, <usize>(4 * (ATTRIBUTED_HOPS - x)));
  }
  memory.copy(data + 4, data, HOLD_BYTES - 4);
  store<u32>(data, bswap<u32>(hold_time));
  let code = derive(UM, secret, key);
  for (let distance = 0; distance < ATTRIBUTED_HOPS; distance++) {
    code |= authenticate(packet, len, data, distance);
    store<u32>(row(data, 1) - <usize>(4 * (distance + 1)), load<u32>(factor));
  }
  code |= obfuscate(AMMAGEXT, secret, data, ATTRIBUTION_BYTES);
  return forget(code < 0 ? ERR_CRYPTO : 0);
}

/**
 * Takes the first hop off `data`, as its origin. `packet` and `len` are the error packet after this hop's obfuscation
 * was undone, `distance` is the number of hops that the route has behind this one. Returns 1, with the hold time at
 * `hold_time`, if the HMAC holds, 0 if not, ERR_CRYPTO.
 */
export function verify_hop(secret: usize, packet: usize, len: i32, distance: i32, data: usize, hold_time: usize): i32 {
  let code = obfuscate(AMMAGEXT, secret, data, ATTRIBUTION_BYTES);
  code |= derive(UM, secret, key);
  code |= authenticate(packet, len, data, distance);
  if (code < 0) return ERR_CRYPTO;
  if (load<u32>(row(data, 1) - <usize>(4 * (distance + 1))) != load<u32>(factor)) return 0;
  store<u32>(hold_time, bswap<u32>(load<u32>(data)));
  memory.copy(data, data + 4, HOLD_BYTES - 4);
  for (let x = 1; x < ATTRIBUTED_HOPS; x++) {
    memory.copy(row(data, x - 1) + 4, row(data, x), <usize>(4 * (ATTRIBUTED_HOPS - x)));
  }
  return 1;
}
