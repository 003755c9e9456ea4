import { ERR_STATE } from "../base/errors";

/**
 * Begins to open channel `n`, a free one, to the peer (33 bytes): its open_channel is pulled next. ERR_STATE: `n` is in
 * use; ERR_ARGUMENT, ERR_CRYPTO.
 * @param flags CHANNEL_ANCHORS of chain/spec.ts, if negotiated
 * @param open_flags bit 0: announce_channel
 */
export function channel_open(
  n: i32,
  peer: usize,
  funding_sat: u64,
  push_msat: u64,
  feerate_per_kw: u32,
  flags: u32,
  open_flags: u32,
): i32 {
  return ERR_STATE;
}

/**
 * An open_channel in `record` from the peer (33 bytes): the number of the channel that accepts it, whose accept_channel is
 * pulled next; or a code, nothing having changed, upon which the peer is to be sent an `error` of its temporary_channel_id.
 * @param flags those of CHANNEL_ANCHORS that are negotiated
 */
export function channel_on_open(peer: usize, record: usize, flags: u32): i32 {
  return ERR_STATE;
}

/**
 * The opener's transaction: txid (32 bytes as hashed), output index. In STATE_FUNDING_NEEDED; funding_created is pulled
 * next. The transaction may be broadcast once the state is STATE_FUNDED. ERR_STATE, ERR_VALUE.
 */
export function channel_fund(n: i32, txid: usize, vout: u32): i32 {
  return ERR_STATE;
}

/** The scriptpubkey of the funding output (34 bytes) to `target`, from STATE_FUNDING_NEEDED on. */
export function channel_funding_program(n: i32, target: usize): i32 {
  return ERR_STATE;
}

/** The funding transaction has `depth` confirmations; the first of them is transaction `index` of block `block`. */
export function channel_funding_depth(n: i32, depth: u32, block: u32, index: u32): i32 {
  return ERR_STATE;
}
