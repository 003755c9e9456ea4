// No free option: a rider that we offered lapses when its time is up, so that nobody keeps the choice between its price and
// what energy turns out to cost. PROTOCOL.md, "No free option".

import { MAX_CHANNELS, MAX_HTLCS } from "../base/limits";
import { channel_lapse } from "../channel/energy_updates";
import { SLOT_LINK, SLOT_RIDER, slot_of, slot_state } from "../channel/record";
import { RIDER_HOLD_S, RIDER_LAPSE, has_rider } from "../energy/rider";
import { COMMITTED, FREE } from "../htlc/states";
import { now_ms } from "./clock";
import { LINK_FORWARD, link_channel, link_kind, link_slot } from "./links";

/** i64 for each slot: when its rider lapses, ms; 0 once the node has been without power: what was pending then is due. */
const deadlines: usize = memory.data(MAX_CHANNELS * MAX_HTLCS * 8, 8);

function deadline_of(n: i32, i: i32): usize {
  return deadlines + ((<usize>(n * MAX_HTLCS + i)) << 3);
}

/** All riders under way are due. */
export function lapse_begin(): void {
  memory.fill(deadlines, 0, MAX_CHANNELS * MAX_HTLCS * 8);
}

/** The HTLC in slot `i` of channel `n` has been offered now: its rider's time begins. */
export function lapse_arm(n: i32, i: i32): void {
  const hold_s = load<u16>(slot_of(n, i), SLOT_RIDER + RIDER_HOLD_S);
  store<i64>(deadline_of(n, i), now_ms + <i64>hold_s * 1000);
}

/** Whether the rider that came in for the one at `slot`, which we forwarded, lapses. */
function is_let_go(slot: usize): bool {
  const link = load<u32>(slot, SLOT_LINK);
  if (link_kind(link) != LINK_FORWARD || link_channel(link) >= MAX_CHANNELS) return false;
  const incoming = slot_of(link_channel(link), link_slot(link));
  return slot_state(incoming) != FREE && load<u8>(incoming, SLOT_RIDER + RIDER_LAPSE) != <u8>FREE;
}

/**
 * Lets the rider of the offered HTLC in slot `i` of channel `n`, at `slot`, lapse if its time is up, or if the one that came
 * in for it does: we would have to buy that back. Whether it did. A rider that is not irrevocable yet is asked again.
 */
export function lapse_due(n: i32, i: i32, slot: usize): bool {
  if (slot_state(slot) != COMMITTED || !has_rider(slot + SLOT_RIDER)) return false;
  if (now_ms < load<i64>(deadline_of(n, i)) && !is_let_go(slot)) return false;
  return channel_lapse(n, i) >= 0;
}
