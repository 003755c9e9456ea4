// What the owner lets the node spend on rebates, where a line's rent is below zero. PROTOCOL.md, "Forwarding".

import { sub } from "../base/amount";
import { ERR_CAPACITY } from "../base/errors";
import { MAX_CHANNELS, MAX_HTLCS } from "../base/limits";
import { HOLDER, HTLC_OFFERED_BY } from "../chain/spec";
import {
  SLOT_FAILURE_DATA,
  SLOT_HANDLED,
  SLOT_LINK,
  SLOT_RIDER,
  slot_has,
  slot_of,
  slot_state,
} from "../channel/record";
import { minus, plus } from "../energy/price";
import { has_rider } from "../energy/rider";
import { FREE } from "../htlc/states";
import { LINK_FORWARD, link_kind } from "./links";

/** u64 each: what the owner has put in; what is left, less what is reserved for HTLCs under way. */
export const PURSE_CAP_MSAT: usize = 0;
export const PURSE_LEFT_MSAT: usize = 8;
/** Persistent region. */
export const PURSE_BYTES: i32 = 16;
export const purse: usize = memory.data(PURSE_BYTES, 8);

/** u64 in the slot of an offered HTLC with a rider that was forwarded: what is reserved for it. */
const SLOT_REBATE_MSAT: usize = SLOT_FAILURE_DATA;

/** What is reserved for all HTLCs under way. */
function reserved_msat(): u64 {
  let sum_msat: u64 = 0;
  for (let n = 0; n < MAX_CHANNELS; n++) {
    for (let i = 0; i < MAX_HTLCS; i++) {
      const slot = slot_of(n, i);
      if (slot_state(slot) == FREE || slot_has(slot, SLOT_HANDLED) || !has_rider(slot + SLOT_RIDER)) continue;
      if (load<u32>(slot, HTLC_OFFERED_BY) != HOLDER || link_kind(load<u32>(slot, SLOT_LINK)) != LINK_FORWARD) continue;
      sum_msat = plus(sum_msat, load<u64>(slot, SLOT_REBATE_MSAT));
    }
  }
  return sum_msat;
}

/** Fills the purse up to `cap_msat`, rebates under way included; with less than before, what is over is taken out. */
export function purse_fill(cap_msat: u64): void {
  store<u64>(purse, cap_msat, PURSE_CAP_MSAT);
  store<u64>(purse, minus(cap_msat, reserved_msat()), PURSE_LEFT_MSAT);
}

/** Takes a rebate out. ERR_CAPACITY: there is not as much left. */
export function purse_take(rebate_msat: u64): i32 {
  return sub(load<u64>(purse, PURSE_LEFT_MSAT), rebate_msat, purse + PURSE_LEFT_MSAT) < 0 ? ERR_CAPACITY : 0;
}

/** A rebate that was taken out is for the HTLC at `slot`, which has been offered. */
export function purse_reserve(slot: usize, rebate_msat: u64): void {
  store<u64>(slot, rebate_msat, SLOT_REBATE_MSAT);
}

/** Puts back a rebate whose HTLC was not offered. */
export function purse_return(rebate_msat: u64): void {
  const room_msat = minus(load<u64>(purse, PURSE_CAP_MSAT), reserved_msat());
  store<u64>(purse, min(plus(load<u64>(purse, PURSE_LEFT_MSAT), rebate_msat), room_msat), PURSE_LEFT_MSAT);
}

/** Puts back what was reserved for the HTLC at `slot`, which has failed and is SLOT_HANDLED. */
export function purse_release(slot: usize): void {
  if (has_rider(slot + SLOT_RIDER)) purse_return(load<u64>(slot, SLOT_REBATE_MSAT));
}
