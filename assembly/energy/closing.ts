// Closing delivery intervals: what both ends' line meters say becomes one flow, and what that differs from the agreed one is
// owed. A close may cover several intervals: all that are open before its end. PROTOCOL.md, "Interval close".

import { mul_div_ceil, mul_div_floor } from "../base/amount";
import { ERR_EXPIRED, ERR_OVERFLOW, ERR_STATE, ERR_SUSPENDED, ERR_VALUE } from "../base/errors";
import { MAX_CLOCK_SKEW_S, MAX_CLOSED_MWH, MAX_POSITIONS } from "../base/limits";
import { FREE, PROPOSED } from "../htlc/states";
import * as wire from "../wire/energy";
import { imbalance_msat } from "./price";
import * as at from "./record";
import * as receipts from "./receipt";

const HOLDER: usize = 0;
const COUNTERPARTY: usize = 1;
/** Pulses that a meter may be wrong by: at either end of what is closed. */
const TOLERATED_PULSES: u64 = 2;
/** CLOSE_FLAGS. */
const CONSTANT_SHIFT: u32 = 8;
const FLAGS_MASK: u32 = 0xff;

const receipt: usize = memory.data(32, 8);
const amount: usize = memory.data(8, 8);

function close_of(n: i32, side: usize): usize {
  return at.energy_of(n) + at.ENERGY_CLOSES + side * at.CLOSE_BYTES;
}

function until_of(n: i32, side: usize): u32 {
  return load<u32>(close_of(n, side), at.CLOSE_UNTIL);
}

function has_mark(n: i32, mark: u32): bool {
  return (load<u32>(at.energy_of(n), at.ENERGY_MARKS) & mark) != 0;
}

function set_mark(n: i32, mark: u32, on: bool): void {
  const energy = at.energy_of(n);
  const marks = load<u32>(energy, at.ENERGY_MARKS);
  store<u32>(energy, on ? marks | mark : marks & ~mark, at.ENERGY_MARKS);
}

function has_role(n: i32, role: u32): bool {
  return (load<u32>(at.energy_of(n), at.ENERGY_ROLES) & role) != 0;
}

/** Whether a roll of closed intervals is on its way through the commitments. */
function is_rolling(n: i32): bool {
  return load<u8>(at.energy_of(n), at.ENERGY_ROLL + at.ROLL_STATE) != <u8>FREE;
}

/** Sum of the positions of intervals that begin before `until`: a flow. */
export function agreed_mwh(n: i32, until: u32): i64 {
  let sum: i64 = 0;
  for (let i: usize = 0; i < <usize>MAX_POSITIONS; i++) {
    const position = at.energy_of(n) + at.ENERGY_POSITIONS + i * at.POSITION_BYTES;
    const start = load<u32>(position, at.POSITION_START);
    if (start != 0 && start < until) sum += load<i64>(position, at.POSITION_FLOW_MWH);
  }
  return sum;
}

/**
 * What registers have counted since those of ENERGY_REGISTERS, as a flow of `side`'s meter into the i64 at `to`: before the
 * first close, nothing. ERR_VALUE: a register has gone back, or on by more than any line carries.
 */
function flow_since(n: i32, side: usize, import_mwh: u64, export_mwh: u64, to: usize): i32 {
  const energy = at.energy_of(n);
  const before = energy + at.ENERGY_REGISTERS + (side << 4);
  store<i64>(to, 0);
  if (load<u32>(energy, at.ENERGY_CLOSED_UNTIL) == 0) return 0;
  const imported = import_mwh - load<u64>(before);
  const exported = export_mwh - load<u64>(before, 8);
  // A difference below zero is above all that is allowed.
  if (imported > MAX_CLOSED_MWH || exported > MAX_CLOSED_MWH) return ERR_VALUE;
  const into_line = <i64>(exported - imported);
  store<i64>(to, has_role(n, at.HOLDER_IS_NODE_1) == (side == HOLDER) ? into_line : -into_line);
  return 0;
}

/** As flow_since, of the registers that a close has. */
function receipt_flow(n: i32, side: usize): i64 {
  const close = close_of(n, side);
  flow_since(n, side, load<u64>(close, at.CLOSE_IMPORT_MWH), load<u64>(close, at.CLOSE_EXPORT_MWH), amount);
  return load<i64>(amount);
}

/** Reads a receipt for a close of `side` and checks what does not depend on the other end. */
function read(n: i32, side: usize, source: usize, len: i32): i32 {
  const energy = at.energy_of(n);
  const code = receipts.receipt_read(source, len, energy + at.ENERGY_METER_KEYS + side * 33, receipt);
  if (code < 0) return code;
  const until = load<u32>(receipt, receipts.RECEIPT_UNTIL_S);
  if (until % load<u32>(energy, at.ENERGY_INTERVAL_S) != 0) return ERR_VALUE;
  if (until <= load<u32>(energy, at.ENERGY_CLOSED_UNTIL) || until < until_of(n, side)) return ERR_EXPIRED;
  const import_mwh = load<u64>(receipt, receipts.RECEIPT_IMPORT_MWH);
  return flow_since(n, side, import_mwh, load<u64>(receipt, receipts.RECEIPT_EXPORT_MWH), amount);
}

/** Keeps the receipt read last. */
function keep(n: i32, side: usize, agreed: i64, metered: i64): void {
  const close = close_of(n, side);
  const constant = load<u32>(receipt, receipts.RECEIPT_CONSTANT);
  const flags = load<u32>(receipt, receipts.RECEIPT_FLAGS) & FLAGS_MASK;
  store<u32>(close, load<u32>(receipt, receipts.RECEIPT_UNTIL_S), at.CLOSE_UNTIL);
  store<u32>(close, (constant << CONSTANT_SHIFT) | flags, at.CLOSE_FLAGS);
  store<i64>(close, agreed, at.CLOSE_AGREED_MWH);
  store<i64>(close, metered, at.CLOSE_METERED_MWH);
  store<u64>(close, load<u64>(receipt, receipts.RECEIPT_IMPORT_MWH), at.CLOSE_IMPORT_MWH);
  store<u64>(close, load<u64>(receipt, receipts.RECEIPT_EXPORT_MWH), at.CLOSE_EXPORT_MWH);
}

/** Pulses that are tolerated, mWh. */
function tolerance_mwh(n: i32, side: usize): u64 {
  const constant = load<u32>(close_of(n, side), at.CLOSE_FLAGS) >> CONSTANT_SHIFT;
  // The constant is 1 at least, so that this cannot fail.
  mul_div_ceil(TOLERATED_PULSES, 1_000_000, constant, amount);
  return load<u64>(amount);
}

/** Energy that a meter has counted into the line. */
function sent_mwh(n: i32, side: usize): u64 {
  const before = at.energy_of(n) + (side << 4);
  return load<u64>(close_of(n, side), at.CLOSE_EXPORT_MWH) - load<u64>(before, at.ENERGY_REGISTERS + 8);
}

/**
 * Both ends have closed alike: is there a dispute? Whichever way the energy went, and if it went both ways, what the line has
 * lost is node_1's flow minus node_2's.
 */
function judge(n: i32): void {
  if (until_of(n, HOLDER) != until_of(n, COUNTERPARTY)) return;
  const node_1: usize = has_role(n, at.HOLDER_IS_NODE_1) ? HOLDER : COUNTERPARTY;
  const metered_1 = load<i64>(close_of(n, node_1), at.CLOSE_METERED_MWH);
  const lost = metered_1 - load<i64>(close_of(n, node_1 ^ 1), at.CLOSE_METERED_MWH);
  const tolerance = <i64>(tolerance_mwh(n, HOLDER) + tolerance_mwh(n, COUNTERPARTY));
  let most: i64 = 0;
  if (load<u32>(at.energy_of(n), at.ENERGY_CLOSED_UNTIL) != 0) {
    const sent = sent_mwh(n, HOLDER) + sent_mwh(n, COUNTERPARTY);
    mul_div_floor(sent, load<u32>(at.energy_of(n), at.ENERGY_LOSS_MAX_PPM), 1_000_000, amount);
    most = load<i64>(amount);
  }
  set_mark(n, at.ENERGY_DISPUTED, lost < -tolerance || lost > most + tolerance);
}

/**
 * The end of the intervals that we have to close by `utc_s`, UTC in s; 0: none. At least that of the peer's close, if it has
 * closed more than we have; no more than that in a dispute, nor once both have closed alike: what an owner has settled upon must
 * be rolled before anything else is looked at. node_2 closes more than it has only after node_1: a roll that is on its way to
 * it is of its own close. While a roll is under way, both have closed alike.
 */
export function close_due(n: i32, utc_s: u32): u32 {
  const own = until_of(n, HOLDER);
  const peer = until_of(n, COUNTERPARTY);
  const disputed = has_mark(n, at.ENERGY_DISPUTED);
  if (peer <= own) {
    const waits = own != 0 && !has_role(n, at.HOLDER_IS_NODE_1);
    if (waits || disputed || close_ready(n)) return 0;
  } else if (disputed) {
    return peer;
  }
  const due = max(peer, utc_s - (utc_s % load<u32>(at.energy_of(n), at.ENERGY_INTERVAL_S)));
  return due > max(own, load<u32>(at.energy_of(n), at.ENERGY_CLOSED_UNTIL)) ? due : 0;
}

/**
 * Closes what is open with a receipt of our own line meter, `len` bytes at `source`; a later one takes an earlier one's place.
 * The first on a channel only tells the registers. ERR_STATE: a roll is under way; ERR_EXPIRED: earlier than what is closed;
 * ERR_VALUE: not at an interval's end, or a register has gone back; codes of `receipt_read`.
 */
export function close_own(n: i32, source: usize, len: i32): i32 {
  if (is_rolling(n)) return ERR_STATE;
  const code = read(n, HOLDER, source, len);
  if (code < 0) return code;
  // The same again must not take back what we have settled upon.
  const until = load<u32>(receipt, receipts.RECEIPT_UNTIL_S);
  if (until == until_of(n, HOLDER)) return 0;
  keep(n, HOLDER, agreed_mwh(n, until), load<i64>(amount));
  judge(n);
  return 0;
}

/**
 * The peer's close: a record of interval_close (wire/energy.ts) that came at `utc_s`. ERR_SUSPENDED: it was sent at another
 * time than it came; riders are suspended then. ERR_STATE: a roll of other intervals is under way, or it does not begin where
 * ours do; ERR_EXPIRED: earlier than what is closed; ERR_VALUE: its fields contradict the receipt, or that contradicts an
 * earlier one; codes of `receipt_read`.
 */
export function close_take(n: i32, record: usize, utc_s: u32): i32 {
  const sent_at_s = load<u32>(record, wire.INTERVAL_CLOSE_SENT_AT_S);
  if (max(sent_at_s, utc_s) - min(sent_at_s, utc_s) > MAX_CLOCK_SKEW_S) {
    set_mark(n, at.ENERGY_CLOCKS_APART, true);
    return ERR_SUSPENDED;
  }
  const until = load<u32>(record, wire.INTERVAL_CLOSE_INTERVAL_END);
  // What is being rolled does not change any more; that it comes once more does no harm.
  if (is_rolling(n)) return until == until_of(n, COUNTERPARTY) ? 0 : ERR_STATE;
  const closed_until = load<u32>(at.energy_of(n), at.ENERGY_CLOSED_UNTIL);
  if (load<u32>(record, wire.INTERVAL_CLOSE_INTERVAL_START) != closed_until) return ERR_STATE;
  if (until > utc_s && until - utc_s > MAX_CLOCK_SKEW_S) return ERR_VALUE;
  const source = <usize>load<u32>(record, wire.INTERVAL_CLOSE_RECEIPT);
  const code = read(n, COUNTERPARTY, source, load<i32>(record, wire.INTERVAL_CLOSE_RECEIPT + 4));
  if (code < 0) return code;
  if (until != load<u32>(receipt, receipts.RECEIPT_UNTIL_S)) return ERR_VALUE;
  const metered = load<i64>(record, wire.INTERVAL_CLOSE_METERED_MWH);
  const settled = metered != load<i64>(amount);
  if (settled && !settle(n, until, metered)) return ERR_VALUE;
  const own = load<i64>(close_of(n, HOLDER), at.CLOSE_METERED_MWH);
  keep(n, COUNTERPARTY, load<i64>(record, wire.INTERVAL_CLOSE_AGREED_MWH), settled ? own : metered);
  set_mark(n, at.ENERGY_CLOCKS_APART, false);
  judge(n);
  return 0;
}

/**
 * Whether the peer's figure is that of our own meter, so that it has settled a dispute; then our close has what both agree on.
 * If we have at the same time settled for the peer's, node_1's choice stands, which it may have proposed to roll already.
 */
function settle(n: i32, until: u32, metered: i64): bool {
  if (until != until_of(n, HOLDER) || metered != receipt_flow(n, HOLDER)) return false;
  if (!has_role(n, at.HOLDER_IS_NODE_1)) store<i64>(close_of(n, HOLDER), metered, at.CLOSE_METERED_MWH);
  return true;
}

/** We accept what the peer's meter says, in a dispute: our close says the same from now on. ERR_STATE: there is none. */
export function close_settle(n: i32): i32 {
  if (!has_mark(n, at.ENERGY_DISPUTED) || until_of(n, HOLDER) != until_of(n, COUNTERPARTY)) return ERR_STATE;
  store<i64>(close_of(n, HOLDER), receipt_flow(n, COUNTERPARTY), at.CLOSE_METERED_MWH);
  set_mark(n, at.ENERGY_DISPUTED, false);
  return 0;
}

/** Whether both ends have closed the same intervals and nothing is in dispute. */
export function close_ready(n: i32): bool {
  const until = until_of(n, HOLDER);
  return until != 0 && until == until_of(n, COUNTERPARTY) && !has_mark(n, at.ENERGY_DISPUTED);
}

/** Flow by the accounting end's meter, and what its deviation changes of the arrears. */
let flow_mwh: i64 = 0;
let arrears_msat: i64 = 0;

/** Works out the roll of what both have closed. What was agreed on before any meter was read counts as agreed. */
function work_out(n: i32): i32 {
  if (!close_ready(n)) return ERR_STATE;
  const energy = at.energy_of(n);
  const agreed = agreed_mwh(n, until_of(n, HOLDER));
  flow_mwh = agreed;
  arrears_msat = 0;
  if (load<u32>(energy, at.ENERGY_CLOSED_UNTIL) == 0) return 0;
  const holder_accounts = has_role(n, at.ACCOUNTED_AT_NODE_1) == has_role(n, at.HOLDER_IS_NODE_1);
  flow_mwh = load<i64>(close_of(n, holder_accounts ? HOLDER : COUNTERPARTY), at.CLOSE_METERED_MWH);
  const code = imbalance_msat(n, flow_mwh - agreed, amount);
  if (code < 0) return code;
  arrears_msat = load<i64>(amount);
  const before = load<i64>(energy, at.ENERGY_ARREARS_MSAT);
  const after = before + arrears_msat;
  return ((before ^ after) & (arrears_msat ^ after)) < 0 ? ERR_OVERFLOW : 0;
}

/** node_1 proposes the roll of what both have closed. ERR_STATE; ERR_OVERFLOW: beyond all amounts. */
export function roll_propose(n: i32): i32 {
  const code = work_out(n);
  if (code < 0) return code;
  const roll = at.energy_of(n) + at.ENERGY_ROLL;
  store<u32>(roll, until_of(n, HOLDER), at.ROLL_UNTIL);
  store<i64>(roll, flow_mwh, at.ROLL_FLOW_MWH);
  store<i64>(roll, arrears_msat, at.ROLL_ARREARS_MSAT);
  store<u8>(roll, <u8>PROPOSED, at.ROLL_STATE);
  return 0;
}

/** Whether node_1's roll is what we have worked out: 0, ERR_STATE, ERR_VALUE, ERR_OVERFLOW. */
export function roll_check(n: i32, until: u32, flow: i64, arrears: i64): i32 {
  const code = work_out(n);
  if (code < 0) return code;
  return until == until_of(n, HOLDER) && flow == flow_mwh && arrears == arrears_msat ? 0 : ERR_VALUE;
}
