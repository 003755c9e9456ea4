// Writing an invoice. BOLT 11.

import { ERR_CAPACITY, ERR_VALUE } from "../base/errors";
import { MAX_INVOICE_CHARS } from "../base/limits";
import { text_begin, text_cursor, put_byte } from "../base/text";
import { key_sign_recoverable } from "../crypto/crypto";
import { KEY_NODE } from "../crypto/keys";
import { CHECKSUM_CHARS, SEPARATOR, put_checksum, put_groups, unpack } from "./bech32";
import { SIGNATURE_CHARS, TIMESTAMP_CHARS, digest, hash_signed, invoice_decode, signature } from "./decode";
import { FIELD_HEADER_CHARS } from "./fields";
import { MAX_HRP_CHARS, check_prefix, put_prefix } from "./prefix";
import {
  AMOUNT_MSAT,
  ENTRY_BYTES,
  FIELDS,
  TABLE,
  TIMESTAMP,
  draft,
  entry_data,
  entry_groups,
  lead_bits,
} from "./record";

const MAX_TIMESTAMP: u64 = (1 << 35) - 1;

/**
 * Writes the draft as an invoice of the chain whose prefix record is at `prefix`, signed by the node's key, to `text`,
 * which has room for MAX_INVOICE_CHARS. Fields stand in the order in which they were added. What was written is read
 * again, so that nothing leaves that a reader refuses, and is then in `invoice`; the draft is used up.
 * Returns the number of characters. ERR_CAPACITY: too long; ERR_VALUE: timestamp beyond 35 bits; ERR_OVERFLOW: amount
 * that has no form; ERR_ARGUMENT, ERR_STATE, ERR_CRYPTO; and what `invoice_decode` says of its contents. After a code
 * `invoice` is as it was.
 */
export function invoice_encode(prefix: usize, text: usize): i32 {
  let code = check_prefix(prefix);
  if (code < 0) return code;
  if (load<u64>(draft, TIMESTAMP) > MAX_TIMESTAMP) return ERR_VALUE;
  text_begin(text, MAX_HRP_CHARS + 1);
  code = put_prefix(prefix, load<u64>(draft, AMOUNT_MSAT));
  if (code < 0) return code;
  const hrp_len = <i32>(text_cursor() - text);
  put_byte(SEPARATOR);
  const start = text_cursor();
  put_groups(load<u64>(draft, TIMESTAMP), TIMESTAMP_CHARS, start);
  let cursor = start + TIMESTAMP_CHARS;
  const limit = text + MAX_INVOICE_CHARS - SIGNATURE_CHARS - CHECKSUM_CHARS;
  const end = draft + TABLE + <usize>load<u8>(draft, FIELDS) * ENTRY_BYTES;
  for (let entry = draft + TABLE; entry < end; entry += ENTRY_BYTES) {
    const type = <u32>load<u8>(entry);
    const groups = entry_groups(entry);
    if (cursor + <usize>(groups + FIELD_HEADER_CHARS) > limit) return ERR_CAPACITY;
    put_groups(<u64>((type << 10) | (<u32>groups)), FIELD_HEADER_CHARS, cursor);
    cursor += FIELD_HEADER_CHARS;
    unpack(entry_data(draft, entry), lead_bits(type, groups), groups, cursor);
    cursor += <usize>groups;
  }
  code = hash_signed(text, hrp_len, <i32>(cursor - start));
  if (code < 0) return code;
  code = key_sign_recoverable(KEY_NODE, digest, signature);
  if (code < 0) return code;
  unpack(signature, 0, SIGNATURE_CHARS, cursor);
  cursor += SIGNATURE_CHARS;
  put_checksum(text, hrp_len, <i32>(cursor - start));
  const len = <i32>(cursor - text) + CHECKSUM_CHARS;
  code = invoice_decode(text, len, prefix);
  return code < 0 ? code : len;
}
