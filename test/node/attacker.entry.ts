// node.wasm of somebody who does not keep to the rules: the firmware, and behind it what an attacker would have changed in
// it. What it signs is therefore as good as an honest node's: only what it does is not.

// First, as in assembly/node/index.ts.
import "../../assembly/wire/message";

import { ERR_NOT_FOUND } from "../../assembly/base/errors";
import { MAX_CHANNELS, MAX_HTLCS, NODE_OUTPUT_BYTES } from "../../assembly/base/limits";
import { commitment_build, commitment_output } from "../../assembly/chain/commitment";
import { KIND_TO_LOCAL } from "../../assembly/chain/outputs";
import { htlc_signed } from "../../assembly/chain/signatures";
import {
  SPEND_BYTES,
  SPEND_FEE_SAT,
  SPEND_PREIMAGE,
  SPEND_SCRIPT_AT,
  SPEND_SCRIPT_LEN,
  SPEND_SECRET,
  spend_commitment,
} from "../../assembly/chain/spend";
import {
  COMMITMENT_BYTES,
  COMMITMENT_HTLC_COUNT,
  COMMITMENT_HTLCS,
  COUNTERPARTY,
  HTLC_CLTV_EXPIRY,
  HTLC_ID,
  HTLC_OFFERED_BY,
  HTLC_PAYMENT_HASH,
} from "../../assembly/chain/spec";
import { channel_fail, channel_fulfill, channel_offer } from "../../assembly/channel/offers";
import {
  SLOT_BLOB,
  SLOT_HANDLED,
  SLOT_LINK,
  SLOT_RIDER,
  SLOT_SECRET,
  SLOT_SIGNATURE,
  channel_of,
  slot_find,
  slot_mark,
  slot_of,
  slot_state,
} from "../../assembly/channel/record";
import { view, view_build } from "../../assembly/channel/view";
import { KEY_NODE } from "../../assembly/crypto/keys";
import { ENERGY_ARREARS_MSAT, ENERGY_TOTALS_MWH, energy_of } from "../../assembly/energy/record";
import { RIDER_BYTES, RIDER_LAPSE, has_rider } from "../../assembly/energy/rider";
import { blob_at, blob_new } from "../../assembly/htlc/blobs";
import { COMMITTED, FREE } from "../../assembly/htlc/states";
import { input, output } from "../../assembly/node/buffers";
import { receive as honest_receive } from "../../assembly/node/life";
import { advance } from "../../assembly/node/progress";
import { PACKET_BYTES } from "../../assembly/onion/keys";
import { peel } from "../../assembly/onion/peel";
import { lapse_arm } from "../../assembly/payment/lapse";
import { link_forward, packet } from "../../assembly/payment/links";

export { abi, in_buffer, out_buffer, memory_bytes } from "../../assembly/node/node";
export { transport_open, transport_receive, transport_send, transport_close } from "../../assembly/node/transport";
export { boot, connect, disconnect, tick, block, funding_depth, funding_spent } from "../../assembly/node/life";
export { command } from "../../assembly/node/commands";

const KEEPS_SWAPS: i32 = 1;
const KEEPS_ALL: i32 = 2;
let keeps: i32 = 0;

/** From now on swaps (1), or all HTLCs (2), that come in are neither forwarded nor fulfilled nor failed. */
export function keep_swaps(which: i32): void {
  keeps = which;
}

export function receive(connection: i32, len: i32): i32 {
  const code = honest_receive(connection, len);
  if (keeps < KEEPS_SWAPS) return code;
  // Before they are irrevocable the payment room does not look at them.
  for (let n = 0; n < MAX_CHANNELS; n++) {
    for (let i = 0; i < MAX_HTLCS; i++) {
      const slot = slot_of(n, i);
      const comes = slot_state(slot) != FREE && slot_state(slot) < COMMITTED;
      const theirs = load<u32>(slot, HTLC_OFFERED_BY) == COUNTERPARTY;
      if (comes && theirs && (keeps == KEEPS_ALL || has_rider(slot + SLOT_RIDER))) slot_mark(slot, SLOT_HANDLED);
    }
  }
  return code;
}

/** Fulfils the received HTLC `id` of channel `n`, whatever stands against it. Input: the preimage. */
export function fulfil(n: i32, id: i32): i32 {
  const i = slot_find(n, COUNTERPARTY, id);
  if (i < 0) return ERR_NOT_FOUND;
  const code = channel_fulfill(n, i, input, 0);
  return code < 0 ? code : advance();
}

/** Fails it. */
export function fail(n: i32, id: i32, failure: i32): i32 {
  const i = slot_find(n, COUNTERPARTY, id);
  if (i < 0) return ERR_NOT_FOUND;
  const code = channel_fail(n, i, failure, 0, 0);
  return code < 0 ? code : advance();
}

/**
 * Sends the kept HTLC `id` of channel `n` on over channel `out`, whatever its onion says. What becomes of it goes back if
 * `linked`. Input: the rider, RIDER_BYTES of energy/rider.ts; zeros for none.
 */
export function send_on(n: i32, id: i32, out: i32, amount_msat: u64, linked: i32): i32 {
  const i = slot_find(n, COUNTERPARTY, id);
  if (i < 0) return ERR_NOT_FOUND;
  const slot = slot_of(n, i);
  const hash = slot + HTLC_PAYMENT_HASH;
  let code = peel(KEY_NODE, 0, blob_at(load<u16>(slot, SLOT_BLOB)), hash, packet, slot + SLOT_SECRET);
  if (code >= 0) code = blob_new(packet, PACKET_BYTES);
  if (code < 0) return code;
  const cltv_expiry = load<u32>(slot, HTLC_CLTV_EXPIRY) - 40;
  const rider: usize = load<u32>(input) == 0 ? 0 : input;
  code = channel_offer(out, amount_msat, hash, cltv_expiry, code, 0, linked != 0 ? link_forward(n, i) : 0, rider);
  if (code < 0) return code;
  lapse_arm(out, code);
  if (linked != 0) store<u32>(slot, link_forward(out, code), SLOT_LINK);
  return advance();
}

/**
 * Offers an HTLC that was made by hand on channel `n`, with a rider that nobody has looked at. Input: payment_hash, rider
 * (RIDER_BYTES of energy/rider.ts), onion.
 */
export function offer_by_hand(n: i32, amount_msat: u64, cltv_expiry: u32): i32 {
  const rider = input + 32;
  const blob = blob_new(rider + RIDER_BYTES, PACKET_BYTES);
  if (blob < 0) return blob;
  const i = channel_offer(n, amount_msat, input, cltv_expiry, blob, 0, 0, 0);
  if (i < 0) return i;
  memory.copy(slot_of(n, i) + SLOT_RIDER, rider, RIDER_BYTES);
  return advance();
}

/** Believes that other arrears are owed on channel `n`, or that more energy has flowed. */
export function believe(n: i32, arrears_msat: i64, forth_mwh: u64): void {
  store<i64>(energy_of(n), load<i64>(energy_of(n), ENERGY_ARREARS_MSAT) + arrears_msat, ENERGY_ARREARS_MSAT);
  store<u64>(energy_of(n), load<u64>(energy_of(n), ENERGY_TOTALS_MWH) + forth_mwh, ENERGY_TOTALS_MWH);
}

/** State of the lapse of received HTLC `id`'s rider, as in htlc/states.ts. */
export function lapse_state(n: i32, id: i32): i32 {
  const i = slot_find(n, COUNTERPARTY, id);
  return i < 0 ? i : load<u8>(slot_of(n, i), SLOT_RIDER + RIDER_LAPSE);
}

/** Id of the newest HTLC that the peer of channel `n` has offered. */
export function newest(n: i32): i32 {
  let id = -1;
  for (let i = 0; i < MAX_HTLCS; i++) {
    const slot = slot_of(n, i);
    if (slot_state(slot) == FREE || load<u32>(slot, HTLC_OFFERED_BY) != COUNTERPARTY) continue;
    id = max(id, <i32>load<u64>(slot, HTLC_ID));
  }
  return id;
}

// ---- What BOLT 5 asks of whoever has a commitment on the chain, for both sides of a drill ---------------------------------

/** A commitment of the counterparty's, as it was. */
const old: usize = memory.data(<i32>COMMITMENT_BYTES, 8);
const spend: usize = memory.data(<i32>SPEND_BYTES, 8);
const FEE_SAT: u64 = 300;

/** Remembers the counterparty's latest commitment, which has no HTLCs. */
export function remember(n: i32): i32 {
  const code = view_build(n, COUNTERPARTY, false);
  memory.copy(old, view, COMMITMENT_BYTES);
  return code;
}

/** Whose commitment has confirmed: ours, the counterparty's, or the one that was remembered. */
function stand(n: i32, which: i32): i32 {
  if (which < 2) return view_build(n, which, false);
  return commitment_build(channel_of(n), old);
}

/**
 * Spends an output of the commitment that has confirmed: -1 for to_local, else that of the HTLC `id` that side `by` has
 * offered. Input: a scriptpubkey of 22 bytes; at 32 the preimage (`how` 1) or the secret (2). Output: the transaction, whose
 * length it returns. ERR_NOT_FOUND: no such output.
 */
export function claim(n: i32, which: i32, by: i32, id: i32, how: i32): i32 {
  const code = stand(n, which);
  if (code < 0) return code;
  let kind = KIND_TO_LOCAL;
  for (let i = 0; i < load<i32>(view, COMMITMENT_HTLC_COUNT) && id >= 0; i++) {
    const slot: usize = load<u32>(view + ((<usize>i) << 2), COMMITMENT_HTLCS);
    if (load<u32>(slot, HTLC_OFFERED_BY) == <u32>by && load<u64>(slot, HTLC_ID) == <u64>id) kind = i;
  }
  if (kind < 0 && id >= 0) return ERR_NOT_FOUND;
  const position = commitment_output(kind);
  if (position < 0) return position;
  const secret = input + 32;
  if (which == 0 && kind >= 0) {
    const slot: usize = load<u32>(view + ((<usize>kind) << 2), COMMITMENT_HTLCS);
    return htlc_signed(position, slot + SLOT_SIGNATURE, how == 1 ? secret : 0, output, NODE_OUTPUT_BYTES);
  }
  memory.fill(spend, 0, SPEND_BYTES);
  store<u32>(spend, <u32>input, SPEND_SCRIPT_AT);
  store<i32>(spend, 22, SPEND_SCRIPT_LEN);
  store<u64>(spend, FEE_SAT, SPEND_FEE_SAT);
  if (how == 1) store<u32>(spend, <u32>secret, SPEND_PREIMAGE);
  if (how == 2) store<u32>(spend, <u32>secret, SPEND_SECRET);
  return spend_commitment(position, spend, output, NODE_OUTPUT_BYTES);
}
