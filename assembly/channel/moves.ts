// How a channel moves on: updates by what either side signs and revokes, until they are in both commitments for good. BOLT 2,
// "Normal Operation"; PROTOCOL.md, "Updates".

import { MAX_HTLCS } from "../base/limits";
import { CHANNEL_OPENER, HOLDER, HTLC_AMOUNT_MSAT, HTLC_OFFERED_BY } from "../chain/spec";
import { ENERGY_ROLL, energy_of } from "../energy/record";
import { RIDER_BOUGHT_BACK, RIDER_LAPSE, has_rider } from "../energy/rider";
import { energy_roll_done, energy_settle } from "../energy/view";
import { blob_free, NO_BLOB } from "../htlc/blobs";
import {
  ACKED,
  COMMITTED,
  event_of,
  FREE,
  PROPOSED,
  REMOVE_PROPOSED,
  REMOVE_SIGNED,
  REMOVED,
  state_after,
} from "../htlc/states";
import {
  CHANNEL_BALANCES_MSAT,
  CHANNEL_FEERATES,
  HTLC_SLOT_BYTES,
  MARK_UNACKED,
  RESULT_FULFILLED,
  SLOT_BLOB,
  SLOT_RIDER,
  SLOT_STATE,
  channel_of,
  has_mark,
  node_1_of,
  slot_of,
  slot_result,
  slot_state,
} from "./record";
import { feerate_at, give, take } from "./view";

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
    const signs = event_of(load<u32>(slot, HTLC_OFFERED_BY), by, false);
    const lapse = load<u8>(slot, SLOT_RIDER + RIDER_LAPSE);
    if (state_after(state, signs) != state || state_after(lapse, signs) != lapse) return true;
  }
  const roll = load<u8>(energy_of(n), ENERGY_ROLL);
  if (state_after(roll, event_of(node_1_of(n), by, false)) != roll) return true;
  const event = event_of(load<u32>(channel, CHANNEL_OPENER), by, false);
  for (let state = PROPOSED; state < COMMITTED; state++) {
    if (feerate_at(channel, state) != 0 && state_after(state, event) != state) return true;
  }
  return false;
}

/** Whether nothing is under way: no HTLC in either commitment, no other update, and nothing to be acknowledged. */
export function is_quiet(n: i32): bool {
  const channel = channel_of(n);
  if (has_mark(channel, MARK_UNACKED) || load<u8>(energy_of(n), ENERGY_ROLL) != FREE) return false;
  for (let i = 0; i < MAX_HTLCS; i++) {
    const state = slot_state(slot_of(n, i));
    if (state != FREE && state != REMOVED) return false;
  }
  for (let state = PROPOSED; state < COMMITTED; state++) if (feerate_at(channel, state) != 0) return false;
  return true;
}

/** Moves all updates as commitment_signed or revoke_and_ack of side `by` does. */
export function move_all(n: i32, by: u32, revokes: bool): void {
  const channel = channel_of(n);
  for (let i = 0; i < MAX_HTLCS; i++) {
    const slot = slot_of(n, i);
    const offered_by = load<u32>(slot, HTLC_OFFERED_BY);
    const event = event_of(offered_by, by, revokes);
    const before = slot_state(slot);
    const state = state_after(before, event);
    const lapse = state_after(load<u8>(slot, SLOT_RIDER + RIDER_LAPSE), event);
    store<u8>(slot, <u8>lapse, SLOT_RIDER + RIDER_LAPSE);
    if (state == before) continue;
    store<u8>(slot, <u8>state, SLOT_STATE);
    // What we fulfil is on its way now, behind our acknowledgement of the lapse or before it, whatever comes.
    if (state == REMOVE_SIGNED && offered_by != HOLDER) judge_lapse(slot);
    if (state == ACKED && offered_by == HOLDER) {
      // The peer has the onion for good.
      blob_free(load<u16>(slot, SLOT_BLOB));
      store<u16>(slot, NO_BLOB, SLOT_BLOB);
    } else if (state == REMOVED) {
      settle(n, slot, offered_by);
    }
  }
  move_roll(n, by, revokes);
  const event = event_of(load<u32>(channel, CHANNEL_OPENER), by, revokes);
  for (let state = COMMITTED - 1; state >= PROPOSED; state--) {
    const rate = feerate_at(channel, state);
    if (rate == 0 || state_after(state, event) == state) continue;
    store<u32>(channel + <usize>(state << 2), rate, CHANNEL_FEERATES);
    store<u32>(channel + <usize>((state - 1) << 2), 0, CHANNEL_FEERATES);
  }
}

/**
 * Before the counterparty's commitment_signed is checked: what it fulfils of ours is judged as it has judged it when it
 * signed. An update may be sent again behind a revocation that it went before; a signature keeps its place.
 */
export function judge_lapses(n: i32): void {
  for (let i = 0; i < MAX_HTLCS; i++) {
    const slot = slot_of(n, i);
    if (slot_state(slot) == REMOVE_PROPOSED && load<u32>(slot, HTLC_OFFERED_BY) == HOLDER) judge_lapse(slot);
  }
}

/**
 * An HTLC whose fulfilment its receiver signs after it has acknowledged the lapse of its rider is bought back. PROTOCOL.md,
 * "Updates".
 */
export function judge_lapse(slot: usize): void {
  const late = slot_result(slot) == RESULT_FULFILLED && load<u8>(slot, SLOT_RIDER + RIDER_LAPSE) >= <u8>ACKED;
  store<u8>(slot, late ? 1 : 0, SLOT_RIDER + RIDER_BOUGHT_BACK);
}

/** interval_roll: once it is in both commitments for good, the record is as after it. */
function move_roll(n: i32, by: u32, revokes: bool): void {
  const roll = energy_of(n) + ENERGY_ROLL;
  const state = state_after(load<u8>(roll), event_of(node_1_of(n), by, revokes));
  store<u8>(roll, <u8>state);
  if (state == COMMITTED) energy_roll_done(n);
}

/** An HTLC is gone from both commitments. What we have offered stays for the payment room to see. */
function settle(n: i32, slot: usize, offered_by: u32): void {
  if (slot_result(slot) == RESULT_FULFILLED) {
    const channel = channel_of(n);
    const amount_msat = load<u64>(slot, HTLC_AMOUNT_MSAT);
    const rider = slot + SLOT_RIDER;
    if (has_rider(rider)) energy_settle(n, rider, offered_by == node_1_of(n), amount_msat);
    const code = take(channel + CHANNEL_BALANCES_MSAT, offered_by, amount_msat);
    assert(code >= 0);
    give(channel + CHANNEL_BALANCES_MSAT, offered_by ^ 1, amount_msat);
  }
  if (offered_by != HOLDER) slot_clear(slot);
}
