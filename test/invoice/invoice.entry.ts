import * as reading from "../../assembly/invoice/decode";
import * as writing from "../../assembly/invoice/encode";
import { PREFIX_BYTES, put_prefix, read_prefix } from "../../assembly/invoice/prefix";
import * as record from "../../assembly/invoice/record";
import { text_begin, text_cursor } from "../../assembly/base/text";
import { KEY_NODE } from "../../assembly/crypto/keys";
import { key_import } from "../driver/test_keys.entry";

// Layout of the exchange buffer: prefix record, text. What is written goes behind the longest text.

const data: usize = memory.data(6144, 8);
const written: usize = memory.data(2048, 8);

export function buffer(): usize {
  return data;
}
export function output(): usize {
  return written;
}
export function invoice(): usize {
  return record.invoice;
}
export function digest(): usize {
  return reading.digest;
}
export function import_key(): i32 {
  return key_import(KEY_NODE, data);
}

export function decode(len: i32): i32 {
  return reading.invoice_decode(data + PREFIX_BYTES, len, data);
}

/** Writes again what was read last. */
export function encode_again(): i32 {
  memory.copy(record.draft, record.invoice, record.RECORD_BYTES);
  return writing.invoice_encode(data, written);
}

export function begin(amount_msat: u64, timestamp: u64): void {
  record.draft_begin(amount_msat, timestamp);
}
export function field(type: u32, len: i32): i32 {
  return record.draft_field(type, data + PREFIX_BYTES, len);
}
export function encode(): i32 {
  return writing.invoice_encode(data, written);
}

/** The u64 that is read, or the code with `out` as it was. */
export function amount_read(len: i32): i32 {
  return read_prefix(data + PREFIX_BYTES, len, data, written);
}
export function amount_write(amount_msat: u64): i32 {
  text_begin(written, 64);
  const code = put_prefix(data, amount_msat);
  return code < 0 ? code : <i32>(text_cursor() - written);
}

/**
 * Reads every text of `len` characters that is the given one with one character changed to another of 0x20 to 0x7f.
 * Returns how many were not refused, leaving one case of the whole text as the same text; -1 if `invoice` changed.
 */
export function refused_changes(len: i32, from: i32, to: i32): i32 {
  let accepted = 0;
  const before = load<u64>(record.invoice, 300);
  for (let i = from; i < to; i++) {
    const at = data + PREFIX_BYTES + <usize>i;
    const original = load<u8>(at);
    for (let character = 0x20; character < 0x80; character++) {
      if (<u8>character == original) continue;
      store<u8>(at, <u8>character);
      if (decode(len) >= 0) accepted++;
    }
    store<u8>(at, original);
  }
  return load<u64>(record.invoice, 300) == before ? accepted : -1;
}
