// Swaps that this node is the last hop of: whether they fit an offer, and the meter's note for them. PROTOCOL.md, "The
// recipient".

import { mul_div_ceil, mul_div_floor } from "../base/amount";
import { MAX_HTLCS } from "../base/limits";
import { COUNTERPARTY, HTLC_AMOUNT_MSAT, HTLC_OFFERED_BY } from "../chain/spec";
import {
  RESULT_FAILED,
  RESULT_MALFORMED,
  SLOT_HANDLED,
  SLOT_RIDER,
  node_1_of,
  slot_has,
  slot_of,
  slot_result,
  slot_state,
} from "../channel/record";
import { pays_arrears } from "../channel/riders";
import { NOTE_BYTES } from "../energy/note";
import { minus, size_of } from "../energy/price";
import { ENERGY_ARREARS_MSAT, energy_of } from "../energy/record";
import { RIDER_KIND, RIDER_LAPSE, RIDER_MWH, RIDER_START } from "../energy/rider";
import { FREE, REMOVED } from "../htlc/states";
import * as meter from "../meter/meter";
import {
  FINAL_INCORRECT_HTLC_AMOUNT,
  INCORRECT_OR_UNKNOWN_PAYMENT_DETAILS,
  TEMPORARY_NODE_FAILURE,
} from "../onion/failure";
import { fields, has } from "../onion/payload";
import { ARREARS, PROMISE } from "../wire/energy";
import {
  AMT_TO_FORWARD,
  ENERGY_AMOUNT_MWH,
  ENERGY_INTERVAL_START,
  ENERGY_KIND,
  ENERGY_TOTAL_MWH,
  HAS_ENERGY_TOTAL,
} from "../wire/payload";
import { OFFER_MATCH, OFFER_METER, offer_at, offer_find, sold_count, sold_place } from "./energy_offers";
import { INVOICE_OTHER_MSAT, INVOICE_OTHER_MWH, INVOICE_PAYMENT_HASH, INVOICE_SWAP } from "./invoices";
import { SWAP_KIND, SWAP_MWH, SWAP_NOTE, SWAP_START } from "./swap";

/** What `meter.note` takes. */
const HOW_PROMISE: i32 = 1;
const HOW_BUYS: i32 = 2;

const ratio: usize = memory.data(8, 8);

/** What `take_set` answers besides failures of BOLT 4: a half is there, and the other one is not yet. */
export const SET_WAITS: i32 = -1;

/** Note of the other half of the set that was taken last. */
export const other_note: usize = memory.data(<i32>NOTE_BYTES, 8);

/** Whether the HTLC at `slot` belongs to the other half of a matched set. */
export function is_other(slot: usize, invoice: usize): bool {
  const mwh = load<i64>(slot, SLOT_RIDER + RIDER_MWH);
  const first = load<i64>(invoice + INVOICE_SWAP, SWAP_MWH);
  return mwh != 0 && first != 0 && mwh < 0 != first < 0;
}

/** Whether the rider of the HTLC at `slot` has been let go by who offered it. */
export function has_lapsed(slot: usize): bool {
  return load<u8>(slot, SLOT_RIDER + RIDER_LAPSE) != <u8>FREE;
}

/**
 * Whether the swap at `slot`, received on channel `n` with its onion in `fields`, may be a part of the set of `invoice`, of
 * which all parts of its half are to bring `total_msat`: 0, and the set knows of it; or a failure of BOLT 4, and nothing has
 * changed.
 */
export function check_part(n: i32, slot: usize, total_msat: u64, invoice: usize): i32 {
  const rider = slot + SLOT_RIDER;
  const swap = invoice + INVOICE_SWAP;
  const start = load<u32>(fields, ENERGY_INTERVAL_START);
  const kind = load<u32>(fields, ENERGY_KIND);
  const mwh = load<i64>(fields, ENERGY_AMOUNT_MWH);
  const total_mwh = has(HAS_ENERGY_TOTAL) ? load<i64>(fields, ENERGY_TOTAL_MWH) : mwh;
  // A hop before us may have changed it.
  if (
    load<u32>(rider, RIDER_START) != start ||
    <u32>load<u8>(rider, RIDER_KIND) != kind ||
    load<i64>(rider, RIDER_MWH) != mwh
  ) {
    return FINAL_INCORRECT_HTLC_AMOUNT;
  }
  const part_msat = load<u64>(fields, AMT_TO_FORWARD);
  const known = load<u32>(swap, SWAP_START) != 0;
  if (known && (load<u32>(swap, SWAP_START) != start || load<u32>(swap, SWAP_KIND) != kind)) {
    return INCORRECT_OR_UNKNOWN_PAYMENT_DETAILS;
  }
  if (kind == ARREARS) {
    const owed = owed_msat(n, slot) >= load<u64>(slot, HTLC_AMOUNT_MSAT);
    if (known || !owed || part_msat != total_msat || total_mwh != 0) return INCORRECT_OR_UNKNOWN_PAYMENT_DETAILS;
    store<u32>(swap, start, SWAP_START);
    store<u32>(swap, kind, SWAP_KIND);
    return 0;
  }
  const place = offer_find(start, kind, total_mwh, total_msat);
  const fits =
    place >= 0 &&
    !has_lapsed(slot) &&
    mwh != 0 &&
    mwh < 0 == total_mwh < 0 &&
    size_of(mwh) <= size_of(total_mwh) &&
    in_ratio(part_msat, size_of(mwh), total_msat, size_of(total_mwh));
  if (!fits) return INCORRECT_OR_UNKNOWN_PAYMENT_DETAILS;
  if (!known) {
    store<u32>(swap, start, SWAP_START);
    store<u32>(swap, kind, SWAP_KIND);
    store<i64>(swap, total_mwh, SWAP_MWH);
    return 0;
  }
  if (!is_other(slot, invoice)) {
    return load<i64>(swap, SWAP_MWH) == total_mwh ? 0 : INCORRECT_OR_UNKNOWN_PAYMENT_DETAILS;
  }
  const other_mwh = load<i64>(invoice, INVOICE_OTHER_MWH);
  const agrees = other_mwh == 0 || (other_mwh == total_mwh && load<u64>(invoice, INVOICE_OTHER_MSAT) == total_msat);
  if (load<u8>(offer_at(place), OFFER_MATCH) == 0 || !agrees) return INCORRECT_OR_UNKNOWN_PAYMENT_DETAILS;
  store<u64>(invoice, total_msat, INVOICE_OTHER_MSAT);
  store<i64>(invoice, total_mwh, INVOICE_OTHER_MWH);
  return 0;
}

/**
 * Whether a part has the same share of both totals, to one unit: |part_msat x total_mwh - part_mwh x total_msat| is at most
 * the larger total. So no hop on one part's way carries energy that another one's payment is for.
 */
export function in_ratio(part_msat: u64, part_mwh: u64, total_msat: u64, total_mwh: u64): bool {
  // Divided by the larger total: the other part is within one of its share.
  const more_msat = total_msat >= total_mwh;
  const a = more_msat ? part_msat : part_mwh;
  const b = more_msat ? part_mwh : part_msat;
  const large = more_msat ? total_msat : total_mwh;
  const small = more_msat ? total_mwh : total_msat;
  if (mul_div_floor(a, small, large, ratio) < 0 || b > load<u64>(ratio) + 1) return false;
  return mul_div_ceil(a, small, large, ratio) >= 0 && b + 1 >= load<u64>(ratio);
}

/** What the peer owes on a line, less what HTLCs of kind arrears other than that at `except` are about to pay. */
function owed_msat(n: i32, except: usize): u64 {
  const arrears_msat = load<i64>(energy_of(n), ENERGY_ARREARS_MSAT);
  if (arrears_msat == 0 || arrears_msat > 0 != (node_1_of(n) == COUNTERPARTY)) return 0;
  let owed_msat = size_of(arrears_msat);
  for (let i = 0; i < MAX_HTLCS; i++) {
    const slot = slot_of(n, i);
    const state = slot_state(slot);
    const result = slot_result(slot);
    if (slot == except || state == FREE || state == REMOVED || !slot_has(slot, SLOT_HANDLED)) continue;
    if (load<u32>(slot, HTLC_OFFERED_BY) != COUNTERPARTY || !pays_arrears(slot + SLOT_RIDER)) continue;
    if (result == RESULT_FAILED || result == RESULT_MALFORMED) continue;
    owed_msat = minus(owed_msat, load<u64>(slot, HTLC_AMOUNT_MSAT));
  }
  return owed_msat;
}

/**
 * Takes the set of `invoice`, all parts of which are there. Of its halves (one, unless it is matched) have come the two u64 at
 * `received`, msat, and their riders have the two at `carried`, mWh. 0, and the notes of their meters are in the set's record
 * and in `other_note`; SET_WAITS: its offer is for matching, and the other half is missing; or a failure of BOLT 4: it fits no
 * offer any more, its parts carry more than it says, it brings less energy than it takes, or a meter refuses. A set that is
 * taken again, as after a loss of power, gets the same notes.
 */
export function take_set(invoice: usize, received: usize, carried: usize, interval_s: u32): i32 {
  const swap = invoice + INVOICE_SWAP;
  const mwh = load<i64>(swap, SWAP_MWH);
  const other_mwh = load<i64>(invoice, INVOICE_OTHER_MWH);
  // A meter signs for what a set says: its riders may not be of more.
  if (load<u64>(carried) > size_of(mwh) || load<u64>(carried, 8) > size_of(other_mwh)) {
    return INCORRECT_OR_UNKNOWN_PAYMENT_DETAILS;
  }
  const place = offer_of(swap, mwh, load<u64>(received));
  if (place < 0) return INCORRECT_OR_UNKNOWN_PAYMENT_DETAILS;
  const matches = load<u8>(offer_at(place), OFFER_MATCH) != 0;
  if (matches && other_mwh == 0) return SET_WAITS;
  if (!matches && other_mwh != 0) return INCORRECT_OR_UNKNOWN_PAYMENT_DETAILS;
  let other_place = -1;
  if (matches) {
    const brought = load<u64>(mwh < 0 ? carried : carried + 8);
    other_place = offer_of(swap, other_mwh, load<u64>(received, 8));
    if (other_place < 0 || brought < size_of(mwh < 0 ? other_mwh : mwh)) return INCORRECT_OR_UNKNOWN_PAYMENT_DETAILS;
  }
  // Nothing has gone of an offer before every meter has signed.
  if (!sign_half(invoice, place, mwh, swap + SWAP_NOTE)) return TEMPORARY_NODE_FAILURE;
  if (matches && !sign_half(invoice, other_place, other_mwh, other_note)) return TEMPORARY_NODE_FAILURE;
  count_half(swap, place, mwh, interval_s);
  if (matches) count_half(swap, other_place, other_mwh, interval_s);
  return 0;
}

/** Place of the offer that a whole half of `swap` fits now. ERR_NOT_FOUND. */
function offer_of(swap: usize, mwh: i64, received_msat: u64): i32 {
  return offer_find(load<u32>(swap, SWAP_START), load<u32>(swap, SWAP_KIND), mwh, received_msat);
}

/** The note of the meter of the offer in `place` for a half goes to `note`: whether there is one, and a place to count in. */
function sign_half(invoice: usize, place: i32, mwh: i64, note: usize): bool {
  const swap = invoice + INVOICE_SWAP;
  const start = load<u32>(swap, SWAP_START);
  if (sold_place(place, start) == 0) return false;
  const how = (load<u32>(swap, SWAP_KIND) == PROMISE ? HOW_PROMISE : 0) | (mwh < 0 ? HOW_BUYS : 0);
  const number = <i32>load<u8>(offer_at(place), OFFER_METER);
  return meter.note(number, how, start, size_of(mwh), invoice + INVOICE_PAYMENT_HASH, note) >= 0;
}

function count_half(swap: usize, place: i32, mwh: i64, interval_s: u32): void {
  const start = load<u32>(swap, SWAP_START);
  const sold = sold_place(place, start);
  // Two new intervals of one set may have been promised the last place: then one is not counted, but signed all the same.
  if (sold != 0) sold_count(sold, place, start, interval_s, size_of(mwh));
}
