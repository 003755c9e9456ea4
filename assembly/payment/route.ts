// A route as the caller gives it, and the onion's payloads for it. BOLT 4, "Payload Format"; keysend: bLIP 3.

import { ERR_ARGUMENT, ERR_CAPACITY, ERR_LENGTH, ERR_TRUNCATED, ERR_VALUE } from "../base/errors";
import { MAX_CHANNELS, MAX_ROUTE_HOPS } from "../base/limits";
import { write_begin, write_end } from "../base/writer";
import { PAYLOADS_BYTES, POINT_BYTES } from "../onion/keys";
import { encode_tlvs } from "../wire/codec";
import { ARREARS } from "../wire/energy";
import { RECORD_PRESENT } from "../wire/kinds";
import {
  AMT_TO_FORWARD,
  ENERGY_AMOUNT_MWH,
  ENERGY_INTERVAL_START,
  ENERGY_KIND,
  ENERGY_TOTAL_MWH,
  HAS_AMT_TO_FORWARD,
  HAS_ENERGY,
  HAS_ENERGY_TOTAL,
  HAS_KEYSEND_PREIMAGE,
  HAS_OUTGOING_CLTV_VALUE,
  HAS_PAYMENT_DATA,
  HAS_PAYMENT_METADATA,
  HAS_SHORT_CHANNEL_ID,
  KEYSEND_PREIMAGE,
  OUTGOING_CLTV_VALUE,
  PAYLOAD,
  PAYLOAD_RECORD_BYTES,
  PAYMENT_METADATA,
  PAYMENT_SECRET,
  SHORT_CHANNEL_ID_AT,
  TOTAL_MSAT,
} from "../wire/payload";

// A route: ROUTE_HOPS, then for each hop a record of HOP_BYTES, then the payment's metadata. Numbers are little-endian.

/** u32: channel over which the first hop is reached. */
export const ROUTE_CHANNEL: usize = 0;
/** u8 each: hops, 1 to MAX_ROUTE_HOPS; a sum of ROUTE_KEYSEND and ROUTE_CROSSES. */
export const ROUTE_HOP_COUNT: usize = 4;
export const ROUTE_FLAGS: usize = 5;
/** u16: bytes of metadata, which an invoice may ask for. */
export const ROUTE_METADATA_LENGTH: usize = 6;
/** u64: of all parts of the payment together; a keysend is one of several parts if it is more than is delivered. */
export const ROUTE_TOTAL_MSAT: usize = 8;
/** 32 bytes; not read for keysend. */
export const ROUTE_PAYMENT_HASH: usize = 16;
/** 32 bytes; for keysend the preimage, which has to be random, and stands for the secret of several parts. */
export const ROUTE_PAYMENT_SECRET: usize = 48;
/** u32: start of the delivery interval, UTC in s; not read without energy, as are the next but one. */
export const ROUTE_INTERVAL_START: usize = 80;
/** u8: RECEIPT, PROMISE or ARREARS of wire/energy.ts, or ROUTE_NO_ENERGY. */
export const ROUTE_ENERGY_KIND: usize = 84;
/** i64: energy of all parts of the payment together, at the last hop; 0: this one pays alone, and is not to be matched. */
export const ROUTE_TOTAL_MWH: usize = 88;
export const ROUTE_HOPS: usize = 96;

/** The last hop is paid without an invoice. bLIP 3. */
export const ROUTE_KEYSEND: u32 = 1;
/** The route leaves the first channel's chain: its amounts and expiries are each of the chain of the hop's own channel. */
export const ROUTE_CROSSES: u32 = 2;
/** In place of a kind. */
export const ROUTE_NO_ENERGY: u32 = 0xff;

// One hop.

/** u64: the channel to this hop; not read for the first. */
export const HOP_SHORT_CHANNEL_ID: usize = 0;
/** u64: what this hop is given. */
export const HOP_AMOUNT_MSAT: usize = 8;
/** u32: height at which the HTLC to this hop expires. */
export const HOP_CLTV_EXPIRY: usize = 16;
/** 33 bytes. */
export const HOP_POINT: usize = 20;
/** i64: the rider to this hop, positive for energy that comes from it; not read without energy. */
export const HOP_MWH: usize = 56;
export const HOP_BYTES: usize = 64;

/** BOLT 2 keeps expiries below what would be a time. */
const MAX_CLTV_EXPIRY: u32 = 500_000_000;

const record: usize = memory.data(PAYLOAD_RECORD_BYTES, 8);
/** The payloads of `write_payloads`, each behind its length as bigsize, and the points of the hops. */
export const payloads: usize = memory.data(PAYLOADS_BYTES, 8);
export const points: usize = memory.data(MAX_ROUTE_HOPS * POINT_BYTES, 8);

/** Address of the `i`-th hop of the route. */
export function hop_of(route: usize, i: i32): usize {
  return route + ROUTE_HOPS + <usize>i * HOP_BYTES;
}

/**
 * Checks a route of `len` bytes. 0, or ERR_TRUNCATED, ERR_LENGTH: its length is not the one that it states;
 * ERR_ARGUMENT: no such channel, hops, flags or kind of energy, or energy for an invoice or another chain; ERR_VALUE: an
 * amount of 0, amounts or expiries that grow along the route on one chain (of a swap amounts may), an expiry that is none, or
 * a total that is less than what is delivered; riders that are none, of both signs, or not in proportion to the total.
 */
export function check_route(route: usize, len: i32): i32 {
  if (len < <i32>ROUTE_HOPS) return ERR_TRUNCATED;
  const hops = <i32>load<u8>(route, ROUTE_HOP_COUNT);
  const flags = <u32>load<u8>(route, ROUTE_FLAGS);
  const keysend = (flags & ROUTE_KEYSEND) != 0;
  const crosses = (flags & ROUTE_CROSSES) != 0;
  if (<u32>(hops - 1) >= <u32>MAX_ROUTE_HOPS || flags > (ROUTE_KEYSEND | ROUTE_CROSSES)) return ERR_ARGUMENT;
  if (load<u32>(route, ROUTE_CHANNEL) >= <u32>MAX_CHANNELS) return ERR_ARGUMENT;
  const whole = <i32>ROUTE_HOPS + hops * <i32>HOP_BYTES + <i32>load<u16>(route, ROUTE_METADATA_LENGTH);
  if (len != whole) return len < whole ? ERR_TRUNCATED : ERR_LENGTH;
  const energy = has_energy(route);
  if (energy && (!keysend || crosses)) return ERR_ARGUMENT;
  let amount_msat = u64.MAX_VALUE;
  let cltv_expiry = MAX_CLTV_EXPIRY - 1;
  for (let i = 0; i < hops; i++) {
    const hop = hop_of(route, i);
    // Of a swap it may be more that goes out of a hop than comes in: a rebate.
    if (
      (!energy && !crosses && load<u64>(hop, HOP_AMOUNT_MSAT) > amount_msat) ||
      load<u64>(hop, HOP_AMOUNT_MSAT) == 0 ||
      load<u32>(hop, HOP_CLTV_EXPIRY) > (crosses ? MAX_CLTV_EXPIRY - 1 : cltv_expiry)
    ) {
      return ERR_VALUE;
    }
    amount_msat = load<u64>(hop, HOP_AMOUNT_MSAT);
    cltv_expiry = load<u32>(hop, HOP_CLTV_EXPIRY);
  }
  if (!keysend && load<u64>(route, ROUTE_TOTAL_MSAT) < amount_msat) return ERR_VALUE;
  return energy ? check_energy(route, hops) : 0;
}

/** Whether energy moves along with the payment. */
export function has_energy(route: usize): bool {
  return <u32>load<u8>(route, ROUTE_ENERGY_KIND) != ROUTE_NO_ENERGY;
}

/** Whether a keysend is not the whole of what is paid. */
function is_some(route: usize, last: usize): bool {
  return load<u64>(route, ROUTE_TOTAL_MSAT) > load<u64>(last, HOP_AMOUNT_MSAT);
}

/** Whether a keysend belongs to a set: one of several parts, or a half that is to be matched and states its total energy. */
function is_part(route: usize, last: usize): bool {
  return is_some(route, last) || (has_energy(route) && load<i64>(route, ROUTE_TOTAL_MWH) != 0);
}

/** Riders of one sign with the total, none of them 0; arrears have none, and go to a peer. */
function check_energy(route: usize, hops: i32): i32 {
  const kind = <u32>load<u8>(route, ROUTE_ENERGY_KIND);
  const total_mwh = load<i64>(route, ROUTE_TOTAL_MWH);
  if (kind > ARREARS) return ERR_ARGUMENT;
  if (load<u32>(route, ROUTE_INTERVAL_START) == 0) return ERR_VALUE;
  const last = hop_of(route, hops - 1);
  const last_mwh = load<i64>(last, HOP_MWH);
  if (kind == ARREARS) return hops == 1 && last_mwh == 0 && total_mwh == 0 && !is_part(route, last) ? 0 : ERR_VALUE;
  for (let i = 0; i < hops; i++) {
    const mwh = load<i64>(hop_of(route, i), HOP_MWH);
    if (mwh == 0 || mwh == i64.MIN_VALUE || mwh < 0 != last_mwh < 0) return ERR_VALUE;
  }
  // What goes with one part goes with all, by their share of the payment.
  if ((total_mwh != 0 && total_mwh != last_mwh) != is_some(route, last)) return ERR_VALUE;
  if (total_mwh == 0) return 0;
  return total_mwh < 0 == last_mwh < 0 && (last_mwh < 0 ? total_mwh <= last_mwh : total_mwh >= last_mwh)
    ? 0
    : ERR_VALUE;
}

/**
 * Writes the payloads and points for a route that was checked. Returns the payloads' length, or ERR_CAPACITY. Who has
 * called it zeroes them: `forget_payloads`.
 */
export function write_payloads(route: usize): i32 {
  const hops = <i32>load<u8>(route, ROUTE_HOP_COUNT);
  let at = payloads;
  const end = payloads + PAYLOADS_BYTES;
  for (let i = 0; i < hops; i++) {
    memory.copy(points + <usize>(i * POINT_BYTES), hop_of(route, i) + HOP_POINT, POINT_BYTES);
    fill_record(route, i, i == hops - 1);
    if (at + 3 > end) return ERR_CAPACITY;
    // One byte of length does, unless there is much metadata.
    write_begin(at + 3, <i32>(end - at) - 3);
    encode_tlvs(PAYLOAD, record);
    const len = write_end();
    if (len < 0) return len;
    let head: usize = 1;
    if (len < 0xfd) {
      store<u8>(at, <u8>len);
      memory.copy(at + 1, at + 3, len);
    } else {
      head = 3;
      store<u8>(at, 0xfd);
      store<u16>(at, bswap<u16>(<u16>len), 1);
    }
    at += head + <usize>len;
  }
  return <i32>(at - payloads);
}

function fill_record(route: usize, i: i32, last: bool): void {
  const hop = hop_of(route, last ? i : i + 1);
  memory.fill(record, 0, PAYLOAD_RECORD_BYTES);
  let present = HAS_AMT_TO_FORWARD | HAS_OUTGOING_CLTV_VALUE;
  store<u64>(record, load<u64>(hop, HOP_AMOUNT_MSAT), AMT_TO_FORWARD);
  store<u64>(record, load<u32>(hop, HOP_CLTV_EXPIRY), OUTGOING_CLTV_VALUE);
  if (!last) {
    present |= HAS_SHORT_CHANNEL_ID;
    store<u64>(record, load<u64>(hop, HOP_SHORT_CHANNEL_ID), SHORT_CHANNEL_ID_AT);
  } else {
    const keysend = (load<u8>(route, ROUTE_FLAGS) & ROUTE_KEYSEND) != 0;
    if (keysend) {
      present |= HAS_KEYSEND_PREIMAGE;
      store<usize>(record, route + ROUTE_PAYMENT_SECRET, KEYSEND_PREIMAGE);
    }
    if (!keysend || is_part(route, hop)) {
      present |= HAS_PAYMENT_DATA;
      store<usize>(record, route + ROUTE_PAYMENT_SECRET, PAYMENT_SECRET);
      store<u64>(record, load<u64>(route, ROUTE_TOTAL_MSAT), TOTAL_MSAT);
    }
    const metadata = <u32>load<u16>(route, ROUTE_METADATA_LENGTH);
    if (metadata > 0) {
      present |= HAS_PAYMENT_METADATA;
      store<usize>(record, hop_of(route, i + 1), PAYMENT_METADATA);
      store<u32>(record, metadata, PAYMENT_METADATA + 4);
    }
  }
  if (has_energy(route)) {
    present |= HAS_ENERGY;
    store<u32>(record, load<u32>(route, ROUTE_INTERVAL_START), ENERGY_INTERVAL_START);
    store<u32>(record, load<u8>(route, ROUTE_ENERGY_KIND), ENERGY_KIND);
    store<i64>(record, load<i64>(hop, HOP_MWH), ENERGY_AMOUNT_MWH);
    if (last && is_part(route, hop)) {
      present |= HAS_ENERGY_TOTAL;
      store<i64>(record, load<i64>(route, ROUTE_TOTAL_MWH), ENERGY_TOTAL_MWH);
    }
  }
  store<u32>(record, present, RECORD_PRESENT);
}

/** Zeroes what `write_payloads` left. Returns `code`. */
export function forget_payloads(code: i32): i32 {
  memory.fill(payloads, 0, PAYLOADS_BYTES);
  memory.fill(record, 0, PAYLOAD_RECORD_BYTES);
  return code;
}
