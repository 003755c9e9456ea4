// A module that keeps a board at hashing: what the board does for it costs no gas.
import * as crypto from "../../assembly/crypto/crypto";

const digest: usize = memory.data(32, 8);

/** Hashes all of its memory, for ever. */
export function hash(): i32 {
  let count = 0;
  while (crypto.sha256(0, memory.size() << 16, digest) >= 0) count++;
  return count;
}
