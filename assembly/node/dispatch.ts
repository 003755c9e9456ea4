// Where a peer's messages go. BOLT 1, "Lightning Message Format".

import { ERR_ARGUMENT, ERR_NOT_FOUND, ERR_STATE } from "../base/errors";
import { MAX_CHANNELS, MAX_RECORD_BYTES } from "../base/limits";
import { CHANNEL_ANCHORS, CHANNEL_ENERGY } from "../chain/spec";
import { channel_on_error, channel_on_message } from "../channel/channel";
import { channel_on_open } from "../channel/opening";
import { CHANNEL_PEER, channel_find, channel_of, STATE_NONE, state_of } from "../channel/record";
import { policy_reset } from "../payment/policy";
import * as transport from "../transport/transport";
import { negotiated, OPTION_ANCHORS, OPTION_ENERGY } from "../wire/features";
import { ENERGY_LAPSE, INTERVAL_CLOSE, INTERVAL_ROLL } from "../wire/energy";
import { decode_message, MESSAGE_CHANNEL_ID } from "../wire/message";
import { OPEN_CHANNEL, OPEN_CHANNEL_TEMPORARY_CHANNEL_ID } from "../wire/opening";
import { ERROR, ERROR_DATA, INIT, PING, WARNING } from "../wire/setup";
import { lines_on_close } from "./lines";
import {
  ERROR_TYPE,
  peer_complain_code,
  peer_features,
  peer_on_init,
  peer_on_ping,
  peer_state,
  READY,
  WARNING_TYPE,
} from "./peers";
import { own_features } from "./settings";
import { tell_problem } from "./telling";

const record: usize = memory.data(MAX_RECORD_BYTES, 8);

/** Type of the message that was dispatched last, 0 if it could not be read. */
export let message_type: i32 = 0;

/** Messages of a channel: accept_channel to closing_signed, the updates to channel_reestablish, and those of lines. */
function is_of_channel(type: i32): bool {
  if (type == <i32>ENERGY_LAPSE || type == <i32>INTERVAL_ROLL || type == <i32>INTERVAL_CLOSE) return true;
  return (type > <i32>OPEN_CHANNEL && type <= 39) || (type >= 128 && type <= 136);
}

/** A message of `len` bytes at `frame`: 0, or a code, upon which the connection is to be ended. */
export function dispatch(connection: i32, frame: usize, len: i32): i32 {
  message_type = 0;
  const type = decode_message(frame, len, record);
  if (type < 0) {
    peer_complain_code(connection, WARNING_TYPE, 0, type);
    return type;
  }
  message_type = type;
  const ready = peer_state(connection) == READY;
  // `init` comes first, and once; until then others are not even looked at. BOLT 1, "The `init` Message".
  if (type == <i32>INIT) return ready ? refuse(connection, ERR_STATE) : init(connection);
  if (!ready) return type == <i32>ERROR || type == <i32>WARNING ? hear(connection, type) : ERR_STATE;
  if (is_of_channel(type)) return to_channel(connection, type);
  if (type == <i32>OPEN_CHANNEL) return to_opening(connection);
  if (type == <i32>PING) return peer_on_ping(connection, record);
  if (type == <i32>ERROR || type == <i32>WARNING) return hear(connection, type);
  // Gossip, pongs, and what was not negotiated.
  return 0;
}

function refuse(connection: i32, code: i32): i32 {
  peer_complain_code(connection, WARNING_TYPE, 0, code);
  return code;
}

function init(connection: i32): i32 {
  const code = peer_on_init(connection, record);
  return code < 0 ? refuse(connection, code) : 0;
}

function to_channel(connection: i32, type: i32): i32 {
  const id = load<usize>(record, MESSAGE_CHANNEL_ID);
  const n = channel_find(id, transport.remote_key(connection));
  // A channel that is not known any more, or never was: the peer has to know that it is on its own.
  if (n < 0) {
    tell_problem(connection, -1, ERR_NOT_FOUND, type, 0, 0);
    return peer_complain_code(connection, ERROR_TYPE, id, ERR_NOT_FOUND);
  }
  // A close is no update, and as good as not there if it is not taken: the channel goes on.
  if (type == <i32>INTERVAL_CLOSE) {
    const taken = lines_on_close(n, record);
    if (taken < 0) tell_problem(connection, n, taken, type, 0, 0);
    return 0;
  }
  const code = channel_on_message(n, record);
  // What follows of it is the channel's: its error or warning is pulled, and the connection ended if it says so.
  if (code >= 0) return 0;
  tell_problem(connection, n, code, type, 0, 0);
  // A channel that was not funded yet is forgotten, its peer with it, and nothing can be pulled from it.
  return state_of(n) == STATE_NONE ? peer_complain_code(connection, ERROR_TYPE, id, code) : 0;
}

function to_opening(connection: i32): i32 {
  const theirs = peer_features(connection);
  const anchors = negotiated(own_features, theirs, OPTION_ANCHORS) ? CHANNEL_ANCHORS : 0;
  const energy = negotiated(own_features, theirs, OPTION_ENERGY) ? CHANNEL_ENERGY : 0;
  const n = channel_on_open(transport.remote_key(connection), record, anchors | energy);
  if (n < 0) {
    tell_problem(connection, -1, n, <i32>OPEN_CHANNEL, 0, 0);
    return peer_complain_code(connection, ERROR_TYPE, load<usize>(record, OPEN_CHANNEL_TEMPORARY_CHANNEL_ID), n);
  }
  policy_reset(n);
  return 0;
}

/** `error` and `warning`. One with an id of zeros is about all channels. BOLT 1, "The `error` and `warning` Messages". */
function hear(connection: i32, type: i32): i32 {
  const id = load<usize>(record, MESSAGE_CHANNEL_ID);
  const remote = transport.remote_key(connection);
  const n = channel_find(id, remote);
  tell_problem(connection, max(n, -1), 0, type, load<usize>(record, ERROR_DATA), load<i32>(record, ERROR_DATA + 4));
  if (type == <i32>WARNING) return 0;
  if (n >= 0) {
    channel_on_error(n);
    return 0;
  }
  let all = true;
  for (let i: usize = 0; i < 32; i += 8) if (load<u64>(id + i) != 0) all = false;
  // Also one about a channel that is not known: nothing is left to be said about it.
  if (!all) return 0;
  for (let c = 0; c < MAX_CHANNELS; c++) {
    if (state_of(c) != STATE_NONE && memory.compare(channel_of(c) + CHANNEL_PEER, remote, 33) == 0) channel_on_error(c);
  }
  return ERR_ARGUMENT;
}
