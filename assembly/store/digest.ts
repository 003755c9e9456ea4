// Whether memory has changed, without a copy of it: a digest of 8 bytes for each block, under keys that nobody else
// knows. Each half of a digest is the upper half of a sum, modulo 2^64, of the block's words of 32 bits, each times a key
// of its own (multilinear hashing: Lemire and Kaser, "Strongly universal string hashing is fast", 2014). Two contents
// have the same digest with a probability of 2^-64, also such that a peer has thought out: it sees neither keys nor
// digests.

/** Bytes of a block: a multiple of 8. */
export const BLOCK_BYTES: i32 = 64;
/** A key for each half and word of 32 bits, and one to begin each half with. */
export const DIGEST_KEY_BYTES: i32 = 4 * BLOCK_BYTES + 16;

/**
 * @param at `bytes` of them, a multiple of 8, at most BLOCK_BYTES
 * @param keys DIGEST_KEY_BYTES of random
 * @returns 0 for zeros, which most of a node's memory is
 */
export function digest(at: usize, bytes: i32, keys: usize): u64 {
  const end = at + <usize>bytes;
  let some: u64 = 0;
  for (let word = at; word < end; word += 8) some |= load<u64>(word);
  if (some == 0) return 0;
  let first = load<u64>(keys, 4 * BLOCK_BYTES);
  let second = load<u64>(keys, 4 * BLOCK_BYTES + 8);
  for (; at < end; at += 8) {
    const low: u64 = load<u32>(at);
    const high: u64 = load<u32>(at, 4);
    first += low * load<u64>(keys) + high * load<u64>(keys, 8);
    second += low * load<u64>(keys, 16) + high * load<u64>(keys, 24);
    keys += 32;
  }
  return (first & 0xffff_ffff_0000_0000) | (second >> 32);
}
