// Encrypted connections to peers, fed with bytes in whatever pieces they come. BOLT 8.
//
// A connection is opened as initiator or responder; `receive` takes bytes until something is complete and says what;
// `send` encrypts. Whatever is wrong with a peer's bytes ends its connection and wipes its keys: the caller then closes
// the line.

import { ERR_ARGUMENT, ERR_CAPACITY, ERR_STATE, ERR_TRUNCATED } from "../base/errors";
import { MAX_MESSAGE_BYTES } from "../base/limits";
import { key_public, scalar_public } from "../crypto/crypto";
import { KEY_NODE } from "../crypto/keys";
import {
  advance,
  BUFFER,
  EPHEMERAL,
  EPHEMERAL_POINT,
  FILLED,
  NEED,
  open,
  POINT_BYTES,
  RECEIVE,
  record_of,
  REMOTE,
  SCALAR_BYTES,
  seal,
  SEND,
  STATE,
  STATE_ACT_ONE,
  STATE_ACT_THREE,
  STATE_ACT_TWO,
  STATE_CLOSED,
  STATE_LENGTH,
  STATE_MESSAGE,
  STATE_PASS_OVER,
  state_of,
  TAG_BYTES,
  wait_for,
  wipe,
} from "./connection";
import {
  ACT_BYTES,
  ACT_THREE_BYTES,
  begin,
  read_act,
  read_act_three,
  write_act,
  write_act_three,
  write_act_two,
} from "./handshake";

/** Encrypted length of a message and its tag. */
export const LENGTH_BYTES: i32 = 18;
/** What a message of n bytes becomes: n + FRAME_OVERHEAD. */
export const FRAME_OVERHEAD: i32 = LENGTH_BYTES + TAG_BYTES;
/** Room that `receive` needs for a reply. */
export const REPLY_BYTES: i32 = ACT_THREE_BYTES;

// What `receive` can have completed.
/** Nothing: all bytes were taken, more must come. */
export const NOTHING: i32 = 0;
/** An act was good; `event_len` bytes of reply are to be sent. */
export const REPLY: i32 = 1;
/** The handshake is done, the peer's static key known; `event_len` bytes of reply, perhaps none, are to be sent. */
export const ESTABLISHED: i32 = 2;
/** A message of `event_len` bytes at `event_at`, there until the next `receive` of this connection. */
export const MESSAGE: i32 = 3;
/** A message of `event_len` bytes, more than MAX_MESSAGE_BYTES, was passed over: neither decrypted nor authenticated. */
export const PASSED_OVER: i32 = 4;

/** What the last `receive` completed. */
export let event: i32 = NOTHING;
export let event_at: usize = 0;
export let event_len: i32 = 0;

/** Common to both roles: the ephemeral scalar and its point go into the record. */
function prepare(connection: i32, ephemeral: usize): i32 {
  const state = state_of(connection);
  if (state < 0) return state;
  if (state != STATE_CLOSED) return ERR_STATE;
  const record = record_of(connection);
  if (scalar_public(ephemeral, record + EPHEMERAL_POINT) < 0) return ERR_ARGUMENT;
  memory.copy(record + EPHEMERAL, ephemeral, SCALAR_BYTES);
  return 0;
}

/** After the first steps: waits for the peer's act, or takes everything back. */
function opened(record: usize, code: i32, state: i32, result: i32): i32 {
  if (code < 0) {
    wipe(record);
    return code;
  }
  wait_for(record, state, ACT_BYTES);
  return result;
}

/**
 * Opens a connection as initiator and writes act one to `act` (ACT_BYTES).
 * @param remote static point of the peer, 33 bytes
 * @param ephemeral a scalar of 32 fresh random bytes; the caller zeroes his copy
 * @returns ACT_BYTES; ERR_ARGUMENT for the number or the scalar, ERR_STATE if it is open, ERR_POINT: BOLT 8, "Act One"
 */
export function open_initiator(connection: i32, remote: usize, ephemeral: usize, act: usize): i32 {
  const code = prepare(connection, ephemeral);
  if (code < 0) return code;
  const record = record_of(connection);
  memory.copy(record + REMOTE, remote, POINT_BYTES);
  return opened(record, begin(record, remote) || write_act(record, remote, act), STATE_ACT_TWO, ACT_BYTES);
}

/**
 * Opens a connection as responder.
 * @param ephemeral as for open_initiator
 * @returns 0; ERR_ARGUMENT for the number or the scalar, ERR_STATE if it is open or the node has no key
 */
export function open_responder(connection: i32, ephemeral: usize): i32 {
  const code = prepare(connection, ephemeral);
  if (code < 0) return code;
  const record = record_of(connection);
  // Our own point has no other use, so the place of the peer's, which is not known yet, will do.
  const own = record + REMOTE;
  return opened(record, key_public(KEY_NODE, own) || begin(record, own), STATE_ACT_ONE, 0);
}

/**
 * Takes bytes from the peer, up to the first thing that they complete, and sets `event`, `event_at`, `event_len`.
 * @param at `len` bytes; none of them is changed
 * @param reply room for REPLY_BYTES, written only with the events REPLY and ESTABLISHED
 * @returns how many bytes were taken: the caller comes back with the rest. ERR_ARGUMENT, ERR_STATE (closed): nothing has
 * changed. ERR_VERSION, ERR_POINT, ERR_MAC, or a code of the board's: the connection is closed now
 */
export function receive(connection: i32, at: usize, len: i32, reply: usize): i32 {
  const record = record_of(connection);
  if (record == 0 || len < 0) return ERR_ARGUMENT;
  if (load<i32>(record, STATE) == STATE_CLOSED) return ERR_STATE;
  event = NOTHING;
  let taken = 0;
  do {
    const filled = load<i32>(record, FILLED);
    const missing = load<i32>(record, NEED) - filled;
    const part = min(missing, len - taken);
    if (load<i32>(record, STATE) != STATE_PASS_OVER) {
      memory.copy(record + BUFFER + <usize>filled, at + <usize>taken, <usize>part);
    }
    taken += part;
    if (part < missing) {
      store<i32>(record, filled + part, FILLED);
      break;
    }
    store<i32>(record, 0, FILLED);
    const code = complete(record, reply);
    if (code < 0) {
      wipe(record);
      event = NOTHING;
      return code;
    }
  } while (event == NOTHING);
  return taken;
}

function tell(what: i32, at: usize, len: i32): void {
  event = what;
  event_at = at;
  event_len = len;
}

/** What the present state waited for is there. */
function complete(record: usize, reply: usize): i32 {
  const state = load<i32>(record, STATE);
  const buffer = record + BUFFER;
  let code: i32;
  if (state == STATE_LENGTH) {
    code = open(record + RECEIVE, 0, 0, buffer, LENGTH_BYTES);
    const len = <i32>bswap<u16>(load<u16>(buffer));
    wait_for(record, len > MAX_MESSAGE_BYTES ? STATE_PASS_OVER : STATE_MESSAGE, len + TAG_BYTES);
    return code;
  }
  if (state == STATE_ACT_ONE) {
    code = read_act(record, true) || write_act_two(record, reply);
    wait_for(record, STATE_ACT_THREE, ACT_THREE_BYTES);
    tell(REPLY, reply, ACT_BYTES);
    return code;
  }
  if (state == STATE_ACT_TWO) {
    code = read_act(record, false) || write_act_three(record, reply);
    tell(ESTABLISHED, reply, ACT_THREE_BYTES);
  } else if (state == STATE_ACT_THREE) {
    code = read_act_three(record);
    tell(ESTABLISHED, reply, 0);
  } else {
    const need = load<i32>(record, NEED);
    if (state == STATE_MESSAGE) {
      code = open(record + RECEIVE, 0, 0, buffer, need);
      tell(MESSAGE, buffer, need - TAG_BYTES);
    } else {
      code = advance(record + RECEIVE);
      tell(PASSED_OVER, 0, need - TAG_BYTES);
    }
  }
  wait_for(record, STATE_LENGTH, LENGTH_BYTES);
  return code;
}

/**
 * Encrypts in place. BOLT 8, "Encrypting and Sending Messages".
 * @param frame LENGTH_BYTES of room, the message, TAG_BYTES of room
 * @param len of the message, 0 .. MAX_MESSAGE_BYTES
 * @returns bytes of the frame: `len` + FRAME_OVERHEAD. ERR_ARGUMENT, ERR_STATE (no handshake yet), ERR_CAPACITY: nothing
 * has changed. Another code is the board's, and the connection closed now
 */
export function send(connection: i32, frame: usize, len: i32): i32 {
  const state = state_of(connection);
  if (state < 0) return state;
  if (state < STATE_LENGTH) return ERR_STATE;
  if (<u32>len > <u32>MAX_MESSAGE_BYTES) return ERR_CAPACITY;
  const record = record_of(connection);
  store<u16>(frame, bswap<u16>(<u16>len));
  const code = seal(record + SEND, 0, 0, frame, 2) || seal(record + SEND, 0, 0, frame + <usize>LENGTH_BYTES, len);
  if (code < 0) {
    // Half a frame: the nonces are no longer those that the peer counts.
    wipe(record);
    return code;
  }
  return len + FRAME_OVERHEAD;
}

/** Address of the peer's static point, 33 bytes; 0 unless the handshake is done. */
export function remote_key(connection: i32): usize {
  return state_of(connection) < STATE_LENGTH ? 0 : record_of(connection) + REMOTE;
}

/**
 * Forgets the connection and its keys, when the line is closed by either side.
 * @returns 0; ERR_TRUNCATED if the peer's bytes ended inside an act or a frame; ERR_ARGUMENT, ERR_STATE (it was closed)
 */
export function close(connection: i32): i32 {
  const state = state_of(connection);
  if (state < 0) return state;
  if (state == STATE_CLOSED) return ERR_STATE;
  const record = record_of(connection);
  const partial = state > STATE_LENGTH || load<i32>(record, FILLED) > 0;
  wipe(record);
  return partial ? ERR_TRUNCATED : 0;
}
