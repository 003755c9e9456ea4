// A preimage for a received HTLC, whatever has become of its channel.

import { channel_fulfill } from "../channel/offers";
import { SLOT_HAS_PREIMAGE, SLOT_PREIMAGE, slot_mark, slot_of } from "../channel/record";

/** Fulfils received HTLC `i` of channel `n` with the 32 bytes at `preimage`, and the NOTE_BYTES at `note` unless it is 0. */
export function deliver(n: i32, i: i32, preimage: usize, note: usize): void {
  if (channel_fulfill(n, i, preimage, note) >= 0) return;
  // No message can carry it any more: whoever claims the HTLC on the chain will find it here.
  const slot = slot_of(n, i);
  memory.copy(slot + SLOT_PREIMAGE, preimage, 32);
  slot_mark(slot, SLOT_HAS_PREIMAGE);
}
