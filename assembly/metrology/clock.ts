import { ERR_ARGUMENT } from "../base/errors";
import { MAX_MONO_MS, MAX_UTC_MS, MIN_UTC_MS, SYNCHRONISED_FOR_MS } from "../base/limits";

// UTC is monotonic time plus an offset. Pulses carry monotonic time, so that setting the clock cannot touch them.

/** Clock states: OCMF-en.md, "Time Status". */
export const CLOCK_UNKNOWN: i32 = 0x55; // U
export const CLOCK_INFORMATIVE: i32 = 0x49; // I
export const CLOCK_SYNCHRONISED: i32 = 0x53; // S

let offset_ms: i64 = 0;
let state: i32 = 0;
let set_at_ms: i64 = 0;

/** Forgets the time, as a power cut does. */
export function clock_reset(): void {
  offset_ms = 0;
  state = 0;
}

/** Says that `mono_ms` was `utc_ms`, with the certainty of one of the clock states. */
export function clock_set(mono_ms: i64, utc_ms: i64, clock_state: i32): i32 {
  if (!is_mono(mono_ms) || utc_ms < MIN_UTC_MS || utc_ms >= MAX_UTC_MS) return ERR_ARGUMENT;
  if (clock_state != CLOCK_UNKNOWN && clock_state != CLOCK_INFORMATIVE && clock_state != CLOCK_SYNCHRONISED) {
    return ERR_ARGUMENT;
  }
  offset_ms = utc_ms - mono_ms;
  state = clock_state;
  set_at_ms = mono_ms;
  return 0;
}

export function clock_is_set(): bool {
  return state != 0;
}

/** The clock's state at `mono_ms`; 0 before it was set. A synchronised clock drifts into an informative one. */
export function clock_state(mono_ms: i64): i32 {
  if (state == CLOCK_SYNCHRONISED && mono_ms - set_at_ms > SYNCHRONISED_FOR_MS) return CLOCK_INFORMATIVE;
  return state;
}

/** UTC, ms; 0 before the clock was set. */
export function utc_of(mono_ms: i64): i64 {
  return state == 0 ? 0 : mono_ms + offset_ms;
}

/** Monotonic time at which UTC is or was `utc_ms`; only meaningful once the clock is set. */
export function mono_of(utc_ms: i64): i64 {
  return utc_ms - offset_ms;
}

export function is_mono(mono_ms: i64): bool {
  return mono_ms >= 0 && mono_ms <= MAX_MONO_MS;
}
