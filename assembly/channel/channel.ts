// The life of a channel with its connections, and its messages shared out. What else the node and the payment room call is
// in opening.ts, offers.ts, closing.ts, messages.ts.

import { ERR_ARGUMENT, ERR_EXPIRED, ERR_STATE } from "../base/errors";
import { MAX_CHANNELS, MAX_HTLCS } from "../base/limits";
import { funding_signed } from "../chain/funding";
import { CHANNEL_OPENER, COUNTERPARTY, HOLDER } from "../chain/spec";
import { energy_clear } from "../energy/record";
import { CLOSING_SIGNED, SHUTDOWN } from "../wire/closing";
import { ENERGY_LAPSE, INTERVAL_ROLL } from "../wire/energy";
import { RECORD_TYPE } from "../wire/kinds";
import { ACCEPT_CHANNEL, CHANNEL_READY, FUNDING_CREATED, FUNDING_SIGNED } from "../wire/opening";
import {
  CHANNEL_REESTABLISH,
  COMMITMENT_SIGNED,
  REVOKE_AND_ACK,
  UPDATE_ADD_HTLC,
  UPDATE_FAIL_HTLC,
  UPDATE_FAIL_MALFORMED_HTLC,
  UPDATE_FEE,
  UPDATE_FULFILL_HTLC,
} from "../wire/updates";
import { closing_begin, on_closing_signed, on_shutdown } from "./closing";
import { commit, on_commitment_signed, on_revoke } from "./commits";
import { on_lapse, on_roll } from "./energy_updates";
import { on_funding_created, on_funding_signed, on_ready } from "./funding";
import {
  CONNECTED,
  ESTABLISHED,
  HANG_UP,
  LIVE_FAULT,
  LIVE_FAULT_ID,
  LIVE_FAULT_TYPE,
  TO_ERROR,
  TO_REESTABLISH,
  TO_WARNING,
  is_live,
  live_end,
  live_of,
  set_live,
} from "./live";
import { slot_clear } from "./moves";
import { on_accept } from "./opening";
import {
  CHANNEL_FAULT,
  CHANNEL_ID,
  CHANNEL_SIGNATURE,
  CHANNEL_STATE,
  CHANNEL_STATE_BYTES,
  STATE_CLOSED,
  STATE_FAILED,
  STATE_FUNDED,
  STATE_LOST,
  STATE_NONE,
  STATE_NORMAL,
  channel_of,
  has_energy,
  slot_of,
  state_of,
} from "./record";
import { on_reestablish } from "./reestablish";
import { forget_proposed, on_add, on_fail, on_fee, on_fulfill, on_malformed } from "./updates";
import { view_build } from "./view";

export { channel_next_message } from "./messages";

function wipe(n: i32): void {
  for (let i = 0; i < MAX_HTLCS; i++) slot_clear(slot_of(n, i));
  memory.fill(channel_of(n), 0, CHANNEL_STATE_BYTES);
  energy_clear(n);
}

/** After the journal has been read: every channel is as after a disconnection. */
export function channels_boot(): void {
  for (let n = 0; n < MAX_CHANNELS; n++) channel_disconnected(n);
}

/** The connection has ended: what neither side has committed to is forgotten, an unfunded channel altogether. */
export function channel_disconnected(n: i32): void {
  live_end(n);
  if (state_of(n) < STATE_FUNDED) wipe(n);
  else forget_proposed(n);
}

/** The peer of channel `n` has been connected and `init` exchanged: channel_reestablish is pulled next. */
export function channel_connected(n: i32): void {
  const state = state_of(n);
  if (state < STATE_FUNDED) return;
  live_end(n);
  if (state == STATE_FAILED || state == STATE_LOST) tell_fault(n, load<i32>(channel_of(n), CHANNEL_FAULT), 0, TO_ERROR);
  else set_live(n, TO_REESTABLISH);
  set_live(n, CONNECTED);
}

/** Whether the connection is to be ended, all messages having been pulled. */
export function channel_hang_up(n: i32): bool {
  return is_live(n, HANG_UP);
}

function tell_fault(n: i32, fault: i32, type: i32, how: u32): void {
  const live = live_of(n);
  store<i32>(live, fault, LIVE_FAULT);
  store<i32>(live, type, LIVE_FAULT_TYPE);
  memory.copy(live + LIVE_FAULT_ID, channel_of(n) + CHANNEL_ID, 32);
  set_live(n, how);
}

/** Fails the channel with `error`; one that is not funded is forgotten. */
function fail(n: i32, fault: i32, type: i32, state: u32): void {
  const channel = channel_of(n);
  tell_fault(n, fault, type, TO_ERROR);
  if (state_of(n) < STATE_FUNDED) {
    wipe(n);
    return;
  }
  store<u32>(channel, state, CHANNEL_STATE);
  store<i32>(channel, fault, CHANNEL_FAULT);
}

function handle(n: i32, record: usize, type: i32): i32 {
  const state = state_of(n);
  if (state == STATE_NONE) return ERR_STATE;
  if (type == CHANNEL_REESTABLISH) return is_live(n, CONNECTED) ? on_reestablish(n, record) : ERR_STATE;
  if (!is_live(n, ESTABLISHED)) return ERR_STATE;
  switch (type) {
    case ACCEPT_CHANNEL:
      return on_accept(n, record);
    case FUNDING_CREATED:
      return on_funding_created(n, record);
    case FUNDING_SIGNED:
      return on_funding_signed(n, record);
    case CHANNEL_READY:
      return on_ready(n, record);
    case SHUTDOWN:
      return on_shutdown(n, record);
    case CLOSING_SIGNED:
      return on_closing_signed(n, record);
  }
  // An opener that has seen channel_ready may be ahead of us, but not without ours.
  if (state != STATE_NORMAL) return ERR_STATE;
  switch (type) {
    case UPDATE_ADD_HTLC:
      return on_add(n, record);
    case UPDATE_FULFILL_HTLC:
      return on_fulfill(n, record);
    case UPDATE_FAIL_HTLC:
      return on_fail(n, record);
    case UPDATE_FAIL_MALFORMED_HTLC:
      return on_malformed(n, record);
    case UPDATE_FEE:
      return on_fee(n, record);
    case ENERGY_LAPSE:
      return on_lapse(n, record);
    case INTERVAL_ROLL:
      return on_roll(n, record);
    case COMMITMENT_SIGNED:
      return on_commitment_signed(n, record);
    default:
      return on_revoke(n, record);
  }
}

/** Updates of energy alone. */
function is_of_energy(type: i32): bool {
  return type == <i32>ENERGY_LAPSE || type == <i32>INTERVAL_ROLL;
}

function is_of_channel(type: i32): bool {
  if (type >= <i32>ACCEPT_CHANNEL && type <= <i32>CLOSING_SIGNED) return true;
  if (is_of_energy(type)) return true;
  return type >= <i32>UPDATE_ADD_HTLC && type <= <i32>CHANNEL_REESTABLISH && type != 129;
}

/**
 * A message of channel `n` (any from open_channel's answer on) that has been decoded into `record`: 0, or a code, upon
 * which nothing has changed but this: an `error` is pulled next and the channel has failed (ERR_EXPIRED: is lost), or, where
 * BOLT 2 leaves the choice, a `warning` is pulled next and `channel_hang_up` asks for the connection's end. Types that are
 * no channel's are ERR_ARGUMENT, and nothing happens. A channel that has failed takes no notice of messages, one without
 * energy none of those about it.
 */
export function channel_on_message(n: i32, record: usize): i32 {
  const type = load<i32>(record, RECORD_TYPE);
  if (!is_of_channel(type)) return ERR_ARGUMENT;
  const state = state_of(n);
  if (state == STATE_FAILED || state == STATE_LOST || is_live(n, HANG_UP) || is_live(n, TO_WARNING)) return 0;
  if (is_of_energy(type) && !has_energy(n)) return 0;
  const code = handle(n, record, type);
  if (code >= 0) return 0;
  if (code == ERR_EXPIRED && type == CHANNEL_REESTABLISH) fail(n, code, type, STATE_LOST);
  else if (state < STATE_FUNDED || (must_fail(type) && code != ERR_STATE)) fail(n, code, type, STATE_FAILED);
  else tell_fault(n, code, type, TO_WARNING);
  return code;
}

/** Messages of which a wrong one shows that both sides no longer agree on what has been. */
function must_fail(type: i32): bool {
  return type == CHANNEL_REESTABLISH || type == REVOKE_AND_ACK;
}

/** The peer's `error` for this channel: it fails, unless it is closed already; one that is not funded is forgotten. */
export function channel_on_error(n: i32): void {
  const state = state_of(n);
  if (state < STATE_FUNDED) wipe(n);
  else if (state == STATE_FUNDED || state == STATE_NORMAL) store<u32>(channel_of(n), STATE_FAILED, CHANNEL_STATE);
}

/**
 * Commits to what is new, if the last commitment_signed is acknowledged, and goes on with closing: whether anything has
 * changed. To be called until nothing does, before what is persistent is stored.
 */
export function channel_commit(n: i32): bool {
  const committed = commit(n);
  return closing_begin(n) || committed;
}

/** Fails the channel on our own behalf, because of `fault` (a code): `error` is pulled next. ERR_STATE. */
export function channel_force(n: i32, fault: i32): i32 {
  const state = state_of(n);
  if (state == STATE_NONE || state > STATE_NORMAL) return ERR_STATE;
  fail(n, fault, 0, STATE_FAILED);
  return 0;
}

/**
 * The holder's latest commitment, signed by both, of a channel in STATE_FAILED: its length. ERR_STATE, above all in
 * STATE_LOST, in which the peer could take everything for it; ERR_CAPACITY, ERR_CRYPTO.
 */
export function channel_commitment_tx(n: i32, to: usize, capacity: i32): i32 {
  if (state_of(n) != STATE_FAILED) return ERR_STATE;
  const code = view_build(n, HOLDER, false);
  return code < 0 ? code : funding_signed(channel_of(n) + CHANNEL_SIGNATURE, to, capacity);
}

/** Forgets a channel whose funding output is spent deep enough, or, as accepter, never came. ERR_STATE: it has not ended. */
export function channel_forget(n: i32): i32 {
  const state = state_of(n);
  const never = state == STATE_FUNDED && load<u32>(channel_of(n), CHANNEL_OPENER) == COUNTERPARTY;
  if (state < STATE_CLOSED && !never) return ERR_STATE;
  wipe(n);
  live_end(n);
  return 0;
}
