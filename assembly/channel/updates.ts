// Updates that the peer offers. Each is checked as a whole before anything changes; all are forgotten if the connection
// ends before they are signed. BOLT 2, "Adding an HTLC", "Removing an HTLC", "Updating Fees".

import { ERR_ORDER, ERR_STATE, ERR_VALUE } from "../base/errors";
import { MAX_FEERATE_PER_KW, MAX_HTLCS, MIN_FEERATE_PER_KW } from "../base/limits";
import {
  CHANNEL_OPENER,
  COUNTERPARTY,
  HOLDER,
  HTLC_AMOUNT_MSAT,
  HTLC_CLTV_EXPIRY,
  HTLC_ID,
  HTLC_OFFERED_BY,
  HTLC_PAYMENT_HASH,
} from "../chain/spec";
import { key_ecdh, sha256 } from "../crypto/crypto";
import { KEY_NODE } from "../crypto/keys";
import { NOTE_ENERGY_MWH, NOTE_ISSUED_MWH, NOTE_SIGNATURE, NOTE_START } from "../energy/note";
import { RIDER_BYTES, RIDER_HOLD_S, RIDER_KIND, RIDER_MWH, RIDER_START, has_rider } from "../energy/rider";
import { NO_BLOB, blob_free, blob_new } from "../htlc/blobs";
import { COMMITTED, PROPOSED, REMOVE_PROPOSED } from "../htlc/states";
import { BADONION, TEMPORARY_CHANNEL_FAILURE } from "../onion/failure";
import {
  ENERGY_RIDER_AMOUNT_MWH,
  ENERGY_RIDER_HOLD_S,
  ENERGY_RIDER_INTERVAL_START,
  ENERGY_RIDER_KIND,
  RECEIPT_NOTE_ENERGY_MWH,
  RECEIPT_NOTE_INTERVAL_START,
  RECEIPT_NOTE_ISSUED_MWH,
  RECEIPT_NOTE_SIGNATURE,
} from "../wire/energy";
import { RECORD_PRESENT } from "../wire/kinds";
import {
  UPDATE_ADD_HTLC_AMOUNT_MSAT,
  UPDATE_ADD_HTLC_BLINDED_PATH,
  UPDATE_ADD_HTLC_CLTV_EXPIRY,
  UPDATE_ADD_HTLC_ENERGY_RIDER,
  UPDATE_ADD_HTLC_HAS_BLINDED_PATH,
  UPDATE_ADD_HTLC_HAS_ENERGY_RIDER,
  UPDATE_ADD_HTLC_ID,
  UPDATE_ADD_HTLC_ONION_ROUTING_PACKET,
  UPDATE_ADD_HTLC_PAYMENT_HASH,
  UPDATE_FAIL_HTLC_REASON,
  UPDATE_FAIL_MALFORMED_HTLC_FAILURE_CODE,
  UPDATE_FAIL_MALFORMED_HTLC_SHA256_OF_ONION,
  UPDATE_FEE_FEERATE_PER_KW,
  UPDATE_FULFILL_HTLC_HAS_RECEIPT_NOTE,
  UPDATE_FULFILL_HTLC_ID,
  UPDATE_FULFILL_HTLC_PAYMENT_PREIMAGE,
  UPDATE_FULFILL_HTLC_RECEIPT_NOTE,
} from "../wire/updates";
import { check_received, check_received_fee, is_exposed } from "./bounds";
import { forget_energy } from "./energy_updates";
import { hold_begin } from "./holds";
import { judge_lapse, slot_clear } from "./moves";
import {
  CHANNEL_FEERATES,
  CHANNEL_NEXT_IDS,
  MARK_PEER_READY,
  MARK_PEER_SHUTDOWN,
  MARK_READY,
  RESULT_FAILED,
  RESULT_FULFILLED,
  RESULT_MALFORMED,
  RESULT_NONE,
  SLOT_BLOB,
  SLOT_DUST,
  SLOT_FAILURE,
  SLOT_HAS_NOTE,
  SLOT_HAS_PATH_KEY,
  SLOT_HAS_PREIMAGE,
  SLOT_NO_ENERGY,
  SLOT_NO_ONION,
  SLOT_NOTE,
  SLOT_PATH_KEY,
  SLOT_PREIMAGE,
  SLOT_RESULT,
  SLOT_RIDER,
  SLOT_SECRET,
  SLOT_STATE,
  channel_of,
  has_energy,
  has_mark,
  slot_find,
  slot_free,
  slot_has,
  slot_mark,
  slot_of,
  slot_state,
} from "./record";
import { is_refused } from "./riders";

const ONION_BYTES: i32 = 1366;

const digest: usize = memory.data(32, 8);
const added: usize = memory.data(24, 8);

/** The rider of an update_add_htlc, or 0: on a channel without energy it is passed over. */
function rider_of(n: i32, record: usize): usize {
  if ((load<u32>(record, RECORD_PRESENT) & UPDATE_ADD_HTLC_HAS_ENERGY_RIDER) == 0 || !has_energy(n)) return 0;
  const at = record + UPDATE_ADD_HTLC_ENERGY_RIDER;
  memory.fill(added, 0, RIDER_BYTES);
  store<u32>(added, load<u32>(at, ENERGY_RIDER_INTERVAL_START), RIDER_START);
  store<u8>(added, load<u8>(at, ENERGY_RIDER_KIND), RIDER_KIND);
  store<u16>(added, load<u16>(at, ENERGY_RIDER_HOLD_S), RIDER_HOLD_S);
  store<i64>(added, load<i64>(at, ENERGY_RIDER_AMOUNT_MWH), RIDER_MWH);
  return added;
}

/**
 * update_add_htlc. ERR_STATE, ERR_ORDER (id), ERR_VALUE (amount, cltv_expiry, rider of no interval), ERR_CAPACITY,
 * ERR_OVERFLOW (balance).
 */
export function on_add(n: i32, record: usize): i32 {
  const channel = channel_of(n);
  if (!has_mark(channel, MARK_READY) || !has_mark(channel, MARK_PEER_READY)) return ERR_STATE;
  if (has_mark(channel, MARK_PEER_SHUTDOWN)) return ERR_STATE;
  const id = load<u64>(record, UPDATE_ADD_HTLC_ID);
  if (id != load<u64>(channel, CHANNEL_NEXT_IDS + 8)) return ERR_ORDER;
  const amount_msat = load<u64>(record, UPDATE_ADD_HTLC_AMOUNT_MSAT);
  const cltv_expiry = load<u32>(record, UPDATE_ADD_HTLC_CLTV_EXPIRY);
  if (cltv_expiry >= 500_000_000) return ERR_VALUE;
  const rider = rider_of(n, record);
  if (rider != 0 && !has_rider(rider)) return ERR_VALUE;
  const code = check_received(n, amount_msat);
  if (code < 0) return code;
  const number = slot_free(n);
  if (number < 0) return number;
  const exposed = is_exposed(n, amount_msat, rider);
  const refused = is_refused(n, amount_msat, rider);

  const slot = slot_of(n, number);
  store<u64>(slot, id, HTLC_ID);
  store<u64>(slot, amount_msat, HTLC_AMOUNT_MSAT);
  store<u32>(slot, cltv_expiry, HTLC_CLTV_EXPIRY);
  store<u32>(slot, COUNTERPARTY, HTLC_OFFERED_BY);
  memory.copy(slot + HTLC_PAYMENT_HASH, load<u32>(record, UPDATE_ADD_HTLC_PAYMENT_HASH), 32);
  if ((load<u32>(record, RECORD_PRESENT) & UPDATE_ADD_HTLC_HAS_BLINDED_PATH) != 0) {
    memory.copy(slot + SLOT_PATH_KEY, load<u32>(record, UPDATE_ADD_HTLC_BLINDED_PATH), 33);
    slot_mark(slot, SLOT_HAS_PATH_KEY);
  }
  if (exposed) slot_mark(slot, SLOT_DUST);
  if (refused) slot_mark(slot, SLOT_NO_ENERGY);
  if (rider != 0) memory.copy(slot + SLOT_RIDER, rider, RIDER_BYTES);
  const onion = load<u32>(record, UPDATE_ADD_HTLC_ONION_ROUTING_PACKET);
  const blob = blob_new(onion, ONION_BYTES);
  if (blob >= 0) {
    store<u16>(slot, <u16>blob, SLOT_BLOB);
  } else {
    // What an error packet needs is the secret alone; without one of a point of the curve, it is all zeros.
    key_ecdh(KEY_NODE, onion + 1, slot + SLOT_SECRET);
    slot_mark(slot, SLOT_NO_ONION);
  }
  hold_begin(n, number);
  store<u64>(channel, id + 1, CHANNEL_NEXT_IDS + 8);
  store<u8>(slot, <u8>PROPOSED, SLOT_STATE);
  return 0;
}

/** Slot of an HTLC of ours that the peer may remove. ERR_NOT_FOUND: no such id; ERR_STATE: not (or no longer) COMMITTED. */
function removable(n: i32, record: usize): i32 {
  const number = slot_find(n, HOLDER, load<u64>(record, UPDATE_FULFILL_HTLC_ID));
  if (number < 0) return number;
  return slot_state(slot_of(n, number)) == COMMITTED ? number : ERR_STATE;
}

/** Keeps the note of an update_fulfill_htlc that ends a swap, unchecked. */
function take_note(slot: usize, record: usize): void {
  if ((load<u32>(record, RECORD_PRESENT) & UPDATE_FULFILL_HTLC_HAS_RECEIPT_NOTE) == 0) return;
  if (!has_rider(slot + SLOT_RIDER)) return;
  const at = record + UPDATE_FULFILL_HTLC_RECEIPT_NOTE;
  const note = slot + SLOT_NOTE;
  store<u64>(note, load<u32>(at, RECEIPT_NOTE_INTERVAL_START), NOTE_START);
  store<u64>(note, load<u64>(at, RECEIPT_NOTE_ENERGY_MWH), NOTE_ENERGY_MWH);
  store<u64>(note, load<u64>(at, RECEIPT_NOTE_ISSUED_MWH), NOTE_ISSUED_MWH);
  memory.copy(note + NOTE_SIGNATURE, load<u32>(at, RECEIPT_NOTE_SIGNATURE), 64);
  slot_mark(slot, SLOT_HAS_NOTE);
}

/** update_fulfill_htlc. ERR_NOT_FOUND, ERR_STATE, ERR_VALUE (not the preimage). */
export function on_fulfill(n: i32, record: usize): i32 {
  const number = removable(n, record);
  if (number < 0) return number;
  const preimage = load<u32>(record, UPDATE_FULFILL_HTLC_PAYMENT_PREIMAGE);
  const code = sha256(preimage, 32, digest);
  if (code < 0) return code;
  const slot = slot_of(n, number);
  if (memory.compare(digest, slot + HTLC_PAYMENT_HASH, 32) != 0) return ERR_VALUE;
  memory.copy(slot + SLOT_PREIMAGE, preimage, 32);
  slot_mark(slot, SLOT_HAS_PREIMAGE);
  store<u8>(slot, <u8>RESULT_FULFILLED, SLOT_RESULT);
  store<u8>(slot, <u8>REMOVE_PROPOSED, SLOT_STATE);
  take_note(slot, record);
  return 0;
}

/**
 * update_fail_htlc. ERR_NOT_FOUND, ERR_STATE. An error packet too long to keep, or for which there is no room, is as if the
 * peer had failed the HTLC itself: SLOT_FAILURE says temporary_channel_failure, and there is no blob.
 */
export function on_fail(n: i32, record: usize): i32 {
  const number = removable(n, record);
  if (number < 0) return number;
  const slot = slot_of(n, number);
  const blob = blob_new(load<u32>(record, UPDATE_FAIL_HTLC_REASON), load<i32>(record, UPDATE_FAIL_HTLC_REASON + 4));
  assert(load<u16>(slot, SLOT_BLOB) == NO_BLOB);
  if (blob >= 0) store<u16>(slot, <u16>blob, SLOT_BLOB);
  else store<u16>(slot, <u16>TEMPORARY_CHANNEL_FAILURE, SLOT_FAILURE);
  store<u8>(slot, <u8>RESULT_FAILED, SLOT_RESULT);
  store<u8>(slot, <u8>REMOVE_PROPOSED, SLOT_STATE);
  return 0;
}

/** update_fail_malformed_htlc. ERR_NOT_FOUND, ERR_STATE, ERR_VALUE (a code without BADONION). */
export function on_malformed(n: i32, record: usize): i32 {
  const number = removable(n, record);
  if (number < 0) return number;
  const failure = load<i32>(record, UPDATE_FAIL_MALFORMED_HTLC_FAILURE_CODE);
  if ((failure & BADONION) == 0) return ERR_VALUE;
  const slot = slot_of(n, number);
  store<u16>(slot, <u16>failure, SLOT_FAILURE);
  // A preimage that the peer has told before counts, whatever it says now.
  if (!slot_has(slot, SLOT_HAS_PREIMAGE)) {
    memory.copy(slot + SLOT_PREIMAGE, load<u32>(record, UPDATE_FAIL_MALFORMED_HTLC_SHA256_OF_ONION), 32);
  }
  store<u8>(slot, <u8>RESULT_MALFORMED, SLOT_RESULT);
  store<u8>(slot, <u8>REMOVE_PROPOSED, SLOT_STATE);
  return 0;
}

/** update_fee. ERR_STATE: the peer is not the opener; ERR_VALUE: none that is taken; ERR_OVERFLOW: it cannot pay for it. */
export function on_fee(n: i32, record: usize): i32 {
  const channel = channel_of(n);
  if (load<u32>(channel, CHANNEL_OPENER) != COUNTERPARTY) return ERR_STATE;
  const feerate = load<u32>(record, UPDATE_FEE_FEERATE_PER_KW);
  if (feerate < MIN_FEERATE_PER_KW || feerate > MAX_FEERATE_PER_KW) return ERR_VALUE;
  const code = check_received_fee(n, feerate);
  if (code < 0) return code;
  store<u32>(channel, feerate, CHANNEL_FEERATES);
  return 0;
}

/** Forgets what the peer has proposed and not signed. BOLT 2, "Message Retransmission". */
export function forget_proposed(n: i32): void {
  const channel = channel_of(n);
  for (let i = 0; i < MAX_HTLCS; i++) {
    const slot = slot_of(n, i);
    const state = slot_state(slot);
    if (load<u32>(slot, HTLC_OFFERED_BY) == COUNTERPARTY) {
      if (state != PROPOSED) continue;
      slot_clear(slot);
      store<u64>(channel, load<u64>(channel, CHANNEL_NEXT_IDS + 8) - 1, CHANNEL_NEXT_IDS + 8);
    } else if (state == REMOVE_PROPOSED) {
      // A preimage stays known: the payment room may have used it.
      blob_free(load<u16>(slot, SLOT_BLOB));
      store<u16>(slot, NO_BLOB, SLOT_BLOB);
      store<u16>(slot, 0, SLOT_FAILURE);
      store<u8>(slot, <u8>RESULT_NONE, SLOT_RESULT);
      judge_lapse(slot);
      store<u8>(slot, <u8>COMMITTED, SLOT_STATE);
    }
  }
  if (load<u32>(channel, CHANNEL_OPENER) == COUNTERPARTY) store<u32>(channel, 0, CHANNEL_FEERATES);
  forget_energy(n);
}
