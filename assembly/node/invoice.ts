import { ERR_ARGUMENT, ERR_TRUNCATED } from "../base/errors";
import { NODE_INPUT_BYTES } from "../base/limits";
import { invoice_decode as decode } from "../invoice/decode";
import { invoice_encode as encode } from "../invoice/encode";
import { PREFIX_BYTES } from "../invoice/prefix";
import { RECORD_LENGTH, draft_begin, draft_field, invoice } from "../invoice/record";
import { input, output } from "./buffers";

/** Prefix record, u64 amount, u64 timestamp. */
const ENCODE_HEADER: usize = <usize>PREFIX_BYTES + 16;
/** u8 type, u8 0, u16 length. */
const FIELD_HEADER: usize = 4;

/**
 * Reads an invoice. BOLT 11. Input, `len` bytes: 16 bytes prefix of the chain (u8 length, lower-case characters,
 * zeros), then the text. Output: the record of invoice/record.ts, without the unused end of its data. Returns the
 * record's length in bytes, or a code as `invoice_decode` of invoice/decode.ts.
 */
export function invoice_decode(len: i32): i32 {
  if (<u32>len > <u32>NODE_INPUT_BYTES) return ERR_ARGUMENT;
  if (len < PREFIX_BYTES) return ERR_TRUNCATED;
  const code = decode(input + PREFIX_BYTES, len - PREFIX_BYTES, input);
  if (code < 0) return code;
  const record_length = <i32>load<u16>(invoice, RECORD_LENGTH);
  memory.copy(output, invoice, record_length);
  return record_length;
}

/**
 * Writes an invoice and signs it with the node's key. BOLT 11. Input, `len` bytes, numbers little-endian: 16 bytes prefix
 * of the chain as above; u64 amount in msat, 0 for any; u64 timestamp in s; then the fields in their order, each u8 type,
 * u8 0, u16 length, and so many bytes as the table of invoice/record.ts describes them. Output: the text. Returns its
 * length, or a code as `invoice_encode` of invoice/encode.ts.
 */
export function invoice_encode(len: i32): i32 {
  if (<u32>len > <u32>NODE_INPUT_BYTES) return ERR_ARGUMENT;
  if (len < <i32>ENCODE_HEADER) return ERR_TRUNCATED;
  draft_begin(load<u64>(input, <usize>PREFIX_BYTES), load<u64>(input, <usize>PREFIX_BYTES + 8));
  const end = input + <usize>len;
  let at = input + ENCODE_HEADER;
  while (at < end) {
    if (at + FIELD_HEADER > end) return ERR_TRUNCATED;
    const type = <u32>load<u16>(at);
    const length = <i32>load<u16>(at, 2);
    at += FIELD_HEADER;
    if (at + <usize>length > end) return ERR_TRUNCATED;
    const code = draft_field(type, at, length);
    if (code < 0) return code;
    at += <usize>length;
  }
  return encode(input, output);
}
