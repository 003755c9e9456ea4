import { input, output } from "./buffers";

const ABI_VERSION: i32 = 5;
/** What the runtime gives the journal's two objects, once, behind the static memory. */
const HEAP_BYTES: usize = 128;

/** Version of this module's interface. */
export function abi(): i32 {
  return ABI_VERSION;
}

/** Address of the input buffer, NODE_INPUT_BYTES long. */
export function in_buffer(): usize {
  return input;
}

/** Address of the output buffer, NODE_OUTPUT_BYTES long. */
export function out_buffer(): usize {
  return output;
}

/** Linear memory that the module uses, from address 0: everything is static. */
export function memory_bytes(): i32 {
  return <i32>(__heap_base + HEAP_BYTES);
}
