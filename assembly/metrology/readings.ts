import { mul_div_floor } from "../base/amount";
import { KEPT_READINGS } from "../base/limits";
import * as config from "./config";
import * as interval from "./interval";
import * as records from "./records";
import * as state from "./state";

// What was metered in the running and the last intervals: the registers as they were at the ends of intervals. They are
// in RAM, and after a boot those that the records still have. Energy of an interval is known only where there are
// readings at both of its ends, one taken right after the other.

/** Oldest first: u64 import pulses, u64 export pulses, i64 utc_ms, as a CLOSING begins; all zero where unknown. */
const readings: usize = memory.data(216, 8);
const READING_BYTES: i32 = 24;
const UTC: usize = 16;
const NEWEST: i32 = KEPT_READINGS - 1;

/** After the regions were mounted: an interval whose record was being signed when the power failed has ended, too. */
export function readings_restore(): void {
  memory.fill(readings, 0, KEPT_READINGS * READING_BYTES);
  records.read_readings(state.next_page(state.CONTEXT_FISCAL), readings, KEPT_READINGS, READING_BYTES);
  if (state.is_closing() && state.closing_context() == state.CONTEXT_FISCAL) reading_keep();
}

/** The reading of `state.closing`, of an interval that has ended. */
export function reading_keep(): void {
  memory.copy(readings, readings + READING_BYTES, NEWEST * READING_BYTES);
  memory.copy(at(NEWEST), state.closing, READING_BYTES);
}

/**
 * Writes the energy, mWh, rounded down, that an input has counted in the interval that began at `start`, UTC in s, to
 * the u64 at `to`. False: it is not known, as the interval is yet to begin, or too long ago, or was not metered whole.
 */
export function metered(start: u32, input: i32, to: usize): bool {
  const length_ms = <i64>config.interval_s() * 1000;
  const start_ms = <i64>start * 1000;
  const offset = (<usize>input) << 3;
  let first = at(NEWEST);
  let pulses = state.pulses(input);
  if (start_ms + length_ms != interval.interval_end_utc_ms()) {
    let i = NEWEST;
    while (i > 0 && load<i64>(at(i), UTC) != start_ms + length_ms) i--;
    if (i == 0) return false;
    pulses = load<u64>(at(i) + offset);
    first = at(i - 1);
  }
  if (load<i64>(first, UTC) != start_ms) return false;
  const constant = <u64>config.meter_constant(config.context);
  return mul_div_floor(pulses - load<u64>(first + offset), 1_000_000, constant, to) == 0;
}

function at(i: i32): usize {
  return readings + <usize>(i * READING_BYTES);
}
