// One interpreter of the tables of kinds.ts, both ways: from a frame into a record that points into it, and from a record
// to bytes. It uses the one reader and the one writer.

import {
  ERR_CAPACITY,
  ERR_LENGTH,
  ERR_ORDER,
  ERR_POINT,
  ERR_TRUNCATED,
  ERR_UNKNOWN_EVEN,
  ERR_VALUE,
} from "../base/errors";
import { HOUR_S, MAX_HTLCS, MAX_RECORD_BYTES, MIN_INTERVAL_S } from "../base/limits";
import {
  read_begin,
  read_bytes,
  read_cursor,
  read_end,
  read_enter,
  read_fail,
  read_fault,
  read_leave,
  read_left,
  read_u16,
  read_u32,
  read_u64,
  read_u8,
} from "../base/reader";
import {
  write_bytes,
  write_cursor,
  write_end,
  write_fail,
  write_space,
  write_u16,
  write_u32,
  write_u64,
  write_u8,
} from "../base/writer";
import { read_bigsize, read_signed, read_truncated, write_bigsize, write_signed, write_truncated } from "./bigsize";
import * as kind from "./kinds";

/** A record in the making: the caller's changes only once all is well. */
const draft: usize = memory.data(MAX_RECORD_BYTES, 8);
/** Next slot of the draft, or of the record that is being encoded. */
let slot: usize = 0;
/** The TLV that was looked at last: its type, and where it begins. */
let tlv_type: u64 = 0;
let tlv_at: usize = 0;

/** After decode_tlvs has failed: type of the TLV at fault, for `invalid_onion_payload`. BOLT 4. */
export function fault_type(): u64 {
  return tlv_type;
}

/** After decode_tlvs has failed: address at which the TLV at fault begins. */
export function fault_at(): usize {
  return tlv_at;
}

/** Empties the draft. */
export function draft_begin(): void {
  memory.fill(draft, 0, MAX_RECORD_BYTES);
  slot = draft + kind.RECORD_FIELDS;
}

/** The message's type, into the draft. */
export function draft_type(type: i32): void {
  store<i32>(draft, type, kind.RECORD_TYPE);
}

/** Makes the draft the caller's record if nothing was wrong and nothing is left; 0 or the code. */
export function draft_end(record: usize): i32 {
  const code = read_end();
  if (code == 0) memory.copy(record, draft, slot - draft);
  return code;
}

/** Fields from `table` to its END, into the draft's next slots. Returns the address behind END. */
export function read_fields(table: usize): usize {
  for (let field = load<u16>(table); field != kind.END; field = load<u16>(table)) {
    read_field(field);
    table += 2;
  }
  return table + 2;
}

function read_field(field: u32): void {
  const argument = <i32>(field >> kind.KIND_BITS);
  const form = slot_kind(field);
  const at = slot;
  slot += slot_bytes(form);
  let number: u64 = 0;
  let address: usize = 0;
  let count: i32 = 0;
  switch (form) {
    case kind.LIMITED:
      number = read_u8();
      if (<i32>number > argument) read_fail(ERR_VALUE);
      break;
    case kind.U16:
      number = read_u16();
      break;
    case kind.U32:
      number = read_u32();
      break;
    case kind.PPM:
      number = read_u32();
      if (number > 1_000_000) read_fail(ERR_VALUE);
      break;
    case kind.INTERVAL:
      number = read_u32();
      // Where nothing could be read, the fault is another and stays.
      if (number < MIN_INTERVAL_S || HOUR_S % <u32>number != 0) read_fail(ERR_VALUE);
      break;
    case kind.POINT:
      address = read_bytes(33);
      if (address != 0 && load<u8>(address) >> 1 != 1) read_fail(ERR_POINT);
      number = address;
      break;
    case kind.FIXED:
      number = read_bytes(argument);
      break;
    case kind.U64:
      number = read_u64();
      break;
    case kind.S64:
      number = read_u64();
      if (number == 1 << 63) read_fail(ERR_VALUE);
      break;
    case kind.TRUNCATED:
      number = read_truncated(argument);
      break;
    case kind.SIGNED:
      number = read_signed();
      if (number == 1 << 63) read_fail(ERR_VALUE);
      break;
    case kind.BIGSIZE:
      number = read_bigsize();
      break;
    case kind.COUNTED:
      count = read_u16();
      if (argument > 1 && count > MAX_HTLCS) read_fail(ERR_CAPACITY);
      address = read_bytes(count * argument);
      break;
    case kind.REST:
      count = read_left();
      if (count % argument != 0) read_fail(ERR_LENGTH);
      address = read_bytes(count);
      break;
    case kind.SHORT_IDS: {
      const outer = read_enter(read_u16());
      if (read_u8() != 0) read_fail(ERR_VALUE);
      count = read_left();
      if ((count & 7) != 0) read_fail(ERR_LENGTH);
      address = read_bytes(count);
      read_leave(outer);
      break;
    }
    default:
      count = read_left();
      address = read_cursor();
      while (read_left() > 0) read_bigsize();
  }
  if (form < kind.WIDE) {
    store<u32>(at, <u32>number);
  } else if (form < kind.COUNTED) {
    store<u64>(at, number);
  } else {
    store<u32>(at, <u32>address);
    store<i32>(at, count, 4);
  }
}

function slot_kind(field: u32): u32 {
  return field & ((1 << kind.KIND_BITS) - 1);
}

function slot_bytes(form: u32): usize {
  return form < kind.WIDE ? 4 : 8;
}

/** Passes over fields from `table` to its END, and over their slots. Returns the address behind END. */
function skip_fields(table: usize): usize {
  for (let field = load<u16>(table); field != kind.END; field = load<u16>(table)) {
    slot += slot_bytes(slot_kind(field));
    table += 2;
  }
  return table + 2;
}

/** TLV type of the entry at `entry`; where the namespace ends, the greatest number, which is below none. */
function entry_type(entry: usize): u64 {
  const type = load<u16>(entry);
  if (type == kind.STOP) return u64.MAX_VALUE;
  if (type < kind.LARGE) return type;
  return load<u64>(kind.LARGE_TYPES + ((<usize>(type - kind.LARGE)) << 3));
}

/** Whether there is an entry at `entry`, and it is of this TLV type. */
function is_of(entry: usize, type: u64): bool {
  return load<u16>(entry) != kind.STOP && entry_type(entry) == type;
}

/**
 * The reader's range as a TLV stream, into the draft. TLVs of odd type that are not in the namespace are passed over.
 * BOLT 1, "Type-Length-Value Format".
 */
export function read_tlvs(namespace: usize): void {
  let entry = namespace;
  let bit: u32 = 1;
  let present: u32 = 0;
  let begun = false;
  store<usize>(draft, read_cursor(), kind.RECORD_STREAM);
  store<i32>(draft, read_left(), kind.RECORD_STREAM_LEN);
  while (read_left() > 0) {
    const before = tlv_type;
    tlv_at = read_cursor();
    tlv_type = read_bigsize();
    if (read_fault() != 0) break;
    if (begun && tlv_type <= before) {
      read_fail(ERR_ORDER);
      break;
    }
    begun = true;
    const len = read_bigsize();
    if (len > <u64>read_left()) {
      read_fail(ERR_TRUNCATED);
      break;
    }
    while (entry_type(entry) < tlv_type) {
      entry = skip_fields(entry + 2);
      bit <<= 1;
    }
    if (is_of(entry, tlv_type)) {
      const outer = read_enter(<i32>len);
      entry = read_fields(entry + 2);
      read_leave(outer);
      present |= bit;
      bit <<= 1;
    } else if ((tlv_type & 1) == 0) {
      read_fail(ERR_UNKNOWN_EVEN);
    } else {
      read_bytes(<i32>len);
    }
  }
  // The draft ends behind the last slot of the namespace, whatever was there.
  while (load<u16>(entry) != kind.STOP) entry = skip_fields(entry + 2);
  store<u32>(draft, present, kind.RECORD_PRESENT);
}

/**
 * Decodes the reader's current range, to its end, as a TLV stream of `namespace` into `record`: 0 or a code
 * (ERR_TRUNCATED, ERR_MINIMAL, ERR_ORDER, ERR_UNKNOWN_EVEN, ERR_LENGTH, ERR_POINT, ERR_VALUE), after which the record is
 * as before. Slots of TLVs that are not there are 0.
 */
export function decode_tlvs(namespace: usize, record: usize): i32 {
  draft_begin();
  read_tlvs(namespace);
  return draft_end(record);
}

/** Fields from `table` to its END, from the record's next slots. Returns the address behind END. */
function write_fields(table: usize): usize {
  for (let field = load<u16>(table); field != kind.END; field = load<u16>(table)) {
    write_field(field);
    table += 2;
  }
  return table + 2;
}

function write_field(field: u32): void {
  const argument = <i32>(field >> kind.KIND_BITS);
  const form = slot_kind(field);
  const at = slot;
  slot += slot_bytes(form);
  const number = load<u32>(at);
  const count = load<i32>(at, 4);
  switch (form) {
    case kind.LIMITED:
      write_u8(number);
      break;
    case kind.U16:
      write_u16(number);
      break;
    case kind.U32:
    case kind.PPM:
    case kind.INTERVAL:
      write_u32(number);
      break;
    case kind.POINT:
      write_pointed(number, 33);
      break;
    case kind.FIXED:
      write_pointed(number, argument);
      break;
    case kind.U64:
    case kind.S64:
      write_u64(load<u64>(at));
      break;
    case kind.TRUNCATED:
      write_truncated(load<u64>(at));
      break;
    case kind.SIGNED:
      write_signed(load<i64>(at));
      break;
    case kind.BIGSIZE:
      write_bigsize(load<u64>(at));
      break;
    case kind.COUNTED:
      write_u16(count);
      write_bytes(number, count * argument);
      break;
    case kind.SHORT_IDS:
      write_u16(count + 1);
      write_u8(0);
      write_bytes(number, count);
      break;
    default:
      write_bytes(number, count);
  }
}

function write_pointed(at: usize, len: i32): void {
  // A record that lacks a field would put whatever lies at address 0 on the wire.
  assert(at != 0);
  write_bytes(at, len);
}

/** Writes the TLV of a namespace's entry, if the record has it. Returns the next entry. */
function write_entry(entry: usize, present: bool): usize {
  if (!present) return skip_fields(entry + 2);
  write_bigsize(entry_type(entry));
  const at = write_space(1);
  const next = write_fields(entry + 2);
  if (write_end() < 0) return next;
  const len = <i32>(write_cursor() - at) - 1;
  if (len < 0xfd) {
    store<u8>(at, <u8>len);
  } else if (write_space(2) != 0) {
    // A length of three bytes: the value makes room.
    memory.copy(at + 3, at + 1, <usize>len);
    store<u8>(at, 0xfd);
    store<u16>(at, bswap<u16>(<u16>len), 1);
  }
  return next;
}

/** From the record's next slots, to the writer; with the TLVs of its stream that the namespace does not know. */
export function write_tlvs(namespace: usize, record: usize): void {
  let entry = namespace;
  let present = load<u32>(record, kind.RECORD_PRESENT);
  read_begin(load<usize>(record, kind.RECORD_STREAM), load<i32>(record, kind.RECORD_STREAM_LEN));
  let more: bool;
  do {
    more = read_left() > 0;
    const at = read_cursor();
    let type: u64 = 0;
    if (more) {
      type = read_bigsize();
      read_bytes(<i32>read_bigsize());
    }
    while (load<u16>(entry) != kind.STOP && (!more || entry_type(entry) < type)) {
      entry = write_entry(entry, (present & 1) != 0);
      present >>= 1;
    }
    if (more && !is_of(entry, type)) write_bytes(at, <i32>(read_cursor() - at));
  } while (more);
  if (read_fault() != 0) write_fail(read_fault());
}

/** Begins encoding of a record whose table is `table`: its fields, to the writer. Returns the address behind END. */
export function write_record(table: usize, record: usize): usize {
  slot = record + kind.RECORD_FIELDS;
  return write_fields(table);
}

/**
 * Encodes a record of `namespace` as a TLV stream, to the writer's range; ask write_end for length or ERR_CAPACITY. TLVs
 * of the record's stream (RECORD_STREAM, as decoding left it or 0) that the namespace does not know go along. Uses the
 * reader.
 */
export function encode_tlvs(namespace: usize, record: usize): void {
  slot = record + kind.RECORD_FIELDS;
  write_tlvs(namespace, record);
}
