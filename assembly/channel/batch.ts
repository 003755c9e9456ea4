// A batch: the updates that our last commitment_signed commits to, and itself. It goes out again after a disconnection, as
// long as it is not acknowledged. BOLT 2, "Normal Operation".

import { BLOB_BYTES, MAX_HTLCS } from "../base/limits";
import {
  CHANNEL_OPENER,
  CHANNEL_OUTPOINT,
  HOLDER,
  HTLC_AMOUNT_MSAT,
  HTLC_CLTV_EXPIRY,
  HTLC_ID,
  HTLC_OFFERED_BY,
  HTLC_PAYMENT_HASH,
} from "../chain/spec";
import { NOTE_ENERGY_MWH, NOTE_ISSUED_MWH, NOTE_SIGNATURE, NOTE_START } from "../energy/note";
import { ENERGY_ROLL, ROLL_ARREARS_MSAT, ROLL_FLOW_MWH, ROLL_UNTIL, energy_of } from "../energy/record";
import { RIDER_HOLD_S, RIDER_KIND, RIDER_LAPSE, RIDER_MWH, RIDER_START, has_rider } from "../energy/rider";
import { NO_BLOB, blob_at, blob_bytes } from "../htlc/blobs";
import { REMOVE_SIGNED, SIGNED } from "../htlc/states";
import { make_error, wrap_error } from "../onion/error";
import { write_failure } from "../onion/failure";
import * as energy from "../wire/energy";
import { RECORD_PRESENT } from "../wire/kinds";
import * as updates from "../wire/updates";
import * as live from "./live";
import { begin, record, sign, signatures } from "./outgoing";
import * as at from "./record";

const reason: usize = memory.data(BLOB_BYTES, 8);

function set_present(flag: u32): void {
  store<u32>(record, load<u32>(record, RECORD_PRESENT) | flag, RECORD_PRESENT);
}

function set_rider(rider: usize): void {
  const to = record + updates.UPDATE_ADD_HTLC_ENERGY_RIDER;
  set_present(updates.UPDATE_ADD_HTLC_HAS_ENERGY_RIDER);
  store<u32>(to, load<u32>(rider, RIDER_START), energy.ENERGY_RIDER_INTERVAL_START);
  store<u32>(to, load<u8>(rider, RIDER_KIND), energy.ENERGY_RIDER_KIND);
  store<u32>(to, load<u16>(rider, RIDER_HOLD_S), energy.ENERGY_RIDER_HOLD_S);
  store<i64>(to, load<i64>(rider, RIDER_MWH), energy.ENERGY_RIDER_AMOUNT_MWH);
}

function set_note(note: usize): void {
  const to = record + updates.UPDATE_FULFILL_HTLC_RECEIPT_NOTE;
  set_present(updates.UPDATE_FULFILL_HTLC_HAS_RECEIPT_NOTE);
  store<u32>(to, load<u32>(note, NOTE_START), energy.RECEIPT_NOTE_INTERVAL_START);
  store<u64>(to, load<u64>(note, NOTE_ENERGY_MWH), energy.RECEIPT_NOTE_ENERGY_MWH);
  store<u64>(to, load<u64>(note, NOTE_ISSUED_MWH), energy.RECEIPT_NOTE_ISSUED_MWH);
  store<u32>(to, <u32>(note + NOTE_SIGNATURE), energy.RECEIPT_NOTE_SIGNATURE);
}

function make_add(n: i32, slot: usize): i32 {
  begin(n, updates.UPDATE_ADD_HTLC);
  store<u64>(record, load<u64>(slot, HTLC_ID), updates.UPDATE_ADD_HTLC_ID);
  store<u64>(record, load<u64>(slot, HTLC_AMOUNT_MSAT), updates.UPDATE_ADD_HTLC_AMOUNT_MSAT);
  store<u32>(record, <u32>(slot + HTLC_PAYMENT_HASH), updates.UPDATE_ADD_HTLC_PAYMENT_HASH);
  store<u32>(record, load<u32>(slot, HTLC_CLTV_EXPIRY), updates.UPDATE_ADD_HTLC_CLTV_EXPIRY);
  store<u32>(record, <u32>blob_at(load<u16>(slot, at.SLOT_BLOB)), updates.UPDATE_ADD_HTLC_ONION_ROUTING_PACKET);
  if (at.slot_has(slot, at.SLOT_HAS_PATH_KEY)) {
    set_present(updates.UPDATE_ADD_HTLC_HAS_BLINDED_PATH);
    store<u32>(record, <u32>(slot + at.SLOT_PATH_KEY), updates.UPDATE_ADD_HTLC_BLINDED_PATH);
  }
  if (has_rider(slot + at.SLOT_RIDER)) set_rider(slot + at.SLOT_RIDER);
  return 0;
}

/** The error packet of a failed HTLC, as our part of the way back makes it: its length. BOLT 4, "Returning Errors". */
function make_reason(slot: usize): i32 {
  const blob = load<u16>(slot, at.SLOT_BLOB);
  let len: i32;
  if (blob != NO_BLOB) {
    len = blob_bytes(blob);
    memory.copy(reason, blob_at(blob), len);
  } else {
    const data = slot + at.SLOT_FAILURE_DATA;
    // The message lies behind the packet that is made of it.
    const message = reason + BLOB_BYTES - 34;
    len = write_failure(load<u16>(slot, at.SLOT_FAILURE), load<u64>(data), load<u64>(data, 8), message);
    if (len >= 0) len = make_error(slot + at.SLOT_SECRET, message, len, reason);
  }
  const code = len < 0 ? len : wrap_error(slot + at.SLOT_SECRET, reason, len);
  return code < 0 ? code : len;
}

function make_removal(n: i32, slot: usize): i32 {
  const result = at.slot_result(slot);
  if (result == at.RESULT_FULFILLED) {
    begin(n, updates.UPDATE_FULFILL_HTLC);
    store<u32>(record, <u32>(slot + at.SLOT_PREIMAGE), updates.UPDATE_FULFILL_HTLC_PAYMENT_PREIMAGE);
    if (at.slot_has(slot, at.SLOT_HAS_NOTE)) set_note(slot + at.SLOT_NOTE);
  } else if (result == at.RESULT_FAILED) {
    const len = make_reason(slot);
    if (len < 0) return len;
    begin(n, updates.UPDATE_FAIL_HTLC);
    store<u32>(record, <u32>reason, updates.UPDATE_FAIL_HTLC_REASON);
    store<i32>(record, len, updates.UPDATE_FAIL_HTLC_REASON + 4);
  } else {
    begin(n, updates.UPDATE_FAIL_MALFORMED_HTLC);
    store<u32>(record, <u32>(slot + at.SLOT_PREIMAGE), updates.UPDATE_FAIL_MALFORMED_HTLC_SHA256_OF_ONION);
    store<u32>(record, load<u16>(slot, at.SLOT_FAILURE), updates.UPDATE_FAIL_MALFORMED_HTLC_FAILURE_CODE);
  }
  store<u64>(record, load<u64>(slot, HTLC_ID), updates.UPDATE_FULFILL_HTLC_ID);
  return 0;
}

function make_commitment_signed(n: i32): i32 {
  const count = sign(n);
  if (count < 0) return count;
  begin(n, updates.COMMITMENT_SIGNED);
  store<u32>(record, <u32>signatures, updates.COMMITMENT_SIGNED_SIGNATURE);
  store<u32>(record, <u32>(signatures + 64), updates.COMMITMENT_SIGNED_HTLC_SIGNATURE);
  store<i32>(record, count, updates.COMMITMENT_SIGNED_HTLC_SIGNATURE + 4);
  store<u32>(record, updates.COMMITMENT_SIGNED_HAS_FUNDING_TXID, RECORD_PRESENT);
  store<u32>(record, <u32>(at.channel_of(n) + CHANNEL_OUTPOINT), updates.COMMITMENT_SIGNED_FUNDING_TXID);
  live.clear_live(n, live.TO_COMMIT);
  return 0;
}

function make_lapse(n: i32, slot: usize): i32 {
  begin(n, energy.ENERGY_LAPSE);
  store<u64>(record, load<u64>(slot, HTLC_ID), energy.ENERGY_LAPSE_ID);
  return 0;
}

function make_roll(n: i32, roll: usize): i32 {
  begin(n, energy.INTERVAL_ROLL);
  store<u32>(record, load<u32>(roll, ROLL_UNTIL), energy.INTERVAL_ROLL_INTERVAL_END);
  store<i64>(record, load<i64>(roll, ROLL_FLOW_MWH), energy.INTERVAL_ROLL_FLOW_MWH);
  store<i64>(record, load<i64>(roll, ROLL_ARREARS_MSAT), energy.INTERVAL_ROLL_ARREARS_MSAT);
  return 0;
}

/** Slot of the batch whose rider's lapse goes out next, -1 if all have. A slot has only one update in a batch. */
function next_lapse(n: i32, sent: u32): i32 {
  for (let i = 0; i < MAX_HTLCS; i++) {
    const slot = at.slot_of(n, i);
    const is_own = load<u32>(slot, HTLC_OFFERED_BY) == HOLDER;
    if (((sent >> i) & 1) == 0 && is_own && load<u8>(slot, at.SLOT_RIDER + RIDER_LAPSE) == <u8>SIGNED) return i;
  }
  return -1;
}

/** Slot of the batch that goes out next: removals first, then adds by their ids; -1 if all have. */
function next_of_batch(n: i32, sent: u32): i32 {
  let next = -1;
  let least = u64.MAX_VALUE;
  for (let i = 0; i < MAX_HTLCS; i++) {
    const slot = at.slot_of(n, i);
    if (((sent >> i) & 1) != 0) continue;
    const state = at.slot_state(slot);
    const is_own = load<u32>(slot, HTLC_OFFERED_BY) == HOLDER;
    if (!is_own && state == REMOVE_SIGNED) return i;
    if (is_own && state == SIGNED && load<u64>(slot, HTLC_ID) < least) {
      next = i;
      least = load<u64>(slot, HTLC_ID);
    }
  }
  return next;
}

function mark_sent(n: i32, sent: u32, i: i32): void {
  store<u32>(live.live_of(n), sent | (1 << i), live.LIVE_SENT_SLOTS);
}

/** The next message of the batch: update_fee, lapses, the roll, removals, adds, commitment_signed. */
export function make_batch(n: i32): i32 {
  const channel = at.channel_of(n);
  const feerate = load<u32>(channel + 4, at.CHANNEL_FEERATES);
  if (feerate != 0 && is_opener(channel) && !live.is_live(n, live.FEE_SENT)) {
    live.set_live(n, live.FEE_SENT);
    begin(n, updates.UPDATE_FEE);
    store<u32>(record, feerate, updates.UPDATE_FEE_FEERATE_PER_KW);
    return 0;
  }
  const sent = load<u32>(live.live_of(n), live.LIVE_SENT_SLOTS);
  const lapsing = next_lapse(n, sent);
  if (lapsing >= 0) {
    mark_sent(n, sent, lapsing);
    return make_lapse(n, at.slot_of(n, lapsing));
  }
  const roll = energy_of(n) + ENERGY_ROLL;
  if (load<u8>(roll) == <u8>SIGNED && at.node_1_of(n) == HOLDER && !live.is_live(n, live.ROLL_SENT)) {
    live.set_live(n, live.ROLL_SENT);
    return make_roll(n, roll);
  }
  const i = next_of_batch(n, sent);
  if (i < 0) return make_commitment_signed(n);
  mark_sent(n, sent, i);
  const slot = at.slot_of(n, i);
  return load<u32>(slot, HTLC_OFFERED_BY) == HOLDER ? make_add(n, slot) : make_removal(n, slot);
}

function is_opener(channel: usize): bool {
  return load<u32>(channel, CHANNEL_OPENER) == HOLDER;
}
