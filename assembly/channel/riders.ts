// Riders among a channel's HTLCs: which of them hold capacity, and whether one more may be offered. PROTOCOL.md, "What is
// refused".

import { sub } from "../base/amount";
import { MAX_HTLCS, MAX_POSITIONS } from "../base/limits";
import { COUNTERPARTY, HOLDER, HTLC_OFFERED_BY } from "../chain/spec";
import { bounds_add, bounds_begin, bounds_check, interval_check, locked_msat } from "../energy/bounds";
import { ENERGY_ARREARS_MSAT, ENERGY_POSITIONS, POSITION_BYTES, energy_of } from "../energy/record";
import { RIDER_BOUGHT_BACK, RIDER_KIND, RIDER_LAPSE, RIDER_START, has_rider } from "../energy/rider";
import { ACKED, COMMITTED, FREE, REMOVED, REMOVE_PROPOSED } from "../htlc/states";
import { ARREARS } from "../wire/energy";
import { uncommitted_msat } from "./bounds";
import { utc_s } from "./config";
import {
  RESULT_FULFILLED,
  SLOT_NO_ENERGY,
  SLOT_RIDER,
  has_energy,
  node_1_of,
  slot_has,
  slot_of,
  slot_result,
  slot_state,
} from "./record";

/** Whether a rider (or 0) pays arrears. */
export function pays_arrears(rider: usize): bool {
  return rider != 0 && load<u8>(rider, RIDER_KIND) == <u8>ARREARS;
}

/**
 * Whether a slot's rider may still move energy into its position: not once its lapse is acknowledged, unless its HTLC was
 * fulfilled before. Until its HTLC is gone from both commitments, it is not in the record.
 */
export function reserves(slot: usize): bool {
  const state = slot_state(slot);
  if (state == FREE || state == REMOVED || !has_rider(slot + SLOT_RIDER)) return false;
  if (load<u8>(slot, SLOT_RIDER + RIDER_LAPSE) < <u8>ACKED) return true;
  if (slot_result(slot) != RESULT_FULFILLED || load<u8>(slot, SLOT_RIDER + RIDER_BOUGHT_BACK) != 0) return false;
  // What is not signed yet is judged when it is, and will be bought back.
  return state != REMOVE_PROPOSED;
}

/**
 * Whether a rider of an interval that begins before `until` may still move energy, of ours only those in state `least` or
 * later.
 */
export function reserves_before(n: i32, until: u32, least: u32): bool {
  for (let i = 0; i < MAX_HTLCS; i++) {
    const slot = slot_of(n, i);
    if (!reserves(slot) || load<u32>(slot, SLOT_RIDER + RIDER_START) >= until) continue;
    if (load<u32>(slot, HTLC_OFFERED_BY) != HOLDER || slot_state(slot) >= least) return true;
  }
  return false;
}

const left: usize = memory.data(8, 8);

/** A side's A above its reserve and all that it has in flight, less `amount_msat` more that it offers. */
function free_msat(n: i32, side: u32, offered_by: u32, amount_msat: u64): u64 {
  const free = uncommitted_msat(n, side);
  if (side != offered_by) return free;
  return sub(free, amount_msat, left) < 0 ? 0 : load<u64>(left);
}

/** Begins anew with all riders that hold capacity; `yielding`: without our own that are not irrevocable. */
function add_pending(n: i32, yielding: bool): void {
  const node_1 = node_1_of(n);
  bounds_begin(n);
  for (let i = 0; i < MAX_HTLCS; i++) {
    const slot = slot_of(n, i);
    const offered_by = load<u32>(slot, HTLC_OFFERED_BY);
    // What is refused takes nothing while it waits to be failed.
    if (
      slot_has(slot, SLOT_NO_ENERGY) ||
      !reserves(slot) ||
      (yielding && offered_by == HOLDER && slot_state(slot) < COMMITTED)
    )
      continue;
    bounds_add(slot + SLOT_RIDER, offered_by == node_1);
  }
}

/**
 * Whether side `offered_by` may offer an HTLC of `amount_msat` with this rider: 0 or a code of energy/bounds.ts. Of two
 * adds that cross on what is left, node_2 gives way: judging node_1's it does not count those of its own that may fail.
 */
export function check_rider(n: i32, rider: usize, offered_by: u32, amount_msat: u64): i32 {
  const code = interval_check(n, rider, utc_s);
  if (code < 0) return code;
  const node_1 = node_1_of(n);
  add_pending(n, offered_by == COUNTERPARTY && node_1 == COUNTERPARTY);
  const free_1 = free_msat(n, node_1, offered_by, amount_msat);
  const free_2 = free_msat(n, node_1 ^ 1, offered_by, amount_msat);
  return bounds_check(rider, offered_by == node_1, free_1, free_2);
}

/** A of a side that promises and arrears hold: it can be neither offered nor paid out. */
export function held_msat(n: i32, side: u32): u64 {
  if (!has_energy(n)) return 0;
  add_pending(n, false);
  return locked_msat(side == node_1_of(n));
}

/** Whether an add of the peer's cannot be, for its rider (or 0) or because it takes A that is held: it is to be failed. */
export function is_refused(n: i32, amount_msat: u64, rider: usize): bool {
  if (!has_energy(n)) return false;
  if (rider != 0 && check_rider(n, rider, COUNTERPARTY, amount_msat) < 0) return true;
  return !pays_arrears(rider) && free_msat(n, COUNTERPARTY, COUNTERPARTY, amount_msat) < held_msat(n, COUNTERPARTY);
}

/** Whether we owe arrears on a line. */
function owes_arrears(n: i32): bool {
  const arrears_msat = load<i64>(energy_of(n), ENERGY_ARREARS_MSAT);
  return node_1_of(n) == HOLDER ? arrears_msat > 0 : arrears_msat < 0;
}

/** Whether nothing of energy keeps us from closing: no rider, no open position, and no arrears of ours. */
export function is_empty(n: i32): bool {
  if (!has_energy(n)) return true;
  const energy = energy_of(n);
  for (let i = 0; i < MAX_HTLCS; i++) if (has_rider(slot_of(n, i) + SLOT_RIDER)) return false;
  for (let i: usize = 0; i < <usize>MAX_POSITIONS; i++) {
    if (load<u32>(energy + i * POSITION_BYTES, ENERGY_POSITIONS) != 0) return false;
  }
  return !owes_arrears(n);
}
