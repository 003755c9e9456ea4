// Lines: closing their delivery intervals with the peer, as time goes on. Each end has its own line meter's receipt; both
// closes are stored, exchanged, and rolled into the energy state by node_1. What is not paid of it stays as arrears, which
// arrears.ts pays. PROTOCOL.md, "Interval close".

import { ERR_STATE, ERR_SUSPENDED } from "../base/errors";
import { CLOSE_AGAIN_MS, MAX_CHANNELS, MAX_MESSAGE_BYTES, MAX_RECORD_BYTES, OUTPUT_BYTES } from "../base/limits";
import { utc_s } from "../channel/config";
import { channel_roll } from "../channel/energy_updates";
import { ESTABLISHED, is_live } from "../channel/live";
import { CHANNEL_ID, channel_of, has_energy, STATE_NORMAL, state_of } from "../channel/record";
import { close_due, close_own, close_settle, close_take } from "../energy/closing";
import {
  CLOSE_AGREED_MWH,
  CLOSE_BYTES,
  CLOSE_METERED_MWH,
  CLOSE_UNTIL,
  ENERGY_CLOSED_UNTIL,
  ENERGY_CLOSES,
  ENERGY_METER,
  ENERGY_ROLL,
  energy_of,
} from "../energy/record";
import { FREE } from "../htlc/states";
import * as meter from "../meter/meter";
import {
  INTERVAL_CLOSE,
  INTERVAL_CLOSE_AGREED_MWH,
  INTERVAL_CLOSE_CHANNEL_ID,
  INTERVAL_CLOSE_INTERVAL_END,
  INTERVAL_CLOSE_INTERVAL_START,
  INTERVAL_CLOSE_METERED_MWH,
  INTERVAL_CLOSE_RECEIPT,
  INTERVAL_CLOSE_SENT_AT_S,
} from "../wire/energy";
import { encode_message, message_begin } from "../wire/message";
import { arrears_forget, arrears_tick } from "./arrears";
import { output } from "./buffers";
import { line_events_boot, tell_line_receipt } from "./line_events";
import { channel_connection, now_ms, peer_end, peer_frame, peer_is_full, peer_send } from "./peers";
import { close_delay_s } from "./settings";
import { tell_problem } from "./telling";

const message: usize = memory.data(MAX_RECORD_BYTES, 8);
/** A receipt of our own meter. */
const receipt: usize = memory.data(OUTPUT_BYTES, 8);
/** i64 for each channel: when its close goes out (again), ms; 0: at once, as before the first time on a connection. */
const again_ms: usize = memory.data(MAX_CHANNELS * 8, 8);

export function lines_boot(): void {
  memory.fill(again_ms, 0, MAX_CHANNELS << 3);
  arrears_forget();
  line_events_boot();
}

/** Whether channel `n` is a line in use, and its peer there. */
export function is_up(n: i32): bool {
  return has_energy(n) && state_of(n) == STATE_NORMAL && is_live(n, ESTABLISHED);
}

/** The close of a side, HOLDER or COUNTERPARTY. */
export function close_of(n: i32, side: u32): usize {
  return energy_of(n) + ENERGY_CLOSES + <usize>side * CLOSE_BYTES;
}

function set_again(n: i32, ms: i64): void {
  store<i64>(again_ms + ((<usize>n) << 3), ms);
}

/** Reads the receipt of the intervals up to `until` of a line's own meter: its length. Codes of meter/meter.ts. */
function read_receipt(n: i32, until: u32): i32 {
  return meter.receipt(load<i32>(energy_of(n), ENERGY_METER), until, receipt, OUTPUT_BYTES);
}

/** Closes what is due on our side, if the meter has its receipt by now. */
function close(n: i32): void {
  const due = utc_s > close_delay_s ? close_due(n, utc_s - close_delay_s) : 0;
  if (due == 0) return;
  const len = read_receipt(n, due);
  // The meter may need another moment, or be without power: the next tick asks again.
  if (len < 0) return;
  const code = close_own(n, receipt, len);
  if (code < 0) tell_problem(-1, n, code, <i32>INTERVAL_CLOSE, 0, 0);
  else set_again(n, 0);
}

/** Time has gone on. */
export function lines_tick(): void {
  for (let n = 0; n < MAX_CHANNELS; n++) {
    if (!is_up(n)) continue;
    close(n);
    arrears_tick(n);
  }
}

/**
 * The peer's interval_close for channel `n`. One of intervals that are closed already is nothing. ERR_STATE: no line in
 * use; ERR_SUSPENDED: the time is not known, or the ends do not agree about it; codes of `close_take`. After a code the
 * line goes on as it was.
 */
export function lines_on_close(n: i32, record: usize): i32 {
  if (!is_up(n)) return ERR_STATE;
  if (utc_s == 0) return ERR_SUSPENDED;
  if (load<u32>(record, INTERVAL_CLOSE_INTERVAL_END) <= load<u32>(energy_of(n), ENERGY_CLOSED_UNTIL)) return 0;
  const code = close_take(n, record, utc_s);
  if (code < 0) return code;
  tell_line_receipt(n, record, output);
  // It may be of later intervals than ours.
  close(n);
  return 0;
}

/** The owner accepts what the peer's meter says, in a dispute: our close says the same from now on. ERR_STATE: no dispute. */
export function lines_settle(n: i32): i32 {
  if (!has_energy(n)) return ERR_STATE;
  const code = close_settle(n);
  if (code >= 0) set_again(n, 0);
  return code;
}

/** Rolls what both ends have closed: whether anything has changed. */
export function lines_roll(): bool {
  let changed = false;
  for (let n = 0; n < MAX_CHANNELS; n++) {
    if (!is_up(n)) set_again(n, 0);
    else if (channel_roll(n) >= 0) changed = true;
  }
  return changed;
}

/** Writes our interval_close for the peer: its length, or a code, upon which it goes out another time. */
function make_close(n: i32): i32 {
  const own = close_of(n, 0);
  const until = load<u32>(own, CLOSE_UNTIL);
  const len = read_receipt(n, until);
  if (len < 0) return len;
  message_begin(message, INTERVAL_CLOSE);
  store<u32>(message, <u32>(channel_of(n) + CHANNEL_ID), INTERVAL_CLOSE_CHANNEL_ID);
  store<u32>(message, load<u32>(energy_of(n), ENERGY_CLOSED_UNTIL), INTERVAL_CLOSE_INTERVAL_START);
  store<u32>(message, until, INTERVAL_CLOSE_INTERVAL_END);
  store<u32>(message, utc_s, INTERVAL_CLOSE_SENT_AT_S);
  store<i64>(message, load<i64>(own, CLOSE_AGREED_MWH), INTERVAL_CLOSE_AGREED_MWH);
  store<i64>(message, load<i64>(own, CLOSE_METERED_MWH), INTERVAL_CLOSE_METERED_MWH);
  store<u32>(message, <u32>receipt, INTERVAL_CLOSE_RECEIPT);
  store<i32>(message, len, INTERVAL_CLOSE_RECEIPT + 4);
  return encode_message(message, peer_frame(), MAX_MESSAGE_BYTES);
}

/** Whether a roll goes out with what the channel has to say. */
function is_rolling(n: i32): bool {
  return load<u8>(energy_of(n), ENERGY_ROLL) != <u8>FREE;
}

/**
 * Sends the closes that are to go out, as they are stored: `rolling`, those that a roll rests on; else the others, which begin
 * where a roll has ended that the peer may not know of before it has heard what the channels had to say.
 */
export function lines_send(rolling: bool): void {
  if (utc_s == 0) return;
  for (let n = 0; n < MAX_CHANNELS; n++) {
    if (!is_up(n) || load<u32>(close_of(n, 0), CLOSE_UNTIL) == 0 || is_rolling(n) != rolling) continue;
    const connection = channel_connection(n);
    if (now_ms < load<i64>(again_ms + ((<usize>n) << 3)) || peer_is_full(connection)) continue;
    set_again(n, now_ms + CLOSE_AGAIN_MS);
    const len = make_close(n);
    if (len < 0) continue;
    const code = peer_send(connection, len);
    if (code < 0) {
      tell_problem(connection, n, code, 0, 0, 0);
      peer_end(connection, true);
    }
  }
}
