import { CLOCK_STEP_MS } from "../base/limits";
import * as clock from "./clock";
import * as config from "./config";
import * as quality from "./quality";
import * as state from "./state";

// The running interval: when it ends, and what is known against it.

/** End of the running interval, UTC ms; meaningful once the clock is set. */
let end_utc_ms: i64 = 0;

export function interval_end_utc_ms(): i64 {
  return end_utc_ms;
}

/** Whether the running interval has ended by `mono_ms`. */
export function interval_is_over(mono_ms: i64): bool {
  return clock.clock_is_set() && clock.utc_of(mono_ms) >= end_utc_ms;
}

/** Adds a quality flag to the running interval. */
export function mark(flag: u32): void {
  state.set_flags(state.flags() | flag);
}

/**
 * The clock was set for the first time since power-up: the interval that is running ends at the next multiple of its
 * length. A clock that lies behind what was closed already is marked; if by less than an interval, the next one ends
 * after the last. A clock that had been years ahead must not keep the meter waiting for it.
 */
export function align_after_boot(utc_ms: i64): void {
  const length_ms = <i64>config.interval_s() * 1000;
  align(utc_ms, length_ms);
  const closed = state.is_closing() ? load<i64>(state.closing, state.AT_UTC) : state.last_end_utc_ms();
  if (utc_ms < closed) mark(quality.CLOCK_WAS_SET);
  if (end_utc_ms <= closed && closed - end_utc_ms < length_ms) end_utc_ms = closed + length_ms;
}

/**
 * The clock was set from `old_utc_ms` to `utc_ms`. The running interval keeps its end if the new time is less than an
 * interval away from it; otherwise it ends at the next multiple of its length. Returns whether this was a step and not
 * ordinary discipline; a step is marked.
 */
export function follow_clock(old_utc_ms: i64, utc_ms: i64): bool {
  const length_ms = <i64>config.interval_s() * 1000;
  if (utc_ms >= end_utc_ms + length_ms || utc_ms < end_utc_ms - 2 * length_ms) {
    align(utc_ms, length_ms);
    mark(quality.INCOMPLETE);
  }
  const step = utc_ms - old_utc_ms;
  const stepped = step >= CLOCK_STEP_MS || step <= -CLOCK_STEP_MS;
  if (stepped) mark(quality.CLOCK_WAS_SET);
  return stepped;
}

/** The running interval was closed: the next begins with `flags`. */
export function begin_next(flags: u32): void {
  end_utc_ms += <i64>config.interval_s() * 1000;
  state.set_flags(flags);
}

function align(utc_ms: i64, length_ms: i64): void {
  end_utc_ms = utc_ms - (utc_ms % length_ms) + length_ms;
}
