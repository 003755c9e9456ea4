// Progress of payments: what received HTLCs become, and what has become of offered ones. The node calls payment_settle
// within every event, in turn with channel_commit, until neither changes anything.

/**
 * To be called once after the persistent regions were read back: what is not persistent begins anew.
 */
export function payment_boot(): void {}

/**
 * Handles every received HTLC that is irrevocably committed (forwards, holds, fulfils or fails it) and every offered one
 * that was fulfilled, or was failed and is irrevocably removed. Returns whether anything changed.
 */
export function payment_settle(): bool {
  return false;
}

/**
 * Whether channel `n` has to be closed by publishing the commitment now, because an HTLC in it would otherwise be lost:
 * one that we offered is past its expiry and EXPIRY_GRACE_BLOCKS, or one whose preimage we know is within
 * FULFILL_DEADLINE_BLOCKS of its expiry. To be asked for each channel after payment_block. BOLT 2,
 * "cltv_expiry_delta Selection".
 */
export function payment_due(n: i32): bool {
  return false;
}
