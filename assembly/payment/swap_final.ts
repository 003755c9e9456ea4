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
import { OFFER_METER, offer_at, offer_find, sold_count, sold_place } from "./energy_offers";
import { INVOICE_PAYMENT_HASH, INVOICE_SWAP } from "./invoices";
import { SWAP_KIND, SWAP_MWH, SWAP_NOTE, SWAP_START } from "./swap";

/** What `meter.note` takes. */
const HOW_PROMISE: i32 = 1;
const HOW_BUYS: i32 = 2;

const ratio: usize = memory.data(8, 8);

/**
 * Whether the swap at `slot`, received on channel `n` with its onion in `fields`, may be a part of a set of `total_msat`: 0,
 * and `swap` has its interval, its kind and the energy of the whole set; or a failure of BOLT 4.
 */
export function check_part(n: i32, slot: usize, total_msat: u64, swap: usize): i32 {
  const rider = slot + SLOT_RIDER;
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
  store<u32>(swap, start, SWAP_START);
  store<u32>(swap, kind, SWAP_KIND);
  store<i64>(swap, total_mwh, SWAP_MWH);
  const part_msat = load<u64>(fields, AMT_TO_FORWARD);
  if (kind == ARREARS) {
    const owed = owed_msat(n, slot) >= load<u64>(slot, HTLC_AMOUNT_MSAT);
    return owed && part_msat == total_msat && total_mwh == 0 ? 0 : INCORRECT_OR_UNKNOWN_PAYMENT_DETAILS;
  }
  const fits =
    load<u8>(rider, RIDER_LAPSE) == <u8>FREE &&
    mwh != 0 &&
    mwh < 0 == total_mwh < 0 &&
    size_of(mwh) <= size_of(total_mwh) &&
    in_ratio(part_msat, size_of(mwh), total_msat, size_of(total_mwh)) &&
    offer_find(start, kind, total_mwh, total_msat) >= 0;
  return fits ? 0 : INCORRECT_OR_UNKNOWN_PAYMENT_DETAILS;
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
    if (load<u32>(slot, SLOT_RIDER + RIDER_START) == 0 || result == RESULT_FAILED || result == RESULT_MALFORMED)
      continue;
    owed_msat = minus(owed_msat, load<u64>(slot, HTLC_AMOUNT_MSAT));
  }
  return owed_msat;
}

/** Place of the offer that a whole set fits now: `mwh` of its riders together, for `received_msat`. ERR_NOT_FOUND. */
export function offer_of(invoice: usize, mwh: i64, received_msat: u64): i32 {
  const swap = invoice + INVOICE_SWAP;
  return offer_find(load<u32>(swap, SWAP_START), load<u32>(swap, SWAP_KIND), mwh, received_msat);
}

/**
 * Takes a whole set that fits the offer in `place`: its meter's note goes into the set's record. 0, or a failure of BOLT 4
 * if the meter refuses. A set that is taken again, as after a loss of power, gets the same note.
 */
export function take_swap(invoice: usize, place: i32, mwh: i64, interval_s: u32): i32 {
  const swap = invoice + INVOICE_SWAP;
  const start = load<u32>(swap, SWAP_START);
  const sold = sold_place(place, start);
  if (sold == 0) return TEMPORARY_NODE_FAILURE;
  const how = (load<u32>(swap, SWAP_KIND) == PROMISE ? HOW_PROMISE : 0) | (mwh < 0 ? HOW_BUYS : 0);
  const number = <i32>load<u8>(offer_at(place), OFFER_METER);
  const code = meter.note(number, how, start, size_of(mwh), invoice + INVOICE_PAYMENT_HASH, swap + SWAP_NOTE);
  if (code < 0) return TEMPORARY_NODE_FAILURE;
  sold_count(sold, place, start, interval_s, size_of(mwh));
  store<i64>(swap, mwh, SWAP_MWH);
  return 0;
}
