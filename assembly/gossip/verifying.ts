// What a received announcement must have for it to be believed, as far as its bytes tell. That its channel exists is
// known from the chain, and that its nodes have one from the graph. BOLT 7.
//
// Each takes a frame and the record that decode_message made of it. Results are flags of what may not be done with the
// message, which is genuine; or a code: ERR_CHAIN (not of this chain: ignore it), ERR_REPLAY (not newer than what is
// known), ERR_VALUE (dated too far ahead), ERR_ORDER (node ids), ERR_TRUNCATED (addresses), ERR_SIGNATURE.

import { ERR_CHAIN, ERR_ORDER, ERR_REPLAY, ERR_SIGNATURE, ERR_TRUNCATED, ERR_VALUE } from "../base/errors";
import { MAX_GOSSIP_AHEAD_S } from "../base/limits";
import {
  CHANNEL_ANNOUNCEMENT_CHAIN_HASH,
  CHANNEL_ANNOUNCEMENT_FEATURES,
  CHANNEL_ANNOUNCEMENT_NODE_ID_1,
  CHANNEL_ANNOUNCEMENT_NODE_ID_2,
  CHANNEL_UPDATE_CHAIN_HASH,
  CHANNEL_UPDATE_CHANNEL_FLAGS,
  CHANNEL_UPDATE_HTLC_MAXIMUM_MSAT,
  CHANNEL_UPDATE_HTLC_MINIMUM_MSAT,
  CHANNEL_UPDATE_MESSAGE_FLAGS,
  CHANNEL_UPDATE_TIMESTAMP,
  NODE_ANNOUNCEMENT_ADDRESSES,
  NODE_ANNOUNCEMENT_FEATURES,
  NODE_ANNOUNCEMENT_NODE_ID,
  NODE_ANNOUNCEMENT_TIMESTAMP,
} from "../wire/announcements";
import { LINE_POLICY_CHAIN_HASH, LINE_POLICY_TIMESTAMP } from "../wire/energy";
import { check_required } from "../wire/features";
import { side_of } from "./announcing";
import { hash_frame, holds, signature_at } from "./signing";

/** It must not be passed on to other peers. */
export const NOT_FORWARDED: i32 = 1;
/** No payment may be sent that way. */
export const NOT_ROUTED: i32 = 2;

// Bits of message_flags and channel_flags.
const DONT_FORWARD: u32 = 2;
const DIRECTION: u32 = 1;
const DISABLE: u32 = 2;

const DNS_HOSTNAME: u32 = 5;
/** Bytes of address descriptors 1 to 4 behind their type. */
const ADDRESS_BYTES: usize = memory.data<u8>([6, 18, 12, 37]);

function same_chain(slot: usize, chain: usize): bool {
  return memory.compare(load<usize>(slot), chain, 32) == 0;
}

/** ERR_REPLAY unless `timestamp` is later than `last`, which is 0 where nothing is known; ERR_VALUE far ahead. */
function check_timestamp(timestamp: u32, last: u32, now_s: u32): i32 {
  if (timestamp <= last) return ERR_REPLAY;
  return timestamp > now_s && timestamp - now_s > MAX_GOSSIP_AHEAD_S ? ERR_VALUE : 0;
}

/** NOT_ROUTED if the features in a slot of bytes require one that the set `ours` lacks. Then this is all that follows. */
function unknown_features(slot: usize, ours: usize): i32 {
  return check_required(load<usize>(slot), load<i32>(slot, 4), ours) < 0 ? NOT_ROUTED : 0;
}

/** 0, or ERR_SIGNATURE if signature number `index` of the frame that was hashed is not that of `point`. */
function signed(frame: usize, index: i32, point: usize): i32 {
  return holds(signature_at(frame, index), point) ? 0 : ERR_SIGNATURE;
}

/**
 * A `channel_announcement`: four signatures, node ids in order.
 * @param chain chain_hash that is ours
 * @param ours set of features (wire/features.ts) that we know
 */
export function verify_channel_announcement(frame: usize, len: i32, record: usize, chain: usize, ours: usize): i32 {
  if (!same_chain(record + CHANNEL_ANNOUNCEMENT_CHAIN_HASH, chain)) return ERR_CHAIN;
  const node_1 = load<usize>(record, CHANNEL_ANNOUNCEMENT_NODE_ID_1);
  const node_2 = load<usize>(record, CHANNEL_ANNOUNCEMENT_NODE_ID_2);
  if (side_of(node_1, node_2) != 0) return ERR_ORDER;
  let code = hash_frame(frame, len);
  // The keys stand in the order of their signatures.
  for (let i = 0; code == 0 && i < 4; i++) {
    code = signed(frame, i, load<usize>(record + ((<usize>i) << 2), CHANNEL_ANNOUNCEMENT_NODE_ID_1));
  }
  return code < 0 ? code : unknown_features(record + CHANNEL_ANNOUNCEMENT_FEATURES, ours);
}

/**
 * A `node_announcement`: its own node's signature, known addresses whole. NOT_FORWARDED with more than one DNS hostname.
 * @param last timestamp of the last one of this node that was believed, or 0
 */
export function verify_node_announcement(
  frame: usize,
  len: i32,
  record: usize,
  last: u32,
  now_s: u32,
  ours: usize,
): i32 {
  let code = check_timestamp(load<u32>(record, NODE_ANNOUNCEMENT_TIMESTAMP), last, now_s);
  if (code < 0) return code;
  const addresses = record + NODE_ANNOUNCEMENT_ADDRESSES;
  const flags = check_addresses(load<usize>(addresses), load<i32>(addresses, 4));
  if (flags < 0) return flags;
  code = hash_frame(frame, len) || signed(frame, 0, load<usize>(record, NODE_ANNOUNCEMENT_NODE_ID));
  return code < 0 ? code : flags | unknown_features(record + NODE_ANNOUNCEMENT_FEATURES, ours);
}

/** ERR_TRUNCATED where a known address descriptor has not all its bytes. What follows an unknown one is not looked at. */
function check_addresses(at: usize, len: i32): i32 {
  const end = at + <usize>len;
  let hostnames = 0;
  while (at < end) {
    const type = <u32>load<u8>(at++);
    if (type == DNS_HOSTNAME) {
      if (at == end) return ERR_TRUNCATED;
      at += 3 + <usize>load<u8>(at);
      hostnames++;
    } else if (type - 1 < 4) {
      at += <usize>load<u8>(ADDRESS_BYTES + <usize>(type - 1));
    } else {
      break;
    }
    if (at > end) return ERR_TRUNCATED;
  }
  return hostnames > 1 ? NOT_FORWARDED : 0;
}

/**
 * A `channel_update`: signature of the node that its direction bit names. NOT_FORWARDED if it says so, NOT_ROUTED if it
 * disables the direction or its HTLC bounds contradict each other or the channel.
 * @param nodes node_id_1 and node_id_2 of the channel's announcement, 66 bytes
 * @param last timestamp of the last one of this channel and direction that was believed, or 0
 * @param capacity_msat of the channel, or u64.MAX_VALUE where it is not known
 */
export function verify_channel_update(
  frame: usize,
  len: i32,
  record: usize,
  chain: usize,
  nodes: usize,
  last: u32,
  now_s: u32,
  capacity_msat: u64,
): i32 {
  if (!same_chain(record + CHANNEL_UPDATE_CHAIN_HASH, chain)) return ERR_CHAIN;
  const flags = load<u32>(record, CHANNEL_UPDATE_CHANNEL_FLAGS);
  const code =
    check_timestamp(load<u32>(record, CHANNEL_UPDATE_TIMESTAMP), last, now_s) ||
    hash_frame(frame, len) ||
    signed(frame, 0, (flags & DIRECTION) == 0 ? nodes : nodes + 33);
  if (code < 0) return code;
  const most = load<u64>(record, CHANNEL_UPDATE_HTLC_MAXIMUM_MSAT);
  const unusable =
    (flags & DISABLE) != 0 || most < load<u64>(record, CHANNEL_UPDATE_HTLC_MINIMUM_MSAT) || most > capacity_msat;
  const forwarded = (load<u32>(record, CHANNEL_UPDATE_MESSAGE_FLAGS) & DONT_FORWARD) == 0;
  return (unusable ? NOT_ROUTED : 0) | (forwarded ? 0 : NOT_FORWARDED);
}

/**
 * A `line_policy`. The owner of a line states both of its directions, so it is the signature that says which of the two
 * ends owns it. PROTOCOL.md, "Lightning extensions".
 * @param nodes node_id_1 and node_id_2 of the channel's announcement, 66 bytes
 * @param last timestamp of the last one of this channel and direction that was believed, or 0
 * @returns the side that signed, 0 or 1; or a code
 */
export function verify_line_policy(
  frame: usize,
  len: i32,
  record: usize,
  chain: usize,
  nodes: usize,
  last: u32,
  now_s: u32,
): i32 {
  if (!same_chain(record + LINE_POLICY_CHAIN_HASH, chain)) return ERR_CHAIN;
  const code = check_timestamp(load<u32>(record, LINE_POLICY_TIMESTAMP), last, now_s) || hash_frame(frame, len);
  if (code < 0) return code;
  const signature = signature_at(frame, 0);
  return holds(signature, nodes) ? 0 : holds(signature, nodes + 33) ? 1 : ERR_SIGNATURE;
}
