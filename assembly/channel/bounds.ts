// What may be offered in a channel, by us and by the peer: counts, sums, reserves, fees, dust. What we offer is judged
// with all that could be in flight at the worst; what the peer offers, by the very commitment that it is about to sign.
// BOLT 2, "Adding an HTLC", "Bounding exposure to trimmed in-flight HTLCs".

import { add, mul_div_ceil, mul_div_floor, sub } from "../base/amount";
import { ERR_CAPACITY, ERR_OVERFLOW, ERR_VALUE } from "../base/errors";
import { MAX_ACCEPTED_HTLCS, MAX_DUST_EXPOSURE_MSAT, MAX_HTLCS } from "../base/limits";
import { ANCHOR_SAT, commitment_fee_sat } from "../chain/fees";
import {
  CHANNEL_ANCHORS,
  CHANNEL_FLAGS,
  CHANNEL_OPENER,
  COMMITMENT_BALANCES_MSAT,
  COMMITMENT_FEERATE,
  COMMITMENT_HTLC_COUNT,
  COUNTERPARTY,
  HOLDER,
  HTLC_AMOUNT_MSAT,
  HTLC_OFFERED_BY,
} from "../chain/spec";
import { htlc_of } from "../chain/balance";
import { ENERGY_PRICE_CAP, energy_of } from "../energy/record";
import { RIDER_MWH, has_rider } from "../energy/rider";
import { FREE, REMOVED } from "../htlc/states";
import {
  CHANNEL_BALANCES_MSAT,
  CHANNEL_HTLC_MINIMUM_MSAT,
  CHANNEL_MAX_ACCEPTED,
  CHANNEL_MAX_IN_FLIGHT_MSAT,
  CHANNEL_RESERVES_SAT,
  SLOT_RIDER,
  channel_of,
  slot_of,
  slot_state,
} from "./record";
import { is_dust, newest_feerate, of_side, view, view_make } from "./view";

const total: usize = memory.data(8, 8);

/** a + b; nothing that channels have to do with comes near 2^64, but what a peer says may: then u64.MAX_VALUE. */
function plus(a: u64, b: u64): u64 {
  return add(a, b, total) < 0 ? u64.MAX_VALUE : load<u64>(total);
}

/** a - b, or 0. */
function minus(a: u64, b: u64): u64 {
  return sub(a, b, total) < 0 ? 0 : load<u64>(total);
}

function msat(sat: u64): u64 {
  return mul_div_floor(sat, 1000, 1, total) < 0 ? u64.MAX_VALUE : load<u64>(total);
}

/** What the opener has to have for a commitment with so many HTLC outputs: its fee, and the anchors. */
export function opener_costs_msat(channel: usize, feerate: u32, outputs: u32): u64 {
  const flags = load<u32>(channel, CHANNEL_FLAGS);
  const anchors_sat = (flags & CHANNEL_ANCHORS) != 0 ? 2 * ANCHOR_SAT : 0;
  return msat(plus(commitment_fee_sat(flags, feerate, outputs), anchors_sat));
}

/** What a rider's energy, if there is a rider, comes to at the line's price cap. */
export function at_cap_msat(n: i32, rider: usize): u64 {
  if (rider == 0 || !has_rider(rider)) return 0;
  const amount_mwh = load<i64>(rider, RIDER_MWH);
  const energy_mwh = <u64>(amount_mwh < 0 ? -amount_mwh : amount_mwh);
  const code = mul_div_ceil(energy_mwh, load<u64>(energy_of(n), ENERGY_PRICE_CAP), 1_000_000, total);
  return code < 0 ? u64.MAX_VALUE : load<u64>(total);
}

/** In flight, of what side `offered_by` has offered: sum and number. */
let in_flight_msat: u64 = 0;
let in_flight: i32 = 0;
/** Of both sides: those that are an output of some commitment, and the sum of those that are none of a side's, with riders. */
let outputs: u32 = 0;
let dust_of_holder_msat: u64 = 0;
let dust_of_counterparty_msat: u64 = 0;

/** Sums up everything that is not gone from both commitments. */
function sum_up(n: i32, offered_by: u32, feerate: u32): void {
  const channel = channel_of(n);
  in_flight_msat = 0;
  in_flight = 0;
  outputs = 0;
  dust_of_holder_msat = 0;
  dust_of_counterparty_msat = 0;
  for (let i = 0; i < MAX_HTLCS; i++) {
    const slot = slot_of(n, i);
    const state = slot_state(slot);
    if (state == FREE) continue;
    const by = load<u32>(slot, HTLC_OFFERED_BY);
    // A slot that waits to be released is one that cannot be used.
    if (by == offered_by) in_flight++;
    if (state == REMOVED) continue;
    const amount_msat = load<u64>(slot, HTLC_AMOUNT_MSAT);
    if (by == offered_by) in_flight_msat = plus(in_flight_msat, amount_msat);
    const holder_dust = is_dust(channel, HOLDER, by, amount_msat, feerate);
    const counterparty_dust = is_dust(channel, COUNTERPARTY, by, amount_msat, feerate);
    const exposed_msat = plus(amount_msat, at_cap_msat(n, slot + SLOT_RIDER));
    if (holder_dust) dust_of_holder_msat = plus(dust_of_holder_msat, exposed_msat);
    if (counterparty_dust) dust_of_counterparty_msat = plus(dust_of_counterparty_msat, exposed_msat);
    if (!holder_dust || !counterparty_dust) outputs++;
  }
}

/** Whether the sums made last would expose more dust with a further HTLC, whose rider comes to `rider_msat`. */
function too_much_dust(channel: usize, by: u32, amount_msat: u64, rider_msat: u64, feerate: u32): bool {
  const exposed_msat = plus(amount_msat, rider_msat);
  if (
    is_dust(channel, HOLDER, by, amount_msat, feerate) &&
    plus(dust_of_holder_msat, exposed_msat) > MAX_DUST_EXPOSURE_MSAT
  ) {
    return true;
  }
  return (
    is_dust(channel, COUNTERPARTY, by, amount_msat, feerate) &&
    plus(dust_of_counterparty_msat, exposed_msat) > MAX_DUST_EXPOSURE_MSAT
  );
}

/** The balance of a side less all that it has in flight. */
function free_msat(n: i32, side: u32): u64 {
  sum_up(n, side, newest_feerate(channel_of(n)));
  return minus(of_side(channel_of(n), CHANNEL_BALANCES_MSAT, side), in_flight_msat);
}

/** What a side has above its reserve, all that it has in flight, and, as opener, the fee as it is. */
export function uncommitted_msat(n: i32, side: u32): u64 {
  const channel = channel_of(n);
  const free = free_msat(n, side);
  const reserve_msat = msat(of_side(channel, CHANNEL_RESERVES_SAT, side));
  if (load<u32>(channel, CHANNEL_OPENER) != side) return minus(free, reserve_msat);
  return minus(free, plus(reserve_msat, opener_costs_msat(channel, newest_feerate(channel), outputs)));
}

/** Twice a feerate: so much may it rise before the opener is at its reserve. */
function spiked(feerate: u32): u32 {
  return feerate > u32.MAX_VALUE >> 1 ? u32.MAX_VALUE : feerate << 1;
}

/**
 * Most that we may offer now, msat: what is left above the reserve and, as opener, above the fee of a commitment with two
 * more outputs at twice the feerate. 0 if the peer as opener could not pay for one more output.
 */
export function spendable_msat(n: i32): u64 {
  const channel = channel_of(n);
  const feerate = newest_feerate(channel);
  const reserve_msat = msat(of_side(channel, CHANNEL_RESERVES_SAT, HOLDER));
  if (load<u32>(channel, CHANNEL_OPENER) == HOLDER) {
    const free = free_msat(n, HOLDER);
    return minus(free, plus(reserve_msat, opener_costs_msat(channel, spiked(feerate), outputs + 2)));
  }
  const theirs = free_msat(n, COUNTERPARTY);
  const their_reserve = msat(of_side(channel, CHANNEL_RESERVES_SAT, COUNTERPARTY));
  if (theirs < plus(their_reserve, opener_costs_msat(channel, feerate, outputs + 1))) return 0;
  return minus(free_msat(n, HOLDER), reserve_msat);
}

/**
 * Whether we may offer such an HTLC, whose rider comes to `rider_msat` at the price cap, while `held_msat` of ours have to
 * stay: 0, ERR_VALUE, ERR_CAPACITY, ERR_OVERFLOW as of `channel_offer`.
 */
export function check_offer(n: i32, amount_msat: u64, rider_msat: u64, held_msat: u64): i32 {
  const channel = channel_of(n);
  if (amount_msat == 0 || amount_msat < of_side(channel, CHANNEL_HTLC_MINIMUM_MSAT, COUNTERPARTY)) return ERR_VALUE;
  const feerate = newest_feerate(channel);
  sum_up(n, HOLDER, feerate);
  if (
    in_flight >= min(MAX_ACCEPTED_HTLCS, load<i32>(channel, CHANNEL_MAX_ACCEPTED + 4)) ||
    plus(in_flight_msat, amount_msat) > of_side(channel, CHANNEL_MAX_IN_FLIGHT_MSAT, COUNTERPARTY) ||
    too_much_dust(channel, HOLDER, amount_msat, rider_msat, feerate)
  ) {
    return ERR_CAPACITY;
  }
  return amount_msat > minus(spendable_msat(n), held_msat) ? ERR_OVERFLOW : 0;
}

/** Outputs among the HTLCs of the view made last, if one more is to be among them. */
function view_outputs(channel: usize, owner: u32, amount_msat: u64, feerate: u32): u32 {
  let count: u32 = amount_msat != 0 && !is_dust(channel, owner, COUNTERPARTY, amount_msat, feerate) ? 1 : 0;
  for (let i = 0; i < load<i32>(view, COMMITMENT_HTLC_COUNT); i++) {
    const htlc = htlc_of(view, i);
    if (!is_dust(channel, owner, load<u32>(htlc, HTLC_OFFERED_BY), load<u64>(htlc, HTLC_AMOUNT_MSAT), feerate)) count++;
  }
  return count;
}

/**
 * Whether the peer may offer such an HTLC: 0, ERR_VALUE, ERR_CAPACITY, or ERR_OVERFLOW if it cannot afford it above its
 * reserve and, as opener, above the fee.
 */
export function check_received(n: i32, amount_msat: u64): i32 {
  const channel = channel_of(n);
  if (amount_msat == 0 || amount_msat < of_side(channel, CHANNEL_HTLC_MINIMUM_MSAT, HOLDER)) return ERR_VALUE;
  const code = view_make(n, HOLDER, true);
  if (code < 0) return code;
  let count: u32 = 1;
  let offered_msat = amount_msat;
  for (let i = 0; i < load<i32>(view, COMMITMENT_HTLC_COUNT); i++) {
    const htlc = htlc_of(view, i);
    if (load<u32>(htlc, HTLC_OFFERED_BY) != COUNTERPARTY) continue;
    count++;
    offered_msat = plus(offered_msat, load<u64>(htlc, HTLC_AMOUNT_MSAT));
  }
  if (count > load<u32>(channel, CHANNEL_MAX_ACCEPTED)) return ERR_CAPACITY;
  if (offered_msat > of_side(channel, CHANNEL_MAX_IN_FLIGHT_MSAT, HOLDER)) return ERR_CAPACITY;
  let need_msat = plus(amount_msat, msat(of_side(channel, CHANNEL_RESERVES_SAT, COUNTERPARTY)));
  if (load<u32>(channel, CHANNEL_OPENER) == COUNTERPARTY) {
    const feerate = load<u32>(view, COMMITMENT_FEERATE);
    const count_outputs = view_outputs(channel, HOLDER, amount_msat, feerate);
    need_msat = plus(need_msat, opener_costs_msat(channel, feerate, count_outputs));
  }
  return load<u64>(view, COMMITMENT_BALANCES_MSAT + 8) < need_msat ? ERR_OVERFLOW : 0;
}

/** Whether an HTLC of the peer's, with a rider or 0, would be more dust than we are ready to lose. */
export function is_exposed(n: i32, amount_msat: u64, rider: usize): bool {
  const channel = channel_of(n);
  const feerate = newest_feerate(channel);
  sum_up(n, COUNTERPARTY, feerate);
  return too_much_dust(channel, COUNTERPARTY, amount_msat, at_cap_msat(n, rider), feerate);
}

/** Whether the opener may set this feerate as things are in our next commitment: 0 or ERR_OVERFLOW. */
export function check_received_fee(n: i32, feerate: u32): i32 {
  const channel = channel_of(n);
  const code = view_make(n, HOLDER, true);
  if (code < 0) return code;
  const costs_msat = opener_costs_msat(channel, feerate, view_outputs(channel, HOLDER, 0, feerate));
  return load<u64>(view, COMMITMENT_BALANCES_MSAT + 8) < costs_msat ? ERR_OVERFLOW : 0;
}

/** Whether we as opener may set this feerate: 0; ERR_OVERFLOW: too little is left; ERR_CAPACITY: too much becomes dust. */
export function check_offered_fee(n: i32, feerate: u32): i32 {
  const channel = channel_of(n);
  const free = free_msat(n, HOLDER);
  sum_up(n, HOLDER, feerate);
  const reserve_msat = msat(of_side(channel, CHANNEL_RESERVES_SAT, HOLDER));
  if (free < plus(reserve_msat, opener_costs_msat(channel, feerate, outputs + 1))) return ERR_OVERFLOW;
  return max(dust_of_holder_msat, dust_of_counterparty_msat) > MAX_DUST_EXPOSURE_MSAT ? ERR_CAPACITY : 0;
}

/**
 * The first commitment's amounts, of which the opener keeps `opener_msat` and gives `other_msat`: 0, or ERR_OVERFLOW if the
 * opener cannot pay for it, or neither side has more than the reserves (satoshi). BOLT 2, "The `open_channel` Message".
 */
export function check_first(channel: usize, feerate: u32, opener_msat: u64, other_msat: u64, reserve_sat: u64): i32 {
  const costs_msat = opener_costs_msat(channel, feerate, 0);
  if (opener_msat < costs_msat) return ERR_OVERFLOW;
  const reserve_msat = msat(reserve_sat);
  return minus(opener_msat, costs_msat) <= reserve_msat && other_msat <= reserve_msat ? ERR_OVERFLOW : 0;
}

/** The reserve that we ask the other side to keep: a hundredth of the channel, at least 1,000 satoshi. */
export function reserve_for(funding_sat: u64): u64 {
  mul_div_ceil(funding_sat, 1, 100, total);
  return max(load<u64>(total), 1000);
}
