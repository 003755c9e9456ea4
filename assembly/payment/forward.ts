// Whether an HTLC may be forwarded as its onion asks. BOLT 4, "Failure Messages"; BOLT 7, "HTLC Fees".

import { add, mul_div_floor } from "../base/amount";
import { ERR_NOT_FOUND } from "../base/errors";
import {
  EXPIRY_GRACE_BLOCKS,
  FORWARD_SHARE,
  FULFILL_DEADLINE_BLOCKS,
  MAX_CLTV_BLOCKS,
  MAX_FORWARDS_PER_PEER,
  MAX_HTLCS,
} from "../base/limits";
import { HOLDER, HTLC_AMOUNT_MSAT, HTLC_OFFERED_BY } from "../chain/spec";
import { chain_interval_s } from "../channel/config";
import { CHANNEL_MAX_IN_FLIGHT_MSAT, SLOT_LINK, chain_of, channel_of, slot_of, slot_state } from "../channel/record";
import { FREE } from "../htlc/states";
import {
  AMOUNT_BELOW_MINIMUM,
  CHANNEL_DISABLED,
  EXPIRY_TOO_FAR,
  EXPIRY_TOO_SOON,
  FEE_INSUFFICIENT,
  INCORRECT_CLTV_EXPIRY,
  TEMPORARY_CHANNEL_FAILURE,
} from "../onion/failure";
import { height_of } from "./clock";
import { exchange_needed } from "./exchange";
import { LINK_FORWARD, link_channel, link_kind } from "./links";
import {
  POLICY_CLTV_EXPIRY_DELTA,
  POLICY_DISABLED,
  POLICY_FEE_BASE_MSAT,
  POLICY_FEE_PROPORTIONAL_MILLIONTHS,
  POLICY_FLAGS,
  POLICY_HTLC_MAXIMUM_MSAT,
  POLICY_HTLC_MINIMUM_MSAT,
  policy_of,
} from "./policy";

/** The first field of the data of the failure that `check_forward` returned last. */
export let check_data: u64 = 0;

const needed: usize = memory.data(8, 8);

/** Blocks that are left until an expiry; below 0 if it is past. */
function left(n: i32, cltv_expiry: u32): i64 {
  return <i64>cltv_expiry - <i64>height_of(n);
}

/**
 * Whether an HTLC that came in over channel `n` leaves `delta` blocks more than one that goes out over channel `out`: on
 * two chains by what is left of both in time, and by blocks of the slower chain. PROTOCOL.md, "Two chains".
 */
function leaves_time(n: i32, incoming_cltv: u32, out: i32, outgoing_cltv: u32, delta: u32): bool {
  const here = chain_of(n);
  const there = chain_of(out);
  // 64 bits: the origin may have written any expiry.
  if (here == there) return <u64>incoming_cltv >= <u64>outgoing_cltv + <u64>delta;
  const here_s = <i64>chain_interval_s(here);
  const there_s = <i64>chain_interval_s(there);
  return left(n, incoming_cltv) * here_s >= left(out, outgoing_cltv) * there_s + <i64>delta * max(here_s, there_s);
}

/**
 * Checks the amounts and expiries of an HTLC that came in over channel `n` and of the one that is to go out over channel
 * `out` against the policy of that: 0, or the code of the first failure in BOLT 4's order, with its data in `check_data`.
 */
export function check_forward(
  n: i32,
  incoming_msat: u64,
  incoming_cltv: u32,
  out: i32,
  outgoing_msat: u64,
  outgoing_cltv: u32,
): i32 {
  const policy = policy_of(out);
  check_data = outgoing_msat;
  if (outgoing_msat < load<u64>(policy, POLICY_HTLC_MINIMUM_MSAT)) return AMOUNT_BELOW_MINIMUM;
  check_data = incoming_msat;
  const ppm = <u64>load<u32>(policy, POLICY_FEE_PROPORTIONAL_MILLIONTHS);
  let code = mul_div_floor(outgoing_msat, ppm, 1_000_000, needed);
  if (code >= 0) code = add(load<u64>(needed), load<u32>(policy, POLICY_FEE_BASE_MSAT), needed);
  if (code >= 0) code = add(load<u64>(needed), outgoing_msat, needed);
  // Fee and all are of the outgoing channel's chain; whoever offers HTLCs on another one pays by the rate.
  if (code >= 0 && chain_of(n) != chain_of(out)) code = exchange_needed(chain_of(n), load<u64>(needed), needed);
  if (code == ERR_NOT_FOUND) {
    check_data = 0;
    return TEMPORARY_CHANNEL_FAILURE;
  }
  if (code < 0 || incoming_msat < load<u64>(needed)) return FEE_INSUFFICIENT;
  check_data = outgoing_cltv;
  if (!leaves_time(n, incoming_cltv, out, outgoing_cltv, load<u16>(policy, POLICY_CLTV_EXPIRY_DELTA))) {
    return INCORRECT_CLTV_EXPIRY;
  }
  check_data = 0;
  if (left(n, incoming_cltv) < <i64>FULFILL_DEADLINE_BLOCKS || left(out, outgoing_cltv) <= <i64>EXPIRY_GRACE_BLOCKS) {
    return EXPIRY_TOO_SOON;
  }
  if ((load<u16>(policy, POLICY_FLAGS) & POLICY_DISABLED) != 0) return CHANNEL_DISABLED;
  if (left(out, outgoing_cltv) > <i64>MAX_CLTV_BLOCKS) return EXPIRY_TOO_FAR;
  const maximum = load<u64>(policy, POLICY_HTLC_MAXIMUM_MSAT);
  return maximum != 0 && outgoing_msat > maximum ? TEMPORARY_CHANNEL_FAILURE : 0;
}

/**
 * Whether another `amount_msat` from channel `from` would take more of channel `out` than its share: slots, or what may be
 * in flight there. HTLCs count until they are irrevocably removed.
 */
export function is_crowded(from: i32, out: i32, amount_msat: u64): bool {
  let count = 0;
  store<u64>(needed, amount_msat);
  for (let i = 0; i < MAX_HTLCS; i++) {
    const slot = slot_of(out, i);
    if (slot_state(slot) == FREE || load<u32>(slot, HTLC_OFFERED_BY) != HOLDER) continue;
    const link = load<u32>(slot, SLOT_LINK);
    if (link_kind(link) != LINK_FORWARD || link_channel(link) != from) continue;
    count++;
    if (add(load<u64>(needed), load<u64>(slot, HTLC_AMOUNT_MSAT), needed) < 0) return true;
  }
  // What we offer keeps to the counterparty's limit.
  const limit_msat = load<u64>(channel_of(out), CHANNEL_MAX_IN_FLIGHT_MSAT + 8) / FORWARD_SHARE;
  return count >= MAX_FORWARDS_PER_PEER || load<u64>(needed) > limit_msat;
}
