// What a node owes on its lines of closed intervals: it pays its peers by a keysend of one hop with a rider of kind arrears,
// and asks for the line to be disconnected where nobody pays. PROTOCOL.md, "Interval close".

import { CLOSE_AGAIN_MS, MAX_CHANNELS, MAX_HTLCS } from "../base/limits";
import { spendable_msat } from "../channel/bounds";
import { CHANNEL_PEER, channel_of, node_1_of, SLOT_RIDER, slot_of, slot_state } from "../channel/record";
import { pays_arrears } from "../channel/riders";
import { HOLDER, HTLC_OFFERED_BY } from "../chain/spec";
import { size_of } from "../energy/price";
import { ENERGY_ARREARS_MSAT, ENERGY_CLOSED_UNTIL, ENERGY_CREDITS_MSAT, energy_of } from "../energy/record";
import { has_rider } from "../energy/rider";
import { FREE, REMOVED } from "../htlc/states";
import { height_of } from "../payment/clock";
import {
  HOP_AMOUNT_MSAT,
  HOP_BYTES,
  HOP_CLTV_EXPIRY,
  HOP_POINT,
  hop_of,
  ROUTE_CHANNEL,
  ROUTE_ENERGY_KIND,
  ROUTE_FLAGS,
  ROUTE_HOP_COUNT,
  ROUTE_HOPS,
  ROUTE_INTERVAL_START,
  ROUTE_KEYSEND,
  ROUTE_PAYMENT_SECRET,
  ROUTE_TOTAL_MSAT,
} from "../payment/route";
import { payment_send } from "../payment/send";
import { ARREARS } from "../wire/energy";
import * as board from "./board";
import { tell_disconnect } from "./line_events";
import { now_ms } from "./peers";

/** Blocks that the HTLC may take. */
const EXPIRY_BLOCKS: u32 = 40;
const ROUTE_BYTES: i32 = <i32>(ROUTE_HOPS + HOP_BYTES);

// For each channel two i64: when arrears are tried to be paid again, and since when a debtor is at its limit, 0: is not;
// -1: it has been told. All of it is forgotten with the power.
const AGAIN_MS: usize = 0;
const SINCE_MS: usize = 8;
const times: usize = memory.data(MAX_CHANNELS * 16, 8);

const route: usize = memory.data(160, 8);
const secrets: usize = memory.data(64, 8);

/** As after a restart. */
export function arrears_forget(): void {
  assert(ROUTE_BYTES <= 160);
  memory.fill(times, 0, MAX_CHANNELS << 4);
}

/** Whether an HTLC of ours that pays arrears is under way. */
function is_paying(n: i32): bool {
  for (let i = 0; i < MAX_HTLCS; i++) {
    const slot = slot_of(n, i);
    const state = slot_state(slot);
    const rider = slot + SLOT_RIDER;
    if (state == FREE || state == REMOVED || load<u32>(slot, HTLC_OFFERED_BY) != HOLDER) continue;
    if (has_rider(rider) && pays_arrears(rider)) return true;
  }
  return false;
}

/** Whether arrears, of which there are some, are ours. */
function owes(n: i32, arrears_msat: i64): bool {
  return arrears_msat > 0 == (node_1_of(n) == HOLDER);
}

/** Whether who is in arrears on line `n` owes all of its credit, or more. */
export function is_at_limit(n: i32): bool {
  const energy = energy_of(n);
  const arrears_msat = load<i64>(energy, ENERGY_ARREARS_MSAT);
  // The creditor's grant: of the peer's to us or of ours to the peer.
  const credit_msat = load<u64>(energy + (owes(n, arrears_msat) ? 8 : 0), ENERGY_CREDITS_MSAT);
  return arrears_msat != 0 && size_of(arrears_msat) >= credit_msat;
}

/** Time has gone on: pays what we owe on channel `n`, a line whose peer is there, as far as our A reaches. */
export function arrears_tick(n: i32): void {
  const energy = energy_of(n);
  const time = times + ((<usize>n) << 4);
  const arrears_msat = load<i64>(energy, ENERGY_ARREARS_MSAT);
  const owed_msat = size_of(arrears_msat);
  watch(n, time, arrears_msat, is_at_limit(n));
  if (owed_msat == 0 || !owes(n, arrears_msat) || now_ms < load<i64>(time, AGAIN_MS) || is_paying(n)) return;
  const amount_msat = min(owed_msat, spendable_msat(n));
  if (amount_msat > 0 && pay(n, amount_msat) >= 0) return;
  store<i64>(time, now_ms + CLOSE_AGAIN_MS, AGAIN_MS);
}

/** A debtor that stays at its credit limit for as long as a payment is tried again is to be disconnected: told once. */
function watch(n: i32, time: usize, arrears_msat: i64, at_limit: bool): void {
  const since_ms = load<i64>(time, SINCE_MS);
  if (!at_limit) {
    store<i64>(time, 0, SINCE_MS);
  } else if (since_ms == 0) {
    store<i64>(time, max(now_ms, 1), SINCE_MS);
  } else if (since_ms > 0 && now_ms - since_ms >= CLOSE_AGAIN_MS) {
    store<i64>(time, -1, SINCE_MS);
    tell_disconnect(n, arrears_msat);
  }
}

function pay(n: i32, amount_msat: u64): i32 {
  const code = board.random(secrets, 64);
  if (code < 0) return code;
  memory.fill(route, 0, ROUTE_BYTES);
  store<u32>(route, n, ROUTE_CHANNEL);
  store<u8>(route, 1, ROUTE_HOP_COUNT);
  store<u8>(route, <u8>ROUTE_KEYSEND, ROUTE_FLAGS);
  store<u64>(route, amount_msat, ROUTE_TOTAL_MSAT);
  memory.copy(route + ROUTE_PAYMENT_SECRET, secrets + 32, 32);
  store<u32>(route, load<u32>(energy_of(n), ENERGY_CLOSED_UNTIL), ROUTE_INTERVAL_START);
  store<u8>(route, <u8>ARREARS, ROUTE_ENERGY_KIND);
  const hop = hop_of(route, 0);
  store<u64>(hop, amount_msat, HOP_AMOUNT_MSAT);
  store<u32>(hop, height_of(n) + EXPIRY_BLOCKS, HOP_CLTV_EXPIRY);
  memory.copy(hop + HOP_POINT, channel_of(n) + CHANNEL_PEER, 33);
  const number = payment_send(route, ROUTE_BYTES, secrets);
  memory.fill(secrets, 0, 64);
  memory.fill(route, 0, ROUTE_BYTES);
  return number;
}
