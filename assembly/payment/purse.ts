// What the owner lets the node spend on rebates, where a line's rent is below zero. PROTOCOL.md, "Forwarding".

import { sub } from "../base/amount";
import { ERR_CAPACITY } from "../base/errors";
import { minus } from "../energy/price";

/** u64 each: what the owner has put in; what is left, less what is reserved for HTLCs under way. */
export const PURSE_CAP_MSAT: usize = 0;
export const PURSE_LEFT_MSAT: usize = 8;
/** Persistent region. */
export const PURSE_BYTES: i32 = 16;
export const purse: usize = memory.data(PURSE_BYTES, 8);

/**
 * Fills the purse up to `cap_msat`; with less than before, what is over is taken out. Rebates under way are not counted
 * among it: what comes back of them finds place up to `cap_msat`.
 */
export function purse_fill(cap_msat: u64): void {
  store<u64>(purse, cap_msat, PURSE_CAP_MSAT);
  store<u64>(purse, cap_msat, PURSE_LEFT_MSAT);
}

/** Takes a rebate out. ERR_CAPACITY: there is not as much left. */
export function purse_take(rebate_msat: u64): i32 {
  return sub(load<u64>(purse, PURSE_LEFT_MSAT), rebate_msat, purse + PURSE_LEFT_MSAT) < 0 ? ERR_CAPACITY : 0;
}

/** Puts back a rebate whose HTLC failed. */
export function purse_return(rebate_msat: u64): void {
  const left_msat = load<u64>(purse, PURSE_LEFT_MSAT);
  const room_msat = minus(load<u64>(purse, PURSE_CAP_MSAT), left_msat);
  store<u64>(purse, left_msat + min(rebate_msat, room_msat), PURSE_LEFT_MSAT);
}
