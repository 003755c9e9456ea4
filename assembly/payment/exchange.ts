// What the owner asks for A of one chain in A of the other one: where a payment crosses chains here. PROTOCOL.md, "Two
// chains".

import { mul_div_ceil, mul_div_floor } from "../base/amount";
import { ERR_ARGUMENT, ERR_CONFIG, ERR_NOT_FOUND, ERR_VALUE } from "../base/errors";
import { MAX_CHAINS, MAX_CHANNELS } from "../base/limits";
import { chain_count, chain_hashes } from "../channel/config";
import { STATE_FUNDED, chain_of, state_of } from "../channel/record";

/** u64 each: so many msat of the incoming chain are asked for so many of the outgoing one; zeros: nothing is exchanged. */
export const RATE_NUMERATOR: usize = 0;
export const RATE_DENOMINATOR: usize = 8;
export const RATE_BYTES: usize = 16;

/** Persistent region: the second chain's hash, zeros without one; a rate for HTLCs that come in on each of the chains. */
export const EXCHANGE_BYTES: i32 = 32 + MAX_CHAINS * <i32>RATE_BYTES;
export const exchange: usize = memory.data(EXCHANGE_BYTES, 8);

const HASH: i32 = 32;
const found: usize = memory.data(8, 8);

/** The rate for HTLCs that come in on chain `from` and go out on the other one. */
export function rate_of(from: u32): usize {
  assert(from < <u32>MAX_CHAINS);
  return exchange + <usize>HASH + <usize>from * RATE_BYTES;
}

/**
 * To be called once after the persistent regions were read back. ERR_CONFIG: there are funded channels on a second chain
 * that is not the one of the settings.
 */
export function exchange_boot(): i32 {
  const hash = chain_hashes + <usize>HASH;
  if (memory.compare(exchange, hash, HASH) == 0) return 0;
  for (let n = 0; n < MAX_CHANNELS; n++) if (state_of(n) >= STATE_FUNDED && chain_of(n) != 0) return ERR_CONFIG;
  // A rate was meant for that chain alone.
  memory.fill(exchange, 0, EXCHANGE_BYTES);
  memory.copy(exchange, hash, HASH);
  return 0;
}

/**
 * Quotes a rate for HTLCs that come in on chain `from`, or takes it back (zeros). ERR_ARGUMENT: no such chain, or only one;
 * ERR_VALUE: half a rate, or one by which money would come back from the other chain as more.
 */
export function rate_set(from: u32, numerator: u64, denominator: u64): i32 {
  if (chain_count < MAX_CHAINS || from >= <u32>MAX_CHAINS) return ERR_ARGUMENT;
  if ((numerator == 0) != (denominator == 0)) return ERR_VALUE;
  const back = rate_of(from ^ 1);
  const back_denominator = load<u64>(back, RATE_DENOMINATOR);
  if (numerator != 0 && back_denominator != 0) {
    // More than 64 bits is more than any denominator.
    const code = mul_div_floor(numerator, load<u64>(back, RATE_NUMERATOR), denominator, found);
    if (code >= 0 && load<u64>(found) < back_denominator) return ERR_VALUE;
  }
  const rate = rate_of(from);
  store<u64>(rate, numerator, RATE_NUMERATOR);
  store<u64>(rate, denominator, RATE_DENOMINATOR);
  return 0;
}

/**
 * What has to come in on chain `from`, msat, for `amount_msat` of the other one, to `to`. ERR_NOT_FOUND: no rate is quoted;
 * ERR_OVERFLOW.
 */
export function exchange_needed(from: u32, amount_msat: u64, to: usize): i32 {
  const rate = rate_of(from);
  const denominator = load<u64>(rate, RATE_DENOMINATOR);
  if (denominator == 0) return ERR_NOT_FOUND;
  return mul_div_ceil(amount_msat, load<u64>(rate, RATE_NUMERATOR), denominator, to);
}
