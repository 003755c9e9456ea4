// Decoding: one interpreter of the tables of kinds.ts, from the reader's range into a record that points into it.

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
import { read_bigsize, read_signed, read_truncated } from "./bigsize";
import * as kind from "./kinds";
import { entry_type, is_entry, is_of, kind_of, skip_fields, slots_begin, slots_end, take_slot } from "./walk";

/** A record in the making: the caller's changes only once all is well. */
const draft: usize = memory.data(MAX_RECORD_BYTES, 8);
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
  slots_begin(draft);
}

/** The message's type, into the draft. */
export function draft_type(type: i32): void {
  store<i32>(draft, type, kind.RECORD_TYPE);
}

/** Makes the draft the caller's record if nothing was wrong and nothing is left; 0 or the code. */
export function draft_end(record: usize): i32 {
  const code = read_end();
  if (code == 0) memory.copy(record, draft, slots_end() - draft);
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
  const form = kind_of(field);
  const at = take_slot(form);
  let number: u64 = 0;
  let address: usize = 0;
  let count: i32 = 0;
  switch (form) {
    case kind.LIMITED:
      number = read_u8();
      // Where nothing could be read, the fault is another and stays: here and below.
      if (<i32>number > (argument & 0xff) || <i32>number < argument >> 8) read_fail(ERR_VALUE);
      break;
    case kind.U16:
      number = read_u16();
      if (argument != 0 && <u32>number - 1 >= HOUR_S) read_fail(ERR_VALUE);
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
  while (is_entry(entry)) entry = skip_fields(entry + 2);
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
