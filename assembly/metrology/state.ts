import { ERR_CONFIG, ERR_FLASH } from "../base/errors";
import { Journal, JOURNAL_END } from "../store/journal";
import * as issued from "./issued";
import { flash } from "./regions";

// What the meter must not forget, and the journal entries that keep it (PROTOCOL.md, "State journal").
//
//   STATE        all of it but what follows; begins every sector
//   REGISTERS    the first three fields of STATE: pulses, and the time when they were known
//   CLOSING      a reading that is to be signed, written before the signature
//   SEALED       the signed record's hash, written before the record leaves
//   TRANSACTION  who is buying, at what tariff
//   NOTE         a note that is to be signed, written before the signature (issued.ts)
//   ISSUED       what was issued for the intervals (issued.ts)
//
// A CLOSING without its SEALED is finished after the next boot. Nothing of it has left the meter, so one page never
// carries two contents outside.

const MAGIC: u32 = 0x314a4c54; // "TLJ1"
const STATE: i32 = 1;
const REGISTERS: i32 = 2;
const CLOSING: i32 = 3;
const SEALED: i32 = 4;
const TRANSACTION: i32 = 5;
const NOTE: i32 = 6;
const ISSUED: i32 = 7;

export const CONTEXT_FISCAL: u32 = 0x46; // F
export const CONTEXT_TRANSACTION: u32 = 0x54; // T

const state: usize = memory.data(120, 8);
const STATE_BYTES: i32 = 120;
const REGISTERS_BYTES: i32 = 24;
const UTC: usize = 16;
const PAGES: usize = 24; // u32 next page of F, of T
const METER_CONSTANT: usize = 32;
const FLAGS: usize = 36;
const LAST_END: usize = 40;
const CHAINS: usize = 48; // 32 bytes of F, of T

/** CLOSING, and the first part of a record in the record ring: fields at the offsets below. */
export const closing: usize = memory.data(40, 8);
export const CLOSING_BYTES: i32 = 40;
export const AT_UTC: usize = 16;
export const AT_PAGE: usize = 24;
export const AT_INTERVAL: usize = 28;
export const AT_CONTEXT: usize = 30;
export const AT_REASON: usize = 31;
export const AT_CLOCK: usize = 32;
export const AT_FLAGS: usize = 33;
let closing_open: bool = false;

const sealed: usize = memory.data(40, 8);
const SEALED_BYTES: i32 = 40;

/** TRANSACTION: u8 phase, u8 length of identification, u8 of tariff text, 13 zero, identification[40], tariff[48]. */
export const transaction: usize = memory.data(104, 8);
export const TRANSACTION_BYTES: i32 = 104;
const PHASE_NONE: u8 = 0;
const PHASE_OPEN: u8 = 1;
/** Announced, but its first record is not sealed: a power cut undoes it. */
const PHASE_BEGINNING: u8 = 2;

class StateJournal extends Journal {
  protected write_checkpoint(): i32 {
    let code = this.append(STATE, state, STATE_BYTES);
    if (code == 0) code = this.append(TRANSACTION, transaction, TRANSACTION_BYTES);
    if (code == 0 && closing_open) code = this.append(CLOSING, closing, CLOSING_BYTES);
    for (let i = 0; code == 0 && issued.issued_bytes(i) > 0; i++) {
      code = this.append(ISSUED, issued.issued_entry(i), issued.issued_bytes(i));
    }
    for (let i = 0; code == 0 && issued.kept_note(i) != 0; i++) {
      code = this.append(NOTE, issued.kept_note(i), issued.NOTE_ENTRY_BYTES);
    }
    return code;
  }
}
const journal = new StateJournal(flash, MAGIC);

/**
 * Restores the state from its region, or starts a meter's life with zero registers and page 1. Returns 1 for a meter
 * that has lived before, 0 for a new one; ERR_CONFIG if the registers were counted with another meter constant.
 */
export function state_mount(first: i32, count: i32, meter_constant: u32): i32 {
  memory.fill(state, 0, STATE_BYTES);
  memory.fill(transaction, 0, TRANSACTION_BYTES);
  closing_open = false;
  issued.issued_reset();
  const mounted = journal.mount(first, count);
  if (mounted < 0) return mounted;
  if (mounted == 0) {
    store<u32>(state, 1, PAGES);
    store<u32>(state, 1, PAGES + 4);
    store<u32>(state, meter_constant, METER_CONSTANT);
  } else {
    while (journal.next() != JOURNAL_END) {
      if (!replay()) return ERR_FLASH;
    }
    if (load<u32>(state, METER_CONSTANT) != meter_constant) return ERR_CONFIG;
    if (load<u8>(transaction) == PHASE_BEGINNING && !closing_open) store<u8>(transaction, PHASE_NONE);
  }
  const code = journal.resume();
  return code < 0 ? code : mounted;
}

/** Whether the newest journal ended in a damaged entry: what a cut leaves, or worse. */
export function state_was_damaged(): bool {
  return journal.damaged;
}

/** Applies the entry just read; false for one that this firmware does not write. */
function replay(): bool {
  const payload = journal.payload;
  const length = journal.length;
  switch (journal.type) {
    case STATE: {
      if (length != STATE_BYTES) return false;
      memory.copy(state, payload, STATE_BYTES);
      return true;
    }
    case REGISTERS: {
      if (length != REGISTERS_BYTES) return false;
      memory.copy(state, payload, REGISTERS_BYTES);
      return true;
    }
    case CLOSING: {
      if (length != CLOSING_BYTES) return false;
      memory.copy(closing, payload, CLOSING_BYTES);
      memory.copy(state, payload, REGISTERS_BYTES);
      closing_open = true;
      return true;
    }
    case SEALED: {
      if (length != SEALED_BYTES) return false;
      memory.copy(sealed, payload, SEALED_BYTES);
      seal();
      return true;
    }
    case TRANSACTION: {
      if (length != TRANSACTION_BYTES) return false;
      memory.copy(transaction, payload, TRANSACTION_BYTES);
      return true;
    }
    case NOTE: {
      if (length != issued.NOTE_ENTRY_BYTES) return false;
      issued.note_take(payload);
      return true;
    }
    case ISSUED:
      return issued.issued_take(payload, length);
  }
  return false;
}

export function pulses(input: i32): u64 {
  return load<u64>(state + ((<usize>input) << 3));
}

/** Registers count in 64 bits: at 1 kHz they wrap after 584 million years. */
export function count_pulses(input: i32, count: u32): void {
  const register = state + ((<usize>input) << 3);
  store<u64>(register, load<u64>(register) + <u64>count);
}

/** UTC, ms, at which the registers were saved last; 0 if the clock was never set. */
export function known_utc_ms(): i64 {
  return load<i64>(state, UTC);
}

export function next_page(context: u32): u32 {
  return load<u32>(state + PAGES + (context == CONTEXT_FISCAL ? 0 : 4));
}

/** Quality flags of the running interval. */
export function flags(): u32 {
  return load<u32>(state, FLAGS);
}

export function set_flags(value: u32): void {
  store<u32>(state, value, FLAGS);
}

/** End of the last sealed interval, UTC ms; 0 before the first. */
export function last_end_utc_ms(): i64 {
  return load<i64>(state, LAST_END);
}

/** Address of the 32-byte SHA-256 of the last sealed record of a context; zeros before the first. */
export function chain_hash(context: u32): usize {
  return state + CHAINS + (context == CONTEXT_FISCAL ? 0 : 32);
}

/** Makes the registers safe. `utc_ms`: the time now, 0 if the clock is not set. Returns 0 once they are in flash. */
export function save_registers(utc_ms: i64): i32 {
  if (utc_ms != 0) store<i64>(state, utc_ms, UTC);
  return journal.put(REGISTERS, state, REGISTERS_BYTES);
}

/** Makes everything safe, flags included. */
export function save_state(): i32 {
  return journal.put(STATE, state, STATE_BYTES);
}

/** Whether a reading is recorded and its signed record is not. */
export function is_closing(): bool {
  return closing_open;
}

/** Records a reading with the registers as they are now. `reason` is OCMF's TX letter, 0 in the fiscal context. */
export function begin_closing(utc_ms: i64, context: u32, reason: u32, interval_s: u32, clock: i32, quality: u32): i32 {
  store<i64>(state, utc_ms, UTC);
  memory.copy(closing, state, REGISTERS_BYTES);
  store<u32>(closing, next_page(context), AT_PAGE);
  store<u16>(closing, <u16>interval_s, AT_INTERVAL);
  store<u8>(closing, <u8>context, AT_CONTEXT);
  store<u8>(closing, <u8>reason, AT_REASON);
  store<u8>(closing, <u8>clock, AT_CLOCK);
  store<u8>(closing, <u8>quality, AT_FLAGS);
  memory.fill(closing + 34, 0, 6);
  const code = journal.put(CLOSING, closing, CLOSING_BYTES);
  closing_open = code == 0;
  return code;
}

export function closing_context(): u32 {
  return load<u8>(closing, AT_CONTEXT);
}

/** Ends the closing: the record whose SHA-256 stands at `record_hash` may leave once this returns 0. */
export function end_closing(record_hash: usize): i32 {
  store<u32>(sealed, load<u32>(closing, AT_PAGE));
  store<u32>(sealed, closing_context(), 4);
  memory.copy(sealed + 8, record_hash, 32);
  const code = journal.put(SEALED, sealed, SEALED_BYTES);
  if (code == 0) seal();
  return code;
}

/** Applies `sealed`. Its page counts even where its CLOSING cannot be read any more: a page is used once. */
function seal(): void {
  const context = load<u32>(sealed, 4);
  store<u32>(state + PAGES + (context == CONTEXT_FISCAL ? 0 : 4), load<u32>(sealed) + 1);
  memory.copy(chain_hash(context), sealed + 8, 32);
  if (!closing_open || load<u32>(closing, AT_PAGE) != load<u32>(sealed) || closing_context() != context) return;
  if (context == CONTEXT_FISCAL) {
    store<i64>(state, load<i64>(closing, AT_UTC), LAST_END);
  } else {
    const reason = load<u8>(closing, AT_REASON);
    // Begun, or its tariff changed; all other reasons end it.
    store<u8>(transaction, reason == 0x42 || reason == 0x54 ? PHASE_OPEN : PHASE_NONE);
  }
  closing_open = false;
}

export function in_transaction(): bool {
  return load<u8>(transaction) == PHASE_OPEN;
}

/** Makes the texts at `transaction` safe; `begins` unless they change a transaction that is open. */
export function save_transaction(begins: bool): i32 {
  store<u8>(transaction, begins ? PHASE_BEGINNING : PHASE_OPEN);
  const code = journal.put(TRANSACTION, transaction, TRANSACTION_BYTES);
  if (code < 0 && begins) store<u8>(transaction, PHASE_NONE);
  return code;
}

/** Issues `issued.note`: it may be signed once this returns 0. */
export function save_note(): i32 {
  const code = journal.put(NOTE, issued.note, issued.NOTE_ENTRY_BYTES);
  if (code == 0) issued.note_take(issued.note);
  return code;
}
