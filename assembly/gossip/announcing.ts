// Announcing a channel: the two ends write the same `channel_announcement`, exchange their signatures of it in
// `announcement_signatures`, and each puts all four in. BOLT 7, "The `announcement_signatures` Message".

import { ERR_SIGNATURE, ERR_VALUE } from "../base/errors";
import {
  ANNOUNCEMENT_SIGNATURES_BITCOIN_SIGNATURE,
  ANNOUNCEMENT_SIGNATURES_NODE_SIGNATURE,
  ANNOUNCEMENT_SIGNATURES_SHORT_CHANNEL_ID,
  CHANNEL_ANNOUNCEMENT,
  CHANNEL_ANNOUNCEMENT_BITCOIN_KEY_1,
  CHANNEL_ANNOUNCEMENT_BITCOIN_KEY_2,
  CHANNEL_ANNOUNCEMENT_CHAIN_HASH,
  CHANNEL_ANNOUNCEMENT_NODE_ID_1,
  CHANNEL_ANNOUNCEMENT_NODE_ID_2,
  CHANNEL_ANNOUNCEMENT_NODE_SIGNATURE_1,
  CHANNEL_ANNOUNCEMENT_SHORT_CHANNEL_ID,
} from "../wire/announcements";
import { message_begin } from "../wire/message";
import { hash_frame, holds, SIGNATURE_BYTES, signature_at } from "./signing";

const POINT_BYTES: i32 = 33;

/** Stands where signatures will. */
const unsigned: usize = memory.data(SIGNATURE_BYTES, 8);

/** The end of a channel that a node is: 0, node_1, if its id comes first, else 1. */
export function side_of(node_id: usize, other: usize): i32 {
  return memory.compare(node_id, other, POINT_BYTES) < 0 ? 0 : 1;
}

/**
 * Fills `record` with a `channel_announcement` without features, still to be signed. The record points at what is given
 * here; encode_message makes the frame.
 * @param chain chain_hash, 32 bytes
 * @param node_id, funding our points; `their_node_id`, `their_funding` the peer's: 33 bytes each
 * @returns our side of the channel
 */
export function fill_announcement(
  record: usize,
  chain: usize,
  short_channel_id: u64,
  node_id: usize,
  their_node_id: usize,
  funding: usize,
  their_funding: usize,
): i32 {
  const side = side_of(node_id, their_node_id);
  message_begin(record, CHANNEL_ANNOUNCEMENT);
  for (let i: usize = 0; i < 16; i += 4) store<usize>(record + i, unsigned, CHANNEL_ANNOUNCEMENT_NODE_SIGNATURE_1);
  store<usize>(record, chain, CHANNEL_ANNOUNCEMENT_CHAIN_HASH);
  store<u64>(record, short_channel_id, CHANNEL_ANNOUNCEMENT_SHORT_CHANNEL_ID);
  store<usize>(record, side == 0 ? node_id : their_node_id, CHANNEL_ANNOUNCEMENT_NODE_ID_1);
  store<usize>(record, side == 0 ? their_node_id : node_id, CHANNEL_ANNOUNCEMENT_NODE_ID_2);
  store<usize>(record, side == 0 ? funding : their_funding, CHANNEL_ANNOUNCEMENT_BITCOIN_KEY_1);
  store<usize>(record, side == 0 ? their_funding : funding, CHANNEL_ANNOUNCEMENT_BITCOIN_KEY_2);
  return side;
}

/** Puts the two signatures of one side of a channel into the frame of its `channel_announcement`. */
export function put_signatures(frame: usize, side: i32, node_signature: usize, bitcoin_signature: usize): void {
  memory.copy(signature_at(frame, side), node_signature, SIGNATURE_BYTES);
  memory.copy(signature_at(frame, 2 + side), bitcoin_signature, SIGNATURE_BYTES);
}

/**
 * Checks the peer's `announcement_signatures` in `signatures` against the `channel_announcement` in `frame`, decoded as
 * `announcement`, and puts them in.
 * @param side the peer's
 * @returns 0; ERR_VALUE: another short_channel_id; ERR_SIGNATURE; codes after which the frame is as before
 */
export function add_signatures(frame: usize, len: i32, announcement: usize, signatures: usize, side: i32): i32 {
  if (
    load<u64>(signatures, ANNOUNCEMENT_SIGNATURES_SHORT_CHANNEL_ID) !=
    load<u64>(announcement, CHANNEL_ANNOUNCEMENT_SHORT_CHANNEL_ID)
  ) {
    return ERR_VALUE;
  }
  const code = hash_frame(frame, len);
  if (code < 0) return code;
  const node_signature = load<usize>(signatures, ANNOUNCEMENT_SIGNATURES_NODE_SIGNATURE);
  const bitcoin_signature = load<usize>(signatures, ANNOUNCEMENT_SIGNATURES_BITCOIN_SIGNATURE);
  // Slots of addresses are 4 bytes wide: the second side's follow the first's.
  const ours = announcement + ((<usize>side) << 2);
  if (
    !holds(node_signature, load<usize>(ours, CHANNEL_ANNOUNCEMENT_NODE_ID_1)) ||
    !holds(bitcoin_signature, load<usize>(ours, CHANNEL_ANNOUNCEMENT_BITCOIN_KEY_1))
  ) {
    return ERR_SIGNATURE;
  }
  put_signatures(frame, side, node_signature, bitcoin_signature);
  return 0;
}
