import { KEPT_NOTES, MAX_ISSUED_INTERVALS } from "../base/limits";

// What the meter has let go: for each delivery interval the energy of all notes, sold and bought, and the last notes
// themselves. It is kept by two entries of the state journal (PROTOCOL.md, "State journal"): ISSUED in checkpoints, NOTE
// for each note, written before the note is signed. Where all totals are taken, no interval that begins before the oldest
// gets one: what is forgotten stays forgotten.

/** NOTE: 32 bytes payment_hash, u32 interval_start, u8 how, 3 zero, u64 energy_mwh, u64 issued_mwh. */
export const NOTE_ENTRY_BYTES: i32 = 56;
const AT_START: usize = 32;
const AT_HOW: usize = 36;
const AT_ENERGY: usize = 40;
const AT_ISSUED: usize = 48;

/** Bits of `how`. */
export const PROMISE: u32 = 1;
export const BUYS: u32 = 2;

/** ISSUED: up to six totals, each u32 interval_start, u32 0, u64 sold mWh, u64 bought mWh. */
const TOTAL_BYTES: i32 = 24;
const TOTALS_PER_ENTRY: i32 = 6;

/** The note under way: becomes one of the last with `note_take`. */
export const note: usize = memory.data(56, 8);
/** Oldest first. */
const notes: usize = memory.data(896, 8);
const totals: usize = memory.data(576, 8);
let note_count: i32 = 0;
let total_count: i32 = 0;

/** Before the journal is read. */
export function issued_reset(): void {
  note_count = 0;
  total_count = 0;
}

/** The kept note with the payment_hash at `hash`, or 0. */
export function note_find(hash: usize): usize {
  for (let i = 0; i < note_count; i++) {
    const at = notes + <usize>(i * NOTE_ENTRY_BYTES);
    if (memory.compare(at, hash, 32) == 0) return at;
  }
  return 0;
}

/** Fills `note`, all but its total. */
export function note_prepare(hash: usize, how: u32, start: u32, energy_mwh: u64): void {
  memory.copy(note, hash, 32);
  store<u32>(note, start, AT_START);
  store<u32>(note, how, AT_HOW);
  store<u64>(note, energy_mwh, AT_ENERGY);
}

export function note_set_issued(issued_mwh: u64): void {
  store<u64>(note, issued_mwh, AT_ISSUED);
}

/** Whether a kept note is of the same swap as `note`. */
export function is_same_swap(kept: usize): bool {
  return memory.compare(kept, note, AT_ISSUED) == 0;
}

export function note_start(from: usize): u32 {
  return load<u32>(from, AT_START);
}

export function note_energy_mwh(from: usize): u64 {
  return load<u64>(from, AT_ENERGY);
}

export function note_issued_mwh(from: usize): u64 {
  return load<u64>(from, AT_ISSUED);
}

/** mWh of all notes for an interval, in the direction of `how`. */
export function issued_mwh(start: u32, how: u32): u64 {
  const total = find(start);
  return total == 0 ? 0 : load<u64>(total + direction(how));
}

/**
 * Whether a note for an interval can be accounted for. False: what was issued for it is forgotten, or would be at once.
 */
export function has_account(start: u32): bool {
  if (find(start) != 0) return true;
  return total_count < MAX_ISSUED_INTERVALS || start > load<u32>(oldest());
}

/** Intervals with notes that begin after `start`, 0 if `wanted` is one of them and so takes no new place. */
export function count_after(start: u32, wanted: u32): i32 {
  let count = 0;
  if (find(wanted) != 0) return 0;
  for (let i = 0; i < total_count; i++) {
    if (load<u32>(total_at(i)) > start) count++;
  }
  return count;
}

/** Takes the NOTE at `from`: a total never falls, and the same note counts once. */
export function note_take(from: usize): void {
  const start = note_start(from);
  if (has_account(start)) {
    const place = account(start) + direction(load<u32>(from, AT_HOW));
    store<u64>(place, max(load<u64>(place), note_issued_mwh(from)));
  }
  if (note_find(from) != 0) return;
  if (note_count == KEPT_NOTES) {
    note_count--;
    memory.copy(notes, notes + NOTE_ENTRY_BYTES, <usize>(note_count * NOTE_ENTRY_BYTES));
  }
  memory.copy(notes + <usize>(note_count * NOTE_ENTRY_BYTES), from, NOTE_ENTRY_BYTES);
  note_count++;
}

/** Address of kept note number `i`, oldest first; 0 behind the last. */
export function kept_note(i: i32): usize {
  return i < note_count ? notes + <usize>(i * NOTE_ENTRY_BYTES) : 0;
}

/** Address of ISSUED number `i` of a checkpoint; `issued_bytes` is its length, 0 or less behind the last. */
export function issued_entry(i: i32): usize {
  return total_at(i * TOTALS_PER_ENTRY);
}

export function issued_bytes(i: i32): i32 {
  return min(TOTALS_PER_ENTRY, total_count - i * TOTALS_PER_ENTRY) * TOTAL_BYTES;
}

/** Takes an ISSUED of `length` bytes; false if it is none. */
export function issued_take(from: usize, length: i32): bool {
  if (length % TOTAL_BYTES != 0) return false;
  for (let at = 0; at < length; at += TOTAL_BYTES) {
    const source = from + <usize>at;
    const start = load<u32>(source);
    if (!has_account(start)) continue;
    const total = account(start);
    store<u64>(total, max(load<u64>(total, 8), load<u64>(source, 8)), 8);
    store<u64>(total, max(load<u64>(total, 16), load<u64>(source, 16)), 16);
  }
  return true;
}

/** The total of an interval that `has_account`; one that is new takes the place of the oldest if all are taken. */
function account(start: u32): usize {
  const known = find(start);
  if (known != 0) return known;
  let total = total_at(total_count);
  if (total_count == MAX_ISSUED_INTERVALS) {
    total = oldest();
  } else {
    total_count++;
  }
  memory.fill(total, 0, TOTAL_BYTES);
  store<u32>(total, start);
  return total;
}

function find(start: u32): usize {
  for (let i = 0; i < total_count; i++) {
    if (load<u32>(total_at(i)) == start) return total_at(i);
  }
  return 0;
}

/** The total of the interval that begins first; there must be one. */
function oldest(): usize {
  let first = totals;
  for (let i = 1; i < total_count; i++) {
    if (load<u32>(total_at(i)) < load<u32>(first)) first = total_at(i);
  }
  return first;
}

function total_at(i: i32): usize {
  return totals + <usize>(i * TOTAL_BYTES);
}

/** Where in a total its direction's energy stands. */
function direction(how: u32): usize {
  return (how & BUYS) != 0 ? 16 : 8;
}
