// What the node's configuration says of its channels, and the chain's height: set by the node before anything else.

import { ERR_VALUE } from "../base/errors";
import { MAX_SHUTDOWN_BYTES } from "../base/limits";
import { CHAIN_BYTES } from "../chain/params";
import { SHUTDOWN_ANY_SEGWIT, shutdown_script_check } from "../chain/script";

/** Record of chain/params.ts. */
export const chain_params: usize = memory.data(<i32>CHAIN_BYTES, 8);
/** Height of the chain, blocks. */
export let chain_height: u32 = 0;
/** What we ask of a peer, in open_channel and accept_channel. */
export let own_to_self_delay: u32 = 144;
export let own_minimum_depth: u32 = 3;
export let own_dust_limit_sat: u64 = 354;
export let own_htlc_minimum_msat: u64 = 1;
/** Feerate that fits now, satoshi per 1,000 units of weight: for closing. */
export let own_feerate_per_kw: u32 = 253;
/** UTC in s, 0 while it is not known. */
export let utc_s: u32 = 0;
/** Unsecured credit that we grant who opens a line to us, msat. */
export let own_credit_msat: u64 = 0;

/** Where mutual closes pay to: u32 length, bytes. While it is empty, to the channel's own payment_basepoint. */
export const own_script: usize = memory.data(4 + MAX_SHUTDOWN_BYTES, 8);

/** ERR_VALUE: no form that shutdown may carry. */
export function set_own_script(script: usize, len: i32): i32 {
  if (<u32>len > <u32>MAX_SHUTDOWN_BYTES || shutdown_script_check(script, len, SHUTDOWN_ANY_SEGWIT) < 0)
    return ERR_VALUE;
  store<i32>(own_script, len);
  memory.copy(own_script + 4, script, len);
  return 0;
}

export function set_chain_height(height: u32): void {
  chain_height = height;
}

export function set_feerate(feerate_per_kw: u32): void {
  own_feerate_per_kw = feerate_per_kw;
}

export function set_time(now_s: u32): void {
  utc_s = now_s;
}

/** For lines opened from now on. */
export function set_energy_credit(credit_msat: u64): void {
  own_credit_msat = credit_msat;
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
