import { ERR_ARGUMENT } from "../base/errors";
import { MAX_RECORD_BYTES, NODE_INPUT_BYTES, NODE_OUTPUT_BYTES } from "../base/limits";
import { decode_message, encode_message } from "../wire/message";
import { input, output } from "./buffers";

const record: usize = memory.data(MAX_RECORD_BYTES, 8);

/**
 * Decodes the Lightning message of `len` bytes in the input buffer, type included. Returns its type, 0 for one of unknown
 * odd type, or a code of decode_message.
 */
export function message_decode(len: i32): i32 {
  if (<u32>len > <u32>NODE_INPUT_BYTES) return ERR_ARGUMENT;
  return decode_message(input, len, record);
}

/**
 * Decodes as message_decode does and encodes again, into the output buffer: what Tieline makes of the message. Returns the
 * length, which for a valid message is `len`, with the same bytes; 0 for one of unknown odd type; or a code.
 */
export function message_reencode(len: i32): i32 {
  const type = message_decode(len);
  return type <= 0 ? type : encode_message(record, output, NODE_OUTPUT_BYTES);
}
