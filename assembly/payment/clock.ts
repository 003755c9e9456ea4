// What payments know of time: told by the node, never asked for. The heights are the chains' own (channel/config.ts): an
// HTLC's expiry is one of the chain of its channel.

import { chain_height } from "../channel/config";
import { chain_of } from "../channel/record";

/** Monotonic time, ms. */
export let now_ms: i64 = 0;
/** UTC, s since 1970, 0 while it is unknown. */
export let utc_s: u64 = 0;

/** Height of the chain of channel `n`, blocks. */
export function height_of(n: i32): u32 {
  return chain_height(chain_of(n));
}

/**
 * It is `mono_ms` of a clock that only goes forward while the node runs, and `time_s` of UTC, 0 if unknown: then
 * invoices do not expire. payment_settle follows, which ends what has timed out.
 */
export function payment_tick(mono_ms: i64, time_s: u64): void {
  now_ms = mono_ms;
  utc_s = time_s;
}
