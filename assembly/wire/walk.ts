// Walking the tables of kinds.ts, for decoder.ts and encoder.ts: which field comes next, and which slot of the record is
// its own.

import { END, KIND_BITS, LARGE, LARGE_TYPES, RECORD_FIELDS, STOP, WIDE } from "./kinds";

/** Next slot of the record that is being filled or read. */
let slot: usize = 0;

/** Begins with the first slot of `record`. */
export function slots_begin(record: usize): void {
  slot = record + RECORD_FIELDS;
}

/** Address behind the slots taken so far. */
export function slots_end(): usize {
  return slot;
}

/** The kind of a field, without its argument. */
export function kind_of(field: u32): u32 {
  return field & ((1 << KIND_BITS) - 1);
}

/** Address of the next slot, which is one for a field of this kind. */
export function take_slot(kind: u32): usize {
  const at = slot;
  slot += kind < WIDE ? 4 : 8;
  return at;
}

/** Passes over the fields from `table` to its END, and over their slots. Returns the address behind END. */
export function skip_fields(table: usize): usize {
  for (let field = load<u16>(table); field != END; field = load<u16>(table)) {
    take_slot(kind_of(field));
    table += 2;
  }
  return table + 2;
}

/** Whether there is an entry at `entry`: the namespace has not ended. */
export function is_entry(entry: usize): bool {
  return load<u16>(entry) != STOP;
}

/** TLV type of the entry at `entry`; where the namespace ends, the greatest number, which is below none. */
export function entry_type(entry: usize): u64 {
  const type = load<u16>(entry);
  if (type == STOP) return u64.MAX_VALUE;
  if (type < LARGE) return type;
  return load<u64>(LARGE_TYPES + ((<usize>(type - LARGE)) << 3));
}

/** Whether there is an entry at `entry`, and it is of this TLV type. */
export function is_of(entry: usize, type: u64): bool {
  return is_entry(entry) && entry_type(entry) == type;
}
