// Events for the host, in the form of events.ts.

import { MAX_CHANNELS, MAX_FORWARD_EVENTS, MAX_HTLCS, MAX_INVOICES, MAX_PAYMENTS } from "../base/limits";
import { HTLC_AMOUNT_MSAT, HTLC_PAYMENT_HASH } from "../chain/spec";
import { SLOT_HAS_NOTE, SLOT_LINK, SLOT_NOTE, SLOT_RIDER, slot_has, slot_of } from "../channel/record";
import { NOTE_BYTES } from "../energy/note";
import { RIDER_LAPSE, RIDER_MWH, has_rider } from "../energy/rider";
import { ACKED } from "../htlc/states";
import { same } from "../onion/keys";
import {
  EVENT_AMOUNT_MSAT,
  EVENT_BYTES,
  EVENT_FAILED,
  EVENT_FAILURE_CODE,
  EVENT_FAILURE_DATA,
  EVENT_FAILURE_LENGTH,
  EVENT_FORWARDED,
  EVENT_FORWARDED_BYTES,
  EVENT_HOP,
  EVENT_INCOMING_CHANNEL,
  EVENT_INCOMING_MWH,
  EVENT_KIND,
  EVENT_MATCHED_BYTES,
  EVENT_OTHER_MWH,
  EVENT_OTHER_NOTE,
  EVENT_OUTGOING_CHANNEL,
  EVENT_OUTGOING_MSAT,
  EVENT_OUTGOING_MWH,
  EVENT_PART,
  EVENT_PAYMENT_HASH,
  EVENT_PREIMAGE,
  EVENT_RECEIVED,
  EVENT_RENT_MSAT,
  EVENT_SENT,
  EVENT_SETTLED_BYTES,
  EVENT_SWAP,
} from "./events";
import {
  INVOICE_CHAIN,
  INVOICE_OTHER_MWH,
  INVOICE_PAID,
  INVOICE_PAYMENT_HASH,
  INVOICE_PREIMAGE,
  INVOICE_RECEIVED_MSAT,
  INVOICE_STATE,
  INVOICE_SWAP,
  INVOICE_TOLD,
  invoice_at,
} from "./invoices";
import { LINK_INVOICE } from "./links";
import {
  PART_AMOUNT_MSAT,
  PART_FAILED,
  PART_FAILED_HOP,
  PART_FAILURE_CODE,
  PART_FAILURE_DATA,
  PART_FAILURE_LENGTH,
  PART_NUMBER,
  PART_PAYMENT_HASH,
  PART_PREIMAGE,
  PART_SENT,
  PART_STATE,
  PART_SWAP,
  PART_TOLD,
  part_at,
} from "./parts";
import { NO_SWAP, SWAP_BYTES, SWAP_KIND, SWAP_START } from "./swap";
import { is_other } from "./swap_final";

/** Forwards are told from a ring: they are statistics, and nothing hangs on them. Volatile. */
const ring: usize = memory.data(MAX_FORWARD_EVENTS * <i32>EVENT_FORWARDED_BYTES, 8);
let ring_first: i32 = 0;
let ring_count: i32 = 0;

/** No forward waits to be told. */
export function telling_begin(): void {
  ring_count = 0;
}

function ring_at(k: i32): usize {
  return ring + <usize>(((ring_first + k) % MAX_FORWARD_EVENTS) * <i32>EVENT_FORWARDED_BYTES);
}

/**
 * What the rider at `slot`, or none, moves now that its HTLC is fulfilled: nothing if its lapse has been acknowledged, for
 * the fulfilment is signed behind that and bought back.
 */
function moved_mwh(slot: usize): i64 {
  const rider = slot + SLOT_RIDER;
  return load<u8>(rider, RIDER_LAPSE) >= <u8>ACKED ? 0 : load<i64>(rider, RIDER_MWH);
}

/** Channel `from`'s HTLC at `incoming` was forwarded as channel `out`'s at `outgoing`, and that was fulfilled. */
export function tell_forward(from: i32, out: i32, incoming: usize, outgoing: usize): void {
  if (ring_count == MAX_FORWARD_EVENTS) {
    ring_first = (ring_first + 1) % MAX_FORWARD_EVENTS;
    ring_count--;
  }
  const at = ring_at(ring_count);
  ring_count++;
  store<u32>(at, EVENT_FORWARDED, EVENT_KIND);
  store<u32>(at, 0, EVENT_PART);
  store<u64>(at, load<u64>(incoming, HTLC_AMOUNT_MSAT), EVENT_AMOUNT_MSAT);
  memory.copy(at + EVENT_PAYMENT_HASH, incoming + HTLC_PAYMENT_HASH, 32);
  store<u64>(at, load<u64>(outgoing, HTLC_AMOUNT_MSAT), EVENT_OUTGOING_MSAT);
  store<u32>(at, from, EVENT_INCOMING_CHANNEL);
  store<u32>(at, out, EVENT_OUTGOING_CHANNEL);
  const swapped = has_rider(incoming + SLOT_RIDER);
  store<i64>(
    at,
    swapped ? load<i64>(incoming, HTLC_AMOUNT_MSAT) - load<i64>(outgoing, HTLC_AMOUNT_MSAT) : 0,
    EVENT_RENT_MSAT,
  );
  store<i64>(at, moved_mwh(incoming), EVENT_INCOMING_MWH);
  store<i64>(at, moved_mwh(outgoing), EVENT_OUTGOING_MWH);
}

/** Appends a payment's swap to its event. Returns the event's length. */
function tell_swap(swap: usize, to: usize): i32 {
  memory.copy(to + EVENT_SWAP, swap, SWAP_BYTES);
  if (load<u32>(swap, SWAP_START) == 0) store<u32>(to + EVENT_SWAP, NO_SWAP, SWAP_KIND);
  return <i32>EVENT_SETTLED_BYTES;
}

/**
 * Appends the other half of a matched set, if it is one. Its note is found where it waits to go out: the HTLCs of a set are not
 * gone before the next change, and by then it has been told. Returns the event's length.
 */
function tell_other(place: i32, invoice: usize, to: usize): i32 {
  const mwh = load<i64>(invoice, INVOICE_OTHER_MWH);
  if (mwh == 0) return <i32>EVENT_SETTLED_BYTES;
  store<i64>(to, mwh, EVENT_OTHER_MWH);
  for (let n = 0; n < MAX_CHANNELS; n++) {
    for (let i = 0; i < MAX_HTLCS; i++) {
      const slot = slot_of(n, i);
      if (load<u32>(slot, SLOT_LINK) != (LINK_INVOICE | (<u32>place)) || !slot_has(slot, SLOT_HAS_NOTE)) continue;
      // Of a set before in the same place an HTLC may be under way still.
      if (!same(slot + HTLC_PAYMENT_HASH, invoice + INVOICE_PAYMENT_HASH) || !is_other(slot, invoice)) continue;
      memory.copy(to + EVENT_OTHER_NOTE, slot + SLOT_NOTE, NOTE_BYTES);
    }
  }
  return <i32>EVENT_MATCHED_BYTES;
}

/**
 * Writes the next event that the host has not been told yet to `to` (EVENT_BYTES), and takes it for told. Returns its
 * length, or 0 if there is none. The node calls it after what changed is stored; that it was told is stored with the next
 * change, so that an event may come twice after a power cut, but none is lost.
 */
export function payment_next_event(to: usize): i32 {
  memory.fill(to, 0, EVENT_BYTES);
  for (let i = 0; i < MAX_PAYMENTS; i++) {
    const part = part_at(i);
    const state = load<u8>(part, PART_STATE);
    if ((state == PART_SENT || state == PART_FAILED) && load<u8>(part, PART_TOLD) == 0)
      return tell_part(part, state, to);
  }
  for (let i = 0; i < MAX_INVOICES; i++) {
    const invoice = invoice_at(i);
    if (load<u8>(invoice, INVOICE_STATE) != INVOICE_PAID || load<u8>(invoice, INVOICE_TOLD) != 0) continue;
    store<u8>(invoice, 1, INVOICE_TOLD);
    store<u32>(to, EVENT_RECEIVED, EVENT_KIND);
    store<u32>(to, load<u8>(invoice, INVOICE_CHAIN), EVENT_PART);
    store<u64>(to, load<u64>(invoice, INVOICE_RECEIVED_MSAT), EVENT_AMOUNT_MSAT);
    memory.copy(to + EVENT_PAYMENT_HASH, invoice + INVOICE_PAYMENT_HASH, 32);
    memory.copy(to + EVENT_PREIMAGE, invoice + INVOICE_PREIMAGE, 32);
    tell_swap(invoice + INVOICE_SWAP, to);
    return tell_other(i, invoice, to);
  }
  if (ring_count == 0) return 0;
  memory.copy(to, ring_at(0), EVENT_FORWARDED_BYTES);
  ring_first = (ring_first + 1) % MAX_FORWARD_EVENTS;
  ring_count--;
  return <i32>EVENT_FORWARDED_BYTES;
}

function tell_part(part: usize, state: u32, to: usize): i32 {
  store<u8>(part, 1, PART_TOLD);
  store<u32>(to, load<u32>(part, PART_NUMBER), EVENT_PART);
  store<u64>(to, load<u64>(part, PART_AMOUNT_MSAT), EVENT_AMOUNT_MSAT);
  memory.copy(to + EVENT_PAYMENT_HASH, part + PART_PAYMENT_HASH, 32);
  if (state == PART_SENT) {
    store<u32>(to, EVENT_SENT, EVENT_KIND);
    memory.copy(to + EVENT_PREIMAGE, part + PART_PREIMAGE, 32);
    return tell_swap(part + PART_SWAP, to);
  }
  const len = <u32>load<u16>(part, PART_FAILURE_LENGTH);
  store<u32>(to, EVENT_FAILED, EVENT_KIND);
  store<i32>(to, load<i8>(part, PART_FAILED_HOP), EVENT_HOP);
  store<u16>(to, load<u16>(part, PART_FAILURE_CODE), EVENT_FAILURE_CODE);
  store<u16>(to, <u16>len, EVENT_FAILURE_LENGTH);
  memory.copy(to + EVENT_FAILURE_DATA, part + PART_FAILURE_DATA, len);
  return <i32>(EVENT_FAILURE_DATA + len);
}
