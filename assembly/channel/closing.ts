import { ERR_STATE } from "../base/errors";

/**
 * Closes by mutual consent to a scriptpubkey of `len` bytes, once no HTLC is left. ERR_STATE, ERR_VALUE (no form that
 * shutdown may carry).
 */
export function channel_close(n: i32, script: usize, len: i32): i32 {
  return ERR_STATE;
}

/** The closing transaction agreed on, signed by both, in STATE_CLOSED: its length. ERR_STATE, ERR_CAPACITY. */
export function channel_closing_tx(n: i32, to: usize, capacity: i32): i32 {
  return ERR_STATE;
}
