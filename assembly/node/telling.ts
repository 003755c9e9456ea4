// What the node tells its host, besides payments (payment/events.ts): one record for each kind. Numbers are little-endian.

import { FEATURE_BYTES, MAX_CHANNELS, NODE_OUTPUT_BYTES } from "../base/limits";
import { channel_closing_tx } from "../channel/closing";
import { channel_commitment_tx } from "../channel/channel";
import { channel_funding_program } from "../channel/funding";
import {
  CHANNEL_DEPTH,
  chain_of,
  channel_of,
  STATE_CLOSED,
  STATE_FAILED,
  STATE_FUNDED,
  STATE_FUNDING_NEEDED,
  STATE_LOST,
  STATE_NONE,
  STATE_NORMAL,
  state_of,
} from "../channel/record";
import { CHANNEL_FUNDING_SAT, CHANNEL_OPENER, CHANNEL_OUTPOINT, HOLDER } from "../chain/spec";
import * as board from "./board";
import { output } from "./buffers";

/** u32 connection; the peer's point (33 bytes); at 40 the set of features that it offers. */
const TELL_PEER: i32 = 1;
/** u32 channel, u32 state of channel/record.ts. */
const TELL_CHANNEL: i32 = 2;
/** u32 channel, u32 chain, u64 satoshi, scriptpubkey: a transaction that pays it is to be named with the command FUND. */
const TELL_FUNDING_NEEDED: i32 = 3;
/** u32 channel: the funding transaction may be broadcast. */
const TELL_FUNDING_SIGNED: i32 = 4;
/** i32 connection, i32 channel (-1: none), i32 code, u32 type of the message, then the peer's text. */
const TELL_PROBLEM: i32 = 9;

const PROGRAM_BYTES: i32 = 34;
/** Longest text of a peer's that is passed on. */
const MAX_TEXT_BYTES: i32 = 200;

const record: usize = memory.data(16 + 200, 8);
/** The state of each channel as it was told last. */
const told: usize = memory.data(MAX_CHANNELS * 4, 4);

/** A peer's `init` was good. */
export function tell_peer(connection: i32, point: usize, features: usize): void {
  store<u32>(record, connection);
  memory.copy(record + 4, point, 33);
  memory.copy(record + 40, features, FEATURE_BYTES);
  board.tell(TELL_PEER, record, 40 + FEATURE_BYTES);
}

/** Something is wrong with a peer: a code of ours, or what it says itself. */
export function tell_problem(connection: i32, channel: i32, code: i32, message: i32, text: usize, text_len: i32): void {
  const len = min(text_len, MAX_TEXT_BYTES);
  store<i32>(record, connection);
  store<i32>(record, channel, 4);
  store<i32>(record, code, 8);
  store<i32>(record, message, 12);
  memory.copy(record + 16, text, len);
  board.tell(TELL_PROBLEM, record, 16 + len);
}

/** After a restart everything that concerns the host is told once more. */
export function telling_boot(): void {
  memory.fill(told, 0, MAX_CHANNELS << 2);
}

/** Tells which channels have another state than before, and asks for what that state needs. All of it is stored by now. */
export function tell_channels(): void {
  for (let n = 0; n < MAX_CHANNELS; n++) {
    const at = told + ((<usize>n) << 2);
    const state = state_of(n);
    const before = load<u32>(at);
    if (state == before) continue;
    store<u32>(at, state);
    store<u32>(record, n);
    store<u32>(record, state, 4);
    board.tell(TELL_CHANNEL, record, 8);
    if (state == STATE_FUNDING_NEEDED) tell_funding_needed(n);
    else if (state != STATE_NONE) follow(n, state, before);
  }
}

function tell_funding_needed(n: i32): void {
  store<u32>(record, n);
  store<u32>(record, chain_of(n), 4);
  store<u64>(record, load<u64>(channel_of(n), CHANNEL_FUNDING_SAT), 8);
  if (channel_funding_program(n, record + 16) >= 0) board.tell(TELL_FUNDING_NEEDED, record, 16 + PROGRAM_BYTES);
}

/** What a channel with a funding transaction needs of the chain. */
function follow(n: i32, state: u32, before: u32): void {
  const channel = channel_of(n);
  if (state == STATE_FUNDED && load<u32>(channel, CHANNEL_OPENER) == HOLDER && load<u32>(channel, CHANNEL_DEPTH) == 0) {
    store<u32>(record, n);
    board.tell(TELL_FUNDING_SIGNED, record, 4);
  }
  const watched = before == STATE_FUNDED || before == STATE_NORMAL;
  if (!watched && state >= STATE_FUNDED && channel_funding_program(n, record) >= 0) {
    board.watch(chain_of(n), n, channel + CHANNEL_OUTPOINT, record, PROGRAM_BYTES);
  }
  if (state == STATE_CLOSED || state == STATE_FAILED) publish(n, state);
}

/** Broadcasts how a channel ends. One in STATE_LOST never does. */
function publish(n: i32, state: u32): void {
  assert(state != STATE_LOST);
  const len =
    state == STATE_CLOSED
      ? channel_closing_tx(n, output, NODE_OUTPUT_BYTES)
      : channel_commitment_tx(n, output, NODE_OUTPUT_BYTES);
  if (len > 0) board.broadcast(chain_of(n), output, len);
}
