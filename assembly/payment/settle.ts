// Progress of payments: what received HTLCs become, and what has become of offered ones. The node calls payment_settle
// within every event, in turn with channel_commit, until neither changes anything.

import { EXPIRY_GRACE_BLOCKS, FULFILL_DEADLINE_BLOCKS, MAX_CHANNELS, MAX_HTLCS } from "../base/limits";
import { HOLDER, HTLC_CLTV_EXPIRY, HTLC_OFFERED_BY } from "../chain/spec";
import { holds_begin } from "../channel/holds";
import { channel_release } from "../channel/offers";
import {
  SLOT_HANDLED,
  SLOT_HAS_PREIMAGE,
  STATE_NONE,
  STATE_NORMAL,
  slot_has,
  slot_of,
  slot_state,
  state_of,
} from "../channel/record";
import { COMMITTED, FREE, IN_ACCEPTOR, IN_OFFERER, REMOVED, state_flags } from "../htlc/states";
import { height_of } from "./clock";
import { settle_sets, waiting_begin } from "./final";
import { lapse_due } from "./lapse";
import { receive } from "./receive";
import { resolve } from "./results";
import { telling_begin } from "./telling";

/** To be called once after the persistent regions were read back: what is not persistent begins anew. */
export function payment_boot(): void {
  waiting_begin();
  holds_begin();
  telling_begin();
}

/**
 * Handles every received HTLC that is irrevocably committed (forwards, keeps, fulfils or fails it) and every offered one
 * that was fulfilled, or was failed and is irrevocably removed; lets riders lapse whose time is up. Returns whether
 * anything changed.
 */
export function payment_settle(): bool {
  let changed = false;
  for (let n = 0; n < MAX_CHANNELS; n++) {
    if (state_of(n) == STATE_NONE) continue;
    for (let i = 0; i < MAX_HTLCS; i++) if (progress(n, i)) changed = true;
  }
  return settle_sets() || changed;
}

function progress(n: i32, i: i32): bool {
  const slot = slot_of(n, i);
  const state = slot_state(slot);
  if (state == FREE) return false;
  if (load<u32>(slot, HTLC_OFFERED_BY) != HOLDER) {
    if (state != COMMITTED || slot_has(slot, SLOT_HANDLED) || state_of(n) != STATE_NORMAL) return false;
    receive(n, i, slot);
    return true;
  }
  const resolved = resolve(n, i, slot);
  if (state == REMOVED && slot_has(slot, SLOT_HANDLED) && channel_release(n, i) >= 0) return true;
  return lapse_due(n, i, slot) || resolved;
}

/**
 * Whether channel `n` has to be closed by publishing the commitment now, because an HTLC in it would otherwise be lost:
 * one that we offered is EXPIRY_GRACE_BLOCKS past its expiry, or one whose preimage we know is nearer to its expiry than
 * FULFILL_DEADLINE_BLOCKS. To be asked for the channels of a chain that has grown. BOLT 2, "`cltv_expiry_delta` Selection".
 */
export function payment_due(n: i32): bool {
  if (state_of(n) != STATE_NORMAL) return false;
  const height = height_of(n);
  for (let i = 0; i < MAX_HTLCS; i++) {
    const slot = slot_of(n, i);
    if ((state_flags(slot_state(slot)) & (IN_OFFERER | IN_ACCEPTOR)) == 0) continue;
    const cltv_expiry = load<u32>(slot, HTLC_CLTV_EXPIRY);
    if (load<u32>(slot, HTLC_OFFERED_BY) == HOLDER) {
      if (cltv_expiry + EXPIRY_GRACE_BLOCKS <= height) return true;
    } else if (slot_has(slot, SLOT_HAS_PREIMAGE) && cltv_expiry < height + FULFILL_DEADLINE_BLOCKS) {
      return true;
    }
  }
  return false;
}
