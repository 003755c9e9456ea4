// When the time of riders is up, by our own clock: of those that we were offered, and of those that we offered. Two ends
// never compare clocks. PROTOCOL.md, "No free option".

import { MAX_CHANNELS, MAX_HTLCS } from "../base/limits";
import { RIDER_HOLD_S } from "../energy/rider";
import { SLOT_RIDER, slot_of } from "./record";

/** i64 for each slot, ms; 0 for one that is not known. Kept while the node has power, over all connections. */
const ends: usize = memory.data(MAX_CHANNELS * MAX_HTLCS * 8, 8);
/** Monotonic time, ms; 0 before there is any: then no time is known. */
let now_ms: i64 = 0;

function end_of(n: i32, i: i32): usize {
  return ends + ((<usize>(n * MAX_HTLCS + i)) << 3);
}

/** It is `mono_ms` of a clock that only goes forward. */
export function set_mono(mono_ms: i64): void {
  now_ms = mono_ms;
}

/** Nothing is known of the riders under way. */
export function holds_begin(): void {
  memory.fill(ends, 0, MAX_CHANNELS * MAX_HTLCS * 8);
}

/** Nothing is known of the rider in slot `i` of channel `n`. */
export function hold_forget(n: i32, i: i32): void {
  store<i64>(end_of(n, i), 0);
}

/** The time of the rider in slot `i` of channel `n` begins now. */
export function hold_begin(n: i32, i: i32): void {
  const hold_s = load<u16>(slot_of(n, i), SLOT_RIDER + RIDER_HOLD_S);
  store<i64>(end_of(n, i), now_ms == 0 ? 0 : now_ms + <i64>hold_s * 1000);
}

/** Whether it is known when the time of a rider is up. */
export function hold_known(n: i32, i: i32): bool {
  return load<i64>(end_of(n, i)) != 0;
}

/** What is left of a rider's time, ms: 0 or less if it is up, or not known. */
export function hold_left_ms(n: i32, i: i32): i64 {
  return load<i64>(end_of(n, i)) - now_ms;
}
