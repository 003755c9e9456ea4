// An invoice as a record of static memory: numbers, little-endian, a table of its tagged fields in their order, and the
// fields as bytes. BOLT 11, "Tagged Fields".

import { ERR_CAPACITY, ERR_VALUE } from "../base/errors";
import { INVOICE_DATA_BYTES, MAX_INVOICE_FIELDS } from "../base/limits";

/** u64; 0: any amount. */
export const AMOUNT_MSAT: usize = 0;
/** u64, s since 1970, below 2^35. */
export const TIMESTAMP: usize = 8;
/** u64, s after the timestamp. */
export const EXPIRY_S: usize = 16;
/** u64. */
export const MIN_FINAL_CLTV_EXPIRY_DELTA: usize = 24;
/** Point of the node that is to be paid. */
export const PAYEE: usize = 32;
/** u8: entries of the table. */
export const FIELDS: usize = 65;
/** u16: bytes of the record that are in use, up to RECORD_BYTES. */
export const RECORD_LENGTH: usize = 66;
/**
 * Entries of 8 bytes: u8 type; u8 1 if the field counts, 0 if a reader ignores it; u16 length in groups of 5 bits; u16
 * where it lies in the record; u16 bytes there.
 *
 * Bytes are those of the field, bits that do not fill a byte left away. Fallback addresses are the version as a byte and
 * the program; numbers and features are right-aligned.
 */
export const TABLE: usize = 72;
export const ENTRY_BYTES: usize = 8;
const ENTRY_VALID: usize = 1;
const ENTRY_GROUPS: usize = 2;
const ENTRY_AT: usize = 4;
const ENTRY_LENGTH: usize = 6;

const DATA: i32 = 328;
export const RECORD_BYTES: i32 = 968;

export const FIELD_PAYMENT_HASH: u32 = 1;
export const FIELD_ROUTE: u32 = 3;
export const FIELD_FEATURES: u32 = 5;
export const FIELD_EXPIRY: u32 = 6;
export const FIELD_FALLBACK: u32 = 9;
export const FIELD_DESCRIPTION: u32 = 13;
export const FIELD_PAYMENT_SECRET: u32 = 16;
export const FIELD_PAYEE: u32 = 19;
export const FIELD_DESCRIPTION_HASH: u32 = 23;
export const FIELD_MIN_FINAL_CLTV: u32 = 24;
export const FIELD_METADATA: u32 = 27;

/** The invoice that was read or written last. */
export const invoice: usize = memory.data(968, 8);
/** The invoice being read or written; reading uses it from its beginning. */
export const draft: usize = memory.data(968, 8);

/** Begins a draft without fields. `timestamp` in s since 1970; the amount 0 stands for any. */
export function draft_begin(amount_msat: u64, timestamp: u64): void {
  assert(DATA == <i32>TABLE + MAX_INVOICE_FIELDS * <i32>ENTRY_BYTES && DATA + INVOICE_DATA_BYTES == RECORD_BYTES);
  memory.fill(draft, 0, RECORD_BYTES);
  store<u64>(draft, amount_msat, AMOUNT_MSAT);
  store<u64>(draft, timestamp, TIMESTAMP);
  store<u16>(draft, <u16>DATA, RECORD_LENGTH);
}

/** Numbers and features are big-endian numbers in as few groups as do. */
export function is_number(type: u32): bool {
  return type == FIELD_EXPIRY || type == FIELD_MIN_FINAL_CLTV || type == FIELD_FEATURES;
}

/** Zero bits that come before a field's groups so that what is in it ends or begins with a byte. */
export function lead_bits(type: u32, groups: i32): i32 {
  // The version of a fallback address is a group, and becomes a byte.
  return type == FIELD_FALLBACK ? 3 : is_number(type) ? (-5 * groups) & 7 : 0;
}

/** Adds a field of the draft, as yet ignored and of zeros. Returns its entry's address, or ERR_CAPACITY. */
export function draft_entry(type: u32, groups: i32): i32 {
  const fields = <usize>load<u8>(draft, FIELDS);
  const at = <i32>load<u16>(draft, RECORD_LENGTH);
  const bits = lead_bits(type, groups) + 5 * groups;
  const next = at + ((bits + 7) >> 3);
  if (fields == MAX_INVOICE_FIELDS || next > RECORD_BYTES) return ERR_CAPACITY;
  const entry = draft + TABLE + fields * ENTRY_BYTES;
  store<u8>(entry, <u8>type);
  store<u16>(entry, <u16>groups, ENTRY_GROUPS);
  store<u16>(entry, <u16>at, ENTRY_AT);
  store<u16>(entry, <u16>(bits >> 3), ENTRY_LENGTH);
  store<u8>(draft, <u8>(fields + 1), FIELDS);
  store<u16>(draft, <u16>next, RECORD_LENGTH);
  return <i32>entry;
}

/**
 * Appends a field to the draft: `len` bytes at `data` in the form that the table describes; leading zeros of numbers and
 * features are left away. ERR_CAPACITY; ERR_VALUE: no type, or no version of a fallback address.
 */
export function draft_field(type: u32, data: usize, len: i32): i32 {
  if (type > 31 || (type == FIELD_FALLBACK && (len == 0 || load<u8>(data) > 31))) return ERR_VALUE;
  let bits = len << 3;
  if (is_number(type)) {
    while (len > 0 && load<u8>(data) == 0) {
      data++;
      len--;
    }
    bits = len > 0 ? (len << 3) - (<i32>clz<u32>(<u32>load<u8>(data)) - 24) : 0;
  } else {
    bits -= lead_bits(type, 0);
  }
  const groups = (bits + 4) / 5;
  if (groups > 1023) return ERR_CAPACITY;
  const entry = draft_entry(type, groups);
  if (entry < 0) return entry;
  // Groups of a number may need a byte more than the number does.
  const space = entry_length(<usize>entry);
  memory.copy(entry_data(draft, <usize>entry) + <usize>max(space - len, 0), data, <usize>len);
  return 0;
}

export function entry_groups(entry: usize): i32 {
  return <i32>load<u16>(entry, ENTRY_GROUPS);
}

export function entry_length(entry: usize): i32 {
  return <i32>load<u16>(entry, ENTRY_LENGTH);
}

/** Address of a field's bytes. */
export function entry_data(record: usize, entry: usize): usize {
  return record + <usize>load<u16>(entry, ENTRY_AT);
}

export function entry_accept(entry: usize): void {
  store<u8>(entry, 1, ENTRY_VALID);
}

/** Entry of the first field of that type that counts; 0 if there is none. */
export function field_of(record: usize, type: u32): usize {
  const end = record + TABLE + <usize>load<u8>(record, FIELDS) * ENTRY_BYTES;
  for (let entry = record + TABLE; entry < end; entry += ENTRY_BYTES) {
    if (<u32>load<u8>(entry) == type && load<u8>(entry, ENTRY_VALID) != 0) return entry;
  }
  return 0;
}
