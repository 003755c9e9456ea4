// TLVs of an onion's hop payload, with keysend's (bLIP 3) and ours. BOLT 4, "Payload Format". codec.ts decodes and encodes
// them: decode_tlvs(PAYLOAD, record), encode_tlvs(PAYLOAD, record).

import {
  END,
  HASH,
  POINT,
  REST_BYTES,
  RIDER_KINDS,
  SHORT_CHANNEL_ID,
  SIGNED,
  STOP,
  TLV_ENERGY,
  TLV_ENERGY_TOTAL,
  TLV_KEYSEND_PREIMAGE,
  TU32,
  TU64,
  U32,
} from "./kinds";

// prettier-ignore
export const PAYLOAD: usize = memory.data<u16>([
  2, TU64, END,
  4, TU32, END,
  6, SHORT_CHANNEL_ID, END,
  8, HASH, TU64, END,
  10, REST_BYTES, END,
  12, POINT, END,
  16, REST_BYTES, END,
  18, TU64, END,
  TLV_ENERGY, U32, RIDER_KINDS, SIGNED, END,
  TLV_ENERGY_TOTAL, SIGNED, END,
  TLV_KEYSEND_PREIMAGE, HASH, END,
  STOP,
]);

/** Bits of RECORD_PRESENT. */
export const HAS_AMT_TO_FORWARD: u32 = 1;
export const HAS_OUTGOING_CLTV_VALUE: u32 = 2;
export const HAS_SHORT_CHANNEL_ID: u32 = 4;
export const HAS_PAYMENT_DATA: u32 = 8;
export const HAS_ENCRYPTED_RECIPIENT_DATA: u32 = 16;
export const HAS_CURRENT_PATH_KEY: u32 = 32;
export const HAS_PAYMENT_METADATA: u32 = 64;
export const HAS_TOTAL_AMOUNT_MSAT: u32 = 128;
export const HAS_ENERGY: u32 = 256;
export const HAS_ENERGY_TOTAL: u32 = 512;
export const HAS_KEYSEND_PREIMAGE: u32 = 1024;

// Offsets of a payload's record.

/** u64. */
export const AMT_TO_FORWARD: usize = 16;
/** u64, of 32 bits at most. */
export const OUTGOING_CLTV_VALUE: usize = 24;
/** u64. */
export const SHORT_CHANNEL_ID_AT: usize = 32;
/** Address of 32 bytes. */
export const PAYMENT_SECRET: usize = 40;
/** u64, of `payment_data`. */
export const TOTAL_MSAT: usize = 44;
/** Address, and 4 bytes on the number of bytes. */
export const ENCRYPTED_RECIPIENT_DATA: usize = 52;
/** Address of 33 bytes. */
export const CURRENT_PATH_KEY: usize = 60;
/** Address, and 4 bytes on the number of bytes. */
export const PAYMENT_METADATA: usize = 64;
/** u64, of a blinded payment. */
export const TOTAL_AMOUNT_MSAT: usize = 72;
/** u32, UTC in s. */
export const ENERGY_INTERVAL_START: usize = 80;
/** u32: RECEIPT, PROMISE or ARREARS of energy.ts. */
export const ENERGY_KIND: usize = 84;
/** i64. */
export const ENERGY_AMOUNT_MWH: usize = 88;
/** i64. */
export const ENERGY_TOTAL_MWH: usize = 96;
/** Address of 32 bytes. */
export const KEYSEND_PREIMAGE: usize = 104;
/** Bytes of the record. */
export const PAYLOAD_RECORD_BYTES: i32 = 108;
