// Messages of BOLT 7 that announce. Signatures cover the frame behind them to its end, the TLV stream included. Below a
// table stand the offsets of its record (kinds.ts).

import { NO_TLVS } from "./setup";
import { BYTE, BYTES, END, FIXED, HASH, KIND_BITS, POINT, SHORT_CHANNEL_ID, SIGNATURE, U16, U32, U64 } from "./kinds";

/** "The `channel_announcement` Message". */
export const CHANNEL_ANNOUNCEMENT: u16 = 256;
// prettier-ignore
export const CHANNEL_ANNOUNCEMENT_TABLE: usize = memory.data<u16>([
  CHANNEL_ANNOUNCEMENT, SIGNATURE, SIGNATURE, SIGNATURE, SIGNATURE, BYTES, HASH, SHORT_CHANNEL_ID, POINT, POINT, POINT, POINT, END,
  <u16>NO_TLVS,
]);
export const CHANNEL_ANNOUNCEMENT_NODE_SIGNATURE_1: usize = 16;
export const CHANNEL_ANNOUNCEMENT_NODE_SIGNATURE_2: usize = 20;
export const CHANNEL_ANNOUNCEMENT_BITCOIN_SIGNATURE_1: usize = 24;
export const CHANNEL_ANNOUNCEMENT_BITCOIN_SIGNATURE_2: usize = 28;
export const CHANNEL_ANNOUNCEMENT_FEATURES: usize = 32;
export const CHANNEL_ANNOUNCEMENT_CHAIN_HASH: usize = 40;
export const CHANNEL_ANNOUNCEMENT_SHORT_CHANNEL_ID: usize = 44;
export const CHANNEL_ANNOUNCEMENT_NODE_ID_1: usize = 52;
export const CHANNEL_ANNOUNCEMENT_NODE_ID_2: usize = 56;
export const CHANNEL_ANNOUNCEMENT_BITCOIN_KEY_1: usize = 60;
export const CHANNEL_ANNOUNCEMENT_BITCOIN_KEY_2: usize = 64;

/** "The `node_announcement` Message". */
export const NODE_ANNOUNCEMENT: u16 = 257;
// prettier-ignore
export const NODE_ANNOUNCEMENT_TABLE: usize = memory.data<u16>([
  NODE_ANNOUNCEMENT, SIGNATURE, BYTES, U32, POINT, FIXED | (3 << KIND_BITS), HASH, BYTES, END, <u16>NO_TLVS,
]);
export const NODE_ANNOUNCEMENT_SIGNATURE: usize = 16;
export const NODE_ANNOUNCEMENT_FEATURES: usize = 20;
export const NODE_ANNOUNCEMENT_TIMESTAMP: usize = 28;
export const NODE_ANNOUNCEMENT_NODE_ID: usize = 32;
export const NODE_ANNOUNCEMENT_RGB_COLOR: usize = 36;
export const NODE_ANNOUNCEMENT_ALIAS: usize = 40;
export const NODE_ANNOUNCEMENT_ADDRESSES: usize = 44;

/** "The `channel_update` Message". */
export const CHANNEL_UPDATE: u16 = 258;
// prettier-ignore
export const CHANNEL_UPDATE_TABLE: usize = memory.data<u16>([
  CHANNEL_UPDATE, SIGNATURE, HASH, SHORT_CHANNEL_ID, U32, BYTE, BYTE, U16, U64, U32, U32, U64, END, <u16>NO_TLVS,
]);
export const CHANNEL_UPDATE_SIGNATURE: usize = 16;
export const CHANNEL_UPDATE_CHAIN_HASH: usize = 20;
export const CHANNEL_UPDATE_SHORT_CHANNEL_ID: usize = 24;
export const CHANNEL_UPDATE_TIMESTAMP: usize = 32;
export const CHANNEL_UPDATE_MESSAGE_FLAGS: usize = 36;
export const CHANNEL_UPDATE_CHANNEL_FLAGS: usize = 40;
export const CHANNEL_UPDATE_CLTV_EXPIRY_DELTA: usize = 44;
export const CHANNEL_UPDATE_HTLC_MINIMUM_MSAT: usize = 48;
export const CHANNEL_UPDATE_FEE_BASE_MSAT: usize = 56;
export const CHANNEL_UPDATE_FEE_PROPORTIONAL_MILLIONTHS: usize = 60;
export const CHANNEL_UPDATE_HTLC_MAXIMUM_MSAT: usize = 64;

/** "The `announcement_signatures` Message". */
export const ANNOUNCEMENT_SIGNATURES: u16 = 259;
// prettier-ignore
export const ANNOUNCEMENT_SIGNATURES_TABLE: usize = memory.data<u16>([
  ANNOUNCEMENT_SIGNATURES, HASH, SHORT_CHANNEL_ID, SIGNATURE, SIGNATURE, END, <u16>NO_TLVS,
]);
export const ANNOUNCEMENT_SIGNATURES_CHANNEL_ID: usize = 16;
export const ANNOUNCEMENT_SIGNATURES_SHORT_CHANNEL_ID: usize = 20;
export const ANNOUNCEMENT_SIGNATURES_NODE_SIGNATURE: usize = 28;
export const ANNOUNCEMENT_SIGNATURES_BITCOIN_SIGNATURE: usize = 32;
