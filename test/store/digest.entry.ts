import { BLOCK_BYTES, DIGEST_KEY_BYTES, digest as digest_of } from "../../assembly/store/digest";

// Digests for tests: a block at `block`, under the keys at `keys`.

const block_at: usize = memory.data(BLOCK_BYTES, 8);
const keys_at: usize = memory.data(DIGEST_KEY_BYTES, 8);

export function block(): usize {
  return block_at;
}

export function keys(): usize {
  return keys_at;
}

export function digest(bytes: i32): u64 {
  return digest_of(block_at, bytes, keys_at);
}
