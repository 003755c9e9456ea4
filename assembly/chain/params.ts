// What differs from chain to chain, as a record of its own (CHAIN_BYTES) that the node's configuration fills in: nothing
// else of the firmware knows one chain from another.

/** 32 bytes: the genesis block's hash, as hashed. BOLT 0, "chain_hash". */
export const CHAIN_HASH: usize = 0;
/** u32 each: below which amount an output of this kind is not relayed, satoshi. BOLT 3, "Dust Limits". */
export const CHAIN_DUST_P2PKH: usize = 32;
export const CHAIN_DUST_P2SH: usize = 36;
export const CHAIN_DUST_P2WPKH: usize = 40;
export const CHAIN_DUST_P2WSH: usize = 44;
/** For witness programs of any other version or length. */
export const CHAIN_DUST_SEGWIT: usize = 48;
export const CHAIN_BYTES: usize = 56;

/** Dust limit of a scriptpubkey on a chain, satoshi: 0 for OP_RETURN, u64.MAX_VALUE for a form without a known one. */
export function dust_limit_sat(chain: usize, script: usize, len: i32): u64 {
  const first = len > 0 ? <u32>load<u8>(script) : 0xff;
  const second = len > 1 ? <i32>load<u8>(script, 1) : -1;
  if (first == 0x6a) return 0;
  if (first == 0x76 && len == 25) return load<u32>(chain, CHAIN_DUST_P2PKH);
  if (first == 0xa9 && len == 23) return load<u32>(chain, CHAIN_DUST_P2SH);
  if (second != len - 2) return u64.MAX_VALUE;
  if (first == 0 && second == 20) return load<u32>(chain, CHAIN_DUST_P2WPKH);
  if (first == 0 && second == 32) return load<u32>(chain, CHAIN_DUST_P2WSH);
  if (first >= 0x51 && first <= 0x60 && second >= 2 && second <= 40) return load<u32>(chain, CHAIN_DUST_SEGWIT);
  return u64.MAX_VALUE;
}
