// Updates that we offer: they wait in their slots until channel_commit (commits.ts) signs them. BOLT 2, "Normal Operation".

import { ERR_ARGUMENT, ERR_STATE, ERR_VALUE } from "../base/errors";
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
import { sha256 } from "../crypto/crypto";
import { NOTE_BYTES } from "../energy/note";
import { RIDER_BOUGHT_BACK, RIDER_BYTES, RIDER_LAPSE } from "../energy/rider";
import { NO_BLOB, blob_at, blob_bytes, blob_free } from "../htlc/blobs";
import { COMMITTED, FREE, PROPOSED, REMOVED, REMOVE_PROPOSED } from "../htlc/states";
import { BADONION, write_failure } from "../onion/failure";
import { at_cap_msat, check_offer, check_offered_fee, spendable_msat } from "./bounds";
import { ESTABLISHED, is_live } from "./live";
import { slot_clear } from "./moves";
import {
  CHANNEL_FEERATES,
  CHANNEL_NEXT_IDS,
  MARK_PEER_READY,
  MARK_PEER_SHUTDOWN,
  MARK_READY,
  MARK_SHUTDOWN,
  RESULT_FAILED,
  RESULT_FULFILLED,
  RESULT_MALFORMED,
  SLOT_BLOB,
  SLOT_FAILURE,
  SLOT_FAILURE_DATA,
  SLOT_HAS_NOTE,
  SLOT_HAS_PATH_KEY,
  SLOT_HAS_PREIMAGE,
  SLOT_LINK,
  SLOT_NO_ENERGY,
  SLOT_NOTE,
  SLOT_PATH_KEY,
  SLOT_PREIMAGE,
  SLOT_RESULT,
  SLOT_RIDER,
  SLOT_STATE,
  STATE_NORMAL,
  channel_of,
  has_energy,
  has_mark,
  slot_free,
  slot_has,
  slot_mark,
  slot_of,
  slot_state,
  state_of,
} from "./record";
import { check_rider, held_msat, pays_arrears } from "./riders";
import { newest_feerate } from "./view";

const digest: usize = memory.data(32, 8);
const message: usize = memory.data(34, 8);

/**
 * Whether HTLCs may be offered: both are ready and connected, and nobody shuts down. While the peer alone does, arrears may
 * still be paid, which our shutdown waits for.
 */
function is_open(n: i32, rider: usize): bool {
  const channel = channel_of(n);
  return (
    state_of(n) == STATE_NORMAL &&
    is_live(n, ESTABLISHED) &&
    has_mark(channel, MARK_READY) &&
    has_mark(channel, MARK_PEER_READY) &&
    !has_mark(channel, MARK_SHUTDOWN | (pays_arrears(rider) ? 0 : MARK_PEER_SHUTDOWN))
  );
}

/** What `channel_offer` would answer for such an HTLC, 0 for yes; nothing changes. `rider` as there. */
export function channel_offer_check(n: i32, amount_msat: u64, rider: usize): i32 {
  if (!is_open(n, rider) || (rider != 0 && !has_energy(n))) return ERR_STATE;
  const slot = slot_free(n);
  if (slot < 0) return slot;
  const code = rider != 0 ? check_rider(n, rider, HOLDER, amount_msat) : 0;
  if (code < 0) return code;
  // Arrears that are paid hold that much less.
  const held = pays_arrears(rider) ? 0 : held_msat(n, HOLDER);
  return check_offer(n, amount_msat, at_cap_msat(n, rider), held);
}

/** Most that `channel_offer` would take now, msat; not regarding counts, sums in flight and dust. */
export function channel_spendable_msat(n: i32): u64 {
  if (!is_open(n, 0)) return 0;
  const free = spendable_msat(n);
  return free - min(free, held_msat(n, HOLDER));
}

/**
 * Offers an HTLC: its slot. It goes out with the next commitment_signed. ERR_STATE: the channel is not in normal operation,
 * not connected, or shutting down; ERR_CAPACITY: max_accepted_htlcs, the slots, max_htlc_value_in_flight_msat or the dust
 * exposure are used up; ERR_VALUE: less than htlc_minimum_msat; ERR_OVERFLOW: more than can be spent above reserve and fees;
 * ERR_ARGUMENT: cltv_expiry, blob; for a rider also codes of `check_rider` (riders.ts).
 * @param payment_hash 32 bytes
 * @param blob number of the onion (1,366 bytes), which is the slot's from now on
 * @param path_key 33 bytes, or 0
 * @param link the payment room's
 * @param rider RIDER_BYTES of energy/rider.ts, or 0
 */
export function channel_offer(
  n: i32,
  amount_msat: u64,
  payment_hash: usize,
  cltv_expiry: u32,
  blob: u32,
  path_key: usize,
  link: u32,
  rider: usize,
): i32 {
  const code = channel_offer_check(n, amount_msat, rider);
  if (code < 0) return code;
  if (cltv_expiry >= 500_000_000 || blob == NO_BLOB || blob_bytes(blob) != 1366) return ERR_ARGUMENT;
  const number = slot_free(n);
  const slot = slot_of(n, number);
  const ids = channel_of(n) + CHANNEL_NEXT_IDS;
  store<u64>(slot, load<u64>(ids), HTLC_ID);
  store<u64>(ids, load<u64>(ids) + 1);
  store<u64>(slot, amount_msat, HTLC_AMOUNT_MSAT);
  store<u32>(slot, cltv_expiry, HTLC_CLTV_EXPIRY);
  store<u32>(slot, HOLDER, HTLC_OFFERED_BY);
  memory.copy(slot + HTLC_PAYMENT_HASH, payment_hash, 32);
  store<u16>(slot, <u16>blob, SLOT_BLOB);
  store<u32>(slot, link, SLOT_LINK);
  if (path_key != 0) {
    memory.copy(slot + SLOT_PATH_KEY, path_key, 33);
    slot_mark(slot, SLOT_HAS_PATH_KEY);
  }
  if (rider != 0) {
    memory.copy(slot + SLOT_RIDER, rider, RIDER_BYTES);
    // It may be that of an HTLC that came in, with a fate of its own.
    store<u8>(slot, <u8>FREE, SLOT_RIDER + RIDER_LAPSE);
    store<u8>(slot, 0, SLOT_RIDER + RIDER_BOUGHT_BACK);
  }
  store<u8>(slot, <u8>PROPOSED, SLOT_STATE);
  return number;
}

/**
 * Takes back an HTLC that we offered and have not committed to: its slot is free, and those offered after it move up, as
 * the peer counts what it sees. ERR_STATE: it is committed to, or none.
 */
export function channel_withdraw(n: i32, i: i32): i32 {
  const slot = slot_of(n, i);
  if (slot_state(slot) != PROPOSED || load<u32>(slot, HTLC_OFFERED_BY) != HOLDER) return ERR_STATE;
  const id = load<u64>(slot, HTLC_ID);
  for (let other = 0; other < MAX_HTLCS; other++) {
    const at = slot_of(n, other);
    if (slot_state(at) != PROPOSED || load<u32>(at, HTLC_OFFERED_BY) != HOLDER) continue;
    if (load<u64>(at, HTLC_ID) > id) store<u64>(at, load<u64>(at, HTLC_ID) - 1, HTLC_ID);
  }
  const ids = channel_of(n) + CHANNEL_NEXT_IDS;
  store<u64>(ids, load<u64>(ids) - 1);
  slot_clear(slot);
  return 0;
}

/** 0 if slot `i` has a received HTLC that is irrevocably committed and not yet on its way out; else ERR_STATE. */
function check_removable(n: i32, i: i32): i32 {
  if (<u32>i >= <u32>MAX_HTLCS) return ERR_ARGUMENT;
  if (state_of(n) != STATE_NORMAL) return ERR_STATE;
  const slot = slot_of(n, i);
  return load<u32>(slot, HTLC_OFFERED_BY) == COUNTERPARTY && slot_state(slot) == COMMITTED ? 0 : ERR_STATE;
}

function remove(slot: usize, result: u32, blob: u32): void {
  if (load<u16>(slot, SLOT_BLOB) != blob) blob_free(load<u16>(slot, SLOT_BLOB));
  store<u16>(slot, <u16>blob, SLOT_BLOB);
  store<u8>(slot, <u8>result, SLOT_RESULT);
  store<u8>(slot, <u8>REMOVE_PROPOSED, SLOT_STATE);
}

/**
 * Fulfils received HTLC `slot`, irrevocably committed. ERR_STATE, also for one that has to be failed for its energy;
 * ERR_VALUE: not the preimage (32 bytes) of its hash.
 * @param note NOTE_BYTES of energy/rider.ts to go along with it, or 0
 */
export function channel_fulfill(n: i32, slot: i32, preimage: usize, note: usize): i32 {
  let code = check_removable(n, slot);
  if (code >= 0) code = sha256(preimage, 32, digest);
  if (code < 0) return code;
  const at = slot_of(n, slot);
  if (slot_has(at, SLOT_NO_ENERGY)) return ERR_STATE;
  if (memory.compare(digest, at + HTLC_PAYMENT_HASH, 32) != 0) return ERR_VALUE;
  memory.copy(at + SLOT_PREIMAGE, preimage, 32);
  slot_mark(at, SLOT_HAS_PREIMAGE);
  if (note != 0) {
    memory.copy(at + SLOT_NOTE, note, NOTE_BYTES);
    slot_mark(at, SLOT_HAS_NOTE);
  }
  remove(at, RESULT_FULFILLED, NO_BLOB);
  return 0;
}

/**
 * Fails received HTLC `slot`, irrevocably committed, with a failure code of our own: the error packet is made of it, of
 * `first` and `second` (data as in onion/failure.ts) and of SLOT_SECRET when it is sent. ERR_STATE; ERR_ARGUMENT: there is
 * no such code, or it has BADONION, so that `channel_fail_malformed` is for it.
 */
export function channel_fail(n: i32, slot: i32, failure: i32, first: u64, second: u64): i32 {
  const code = check_removable(n, slot);
  if (code < 0) return code;
  if ((failure & BADONION) != 0 || write_failure(failure, first, second, message) < 0) return ERR_ARGUMENT;
  const at = slot_of(n, slot);
  store<u16>(at, <u16>failure, SLOT_FAILURE);
  store<u64>(at, first, SLOT_FAILURE_DATA);
  store<u64>(at, second, SLOT_FAILURE_DATA + 8);
  remove(at, RESULT_FAILED, NO_BLOB);
  return 0;
}

/** As `channel_fail`, with an error packet from further on, not yet wrapped: the blob is the slot's from now on. */
export function channel_fail_back(n: i32, slot: i32, blob: u32): i32 {
  const code = check_removable(n, slot);
  if (code < 0) return code;
  if (blob == NO_BLOB || blob_bytes(blob) == 0) return ERR_ARGUMENT;
  remove(slot_of(n, slot), RESULT_FAILED, blob);
  return 0;
}

/**
 * As `channel_fail`, by update_fail_malformed_htlc: a code with BADONION (ERR_ARGUMENT). sha256_of_onion is worked out of
 * the onion, which must still be there (ERR_STATE).
 */
export function channel_fail_malformed(n: i32, slot: i32, failure: i32): i32 {
  const code = check_removable(n, slot);
  if (code < 0) return code;
  const at = slot_of(n, slot);
  const blob = load<u16>(at, SLOT_BLOB);
  if ((failure & BADONION) == 0) return ERR_ARGUMENT;
  if (blob == NO_BLOB) return ERR_STATE;
  const hashed = sha256(blob_at(blob), blob_bytes(blob), at + SLOT_PREIMAGE);
  if (hashed < 0) return hashed;
  store<u16>(at, <u16>failure, SLOT_FAILURE);
  remove(at, RESULT_MALFORMED, NO_BLOB);
  return 0;
}

/**
 * The opener changes the feerate. ERR_STATE: not the opener, or another change is under way; ERR_VALUE: none that is taken;
 * ERR_OVERFLOW: we could not pay for it; ERR_CAPACITY: too many HTLCs would be dust.
 */
export function channel_fee(n: i32, feerate_per_kw: u32): i32 {
  const channel = channel_of(n);
  if (!is_open(n, 0) || load<u32>(channel, CHANNEL_OPENER) != HOLDER) return ERR_STATE;
  if (feerate_per_kw < MIN_FEERATE_PER_KW || feerate_per_kw > MAX_FEERATE_PER_KW) return ERR_VALUE;
  for (let i: usize = 0; i < 4; i++) if (load<u32>(channel + (i << 2), CHANNEL_FEERATES) != 0) return ERR_STATE;
  if (newest_feerate(channel) == feerate_per_kw) return 0;
  const code = check_offered_fee(n, feerate_per_kw);
  if (code < 0) return code;
  store<u32>(channel, feerate_per_kw, CHANNEL_FEERATES);
  return 0;
}

/** Frees the slot of an offered HTLC that is irrevocably removed (REMOVED), with its blob. ERR_STATE. */
export function channel_release(n: i32, slot: i32): i32 {
  if (<u32>slot >= <u32>MAX_HTLCS) return ERR_ARGUMENT;
  const at = slot_of(n, slot);
  if (slot_state(at) != REMOVED) return ERR_STATE;
  slot_clear(at);
  return 0;
}
