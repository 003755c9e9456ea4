// Peers: who is on which connection, and what is said outside of channels. BOLT 1.

import { ERR_STATE } from "../base/errors";
import { FEATURE_BYTES, MAX_CHANNELS, MAX_CONNECTIONS, MAX_MESSAGE_BYTES, MAX_RECORD_BYTES } from "../base/limits";
import { channel_connected, channel_disconnected } from "../channel/channel";
import { chain_count, chain_hashes } from "../channel/config";
import { CHANNEL_PEER, channel_of, STATE_NONE, state_of } from "../channel/record";
import * as transport from "../transport/transport";
import { feature_bytes } from "../wire/features";
import { accept_init } from "../wire/init";
import { RECORD_PRESENT } from "../wire/kinds";
import { encode_message, message_begin } from "../wire/message";
import {
  ERROR_CHANNEL_ID,
  ERROR_DATA,
  INIT,
  INIT_FEATURES,
  INIT_GLOBALFEATURES,
  INIT_HAS_NETWORKS,
  INIT_NETWORKS,
  PING,
  PING_IGNORED,
  PING_NUM_PONG_BYTES,
  PONG,
  PONG_IGNORED,
} from "../wire/setup";
import * as board from "./board";
import { output } from "./buffers";
import { own_features, own_point } from "./settings";
import { tell_peer } from "./telling";

export const FREE: u32 = 0;
export const HANDSHAKE: u32 = 1;
/** Our `init` has gone out, the peer's has not come. */
export const INIT_AWAITED: u32 = 2;
export const READY: u32 = 3;

// A connection: state, set of features that the peer offers, when it was last heard, whether a ping is unanswered, whether
// its line has no room.
const STATE: usize = 0;
const FEATURES: usize = 8;
const HEARD_MS: usize = 48;
const PINGED: usize = 56;
const FULL: usize = 60;
const PEER_BYTES: usize = 64;

/** Silence after which a ping is sent, and, as long again, after which the connection is given up. */
const PING_AFTER_MS: i64 = 60_000;

const peers: usize = memory.data(MAX_CONNECTIONS * 64, 8);
const message: usize = memory.data(MAX_RECORD_BYTES, 8);
const zeros: usize = memory.data(32, 8);

/** Monotonic time, ms. */
export let now_ms: i64 = 0;

export function set_now(ms: i64): void {
  now_ms = ms;
}

function peer_of(connection: i32): usize {
  assert(<u32>connection < <u32>MAX_CONNECTIONS);
  return peers + <usize>connection * PEER_BYTES;
}

/** State of a connection; FREE if there is no such number. */
export function peer_state(connection: i32): u32 {
  return <u32>connection < <u32>MAX_CONNECTIONS ? load<u32>(peer_of(connection), STATE) : FREE;
}

/** The set of features that the peer offers, once READY. */
export function peer_features(connection: i32): usize {
  return peer_of(connection) + FEATURES;
}

/** Connection on which this peer (33 bytes) is READY, or -1. */
export function peer_find(point: usize): i32 {
  for (let c = 0; c < MAX_CONNECTIONS; c++) {
    if (peer_state(c) == READY && memory.compare(transport.remote_key(c), point, 33) == 0) return c;
  }
  return -1;
}

/** A line is there. */
export function peer_begin(connection: i32): void {
  const peer = peer_of(connection);
  memory.fill(peer, 0, PEER_BYTES);
  store<u32>(peer, HANDSHAKE, STATE);
  store<i64>(peer, now_ms, HEARD_MS);
}

/** Something whole has come from the peer. */
export function peer_heard(connection: i32): void {
  store<i64>(peer_of(connection), now_ms, HEARD_MS);
  store<u32>(peer_of(connection), 0, PINGED);
}

/** Ends a connection, and what its channels had under way. `hang_up`: on our own behalf. */
export function peer_end(connection: i32, hang_up: bool): void {
  const state = peer_state(connection);
  if (state == FREE) return;
  const peer = peer_of(connection);
  store<u32>(peer, FREE, STATE);
  if (state == READY) {
    const point = transport.remote_key(connection);
    for (let n = 0; n < MAX_CHANNELS; n++) {
      // A connection whose keys were wiped does not know any more whose it was.
      const its = point == 0 ? !has_connection(n) : is_of(n, point);
      if (state_of(n) != STATE_NONE && its) channel_disconnected(n);
    }
  }
  transport.close(connection);
  memory.fill(peer, 0, PEER_BYTES);
  if (hang_up) board.hang_up(connection);
}

function is_of(n: i32, point: usize): bool {
  return memory.compare(channel_of(n) + CHANNEL_PEER, point, 33) == 0;
}

function has_connection(n: i32): bool {
  return peer_find(channel_of(n) + CHANNEL_PEER) >= 0;
}

/** Connection of a channel's peer, or -1. */
export function channel_connection(n: i32): i32 {
  return state_of(n) == STATE_NONE ? -1 : peer_find(channel_of(n) + CHANNEL_PEER);
}

/** Where a message to be sent with `peer_send` is written, MAX_MESSAGE_BYTES. */
export function peer_frame(): usize {
  return output + <usize>transport.LENGTH_BYTES;
}

/** Encrypts and sends the message of `len` bytes in `peer_frame`. A code ends the connection. */
export function peer_send(connection: i32, len: i32): i32 {
  let code = transport.send(connection, output, len);
  if (code < 0) return code;
  code = board.send(connection, output, code);
  store<u32>(peer_of(connection), code > 0 ? 1 : 0, FULL);
  return min(code, 0);
}

/** Whether what can wait has to, until the line has room again. */
export function peer_is_full(connection: i32): bool {
  return load<u32>(peer_of(connection), FULL) != 0;
}

/** The line has room again. */
export function peer_resume(connection: i32): void {
  store<u32>(peer_of(connection), 0, FULL);
}

/** Sends what is in the record `message`. */
function send_message(connection: i32): i32 {
  const len = encode_message(message, peer_frame(), MAX_MESSAGE_BYTES);
  return len < 0 ? len : peer_send(connection, len);
}

/** The handshake is done: our `init`. ERR_STATE: the peer is this node itself. */
export function peer_established(connection: i32): i32 {
  const point = transport.remote_key(connection);
  if (memory.compare(point, own_point, 33) == 0) return ERR_STATE;
  // A peer that connects anew has lost the old connection, though we may not know it yet.
  for (let c = 0; c < MAX_CONNECTIONS; c++) {
    const old = c == connection || peer_state(c) <= HANDSHAKE ? <usize>0 : transport.remote_key(c);
    if (old != 0 && memory.compare(old, point, 33) == 0) peer_end(c, true);
  }
  const bytes = feature_bytes(own_features);
  message_begin(message, INIT);
  store<usize>(message, zeros, INIT_GLOBALFEATURES);
  store<usize>(message, own_features + <usize>(FEATURE_BYTES - bytes), INIT_FEATURES);
  store<i32>(message, bytes, INIT_FEATURES + 4);
  store<u32>(message, INIT_HAS_NETWORKS, RECORD_PRESENT);
  store<usize>(message, chain_hashes, INIT_NETWORKS);
  store<i32>(message, chain_count << 5, INIT_NETWORKS + 4);
  store<u32>(peer_of(connection), INIT_AWAITED, STATE);
  return send_message(connection);
}

/** The peer's `init`: 0, or a code of accept_init, upon which the connection is to be ended. BOLT 1, "The `init` Message". */
export function peer_on_init(connection: i32, record: usize): i32 {
  const peer = peer_of(connection);
  const code = accept_init(record, own_features, chain_hashes, chain_count, peer + FEATURES);
  if (code < 0) return code;
  store<u32>(peer, READY, STATE);
  const point = transport.remote_key(connection);
  tell_peer(connection, point, peer + FEATURES);
  for (let n = 0; n < MAX_CHANNELS; n++) {
    if (state_of(n) != STATE_NONE && is_of(n, point)) channel_connected(n);
  }
  return 0;
}

/**
 * The peer's `ping`. One that asks for more than our longest message gets no answer but a warning, as it would be larger
 * than anything the peer itself may be ready for. BOLT 1, "The `ping` and `pong` Messages".
 */
export function peer_on_ping(connection: i32, record: usize): i32 {
  const wanted = load<i32>(record, PING_NUM_PONG_BYTES);
  if (wanted >= 65532) return 0;
  if (wanted > MAX_MESSAGE_BYTES - 4) return peer_complain(connection, WARNING_TYPE, zeros, TOO_LONG, TOO_LONG_BYTES);
  const frame = peer_frame();
  store<u16>(frame, bswap<u16>(<u16>PONG));
  store<u16>(frame, bswap<u16>(<u16>wanted), 2);
  memory.fill(frame + 4, 0, wanted);
  return peer_send(connection, 4 + wanted);
}

export const ERROR_TYPE: i32 = 17;
export const WARNING_TYPE: i32 = 1;
/** "pong too long" */
const TOO_LONG: usize = memory.data<u8>([0x70, 0x6f, 0x6e, 0x67, 0x20, 0x74, 0x6f, 0x6f, 0x20, 0x6c, 0x6f, 0x6e, 0x67]);
const TOO_LONG_BYTES: i32 = 13;
/** "code -" and two digits. */
const reason: usize = memory.data<u8>([0x63, 0x6f, 0x64, 0x65, 0x20, 0x2d, 0x30, 0x30]);

/** Sends an `error` or `warning` about a channel (32 bytes; 0: about the connection). */
export function peer_complain(connection: i32, type: i32, id: usize, text: usize, len: i32): i32 {
  message_begin(message, type);
  store<usize>(message, id == 0 ? zeros : id, ERROR_CHANNEL_ID);
  store<usize>(message, text, ERROR_DATA);
  store<i32>(message, len, ERROR_DATA + 4);
  return send_message(connection);
}

/** As `peer_complain`, with our code for what is wrong. */
export function peer_complain_code(connection: i32, type: i32, id: usize, code: i32): i32 {
  store<u8>(reason, <u8>(0x30 + ((-code / 10) % 10)), 6);
  store<u8>(reason, <u8>(0x30 + (-code % 10)), 7);
  return peer_complain(connection, type, id, reason, 8);
}

/** Time has gone on: pings who is silent, and ends who stays so, whatever state the connection is in. */
export function peers_tick(): void {
  for (let c = 0; c < MAX_CONNECTIONS; c++) {
    if (peer_state(c) == FREE) continue;
    const peer = peer_of(c);
    const silent_ms = now_ms - load<i64>(peer, HEARD_MS);
    if (silent_ms < PING_AFTER_MS) continue;
    if (silent_ms >= 2 * PING_AFTER_MS || peer_state(c) != READY) {
      peer_end(c, true);
    } else if (load<u32>(peer, PINGED) == 0) {
      store<u32>(peer, 1, PINGED);
      message_begin(message, PING);
      store<i32>(message, 0, PING_NUM_PONG_BYTES);
      store<usize>(message, zeros, PING_IGNORED);
      if (send_message(c) < 0) peer_end(c, true);
    }
  }
}
