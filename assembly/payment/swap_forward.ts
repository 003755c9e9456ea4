// Swaps that pass through: the rider that goes out for the one that came in. PROTOCOL.md, "Forwarding" and "What is refused".

import { ERR_VALUE } from "../base/errors";
import { ENERGY_SHARE, HOLD_MARGIN_S, MAX_HTLCS, MAX_POSITIONS } from "../base/limits";
import { HOLDER, HTLC_AMOUNT_MSAT, HTLC_OFFERED_BY } from "../chain/spec";
import { hold_left_ms } from "../channel/holds";
import { CHANNEL_PEER, SLOT_LINK, SLOT_RIDER, channel_of, has_energy, node_1_of, slot_of } from "../channel/record";
import { reserves } from "../channel/riders";
import { minus, plus, size_of, value_ceil } from "../energy/price";
import {
  ENERGY_CAPACITY_MWH,
  ENERGY_HOLD_S,
  ENERGY_POSITIONS,
  ENERGY_PRICE_CAP,
  POSITION_BYTES,
  POSITION_FLOW_MWH,
  energy_of,
} from "../energy/record";
import {
  RIDER_BYTES,
  RIDER_HOLD_S,
  RIDER_KIND,
  RIDER_LAPSE,
  RIDER_MWH,
  RIDER_START,
  rider_flow,
} from "../energy/rider";
import { swap_check } from "../energy/swap";
import { FREE } from "../htlc/states";
import {
  FEE_INSUFFICIENT,
  INVALID_ONION_PAYLOAD,
  REQUIRED_CHANNEL_FEATURE_MISSING,
  TEMPORARY_CHANNEL_FAILURE,
} from "../onion/failure";
import { fields, type_of } from "../onion/payload";
import { ENERGY_AMOUNT_MWH, ENERGY_INTERVAL_START, ENERGY_KIND, HAS_ENERGY } from "../wire/payload";
import { LINK_FORWARD, link_channel, link_kind } from "./links";

/** The rider that goes out, and what of our own goes out with the payment: of the last check_swap without a failure. */
export const outgoing: usize = memory.data(<i32>RIDER_BYTES, 8);
export let rebate_msat: u64 = 0;
const dearest: usize = memory.data(8, 8);
/** The first field of the data of the failure that `check_swap` returned last. */
export let swap_data: u64 = 0;

/**
 * Checks the swap in slot `i` of channel `n`, received, that its onion in `fields` sends on to channel `out` with
 * `outgoing_msat`: 0, and `outgoing` and `rebate_msat` are what to send; or a failure of BOLT 4, its data in `swap_data`.
 */
export function check_swap(n: i32, i: i32, out: i32, outgoing_msat: u64): i32 {
  swap_data = 0;
  if (!has_energy(out)) return REQUIRED_CHANNEL_FEATURE_MISSING;
  const slot = slot_of(n, i);
  const incoming = slot + SLOT_RIDER;
  // What goes out has to lapse before its own one can, and be acknowledged by then.
  const hold_s = hold_left_ms(n, i) / 1000 - HOLD_MARGIN_S;
  if (hold_s < 1 || load<u8>(incoming, RIDER_LAPSE) != <u8>FREE) return TEMPORARY_CHANNEL_FAILURE;
  memory.fill(outgoing, 0, RIDER_BYTES);
  store<u32>(outgoing, load<u32>(fields, ENERGY_INTERVAL_START), RIDER_START);
  store<u8>(outgoing, load<u8>(fields, ENERGY_KIND), RIDER_KIND);
  store<i64>(outgoing, load<i64>(fields, ENERGY_AMOUNT_MWH), RIDER_MWH);
  store<u16>(outgoing, <u16>min(hold_s, <i64>load<u16>(energy_of(out), ENERGY_HOLD_S)), RIDER_HOLD_S);
  const incoming_msat = load<u64>(slot, HTLC_AMOUNT_MSAT);
  const same_peer: bool = memory.compare(channel_of(n) + CHANNEL_PEER, channel_of(out) + CHANNEL_PEER, 33) == 0;
  const code = swap_check(n, out, incoming, outgoing, incoming_msat, outgoing_msat);
  if (code == ERR_VALUE) {
    swap_data = type_of(HAS_ENERGY);
    return INVALID_ONION_PAYLOAD;
  }
  if (code < 0) {
    swap_data = incoming_msat;
    return FEE_INSUFFICIENT;
  }
  // Should it lapse behind us and not before us, we have bought the energy: for no more than the line's price cap.
  const most = value_ceil(
    size_of(load<i64>(outgoing, RIDER_MWH)),
    load<i64>(energy_of(out), ENERGY_PRICE_CAP),
    dearest,
  );
  if (most < 0 || outgoing_msat > load<u64>(dearest)) return TEMPORARY_CHANNEL_FAILURE;
  rebate_msat = minus(outgoing_msat, incoming_msat);
  if (rebate_msat != 0 && same_peer) return TEMPORARY_CHANNEL_FAILURE;
  return takes_too_much(n, out) ? TEMPORARY_CHANNEL_FAILURE : 0;
}

/** What has been agreed of a line for an interval, positive from node_1 to node_2. */
function agreed_mwh(n: i32, start: u32): i64 {
  const positions = energy_of(n) + ENERGY_POSITIONS;
  for (let i: usize = 0; i < <usize>MAX_POSITIONS; i++) {
    const position = positions + i * POSITION_BYTES;
    if (load<u32>(position) == start) return load<i64>(position, POSITION_FLOW_MWH);
  }
  return 0;
}

/** Whether `outgoing` would take more of channel `out` than pending riders that came in over channel `from` may. */
function takes_too_much(from: i32, out: i32): bool {
  const start = load<u32>(outgoing, RIDER_START);
  const mwh = load<i64>(outgoing, RIDER_MWH);
  let taken_mwh = size_of(mwh);
  for (let i = 0; i < MAX_HTLCS; i++) {
    const slot = slot_of(out, i);
    if (!reserves(slot) || load<u32>(slot, HTLC_OFFERED_BY) != HOLDER) continue;
    const link = load<u32>(slot, SLOT_LINK);
    if (link_kind(link) != LINK_FORWARD || link_channel(link) != from) continue;
    const other = load<i64>(slot, SLOT_RIDER + RIDER_MWH);
    if (load<u32>(slot, SLOT_RIDER + RIDER_START) == start && other < 0 == mwh < 0) {
      taken_mwh = plus(taken_mwh, size_of(other));
    }
  }
  const agreed = agreed_mwh(out, start);
  const against = agreed < 0 != rider_flow(outgoing, node_1_of(out) == HOLDER) < 0;
  const capacity_mwh = load<u64>(energy_of(out), ENERGY_CAPACITY_MWH);
  const left_mwh = against ? plus(capacity_mwh, size_of(agreed)) : minus(capacity_mwh, size_of(agreed));
  return taken_mwh > left_mwh / ENERGY_SHARE;
}
