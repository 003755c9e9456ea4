// What a commitment's outputs are to be worth: which HTLCs become outputs, who pays the fee, what is left of each side.
// Nothing here depends on keys. BOLT 3, "Commitment Transaction Construction".

import { add, mul_div_floor, sub } from "../base/amount";
import { ERR_ARGUMENT, ERR_MISSING, ERR_OVERFLOW, ERR_VALUE } from "../base/errors";
import { MAX_COMMITMENTS, MAX_HTLCS } from "../base/limits";
import { ANCHOR_SAT, commitment_fee_sat, htlc_fee_sat } from "./fees";
import {
  CHANNEL_ANCHORS,
  CHANNEL_ENERGY,
  CHANNEL_FLAGS,
  CHANNEL_FUNDING_SAT,
  CHANNEL_OBSCURING,
  CHANNEL_OPENER,
  COMMITMENT_BALANCES_MSAT,
  COMMITMENT_FEERATE,
  COMMITMENT_HTLC_COUNT,
  COMMITMENT_HTLCS,
  COMMITMENT_NUMBER,
  COMMITMENT_OWNER,
  HTLC_AMOUNT_MSAT,
  HTLC_CLTV_EXPIRY,
  HTLC_OFFERED_BY,
  SIDE_DUST_LIMIT_SAT,
  SIDE_TO_SELF_DELAY,
  side_of,
} from "./spec";

/** Locktimes from here on are times and not block heights. */
const FIRST_TIME: u32 = 500_000_000;

const total: usize = memory.data(8, 8);
const scaled: usize = memory.data(8, 8);

/** What `balance_begin` found. Amounts of the owner and of the other side, 0 where there is no output. */
export let to_local_sat: u64 = 0;
export let to_remote_sat: u64 = 0;
/** Bit i: HTLC i is an output. */
export let htlcs_kept: u32 = 0;
export let has_local_anchor: bool = false;
export let has_remote_anchor: bool = false;
/** What the opener ought to pay; short if its balance does not reach for fee and anchors. */
export let base_fee_sat: u64 = 0;
export let opener_is_short: bool = false;
/** What the transaction does pay: the funding amount less its outputs. */
export let actual_fee_sat: u64 = 0;

/** Record of HTLC number `i`. */
export function htlc_of(commitment: usize, i: i32): usize {
  return load<u32>(commitment + <usize>(i << 2), COMMITMENT_HTLCS);
}

/** Whether an HTLC is offered by the commitment's owner. */
export function is_offered(commitment: usize, htlc: usize): bool {
  return load<u32>(htlc, HTLC_OFFERED_BY) == load<u32>(commitment, COMMITMENT_OWNER);
}

function check(channel: usize, commitment: usize): i32 {
  const htlcs = load<u32>(commitment, COMMITMENT_HTLC_COUNT);
  const owner = load<u32>(commitment, COMMITMENT_OWNER);
  if (
    owner > 1 ||
    htlcs > <u32>MAX_HTLCS ||
    load<u32>(channel, CHANNEL_OPENER) > 1 ||
    load<u32>(channel, CHANNEL_FLAGS) > (CHANNEL_ANCHORS | CHANNEL_ENERGY) ||
    load<u64>(channel, CHANNEL_OBSCURING) >= MAX_COMMITMENTS ||
    load<u64>(commitment, COMMITMENT_NUMBER) >= MAX_COMMITMENTS ||
    load<u32>(side_of(channel, owner), SIDE_TO_SELF_DELAY) > 0xffff ||
    load<u64>(side_of(channel, owner), SIDE_DUST_LIMIT_SAT) == 0
  ) {
    return ERR_ARGUMENT;
  }
  store<u64>(total, 0);
  let code = add(0, load<u64>(commitment, COMMITMENT_BALANCES_MSAT), total);
  if (code >= 0) code = add(load<u64>(total), load<u64>(commitment, COMMITMENT_BALANCES_MSAT + 8), total);
  for (let i = 0; i < <i32>htlcs; i++) {
    const htlc = htlc_of(commitment, i);
    if (load<u32>(htlc, HTLC_OFFERED_BY) > 1 || load<u32>(htlc, HTLC_CLTV_EXPIRY) >= FIRST_TIME) return ERR_ARGUMENT;
    if (code >= 0) code = add(load<u64>(total), load<u64>(htlc, HTLC_AMOUNT_MSAT), total);
  }
  if (code >= 0) code = mul_div_floor(load<u64>(channel, CHANNEL_FUNDING_SAT), 1000, 1, scaled);
  if (code < 0) return code;
  return load<u64>(total) == load<u64>(scaled) ? 0 : ERR_VALUE;
}

/**
 * Works out a commitment's amounts. ERR_ARGUMENT: a field is outside its range. ERR_VALUE: balances and HTLCs are not
 * the channel's amount. ERR_OVERFLOW: they are too much for a u64, or the opener is so short that anchors would come out
 * of nobody's balance. ERR_MISSING: nothing would be paid to anybody. After a code the figures are still those of the
 * commitment before.
 */
export function balance_begin(channel: usize, commitment: usize): i32 {
  let code = check(channel, commitment);
  if (code < 0) return code;
  const flags = load<u32>(channel, CHANNEL_FLAGS);
  const anchors = (flags & CHANNEL_ANCHORS) != 0;
  const owner = load<u32>(commitment, COMMITMENT_OWNER);
  const feerate = load<u32>(commitment, COMMITMENT_FEERATE);
  const dust_sat = load<u64>(side_of(channel, owner), SIDE_DUST_LIMIT_SAT);

  // The sums of check() bound all of the following by the channel's amount.
  let sum_sat: u64 = 0;
  let kept: u32 = 0;
  const htlcs = load<i32>(commitment, COMMITMENT_HTLC_COUNT);
  for (let i = 0; i < htlcs; i++) {
    const htlc = htlc_of(commitment, i);
    const amount_sat = load<u64>(htlc, HTLC_AMOUNT_MSAT) / 1000;
    code = sub(amount_sat, htlc_fee_sat(flags, feerate, is_offered(commitment, htlc)), scaled);
    if (code < 0 || load<u64>(scaled) < dust_sat) continue;
    kept |= 1 << i;
    add(sum_sat, amount_sat, total);
    sum_sat = load<u64>(total);
  }

  const base_sat = commitment_fee_sat(flags, feerate, <u32>popcnt<u32>(kept));
  let due_sat = base_sat;
  if (anchors) {
    add(base_sat, 2 * ANCHOR_SAT, total);
    due_sat = load<u64>(total);
  }
  let local_sat = load<u64>(commitment + <usize>(owner << 3), COMMITMENT_BALANCES_MSAT) / 1000;
  let remote_sat = load<u64>(commitment + <usize>((owner ^ 1) << 3), COMMITMENT_BALANCES_MSAT) / 1000;
  const local_pays = load<u32>(channel, CHANNEL_OPENER) == owner;
  code = sub(local_pays ? local_sat : remote_sat, due_sat, scaled);
  const is_short = code < 0;
  if (is_short) store<u64>(scaled, 0);
  if (local_pays) local_sat = load<u64>(scaled);
  else remote_sat = load<u64>(scaled);
  if (local_sat < dust_sat) local_sat = 0;
  if (remote_sat < dust_sat) remote_sat = 0;

  const local_anchor = anchors && (local_sat != 0 || kept != 0);
  const remote_anchor = anchors && (remote_sat != 0 || kept != 0);
  add(local_sat, remote_sat, total);
  add(load<u64>(total), sum_sat, total);
  add(load<u64>(total), (local_anchor ? ANCHOR_SAT : 0) + (remote_anchor ? ANCHOR_SAT : 0), total);
  if (load<u64>(total) == 0) return ERR_MISSING;
  code = sub(load<u64>(channel, CHANNEL_FUNDING_SAT), load<u64>(total), scaled);
  if (code < 0) return code;

  actual_fee_sat = load<u64>(scaled);
  to_local_sat = local_sat;
  to_remote_sat = remote_sat;
  htlcs_kept = kept;
  has_local_anchor = local_anchor;
  has_remote_anchor = remote_anchor;
  base_fee_sat = base_sat;
  opener_is_short = is_short;
  return 0;
}
