// Messages of BOLT 2 that open a channel of version 1. Below a table stand the offsets of its record (kinds.ts).

import { NO_TLVS } from "./setup";
import {
  BYTE,
  END,
  HASH,
  HOLD_S,
  INTERVAL,
  KIND_BITS,
  LIMITED,
  POINT,
  PPM,
  REST_BYTES,
  S64,
  SHORT_CHANNEL_ID,
  SIGNATURE,
  STOP,
  TLV_ENERGY_PARAMETERS,
  U16,
  U32,
  U64,
} from "./kinds";

/** `open_channel_tlvs` and `accept_channel_tlvs`; ours is PROTOCOL.md, "Lightning extensions". */
// prettier-ignore
export const OPENING_TLVS: usize = memory.data<u16>([
  0, REST_BYTES, END,
  1, REST_BYTES, END,
  TLV_ENERGY_PARAMETERS, U64, INTERVAL, LIMITED | (2 << KIND_BITS) | (1 << (KIND_BITS + 8)), POINT,
  S64, PPM, S64, PPM, PPM, U64, U64, PPM, S64, HOLD_S, END,
  STOP,
]);

/** `channel_ready_tlvs`. */
// prettier-ignore
export const CHANNEL_READY_TLVS: usize = memory.data<u16>([
  1, SHORT_CHANNEL_ID, END,
  STOP,
]);

/** "The `open_channel` Message". */
export const OPEN_CHANNEL: u16 = 32;
// prettier-ignore
export const OPEN_CHANNEL_TABLE: usize = memory.data<u16>([
  OPEN_CHANNEL, HASH, HASH, U64, U64, U64, U64, U64, U64, U32, U16, U16, POINT, POINT, POINT, POINT, POINT, POINT, BYTE, END,
  <u16>OPENING_TLVS,
]);
export const OPEN_CHANNEL_CHAIN_HASH: usize = 16;
export const OPEN_CHANNEL_TEMPORARY_CHANNEL_ID: usize = 20;
export const OPEN_CHANNEL_FUNDING_SATOSHIS: usize = 24;
export const OPEN_CHANNEL_PUSH_MSAT: usize = 32;
export const OPEN_CHANNEL_DUST_LIMIT_SATOSHIS: usize = 40;
export const OPEN_CHANNEL_MAX_HTLC_VALUE_IN_FLIGHT_MSAT: usize = 48;
export const OPEN_CHANNEL_CHANNEL_RESERVE_SATOSHIS: usize = 56;
export const OPEN_CHANNEL_HTLC_MINIMUM_MSAT: usize = 64;
export const OPEN_CHANNEL_FEERATE_PER_KW: usize = 72;
export const OPEN_CHANNEL_TO_SELF_DELAY: usize = 76;
export const OPEN_CHANNEL_MAX_ACCEPTED_HTLCS: usize = 80;
export const OPEN_CHANNEL_FUNDING_PUBKEY: usize = 84;
export const OPEN_CHANNEL_REVOCATION_BASEPOINT: usize = 88;
export const OPEN_CHANNEL_PAYMENT_BASEPOINT: usize = 92;
export const OPEN_CHANNEL_DELAYED_PAYMENT_BASEPOINT: usize = 96;
export const OPEN_CHANNEL_HTLC_BASEPOINT: usize = 100;
export const OPEN_CHANNEL_FIRST_PER_COMMITMENT_POINT: usize = 104;
export const OPEN_CHANNEL_CHANNEL_FLAGS: usize = 108;
export const OPEN_CHANNEL_HAS_UPFRONT_SHUTDOWN_SCRIPT: u32 = 1;
export const OPEN_CHANNEL_UPFRONT_SHUTDOWN_SCRIPT: usize = 112;
export const OPEN_CHANNEL_HAS_CHANNEL_TYPE: u32 = 2;
export const OPEN_CHANNEL_CHANNEL_TYPE: usize = 120;
export const OPEN_CHANNEL_HAS_ENERGY_PARAMETERS: u32 = 4;
export const OPEN_CHANNEL_ENERGY_PARAMETERS: usize = 128;

/** "The `accept_channel` Message". */
export const ACCEPT_CHANNEL: u16 = 33;
// prettier-ignore
export const ACCEPT_CHANNEL_TABLE: usize = memory.data<u16>([
  ACCEPT_CHANNEL, HASH, U64, U64, U64, U64, U32, U16, U16, POINT, POINT, POINT, POINT, POINT, POINT, END,
  <u16>OPENING_TLVS,
]);
export const ACCEPT_CHANNEL_TEMPORARY_CHANNEL_ID: usize = 16;
export const ACCEPT_CHANNEL_DUST_LIMIT_SATOSHIS: usize = 20;
export const ACCEPT_CHANNEL_MAX_HTLC_VALUE_IN_FLIGHT_MSAT: usize = 28;
export const ACCEPT_CHANNEL_CHANNEL_RESERVE_SATOSHIS: usize = 36;
export const ACCEPT_CHANNEL_HTLC_MINIMUM_MSAT: usize = 44;
export const ACCEPT_CHANNEL_MINIMUM_DEPTH: usize = 52;
export const ACCEPT_CHANNEL_TO_SELF_DELAY: usize = 56;
export const ACCEPT_CHANNEL_MAX_ACCEPTED_HTLCS: usize = 60;
export const ACCEPT_CHANNEL_FUNDING_PUBKEY: usize = 64;
export const ACCEPT_CHANNEL_REVOCATION_BASEPOINT: usize = 68;
export const ACCEPT_CHANNEL_PAYMENT_BASEPOINT: usize = 72;
export const ACCEPT_CHANNEL_DELAYED_PAYMENT_BASEPOINT: usize = 76;
export const ACCEPT_CHANNEL_HTLC_BASEPOINT: usize = 80;
export const ACCEPT_CHANNEL_FIRST_PER_COMMITMENT_POINT: usize = 84;
export const ACCEPT_CHANNEL_HAS_UPFRONT_SHUTDOWN_SCRIPT: u32 = 1;
export const ACCEPT_CHANNEL_UPFRONT_SHUTDOWN_SCRIPT: usize = 88;
export const ACCEPT_CHANNEL_HAS_CHANNEL_TYPE: u32 = 2;
export const ACCEPT_CHANNEL_CHANNEL_TYPE: usize = 96;
export const ACCEPT_CHANNEL_HAS_ENERGY_PARAMETERS: u32 = 4;
export const ACCEPT_CHANNEL_ENERGY_PARAMETERS: usize = 104;

/** "The `funding_created` Message". */
export const FUNDING_CREATED: u16 = 34;
// prettier-ignore
export const FUNDING_CREATED_TABLE: usize = memory.data<u16>([
  FUNDING_CREATED, HASH, HASH, U16, SIGNATURE, END, <u16>NO_TLVS,
]);
export const FUNDING_CREATED_TEMPORARY_CHANNEL_ID: usize = 16;
export const FUNDING_CREATED_FUNDING_TXID: usize = 20;
export const FUNDING_CREATED_FUNDING_OUTPUT_INDEX: usize = 24;
export const FUNDING_CREATED_SIGNATURE: usize = 28;

/** "The `funding_signed` Message". */
export const FUNDING_SIGNED: u16 = 35;
// prettier-ignore
export const FUNDING_SIGNED_TABLE: usize = memory.data<u16>([
  FUNDING_SIGNED, HASH, SIGNATURE, END, <u16>NO_TLVS,
]);
export const FUNDING_SIGNED_CHANNEL_ID: usize = 16;
export const FUNDING_SIGNED_SIGNATURE: usize = 20;

/** "The `channel_ready` Message". */
export const CHANNEL_READY: u16 = 36;
// prettier-ignore
export const CHANNEL_READY_TABLE: usize = memory.data<u16>([
  CHANNEL_READY, HASH, POINT, END, <u16>CHANNEL_READY_TLVS,
]);
export const CHANNEL_READY_CHANNEL_ID: usize = 16;
export const CHANNEL_READY_SECOND_PER_COMMITMENT_POINT: usize = 20;
export const CHANNEL_READY_HAS_SHORT_CHANNEL_ID: u32 = 1;
export const CHANNEL_READY_SHORT_CHANNEL_ID: usize = 24;
