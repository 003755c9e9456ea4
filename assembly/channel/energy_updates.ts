// The updates that are of energy alone, energy_lapse and interval_roll, from us and from the peer. PROTOCOL.md, "Updates".

import { ERR_ARGUMENT, ERR_NOT_FOUND, ERR_ORDER, ERR_STATE, ERR_VALUE } from "../base/errors";
import { MAX_HTLCS } from "../base/limits";
import { COUNTERPARTY, HOLDER, HTLC_OFFERED_BY } from "../chain/spec";
import { close_ready, roll_check, roll_propose } from "../energy/closing";
import {
  ENERGY_CLOSES,
  CLOSE_UNTIL,
  ENERGY_ROLL,
  ROLL_ARREARS_MSAT,
  ROLL_BYTES,
  ROLL_FLOW_MWH,
  ROLL_UNTIL,
  energy_of,
} from "../energy/record";
import { RIDER_LAPSE, has_rider } from "../energy/rider";
import { COMMITTED, FREE, PROPOSED } from "../htlc/states";
import {
  ENERGY_LAPSE_ID,
  INTERVAL_ROLL_ARREARS_MSAT,
  INTERVAL_ROLL_FLOW_MWH,
  INTERVAL_ROLL_INTERVAL_END,
} from "../wire/energy";
import { hold_left_ms } from "./holds";
import { ESTABLISHED, is_live } from "./live";
import {
  CHANNEL_NEXT_IDS,
  SLOT_RIDER,
  STATE_NORMAL,
  channel_of,
  has_energy,
  node_1_of,
  slot_find,
  slot_of,
  slot_state,
  state_of,
} from "./record";
import { pays_arrears, reserves_before } from "./riders";

/** Whether a slot's rider can lapse, or lapse again. */
function can_lapse(slot: usize): bool {
  const rider = slot + SLOT_RIDER;
  return has_rider(rider) && !pays_arrears(rider) && load<u8>(rider, RIDER_LAPSE) == <u8>FREE;
}

/**
 * Lets the rider of offered HTLC `slot` lapse: it goes out with the next commitment_signed, and holds no capacity once that
 * is acknowledged. ERR_STATE: not irrevocably committed, or on its way out; no rider that could lapse, or it does already.
 */
export function channel_lapse(n: i32, slot: i32): i32 {
  if (<u32>slot >= <u32>MAX_HTLCS) return ERR_ARGUMENT;
  const at = slot_of(n, slot);
  if (state_of(n) != STATE_NORMAL || load<u32>(at, HTLC_OFFERED_BY) != HOLDER) return ERR_STATE;
  if (slot_state(at) != COMMITTED || !can_lapse(at)) return ERR_STATE;
  store<u8>(at, <u8>PROPOSED, SLOT_RIDER + RIDER_LAPSE);
  return 0;
}

/**
 * energy_lapse. One for an HTLC that is gone is nothing. ERR_NOT_FOUND: there never was such an HTLC; ERR_STATE: it is not
 * irrevocably committed, or has no rider that could lapse; ERR_ORDER: its time is not up, so that its offerer chooses.
 */
export function on_lapse(n: i32, record: usize): i32 {
  const id = load<u64>(record, ENERGY_LAPSE_ID);
  const number = slot_find(n, COUNTERPARTY, id);
  if (number < 0) return id < load<u64>(channel_of(n), CHANNEL_NEXT_IDS + 8) ? 0 : ERR_NOT_FOUND;
  const slot = slot_of(n, number);
  if (slot_state(slot) < COMMITTED || !can_lapse(slot)) return ERR_STATE;
  if (hold_left_ms(n, number) > 0) return ERR_ORDER;
  store<u8>(slot, <u8>PROPOSED, SLOT_RIDER + RIDER_LAPSE);
  return 0;
}

/**
 * As node_1, takes closed intervals out of the state (energy/closing.ts): interval_roll goes out with the next
 * commitment_signed. ERR_STATE: not node_1's of a line in normal operation, another one is under way, the ends have not both
 * closed, or a rider of these intervals may still move energy. Codes of `roll_propose`.
 */
export function channel_roll(n: i32): i32 {
  if (!has_energy(n) || state_of(n) != STATE_NORMAL || !is_live(n, ESTABLISHED)) return ERR_STATE;
  const energy = energy_of(n);
  if (node_1_of(n) != HOLDER || load<u8>(energy, ENERGY_ROLL) != <u8>FREE || !close_ready(n)) return ERR_STATE;
  if (reserves_before(n, load<u32>(energy, ENERGY_CLOSES + CLOSE_UNTIL), PROPOSED)) return ERR_STATE;
  return roll_propose(n);
}

/** interval_roll. ERR_STATE: not node_1's, or another one is under way; ERR_VALUE: a rider is pending; codes of `roll_check`. */
export function on_roll(n: i32, record: usize): i32 {
  const roll = energy_of(n) + ENERGY_ROLL;
  if (node_1_of(n) != COUNTERPARTY || load<u8>(roll) != <u8>FREE) return ERR_STATE;
  const until = load<u32>(record, INTERVAL_ROLL_INTERVAL_END);
  const flow_mwh = load<i64>(record, INTERVAL_ROLL_FLOW_MWH);
  const arrears_msat = load<i64>(record, INTERVAL_ROLL_ARREARS_MSAT);
  // Riders of ours that crossed with the roll are no reason: node_1 refuses them, since it has closed their intervals.
  if (reserves_before(n, until, COMMITTED)) return ERR_VALUE;
  const code = roll_check(n, until, flow_mwh, arrears_msat);
  if (code < 0) return code;
  store<u32>(roll, until, ROLL_UNTIL);
  store<i64>(roll, flow_mwh, ROLL_FLOW_MWH);
  store<i64>(roll, arrears_msat, ROLL_ARREARS_MSAT);
  store<u8>(roll, <u8>PROPOSED);
  return 0;
}

/** Forgets what the peer has proposed of these and not signed. */
export function forget_energy(n: i32): void {
  for (let i = 0; i < MAX_HTLCS; i++) {
    const slot = slot_of(n, i);
    if (load<u32>(slot, HTLC_OFFERED_BY) == COUNTERPARTY && load<u8>(slot, SLOT_RIDER + RIDER_LAPSE) == <u8>PROPOSED) {
      store<u8>(slot, <u8>FREE, SLOT_RIDER + RIDER_LAPSE);
    }
  }
  const roll = energy_of(n) + ENERGY_ROLL;
  if (node_1_of(n) == COUNTERPARTY && load<u8>(roll) == <u8>PROPOSED) memory.fill(roll, 0, ROLL_BYTES);
}
