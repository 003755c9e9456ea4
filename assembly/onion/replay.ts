// Onions that were taken once are not taken again. BOLT 4, "Onion Decryption".
//
// An entry is needed only until the HTLC's expiry: the same onion in a later HTLC names an outgoing_cltv_value that is
// past. So entries die of age, and a full table refuses until its keeper decides what to forget. It is one block of
// MAX_REPLAYS entries without pointers, counters or order: what was at any time written to storage, whole or entry by
// entry, is a valid table, and zeros are an empty one.

import { ERR_CAPACITY, ERR_CRYPTO, ERR_EXPIRED, ERR_REPLAY } from "../base/errors";
import { MAX_REPLAYS } from "../base/limits";
import { sha256 } from "../crypto/crypto";
import { forget, key } from "./keys";

/** Where in an expiry or a height, none of which comes to so much, the number of its chain stands: bit 31. */
export const REPLAY_CHAIN_SHIFT: u32 = 31;

/** First 8 bytes of the SHA-256 of the shared secret; cltv_expiry with its chain, little-endian. */
export const ENTRY_BYTES: i32 = 12;
export const TABLE_BYTES: i32 = MAX_REPLAYS * ENTRY_BYTES;
export const table: usize = memory.data(TABLE_BYTES, 4);

/**
 * Remembers the onion whose secret `peel` wrote until the chain's height is above `cltv_expiry`, the incoming HTLC's.
 * Returns the number of the entry that was written: it is what has to be stored. ERR_REPLAY: it is remembered already;
 * ERR_EXPIRED: `cltv_expiry` is past; ERR_CAPACITY: the table is full, for which the failure is temporary_node_failure.
 * Both carry the number of the HTLC's chain: entries of another one stay.
 */
export function admit(secret: usize, cltv_expiry: u32, height: u32): i32 {
  if (cltv_expiry < height) return ERR_EXPIRED;
  if (sha256(secret, 32, key) < 0) return ERR_CRYPTO;
  const mark = load<u64>(key);
  forget(0);
  let free = ERR_CAPACITY;
  for (let i = 0, at = table; i < MAX_REPLAYS; i++, at += ENTRY_BYTES) {
    const expiry = load<u32>(at, 8);
    // Height 0 has no HTLC: an expiry of 0 is an entry that never was.
    if ((expiry < height && (expiry ^ height) >> REPLAY_CHAIN_SHIFT == 0) || expiry == 0) free = i;
    else if (load<u64>(at) == mark) return ERR_REPLAY;
  }
  if (free >= 0) {
    const at = table + <usize>(free * ENTRY_BYTES);
    store<u64>(at, mark);
    store<u32>(at, cltv_expiry, 8);
  }
  return free;
}

/** Makes room in a full table: of all entries the one is forgotten that expires first, which is of least use. */
export function forget_earliest(): void {
  let earliest = table;
  for (let i = 1, at = table + ENTRY_BYTES; i < MAX_REPLAYS; i++, at += ENTRY_BYTES) {
    if (load<u32>(at, 8) < load<u32>(earliest, 8)) earliest = at;
  }
  memory.fill(earliest, 0, ENTRY_BYTES);
}
