// What energy comes to in A: msat of an amount at a price, and what flows beyond the agreed ones owe. Prices are msat per kWh,
// energy is mWh: a value is their product over a million. PROTOCOL.md, "Interval close".

import { add, mul_div_ceil, mul_div_floor, sub } from "../base/amount";
import { ERR_OVERFLOW } from "../base/errors";
import * as at from "./record";

const PER_UNIT: u32 = 1_000_000;

const scratch: usize = memory.data(8, 8);

/** |value|; of -2^63 as well. */
export function size_of(value: i64): u64 {
  return value < 0 ? 0 - <u64>value : <u64>value;
}

/** a + b, or 2^64 - 1 if that is more: for what is compared with a limit. */
export function plus(a: u64, b: u64): u64 {
  return add(a, b, scratch) < 0 ? u64.MAX_VALUE : load<u64>(scratch);
}

/** a - b, or 0. */
export function minus(a: u64, b: u64): u64 {
  return sub(a, b, scratch) < 0 ? 0 : load<u64>(scratch);
}

/** floor(mwh x |price| / 1,000,000) msat into the u64 at `to`. ERR_OVERFLOW. */
export function value_floor(mwh: u64, price_msat_per_kwh: i64, to: usize): i32 {
  return mul_div_floor(mwh, size_of(price_msat_per_kwh), PER_UNIT, to);
}

/** As value_floor, but rounded up. */
export function value_ceil(mwh: u64, price_msat_per_kwh: i64, to: usize): i32 {
  return mul_div_ceil(mwh, size_of(price_msat_per_kwh), PER_UNIT, to);
}

/**
 * Value of energy at the tariff of the line whose record is at `energy`, made dearer or cheaper by its spread: msat into the
 * u64 at `to`. The price is a whole number of msat per kWh before the energy is valued; both are rounded down. ERR_OVERFLOW.
 */
export function value_spread(energy: usize, mwh: u64, dearer: bool, to: usize): i32 {
  const spread_ppm = load<u32>(energy, at.ENERGY_SPREAD_PPM);
  const tariff = size_of(load<i64>(energy, at.ENERGY_TARIFF));
  const code = mul_div_floor(tariff, dearer ? PER_UNIT + spread_ppm : PER_UNIT - spread_ppm, PER_UNIT, scratch);
  return code < 0 ? code : mul_div_floor(mwh, load<u64>(scratch), PER_UNIT, to);
}

/**
 * What a flow beyond the agreed one (mWh, positive from node_1 to node_2) changes of the arrears of channel `n` (msat,
 * positive: node_1 owes more) into the i64 at `to`. Whoever got more than agreed owes it, below zero the other end. The price
 * is worse, by the spread, for the end whose meter accounts for the line, so that deviating never pays. ERR_OVERFLOW.
 */
export function imbalance_msat(n: i32, deviation_mwh: i64, to: usize): i32 {
  const energy = at.energy_of(n);
  const node_1_owes = deviation_mwh < 0 == load<i64>(energy, at.ENERGY_TARIFF) >= 0;
  const at_node_1 = (load<u32>(energy, at.ENERGY_ROLES) & at.ACCOUNTED_AT_NODE_1) != 0;
  const code = value_spread(energy, size_of(deviation_mwh), node_1_owes == at_node_1, scratch);
  if (code < 0) return code;
  const owed_msat = load<i64>(scratch);
  if (owed_msat < 0) return ERR_OVERFLOW;
  store<i64>(to, node_1_owes ? owed_msat : -owed_msat);
  return 0;
}
