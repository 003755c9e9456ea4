import { ERR_ARGUMENT } from "../base/errors";
import { EDGE_BYTES, INPUTS } from "../base/limits";

// Pulse inputs. An interrupt handler resident in RAM fills batches of edges (it must run while flash is being erased);
// a hardware counter is read as a value instead. A pulse is counted at its leading edge.
//
//   edge record, u32: bit 31 level after the edge, bits 28..30 input, bits 0..27 time, ms after the batch's base

const LEVEL_SHIFT: u32 = 31;
const INPUT_SHIFT: u32 = 28;
const INPUT_MASK: u32 = 7;
const OFFSET_MASK: u32 = 0x0fffffff;
const COUNTER_MASK: u32 = 0xffff;

/** Level of each input, a bit an input. */
let levels: u32 = 0;
/** Last value of each 16-bit hardware counter. */
const counters: usize = memory.data(INPUTS * 4, 4);

/** Power-up: inputs are idle and hardware counters start from zero. */
export function inputs_reset(): void {
  levels = 0;
  memory.fill(counters, 0, INPUTS * 4);
}

/** Whether all `count` records at `edges` name inputs that exist. */
export function edges_are_valid(edges: usize, count: i32): bool {
  const end = edges + <usize>(count * EDGE_BYTES);
  for (let p = edges; p < end; p += EDGE_BYTES) {
    if (((load<u32>(p) >> INPUT_SHIFT) & INPUT_MASK) >= <u32>INPUTS) return false;
  }
  return true;
}

/** Milliseconds of an edge record after its batch's base. */
export function edge_offset_ms(edge: u32): u32 {
  return edge & OFFSET_MASK;
}

/** Follows an edge. Returns the input whose pulse it begins, or -1: a falling edge, or a level that does not change. */
export function edge_pulse(edge: u32): i32 {
  const input = (edge >> INPUT_SHIFT) & INPUT_MASK;
  const bit: u32 = 1 << input;
  const level = (edge >> LEVEL_SHIFT) << input;
  if ((levels & bit) == level) return -1;
  levels ^= bit;
  return level != 0 ? <i32>input : -1;
}

/**
 * Pulses that a 16-bit hardware counter has counted since it was last read: exact while fewer than 65,536 come between
 * two readings.
 */
export function counter_pulses(input: i32, value: i32): i32 {
  if (<u32>input >= <u32>INPUTS || <u32>value > COUNTER_MASK) return ERR_ARGUMENT;
  const slot = counters + ((<usize>input) << 2);
  const pulses = (<u32>value - load<u32>(slot)) & COUNTER_MASK;
  store<u32>(slot, <u32>value);
  return <i32>pulses;
}
