import { ERR_STATE } from "../base/errors";

/**
 * Offers an HTLC: its slot. It goes out with the next commitment_signed. ERR_STATE: the channel is not in normal operation,
 * not connected, or shutting down; ERR_CAPACITY: max_accepted_htlcs, the slots, max_htlc_value_in_flight_msat or the dust
 * exposure are used up; ERR_VALUE: less than htlc_minimum_msat; ERR_OVERFLOW: more than can be spent above reserve and fees;
 * ERR_ARGUMENT: cltv_expiry, blob.
 * @param payment_hash 32 bytes
 * @param blob number of the onion (1,366 bytes), which is the slot's from now on
 * @param path_key 33 bytes, or 0
 * @param link the payment room's
 */
export function channel_offer(
  n: i32,
  amount_msat: u64,
  payment_hash: usize,
  cltv_expiry: u32,
  blob: u32,
  path_key: usize,
  link: u32,
): i32 {
  return ERR_STATE;
}

/** What `channel_offer` would answer for such an HTLC, 0 for yes; nothing changes. */
export function channel_offer_check(n: i32, amount_msat: u64): i32 {
  return ERR_STATE;
}

/** Most that `channel_offer` would take now, msat; not regarding dust exposure and counts. */
export function channel_spendable_msat(n: i32): u64 {
  return 0;
}

/** Fulfils received HTLC `slot`, irrevocably committed. ERR_STATE; ERR_VALUE: not the preimage (32 bytes) of its hash. */
export function channel_fulfill(n: i32, slot: i32, preimage: usize): i32 {
  return ERR_STATE;
}

/**
 * Fails received HTLC `slot`, irrevocably committed, with a failure code of our own: the error packet is made of it, of
 * `first` and `second` (data as in onion/failure.ts; no address) and of SLOT_SECRET when it is sent. ERR_STATE.
 */
export function channel_fail(n: i32, slot: i32, failure: i32, first: u64, second: u64): i32 {
  return ERR_STATE;
}

/** As `channel_fail`, with an error packet from further on, not yet wrapped: the blob is the slot's from now on. */
export function channel_fail_back(n: i32, slot: i32, blob: u32): i32 {
  return ERR_STATE;
}

/** As `channel_fail`, by update_fail_malformed_htlc: a code with BADONION. sha256_of_onion is worked out of the onion. */
export function channel_fail_malformed(n: i32, slot: i32, failure: i32): i32 {
  return ERR_STATE;
}

/** The opener changes the feerate. ERR_STATE: not the opener, or not possible now; ERR_VALUE; ERR_OVERFLOW: cannot pay it. */
export function channel_fee(n: i32, feerate_per_kw: u32): i32 {
  return ERR_STATE;
}

/** Frees the slot of an offered HTLC that is irrevocably removed (REMOVED), with its blob. ERR_STATE. */
export function channel_release(n: i32, slot: i32): i32 {
  return ERR_STATE;
}
