// What energy one more rider may be of: its interval, the line's capacity, cover of promises. PROTOCOL.md, "What is refused".

import { add, mul_div_ceil, sub } from "../base/amount";
import { ERR_CAPACITY, ERR_CREDIT, ERR_EXPIRED, ERR_SUSPENDED, ERR_VALUE } from "../base/errors";
import { INTERVAL_SLACK_S, MAX_HORIZON_S, MAX_HTLCS, MAX_POSITIONS } from "../base/limits";
import { ARREARS, PROMISE, RECEIPT } from "../wire/energy";
import * as at from "./record";
import { RIDER_KIND, RIDER_MWH, RIDER_START, rider_flow } from "./rider";

/** Pending riders that count: start u32, kind u32, flow i64. */
const PENDING: usize = 16;
const pending: usize = memory.data(MAX_HTLCS * 16, 8);
let count: i32 = 0;
let energy: usize = 0;
const sum: usize = memory.data(8, 8);

function plus(a: u64, b: u64): u64 {
  return add(a, b, sum) < 0 ? u64.MAX_VALUE : load<u64>(sum);
}

function size(value: i64): u64 {
  return <u64>(value < 0 ? -value : value);
}

/**
 * Whether a rider is of an interval in which energy can be agreed on at `utc_s` (0: not known): 0, ERR_VALUE, ERR_EXPIRED,
 * ERR_SUSPENDED.
 */
export function interval_check(n: i32, rider: usize, utc_s: u32): i32 {
  const energy = at.energy_of(n);
  const start = load<u32>(rider, RIDER_START);
  const kind = <u32>load<u8>(rider, RIDER_KIND);
  const amount_mwh = load<i64>(rider, RIDER_MWH);
  if (start == 0 || kind > ARREARS || amount_mwh == i64.MIN_VALUE || (amount_mwh == 0) != (kind == ARREARS))
    return ERR_VALUE;
  if (kind == ARREARS) return 0;
  const interval_s = load<u32>(energy, at.ENERGY_INTERVAL_S);
  if (start % interval_s != 0) return ERR_VALUE;
  if (utc_s == 0) return ERR_SUSPENDED;
  if (start < load<u32>(energy, at.ENERGY_CLOSED_UNTIL)) return ERR_EXPIRED;
  if (start < load<u32>(energy, at.ENERGY_CLOSES + at.CLOSE_UNTIL)) return ERR_EXPIRED;
  const begin = <u64>start;
  const now = <u64>utc_s;
  if (kind == RECEIPT) return begin <= now + INTERVAL_SLACK_S ? 0 : ERR_EXPIRED;
  return begin + interval_s + INTERVAL_SLACK_S > now && begin < now + MAX_HORIZON_S ? 0 : ERR_EXPIRED;
}

export function bounds_begin(n: i32): void {
  energy = at.energy_of(n);
  count = 0;
}

export function bounds_add(rider: usize, offered_by_node_1: bool): void {
  const place = pending + <usize>count * PENDING;
  store<u32>(place, load<u32>(rider, RIDER_START));
  store<u32>(place, load<u8>(rider, RIDER_KIND), 4);
  store<i64>(place, rider_flow(rider, offered_by_node_1), 8);
  count++;
}

/** Flow of the position of an interval, and its promised part. */
let position_flow: i64 = 0;
let position_promised: i64 = 0;

function find(start: u32): bool {
  position_flow = 0;
  position_promised = 0;
  for (let i: usize = 0; i < <usize>MAX_POSITIONS; i++) {
    const position = energy + at.ENERGY_POSITIONS + i * at.POSITION_BYTES;
    if (load<u32>(position) != start) continue;
    position_flow = load<i64>(position, at.POSITION_FLOW_MWH);
    position_promised = load<i64>(position, at.POSITION_PROMISED_MWH);
    return true;
  }
  return false;
}

/** Sum of pending flows of an interval that have the sign of `way`, of promises alone if asked. */
function pending_mwh(start: u32, way: i64, promises: bool): u64 {
  let total: u64 = 0;
  for (let i = 0; i < count; i++) {
    const place = pending + <usize>i * PENDING;
    const flow = load<i64>(place, 8);
    if (load<u32>(place) != start || flow < 0 != way < 0) continue;
    if (promises && load<u32>(place, 4) != PROMISE) continue;
    total = plus(total, size(flow));
  }
  return total;
}

function capped(value: u64): u64 {
  const code = mul_div_ceil(value, load<u64>(energy, at.ENERGY_PRICE_CAP), 1_000_000, sum);
  return code < 0 ? u64.MAX_VALUE : load<u64>(sum);
}

/** Promised energy in positions and pending that flows in a direction, at the price cap: what its source is liable for. */
function exposure_msat(way: i64): u64 {
  let total: u64 = 0;
  for (let i: usize = 0; i < <usize>MAX_POSITIONS; i++) {
    const position = energy + at.ENERGY_POSITIONS + i * at.POSITION_BYTES;
    const promised = load<i64>(position, at.POSITION_PROMISED_MWH);
    if (load<u32>(position) != 0 && promised != 0 && promised < 0 == way < 0) total = plus(total, size(promised));
  }
  for (let i = 0; i < count; i++) {
    const place = pending + <usize>i * PENDING;
    const flow = load<i64>(place, 8);
    if (load<u32>(place, 4) == PROMISE && flow < 0 == way < 0) total = plus(total, size(flow));
  }
  return capped(total);
}

/** Credit that a side was granted by the other one. */
function credit_msat(side_is_node_1: bool): u64 {
  const holder_is_node_1 = (load<u32>(energy, at.ENERGY_ROLES) & at.HOLDER_IS_NODE_1) != 0;
  return load<u64>(energy + at.ENERGY_CREDITS_MSAT + (side_is_node_1 == holder_is_node_1 ? 8 : 0));
}

/** 0, ERR_CAPACITY, ERR_CREDIT, ERR_SUSPENDED. */
export function bounds_check(
  n: i32,
  rider: usize,
  offered_by_node_1: bool,
  free_msat_node_1: u64,
  free_msat_node_2: u64,
): i32 {
  energy = at.energy_of(n);
  const kind = <u32>load<u8>(rider, RIDER_KIND);
  if (kind == ARREARS) return 0;
  const flow = rider_flow(rider, offered_by_node_1);
  const from_node_1 = flow > 0;
  const arrears = load<i64>(energy, at.ENERGY_ARREARS_MSAT);
  if ((load<u32>(energy, at.ENERGY_MARKS) & at.ENERGY_DISPUTED) != 0) return ERR_SUSPENDED;
  if (arrears != 0 && arrears > 0 == offered_by_node_1) return ERR_SUSPENDED;
  const start = load<u32>(rider, RIDER_START);
  const known = find(start);
  const same = position_flow < 0 != flow < 0 ? 0 : size(position_flow);
  const wanted = plus(plus(pending_mwh(start, flow, false), size(flow)), same);
  let room = load<u64>(energy, at.ENERGY_CAPACITY_MWH);
  if (position_flow != 0 && position_flow < 0 != flow < 0) room = plus(room, size(position_flow));
  if (wanted > room) return ERR_CAPACITY;
  if (!known && !has_place(start)) return ERR_CAPACITY;
  if (kind != PROMISE) return 0;
  const exposed = plus(exposure_msat(flow), capped(size(flow)));
  const cover = plus(credit_msat(from_node_1), from_node_1 ? free_msat_node_1 : free_msat_node_2);
  return exposed > cover ? ERR_CREDIT : 0;
}

/** Whether a position is left for one more interval, those of pending riders being taken. */
function has_place(start: u32): bool {
  let used = 0;
  for (let i: usize = 0; i < <usize>MAX_POSITIONS; i++) {
    if (load<u32>(energy + at.ENERGY_POSITIONS + i * at.POSITION_BYTES) != 0) used++;
  }
  for (let i = 0; i < count; i++) {
    const other = load<u32>(pending + <usize>i * PENDING);
    if (other == start || load<u32>(pending + <usize>i * PENDING, 4) == ARREARS || find(other)) continue;
    let first = true;
    for (let j = 0; j < i; j++) if (load<u32>(pending + <usize>j * PENDING) == other) first = false;
    if (first) used++;
  }
  return used < MAX_POSITIONS;
}

/** A of a side that promises and arrears hold. */
export function locked_msat(n: i32, side_is_node_1: bool): u64 {
  energy = at.energy_of(n);
  const arrears = load<i64>(energy, at.ENERGY_ARREARS_MSAT);
  const owed = arrears != 0 && arrears > 0 == side_is_node_1 ? size(arrears) : 0;
  const needed = plus(exposure_msat(side_is_node_1 ? 1 : -1), owed);
  const credit = credit_msat(side_is_node_1);
  return sub(needed, credit, sum) < 0 ? 0 : load<u64>(sum);
}
