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
  COMMITMENT_FEERATE,
  COMMITMENT_HTLCS,
  COMMITMENT_HTLC_COUNT,
  COMMITMENT_NUMBER,
  COMMITMENT_OWNER,
  COMMITMENT_POINT,
  HOLDER,
  HTLC_AMOUNT_MSAT,
  HTLC_OFFERED_BY,
  SIDE_DUST_LIMIT_SAT,
  side_of,
} from "../chain/spec";
import { blob_free, NO_BLOB } from "../htlc/blobs";
import {
  ACKED,
  COMMITTED,
  event_of,
  FREE,
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
  HTLC_SLOT_BYTES,
  MARK_UNACKED,
  RESULT_FULFILLED,
  SLOT_BLOB,
  SLOT_STATE,
  channel_of,
  has_mark,
  slot_of,
  slot_result,
  slot_state,
} from "./record";

/** The view made last: a record of chain/spec.ts, and the slot of each of its HTLCs, a byte each. */
export const view: usize = memory.data(<i32>COMMITMENT_BYTES, 8);
export const view_slots: usize = memory.data(MAX_HTLCS, 8);

const sum: usize = memory.data(8, 8);

/** Adds to one of two u64. The sum of both is the channel's amount, so that this cannot overflow. */
function give(balances: usize, side: u32, amount_msat: u64): void {
  const code = add(load<u64>(balances + <usize>(side << 3)), amount_msat, balances + <usize>(side << 3));
  assert(code >= 0);
}

/** Takes from one of two u64. ERR_OVERFLOW. */
function take(balances: usize, side: u32, amount_msat: u64): i32 {
  return sub(load<u64>(balances + <usize>(side << 3)), amount_msat, balances + <usize>(side << 3));
}

/** One of two u64 of a record, the holder's or the counterparty's. */
export function of_side(channel: usize, offset: usize, side: u32): u64 {
  return load<u64>(channel + offset + <usize>(side << 3));
}

/** Feerate of a commitment; `next`: with what the other side's commitment_signed would add. */
function feerate_of(channel: usize, owner: u32, next: bool): u32 {
  const opener = load<u32>(channel, CHANNEL_OPENER);
  const included = opener == owner ? IN_OFFERER : IN_ACCEPTOR;
  const event = event_of(opener, owner ^ 1, false);
  for (let state = PROPOSED; state < COMMITTED; state++) {
    const rate = feerate_at(channel, state);
    if (rate != 0 && (state_flags(next ? state_after(state, event) : state) & included) != 0) return rate;
  }
  return feerate_at(channel, COMMITTED);
}

function feerate_at(channel: usize, state: u32): u32 {
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
    const included = (viewed_flags(slot, owner, next) & (offered_by == owner ? IN_OFFERER : IN_ACCEPTOR)) != 0;
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

function viewed_flags(slot: usize, owner: u32, next: bool): u32 {
  const state = slot_state(slot);
  return state_flags(next ? state_after(state, event_of(load<u32>(slot, HTLC_OFFERED_BY), owner ^ 1, false)) : state);
}

/** Whether an HTLC has been fulfilled and is out of the side's commitment, but not yet in CHANNEL_BALANCES_MSAT. */
function is_settled(slot: usize, owner: u32, next: bool): bool {
  if (slot_result(slot) != RESULT_FULFILLED || slot_state(slot) == REMOVED) return false;
  const left = load<u32>(slot, HTLC_OFFERED_BY) == owner ? LEFT_OFFERER : LEFT_ACCEPTOR;
  return (viewed_flags(slot, owner, next) & left) != 0;
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
  return commitment_build(channel, view);
}

/** Whether an HTLC would be no output of a side's commitment at this feerate. BOLT 3, "Trimmed Outputs". */
export function is_dust(channel: usize, owner: u32, offered_by: u32, amount_msat: u64, feerate: u32): bool {
  const fee_sat = htlc_fee_sat(load<u32>(channel, CHANNEL_FLAGS), feerate, offered_by == owner);
  const limit_sat = load<u64>(side_of(channel, owner), SIDE_DUST_LIMIT_SAT);
  return add(limit_sat, fee_sat, sum) < 0 || amount_msat / 1000 < load<u64>(sum);
}

// ---- Moving on --------------------------------------------------------------------------------------------------------

/** Empties a slot, and frees its blob. */
export function slot_clear(slot: usize): void {
  blob_free(load<u16>(slot, SLOT_BLOB));
  memory.fill(slot, 0, HTLC_SLOT_BYTES);
}

/** Whether side `by` has anything to commit to. */
export function has_changes(n: i32, by: u32): bool {
  const channel = channel_of(n);
  for (let i = 0; i < MAX_HTLCS; i++) {
    const slot = slot_of(n, i);
    const state = slot_state(slot);
    if (state_after(state, event_of(load<u32>(slot, HTLC_OFFERED_BY), by, false)) != state) return true;
  }
  const event = event_of(load<u32>(channel, CHANNEL_OPENER), by, false);
  for (let state = PROPOSED; state < COMMITTED; state++) {
    if (feerate_at(channel, state) != 0 && state_after(state, event) != state) return true;
  }
  return false;
}

/** Whether nothing is under way: no HTLC in either commitment, no update_fee, and nothing to be acknowledged. */
export function is_quiet(n: i32): bool {
  const channel = channel_of(n);
  if (has_mark(channel, MARK_UNACKED)) return false;
  for (let i = 0; i < MAX_HTLCS; i++) {
    const state = slot_state(slot_of(n, i));
    if (state != FREE && state != REMOVED) return false;
  }
  for (let state = PROPOSED; state < COMMITTED; state++) if (feerate_at(channel, state) != 0) return false;
  return true;
}

/** Moves all HTLCs and feerates as commitment_signed or revoke_and_ack of side `by` does. */
export function move_all(n: i32, by: u32, revokes: bool): void {
  const channel = channel_of(n);
  for (let i = 0; i < MAX_HTLCS; i++) {
    const slot = slot_of(n, i);
    const offered_by = load<u32>(slot, HTLC_OFFERED_BY);
    const before = slot_state(slot);
    const state = state_after(before, event_of(offered_by, by, revokes));
    if (state == before) continue;
    store<u8>(slot, <u8>state, SLOT_STATE);
    if (state == ACKED && offered_by == HOLDER) {
      // The peer has the onion for good.
      blob_free(load<u16>(slot, SLOT_BLOB));
      store<u16>(slot, NO_BLOB, SLOT_BLOB);
    } else if (state == REMOVED) {
      settle(channel, slot, offered_by);
    }
  }
  const event = event_of(load<u32>(channel, CHANNEL_OPENER), by, revokes);
  for (let state = COMMITTED - 1; state >= PROPOSED; state--) {
    const rate = feerate_at(channel, state);
    if (rate == 0 || state_after(state, event) == state) continue;
    store<u32>(channel + <usize>(state << 2), rate, CHANNEL_FEERATES);
    store<u32>(channel + <usize>((state - 1) << 2), 0, CHANNEL_FEERATES);
  }
}

/** An HTLC is gone from both commitments. What we have offered stays for the payment room to see. */
function settle(channel: usize, slot: usize, offered_by: u32): void {
  if (slot_result(slot) == RESULT_FULFILLED) {
    const amount_msat = load<u64>(slot, HTLC_AMOUNT_MSAT);
    const code = take(channel + CHANNEL_BALANCES_MSAT, offered_by, amount_msat);
    assert(code >= 0);
    give(channel + CHANNEL_BALANCES_MSAT, offered_by ^ 1, amount_msat);
  }
  if (offered_by != HOLDER) slot_clear(slot);
}
