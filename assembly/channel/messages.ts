// What goes out: every message is made when it is pulled, of what is stored. A signature or a secret so cannot leave before
// the state that it belongs to is safe, and what has to be sent again is the same.

import { ERR_CAPACITY } from "../base/errors";
import { BLOB_BYTES, MAX_HTLCS, MAX_RECORD_BYTES } from "../base/limits";
import { put, put_decimal, text_begin, text_cursor } from "../base/text";
import { holder_secret } from "../chain/derive";
import { CHAIN_HASH } from "../chain/params";
import { commitment_sign } from "../chain/signatures";
import {
  CHANNEL_ANCHORS,
  CHANNEL_FLAGS,
  CHANNEL_FUNDING_SAT,
  CHANNEL_OPENER,
  CHANNEL_OUTPOINT,
  COUNTERPARTY,
  HOLDER,
  HTLC_AMOUNT_MSAT,
  HTLC_CLTV_EXPIRY,
  HTLC_ID,
  HTLC_OFFERED_BY,
  HTLC_PAYMENT_HASH,
  SIDE_DUST_LIMIT_SAT,
  SIDE_FUNDING_PUBKEY,
  SIDE_TO_SELF_DELAY,
  side_of,
} from "../chain/spec";
import { NO_BLOB, blob_at, blob_bytes } from "../htlc/blobs";
import { PROPOSED, REMOVE_SIGNED, SIGNED } from "../htlc/states";
import { make_error, wrap_error } from "../onion/error";
import { write_failure } from "../onion/failure";
import * as closing from "../wire/closing";
import { RECORD_PRESENT } from "../wire/kinds";
import { encode_message, message_begin } from "../wire/message";
import * as opening from "../wire/opening";
import { ERROR, ERROR_CHANNEL_ID, ERROR_DATA, WARNING } from "../wire/setup";
import * as updates from "../wire/updates";
import { closing_sign, own_shutdown_bytes, own_shutdown_script } from "./closing";
import { chain_params } from "./config";
import * as live from "./live";
import { temporary_channel_id } from "./opening";
import * as at from "./record";
import { reestablish_make } from "./reestablish";
import { of_side, view_build } from "./view";

const record: usize = memory.data(MAX_RECORD_BYTES, 8);
const signatures: usize = memory.data(64 * (MAX_HTLCS + 1), 8);
const point: usize = memory.data(33, 8);
const secret: usize = memory.data(32, 8);
const reason: usize = memory.data(BLOB_BYTES, 8);
const text: usize = memory.data(48, 8);
/** channel_type: option_static_remotekey, and option_anchors before it. */
const types: usize = memory.data<u8>([0x40, 0x10, 0x00]);

function set_terms(channel: usize, at_slot: usize): void {
  // Both messages have these one behind the other: dust limit, max in flight, reserve, htlc_minimum.
  store<u64>(record + at_slot, load<u64>(side_of(channel, HOLDER), SIDE_DUST_LIMIT_SAT));
  store<u64>(record + at_slot, of_side(channel, at.CHANNEL_MAX_IN_FLIGHT_MSAT, HOLDER), 8);
  store<u64>(record + at_slot, of_side(channel, at.CHANNEL_RESERVES_SAT, COUNTERPARTY), 16);
  store<u64>(record + at_slot, of_side(channel, at.CHANNEL_HTLC_MINIMUM_MSAT, HOLDER), 24);
}

/** to_self_delay, max_accepted_htlcs and the six points, likewise. ERR_CRYPTO. */
function set_keys(n: i32, delay_slot: usize): i32 {
  const channel = at.channel_of(n);
  store<u32>(record + delay_slot, load<u32>(side_of(channel, COUNTERPARTY), SIDE_TO_SELF_DELAY));
  store<u32>(record + delay_slot, load<u32>(channel, at.CHANNEL_MAX_ACCEPTED), 4);
  const own = side_of(channel, HOLDER) + SIDE_FUNDING_PUBKEY;
  for (let key: usize = 0; key < 5; key++) store<u32>(record + delay_slot + (key << 2), <u32>(own + key * 33), 8);
  store<u32>(record + delay_slot, <u32>point, 28);
  return live.own_point(n, 0, point);
}

function set_type(channel: usize, slot: usize): void {
  const anchors = (load<u32>(channel, CHANNEL_FLAGS) & CHANNEL_ANCHORS) != 0;
  store<u32>(record + slot, <u32>(anchors ? types : types + 1));
  store<i32>(record + slot, anchors ? 3 : 2, 4);
  // An empty upfront_shutdown_script goes with it: none is committed to.
  store<u32>(
    record,
    opening.OPEN_CHANNEL_HAS_CHANNEL_TYPE | opening.OPEN_CHANNEL_HAS_UPFRONT_SHUTDOWN_SCRIPT,
    RECORD_PRESENT,
  );
}

function make_open(n: i32): i32 {
  const channel = at.channel_of(n);
  message_begin(record, opening.OPEN_CHANNEL);
  store<u32>(record, <u32>(chain_params + CHAIN_HASH), opening.OPEN_CHANNEL_CHAIN_HASH);
  store<u32>(record, <u32>(channel + at.CHANNEL_ID), opening.OPEN_CHANNEL_TEMPORARY_CHANNEL_ID);
  store<u64>(record, load<u64>(channel, CHANNEL_FUNDING_SAT), opening.OPEN_CHANNEL_FUNDING_SATOSHIS);
  store<u64>(record, of_side(channel, at.CHANNEL_BALANCES_MSAT, COUNTERPARTY), opening.OPEN_CHANNEL_PUSH_MSAT);
  set_terms(channel, opening.OPEN_CHANNEL_DUST_LIMIT_SATOSHIS);
  store<u32>(record, load<u32>(channel + 16, at.CHANNEL_FEERATES), opening.OPEN_CHANNEL_FEERATE_PER_KW);
  store<u32>(record, load<u8>(channel, at.CHANNEL_OPEN_FLAGS), opening.OPEN_CHANNEL_CHANNEL_FLAGS);
  set_type(channel, opening.OPEN_CHANNEL_CHANNEL_TYPE);
  return set_keys(n, opening.OPEN_CHANNEL_TO_SELF_DELAY);
}

function make_accept(n: i32): i32 {
  const channel = at.channel_of(n);
  message_begin(record, opening.ACCEPT_CHANNEL);
  store<u32>(record, <u32>(channel + at.CHANNEL_ID), opening.ACCEPT_CHANNEL_TEMPORARY_CHANNEL_ID);
  set_terms(channel, opening.ACCEPT_CHANNEL_DUST_LIMIT_SATOSHIS);
  store<u32>(record, load<u32>(channel, at.CHANNEL_MINIMUM_DEPTH), opening.ACCEPT_CHANNEL_MINIMUM_DEPTH);
  set_type(channel, opening.ACCEPT_CHANNEL_CHANNEL_TYPE);
  return set_keys(n, opening.ACCEPT_CHANNEL_TO_SELF_DELAY);
}

/** Signs the counterparty's latest commitment into `signatures`: the number of HTLC signatures. */
function sign(n: i32): i32 {
  const code = view_build(n, COUNTERPARTY, false);
  return code < 0 ? code : commitment_sign(signatures);
}

function make_funding_created(n: i32): i32 {
  const outpoint = at.channel_of(n) + CHANNEL_OUTPOINT;
  message_begin(record, opening.FUNDING_CREATED);
  store<u32>(record, <u32>temporary_channel_id(), opening.FUNDING_CREATED_TEMPORARY_CHANNEL_ID);
  store<u32>(record, <u32>outpoint, opening.FUNDING_CREATED_FUNDING_TXID);
  store<u32>(record, load<u32>(outpoint, 32), opening.FUNDING_CREATED_FUNDING_OUTPUT_INDEX);
  store<u32>(record, <u32>signatures, opening.FUNDING_CREATED_SIGNATURE);
  return sign(n);
}

/** Begins a message with the channel_id in its first slot, as all but those that open a channel have. */
function begin(n: i32, type: i32): void {
  message_begin(record, type);
  store<u32>(record, <u32>(at.channel_of(n) + at.CHANNEL_ID), opening.FUNDING_SIGNED_CHANNEL_ID);
}

function make_funding_signed(n: i32): i32 {
  begin(n, opening.FUNDING_SIGNED);
  store<u32>(record, <u32>signatures, opening.FUNDING_SIGNED_SIGNATURE);
  return sign(n);
}

function make_ready(n: i32): i32 {
  begin(n, opening.CHANNEL_READY);
  store<u32>(record, <u32>point, opening.CHANNEL_READY_SECOND_PER_COMMITMENT_POINT);
  const alias = load<u64>(at.channel_of(n), at.CHANNEL_ALIAS);
  if (alias != 0) {
    store<u32>(record, opening.CHANNEL_READY_HAS_SHORT_CHANNEL_ID, RECORD_PRESENT);
    store<u64>(record, alias, opening.CHANNEL_READY_SHORT_CHANNEL_ID);
  }
  return live.own_point(n, 1, point);
}

function make_revoke(n: i32): i32 {
  const channel = at.channel_of(n);
  const number = of_side(channel, at.CHANNEL_NUMBERS, HOLDER);
  begin(n, updates.REVOKE_AND_ACK);
  store<u32>(record, <u32>secret, updates.REVOKE_AND_ACK_PER_COMMITMENT_SECRET);
  store<u32>(record, <u32>point, updates.REVOKE_AND_ACK_NEXT_PER_COMMITMENT_POINT);
  const code = live.own_point(n, number + 1, point);
  return code < 0 ? code : holder_secret(load<i32>(channel, at.CHANNEL_NUMBER), number - 1, secret);
}

// ---- A batch: the updates that our last commitment_signed commits to, and itself ---------------------------------------

function make_add(n: i32, slot: usize): i32 {
  begin(n, updates.UPDATE_ADD_HTLC);
  store<u64>(record, load<u64>(slot, HTLC_ID), updates.UPDATE_ADD_HTLC_ID);
  store<u64>(record, load<u64>(slot, HTLC_AMOUNT_MSAT), updates.UPDATE_ADD_HTLC_AMOUNT_MSAT);
  store<u32>(record, <u32>(slot + HTLC_PAYMENT_HASH), updates.UPDATE_ADD_HTLC_PAYMENT_HASH);
  store<u32>(record, load<u32>(slot, HTLC_CLTV_EXPIRY), updates.UPDATE_ADD_HTLC_CLTV_EXPIRY);
  store<u32>(record, <u32>blob_at(load<u16>(slot, at.SLOT_BLOB)), updates.UPDATE_ADD_HTLC_ONION_ROUTING_PACKET);
  if (at.slot_has(slot, at.SLOT_HAS_PATH_KEY)) {
    store<u32>(record, updates.UPDATE_ADD_HTLC_HAS_BLINDED_PATH, RECORD_PRESENT);
    store<u32>(record, <u32>(slot + at.SLOT_PATH_KEY), updates.UPDATE_ADD_HTLC_BLINDED_PATH);
  }
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

function make_batch(n: i32): i32 {
  const channel = at.channel_of(n);
  const feerate = load<u32>(channel + 4, at.CHANNEL_FEERATES);
  if (feerate != 0 && is_opener(channel) && !live.is_live(n, live.FEE_SENT)) {
    live.set_live(n, live.FEE_SENT);
    begin(n, updates.UPDATE_FEE);
    store<u32>(record, feerate, updates.UPDATE_FEE_FEERATE_PER_KW);
    return 0;
  }
  const sent = load<u32>(live.live_of(n), live.LIVE_SENT_SLOTS);
  const i = next_of_batch(n, sent);
  if (i < 0) return make_commitment_signed(n);
  store<u32>(live.live_of(n), sent | (1 << i), live.LIVE_SENT_SLOTS);
  const slot = at.slot_of(n, i);
  return load<u32>(slot, HTLC_OFFERED_BY) == HOLDER ? make_add(n, slot) : make_removal(n, slot);
}

function is_opener(channel: usize): bool {
  return load<u32>(channel, CHANNEL_OPENER) == HOLDER;
}

// ---- The rest ---------------------------------------------------------------------------------------------------------

function make_shutdown(n: i32): i32 {
  begin(n, closing.SHUTDOWN);
  store<u32>(record, <u32>own_shutdown_script(n), closing.SHUTDOWN_SCRIPTPUBKEY);
  store<i32>(record, own_shutdown_bytes(n), closing.SHUTDOWN_SCRIPTPUBKEY + 4);
  return 0;
}

function make_closing(n: i32): i32 {
  begin(n, closing.CLOSING_SIGNED);
  const terms = live.live_of(n);
  store<u64>(record, load<u64>(terms, live.LIVE_FEE_SAT), closing.CLOSING_SIGNED_FEE_SATOSHIS);
  store<u32>(record, <u32>signatures, closing.CLOSING_SIGNED_SIGNATURE);
  store<u32>(record, closing.CLOSING_SIGNED_HAS_FEE_RANGE, RECORD_PRESENT);
  store<u64>(record, load<u64>(terms, live.LIVE_MIN_FEE_SAT), closing.CLOSING_SIGNED_FEE_RANGE_MIN_FEE_SATOSHIS);
  store<u64>(record, load<u64>(terms, live.LIVE_MAX_FEE_SAT), closing.CLOSING_SIGNED_FEE_RANGE_MAX_FEE_SATOSHIS);
  live.set_live(n, live.CLOSING_SENT);
  return closing_sign(n, signatures);
}

function make_error_message(n: i32, type: i32): i32 {
  const terms = live.live_of(n);
  message_begin(record, type);
  text_begin(text, 48);
  put("message ");
  put_decimal(load<u32>(terms, live.LIVE_FAULT_TYPE), 1);
  put(": code ");
  put_decimal(<u64>-load<i32>(terms, live.LIVE_FAULT), 1);
  store<u32>(record, <u32>(terms + live.LIVE_FAULT_ID), ERROR_CHANNEL_ID);
  store<u32>(record, <u32>text, ERROR_DATA);
  store<i32>(record, <i32>(text_cursor() - text), ERROR_DATA + 4);
  if (type == WARNING) live.set_live(n, live.HANG_UP);
  return 0;
}

/** Whether updates of ours are still to be committed to, so that shutdown has to wait. */
function has_uncommitted(n: i32): bool {
  for (let i = 0; i < MAX_HTLCS; i++) {
    const slot = at.slot_of(n, i);
    if (at.slot_state(slot) == PROPOSED && load<u32>(slot, HTLC_OFFERED_BY) == HOLDER) return true;
  }
  return live.is_live(n, live.TO_COMMIT);
}

/** Which message goes out next: one of live.ts, or 0. */
function next_kind(n: i32): u32 {
  const flags = load<u32>(live.live_of(n));
  const first = flags & (live.TO_ERROR | live.TO_WARNING);
  if (first != 0) return first & -first;
  if (at.state_of(n) == at.STATE_NONE) return 0;
  const early =
    flags & (live.TO_OPEN | live.TO_ACCEPT | live.TO_FUNDING_CREATED | live.TO_FUNDING_SIGNED | live.TO_REESTABLISH);
  if (early != 0) return early & -early;
  if ((flags & live.ESTABLISHED) == 0) return 0;
  if ((flags & live.TO_READY) != 0) return live.TO_READY;
  const both = flags & (live.TO_COMMIT | live.TO_REVOKE);
  if (both == (live.TO_COMMIT | live.TO_REVOKE)) {
    return at.has_mark(at.channel_of(n), at.MARK_REVOKED_LAST) ? live.TO_COMMIT : live.TO_REVOKE;
  }
  if (both != 0) return both;
  if ((flags & live.TO_SHUTDOWN) != 0 && !has_uncommitted(n)) return live.TO_SHUTDOWN;
  return flags & live.TO_CLOSING;
}

function make(n: i32, kind: u32): i32 {
  if (kind == live.TO_COMMIT) return make_batch(n);
  live.clear_live(n, kind);
  if (kind == live.TO_REVOKE) return make_revoke(n);
  if (kind == live.TO_READY) return make_ready(n);
  if (kind == live.TO_REESTABLISH) return reestablish_make(n, record);
  if (kind == live.TO_SHUTDOWN) return make_shutdown(n);
  if (kind == live.TO_CLOSING) return make_closing(n);
  if (kind == live.TO_OPEN) return make_open(n);
  if (kind == live.TO_ACCEPT) return make_accept(n);
  if (kind == live.TO_FUNDING_CREATED) return make_funding_created(n);
  if (kind == live.TO_FUNDING_SIGNED) return make_funding_signed(n);
  return make_error_message(n, kind == live.TO_ERROR ? ERROR : WARNING);
}

/**
 * The next message to the peer at `to`: its length, 0 for none, or a code: ERR_CAPACITY, before anything is made, if
 * `capacity` is less than the longest message takes; others mean that the board or the state is at fault. To be called
 * after everything persistent is stored; what it changes is volatile.
 */
export function channel_next_message(n: i32, to: usize, capacity: i32): i32 {
  const kind = next_kind(n);
  if (kind == 0) return 0;
  if (capacity < 2048) return ERR_CAPACITY;
  const code = make(n, kind);
  const len = code < 0 ? code : encode_message(record, to, capacity);
  // What was made of secrets is of no use once it is sent.
  memory.fill(secret, 0, 32);
  return len;
}
