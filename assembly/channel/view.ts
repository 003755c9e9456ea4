// A channel as one side's commitment has it, made of the record and its slots. BOLT 2, "Normal Operation"; BOLT 3,
// "Commitment Transaction".

import { add, sub } from "../base/amount";
import { ERR_OVERFLOW } from "../base/errors";
import { MAX_HTLCS } from "../base/limits";
import { commitment_build } from "../chain/commitment";
import { htlc_fee_sat } from "../chain/fees";
import {
  CHANNEL_FLAGS,
  CHANNEL_OPENER,
  COMMITMENT_BALANCES_MSAT,
  COMMITMENT_BYTES,
  COMMITMENT_ENERGY_HASH,
  COMMITMENT_FEERATE,
  COMMITMENT_HTLCS,
  COMMITMENT_HTLC_COUNT,
  COMMITMENT_NUMBER,
  COMMITMENT_OWNER,
  COMMITMENT_POINT,
  HOLDER,
  HTLC_AMOUNT_MSAT,
  HTLC_ID,
  HTLC_OFFERED_BY,
  SIDE_DUST_LIMIT_SAT,
  side_of,
} from "../chain/spec";
import { ENERGY_ROLL, energy_of } from "../energy/record";
import { RIDER_LAPSE, has_rider } from "../energy/rider";
import {
  energy_view_begin,
  energy_view_hash,
  energy_view_pending,
  energy_view_roll,
  energy_view_settled,
} from "../energy/view";
import {
  COMMITTED,
  event_of,
  IN_ACCEPTOR,
  IN_OFFERER,
  LEFT_ACCEPTOR,
  LEFT_OFFERER,
  PROPOSED,
  REMOVED,
  state_after,
  state_flags,
} from "../htlc/states";
import { own_point } from "./live";
import {
  CHANNEL_BALANCES_MSAT,
  CHANNEL_FEERATES,
  CHANNEL_NUMBERS,
  CHANNEL_POINTS,
  MARK_UNACKED,
  RESULT_FULFILLED,
  SLOT_RIDER,
  channel_of,
  has_energy,
  has_mark,
  node_1_of,
  slot_of,
  slot_result,
  slot_state,
} from "./record";

/** The view made last: a record of chain/spec.ts, and the slot of each of its HTLCs, a byte each. */
export const view: usize = memory.data(<i32>COMMITMENT_BYTES, 8);
export const view_slots: usize = memory.data(MAX_HTLCS, 8);

const sum: usize = memory.data(8, 8);

/** Adds to one of two u64. The sum of both is the channel's amount, so that this cannot overflow. */
export function give(balances: usize, side: u32, amount_msat: u64): void {
  const code = add(load<u64>(balances + <usize>(side << 3)), amount_msat, balances + <usize>(side << 3));
  assert(code >= 0);
}

/** Takes from one of two u64. ERR_OVERFLOW. */
export function take(balances: usize, side: u32, amount_msat: u64): i32 {
  return sub(load<u64>(balances + <usize>(side << 3)), amount_msat, balances + <usize>(side << 3));
}

/** One of two u64 of a record, the holder's or the counterparty's. */
export function of_side(channel: usize, offset: usize, side: u32): u64 {
  return load<u64>(channel + offset + <usize>(side << 3));
}

/** Flags of an update's state, as it is, or, with `next`, would be after commitment_signed of the other side than `owner`. */
function viewed_flags(state: u32, offered_by: u32, owner: u32, next: bool): u32 {
  return state_flags(next ? state_after(state, event_of(offered_by, owner ^ 1, false)) : state);
}

/** Whether an update that side `offered_by` offered is included in the commitment of `owner`. */
function is_included(state: u32, offered_by: u32, owner: u32, next: bool): bool {
  return (viewed_flags(state, offered_by, owner, next) & (offered_by == owner ? IN_OFFERER : IN_ACCEPTOR)) != 0;
}

/** Feerate of a commitment; `next`: with what the other side's commitment_signed would add. */
function feerate_of(channel: usize, owner: u32, next: bool): u32 {
  const opener = load<u32>(channel, CHANNEL_OPENER);
  for (let state = PROPOSED; state < COMMITTED; state++) {
    const rate = feerate_at(channel, state);
    if (rate != 0 && is_included(state, opener, owner, next)) return rate;
  }
  return feerate_at(channel, COMMITTED);
}

export function feerate_at(channel: usize, state: u32): u32 {
  return load<u32>(channel + <usize>((state - 1) << 2), CHANNEL_FEERATES);
}

/** The newest feerate, whether committed to or not. */
export function newest_feerate(channel: usize): u32 {
  for (let state = PROPOSED; state < COMMITTED; state++) {
    if (feerate_at(channel, state) != 0) return feerate_at(channel, state);
  }
  return feerate_at(channel, COMMITTED);
}

/**
 * Makes the view of the latest commitment of a side, or, with `next`, of that which the other side would sign now: all but
 * its point. ERR_OVERFLOW: a side would have offered more than it has.
 */
export function view_make(n: i32, owner: u32, next: bool): i32 {
  const channel = channel_of(n);
  memory.copy(view + COMMITMENT_BALANCES_MSAT, channel + CHANNEL_BALANCES_MSAT, 16);
  store<u64>(view, of_side(channel, CHANNEL_NUMBERS, owner) + (next ? 1 : 0), COMMITMENT_NUMBER);
  store<u32>(view, owner, COMMITMENT_OWNER);
  store<u32>(view, feerate_of(channel, owner, next), COMMITMENT_FEERATE);
  let count = 0;
  let code = 0;
  // All that is received comes first: some of it may have been spent again.
  for (let i = 0; i < MAX_HTLCS; i++) {
    const slot = slot_of(n, i);
    if (is_settled(slot, owner, next)) {
      give(view + COMMITMENT_BALANCES_MSAT, load<u32>(slot, HTLC_OFFERED_BY) ^ 1, load<u64>(slot, HTLC_AMOUNT_MSAT));
    }
  }
  for (let i = 0; i < MAX_HTLCS; i++) {
    const slot = slot_of(n, i);
    const offered_by = load<u32>(slot, HTLC_OFFERED_BY);
    const included = is_included(slot_state(slot), offered_by, owner, next);
    if (!included && !is_settled(slot, owner, next)) continue;
    code |= take(view + COMMITMENT_BALANCES_MSAT, offered_by, load<u64>(slot, HTLC_AMOUNT_MSAT));
    if (!included) continue;
    store<u32>(view + <usize>(count << 2), <u32>slot, COMMITMENT_HTLCS);
    store<u8>(view_slots + <usize>count, <u8>i);
    count++;
  }
  store<u32>(view, count, COMMITMENT_HTLC_COUNT);
  return code < 0 ? ERR_OVERFLOW : 0;
}

/** Whether an HTLC has been fulfilled and is out of the side's commitment, but not yet in CHANNEL_BALANCES_MSAT. */
function is_settled(slot: usize, owner: u32, next: bool): bool {
  const state = slot_state(slot);
  if (slot_result(slot) != RESULT_FULFILLED || state == REMOVED) return false;
  const offered_by = load<u32>(slot, HTLC_OFFERED_BY);
  return (viewed_flags(state, offered_by, owner, next) & (offered_by == owner ? LEFT_OFFERER : LEFT_ACCEPTOR)) != 0;
}

/**
 * Makes the energy state of a commitment, as `view_make` does all else of it; its bytes then stand in energy/view.ts, its
 * hash in the view. Only for channels with energy. PROTOCOL.md, "The energy state".
 */
export function view_energy(n: i32, owner: u32, next: bool): void {
  energy_view_begin(n);
  const node_1 = node_1_of(n);
  if (is_included(load<u8>(energy_of(n), ENERGY_ROLL), node_1, owner, next)) energy_view_roll();
  for (let i = 0; i < MAX_HTLCS; i++) {
    const slot = slot_of(n, i);
    const rider = slot + SLOT_RIDER;
    if (!has_rider(rider)) continue;
    const offered_by = load<u32>(slot, HTLC_OFFERED_BY);
    if (is_settled(slot, owner, next)) {
      energy_view_settled(rider, offered_by == node_1, load<u64>(slot, HTLC_AMOUNT_MSAT));
    } else if (is_included(slot_state(slot), offered_by, owner, next)) {
      const lapsed = is_included(load<u8>(rider, RIDER_LAPSE), offered_by, owner, next);
      energy_view_pending(rider, offered_by == node_1, load<u64>(slot, HTLC_ID), lapsed);
    }
  }
  energy_view_hash(view + COMMITMENT_ENERGY_HASH);
}

/**
 * Makes a view and builds its transaction, which then stands (chain/commitment.ts): the number of its HTLC outputs. The
 * codes of `view_make` and `commitment_build`.
 */
export function view_build(n: i32, owner: u32, next: bool): i32 {
  const channel = channel_of(n);
  let code = view_make(n, owner, next);
  if (code < 0) return code;
  if (owner == HOLDER) {
    code = own_point(n, load<u64>(view, COMMITMENT_NUMBER), view + COMMITMENT_POINT);
    if (code < 0) return code;
  } else {
    const second = next || has_mark(channel, MARK_UNACKED);
    memory.copy(view + COMMITMENT_POINT, channel + CHANNEL_POINTS + (second ? 33 : 0), 33);
  }
  if (has_energy(n)) view_energy(n, owner, next);
  return commitment_build(channel, view);
}

/** Whether an HTLC would be no output of a side's commitment at this feerate. BOLT 3, "Trimmed Outputs". */
export function is_dust(channel: usize, owner: u32, offered_by: u32, amount_msat: u64, feerate: u32): bool {
  const fee_sat = htlc_fee_sat(load<u32>(channel, CHANNEL_FLAGS), feerate, offered_by == owner);
  const limit_sat = load<u64>(side_of(channel, owner), SIDE_DUST_LIMIT_SAT);
  return add(limit_sat, fee_sat, sum) < 0 || amount_msat / 1000 < load<u64>(sum);
}
