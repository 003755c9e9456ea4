// What payments know of time: told by the node, never asked for.

/** Height of the chain; 0 before the node's first `payment_block`. */
export let height: u32 = 0;
/** Monotonic time, ms. */
export let now_ms: i64 = 0;
/** UTC, s since 1970, 0 while it is unknown. */
export let utc_s: u64 = 0;

/** The chain has grown (or shrunk) to `block` blocks. payment_settle follows. */
export function payment_block(block: u32): void {
  height = block;
}

/**
 * It is `mono_ms` of a clock that only goes forward while the node runs, and `time_s` of UTC, 0 if unknown: then
 * invoices do not expire. payment_settle follows, which ends what has timed out.
 */
export function payment_tick(mono_ms: i64, time_s: u64): void {
  now_ms = mono_ms;
  utc_s = time_s;
}
