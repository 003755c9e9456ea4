// Whether an HTLC may be forwarded as its onion asks. BOLT 4, "Failure Messages"; BOLT 7, "HTLC Fees".

import { add, mul_div_floor } from "../base/amount";
import {
  EXPIRY_GRACE_BLOCKS,
  FORWARD_SHARE,
  FULFILL_DEADLINE_BLOCKS,
  MAX_CLTV_BLOCKS,
  MAX_FORWARDS_PER_PEER,
  MAX_HTLCS,
} from "../base/limits";
import { HOLDER, HTLC_AMOUNT_MSAT, HTLC_OFFERED_BY } from "../chain/spec";
import { CHANNEL_MAX_IN_FLIGHT_MSAT, SLOT_LINK, channel_of, slot_of, slot_state } from "../channel/record";
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
import { height } from "./clock";
import { LINK_FORWARD, link_channel, link_kind } from "./links";
import {
  POLICY_CLTV_EXPIRY_DELTA,
  POLICY_DISABLED,
  POLICY_FEE_BASE_MSAT,
  POLICY_FEE_PROPORTIONAL_MILLIONTHS,
  POLICY_FLAGS,
  POLICY_HTLC_MAXIMUM_MSAT,
  POLICY_HTLC_MINIMUM_MSAT,
} from "./policy";

/** The first field of the data of the failure that `check_forward` returned last. */
export let check_data: u64 = 0;

const needed: usize = memory.data(8, 8);

/**
 * Checks the amounts and expiries of an HTLC that came in and of the one that is to go out against the policy of the
 * outgoing channel: 0, or the code of the first failure in BOLT 4's order, with its data in `check_data`.
 */
export function check_forward(
  policy: usize,
  incoming_msat: u64,
  incoming_cltv: u32,
  outgoing_msat: u64,
  outgoing_cltv: u32,
): i32 {
  check_data = outgoing_msat;
  if (outgoing_msat < load<u64>(policy, POLICY_HTLC_MINIMUM_MSAT)) return AMOUNT_BELOW_MINIMUM;
  check_data = incoming_msat;
  const ppm = <u64>load<u32>(policy, POLICY_FEE_PROPORTIONAL_MILLIONTHS);
  let code = mul_div_floor(outgoing_msat, ppm, 1_000_000, needed);
  if (code >= 0) code = add(load<u64>(needed), load<u32>(policy, POLICY_FEE_BASE_MSAT), needed);
  if (code >= 0) code = add(load<u64>(needed), outgoing_msat, needed);
  if (code < 0 || incoming_msat < load<u64>(needed)) return FEE_INSUFFICIENT;
  check_data = outgoing_cltv;
  // 64 bits: the origin may have written any expiry.
  if (<u64>incoming_cltv < <u64>outgoing_cltv + <u64>load<u16>(policy, POLICY_CLTV_EXPIRY_DELTA)) {
    return INCORRECT_CLTV_EXPIRY;
  }
  check_data = 0;
  if (incoming_cltv < height + FULFILL_DEADLINE_BLOCKS || outgoing_cltv <= height + EXPIRY_GRACE_BLOCKS) {
    return EXPIRY_TOO_SOON;
  }
  if ((load<u16>(policy, POLICY_FLAGS) & POLICY_DISABLED) != 0) return CHANNEL_DISABLED;
  if (outgoing_cltv > height + MAX_CLTV_BLOCKS) return EXPIRY_TOO_FAR;
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
