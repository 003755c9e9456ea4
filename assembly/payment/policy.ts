// What a channel takes for forwarding out of it. BOLT 7, "The channel_update Message" and "HTLC Fees".

import { ERR_ARGUMENT } from "../base/errors";
import { MAX_CHANNELS, MIN_CLTV_EXPIRY_DELTA } from "../base/limits";

// One channel's policy, numbers little-endian.

/** u64 each; the greatest HTLC is 0 where only the channel itself limits it. */
export const POLICY_HTLC_MINIMUM_MSAT: usize = 0;
export const POLICY_HTLC_MAXIMUM_MSAT: usize = 8;
/** u32 each. */
export const POLICY_FEE_BASE_MSAT: usize = 16;
export const POLICY_FEE_PROPORTIONAL_MILLIONTHS: usize = 20;
/** u16: blocks between the expiries of the incoming and the outgoing HTLC. */
export const POLICY_CLTV_EXPIRY_DELTA: usize = 24;
/** u16: POLICY_DISABLED. */
export const POLICY_FLAGS: usize = 26;
export const POLICY_BYTES: usize = 28;
const POLICY_STRIDE: usize = 32;

/** Nothing is forwarded out of this channel. */
export const POLICY_DISABLED: u32 = 1;

/** Persistent region. */
export const POLICIES_BYTES: i32 = MAX_CHANNELS * <i32>POLICY_STRIDE;
export const policies: usize = memory.data(POLICIES_BYTES, 8);

/** Address of the policy of channel `n`. */
export function policy_of(n: i32): usize {
  assert(<u32>n < <u32>MAX_CHANNELS);
  return policies + <usize>n * POLICY_STRIDE;
}

/**
 * Replaces the policy of channel `n` by the POLICY_BYTES at `record`. ERR_ARGUMENT: no such channel; no known flags; an
 * expiry delta below MIN_CLTV_EXPIRY_DELTA, with which we could lose money; a fee of more than the amount itself; a
 * greatest HTLC below the least.
 */
export function policy_set(n: i32, record: usize): i32 {
  const maximum = load<u64>(record, POLICY_HTLC_MAXIMUM_MSAT);
  if (
    <u32>n >= <u32>MAX_CHANNELS ||
    load<u16>(record, POLICY_FLAGS) > POLICY_DISABLED ||
    load<u16>(record, POLICY_CLTV_EXPIRY_DELTA) < <u32>MIN_CLTV_EXPIRY_DELTA ||
    load<u32>(record, POLICY_FEE_PROPORTIONAL_MILLIONTHS) > 1_000_000 ||
    (maximum != 0 && maximum < load<u64>(record, POLICY_HTLC_MINIMUM_MSAT))
  ) {
    return ERR_ARGUMENT;
  }
  memory.copy(policy_of(n), record, POLICY_BYTES);
  return 0;
}

/** The policy that channel `n` begins with: no fee, the least expiry delta, no limits of amounts. */
export function policy_reset(n: i32): void {
  const at = policy_of(n);
  memory.fill(at, 0, POLICY_BYTES);
  store<u16>(at, <u16>MIN_CLTV_EXPIRY_DELTA, POLICY_CLTV_EXPIRY_DELTA);
}
