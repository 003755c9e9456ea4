// Per-commitment secrets: a chain of hashes of which any later secret gives all earlier ones of its subtree. BOLT 3,
// "Per-commitment Secret Requirements", "Efficient Per-commitment Secret Storage". Secrets are counted here by commitment
// number n, from 0; BOLT 3's index is 2^48 - 1 - n.

import { ERR_ARGUMENT, ERR_NOT_FOUND, ERR_VALUE } from "../base/errors";
import { MAX_COMMITMENTS } from "../base/limits";
import { sha256 } from "../crypto/crypto";

const SECRET: usize = 32;
/** Entry b has the newest secret whose index ends in b zero bits; the last, for index 0, would be the seed. */
const ENTRIES: usize = 49;

/** The receiver's store, in memory of the caller: how many secrets it has been given (u64), and the entries. */
export const SECRETS_BYTES: usize = 8 + ENTRIES * SECRET;

const derived: usize = memory.data(32, 8);

/** Hashes the secret at `target` down to that of `index`, from one whose index has the same bits from `bits` on. */
function descend(target: usize, bits: i32, index: u64): i32 {
  for (let bit = bits - 1; bit >= 0; bit--) {
    if (((index >> bit) & 1) == 0) continue;
    const at = target + <usize>(bit >> 3);
    store<u8>(at, load<u8>(at) ^ ((<u8>1) << ((<u8>bit) & 7)));
    const code = sha256(target, 32, target);
    if (code < 0) return code;
  }
  return 0;
}

/** The secret of commitment `number` from the 32-byte seed, into 32 bytes at `target`. ERR_ARGUMENT from 2^48 on. */
export function shachain_secret(seed: usize, number: u64, target: usize): i32 {
  if (number >= MAX_COMMITMENTS) return ERR_ARGUMENT;
  memory.copy(derived, seed, SECRET);
  const code = descend(derived, 48, MAX_COMMITMENTS - 1 - number);
  if (code >= 0) memory.copy(target, derived, SECRET);
  memory.fill(derived, 0, SECRET);
  return code;
}

/** Empties a store of SECRETS_BYTES. */
export function secrets_begin(secrets: usize): void {
  memory.fill(secrets, 0, SECRETS_BYTES);
}

/**
 * Adds the counterparty's next secret, of commitment 0, 1, 2 and so on. ERR_VALUE: those before do not follow from it,
 * so that it is not of the chain; the store stays as it was.
 */
export function secrets_add(secrets: usize, secret: usize): i32 {
  const number = load<u64>(secrets);
  if (number >= MAX_COMMITMENTS) return ERR_ARGUMENT;
  const index = MAX_COMMITMENTS - 1 - number;
  const zeros = index == 0 ? 48 : <i32>ctz<u64>(index);
  for (let entry = 0; entry < zeros; entry++) {
    memory.copy(derived, secret, SECRET);
    // The newest index before this one that ends in just `entry` zeros.
    const code = descend(derived, zeros, index | ((<u64>1) << entry));
    if (code < 0) return code;
    if (memory.compare(derived, secrets + 8 + <usize>entry * SECRET, SECRET) != 0) return ERR_VALUE;
  }
  memory.copy(secrets + 8 + <usize>zeros * SECRET, secret, SECRET);
  store<u64>(secrets, number + 1);
  return 0;
}

/** The secret of commitment `number`, if it has been added, into 32 bytes at `target`. ERR_NOT_FOUND. */
export function secrets_get(secrets: usize, number: u64, target: usize): i32 {
  const count = load<u64>(secrets);
  if (number >= count) return ERR_NOT_FOUND;
  const index = MAX_COMMITMENTS - 1 - number;
  const newest = MAX_COMMITMENTS - count;
  // The entry that covers most: of the subtree's roots above `index`, the highest that has been given.
  let bits = 0;
  while (bits < 48 && (index >> (bits + 1)) << (bits + 1) >= newest) bits++;
  const root = (index >> bits) << bits;
  const entry = root == 0 ? 48 : <i32>ctz<u64>(root);
  memory.copy(target, secrets + 8 + <usize>entry * SECRET, SECRET);
  return descend(target, entry, index);
}
