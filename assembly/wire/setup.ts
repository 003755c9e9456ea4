// Messages of BOLT 1. How tables and records are made is said in kinds.ts; below a table stand the offsets of its record,
// in the same order, and the bits of TLVs in RECORD_PRESENT.

import { BYTES, END, HASH, KIND_BITS, REST, REST_BYTES, STOP, U16 } from "./kinds";

/** Namespace of messages without TLVs of their own. */
// prettier-ignore
export const NO_TLVS: usize = memory.data<u16>([
  STOP,
]);

/** `init_tlvs`. */
// prettier-ignore
export const INIT_TLVS: usize = memory.data<u16>([
  1, REST | (32 << KIND_BITS), END,
  3, REST_BYTES, END,
  STOP,
]);

/** "The `init` Message". */
export const INIT: u16 = 16;
// prettier-ignore
export const INIT_TABLE: usize = memory.data<u16>([
  INIT, BYTES, BYTES, END, <u16>INIT_TLVS,
]);
export const INIT_GLOBALFEATURES: usize = 16;
export const INIT_FEATURES: usize = 24;
export const INIT_HAS_NETWORKS: u32 = 1;
export const INIT_NETWORKS: usize = 32;
export const INIT_HAS_REMOTE_ADDR: u32 = 2;
export const INIT_REMOTE_ADDR: usize = 40;

/** "The `error` and `warning` Messages"; both have these offsets. */
export const ERROR: u16 = 17;
// prettier-ignore
export const ERROR_TABLE: usize = memory.data<u16>([
  ERROR, HASH, BYTES, END, <u16>NO_TLVS,
]);
export const ERROR_CHANNEL_ID: usize = 16;
export const ERROR_DATA: usize = 20;

export const WARNING: u16 = 1;
// prettier-ignore
export const WARNING_TABLE: usize = memory.data<u16>([
  WARNING, HASH, BYTES, END, <u16>NO_TLVS,
]);

/** "The `ping` and `pong` Messages". */
export const PING: u16 = 18;
// prettier-ignore
export const PING_TABLE: usize = memory.data<u16>([
  PING, U16, BYTES, END, <u16>NO_TLVS,
]);
export const PING_NUM_PONG_BYTES: usize = 16;
export const PING_IGNORED: usize = 20;

export const PONG: u16 = 19;
// prettier-ignore
export const PONG_TABLE: usize = memory.data<u16>([
  PONG, BYTES, END, <u16>NO_TLVS,
]);
export const PONG_IGNORED: usize = 16;

/** "The `peer_storage` and `peer_storage_retrieval` Messages"; both have this offset. */
export const PEER_STORAGE: u16 = 7;
// prettier-ignore
export const PEER_STORAGE_TABLE: usize = memory.data<u16>([
  PEER_STORAGE, BYTES, END, <u16>NO_TLVS,
]);
export const PEER_STORAGE_BLOB: usize = 16;

export const PEER_STORAGE_RETRIEVAL: u16 = 9;
// prettier-ignore
export const PEER_STORAGE_RETRIEVAL_TABLE: usize = memory.data<u16>([
  PEER_STORAGE_RETRIEVAL, BYTES, END, <u16>NO_TLVS,
]);
