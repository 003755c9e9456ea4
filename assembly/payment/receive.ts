// Received HTLCs that are irrevocably committed: forwarded, kept for an invoice, or failed. Each is looked at once.
// BOLT 4, "Accepting and Forwarding a Payment"; BOLT 2, "Forwarding HTLCs".

import { ERR_CAPACITY, ERR_EXPIRED, ERR_VALUE } from "../base/errors";
import { MAX_CHANNELS } from "../base/limits";
import { HTLC_AMOUNT_MSAT, HTLC_CLTV_EXPIRY, HTLC_PAYMENT_HASH } from "../chain/spec";
import { channel_fail, channel_fail_malformed, channel_offer } from "../channel/offers";
import {
  CHANNEL_ALIAS,
  CHANNEL_SHORT_ID,
  MARK_PEER_SHUTDOWN,
  MARK_SHUTDOWN,
  SLOT_BLOB,
  SLOT_DUST,
  SLOT_HANDLED,
  SLOT_HAS_PATH_KEY,
  SLOT_LINK,
  SLOT_NO_ENERGY,
  SLOT_NO_ONION,
  SLOT_PATH_KEY,
  SLOT_RIDER,
  SLOT_SECRET,
  STATE_FUNDED,
  STATE_NORMAL,
  chain_of,
  channel_of,
  has_mark,
  slot_has,
  slot_mark,
  slot_of,
  state_of,
} from "../channel/record";
import { KEY_NODE } from "../crypto/keys";
import { has_rider } from "../energy/rider";
import { NO_BLOB, blob_at, blob_free, blob_new } from "../htlc/blobs";
import {
  AMOUNT_BELOW_MINIMUM,
  BADONION,
  INCORRECT_OR_UNKNOWN_PAYMENT_DETAILS,
  INVALID_ONION_BLINDING,
  INVALID_ONION_PAYLOAD,
  PERMANENT_CHANNEL_FAILURE,
  TEMPORARY_CHANNEL_FAILURE,
  TEMPORARY_NODE_FAILURE,
  UNKNOWN_NEXT_PEER,
} from "../onion/failure";
import { PACKET_BYTES } from "../onion/keys";
import { bad_offset, bad_type, fields, has, read_payload, type_of } from "../onion/payload";
import { is_final, payload, peel } from "../onion/peel";
import { failure_of } from "../onion/refuse";
import { REPLAY_CHAIN_SHIFT, admit, forget_earliest } from "../onion/replay";
import {
  AMT_TO_FORWARD,
  HAS_CURRENT_PATH_KEY,
  HAS_ENCRYPTED_RECIPIENT_DATA,
  HAS_ENERGY,
  OUTGOING_CLTV_VALUE,
  SHORT_CHANNEL_ID_AT,
} from "../wire/payload";
import { height_of } from "./clock";
import { check_final, final_first, final_second } from "./final";
import { check_data, check_forward, is_crowded } from "./forward";
import { lapse_arm } from "./lapse";
import { link_forward, packet } from "./links";
import { purse_reserve, purse_return, purse_take } from "./purse";
import { check_swap, outgoing, rebate_msat, swap_data } from "./swap_forward";

/** Data of the failure that was decided on. */
let first: u64 = 0;
let second: u64 = 0;

/** Decides on received HTLC `i` of channel `n`, at `slot`. */
export function receive(n: i32, i: i32, slot: usize): void {
  slot_mark(slot, SLOT_HANDLED);
  first = 0;
  second = 0;
  const failure = decide(n, i, slot);
  // Its sha256_of_onion is that of the onion as it came.
  if ((failure & BADONION) != 0) channel_fail_malformed(n, i, failure);
  // The onion is not needed any more: what went on of it has a blob of its own.
  blob_free(load<u16>(slot, SLOT_BLOB));
  store<u16>(slot, <u16>NO_BLOB, SLOT_BLOB);
  if (failure != 0 && (failure & BADONION) == 0) channel_fail(n, i, failure, first, second);
}

/** A failure code, its data in `first` and `second`; or 0: it was forwarded, or is kept for an invoice. */
function decide(n: i32, i: i32, slot: usize): i32 {
  if (slot_has(slot, SLOT_NO_ONION)) return TEMPORARY_NODE_FAILURE;
  const path_key = slot_has(slot, SLOT_HAS_PATH_KEY) ? slot + SLOT_PATH_KEY : 0;
  const onion = blob_at(load<u16>(slot, SLOT_BLOB));
  let code = peel(KEY_NODE, path_key, onion, slot + HTLC_PAYMENT_HASH, packet, slot + SLOT_SECRET);
  if (code >= 0) {
    code = read_payload(payload, code, is_final, path_key != 0);
    if (code < 0) {
      first = bad_type;
      second = <u64>bad_offset;
    }
  }
  // Blinded paths are not served, as the features say, and inside one all failures look alike. BOLT 4, "Failure Messages".
  const inside = !is_final && has(HAS_CURRENT_PATH_KEY | HAS_ENCRYPTED_RECIPIENT_DATA);
  if (path_key != 0 || (code >= 0 && inside)) return INVALID_ONION_BLINDING;
  if (code >= 0) {
    const chain = chain_of(n) << REPLAY_CHAIN_SHIFT;
    const cltv_expiry = load<u32>(slot, HTLC_CLTV_EXPIRY) | chain;
    const height = height_of(n) | chain;
    code = admit(slot + SLOT_SECRET, cltv_expiry, height);
    if (code == ERR_CAPACITY) {
      // A busy node must not come to a halt for what protects privacy, not money: a hash that was paid is not paid again.
      forget_earliest();
      code = admit(slot + SLOT_SECRET, cltv_expiry, height);
    }
    // What has expired is refused below, with a better answer, and need not be remembered.
    if (code == ERR_EXPIRED) code = 0;
  }
  if (code < 0) return failure_of(code);
  if (slot_has(slot, SLOT_DUST)) return TEMPORARY_NODE_FAILURE;
  if (slot_has(slot, SLOT_NO_ENERGY)) return TEMPORARY_CHANNEL_FAILURE;
  if (has_rider(slot + SLOT_RIDER) != has(HAS_ENERGY)) {
    if (is_final) return INCORRECT_OR_UNKNOWN_PAYMENT_DETAILS;
    first = type_of(HAS_ENERGY);
    return INVALID_ONION_PAYLOAD;
  }
  return is_final ? keep(n, slot) : forward(n, i, slot);
}

function keep(n: i32, slot: usize): i32 {
  const failure = check_final(n, slot);
  first = final_first;
  second = final_second;
  return failure;
}

/** Number of the channel that is meant by `short_channel_id`, which may be its alias; -1 if none is. */
function channel_by(short_channel_id: u64): i32 {
  if (short_channel_id == 0) return -1;
  for (let n = 0; n < MAX_CHANNELS; n++) {
    if (state_of(n) < STATE_FUNDED) continue;
    const channel = channel_of(n);
    if (load<u64>(channel, CHANNEL_SHORT_ID) == short_channel_id) return n;
    if (load<u64>(channel, CHANNEL_ALIAS) == short_channel_id) return n;
  }
  return -1;
}

function forward(n: i32, i: i32, slot: usize): i32 {
  const out = channel_by(load<u64>(fields, SHORT_CHANNEL_ID_AT));
  if (out < 0) return UNKNOWN_NEXT_PEER;
  const incoming_msat = load<u64>(slot, HTLC_AMOUNT_MSAT);
  const outgoing_msat = load<u64>(fields, AMT_TO_FORWARD);
  const outgoing_cltv = <u32>load<u64>(fields, OUTGOING_CLTV_VALUE);
  const incoming_cltv = load<u32>(slot, HTLC_CLTV_EXPIRY);
  const swapped = has_rider(slot + SLOT_RIDER);
  const charged_msat = swapped ? <u64>i64.MAX_VALUE : incoming_msat;
  let failure = check_forward(n, charged_msat, incoming_cltv, out, outgoing_msat, outgoing_cltv);
  first = check_data;
  if (failure != 0) return failure;
  first = 0;
  // What ends does not come back.
  const channel = channel_of(out);
  if (state_of(out) > STATE_NORMAL || has_mark(channel, MARK_SHUTDOWN | MARK_PEER_SHUTDOWN)) {
    return PERMANENT_CHANNEL_FAILURE;
  }
  if (is_crowded(n, out, outgoing_msat)) return TEMPORARY_CHANNEL_FAILURE;
  if (swapped) {
    failure = check_swap(n, i, out, outgoing_msat);
    first = swap_data;
    if (failure != 0) return failure;
    if (purse_take(rebate_msat) < 0) return TEMPORARY_CHANNEL_FAILURE;
  }
  const blob = blob_new(packet, PACKET_BYTES);
  if (blob < 0) {
    if (swapped) purse_return(rebate_msat);
    return TEMPORARY_CHANNEL_FAILURE;
  }
  const hash = slot + HTLC_PAYMENT_HASH;
  const code = channel_offer(
    out,
    outgoing_msat,
    hash,
    outgoing_cltv,
    blob,
    0,
    link_forward(n, i),
    swapped ? outgoing : 0,
  );
  if (code < 0) {
    blob_free(blob);
    if (swapped) purse_return(rebate_msat);
    if (code != ERR_VALUE) return TEMPORARY_CHANNEL_FAILURE;
    // Less than the next hop takes, which no policy of ours can lower.
    first = outgoing_msat;
    return AMOUNT_BELOW_MINIMUM;
  }
  if (swapped) purse_reserve(slot_of(out, code), rebate_msat);
  store<u32>(slot, link_forward(out, code), SLOT_LINK);
  lapse_arm(out, code);
  return 0;
}
