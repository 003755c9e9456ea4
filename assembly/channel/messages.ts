// What goes out: every message is made when it is pulled, of what is stored. A signature or a secret so cannot leave before
// the state that it belongs to is safe, and what has to be sent again is the same.

import { ERR_CAPACITY } from "../base/errors";
import { MAX_HTLCS } from "../base/limits";
import { put, put_decimal, text_begin, text_cursor } from "../base/text";
import { holder_secret } from "../chain/derive";
import { HOLDER, HTLC_OFFERED_BY } from "../chain/spec";
import { PROPOSED } from "../htlc/states";
import * as closing from "../wire/closing";
import { RECORD_PRESENT } from "../wire/kinds";
import { encode_message, message_begin } from "../wire/message";
import { ERROR, ERROR_CHANNEL_ID, ERROR_DATA, WARNING } from "../wire/setup";
import * as updates from "../wire/updates";
import { make_batch } from "./batch";
import { closing_sign, own_shutdown_bytes, own_shutdown_script } from "./closing";
import * as live from "./live";
import { make_accept, make_funding_created, make_funding_signed, make_open, make_ready } from "./opening_messages";
import { begin, point, record, signatures } from "./outgoing";
import * as at from "./record";
import { reestablish_make } from "./reestablish";
import { of_side } from "./view";

const secret: usize = memory.data(32, 8);
const text: usize = memory.data(48, 8);

function make_revoke(n: i32): i32 {
  const channel = at.channel_of(n);
  const number = of_side(channel, at.CHANNEL_NUMBERS, HOLDER);
  begin(n, updates.REVOKE_AND_ACK);
  store<u32>(record, <u32>secret, updates.REVOKE_AND_ACK_PER_COMMITMENT_SECRET);
  store<u32>(record, <u32>point, updates.REVOKE_AND_ACK_NEXT_PER_COMMITMENT_POINT);
  const code = live.own_point(n, number + 1, point);
  return code < 0 ? code : holder_secret(load<i32>(channel, at.CHANNEL_NUMBER), number - 1, secret);
}

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
