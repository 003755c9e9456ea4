// Fees of commitment and HTLC transactions. BOLT 3, "Fee Calculation", "Trimmed Outputs".

import { mul_div_floor } from "../base/amount";
import { CHANNEL_ANCHORS, CHANNEL_ENERGY } from "./spec";

/** Amount of an anchor output. */
export const ANCHOR_SAT: u64 = 330;

const OUTPUT_WEIGHT: u64 = 172;

const fee: usize = memory.data(8, 8);

function fee_sat(feerate_per_kw: u32, weight: u64): u64 {
  // A u32 times a weight below 2^13 cannot overflow.
  mul_div_floor(feerate_per_kw, weight, 1000, fee);
  return load<u64>(fee);
}

/** Base fee of a commitment transaction with so many HTLC outputs, satoshi. The energy output weighs as much as one. */
export function commitment_fee_sat(flags: u32, feerate_per_kw: u32, htlc_outputs: u32): u64 {
  const outputs = <u64>htlc_outputs + ((flags & CHANNEL_ENERGY) != 0 ? 1 : 0);
  return fee_sat(feerate_per_kw, ((flags & CHANNEL_ANCHORS) != 0 ? 1124 : 724) + OUTPUT_WEIGHT * outputs);
}

/** Fee of the HTLC-timeout (of an offered HTLC) or HTLC-success transaction, satoshi; 0 with anchors. */
export function htlc_fee_sat(flags: u32, feerate_per_kw: u32, is_offered: bool): u64 {
  return (flags & CHANNEL_ANCHORS) != 0 ? 0 : fee_sat(feerate_per_kw, is_offered ? 663 : 703);
}
