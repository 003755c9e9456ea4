import { MAX_RECORD_BYTES } from "../../assembly/base/limits";
import { read_begin, read_end, read_fault } from "../../assembly/base/reader";
import { write_begin, write_end } from "../../assembly/base/writer";
import * as bigsize from "../../assembly/wire/bigsize";
import * as codec from "../../assembly/wire/codec";
import * as kind from "../../assembly/wire/kinds";
import * as message from "../../assembly/wire/message";
import { PAYLOAD } from "../../assembly/wire/payload";

// The wire room's internals: input at `data`, results at `out`, records at `record`.

const DATA_BYTES: i32 = 16384;
const OUT_BYTES: i32 = 8192;
/** What a record is full of before it is decoded into: a refused input leaves it so. */
const UNTOUCHED: u8 = 0xa5;
const TOUCHED: i32 = -1000;

const data_at: usize = memory.data(DATA_BYTES, 8);
const out_at: usize = memory.data(OUT_BYTES, 8);
const record_at: usize = memory.data(MAX_RECORD_BYTES, 8);

export function data(): usize {
  return data_at;
}

export function out(): usize {
  return out_at;
}

export function record(): usize {
  return record_at;
}

export function read_bigsize(len: i32): i32 {
  read_begin(data_at, len);
  store<u64>(out_at, bigsize.read_bigsize());
  return read_end();
}

export function write_bigsize(value: u64, capacity: i32): i32 {
  write_begin(out_at, capacity);
  bigsize.write_bigsize(value);
  return write_end();
}

export function read_signed(len: i32): i32 {
  read_begin(data_at, len);
  store<i64>(out_at, bigsize.read_signed());
  return read_end();
}

export function write_signed(value: i64): i32 {
  write_begin(out_at, 16);
  bigsize.write_signed(value);
  return write_end();
}

export function read_truncated(len: i32, width: i32): i32 {
  read_begin(data_at, len);
  store<u64>(out_at, bigsize.read_truncated(width));
  return read_end();
}

export function write_truncated(value: u64): i32 {
  write_begin(out_at, 16);
  bigsize.write_truncated(value);
  return write_end();
}

// Namespaces n1 and n2 of BOLT 1, Appendix B.

// prettier-ignore
const N1: usize = memory.data<u16>([
  1, kind.TU64, kind.END,
  2, kind.SHORT_CHANNEL_ID, kind.END,
  3, kind.POINT, kind.U64, kind.U64, kind.END,
  254, kind.U16, kind.END,
  kind.STOP,
]);
// prettier-ignore
const N2: usize = memory.data<u16>([
  0, kind.TU64, kind.END,
  11, kind.TU32, kind.END,
  kind.STOP,
]);

function namespace(index: i32): usize {
  return index == 0 ? N1 : index == 1 ? N2 : PAYLOAD;
}

function fill_record(): void {
  memory.fill(record_at, UNTOUCHED, MAX_RECORD_BYTES);
}

/** `code`, or TOUCHED if the record is not as fill_record left it. */
function unless_touched(code: i32): i32 {
  for (let at = record_at; at < record_at + MAX_RECORD_BYTES; at++) {
    if (load<u8>(at) != UNTOUCHED) return TOUCHED;
  }
  return code;
}

/** Decodes a TLV stream at `data` in namespace 0 (n1), 1 (n2) or 2 (onion payload). */
export function tlvs_decode(index: i32, len: i32): i32 {
  fill_record();
  read_begin(data_at, len);
  const code = codec.decode_tlvs(namespace(index), record_at);
  return code < 0 ? unless_touched(code) : code;
}

/** Encodes the record to `out`. */
export function tlvs_encode(index: i32, capacity: i32): i32 {
  write_begin(out_at, capacity);
  codec.encode_tlvs(namespace(index), record_at);
  return read_fault() != 0 ? read_fault() : write_end();
}

export function fault_type(): u64 {
  return codec.fault_type();
}

export function fault_offset(): i32 {
  return <i32>(codec.fault_at() - data_at);
}

function decode_checked(frame: usize, len: i32): i32 {
  fill_record();
  const code = message.decode_message(frame, len, record_at);
  return code <= 0 ? unless_touched(code) : code;
}

/** Decodes the message at `data`. */
export function decode(len: i32): i32 {
  return decode_checked(data_at, len);
}

/** Decodes `count` messages at `data`, each behind its length as a little-endian u16; an i32 of each goes to `out`. */
export function decode_many(count: i32): void {
  let at = data_at;
  for (let i = 0; i < count; i++) {
    const len = <i32>load<u16>(at);
    store<i32>(out_at + ((<usize>i) << 2), decode_checked(at + 2, len));
    at += 2 + len;
  }
}

/** Decodes the message at `data` cut off after each of its bytes, from none to all; an i32 of each goes to `out`. */
export function decode_cut(len: i32): void {
  for (let cut = 0; cut <= len; cut++) store<i32>(out_at + ((<usize>cut) << 2), decode_checked(data_at, cut));
}

/** Encodes the record to `out`. */
export function encode(capacity: i32): i32 {
  return message.encode_message(record_at, out_at, capacity);
}

/** Begins a record. */
export function begin(type: i32): void {
  message.message_begin(record_at, type);
}
