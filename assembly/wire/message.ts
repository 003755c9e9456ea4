// Lightning messages from frames and to frames. BOLT 1, "Lightning Message Format". A message's fields lie in a record of
// MAX_RECORD_BYTES; setup.ts, opening.ts, updates.ts, closing.ts, announcements.ts, queries.ts and energy.ts say where.

import { ERR_UNKNOWN_EVEN } from "../base/errors";
import { MAX_RECORD_BYTES } from "../base/limits";
import { read_begin, read_fault, read_u16 } from "../base/reader";
import { write_begin, write_end, write_u16 } from "../base/writer";
import {
  ANNOUNCEMENT_SIGNATURES_TABLE,
  CHANNEL_ANNOUNCEMENT_TABLE,
  CHANNEL_UPDATE_TABLE,
  NODE_ANNOUNCEMENT_TABLE,
} from "./announcements";
import { CLOSING_COMPLETE_TABLE, CLOSING_SIGNED_TABLE, CLOSING_SIG_TABLE, SHUTDOWN_TABLE } from "./closing";
import { draft_begin, draft_end, draft_type, read_fields, read_tlvs } from "./decoder";
import { write_record, write_tlvs } from "./encoder";
import { ENERGY_LAPSE_TABLE, INTERVAL_CLOSE_TABLE, INTERVAL_ROLL_TABLE, LINE_POLICY_TABLE } from "./energy";
import { RECORD_FIELDS, RECORD_TYPE } from "./kinds";
import {
  ACCEPT_CHANNEL_TABLE,
  CHANNEL_READY_TABLE,
  FUNDING_CREATED_TABLE,
  FUNDING_SIGNED_TABLE,
  OPEN_CHANNEL_TABLE,
} from "./opening";
import {
  GOSSIP_TIMESTAMP_FILTER_TABLE,
  QUERY_CHANNEL_RANGE_TABLE,
  QUERY_SHORT_CHANNEL_IDS_TABLE,
  REPLY_CHANNEL_RANGE_TABLE,
  REPLY_SHORT_CHANNEL_IDS_END_TABLE,
} from "./queries";
import {
  ERROR_TABLE,
  INIT_TABLE,
  PEER_STORAGE_RETRIEVAL_TABLE,
  PEER_STORAGE_TABLE,
  PING_TABLE,
  PONG_TABLE,
  WARNING_TABLE,
} from "./setup";
import {
  CHANNEL_REESTABLISH_TABLE,
  COMMITMENT_SIGNED_TABLE,
  REVOKE_AND_ACK_TABLE,
  STFU_TABLE,
  UPDATE_ADD_HTLC_TABLE,
  UPDATE_FAIL_HTLC_TABLE,
  UPDATE_FAIL_MALFORMED_HTLC_TABLE,
  UPDATE_FEE_TABLE,
  UPDATE_FULFILL_HTLC_TABLE,
} from "./updates";

/**
 * Offset of the channel_id's address in the record of every message about a channel; of the temporary_channel_id's in
 * those that open one, but for OPEN_CHANNEL_TEMPORARY_CHANNEL_ID.
 */
export const MESSAGE_CHANNEL_ID: usize = RECORD_FIELDS;

/** Addresses of the tables, the commonest messages first; 0 ends. Linear memory is one page, so a u16 holds any. */
const TABLES: usize = memory.data<u16>([
  <u16>UPDATE_ADD_HTLC_TABLE,
  <u16>COMMITMENT_SIGNED_TABLE,
  <u16>REVOKE_AND_ACK_TABLE,
  <u16>UPDATE_FULFILL_HTLC_TABLE,
  <u16>UPDATE_FAIL_HTLC_TABLE,
  <u16>UPDATE_FAIL_MALFORMED_HTLC_TABLE,
  <u16>UPDATE_FEE_TABLE,
  <u16>ENERGY_LAPSE_TABLE,
  <u16>INTERVAL_CLOSE_TABLE,
  <u16>INTERVAL_ROLL_TABLE,
  <u16>CHANNEL_UPDATE_TABLE,
  <u16>CHANNEL_ANNOUNCEMENT_TABLE,
  <u16>NODE_ANNOUNCEMENT_TABLE,
  <u16>LINE_POLICY_TABLE,
  <u16>PING_TABLE,
  <u16>PONG_TABLE,
  <u16>INIT_TABLE,
  <u16>ERROR_TABLE,
  <u16>WARNING_TABLE,
  <u16>CHANNEL_REESTABLISH_TABLE,
  <u16>OPEN_CHANNEL_TABLE,
  <u16>ACCEPT_CHANNEL_TABLE,
  <u16>FUNDING_CREATED_TABLE,
  <u16>FUNDING_SIGNED_TABLE,
  <u16>CHANNEL_READY_TABLE,
  <u16>SHUTDOWN_TABLE,
  <u16>CLOSING_SIGNED_TABLE,
  <u16>CLOSING_COMPLETE_TABLE,
  <u16>CLOSING_SIG_TABLE,
  <u16>STFU_TABLE,
  <u16>ANNOUNCEMENT_SIGNATURES_TABLE,
  <u16>QUERY_SHORT_CHANNEL_IDS_TABLE,
  <u16>REPLY_SHORT_CHANNEL_IDS_END_TABLE,
  <u16>QUERY_CHANNEL_RANGE_TABLE,
  <u16>REPLY_CHANNEL_RANGE_TABLE,
  <u16>GOSSIP_TIMESTAMP_FILTER_TABLE,
  <u16>PEER_STORAGE_TABLE,
  <u16>PEER_STORAGE_RETRIEVAL_TABLE,
  0,
]);

/** The message's table, or 0. */
function table_of(type: u32): usize {
  let at = TABLES;
  let table: usize;
  do {
    table = load<u16>(at);
    at += 2;
  } while (table != 0 && load<u16>(table) != type);
  return table;
}

/**
 * Decodes the message of `len` bytes at `frame`, type included, into `record`, which then points into the frame. Returns
 * the message's type; 0 for an unknown one of odd type, which is to be ignored; or a code (those of decode_tlvs, and
 * ERR_CAPACITY), after which the record is as before. An even type that is unknown is ERR_UNKNOWN_EVEN.
 */
export function decode_message(frame: usize, len: i32, record: usize): i32 {
  read_begin(frame, len);
  const type = <i32>read_u16();
  if (read_fault() != 0) return read_fault();
  const table = table_of(type);
  if (table == 0) return (type & 1) != 0 ? 0 : ERR_UNKNOWN_EVEN;
  draft_begin();
  draft_type(type);
  read_tlvs(load<u16>(read_fields(table + 2)));
  const code = draft_end(record);
  return code < 0 ? code : type;
}

/** Empties a record, to become a message of type `type`. */
export function message_begin(record: usize, type: i32): void {
  memory.fill(record, 0, MAX_RECORD_BYTES);
  store<i32>(record, type, RECORD_TYPE);
}

/**
 * Encodes the message in `record` to `capacity` bytes at `to`, which must not be bytes that the record points at. Returns
 * the frame's length or ERR_CAPACITY. Every field must have been filled in; TLVs that RECORD_PRESENT says are there, and
 * those of the record's stream that are not in the message's namespace, follow. Uses the reader.
 */
export function encode_message(record: usize, to: usize, capacity: i32): i32 {
  const type = load<i32>(record, RECORD_TYPE);
  const table = table_of(type);
  assert(table != 0);
  write_begin(to, capacity);
  write_u16(type);
  write_tlvs(load<u16>(write_record(table + 2, record)), record);
  return write_end();
}
