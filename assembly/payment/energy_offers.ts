// What the owner sells of energy, or takes while its price is below zero, to whoever pays for it: a persistent table, and
// what has gone of each offer in a delivery interval. PROTOCOL.md, "The recipient".

import { ERR_ARGUMENT, ERR_NOT_FOUND, ERR_VALUE } from "../base/errors";
import { CLOSE_DELAY_S, MAX_ENERGY_OFFERS, MAX_SOLD_INTERVALS } from "../base/limits";
import { minus, size_of, value_ceil } from "../energy/price";
import { utc_s } from "./clock";

// An offer, OFFER_BYTES, numbers little-endian.

/** u8 each: OFFER_SELL, OFFER_BUY or 0 for none; sum of the kinds below; 1: waits for the other half of its set. */
export const OFFER_SIDE: usize = 0;
export const OFFER_KINDS: usize = 1;
export const OFFER_MATCH: usize = 2;
/** u8: number of the meter whose notes it gives. */
export const OFFER_METER: usize = 3;
/** u32 each: starts of intervals, UTC in s: the first one, and the first that is none any more. */
export const OFFER_FROM: usize = 4;
export const OFFER_UNTIL: usize = 8;
/** i64: msat per kWh; of OFFER_BUY below zero, so that the payer pays either way. */
export const OFFER_PRICE: usize = 16;
/** u64: at most so much in an interval. */
export const OFFER_MAX_MWH: usize = 24;
export const OFFER_BYTES: usize = 40;

export const OFFER_SELL: u32 = 1;
export const OFFER_BUY: u32 = 2;
/** Kinds: 1 << RECEIPT and 1 << PROMISE of wire/energy.ts. */
const OFFER_ALL_KINDS: u32 = 3;

// What has gone of an offer in an interval: start, the interval's end, the offer's place (u32 each), u64 mWh.
const SOLD_END: usize = 4;
const SOLD_PLACE: usize = 8;
const SOLD_MWH: usize = 16;
const SOLD_BYTES: usize = 24;

const OFFERS_BYTES: i32 = MAX_ENERGY_OFFERS * <i32>OFFER_BYTES;
/** Persistent region: the offers, then what has gone of them. */
export const ENERGY_OFFERS_BYTES: i32 = OFFERS_BYTES + MAX_SOLD_INTERVALS * <i32>SOLD_BYTES;
export const energy_offers: usize = memory.data(ENERGY_OFFERS_BYTES, 8);

const value: usize = memory.data(8, 8);

/** Address of the offer in `place`. */
export function offer_at(place: i32): usize {
  assert(<u32>place < <u32>MAX_ENERGY_OFFERS);
  return energy_offers + <usize>place * OFFER_BYTES;
}

function sold_at(i: i32): usize {
  return energy_offers + <usize>OFFERS_BYTES + <usize>i * SOLD_BYTES;
}

/**
 * Posts the offer of OFFER_BYTES at `record` in `place`, or takes back what is there, if its side is 0. Nothing has gone of
 * a new one. ERR_ARGUMENT: no such place; ERR_VALUE: fields out of their range, a price of the other sign.
 */
export function offer_set(place: i32, record: usize): i32 {
  if (<u32>place >= <u32>MAX_ENERGY_OFFERS) return ERR_ARGUMENT;
  const side = <u32>load<u8>(record, OFFER_SIDE);
  const kinds = <u32>load<u8>(record, OFFER_KINDS);
  const price = load<i64>(record, OFFER_PRICE);
  if (side > OFFER_BUY || load<u8>(record, OFFER_MATCH) > 1) return ERR_VALUE;
  if (side != 0) {
    if (kinds == 0 || kinds > OFFER_ALL_KINDS || load<u32>(record, OFFER_FROM) == 0) return ERR_VALUE;
    if (price == i64.MIN_VALUE || (side == OFFER_SELL ? price < 0 : price > 0)) return ERR_VALUE;
  }
  memory.copy(offer_at(place), record, OFFER_BYTES);
  for (let i = 0; i < MAX_SOLD_INTERVALS; i++) {
    const sold = sold_at(i);
    if (load<u32>(sold, SOLD_PLACE) == <u32>place) memory.fill(sold, 0, SOLD_BYTES);
  }
  return 0;
}

/** Where the energy that has gone of the offer in `place` is counted, in the interval from `start`; 0 if none has yet. */
function sold_find(place: i32, start: u32): usize {
  for (let i = 0; i < MAX_SOLD_INTERVALS; i++) {
    const sold = sold_at(i);
    if (load<u32>(sold) == start && load<u32>(sold, SOLD_PLACE) == <u32>place) return sold;
  }
  return 0;
}

/**
 * Place of an offer that such a swap fits: its side by the sign of `mwh` (positive: we sell), its kind and interval, its
 * price by the payment of `amount_msat`, and what is left of it in the interval. ERR_NOT_FOUND.
 */
export function offer_find(start: u32, kind: u32, mwh: i64, amount_msat: u64): i32 {
  const side = mwh > 0 ? OFFER_SELL : OFFER_BUY;
  const size_mwh = size_of(mwh);
  for (let place = 0; place < MAX_ENERGY_OFFERS; place++) {
    const offer = offer_at(place);
    if (<u32>load<u8>(offer, OFFER_SIDE) != side || (((<u32>load<u8>(offer, OFFER_KINDS)) >> kind) & 1) == 0) continue;
    if (start < load<u32>(offer, OFFER_FROM) || start >= load<u32>(offer, OFFER_UNTIL)) continue;
    if (value_ceil(size_mwh, size_of(load<i64>(offer, OFFER_PRICE)), value) < 0 || load<u64>(value) > amount_msat) {
      continue;
    }
    const sold = sold_find(place, start);
    const gone_mwh = sold == 0 ? 0 : load<u64>(sold, SOLD_MWH);
    if (size_mwh <= minus(load<u64>(offer, OFFER_MAX_MWH), gone_mwh)) return place;
  }
  return ERR_NOT_FOUND;
}

/**
 * A place to count in what goes of an offer in the interval from `start`: the one where it is counted already, a free one,
 * or that of the interval which ended first of those that are over. Returns its address, or 0: something has gone in as
 * many intervals that are still open.
 */
export function sold_place(place: i32, start: u32): usize {
  const found = sold_find(place, start);
  if (found != 0) return found;
  let best: usize = 0;
  for (let i = 0; i < MAX_SOLD_INTERVALS; i++) {
    const sold = sold_at(i);
    if (load<u32>(sold) == 0) return sold;
    const over = <u64>load<u32>(sold, SOLD_END) + <u64>CLOSE_DELAY_S <= utc_s;
    if (over && (best == 0 || load<u32>(sold, SOLD_END) < load<u32>(best, SOLD_END))) best = sold;
  }
  return best;
}

/** Counts `mwh`, for which `offer_find` gave `place`, at the address that `sold_place` gave. */
export function sold_count(sold: usize, place: i32, start: u32, interval_s: u32, mwh: u64): void {
  if (load<u32>(sold) != start || load<u32>(sold, SOLD_PLACE) != <u32>place) {
    memory.fill(sold, 0, SOLD_BYTES);
    store<u32>(sold, start);
    store<u32>(sold, start + interval_s, SOLD_END);
    store<u32>(sold, place, SOLD_PLACE);
  }
  // offer_find has left room for it.
  store<u64>(sold, load<u64>(sold, SOLD_MWH) + mwh, SOLD_MWH);
}
