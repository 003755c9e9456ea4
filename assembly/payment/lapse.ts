// No free option: a rider that we offered lapses when its time is up, so that nobody keeps the choice between its price and
// what energy turns out to cost. PROTOCOL.md, "No free option".

import { HOLD_SLACK_MS, MAX_CHANNELS } from "../base/limits";
import { channel_lapse } from "../channel/energy_updates";
import { hold_begin, hold_forget, hold_known, hold_left_ms } from "../channel/holds";
import { SLOT_LINK, SLOT_RIDER, slot_of, slot_state } from "../channel/record";
import { RIDER_LAPSE, has_rider } from "../energy/rider";
import { COMMITTED, FREE } from "../htlc/states";
import { LINK_FORWARD, link_channel, link_kind, link_slot } from "./links";

/** The HTLC in slot `i` of channel `n` has been offered now: its rider's time begins when it is irrevocable. */
export function lapse_arm(n: i32, i: i32): void {
  hold_forget(n, i);
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
 * in for it does: we would have to buy that back. Whether it did. Its time begins once it is irrevocable: until then its
 * receiver could not have fulfilled it. After a loss of power it begins anew.
 */
export function lapse_due(n: i32, i: i32, slot: usize): bool {
  if (slot_state(slot) != COMMITTED || !has_rider(slot + SLOT_RIDER)) return false;
  if (!hold_known(n, i)) hold_begin(n, i);
  // The receiver's clock may tell the time later than ours did when it began, and takes no lapse before its own says so.
  if (hold_left_ms(n, i) > -HOLD_SLACK_MS && !is_let_go(slot)) return false;
  return channel_lapse(n, i) >= 0;
}
