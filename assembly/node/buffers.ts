import { NODE_INPUT_BYTES, NODE_OUTPUT_BYTES } from "../base/limits";

/** Arguments longer than a number come in here, results longer than a number go out there. */
export const input: usize = memory.data(NODE_INPUT_BYTES, 8);
export const output: usize = memory.data(NODE_OUTPUT_BYTES, 8);
