// Sending a payment, or a part of one, along a route that the caller gives. BOLT 4, "Packet Construction".

import { ERR_CAPACITY, ERR_CRYPTO, ERR_EXPIRED } from "../base/errors";
import { channel_offer, channel_offer_check } from "../channel/offers";
import { sha256 } from "../crypto/crypto";
import { ENERGY_HOLD_S, energy_of } from "../energy/record";
import { RIDER_BYTES, RIDER_HOLD_S, RIDER_KIND, RIDER_MWH, RIDER_START } from "../energy/rider";
import { blob_free, blob_new } from "../htlc/blobs";
import { build } from "../onion/build";
import { PACKET_BYTES, POINT_BYTES } from "../onion/keys";
import { height_of } from "./clock";
import { lapse_arm } from "./lapse";
import { LINK_PART, packet } from "./links";
import {
  PART_AMOUNT_MSAT,
  PART_BYTES,
  PART_CHANNEL,
  PART_DELIVERED_MSAT,
  PART_HOPS,
  PART_NUMBER,
  PART_PAYMENT_HASH,
  PART_PENDING,
  PART_POINTS,
  PART_SESSION_KEY,
  PART_STATE,
  PART_SWAP,
  part_at,
  part_next_number,
  part_place,
  parts,
} from "./parts";
import {
  HOP_AMOUNT_MSAT,
  HOP_CLTV_EXPIRY,
  HOP_MWH,
  ROUTE_CHANNEL,
  ROUTE_CROSSES,
  ROUTE_ENERGY_KIND,
  ROUTE_FLAGS,
  ROUTE_HOP_COUNT,
  ROUTE_INTERVAL_START,
  ROUTE_KEYSEND,
  ROUTE_PAYMENT_HASH,
  ROUTE_PAYMENT_SECRET,
  check_route,
  forget_payloads,
  has_energy,
  hop_of,
  payloads,
  points,
  write_payloads,
} from "./route";
import { SWAP_KIND, SWAP_MWH, SWAP_START } from "./swap";

const payment_hash: usize = memory.data(32, 8);
const rider: usize = memory.data(<i32>RIDER_BYTES, 8);

/** Makes the rider to the first hop, which holds for as long as its line allows. */
function make_rider(route: usize, n: i32): usize {
  if (!has_energy(route)) return 0;
  memory.fill(rider, 0, RIDER_BYTES);
  store<u32>(rider, load<u32>(route, ROUTE_INTERVAL_START), RIDER_START);
  store<u8>(rider, load<u8>(route, ROUTE_ENERGY_KIND), RIDER_KIND);
  store<i64>(rider, load<i64>(hop_of(route, 0), HOP_MWH), RIDER_MWH);
  store<u16>(rider, load<u16>(energy_of(n), ENERGY_HOLD_S), RIDER_HOLD_S);
  return rider;
}

/**
 * Sends one part along the route (route.ts) of `len` bytes at `route`. `entropy`: 32 random bytes, which become the
 * session key and are zeroed. Several parts of one payment are sent by as many calls, with one hash, secret and total.
 * Returns the part's number, from 1: its end is told by payment_next_event. The HTLC is only queued: channel_commit
 * commits it.
 *
 * Codes of check_route; ERR_CAPACITY: all places are taken by parts under way, or the onion is too long; ERR_POINT: a
 * hop's point is none; ERR_CRYPTO: `entropy` is no scalar; ERR_EXPIRED: the last hop's HTLC, or
 * where the route leaves the first channel's chain the first one, would be past; others of
 * channel_offer. After a code nothing has changed.
 */
export function payment_send(route: usize, len: i32, entropy: usize): i32 {
  const code = send(route, len, entropy);
  memory.fill(entropy, 0, 32);
  return forget_payloads(code);
}

function send(route: usize, len: i32, entropy: usize): i32 {
  let code = check_route(route, len);
  if (code < 0) return code;
  const hops = <i32>load<u8>(route, ROUTE_HOP_COUNT);
  const first = hop_of(route, 0);
  const last = hop_of(route, hops - 1);
  const n = load<i32>(route, ROUTE_CHANNEL);
  const amount_msat = load<u64>(first, HOP_AMOUNT_MSAT);
  const crosses = (load<u8>(route, ROUTE_FLAGS) & ROUTE_CROSSES) != 0;
  if (load<u32>(crosses ? first : last, HOP_CLTV_EXPIRY) <= height_of(n)) return ERR_EXPIRED;
  const place = part_place();
  if (place < 0) return ERR_CAPACITY;
  // Cheap answers come before the onion is built.
  const to_first = make_rider(route, n);
  code = channel_offer_check(n, amount_msat, to_first);
  if (code < 0) return code;
  memory.copy(payment_hash, route + ROUTE_PAYMENT_HASH, 32);
  if ((load<u8>(route, ROUTE_FLAGS) & ROUTE_KEYSEND) != 0) {
    if (sha256(route + ROUTE_PAYMENT_SECRET, 32, payment_hash) < 0) return ERR_CRYPTO;
  }
  const payloads_len = write_payloads(route);
  if (payloads_len < 0) return payloads_len;
  code = build(entropy, payment_hash, points, hops, payloads, payloads_len, packet);
  if (code < 0) return code;
  const blob = blob_new(packet, PACKET_BYTES);
  if (blob < 0) return blob;
  code = channel_offer(
    n,
    amount_msat,
    payment_hash,
    load<u32>(first, HOP_CLTV_EXPIRY),
    blob,
    0,
    LINK_PART | (<u32>place),
    to_first,
  );
  if (code < 0) {
    blob_free(blob);
    return code;
  }
  lapse_arm(n, code);

  const number = part_next_number();
  const part = part_at(place);
  memory.fill(part, 0, PART_BYTES);
  store<u8>(part, <u8>PART_PENDING, PART_STATE);
  store<u8>(part, <u8>hops, PART_HOPS);
  store<u64>(part, amount_msat, PART_AMOUNT_MSAT);
  store<u64>(part, load<u64>(last, HOP_AMOUNT_MSAT), PART_DELIVERED_MSAT);
  store<u32>(part, number, PART_NUMBER);
  store<u32>(part, n, PART_CHANNEL);
  memory.copy(part + PART_PAYMENT_HASH, payment_hash, 32);
  memory.copy(part + PART_SESSION_KEY, entropy, 32);
  memory.copy(part + PART_POINTS, points, hops * POINT_BYTES);
  if (to_first != 0) {
    const swap = part + PART_SWAP;
    store<u32>(swap, load<u32>(rider, RIDER_START), SWAP_START);
    store<u32>(swap, load<u8>(rider, RIDER_KIND), SWAP_KIND);
    store<i64>(swap, load<i64>(rider, RIDER_MWH), SWAP_MWH);
  }
  store<u32>(parts, number);
  return number;
}
