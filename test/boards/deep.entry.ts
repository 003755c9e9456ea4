// The import that takes most of the C stack, called from as deep as a module gets.
import * as crypto from "../../assembly/crypto/crypto";

const at: usize = memory.data(256, 8);

/** Digest (32 bytes), signature (64). */
export function data(): usize {
  return at;
}

/** `depth`, or less by the code. Not a tail call: the depth is real. */
export function recover_below(depth: i32): i32 {
  return depth == 0 ? crypto.recover(at, at + 32, 0, at + 128) : recover_below(depth - 1) + 1;
}
