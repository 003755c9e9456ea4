import { ERR_CONFIG, ERR_FLASH } from "../base/errors";
import { Journal, JOURNAL_END, JOURNAL_FULL } from "../store/journal";
import { BoardFlash } from "./board_flash";

// What the meter must not forget, and the journal entries that keep it.
//
//   STATE      all of it but the closing under way; begins every sector
//   REGISTERS  u64 import, u64 export pulses
//   CLOSING    an interval's end, registers included; written before its record is signed
//   SEALED     u32 page, u32 0, SHA-256 of the signed record; written before the record leaves
//
// A CLOSING without its SEALED is finished after the next boot. Nothing of it has left the meter, so one page never
// carries two contents outside.

const STATE: i32 = 1;
const REGISTERS: i32 = 2;
const CLOSING: i32 = 3;
const SEALED: i32 = 4;

/** STATE: all fields little endian, the two pulse registers first so that REGISTERS is a prefix. */
const state: usize = memory.data(64, 8);
const REGISTERS_BYTES: i32 = 16;
const META: usize = 16; // u32 next page, u32 meter constant, u64 end of the last closed interval (UTC ms)
const CHAIN: usize = 32; // SHA-256 of the last sealed record
const STATE_BYTES: i32 = 64;

/** CLOSING: u64 import, u64 export, i64 end_utc_ms, u32 page, u32 interval_s, u32 clock state, u32 0. */
const closing: usize = memory.data(40, 8);
const CLOSING_BYTES: i32 = 40;
let closing_open: bool = false;

const sealed: usize = memory.data(40, 8);
const SEALED_BYTES: i32 = 40;

const journal = new Journal(new BoardFlash());

/**
 * Restores the state from flash, or starts a meter's life with zero registers and page 1. ERR_CONFIG if the registers
 * were counted with another meter constant.
 */
export function state_mount(meter_constant: u32): i32 {
  memory.fill(state, 0, STATE_BYTES);
  closing_open = false;
  const mounted = journal.mount();
  if (mounted < 0) return mounted;
  if (mounted == 0) {
    store<u32>(state, 1, META);
    store<u32>(state, meter_constant, META + 4);
    return checkpoint();
  }
  while (journal.next() != JOURNAL_END) {
    if (!replay()) return ERR_FLASH;
  }
  return load<u32>(state, META + 4) == meter_constant ? 0 : ERR_CONFIG;
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
      if (length != SEALED_BYTES || !closing_open || load<u32>(payload) != closing_page()) return false;
      seal(payload + 8);
      return true;
    }
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

export function next_page(): u32 {
  return load<u32>(state, META);
}

/** End of the last sealed interval, UTC ms; 0 before the first. */
export function last_end_utc_ms(): i64 {
  return load<i64>(state, META + 8);
}

/** Address of the 32-byte SHA-256 of the last sealed record; zeros before the first. */
export function chain_hash(): usize {
  return state + CHAIN;
}

/** Makes the registers safe. Returns 0 once they are in flash. */
export function save_registers(): i32 {
  return append(REGISTERS, state, REGISTERS_BYTES);
}

/** Whether an interval's end is recorded and its signed record is not. */
export function is_closing(): bool {
  return closing_open;
}

/** Records the end of an interval with the registers as they are now. */
export function begin_closing(end_utc_ms: i64, interval_s: u32, clock_state: i32): i32 {
  memory.copy(closing, state, REGISTERS_BYTES);
  store<i64>(closing, end_utc_ms, 16);
  store<u32>(closing, next_page(), 24);
  store<u32>(closing, interval_s, 28);
  store<u32>(closing, <u32>clock_state, 32);
  store<u32>(closing, 0, 36);
  const code = append(CLOSING, closing, CLOSING_BYTES);
  closing_open = code == 0;
  return code;
}

export function closing_pulses(input: i32): u64 {
  return load<u64>(closing + ((<usize>input) << 3));
}

export function closing_end_utc_ms(): i64 {
  return load<i64>(closing, 16);
}

export function closing_page(): u32 {
  return load<u32>(closing, 24);
}

export function closing_interval_s(): u32 {
  return load<u32>(closing, 28);
}

export function closing_clock_state(): i32 {
  return <i32>load<u32>(closing, 32);
}

/** Ends the closing: the record whose SHA-256 stands at `record_hash` may leave once this returns 0. */
export function end_closing(record_hash: usize): i32 {
  store<u32>(sealed, closing_page());
  store<u32>(sealed, 0, 4);
  memory.copy(sealed + 8, record_hash, 32);
  const code = append(SEALED, sealed, SEALED_BYTES);
  if (code == 0) seal(record_hash);
  return code;
}

function seal(record_hash: usize): void {
  store<u32>(state, closing_page() + 1, META);
  store<i64>(state, closing_end_utc_ms(), META + 8);
  memory.copy(state + CHAIN, record_hash, 32);
  closing_open = false;
}

/** Appends an entry, in the next sector if this one is full. */
function append(type: i32, data: usize, len: i32): i32 {
  let code = journal.append(type, data, len);
  if (code != JOURNAL_FULL) return code;
  code = checkpoint();
  if (code < 0) return code;
  return journal.append(type, data, len);
}

function checkpoint(): i32 {
  let code = journal.begin_checkpoint();
  if (code == 0) code = journal.append(STATE, state, STATE_BYTES);
  if (code == 0 && closing_open) code = journal.append(CLOSING, closing, CLOSING_BYTES);
  if (code == 0) code = journal.end_checkpoint();
  return code;
}
