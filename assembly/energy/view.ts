// The energy state as one commitment has it, and its hash: the record with what is not in both commitments for good yet.
// PROTOCOL.md, "The energy state".

import { add } from "../base/amount";
import { MAX_HTLCS, MAX_POSITIONS } from "../base/limits";
import { write_begin, write_bytes, write_end, write_u16, write_u32, write_u64, write_u8 } from "../base/writer";
import { sha256 } from "../crypto/crypto";
import { ARREARS, PROMISE } from "../wire/energy";
import { size_of, value_spread } from "./price";
import * as at from "./record";
import { RIDER_BOUGHT_BACK, RIDER_KIND, RIDER_MWH, RIDER_START, rider_flow } from "./rider";

const VIEW_BYTES: i32 = 1024;
/** The serialised state made last. */
export const energy_view: usize = memory.data(VIEW_BYTES, 8);
let view_bytes: i32 = 0;

/** Copy of the record, folded into. */
const draft: usize = memory.data(760, 8);
/** Pending riders: offerer u32, start u32, id u64, flow i64, kind u8, lapsed u8. */
const PENDING: usize = 32;
const pending: usize = memory.data(MAX_HTLCS * 32, 8);
let count: i32 = 0;
const value: usize = memory.data(8, 8);

/** Length of the serialised state. */
export function energy_view_bytes(): i32 {
  return view_bytes;
}

/** Begins a view: the record of channel `n` as it is. */
export function energy_view_begin(n: i32): void {
  memory.copy(draft, at.energy_of(n), at.ENERGY_BYTES);
  count = 0;
}

/** The roll is in this view. */
export function energy_view_roll(): void {
  apply_roll(draft);
}

/** The HTLC of a rider has been fulfilled and has left this view. */
export function energy_view_settled(rider: usize, offered_by_node_1: bool, amount_msat: u64): void {
  settle(draft, rider, offered_by_node_1, amount_msat);
}

/** The HTLC `id` of a rider is in this view, and its lapse too if `lapsed`. At most MAX_HTLCS. */
export function energy_view_pending(rider: usize, offered_by_node_1: bool, id: u64, lapsed: bool): void {
  const by: u32 = offered_by_node_1 ? 0 : 1;
  let place = pending + <usize>count * PENDING;
  for (; place > pending; place -= PENDING) {
    const before = place - PENDING;
    if (load<u32>(before) < by || (load<u32>(before) == by && load<u64>(before, 8) < id)) break;
    memory.copy(place, before, PENDING);
  }
  store<u32>(place, by);
  store<u32>(place, load<u32>(rider, RIDER_START), 4);
  store<u64>(place, id, 8);
  store<i64>(place, rider_flow(rider, offered_by_node_1), 16);
  store<u8>(place, load<u8>(rider, RIDER_KIND), 24);
  store<u8>(place, lapsed ? 1 : 0, 25);
  count++;
}

/** Serialises the view and writes its SHA-256, 32 bytes, to `to`: 0 or ERR_CRYPTO. */
export function energy_view_hash(to: usize): i32 {
  write_begin(energy_view, VIEW_BYTES);
  write_bytes(draft + at.ENERGY_PARAMETERS_HASH, 32);
  write_u32(load<u32>(draft, at.ENERGY_CLOSED_UNTIL));
  write_u64(load<u64>(draft, at.ENERGY_ARREARS_MSAT));
  write_u64(load<u64>(draft, at.ENERGY_TOTALS_MWH));
  write_u64(load<u64>(draft, at.ENERGY_TOTALS_MWH + 8));
  let positions: u32 = 0;
  for (let i = 0; i < MAX_POSITIONS; i++) if (is_open(position_at(i))) positions++;
  write_u16(positions);
  let after: u32 = 0;
  for (let left = positions; left > 0; left--) {
    let next: usize = 0;
    for (let i = 0; i < MAX_POSITIONS; i++) {
      const position = position_at(i);
      const start = load<u32>(position);
      if (is_open(position) && start > after && (next == 0 || start < load<u32>(next))) next = position;
    }
    after = load<u32>(next);
    write_u32(after);
    write_u64(load<u64>(next, at.POSITION_FLOW_MWH));
    write_u64(load<u64>(next, at.POSITION_PROMISED_MWH));
  }
  write_u16(count);
  for (let i = 0; i < count; i++) {
    const place = pending + <usize>i * PENDING;
    write_u8(load<u32>(place));
    write_u64(load<u64>(place, 8));
    write_u32(load<u32>(place, 4));
    write_u8(load<u8>(place, 24));
    write_u64(load<u64>(place, 16));
    write_u8(load<u8>(place, 25));
  }
  view_bytes = write_end();
  return sha256(energy_view, view_bytes, to);
}

function position_at(i: i32): usize {
  return draft + at.ENERGY_POSITIONS + <usize>i * at.POSITION_BYTES;
}

/** Whether a position has anything: a free one is all zeros. */
function is_open(position: usize): bool {
  return (load<u64>(position, at.POSITION_FLOW_MWH) | load<u64>(position, at.POSITION_PROMISED_MWH)) != 0;
}

/** A fulfilled rider, gone from both commitments, goes into the record of channel `n`. */
export function energy_settle(n: i32, rider: usize, offered_by_node_1: bool, amount_msat: u64): void {
  settle(at.energy_of(n), rider, offered_by_node_1, amount_msat);
}

/** The roll of channel `n` is in both commitments for good: what both ends' registers were is where the next one begins. */
export function energy_roll_done(n: i32): void {
  const energy = at.energy_of(n);
  apply_roll(energy);
  for (let side: usize = 0; side < 2; side++) {
    const close = energy + at.ENERGY_CLOSES + side * at.CLOSE_BYTES;
    memory.copy(energy + at.ENERGY_REGISTERS + (side << 4), close + at.CLOSE_IMPORT_MWH, 16);
  }
  memory.fill(energy + at.ENERGY_ROLL, 0, at.ROLL_BYTES);
  memory.fill(energy + at.ENERGY_CLOSES, 0, 2 * at.CLOSE_BYTES);
  store<u32>(energy, load<u32>(energy, at.ENERGY_MARKS) & ~at.ENERGY_DISPUTED, at.ENERGY_MARKS);
}

// Sums of flows and arrears stay within their bounds by what riders and rolls are checked for before they get here. They are
// plain additions, whose order does not matter: both ends must come to the same, in whatever order their slots lie.

function apply_roll(energy: usize): void {
  const roll = energy + at.ENERGY_ROLL;
  const until = load<u32>(roll, at.ROLL_UNTIL);
  const flow_mwh = load<i64>(roll, at.ROLL_FLOW_MWH);
  for (let i: usize = 0; i < <usize>MAX_POSITIONS; i++) {
    const position = energy + at.ENERGY_POSITIONS + i * at.POSITION_BYTES;
    if (load<u32>(position, at.POSITION_START) < until) memory.fill(position, 0, at.POSITION_BYTES);
  }
  // A total that is full stays: it would take a line of 10 GW 200,000 years.
  const total = energy + at.ENERGY_TOTALS_MWH + (flow_mwh < 0 ? 8 : 0);
  add(load<u64>(total), size_of(flow_mwh), total);
  add_to(energy + at.ENERGY_ARREARS_MSAT, load<i64>(roll, at.ROLL_ARREARS_MSAT));
  store<u32>(energy, until, at.ENERGY_CLOSED_UNTIL);
}

function add_to(place: usize, change: i64): void {
  store<i64>(place, load<i64>(place) + change);
}

function settle(energy: usize, rider: usize, offered_by_node_1: bool, amount_msat: u64): void {
  const kind = <u32>load<u8>(rider, RIDER_KIND);
  const bought_back = load<u8>(rider, RIDER_BOUGHT_BACK) != 0;
  if (kind == ARREARS || bought_back) {
    // Either way it is to the offerer's good: what it has paid of its debt, or what the fulfiller owes for energy held back.
    let owed_msat = amount_msat;
    if (kind != ARREARS && value_spread(energy, size_of(load<i64>(rider, RIDER_MWH)), true, value) >= 0) {
      owed_msat = max(owed_msat, load<u64>(value));
    }
    add_to(energy + at.ENERGY_ARREARS_MSAT, offered_by_node_1 ? -(<i64>owed_msat) : <i64>owed_msat);
    return;
  }
  const start = load<u32>(rider, RIDER_START);
  let position: usize = 0;
  for (let i: usize = 0; i < <usize>MAX_POSITIONS; i++) {
    const place = energy + at.ENERGY_POSITIONS + i * at.POSITION_BYTES;
    const other = load<u32>(place, at.POSITION_START);
    if (other == start || (other == 0 && position == 0)) position = place;
  }
  // bounds.ts leaves a place for every pending rider. Where adds cross, a node_1 that took what it must refuse could need one
  // more: that energy is its loss.
  if (position == 0) return;
  const flow_mwh = rider_flow(rider, offered_by_node_1);
  store<u32>(position, start, at.POSITION_START);
  add_to(position + at.POSITION_FLOW_MWH, flow_mwh);
  if (kind == PROMISE) add_to(position + at.POSITION_PROMISED_MWH, flow_mwh);
  if (!is_open(position)) memory.fill(position, 0, at.POSITION_BYTES);
}
