// Messages of BOLT 7 that query. Encoded arrays stand in a record without their encoding, which is always 0. Below a table
// stand the offsets of its record (kinds.ts).

import { NO_TLVS } from "./setup";
import { BIGSIZE, BIGSIZES, BYTE, END, HASH, KIND_BITS, PLAIN, REST, SHORT_IDS, STOP, U32 } from "./kinds";

/** `query_short_channel_ids_tlvs`. */
// prettier-ignore
export const QUERY_SHORT_CHANNEL_IDS_TLVS: usize = memory.data<u16>([
  1, PLAIN, BIGSIZES, END,
  STOP,
]);

/** `query_channel_range_tlvs`. */
// prettier-ignore
export const QUERY_CHANNEL_RANGE_TLVS: usize = memory.data<u16>([
  1, BIGSIZE, END,
  STOP,
]);

/** `reply_channel_range_tlvs`. */
// prettier-ignore
export const REPLY_CHANNEL_RANGE_TLVS: usize = memory.data<u16>([
  1, PLAIN, REST | (8 << KIND_BITS), END,
  3, REST | (8 << KIND_BITS), END,
  STOP,
]);

/** "The `query_short_channel_ids`/`reply_short_channel_ids_end` Messages". */
export const QUERY_SHORT_CHANNEL_IDS: u16 = 261;
// prettier-ignore
export const QUERY_SHORT_CHANNEL_IDS_TABLE: usize = memory.data<u16>([
  QUERY_SHORT_CHANNEL_IDS, HASH, SHORT_IDS, END, <u16>QUERY_SHORT_CHANNEL_IDS_TLVS,
]);
export const QUERY_SHORT_CHANNEL_IDS_CHAIN_HASH: usize = 16;
export const QUERY_SHORT_CHANNEL_IDS_ENCODED_SHORT_IDS: usize = 20;
export const QUERY_SHORT_CHANNEL_IDS_HAS_QUERY_FLAGS: u32 = 1;
export const QUERY_SHORT_CHANNEL_IDS_QUERY_FLAGS_ENCODING_TYPE: usize = 28;
export const QUERY_SHORT_CHANNEL_IDS_QUERY_FLAGS_ENCODED_QUERY_FLAGS: usize = 32;

export const REPLY_SHORT_CHANNEL_IDS_END: u16 = 262;
// prettier-ignore
export const REPLY_SHORT_CHANNEL_IDS_END_TABLE: usize = memory.data<u16>([
  REPLY_SHORT_CHANNEL_IDS_END, HASH, BYTE, END, <u16>NO_TLVS,
]);
export const REPLY_SHORT_CHANNEL_IDS_END_CHAIN_HASH: usize = 16;
export const REPLY_SHORT_CHANNEL_IDS_END_FULL_INFORMATION: usize = 20;

/** "The `query_channel_range` and `reply_channel_range` Messages". */
export const QUERY_CHANNEL_RANGE: u16 = 263;
// prettier-ignore
export const QUERY_CHANNEL_RANGE_TABLE: usize = memory.data<u16>([
  QUERY_CHANNEL_RANGE, HASH, U32, U32, END, <u16>QUERY_CHANNEL_RANGE_TLVS,
]);
export const QUERY_CHANNEL_RANGE_CHAIN_HASH: usize = 16;
export const QUERY_CHANNEL_RANGE_FIRST_BLOCKNUM: usize = 20;
export const QUERY_CHANNEL_RANGE_NUMBER_OF_BLOCKS: usize = 24;
export const QUERY_CHANNEL_RANGE_HAS_QUERY_OPTION: u32 = 1;
export const QUERY_CHANNEL_RANGE_QUERY_OPTION: usize = 28;

export const REPLY_CHANNEL_RANGE: u16 = 264;
// prettier-ignore
export const REPLY_CHANNEL_RANGE_TABLE: usize = memory.data<u16>([
  REPLY_CHANNEL_RANGE, HASH, U32, U32, BYTE, SHORT_IDS, END, <u16>REPLY_CHANNEL_RANGE_TLVS,
]);
export const REPLY_CHANNEL_RANGE_CHAIN_HASH: usize = 16;
export const REPLY_CHANNEL_RANGE_FIRST_BLOCKNUM: usize = 20;
export const REPLY_CHANNEL_RANGE_NUMBER_OF_BLOCKS: usize = 24;
export const REPLY_CHANNEL_RANGE_SYNC_COMPLETE: usize = 28;
export const REPLY_CHANNEL_RANGE_ENCODED_SHORT_IDS: usize = 32;
export const REPLY_CHANNEL_RANGE_HAS_TIMESTAMPS_TLV: u32 = 1;
export const REPLY_CHANNEL_RANGE_TIMESTAMPS_TLV_ENCODING_TYPE: usize = 40;
export const REPLY_CHANNEL_RANGE_TIMESTAMPS_TLV_ENCODED_TIMESTAMPS: usize = 44;
export const REPLY_CHANNEL_RANGE_HAS_CHECKSUMS_TLV: u32 = 2;
export const REPLY_CHANNEL_RANGE_CHECKSUMS_TLV: usize = 52;

/** "The `gossip_timestamp_filter` Message". */
export const GOSSIP_TIMESTAMP_FILTER: u16 = 265;
// prettier-ignore
export const GOSSIP_TIMESTAMP_FILTER_TABLE: usize = memory.data<u16>([
  GOSSIP_TIMESTAMP_FILTER, HASH, U32, U32, END, <u16>NO_TLVS,
]);
export const GOSSIP_TIMESTAMP_FILTER_CHAIN_HASH: usize = 16;
export const GOSSIP_TIMESTAMP_FILTER_FIRST_TIMESTAMP: usize = 20;
export const GOSSIP_TIMESTAMP_FILTER_TIMESTAMP_RANGE: usize = 24;
