// What lines tell the host: closed intervals, disputes, lapses, receipts. What has been closed is kept until it is told, so
// that a power cut in between makes it come twice rather than never. Numbers are little-endian.

import { MAX_CHANNELS, MAX_HTLCS } from "../base/limits";
import { HOLDER, HTLC_ID, HTLC_OFFERED_BY, HTLC_PAYMENT_HASH } from "../chain/spec";
import { has_energy, SLOT_RIDER, slot_of } from "../channel/record";
import { agreed_mwh } from "../energy/closing";
import {
  CLOSE_BYTES,
  CLOSE_METERED_MWH,
  CLOSE_UNTIL,
  ENERGY_ARREARS_MSAT,
  ENERGY_CLOSED_UNTIL,
  ENERGY_CLOSES,
  ENERGY_DISPUTED,
  ENERGY_MARKS,
  ENERGY_ROLL,
  energy_of,
  ROLL_ARREARS_MSAT,
  ROLL_FLOW_MWH,
  ROLL_STATE,
  ROLL_UNTIL,
} from "../energy/record";
import { RIDER_LAPSE, RIDER_MWH, RIDER_START } from "../energy/rider";
import { COMMITTED, FREE } from "../htlc/states";
import {
  INTERVAL_CLOSE_AGREED_MWH,
  INTERVAL_CLOSE_INTERVAL_END,
  INTERVAL_CLOSE_INTERVAL_START,
  INTERVAL_CLOSE_METERED_MWH,
  INTERVAL_CLOSE_RECEIPT,
  INTERVAL_CLOSE_SENT_AT_S,
} from "../wire/energy";
import * as board from "./board";

/** The record below, CLOSED_BYTES. */
const TELL_INTERVAL_CLOSED: i32 = 10;
/** u32 channel, start, end, 0; i64 our flow, i64 the peer's, mWh. */
const TELL_DISPUTE: i32 = 11;
/** u32 channel, u32 0, i64 arrears in msat. */
const TELL_DISCONNECT: i32 = 12;
/** u32 channel, u32 start of the interval, u64 id of the HTLC, i64 mWh, payment_hash (32 bytes). */
const TELL_LAPSED: i32 = 13;
/** u32 channel, start, end, sent at (UTC in s); i64 agreed, i64 metered, mWh; the receipt's text. */
const TELL_LINE_RECEIPT: i32 = 14;

// ---- What is kept of each channel, LINE_BYTES -------------------------------------------------------------------------

/** u32 each: number of the channel, start of the intervals that are closed, their end, one of the states below. */
const CLOSED_CHANNEL: usize = 0;
const CLOSED_START: usize = 4;
const CLOSED_UNTIL: usize = 8;
const CLOSED_STATE: usize = 12;
/** i64 each, flows in mWh: agreed; what counts of the meters; ours; the peer's. */
const CLOSED_AGREED_MWH: usize = 16;
const CLOSED_METERED_MWH: usize = 24;
const CLOSED_OWN_MWH: usize = 32;
const CLOSED_THEIR_MWH: usize = 40;
/** i64 each, msat, positive if node_1 owes: for the deviation; all arrears, with these. */
const CLOSED_DEVIATION_MSAT: usize = 48;
const CLOSED_ARREARS_MSAT: usize = 56;
const CLOSED_BYTES: usize = 64;
/** u32: 1 once the owner has changed its policies, which were these (32 bytes of energy/record.ts) at the opening. */
export const LINE_HAS_POLICIES: usize = 64;
export const LINE_POLICIES: usize = 72;
export const LINE_POLICIES_BYTES: usize = 32;
const LINE_BYTES: usize = 104;

/** A roll is under way; is done; and was told. */
const ROLLING: u32 = 1;
const DONE: u32 = 2;
const TOLD: u32 = 3;

/** The persistent region. */
export const lines: usize = memory.data(MAX_CHANNELS * 104, 8);
export const LINES_BYTES: i32 = MAX_CHANNELS * <i32>LINE_BYTES;

/** Bit i of a u32 for each channel: the lapse of slot i has been told. And one for all of them: bit n for a dispute. */
const lapses: usize = memory.data(MAX_CHANNELS * 4, 4);
let disputes: u32 = 0;

const record: usize = memory.data(56, 8);

export function line_of(n: i32): usize {
  return lines + <usize>n * LINE_BYTES;
}

/** What was told of what goes on still is told once more. */
export function line_events_boot(): void {
  memory.fill(lapses, 0, MAX_CHANNELS << 2);
  disputes = 0;
}

function close_of(n: i32, side: usize): usize {
  return energy_of(n) + ENERGY_CLOSES + side * CLOSE_BYTES;
}

/** Notes what rolls are under way, and which are done. Before what is persistent is stored. */
export function line_events_note(): void {
  for (let n = 0; n < MAX_CHANNELS; n++) {
    const line = line_of(n);
    if (!has_energy(n)) {
      memory.fill(line, 0, LINE_BYTES);
      continue;
    }
    const energy = energy_of(n);
    const roll = energy + ENERGY_ROLL;
    if (load<u8>(roll, ROLL_STATE) != <u8>FREE) {
      store<u32>(line, n, CLOSED_CHANNEL);
      store<u32>(line, load<u32>(energy, ENERGY_CLOSED_UNTIL), CLOSED_START);
      store<u32>(line, load<u32>(roll, ROLL_UNTIL), CLOSED_UNTIL);
      store<u32>(line, ROLLING, CLOSED_STATE);
      // Riders that were pending when we closed may have been fulfilled since.
      store<i64>(line, agreed_mwh(n, load<u32>(roll, ROLL_UNTIL)), CLOSED_AGREED_MWH);
      store<i64>(line, load<i64>(roll, ROLL_FLOW_MWH), CLOSED_METERED_MWH);
      store<i64>(line, load<i64>(close_of(n, 0), CLOSE_METERED_MWH), CLOSED_OWN_MWH);
      store<i64>(line, load<i64>(close_of(n, 1), CLOSE_METERED_MWH), CLOSED_THEIR_MWH);
      store<i64>(line, load<i64>(roll, ROLL_ARREARS_MSAT), CLOSED_DEVIATION_MSAT);
    } else if (
      load<u32>(line, CLOSED_STATE) == ROLLING &&
      load<u32>(line, CLOSED_UNTIL) == load<u32>(energy, ENERGY_CLOSED_UNTIL)
    ) {
      store<u32>(line, DONE, CLOSED_STATE);
      store<i64>(line, load<i64>(energy, ENERGY_ARREARS_MSAT), CLOSED_ARREARS_MSAT);
    }
  }
}

/** Tells what has happened to lines. All of it is stored by now. */
export function line_events_tell(): void {
  for (let n = 0; n < MAX_CHANNELS; n++) {
    const line = line_of(n);
    if (load<u32>(line, CLOSED_STATE) == DONE) {
      board.tell(TELL_INTERVAL_CLOSED, line, <i32>CLOSED_BYTES);
      store<u32>(line, TOLD, CLOSED_STATE);
    }
    tell_dispute(n);
    tell_lapses(n);
  }
}

function tell_dispute(n: i32): void {
  const bit: u32 = 1 << n;
  const disputed = has_energy(n) && (load<u32>(energy_of(n), ENERGY_MARKS) & ENERGY_DISPUTED) != 0;
  if (!disputed) {
    disputes &= ~bit;
  } else if ((disputes & bit) == 0) {
    disputes |= bit;
    store<u32>(record, n);
    store<u32>(record, load<u32>(energy_of(n), ENERGY_CLOSED_UNTIL), 4);
    store<u32>(record, load<u32>(close_of(n, 0), CLOSE_UNTIL), 8);
    store<u32>(record, 0, 12);
    store<i64>(record, load<i64>(close_of(n, 0), CLOSE_METERED_MWH), 16);
    store<i64>(record, load<i64>(close_of(n, 1), CLOSE_METERED_MWH), 24);
    board.tell(TELL_DISPUTE, record, 32);
  }
}

/** Lapses of our own riders that are in both commitments for good. */
function tell_lapses(n: i32): void {
  const at = lapses + ((<usize>n) << 2);
  let told = load<u32>(at);
  for (let i = 0; i < MAX_HTLCS; i++) {
    const slot = slot_of(n, i);
    const bit: u32 = 1 << i;
    if (load<u8>(slot, SLOT_RIDER + RIDER_LAPSE) != <u8>COMMITTED || load<u32>(slot, HTLC_OFFERED_BY) != HOLDER) {
      told &= ~bit;
      continue;
    }
    if ((told & bit) != 0) continue;
    told |= bit;
    store<u32>(record, n);
    store<u32>(record, load<u32>(slot, SLOT_RIDER + RIDER_START), 4);
    store<u64>(record, load<u64>(slot, HTLC_ID), 8);
    store<i64>(record, load<i64>(slot, SLOT_RIDER + RIDER_MWH), 16);
    memory.copy(record + 24, slot + HTLC_PAYMENT_HASH, 32);
    board.tell(TELL_LAPSED, record, 56);
  }
  store<u32>(at, told);
}

/** A debtor stays at its credit limit. */
export function tell_disconnect(n: i32, arrears_msat: i64): void {
  store<u32>(record, n);
  store<u32>(record, 0, 4);
  store<i64>(record, arrears_msat, 8);
  board.tell(TELL_DISCONNECT, record, 16);
}

/** An interval_close of the peer's, decoded into `close`, is good: the host keeps its receipt. `to`: room for all of it. */
export function tell_line_receipt(n: i32, close: usize, to: usize): void {
  const len = load<i32>(close, INTERVAL_CLOSE_RECEIPT + 4);
  store<u32>(to, n);
  store<u32>(to, load<u32>(close, INTERVAL_CLOSE_INTERVAL_START), 4);
  store<u32>(to, load<u32>(close, INTERVAL_CLOSE_INTERVAL_END), 8);
  store<u32>(to, load<u32>(close, INTERVAL_CLOSE_SENT_AT_S), 12);
  store<i64>(to, load<i64>(close, INTERVAL_CLOSE_AGREED_MWH), 16);
  store<i64>(to, load<i64>(close, INTERVAL_CLOSE_METERED_MWH), 24);
  memory.copy(to + 32, load<u32>(close, INTERVAL_CLOSE_RECEIPT), len);
  board.tell(TELL_LINE_RECEIPT, to, 32 + len);
}
