// What a forwarder asks of a swap: that no more energy leaves than its lines deliver, and that the payment leaves their
// rent. PROTOCOL.md, "Forwarding".

import { mul_div_floor } from "../base/amount";
import { ERR_CAPACITY, ERR_CREDIT, ERR_OVERFLOW, ERR_VALUE } from "../base/errors";
import { ARREARS } from "../wire/energy";
import { minus, size_of, value_ceil, value_floor } from "./price";
import * as at from "./record";
import { RIDER_KIND, RIDER_MWH, RIDER_START } from "./rider";

/** i64: the rents that the last swap_check has asked for, msat; negative: a rebate. */
export let swap_rent_msat: i64 = 0;

const LOSS_BASE: u32 = 1_000_000;
const amount: usize = memory.data(8, 8);
/** Energy on its way through us. */
let left_mwh: u64 = 0;

function holder_is_node_1(energy: usize): bool {
  return (load<u32>(energy, at.ENERGY_ROLES) & at.HOLDER_IS_NODE_1) != 0;
}

/** Energy goes over channel `n`, into us or out of us: if the line is ours it costs rent, and loses. ERR_OVERFLOW. */
function pass(n: i32, into_us: bool): i32 {
  const energy = at.energy_of(n);
  const node_1 = holder_is_node_1(energy);
  if (((load<u32>(energy, at.ENERGY_ROLES) & at.OWNER_IS_NODE_1) != 0) != node_1) return 0;
  const policy = energy + at.ENERGY_POLICIES + (node_1 == into_us ? at.POLICY_BYTES : 0);
  const rent = load<i64>(policy, at.POLICY_RENT_MSAT_PER_KWH);
  // Rounded in our favour: what is asked up, what is given down.
  let code = rent < 0 ? value_floor(left_mwh, rent, amount) : value_ceil(left_mwh, rent, amount);
  if (code < 0) return code;
  // Two lines at most: their sum stays within an i64.
  if (load<u64>(amount) > <u64>i64.MAX_VALUE / 2) return ERR_OVERFLOW;
  swap_rent_msat += rent < 0 ? -load<i64>(amount) : load<i64>(amount);
  code = mul_div_floor(left_mwh, LOSS_BASE - load<u32>(policy, at.POLICY_LOSS_PPM), LOSS_BASE, amount);
  if (code >= 0) left_mwh = load<u64>(amount);
  return code;
}

/**
 * Whether a swap may be forwarded from channel `n_in` to channel `n_out`, both lines. Of positive riders the energy comes to
 * us over the outgoing HTLC's line, of negative ones over the incoming one's. The rents that it takes are in `swap_rent_msat`.
 *
 * ERR_VALUE: the riders do not belong together (interval, kind, sign), or are none to forward; ERR_CAPACITY: more energy
 * would leave than comes; ERR_CREDIT: the payment leaves less than the rent; ERR_OVERFLOW: beyond all amounts.
 *
 * @param incoming_rider RIDER_BYTES of rider.ts, as is `outgoing_rider`
 */
export function swap_check(
  n_in: i32,
  n_out: i32,
  incoming_rider: usize,
  outgoing_rider: usize,
  in_msat: u64,
  out_msat: u64,
): i32 {
  swap_rent_msat = 0;
  const in_mwh = load<i64>(incoming_rider, RIDER_MWH);
  const out_mwh = load<i64>(outgoing_rider, RIDER_MWH);
  const start = load<u32>(incoming_rider, RIDER_START);
  const kind = load<u8>(incoming_rider, RIDER_KIND);
  if (start == 0 || start != load<u32>(outgoing_rider, RIDER_START)) return ERR_VALUE;
  if (kind >= <u8>ARREARS || kind != load<u8>(outgoing_rider, RIDER_KIND)) return ERR_VALUE;
  if (in_mwh == 0 || out_mwh == 0 || in_mwh < 0 != out_mwh < 0) return ERR_VALUE;
  const backwards = in_mwh > 0;
  left_mwh = size_of(backwards ? out_mwh : in_mwh);
  let code = pass(backwards ? n_out : n_in, true);
  if (code >= 0) code = pass(backwards ? n_in : n_out, false);
  if (code < 0) return code;
  if (size_of(backwards ? in_mwh : out_mwh) > left_mwh) return ERR_CAPACITY;
  if (swap_rent_msat < 0) return minus(out_msat, size_of(swap_rent_msat)) > in_msat ? ERR_CREDIT : 0;
  return in_msat < out_msat || in_msat - out_msat < <u64>swap_rent_msat ? ERR_CREDIT : 0;
}
