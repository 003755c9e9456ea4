// The events of a node's life: exports that the host calls as things happen. Each ends with `advance` (progress.ts): what
// follows is stored before any of it is sent. PROTOCOL.md, "Node module interface".

import { ERR_ARGUMENT, ERR_FLASH, ERR_STATE } from "../base/errors";
import { MAX_CHANNELS, MAX_CONNECTIONS, NODE_INPUT_BYTES } from "../base/limits";
import { channel_force, channel_forget, channels_boot } from "../channel/channel";
import { chain_count, chain_hashes, set_chain_height, set_time } from "../channel/config";
import { set_mono } from "../channel/holds";
import { channel_funding_depth } from "../channel/funding";
import { channels_begin, STATE_CLOSED, STATE_FUNDED, STATE_NONE, STATE_NORMAL, state_of } from "../channel/record";
import { energies_begin } from "../energy/record";
import { payment_tick } from "../payment/clock";
import { exchange_boot } from "../payment/exchange";
import { payment_boot, payment_due } from "../payment/settle";
import * as transport from "../transport/transport";
import * as board from "./board";
import { input, output } from "./buffers";
import { dispatch, message_type } from "./dispatch";
import { lines_boot, lines_tick } from "./lines";
import { openings_block, openings_tick } from "./openings";
import {
  FREE,
  now_ms,
  peer_begin,
  peer_end,
  peer_established,
  peer_heard,
  peer_resume,
  peer_state,
  peers_tick,
  set_now,
} from "./peers";
import { persist_boot } from "./persist";
import { advance, dead } from "./progress";
import { SETTINGS_NOW_MS, SETTINGS_UTC_S, settings_read } from "./settings";
import { tell_problem, telling_boot } from "./telling";

let booted: bool = false;

/** A scalar for a handshake, zeroed at once. */
const ephemeral: usize = memory.data(32, 8);

/** 0 if the node lives: ERR_STATE before boot, ERR_FLASH once its flash has failed. */
export function alive(): i32 {
  return dead ? ERR_FLASH : booted ? 0 : ERR_STATE;
}

/**
 * Switches the node on. Input: `len` bytes of settings.ts.
 * @returns 1 if it goes on where it stopped, 0 if its flash is new. ERR_STATE: it is on already; codes of settings_read and
 * persist_boot: it stays off
 */
export function boot(len: i32): i32 {
  if (booted) return ERR_STATE;
  let code = settings_read(input, len);
  if (code < 0) return code;
  channels_begin();
  energies_begin();
  const found = persist_boot(chain_hashes);
  if (found < 0) return found;
  code = exchange_boot();
  if (code < 0) return code;
  booted = true;
  set_now(load<i64>(input, SETTINGS_NOW_MS));
  set_utc(load<u64>(input, SETTINGS_UTC_S));
  channels_boot();
  payment_boot();
  lines_boot();
  telling_boot();
  code = advance();
  return code < 0 ? code : found;
}

/** What the rooms know of time; a UTC that 32 bits do not hold is none. */
function set_utc(utc_s: u64): void {
  payment_tick(now_ms, utc_s);
  set_mono(now_ms);
  set_time(utc_s > <u64>u32.MAX_VALUE ? 0 : <u32>utc_s);
}

/**
 * A line to a peer is there. Input, if this node is the initiator: the peer's point, 33 bytes.
 * @returns 0; ERR_ARGUMENT: no such connection; ERR_STATE: it is in use; ERR_POINT
 */
export function connect(connection: i32, initiator: i32): i32 {
  let code = alive();
  if (code < 0) return code;
  code = board.random(ephemeral, 32);
  if (code >= 0) {
    code =
      initiator == 0
        ? transport.open_responder(connection, ephemeral)
        : transport.open_initiator(connection, input, ephemeral, output);
  }
  memory.fill(ephemeral, 0, 32);
  if (code < 0) return code;
  peer_begin(connection);
  if (code > 0) board.send(connection, output, code);
  return 0;
}

/**
 * `len` bytes of the input have come from a peer. Whatever is wrong with them ends the connection, and is told as a
 * problem.
 * @returns 0, also if the connection is over; ERR_ARGUMENT; ERR_FLASH: the node is dead
 */
export function receive(connection: i32, len: i32): i32 {
  let code = alive();
  if (code < 0) return code;
  if (<u32>connection >= <u32>MAX_CONNECTIONS || <u32>len > <u32>NODE_INPUT_BYTES) return ERR_ARGUMENT;
  let at = 0;
  while (at < len && peer_state(connection) != FREE) {
    const taken = transport.receive(connection, input + <usize>at, len - at, output);
    code = taken < 0 ? taken : take(connection);
    if (code < 0) {
      tell_problem(connection, -1, code, taken < 0 ? 0 : message_type, 0, 0);
      peer_end(connection, true);
    }
    at += max(taken, 0);
    code = advance();
    if (code < 0) return code;
  }
  return 0;
}

/** What the transport has completed: 0, or a code, upon which the connection is to be ended. */
function take(connection: i32): i32 {
  if (transport.event == transport.NOTHING) return 0;
  peer_heard(connection);
  const len = transport.event_len;
  if (transport.event == transport.REPLY) return board.send(connection, output, len);
  if (transport.event == transport.ESTABLISHED) {
    if (len > 0) board.send(connection, output, len);
    return peer_established(connection);
  }
  // A message longer than any that is understood here was passed over.
  return transport.event == transport.MESSAGE ? dispatch(connection, transport.event_at, len) : 0;
}

/** The line to a peer is down. @returns 0, also if the connection was over; ERR_ARGUMENT; ERR_FLASH */
export function disconnect(connection: i32): i32 {
  const code = alive();
  if (code < 0) return code;
  if (<u32>connection >= <u32>MAX_CONNECTIONS) return ERR_ARGUMENT;
  peer_end(connection, false);
  return advance();
}

/**
 * The line to a peer, of which `send` has said that it had no room, has some again: what was held back goes out, as far as
 * it takes it.
 * @returns 0, also if the connection is over; ERR_ARGUMENT; ERR_FLASH
 */
export function resume(connection: i32): i32 {
  const code = alive();
  if (code < 0) return code;
  if (<u32>connection >= <u32>MAX_CONNECTIONS) return ERR_ARGUMENT;
  peer_resume(connection);
  return advance();
}

/**
 * Time goes on.
 * @param mono_ms of a clock that never goes back; earlier than before is taken for the same time
 * @param utc_s s since 1970, 0 if unknown
 */
export function tick(mono_ms: i64, utc_s: i64): i32 {
  const code = alive();
  if (code < 0) return code;
  if (utc_s < 0) return ERR_ARGUMENT;
  if (mono_ms > now_ms) set_now(mono_ms);
  set_utc(<u64>utc_s);
  peers_tick();
  openings_tick();
  lines_tick();
  return advance();
}

/**
 * Chain number `chain` has `height` blocks. Its channels whose HTLCs can wait no longer are closed by publishing the
 * commitment. ERR_ARGUMENT: no such chain or height.
 */
export function block(height: i32, chain: i32): i32 {
  const code = alive();
  if (code < 0) return code;
  if (height < 0 || <u32>chain >= <u32>chain_count) return ERR_ARGUMENT;
  set_chain_height(chain, height);
  for (let n = 0; n < MAX_CHANNELS; n++) {
    const state = state_of(n);
    if ((state == STATE_FUNDED || state == STATE_NORMAL) && payment_due(n)) channel_force(n, 0);
  }
  openings_block();
  return advance();
}

/**
 * The funding output of a channel has `depth` confirmations, 0 if a reorganisation took them back. The first is
 * transaction `tx_index` of block `block_height`. To a channel that has ended it is no news.
 */
export function funding_depth(channel: i32, depth: i32, block_height: i32, tx_index: i32): i32 {
  let code = alive();
  if (code < 0) return code;
  if (<u32>channel >= <u32>MAX_CHANNELS || (depth | block_height | tx_index) < 0 || state_of(channel) == STATE_NONE) {
    return ERR_ARGUMENT;
  }
  const state = state_of(channel);
  if (state != STATE_FUNDED && state != STATE_NORMAL) return 0;
  code = channel_funding_depth(channel, depth, block_height, tx_index);
  return code < 0 ? code : advance();
}

/**
 * The funding output of a channel is spent, by the transaction in the input. A channel closed by consent is over then and
 * forgotten; one that was alive has failed.
 */
export function funding_spent(channel: i32, len: i32): i32 {
  let code = alive();
  if (code < 0) return code;
  if (<u32>channel >= <u32>MAX_CHANNELS || <u32>len > <u32>NODE_INPUT_BYTES) return ERR_ARGUMENT;
  const state = state_of(channel);
  if (state == STATE_CLOSED) code = channel_forget(channel);
  else if (state == STATE_FUNDED || state == STATE_NORMAL) code = channel_force(channel, 0);
  return code < 0 ? code : advance();
}
