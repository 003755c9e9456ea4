// What has become of HTLCs that we offered: forwards go back to where they came from, parts of payments end. BOLT 2,
// "Removing an HTLC" and "Forwarding HTLCs": a preimage counts at once, a failure once it is irrevocable.

import {
  EXPIRY_GRACE_BLOCKS,
  FULFILL_DEADLINE_BLOCKS,
  MAX_CHANNELS,
  MAX_FAILURE_BYTES,
  MAX_PAYMENTS,
} from "../base/limits";
import { HTLC_CLTV_EXPIRY } from "../chain/spec";
import { channel_fail, channel_fail_back, channel_withdraw } from "../channel/offers";
import {
  RESULT_FAILED,
  RESULT_MALFORMED,
  RESULT_NONE,
  SLOT_BLOB,
  SLOT_FAILURE,
  SLOT_FLAGS,
  SLOT_HANDLED,
  SLOT_HAS_NOTE,
  SLOT_HAS_PREIMAGE,
  SLOT_LINK,
  SLOT_NOTE,
  SLOT_PREIMAGE,
  SLOT_SECRET,
  STATE_FAILED,
  slot_has,
  slot_mark,
  slot_of,
  slot_result,
  slot_state,
  state_of,
} from "../channel/record";
import { NOTE_BYTES } from "../energy/note";
import { NO_BLOB, blob_at, blob_bytes, blob_free, blob_new } from "../htlc/blobs";
import { FREE, PROPOSED, REMOVED } from "../htlc/states";
import { make_error, message_bytes, unwrap_error } from "../onion/error";
import { TEMPORARY_CHANNEL_FAILURE, write_failure } from "../onion/failure";
import { height_of } from "./clock";
import { deliver } from "./deliver";
import { HOP_SELF, HOP_UNKNOWN } from "./events";
import { LINK_FORWARD, LINK_PART, link_channel, link_forward, link_index, link_kind, link_slot, packet } from "./links";
import {
  PART_DATA_BYTES,
  PART_FAILED,
  PART_FAILED_HOP,
  PART_FAILURE_CODE,
  PART_FAILURE_DATA,
  PART_FAILURE_LENGTH,
  PART_HOPS,
  PART_PENDING,
  PART_POINTS,
  PART_PREIMAGE,
  PART_SENT,
  PART_SESSION_KEY,
  PART_STATE,
  PART_SWAP,
  part_at,
} from "./parts";
import { purse_release } from "./purse";
import { SWAP_NOTE } from "./swap";
import { tell_forward } from "./telling";

const message: usize = memory.data(MAX_FAILURE_BYTES, 8);

/** Handles offered HTLC `i` of channel `n`, at `slot`, if its end is known and was not handled. Whether it did. */
export function resolve(n: i32, i: i32, slot: usize): bool {
  if (slot_has(slot, SLOT_HANDLED)) return false;
  const state = slot_state(slot);
  const fulfilled = slot_has(slot, SLOT_HAS_PREIMAGE);
  // A channel that fails before we signed the HTLC has never had it; in STATE_LOST we do not know what we have signed.
  const late = state == PROPOSED && is_late(n, slot);
  const never = late || (state == PROPOSED && state_of(n) == STATE_FAILED);
  if (!fulfilled && state != REMOVED && !never) return false;
  slot_mark(slot, SLOT_HANDLED);
  const link = load<u32>(slot, SLOT_LINK);
  const result = never ? RESULT_NONE : slot_result(slot);
  if (link_kind(link) == LINK_PART) end_part(link_index(link), slot, fulfilled, result);
  else if (link_kind(link) == LINK_FORWARD) go_back(n, i, slot, fulfilled, result);
  drop_note(slot);
  if (late) channel_withdraw(n, i);
  return true;
}

/**
 * Forgets the note of a fulfilment that has been handled: the part has it, or the HTLC that it goes back on. What is gone
 * before the event is stored takes nothing in flash, now and when the slot is freed.
 */
function drop_note(slot: usize): void {
  if (!slot_has(slot, SLOT_HAS_NOTE)) return;
  memory.fill(slot + SLOT_NOTE, 0, NOTE_BYTES);
  store<u16>(slot, <u16>(load<u16>(slot, SLOT_FLAGS) & ~SLOT_HAS_NOTE), SLOT_FLAGS);
}

/**
 * Whether an HTLC that waited, as its peer was away or silent, is not to be sent any more: by now it would not be offered,
 * nor forwarded.
 */
function is_late(n: i32, slot: usize): bool {
  if (load<u32>(slot, HTLC_CLTV_EXPIRY) <= height_of(n) + EXPIRY_GRACE_BLOCKS) return true;
  const link = load<u32>(slot, SLOT_LINK);
  if (link_kind(link) != LINK_FORWARD || link_channel(link) >= MAX_CHANNELS) return false;
  const from = link_channel(link);
  return load<u32>(slot_of(from, link_slot(link)), HTLC_CLTV_EXPIRY) < height_of(from) + FULFILL_DEADLINE_BLOCKS;
}

function go_back(n: i32, i: i32, slot: usize, fulfilled: bool, result: u32): void {
  if (!fulfilled) purse_release(slot);
  const link = load<u32>(slot, SLOT_LINK);
  const from = link_channel(link);
  const at = link_slot(link);
  if (from >= MAX_CHANNELS) return;
  const incoming = slot_of(from, at);
  // Its channel may have been forgotten in the meantime.
  if (slot_state(incoming) == FREE || load<u32>(incoming, SLOT_LINK) != link_forward(n, i)) return;
  if (fulfilled) {
    deliver(from, at, slot + SLOT_PREIMAGE, slot_has(slot, SLOT_HAS_NOTE) ? slot + SLOT_NOTE : 0);
    tell_forward(from, n, incoming, slot);
    return;
  }
  const blob = error_of(slot, incoming + SLOT_SECRET, result);
  if (blob > 0 && channel_fail_back(from, at, blob) >= 0) return;
  if (blob > 0) blob_free(blob);
  channel_fail(from, at, TEMPORARY_CHANNEL_FAILURE, 0, 0);
}

/**
 * The error packet that goes back for the HTLC at `slot`, which `secret` obfuscates later: number of its blob, taken from
 * the slot or made anew; 0 or a code if there is none.
 */
function error_of(slot: usize, secret: usize, result: u32): i32 {
  if (result == RESULT_FAILED) {
    const blob = load<u16>(slot, SLOT_BLOB);
    store<u16>(slot, <u16>NO_BLOB, SLOT_BLOB);
    return blob;
  }
  if (result != RESULT_MALFORMED) return 0;
  // The next hop could not read its onion and so cannot answer the origin: we do. BOLT 2, "Removing an HTLC".
  let len = write_failure(load<u16>(slot, SLOT_FAILURE), slot + SLOT_PREIMAGE, 0, message);
  if (len >= 0) len = make_error(secret, message, len, packet);
  return len < 0 ? len : blob_new(packet, len);
}

function end_part(place: i32, slot: usize, fulfilled: bool, result: u32): void {
  if (place >= MAX_PAYMENTS) return;
  const part = part_at(place);
  if (load<u8>(part, PART_STATE) != PART_PENDING) return;
  if (fulfilled) {
    memory.copy(part + PART_PREIMAGE, slot + SLOT_PREIMAGE, 32);
    store<u8>(part, <u8>PART_SENT, PART_STATE);
    if (slot_has(slot, SLOT_HAS_NOTE)) memory.copy(part + PART_SWAP + SWAP_NOTE, slot + SLOT_NOTE, NOTE_BYTES);
  } else {
    store<u8>(part, <u8>PART_FAILED, PART_STATE);
    if (result == RESULT_FAILED) {
      unwrap(part, load<u16>(slot, SLOT_BLOB));
    } else if (result == RESULT_MALFORMED) {
      // Only the first hop can say so, and it says it to us.
      store<u16>(message, bswap<u16>(load<u16>(slot, SLOT_FAILURE)));
      memory.copy(message + 2, slot + SLOT_PREIMAGE, 32);
      failed(part, 0, 34);
    } else {
      store<u16>(message, bswap<u16>(<u16>TEMPORARY_CHANNEL_FAILURE));
      failed(part, HOP_SELF, 2);
    }
  }
  memory.fill(part + PART_SESSION_KEY, 0, 32);
}

/** Reads the error packet for a part. BOLT 4, "Returning Errors". */
function unwrap(part: usize, blob: u32): void {
  let hop = HOP_UNKNOWN;
  if (blob != NO_BLOB) {
    const len = blob_bytes(blob);
    memory.copy(packet, blob_at(blob), len);
    const hops = <i32>load<u8>(part, PART_HOPS);
    hop = unwrap_error(part + PART_SESSION_KEY, part + PART_POINTS, hops, packet, len, 0, 0, message);
  }
  if (hop < 0) failed(part, HOP_UNKNOWN, 0);
  else failed(part, hop, message_bytes);
}

/** Notes that hop `hop` failed the part with the failure message of `len` bytes at `message`. */
function failed(part: usize, hop: i32, len: i32): void {
  const data = max(min(len - 2, PART_DATA_BYTES), 0);
  store<u8>(part, <u8>hop, PART_FAILED_HOP);
  store<u16>(part, len < 2 ? 0 : bswap<u16>(load<u16>(message)), PART_FAILURE_CODE);
  store<u16>(part, <u16>data, PART_FAILURE_LENGTH);
  memory.copy(part + PART_FAILURE_DATA, message + 2, data);
}
