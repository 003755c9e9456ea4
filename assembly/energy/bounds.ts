// What energy one more rider may be of: its interval, the line's capacity, cover of promises. A line's pending riders are told
// first, as the channel has them: bounds_begin, bounds_add; then one is judged. PROTOCOL.md, "What is refused".

import { ERR_CAPACITY, ERR_CREDIT, ERR_EXPIRED, ERR_SUSPENDED, ERR_VALUE } from "../base/errors";
import { INTERVAL_SLACK_S, MAX_HORIZON_S, MAX_HTLCS, MAX_POSITIONS } from "../base/limits";
import { ARREARS, PROMISE, RECEIPT } from "../wire/energy";
import { minus, plus, size_of, value_ceil } from "./price";
import * as at from "./record";
import { RIDER_HOLD_S, RIDER_KIND, RIDER_MWH, RIDER_START, rider_flow } from "./rider";

/** Pending riders that count, and the one that is judged: start u32, kind u32, flow i64. */
const PENDING_START: usize = 0;
const PENDING_KIND: usize = 4;
const PENDING_FLOW: usize = 8;
const pending: usize = memory.data((MAX_HTLCS + 1) * 16, 8);
let count: i32 = 0;
/** Record of the line that bounds_begin was told. */
let energy: usize = 0;
const sum: usize = memory.data(8, 8);

function pending_at(i: i32): usize {
  return pending + ((<usize>i) << 4);
}

function position_at(i: i32): usize {
  return energy + at.ENERGY_POSITIONS + <usize>i * at.POSITION_BYTES;
}

/**
 * Whether a rider of channel `n` is well-formed, and of an interval in which energy can be agreed on at `utc_s` (UTC in s; 0:
 * not known): 0; ERR_VALUE: not aligned, an amount that its kind cannot have, or a longer hold than the line's; ERR_EXPIRED:
 * that interval is not open for its kind; ERR_SUSPENDED: this end does not know the time, or the other end another one.
 * Arrears can be paid at any time.
 */
export function interval_check(n: i32, rider: usize, utc_s: u32): i32 {
  const line = at.energy_of(n);
  const start = load<u32>(rider, RIDER_START);
  const kind = <u32>load<u8>(rider, RIDER_KIND);
  const amount_mwh = load<i64>(rider, RIDER_MWH);
  if (start == 0 || kind > ARREARS || amount_mwh == i64.MIN_VALUE || (amount_mwh == 0) != (kind == ARREARS)) {
    return ERR_VALUE;
  }
  if (kind == ARREARS) return 0;
  const interval_s = load<u32>(line, at.ENERGY_INTERVAL_S);
  if (start % interval_s != 0 || load<u16>(rider, RIDER_HOLD_S) > load<u16>(line, at.ENERGY_HOLD_S)) return ERR_VALUE;
  if (utc_s == 0 || (load<u32>(line, at.ENERGY_MARKS) & at.ENERGY_CLOCKS_APART) != 0) return ERR_SUSPENDED;
  if (start < load<u32>(line, at.ENERGY_CLOSED_UNTIL)) return ERR_EXPIRED;
  // An end that has closed an interval has read its meter for it.
  const closes = line + at.ENERGY_CLOSES + at.CLOSE_UNTIL;
  if (start < load<u32>(closes) || start < load<u32>(closes + at.CLOSE_BYTES)) return ERR_EXPIRED;
  const begin = <u64>start;
  const now = <u64>utc_s;
  if (kind == RECEIPT) return begin <= now + INTERVAL_SLACK_S ? 0 : ERR_EXPIRED;
  return begin + interval_s + INTERVAL_SLACK_S > now && begin < now + MAX_HORIZON_S ? 0 : ERR_EXPIRED;
}

/** Begins anew with the record of channel `n`, no rider pending. */
export function bounds_begin(n: i32): void {
  energy = at.energy_of(n);
  count = 0;
}

/** A pending rider that counts: not lapsed, not settled in the record yet. At most MAX_HTLCS. */
export function bounds_add(rider: usize, offered_by_node_1: bool): void {
  assert(count <= MAX_HTLCS);
  const place = pending_at(count);
  store<u32>(place, load<u32>(rider, RIDER_START), PENDING_START);
  store<u32>(place, load<u8>(rider, RIDER_KIND), PENDING_KIND);
  store<i64>(place, rider_flow(rider, offered_by_node_1), PENDING_FLOW);
  count++;
}

/** The position of an interval, or 0. */
function find(start: u32): usize {
  for (let i = 0; i < MAX_POSITIONS; i++) {
    if (load<u32>(position_at(i), at.POSITION_START) == start) return position_at(i);
  }
  return 0;
}

/** Sum of pending flows of an interval that go from node_1 (`forth`) or to it; of promises alone if asked. */
function pending_mwh(start: u32, forth: bool, promises: bool): u64 {
  let total: u64 = 0;
  for (let i = 0; i < count; i++) {
    const place = pending_at(i);
    const kind = load<u32>(place, PENDING_KIND);
    const flow_mwh = load<i64>(place, PENDING_FLOW);
    if (load<u32>(place, PENDING_START) != start || kind == ARREARS || flow_mwh > 0 != forth) continue;
    if (!promises || kind == PROMISE) total = plus(total, size_of(flow_mwh));
  }
  return total;
}

/** What is agreed and pending of an interval in one direction, where `agreed_mwh` is the net flow: 0 at least. */
function taken(agreed_mwh: i64, pending_one_way: u64, forth: bool): u64 {
  const agreed = size_of(agreed_mwh);
  return agreed_mwh > 0 == forth ? plus(pending_one_way, agreed) : minus(pending_one_way, agreed);
}

/**
 * What is left of a line's capacity in an interval in one direction, mWh: `forth` from node_1. What is agreed the other way
 * adds to it, what is pending the other way does not. After bounds_begin and bounds_add.
 */
export function remaining_mwh(start: u32, forth: bool): u64 {
  const position = find(start);
  const agreed_mwh = position == 0 ? 0 : load<i64>(position, at.POSITION_FLOW_MWH);
  let capacity = load<u64>(energy, at.ENERGY_CAPACITY_MWH);
  if (agreed_mwh != 0 && agreed_mwh > 0 != forth) capacity = plus(capacity, size_of(agreed_mwh));
  const same_way = agreed_mwh > 0 == forth ? size_of(agreed_mwh) : 0;
  return minus(capacity, plus(pending_mwh(start, forth, false), same_way));
}

/** Whether a pending rider is the first of its interval, and that one has no position yet. */
function is_new(i: i32): bool {
  const start = load<u32>(pending_at(i), PENDING_START);
  if (load<u32>(pending_at(i), PENDING_KIND) == ARREARS || find(start) != 0) return false;
  for (let j = 0; j < i; j++) {
    const other = pending_at(j);
    if (load<u32>(other, PENDING_START) == start && load<u32>(other, PENDING_KIND) != ARREARS) return false;
  }
  return true;
}

/** Intervals of positions and pending riders together. */
function intervals(): i32 {
  let used = 0;
  for (let i = 0; i < MAX_POSITIONS; i++) if (load<u32>(position_at(i), at.POSITION_START) != 0) used++;
  for (let i = 0; i < count; i++) if (is_new(i)) used++;
  return used;
}

/** Promises from node_1 (`forth`) or from node_2, interval by interval, at the price cap: msat that their debtor stands for. */
function exposure_msat(forth: bool): u64 {
  let total: u64 = 0;
  for (let i = 0; i < MAX_POSITIONS; i++) {
    const start = load<u32>(position_at(i), at.POSITION_START);
    if (start == 0) continue;
    const promised_mwh = load<i64>(position_at(i), at.POSITION_PROMISED_MWH);
    total = plus(total, taken(promised_mwh, pending_mwh(start, forth, true), forth));
  }
  for (let i = 0; i < count; i++) {
    if (is_new(i)) total = plus(total, pending_mwh(load<u32>(pending_at(i), PENDING_START), forth, true));
  }
  return value_ceil(total, load<i64>(energy, at.ENERGY_PRICE_CAP), sum) < 0 ? u64.MAX_VALUE : load<u64>(sum);
}

/** Credit that a side was granted by the other one. */
function credit_msat(side_is_node_1: bool): u64 {
  const holder_is_node_1 = (load<u32>(energy, at.ENERGY_ROLES) & at.HOLDER_IS_NODE_1) != 0;
  return load<u64>(energy + at.ENERGY_CREDITS_MSAT + (side_is_node_1 == holder_is_node_1 ? 8 : 0));
}

/** Arrears of a side. */
function owed_msat(side_is_node_1: bool): u64 {
  const arrears_msat = load<i64>(energy, at.ENERGY_ARREARS_MSAT);
  return arrears_msat > 0 == side_is_node_1 ? size_of(arrears_msat) : 0;
}

/**
 * Whether one more rider of the line, that interval_check has passed, may be pending beside those that bounds_add was told: 0;
 * ERR_SUSPENDED: the line is in dispute, or who is in arrears would offer energy's payment or promise energy; ERR_CAPACITY: more
 * than the line carries, or than MAX_POSITIONS intervals; ERR_CREDIT: promises are not covered by credit and by what their
 * debtor has of A above the reserve. Pending counterflow frees nothing.
 */
export function bounds_check(rider: usize, offered_by_node_1: bool, free_msat_node_1: u64, free_msat_node_2: u64): i32 {
  const kind = <u32>load<u8>(rider, RIDER_KIND);
  if (kind == ARREARS) return 0;
  const flow_mwh = rider_flow(rider, offered_by_node_1);
  const forth = flow_mwh > 0;
  if ((load<u32>(energy, at.ENERGY_MARKS) & at.ENERGY_DISPUTED) != 0) return ERR_SUSPENDED;
  if (owed_msat(offered_by_node_1) != 0 || (kind == PROMISE && owed_msat(forth) != 0)) return ERR_SUSPENDED;
  if (size_of(flow_mwh) > remaining_mwh(load<u32>(rider, RIDER_START), forth)) return ERR_CAPACITY;
  // With it told as well, and then forgotten again.
  bounds_add(rider, offered_by_node_1);
  const too_many = intervals() > MAX_POSITIONS;
  const exposed_msat = exposure_msat(forth);
  count--;
  if (too_many) return ERR_CAPACITY;
  if (kind != PROMISE) return 0;
  return exposed_msat > plus(credit_msat(forth), forth ? free_msat_node_1 : free_msat_node_2) ? ERR_CREDIT : 0;
}

/**
 * A that a side has to keep because of its promises, pending ones as bounds_add was told them, and its arrears, as far as its
 * credit does not cover them: msat.
 */
export function locked_msat(side_is_node_1: bool): u64 {
  return minus(plus(exposure_msat(side_is_node_1), owed_msat(side_is_node_1)), credit_msat(side_is_node_1));
}
