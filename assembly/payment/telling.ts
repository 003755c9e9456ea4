/**
 * Writes the next event that the host has not been told yet to `to` (EVENT_BYTES), in the form of events.ts, and takes it
 * for told. Returns its length, or 0 if there is none. The node calls it after what changed is stored; that it was told
 * is stored with the next change.
 */
export function payment_next_event(to: usize): i32 {
  return 0;
}
