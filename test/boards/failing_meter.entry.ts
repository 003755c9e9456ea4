// The meter, but for its clock: it traps once when it is 70 s old, and from 120 s on each time.
import * as meter from "../../assembly/metrology/meter";

export { abi, in_buffer, out_buffer, memory_bytes, set_clock, pulse_edges } from "../../assembly/metrology/index";
export { pulse_counter, tamper, transaction, registers, record, event } from "../../assembly/metrology/index";
export { note, save } from "../../assembly/metrology/index";

let booted_ms: i64 = 0;

export function boot(config_length: i32, mono_ms: i64): i32 {
  booted_ms = mono_ms;
  return meter.boot(config_length, mono_ms);
}

export function tick(mono_ms: i64): i32 {
  if ((booted_ms < 70_000 && mono_ms >= 70_000) || mono_ms >= 120_000) unreachable();
  return meter.tick(mono_ms);
}
