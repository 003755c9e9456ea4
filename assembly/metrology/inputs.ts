import { ERR_ARGUMENT } from "../base/errors";
import { EDGE_BYTES, INPUTS } from "../base/limits";
import * as config from "./config";

// Pulse inputs. An interrupt handler resident in RAM fills batches of edges (it must run while flash is being erased);
// a hardware counter is read as a value instead.
//
//   edge record, u32: bit 31 level after the edge, bits 28..30 input, bits 0..27 time, ms after the batch's base
//
// Filters, as configured per input:
//
//   EDGE   a leading edge counts at once if the input was off for min_off_ms before it and the last pulse that counted
//          began at least min_on_ms + min_off_ms earlier
//   PULSE  a level is taken for real once it has stood still for min_on_ms or min_off_ms, counted from the last bounce;
//          a pulse counts when its on-level becomes real
//
// Times in here are the low 32 bits of monotonic milliseconds, because 64-bit arithmetic costs a 32-bit chip several
// times as much. They wrap after 49 days; `settle` keeps what is remembered from growing older than half of that.
//
// A PULSE input's level becomes real at a time at which no edge comes. So `settle` is called with every time that the
// module learns of, and a pulse belongs to the interval in which it became real, however edges are cut into batches.

const LEVEL_SHIFT: u32 = 31;
const INPUT_SHIFT: u32 = 28;
const INPUT_MASK: u32 = 7;
/** Milliseconds of an edge record after its batch's base. */
export const OFFSET_MASK: u32 = 0x0fffffff;
const COUNTER_MASK: u32 = 0xffff;
/** So long ago that nothing is too near to it to count. */
const LONG_AGO_MS: u32 = 0x40000000;

/** State of one input and its configuration, in static memory, INPUTS of them. */
@unmanaged
class Input {
  /** Time of the last edge and of the last pulse that counted. */
  edge_ms: u32;
  pulse_ms: u32;
  filter: u32;
  min_on_ms: u32;
  min_off_ms: u32;
  min_period_ms: u32;
  /** Level as it is, and as the filter takes it for real. */
  level: u32;
  settled: u32;
  /** Last value of the 16-bit hardware counter. */
  counter: u32;
}
const INPUT_STRIDE: usize = 36;
const inputs: usize = memory.data(72, 8);

/** Pulses too near to each other came, a bit an input; until `take_rate_alarms`. */
let rate_alarms: u32 = 0;

function input_at(input: i32): Input {
  return changetype<Input>(inputs + <usize>input * INPUT_STRIDE);
}

/** Power-up at `now_ms`, with the configuration in force: inputs are idle and hardware counters start from zero. */
export function inputs_reset(now_ms: u32): void {
  assert(offsetof<Input>() == INPUT_STRIDE);
  for (let i = 0; i < INPUTS; i++) {
    const state = input_at(i);
    state.edge_ms = now_ms - LONG_AGO_MS;
    state.pulse_ms = now_ms - LONG_AGO_MS;
    state.filter = config.filter(i);
    state.min_on_ms = config.min_on_ms(i);
    state.min_off_ms = config.min_off_ms(i);
    state.min_period_ms = config.min_period_ms(i);
    state.level = 0;
    state.settled = 0;
    state.counter = 0;
  }
  rate_alarms = 0;
}

/** Whether all `count` records at `edges` name inputs that exist. Eight a turn: a turn costs wasm3 more than a record. */
export function edges_are_valid(edges: usize, count: i32): bool {
  let all: u32 = 0;
  let p = edges;
  for (const turns = p + ((<usize>(count >> 3)) << 5); p < turns; p += 8 * EDGE_BYTES) {
    all |= load<u32>(p) | load<u32>(p, 4) | load<u32>(p, 8) | load<u32>(p, 12);
    all |= load<u32>(p, 16) | load<u32>(p, 20) | load<u32>(p, 24) | load<u32>(p, 28);
  }
  for (const end = edges + <usize>(count * EDGE_BYTES); p < end; p += EDGE_BYTES) all |= load<u32>(p);
  // There are two, a power of two: the bits that number none of them are set in no record.
  return (all & ((INPUT_MASK & ~(<u32>INPUTS - 1)) << INPUT_SHIFT)) == 0;
}

export function edge_input(edge: u32): i32 {
  return <i32>((edge >> INPUT_SHIFT) & INPUT_MASK);
}

/** Of the last `follow`: pulses that it made count, and the offset of the edge that made the first of them count. */
export let followed_pulses: u32 = 0;
export let followed_first: u32 = 0;

/**
 * Follows the edges of one input, that of the record at `from`, as far as those up to `end` are its own and earlier than
 * `room` ms after `base`; the first one has to be. Returns where it stopped.
 *
 * This is the firmware's hottest path: to wasm3 a call or a load costs several times what arithmetic costs, and local
 * variables cost nothing. So the input's state is held in them, and one comparison tells whether a record is what
 * usually comes next, the other level of the same input, in time.
 */
export function follow(from: usize, end: usize, base: u32, room: u32): usize {
  const state = input_at(edge_input(load<u32>(from)));
  const filter = state.filter;
  const min_on_ms = state.min_on_ms;
  const min_off_ms = state.min_off_ms;
  const min_period_ms = state.min_period_ms;
  let settled = state.settled;
  let edge_ms = state.edge_ms;
  let pulse_ms = state.pulse_ms;
  let pulses: u32 = 0;
  let crowded: u32 = 0;
  // What comes next, but for its time.
  let next = (load<u32>(from) & (INPUT_MASK << INPUT_SHIFT)) | ((state.level ^ 1) << LEVEL_SHIFT);
  let p = from;
  do {
    const offset = load<u32>(p) ^ next;
    if (offset >= room) {
      // Where only the level differs it is the one that was.
      if ((offset ^ (1 << LEVEL_SHIFT)) >= room) break;
      continue;
    }
    const elapsed = base + offset - edge_ms;
    edge_ms += elapsed;
    next ^= 1 << LEVEL_SHIFT;
    const old_level = next >> LEVEL_SHIFT;
    let began = edge_ms;
    if (filter == config.FILTER_PULSE) {
      // What stood still until now becomes real; see `settle`.
      if (old_level == settled) continue;
      if (elapsed < (old_level != 0 ? min_on_ms : min_off_ms)) continue;
      settled = old_level;
      if (old_level == 0) continue;
      began += min_on_ms - elapsed;
    } else {
      if (old_level != 0 || filter != config.FILTER_EDGE || elapsed < min_off_ms) continue;
      if (began - pulse_ms < min_on_ms + min_off_ms) continue;
    }
    if (began - pulse_ms < min_period_ms) crowded = 1;
    pulse_ms = began;
    if (pulses == 0) followed_first = offset;
    pulses++;
  } while ((p += EDGE_BYTES) < end);
  state.level = (next >> LEVEL_SHIFT) ^ 1;
  state.settled = settled;
  state.edge_ms = edge_ms;
  state.pulse_ms = pulse_ms;
  rate_alarms |= crowded << input_of(state);
  followed_pulses = pulses;
  return p;
}

/** Lets a PULSE input's level become real if it has stood still until `time_ms`. Returns the pulses that count. */
export function settle(input: i32, time_ms: u32): u32 {
  const state = input_at(input);
  if (time_ms - state.pulse_ms > LONG_AGO_MS) state.pulse_ms = time_ms - LONG_AGO_MS;
  if (time_ms - state.edge_ms > LONG_AGO_MS) state.edge_ms = time_ms - LONG_AGO_MS;
  if (state.level == state.settled || state.filter != config.FILTER_PULSE) return 0;
  const wait = state.level != 0 ? state.min_on_ms : state.min_off_ms;
  if (time_ms - state.edge_ms < wait) return 0;
  state.settled = state.level;
  if (state.level == 0) return 0;
  note_pulse(state, state.edge_ms + wait);
  return 1;
}

/**
 * Pulses that a 16-bit hardware counter has counted since it was last read: exact while fewer than 65,536 come between
 * two readings. ERR_ARGUMENT for an input that does not count this way.
 */
export function counter_pulses(input: i32, value: i32, time_ms: u32): i32 {
  if (<u32>input >= <u32>INPUTS || <u32>value > COUNTER_MASK) return ERR_ARGUMENT;
  const state = input_at(input);
  if (state.filter != config.FILTER_COUNTER) return ERR_ARGUMENT;
  const pulses = (<u32>value - state.counter) & COUNTER_MASK;
  state.counter = <u32>value;
  // One pulse more than fit can be due to where the reading falls.
  const elapsed = time_ms - state.edge_ms;
  if (pulses > 1 && <u64>(pulses - 1) * <u64>state.min_period_ms > <u64>elapsed) rate_alarms |= 1 << input;
  state.edge_ms = time_ms;
  return <i32>pulses;
}

/** The inputs whose rate was too high since the last call, a bit an input. */
export function take_rate_alarms(): u32 {
  const alarms = rate_alarms;
  rate_alarms = 0;
  return alarms;
}

function note_pulse(state: Input, time_ms: u32): void {
  if (time_ms - state.pulse_ms < state.min_period_ms) rate_alarms |= 1 << input_of(state);
  state.pulse_ms = time_ms;
}

function input_of(state: Input): u32 {
  return <u32>((changetype<usize>(state) - inputs) / INPUT_STRIDE);
}
