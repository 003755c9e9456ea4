import { mul_div_floor } from "../base/amount";
import { ERR_ARGUMENT, ERR_STATE } from "../base/errors";
import {
  EDGE_BYTES,
  INPUT_BYTES,
  INPUTS,
  LOSS_BOUND_MS,
  LOSS_BOUND_PULSES_DIVISOR,
  MAX_EDGES,
  OUTPUT_BYTES,
} from "../base/limits";
import * as clock from "./clock";
import * as config from "./config";
import * as inputs from "./inputs";
import * as ocmf from "./ocmf";
import * as state from "./state";

// The meter: an event machine. Pulses and time come in through its exports, records go out through the output buffer.
// Unless an export says otherwise it returns 0 or a negative code of base/errors.ts, and a code means nothing changed.

const ABI_VERSION: i32 = 1;
const REGISTERS_BYTES: i32 = 56;

const input: usize = memory.data(INPUT_BYTES, 8);
const output: usize = memory.data(OUTPUT_BYTES, 8);
const record_hash: usize = memory.data(32, 8);

let booted: bool = false;
/** End of the running interval, UTC ms; meaningful once the clock is set. */
let interval_end_utc_ms: i64 = 0;
/** Pulses that are counted and not yet in flash, and when the first of them came. */
let unsaved_pulses: u32 = 0;
let unsaved_since_ms: i64 = 0;

/** Version of this interface. */
export function abi(): i32 {
  return ABI_VERSION;
}

/** Address of the input buffer, INPUT_BYTES. */
export function in_buffer(): usize {
  return input;
}

/** Address of the output buffer, OUTPUT_BYTES. */
export function out_buffer(): usize {
  return output;
}

/** Bytes of linear memory that the module uses: a board may give it no more. */
export function memory_bytes(): usize {
  return __heap_base + HEAP_BYTES;
}
/** The journal's two objects, allocated once at start-up. */
const HEAP_BYTES: usize = 128;

/**
 * Power-up at `mono_ms` with the configuration record (config.ts) in the input buffer. Restores the registers; the time
 * is unknown until set_clock. ERR_CONFIG: the registers belong to another meter constant. After an error the meter stays
 * down: every other export answers ERR_STATE.
 */
export function boot(config_length: i32, mono_ms: i64): i32 {
  booted = false;
  if (!clock.is_mono(mono_ms)) return ERR_ARGUMENT;
  let code = config.config_set(input, config_length);
  if (code < 0) return code;
  code = ocmf.ocmf_init();
  if (code < 0) return code;
  code = state.state_mount(config.meter_constant());
  if (code < 0) return code;
  clock.clock_reset();
  inputs.inputs_reset();
  unsaved_pulses = 0;
  booted = true;
  return 0;
}

/**
 * Tells the time: at `mono_ms` it is `utc_ms`, as certain as `clock_state` says ('U', 'I' or 'S'). The interval that is
 * running keeps its end, so a step never closes an interval twice; the first call after boot aligns the interval with UTC,
 * after the last one that was closed.
 */
export function set_clock(mono_ms: i64, utc_ms: i64, clock_state: i32): i32 {
  if (!booted) return ERR_STATE;
  const was_set = clock.clock_is_set();
  const code = clock.clock_set(mono_ms, utc_ms, clock_state);
  if (code < 0) return code;
  if (!was_set) {
    const interval_ms = <i64>config.interval_s() * 1000;
    interval_end_utc_ms = utc_ms - (utc_ms % interval_ms) + interval_ms;
    const next = (state.is_closing() ? state.closing_end_utc_ms() : state.last_end_utc_ms()) + interval_ms;
    if (interval_end_utc_ms < next) interval_end_utc_ms = next;
  }
  return 0;
}

/**
 * Takes `count` edge records (inputs.ts) from the input buffer, in order of time, their times relative to `base_ms`
 * (monotonic). Returns how many it took: fewer than `count` when an edge belongs to an interval that must be closed
 * first; call `tick` with that edge's time and offer the rest again.
 */
export function pulse_edges(base_ms: i64, count: i32): i32 {
  if (!booted) return ERR_STATE;
  if (!clock.is_mono(base_ms) || <u32>count > <u32>MAX_EDGES) return ERR_ARGUMENT;
  if (!inputs.edges_are_valid(input, count)) return ERR_ARGUMENT;
  // The end of the interval as a distance from the base: one 64-bit comparison a batch, a 32-bit one an edge.
  let room: u32 = u32.MAX_VALUE;
  if (clock.clock_is_set()) {
    const distance = interval_end_utc_ms - clock.utc_of(base_ms);
    if (distance <= 0) return 0;
    if (distance < <i64>room) room = <u32>distance;
  }
  let taken = 0;
  for (; taken < count; taken++) {
    const edge = load<u32>(input + <usize>(taken * EDGE_BYTES));
    const offset = inputs.edge_offset_ms(edge);
    if (offset >= room) break;
    const pulse_of = inputs.edge_pulse(edge);
    if (pulse_of >= 0) count_pulses(pulse_of, 1, base_ms + <i64>offset);
  }
  save_if_bound_is_reached();
  return taken;
}

/**
 * Takes the value of the 16-bit hardware counter of an input, read at `mono_ms`. Returns the pulses it adds to the
 * running interval, so read it before the interval's end is ticked.
 */
export function pulse_counter(pulse_input: i32, value: i32, mono_ms: i64): i32 {
  if (!booted) return ERR_STATE;
  if (!clock.is_mono(mono_ms)) return ERR_ARGUMENT;
  const pulses = inputs.counter_pulses(pulse_input, value);
  if (pulses > 0) {
    count_pulses(pulse_input, <u32>pulses, mono_ms);
    save_if_bound_is_reached();
  }
  return pulses;
}

/**
 * Time passes: all pulses before `mono_ms` have been given. Closes at most one interval that has ended and returns the
 * length of its signed record in the output buffer; call again until it returns 0. A negative code leaves the closing
 * to be finished by the next call.
 */
export function tick(mono_ms: i64): i32 {
  if (!booted) return ERR_STATE;
  if (!clock.is_mono(mono_ms)) return ERR_ARGUMENT;
  if (state.is_closing()) return finish_closing();
  if (clock.clock_is_set() && clock.utc_of(mono_ms) >= interval_end_utc_ms) {
    const code = state.begin_closing(interval_end_utc_ms, config.interval_s(), clock.clock_state());
    if (code < 0) return code;
    unsaved_pulses = 0;
    interval_end_utc_ms += <i64>config.interval_s() * 1000;
    return finish_closing();
  }
  if (unsaved_pulses > 0 && mono_ms - unsaved_since_ms >= LOSS_BOUND_MS) return save();
  return 0;
}

/**
 * Writes into the output buffer, little endian: u64 import pulses, u64 export pulses, u64 import mWh, u64 export mWh,
 * i64 end of the running interval (UTC ms, 0 while the clock is not set), u32 next page, u32 meter constant,
 * u32 interval_s, u32 clock state (ASCII, 0 while not set). Returns the length, 56.
 */
export function registers(): i32 {
  if (!booted) return ERR_STATE;
  const constant = config.meter_constant();
  for (let i = 0; i < INPUTS; i++) {
    const pulses = state.pulses(i);
    store<u64>(output + ((<usize>i) << 3), pulses);
    const code = mul_div_floor(pulses, 1_000_000, <u64>constant, output + 16 + ((<usize>i) << 3));
    if (code < 0) return code;
  }
  store<i64>(output, clock.clock_is_set() ? interval_end_utc_ms : 0, 32);
  store<u32>(output, state.next_page(), 40);
  store<u32>(output, constant, 44);
  store<u32>(output, config.interval_s(), 48);
  store<u32>(output, <u32>clock.clock_state(), 52);
  return REGISTERS_BYTES;
}

function count_pulses(pulse_input: i32, count: u32, mono_ms: i64): void {
  state.count_pulses(pulse_input, count);
  if (unsaved_pulses == 0) unsaved_since_ms = mono_ms;
  unsaved_pulses += count;
}

/** A full flash must not stop the counting: the next tick tries again and reports. */
function save_if_bound_is_reached(): void {
  if (unsaved_pulses > 0 && <u64>unsaved_pulses * LOSS_BOUND_PULSES_DIVISOR >= <u64>config.meter_constant()) save();
}

function save(): i32 {
  const code = state.save_registers();
  if (code == 0) unsaved_pulses = 0;
  return code;
}

/** Signs what the journal holds, seals it, and only then lets it out. */
function finish_closing(): i32 {
  const length = ocmf.ocmf_compose(output, record_hash);
  if (length < 0) return length;
  const code = state.end_closing(record_hash);
  return code < 0 ? code : length;
}
