import { MAX_RECORD_BYTES } from "../../assembly/base/limits";
import { key_public } from "../../assembly/crypto/crypto";
import * as announcing from "../../assembly/gossip/announcing";
import * as signing from "../../assembly/gossip/signing";
import * as verifying from "../../assembly/gossip/verifying";
import { CHANNEL_ANNOUNCEMENT, CHANNEL_UPDATE, NODE_ANNOUNCEMENT } from "../../assembly/wire/announcements";
import { LINE_POLICY } from "../../assembly/wire/energy";
import { decode_message, encode_message } from "../../assembly/wire/message";
import { key_import } from "../driver/test_keys.entry";

// Gossip for tests: a frame at `data`, what belongs to it at `context`: chain_hash (32), node ids (66), our set of
// features (FEATURE_BYTES).

const FRAME_BYTES: i32 = 8192;

const data_at: usize = memory.data(FRAME_BYTES, 8);
const context_at: usize = memory.data(512, 8);
const record: usize = memory.data(MAX_RECORD_BYTES, 8);
const other: usize = memory.data(MAX_RECORD_BYTES, 8);

export function data(): usize {
  return data_at;
}

export function context(): usize {
  return context_at;
}

export function import_key(handle: i32, at: usize): i32 {
  return key_import(handle, at);
}

export function public_key(handle: i32, at: usize): i32 {
  return key_public(handle, at);
}

/** The code of decoding or of verifying, whichever comes first. */
export function verify(len: i32, last: i32, now_s: i32, capacity_msat: u64): i32 {
  const type = decode_message(data_at, len, record);
  const nodes = context_at + 32;
  const ours = context_at + 98;
  switch (type) {
    case CHANNEL_ANNOUNCEMENT:
      return verifying.verify_channel_announcement(data_at, len, record, context_at, ours);
    case NODE_ANNOUNCEMENT:
      return verifying.verify_node_announcement(data_at, len, record, last, now_s, ours);
    case CHANNEL_UPDATE:
      return verifying.verify_channel_update(data_at, len, record, context_at, nodes, last, now_s, capacity_msat);
    case LINE_POLICY:
      return verifying.verify_line_policy(data_at, len, record, context_at, nodes, last, now_s);
    default:
      return type;
  }
}

/** How many of the bits `from` to `to`, exclusive, leave the frame valid when each is flipped alone. */
export function flipped(len: i32, from: i32, to: i32, last: i32, now_s: i32): i32 {
  let valid = 0;
  for (let bit = from; bit < to; bit++) {
    const at = data_at + <usize>(bit >> 3);
    const flip = <u8>(1 << ((<u8>bit) & 7));
    store<u8>(at, load<u8>(at) ^ flip);
    if (verify(len, last, now_s, u64.MAX_VALUE) >= 0) valid++;
    store<u8>(at, load<u8>(at) ^ flip);
  }
  return valid;
}

/** The digest that the frame's signatures are of, to `at`. */
export function signed_hash(len: i32, at: usize): i32 {
  const code = signing.hash_frame(data_at, len);
  if (code == 0) memory.copy(at, signing.digest, 32);
  return code;
}

/** Whether signature `index` of the frame is one of the point at `context`. */
export function signature_holds(len: i32, index: i32): bool {
  return signing.hash_frame(data_at, len) == 0 && signing.holds(signing.signature_at(data_at, index), context_at);
}

export function sign_as_node(len: i32): i32 {
  return signing.sign_as_node(data_at, len);
}

/** Context: chain_hash, then our and the peer's node id, our and the peer's funding key. The frame's length. */
export function make_announcement(short_channel_id: u64): i32 {
  const node_id = context_at + 32;
  announcing.fill_announcement(record, context_at, short_channel_id, node_id, node_id + 33, node_id + 66, node_id + 99);
  return encode_message(record, data_at, FRAME_BYTES);
}

export function side(): i32 {
  return announcing.side_of(context_at + 32, context_at + 65);
}

/** Our two signatures of the announcement at `data` to `at`, 128 bytes. */
export function sign_channel(len: i32, channel: i32, at: usize): i32 {
  return signing.sign_channel(data_at, len, channel, at, at + 64);
}

export function put_signatures(which: i32, at: usize): void {
  announcing.put_signatures(data_at, which, at, at + 64);
}

/** The peer's `announcement_signatures` at `data` + 4096, `len` bytes, into the announcement at `data`. */
export function add_signatures(announcement_len: i32, len: i32, which: i32): i32 {
  let code = decode_message(data_at, announcement_len, record);
  if (code < 0) return code;
  code = decode_message(data_at + 4096, len, other);
  return code < 0 ? code : announcing.add_signatures(data_at, announcement_len, record, other, which);
}
