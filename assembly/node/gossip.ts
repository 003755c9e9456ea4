import { ERR_ARGUMENT, ERR_UNKNOWN_EVEN } from "../base/errors";
import { FEATURE_BYTES, MAX_MESSAGE_BYTES, MAX_RECORD_BYTES } from "../base/limits";
import { sign_as_node, sign_channel, signature_at } from "../gossip/signing";
import {
  verify_channel_announcement,
  verify_channel_update,
  verify_line_policy,
  verify_node_announcement,
} from "../gossip/verifying";
import { CHANNEL_ANNOUNCEMENT, CHANNEL_UPDATE, NODE_ANNOUNCEMENT } from "../wire/announcements";
import { LINE_POLICY } from "../wire/energy";
import { decode_message } from "../wire/message";
import { input, output } from "./buffers";

const record: usize = memory.data(MAX_RECORD_BYTES, 8);

// Input of gossip_verify.
const CHAIN: usize = 0;
const NODES: usize = 32;
const OURS: usize = 98;
const FRAME: usize = OURS + <usize>FEATURE_BYTES;

/**
 * Verifies a `channel_announcement`, `node_announcement`, `channel_update` or `line_policy`. Input: chain_hash (32),
 * node_id_1 and node_id_2 of the channel (66, for the last two), the set of features that we know (FEATURE_BYTES), then
 * the message.
 * @param len of the message
 * @param last timestamp of the last such message that was believed, or 0
 * @param now_s the time
 * @param capacity_msat of the channel, or u64.MAX_VALUE
 * @returns flags of gossip/verifying.ts, for a `line_policy` the side that signed; ERR_ARGUMENT; codes of decode_message,
 * and ERR_UNKNOWN_EVEN for a message that is none of these; codes of gossip/verifying.ts
 */
export function gossip_verify(len: i32, last: i32, now_s: i32, capacity_msat: u64): i32 {
  if (<u32>len > <u32>MAX_MESSAGE_BYTES) return ERR_ARGUMENT;
  const frame = input + FRAME;
  const type = decode_message(frame, len, record);
  if (type < 0) return type;
  const chain = input + CHAIN;
  const nodes = input + NODES;
  const ours = input + OURS;
  switch (type) {
    case CHANNEL_ANNOUNCEMENT:
      return verify_channel_announcement(frame, len, record, chain, ours);
    case NODE_ANNOUNCEMENT:
      return verify_node_announcement(frame, len, record, last, now_s, ours);
    case CHANNEL_UPDATE:
      return verify_channel_update(frame, len, record, chain, nodes, last, now_s, capacity_msat);
    case LINE_POLICY:
      return verify_line_policy(frame, len, record, chain, nodes, last, now_s);
    default:
      return ERR_UNKNOWN_EVEN;
  }
}

/**
 * Signs a message that is the node's own, in the input: `node_announcement`, `channel_update`, `line_policy` with the
 * node's key; our side's two signatures of a `channel_announcement` with that and the channel's funding key. Output: the
 * message, signed. Other signatures in it stay.
 * @param side ours, 0 or 1; of a `channel_announcement` only, as `channel`
 * @param channel number of the channel, from 0
 * @returns `len`; ERR_ARGUMENT; codes of decode_message, and ERR_UNKNOWN_EVEN for a message that is none of these
 */
export function gossip_sign(len: i32, side: i32, channel: i32): i32 {
  if (<u32>len > <u32>MAX_MESSAGE_BYTES || side >> 1 != 0) return ERR_ARGUMENT;
  const type = decode_message(input, len, record);
  if (type < 0) return type;
  let code: i32;
  if (type == CHANNEL_ANNOUNCEMENT) {
    code = sign_channel(input, len, channel, signature_at(input, side), signature_at(input, 2 + side));
  } else if (type == NODE_ANNOUNCEMENT || type == CHANNEL_UPDATE || type == LINE_POLICY) {
    code = sign_as_node(input, len);
  } else {
    code = ERR_UNKNOWN_EVEN;
  }
  if (code < 0) return code;
  memory.copy(output, input, len);
  return len;
}
