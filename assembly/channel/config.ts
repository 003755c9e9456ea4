// What the node's configuration says of its channels, and the chain's height: set by the node before anything else.

import { CHAIN_BYTES } from "../chain/params";

/** Record of chain/params.ts. */
export const chain_params: usize = memory.data(CHAIN_BYTES, 8);
/** Height of the chain, blocks. */
export let chain_height: u32 = 0;
/** What we ask of a peer, in open_channel and accept_channel. */
export let own_to_self_delay: u32 = 144;
export let own_minimum_depth: u32 = 3;
export let own_dust_limit_sat: u64 = 354;
export let own_htlc_minimum_msat: u64 = 1;
/** Feerate that fits now, satoshi per 1,000 units of weight: for closing. */
export let own_feerate_per_kw: u32 = 253;

export function set_chain_height(height: u32): void {
  chain_height = height;
}

export function set_feerate(feerate_per_kw: u32): void {
  own_feerate_per_kw = feerate_per_kw;
}

/** Values for channels opened from now on; the dust limit at least MIN_DUST_LIMIT_SAT. */
export function set_channel_defaults(
  to_self_delay: u32,
  minimum_depth: u32,
  dust_limit_sat: u64,
  htlc_minimum_msat: u64,
): void {
  own_to_self_delay = to_self_delay;
  own_minimum_depth = minimum_depth;
  own_dust_limit_sat = dust_limit_sat;
  own_htlc_minimum_msat = htlc_minimum_msat;
}
