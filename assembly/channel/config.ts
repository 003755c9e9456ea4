// What the node's configuration says of its channels and of the chains that they are on, and the chains' heights: set by
// the node before anything else.

import { ERR_CHAIN, ERR_VALUE } from "../base/errors";
import { BLOCK_INTERVAL_S, MAX_CHAINS, MAX_SHUTDOWN_BYTES } from "../base/limits";
import { SHUTDOWN_ANY_SEGWIT, shutdown_script_check } from "../chain/script";

/** Chains that the node is on, numbered from 0: invoices and lines are of the first one. */
export let chain_count: i32 = 1;
/** 32 bytes each: the genesis blocks' hashes, as hashed. BOLT 0, "chain_hash". */
export const chain_hashes: usize = memory.data(MAX_CHAINS * 32, 8);

// Of each chain.

/** u32 each: height, blocks; feerate that fits now, satoshi per 1,000 units of weight: for closing. */
const HEIGHT: usize = 0;
const FEERATE: usize = 4;
/** u32: satoshi, of what we ask of a peer. */
const DUST_LIMIT_SAT: usize = 8;
/** u32, s: how far apart its blocks are meant to be. */
const BLOCK_INTERVAL: usize = 12;

const chains: usize = memory.data(MAX_CHAINS * 16, 8);

function chain_at(chain: u32): usize {
  assert(chain < <u32>MAX_CHAINS);
  return chains + <usize>(chain << 4);
}

/** What we ask of a peer, in open_channel and accept_channel. */
export let own_to_self_delay: u32 = 144;
export let own_minimum_depth: u32 = 3;
export let own_htlc_minimum_msat: u64 = 1;
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

/** Height of a chain, blocks. */
export function chain_height(chain: u32): u32 {
  return load<u32>(chain_at(chain), HEIGHT);
}

export function chain_feerate(chain: u32): u32 {
  return load<u32>(chain_at(chain), FEERATE);
}

export function chain_dust_limit_sat(chain: u32): u64 {
  return load<u32>(chain_at(chain), DUST_LIMIT_SAT);
}

export function chain_interval_s(chain: u32): u32 {
  return load<u32>(chain_at(chain), BLOCK_INTERVAL);
}

/** Number of the chain with this hash (32 bytes). ERR_CHAIN. */
export function chain_by(hash: usize): i32 {
  for (let chain = 0; chain < chain_count; chain++) {
    if (memory.compare(chain_hashes + <usize>(chain << 5), hash, 32) == 0) return chain;
  }
  return ERR_CHAIN;
}

export function set_chain_height(chain: u32, height: u32): void {
  store<u32>(chain_at(chain), height, HEIGHT);
}

export function set_feerate(chain: u32, feerate_per_kw: u32): void {
  store<u32>(chain_at(chain), feerate_per_kw, FEERATE);
}

/** A chain's terms; `count`: there are so many chains. `interval_s` 0 is BLOCK_INTERVAL_S. */
export function set_chain(chain: u32, count: i32, hash: usize, dust_limit_sat: u32, interval_s: u32): void {
  chain_count = count;
  memory.copy(chain_hashes + <usize>(chain << 5), hash, 32);
  store<u32>(chain_at(chain), dust_limit_sat, DUST_LIMIT_SAT);
  store<u32>(chain_at(chain), interval_s == 0 ? BLOCK_INTERVAL_S : interval_s, BLOCK_INTERVAL);
}

export function set_time(now_s: u32): void {
  utc_s = now_s;
}

/** For lines opened from now on. */
export function set_energy_credit(credit_msat: u64): void {
  own_credit_msat = credit_msat;
}

/** Values for channels opened from now on. */
export function set_channel_defaults(to_self_delay: u32, minimum_depth: u32, htlc_minimum_msat: u64): void {
  own_to_self_delay = to_self_delay;
  own_minimum_depth = minimum_depth;
  own_htlc_minimum_msat = htlc_minimum_msat;
}
