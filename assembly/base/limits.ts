// Fixed limits of the firmware: every buffer and range is named here once.

/** Input buffer: edge records of 4 bytes. */
export const INPUT_BYTES: i32 = 4096;
export const EDGE_BYTES: i32 = 4;
export const MAX_EDGES: i32 = INPUT_BYTES / EDGE_BYTES;

/** Output buffer: the longest OCMF record (about 850 bytes with every text field full) and slack. */
export const OUTPUT_BYTES: i32 = 1536;

/** Pulse inputs of a line meter: 0 counts import (1-0:1.8.0), 1 counts export (1-0:2.8.0). */
export const INPUTS: i32 = 2;

/** Impulses per kWh. */
export const MIN_METER_CONSTANT: u32 = 1;
export const MAX_METER_CONSTANT: u32 = 100_000;

/** Delivery interval, s: a divisor of one hour, so that intervals align with the UTC hour. */
export const MIN_INTERVAL_S: u32 = 5;
export const HOUR_S: u32 = 3600;

/** UTC from 2000-01-01 to 2100-01-01, ms: what the clock may be set to. */
export const MIN_UTC_MS: i64 = 946_684_800_000;
export const MAX_UTC_MS: i64 = 4_102_444_800_000;
/** Monotonic time stays below 2^47 ms (4,000 years), so that sums with UTC cannot wrap. */
export const MAX_MONO_MS: i64 = 1 << 47;

/**
 * The declared loss bound of a power cut: registers are persisted when this many milliseconds have passed since the
 * first pulse that is not yet persisted, or when that many pulses make 10 Wh, whichever comes first.
 */
export const LOSS_BOUND_MS: i64 = 10_000;
export const LOSS_BOUND_PULSES_DIVISOR: u64 = 100;

/** Longest journal entry, payload bytes. */
export const MAX_ENTRY_BYTES: i32 = 128;
