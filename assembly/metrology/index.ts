// The whole list of metrology.wasm's exports. Their contract stands at each definition and in PROTOCOL.md, "Metrology
// module interface"; host/metrology/abi.ts and boards/runtime/metrology_abi.h repeat the signatures, and a test
// compares the three.

export {
  abi,
  in_buffer,
  out_buffer,
  memory_bytes,
  boot,
  set_clock,
  pulse_edges,
  pulse_counter,
  tamper,
  transaction,
  tick,
  registers,
  record,
  event,
  note,
  save,
} from "./meter";
