// Handles of long-term keys. The board keeps a root secret and derives the keys from it; a handle is all that the module
// has. PROTOCOL.md, "Keys", lists what does enter wasm, and for how long.

/** The node's identity (BOLT 8 static key; signs gossip and invoices). */
export const KEY_NODE: i32 = 0;

/** Keys of channel number n (from 0) are KEY_CHANNEL * (n + 1) plus one of these. BOLT 3, "Key Derivation". */
export const KEY_CHANNEL: i32 = 8;
export const KEY_FUNDING: i32 = 0;
export const KEY_REVOCATION_BASEPOINT: i32 = 1;
export const KEY_PAYMENT_BASEPOINT: i32 = 2;
export const KEY_DELAYED_PAYMENT_BASEPOINT: i32 = 3;
export const KEY_HTLC_BASEPOINT: i32 = 4;

/** Purposes of `key_seed`: the shachain seed of channel number n is SEED_SHACHAIN + n. BOLT 3, "Per-commitment Secret". */
export const SEED_SHACHAIN: i32 = 0x100;
