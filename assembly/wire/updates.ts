// Messages of BOLT 2 in normal operation. Below a table stand the offsets of its record (kinds.ts).

import { NO_TLVS } from "./setup";
import {
  BYTE,
  BYTES,
  END,
  FIXED,
  HASH,
  HOLD_S,
  KIND_BITS,
  POINT,
  RIDER_KINDS,
  SIGNATURE,
  SIGNATURES,
  SIGNED,
  STOP,
  TLV_ENERGY_RIDER,
  TLV_RECEIPT_NOTE,
  U16,
  U32,
  U64,
} from "./kinds";

/** `update_add_htlc_tlvs`, and our rider. */
// prettier-ignore
export const UPDATE_ADD_HTLC_TLVS: usize = memory.data<u16>([
  0, POINT, END,
  TLV_ENERGY_RIDER, U32, RIDER_KINDS, HOLD_S, SIGNED, END,
  STOP,
]);

/** `update_fulfill_htlc_tlvs`, and our receipt note. */
// prettier-ignore
export const UPDATE_FULFILL_HTLC_TLVS: usize = memory.data<u16>([
  1, FIXED | (80 << KIND_BITS), FIXED | (840 << KIND_BITS), END,
  TLV_RECEIPT_NOTE, U32, U64, U64, SIGNATURE, END,
  STOP,
]);

/** `update_fail_htlc_tlvs`. */
// prettier-ignore
export const UPDATE_FAIL_HTLC_TLVS: usize = memory.data<u16>([
  1, FIXED | (80 << KIND_BITS), FIXED | (840 << KIND_BITS), END,
  STOP,
]);

/** `commitment_signed_tlvs`. */
// prettier-ignore
export const COMMITMENT_SIGNED_TLVS: usize = memory.data<u16>([
  1, HASH, END,
  STOP,
]);

/** `channel_reestablish_tlvs`. */
// prettier-ignore
export const CHANNEL_REESTABLISH_TLVS: usize = memory.data<u16>([
  1, HASH, BYTE, END,
  5, HASH, BYTE, END,
  STOP,
]);

/** "Adding an HTLC". */
export const UPDATE_ADD_HTLC: u16 = 128;
// prettier-ignore
export const UPDATE_ADD_HTLC_TABLE: usize = memory.data<u16>([
  UPDATE_ADD_HTLC, HASH, U64, U64, HASH, U32, FIXED | (1366 << KIND_BITS), END, <u16>UPDATE_ADD_HTLC_TLVS,
]);
export const UPDATE_ADD_HTLC_CHANNEL_ID: usize = 16;
export const UPDATE_ADD_HTLC_ID: usize = 20;
export const UPDATE_ADD_HTLC_AMOUNT_MSAT: usize = 28;
export const UPDATE_ADD_HTLC_PAYMENT_HASH: usize = 36;
export const UPDATE_ADD_HTLC_CLTV_EXPIRY: usize = 40;
export const UPDATE_ADD_HTLC_ONION_ROUTING_PACKET: usize = 44;
export const UPDATE_ADD_HTLC_HAS_BLINDED_PATH: u32 = 1;
export const UPDATE_ADD_HTLC_BLINDED_PATH: usize = 48;
export const UPDATE_ADD_HTLC_HAS_ENERGY_RIDER: u32 = 2;
export const UPDATE_ADD_HTLC_ENERGY_RIDER: usize = 52;

/** "Removing an HTLC". */
export const UPDATE_FULFILL_HTLC: u16 = 130;
// prettier-ignore
export const UPDATE_FULFILL_HTLC_TABLE: usize = memory.data<u16>([
  UPDATE_FULFILL_HTLC, HASH, U64, HASH, END, <u16>UPDATE_FULFILL_HTLC_TLVS,
]);
export const UPDATE_FULFILL_HTLC_CHANNEL_ID: usize = 16;
export const UPDATE_FULFILL_HTLC_ID: usize = 20;
export const UPDATE_FULFILL_HTLC_PAYMENT_PREIMAGE: usize = 28;
export const UPDATE_FULFILL_HTLC_HAS_ATTRIBUTION_DATA: u32 = 1;
export const UPDATE_FULFILL_HTLC_ATTRIBUTION_DATA_HTLC_HOLD_TIMES: usize = 32;
export const UPDATE_FULFILL_HTLC_ATTRIBUTION_DATA_TRUNCATED_HMACS: usize = 36;
export const UPDATE_FULFILL_HTLC_HAS_RECEIPT_NOTE: u32 = 2;
export const UPDATE_FULFILL_HTLC_RECEIPT_NOTE: usize = 40;

export const UPDATE_FAIL_HTLC: u16 = 131;
// prettier-ignore
export const UPDATE_FAIL_HTLC_TABLE: usize = memory.data<u16>([
  UPDATE_FAIL_HTLC, HASH, U64, BYTES, END, <u16>UPDATE_FAIL_HTLC_TLVS,
]);
export const UPDATE_FAIL_HTLC_CHANNEL_ID: usize = 16;
export const UPDATE_FAIL_HTLC_ID: usize = 20;
export const UPDATE_FAIL_HTLC_REASON: usize = 28;
export const UPDATE_FAIL_HTLC_HAS_ATTRIBUTION_DATA: u32 = 1;
export const UPDATE_FAIL_HTLC_ATTRIBUTION_DATA_HTLC_HOLD_TIMES: usize = 36;
export const UPDATE_FAIL_HTLC_ATTRIBUTION_DATA_TRUNCATED_HMACS: usize = 40;

export const UPDATE_FAIL_MALFORMED_HTLC: u16 = 135;
// prettier-ignore
export const UPDATE_FAIL_MALFORMED_HTLC_TABLE: usize = memory.data<u16>([
  UPDATE_FAIL_MALFORMED_HTLC, HASH, U64, HASH, U16, END, <u16>NO_TLVS,
]);
export const UPDATE_FAIL_MALFORMED_HTLC_CHANNEL_ID: usize = 16;
export const UPDATE_FAIL_MALFORMED_HTLC_ID: usize = 20;
export const UPDATE_FAIL_MALFORMED_HTLC_SHA256_OF_ONION: usize = 28;
export const UPDATE_FAIL_MALFORMED_HTLC_FAILURE_CODE: usize = 32;

/** "Committing Updates So Far". More than MAX_HTLCS signatures are ERR_CAPACITY. */
export const COMMITMENT_SIGNED: u16 = 132;
// prettier-ignore
export const COMMITMENT_SIGNED_TABLE: usize = memory.data<u16>([
  COMMITMENT_SIGNED, HASH, SIGNATURE, SIGNATURES, END, <u16>COMMITMENT_SIGNED_TLVS,
]);
export const COMMITMENT_SIGNED_CHANNEL_ID: usize = 16;
export const COMMITMENT_SIGNED_SIGNATURE: usize = 20;
export const COMMITMENT_SIGNED_HTLC_SIGNATURE: usize = 24;
export const COMMITMENT_SIGNED_HAS_FUNDING_TXID: u32 = 1;
export const COMMITMENT_SIGNED_FUNDING_TXID: usize = 32;

/** "Completing the Transition to the Updated State". */
export const REVOKE_AND_ACK: u16 = 133;
// prettier-ignore
export const REVOKE_AND_ACK_TABLE: usize = memory.data<u16>([
  REVOKE_AND_ACK, HASH, HASH, POINT, END, <u16>NO_TLVS,
]);
export const REVOKE_AND_ACK_CHANNEL_ID: usize = 16;
export const REVOKE_AND_ACK_PER_COMMITMENT_SECRET: usize = 20;
export const REVOKE_AND_ACK_NEXT_PER_COMMITMENT_POINT: usize = 24;

/** "Updating Fees". */
export const UPDATE_FEE: u16 = 134;
// prettier-ignore
export const UPDATE_FEE_TABLE: usize = memory.data<u16>([
  UPDATE_FEE, HASH, U32, END, <u16>NO_TLVS,
]);
export const UPDATE_FEE_CHANNEL_ID: usize = 16;
export const UPDATE_FEE_FEERATE_PER_KW: usize = 20;

/** "Message Retransmission". */
export const CHANNEL_REESTABLISH: u16 = 136;
// prettier-ignore
export const CHANNEL_REESTABLISH_TABLE: usize = memory.data<u16>([
  CHANNEL_REESTABLISH, HASH, U64, U64, HASH, POINT, END, <u16>CHANNEL_REESTABLISH_TLVS,
]);
export const CHANNEL_REESTABLISH_CHANNEL_ID: usize = 16;
export const CHANNEL_REESTABLISH_NEXT_COMMITMENT_NUMBER: usize = 20;
export const CHANNEL_REESTABLISH_NEXT_REVOCATION_NUMBER: usize = 28;
export const CHANNEL_REESTABLISH_YOUR_LAST_PER_COMMITMENT_SECRET: usize = 36;
export const CHANNEL_REESTABLISH_MY_CURRENT_PER_COMMITMENT_POINT: usize = 40;
export const CHANNEL_REESTABLISH_HAS_NEXT_FUNDING: u32 = 1;
export const CHANNEL_REESTABLISH_NEXT_FUNDING_NEXT_FUNDING_TXID: usize = 44;
export const CHANNEL_REESTABLISH_NEXT_FUNDING_RETRANSMIT_FLAGS: usize = 48;
export const CHANNEL_REESTABLISH_HAS_MY_CURRENT_FUNDING_LOCKED: u32 = 2;
export const CHANNEL_REESTABLISH_MY_CURRENT_FUNDING_LOCKED_MY_CURRENT_FUNDING_LOCKED_TXID: usize = 52;
export const CHANNEL_REESTABLISH_MY_CURRENT_FUNDING_LOCKED_RETRANSMIT_FLAGS: usize = 56;

/** "Channel Quiescence". */
export const STFU: u16 = 2;
// prettier-ignore
export const STFU_TABLE: usize = memory.data<u16>([
  STFU, HASH, BYTE, END, <u16>NO_TLVS,
]);
export const STFU_CHANNEL_ID: usize = 16;
export const STFU_INITIATOR: usize = 20;
