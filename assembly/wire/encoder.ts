// Encoding: one interpreter of the tables of kinds.ts, from a record to the writer.

import { read_begin, read_bytes, read_cursor, read_fault, read_left } from "../base/reader";
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
import { read_bigsize, write_bigsize, write_signed, write_truncated } from "./bigsize";
import * as kind from "./kinds";
import { entry_type, is_entry, is_of, kind_of, skip_fields, slots_begin, take_slot } from "./walk";

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
  const form = kind_of(field);
  const at = take_slot(form);
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
    while (is_entry(entry) && (!more || entry_type(entry) < type)) {
      entry = write_entry(entry, (present & 1) != 0);
      present >>= 1;
    }
    if (more && !is_of(entry, type)) write_bytes(at, <i32>(read_cursor() - at));
  } while (more);
  if (read_fault() != 0) write_fail(read_fault());
}

/** Begins encoding of a record whose table is `table`: its fields, to the writer. Returns the address behind END. */
export function write_record(table: usize, record: usize): usize {
  slots_begin(record);
  return write_fields(table);
}

/**
 * Encodes a record of `namespace` as a TLV stream, to the writer's range; ask write_end for length or ERR_CAPACITY. TLVs
 * of the record's stream (RECORD_STREAM, as decoding left it or 0) that the namespace does not know go along. Uses the
 * reader.
 */
export function encode_tlvs(namespace: usize, record: usize): void {
  slots_begin(record);
  write_tlvs(namespace, record);
}
