// The language of the wire tables. A table is a row of u16: field kinds, each with an argument in its upper bits.
// interpreters in decoder.ts and encoder.ts read it; nothing else knows what a message looks like.
//
// A field fills the next slot of a record: 4 bytes for the kinds below WIDE, 8 bytes for the others. Numbers stand there
// in the machine's byte order. Bytes are not copied: the slot has their address, and where their number is not fixed,
// 4 bytes on, their number.
//
//   message    type, field..., END, address of its namespace
//   namespace  {TLV type, field..., END}..., STOP      in strictly increasing order of types
//
// A TLV type from 0xff00 on is an index into LARGE_TYPES.

export const END: u16 = 0;

/** Lower bits of a field: its kind. The others are its argument. */
export const KIND_BITS: u16 = 5;

/** A byte; the argument's lower 8 bits are the greatest value allowed, the 3 bits above them the least. */
export const LIMITED: u16 = 1;
/** u16; with an argument of 1 a time that energy may be held, from 1 s to an hour. */
export const U16: u16 = 2;
export const U32: u16 = 3;
/** u32, parts of a million: at most 1,000,000. */
export const PPM: u16 = 4;
/** u32, the length of a delivery interval in s: a divisor of an hour from MIN_INTERVAL_S on. */
export const INTERVAL: u16 = 5;
/** 33 bytes beginning with 02 or 03. That they are on the curve is seen where they are used. Slot: address. */
export const POINT: u16 = 6;
/** As many bytes as the argument says. Slot: address. */
export const FIXED: u16 = 7;

/** Kinds from here on fill 8 bytes of a record. */
export const WIDE: u16 = 8;
export const U64: u16 = 8;
/** Two's complement; -2^63, which has no negative, is not allowed. */
export const S64: u16 = 9;
/** tu16, tu32, tu64, the last of a TLV; the argument is the width. */
export const TRUNCATED: u16 = 10;
/** A signed integer in 1, 2, 4 or 8 bytes, the fewest possible, the last of a TLV. BOLT 1, Appendix D. As S64. */
export const SIGNED: u16 = 11;
export const BIGSIZE: u16 = 12;
/** A u16 count, and as many elements; the argument is an element's size. Slot: address, count. */
export const COUNTED: u16 = 13;
/** All that is left of a TLV, elements of the argument's size. Slot: address, number of bytes. */
export const REST: u16 = 14;
/** A u16 length, encoding 0 and whole short_channel_ids. Slot: address behind the encoding, number of bytes. BOLT 7. */
export const SHORT_IDS: u16 = 15;
/** BigSizes, all that is left of a TLV. Slot: address, number of bytes. BOLT 7, `encoded_query_flags`. */
export const BIGSIZES: u16 = 16;

export const BYTE: u16 = LIMITED | (255 << KIND_BITS);
/** What a rider is: 0 receipt, 1 promise, 2 arrears. */
export const RIDER_KINDS: u16 = LIMITED | (2 << KIND_BITS);
export const HOLD_S: u16 = U16 | (1 << KIND_BITS);
export const BOOLEAN: u16 = LIMITED | (1 << KIND_BITS);
/** The encoding of an array of BOLT 7: 0, as it is. The compressed one, 1, must not be used any more. */
export const PLAIN: u16 = LIMITED;
/** chain_hash, channel_id, sha256, preimages and secrets. */
export const HASH: u16 = FIXED | (32 << KIND_BITS);
export const SIGNATURE: u16 = FIXED | (64 << KIND_BITS);
export const SHORT_CHANNEL_ID: u16 = U64;
export const BYTES: u16 = COUNTED | (1 << KIND_BITS);
export const SIGNATURES: u16 = COUNTED | (64 << KIND_BITS);
export const REST_BYTES: u16 = REST | (1 << KIND_BITS);
export const TU32: u16 = TRUNCATED | (4 << KIND_BITS);
export const TU64: u16 = TRUNCATED | (8 << KIND_BITS);

/** Ends a namespace. */
export const STOP: u16 = 0xffff;
/** TLV types that a u16 cannot hold, and those too near to STOP. */
export const LARGE: u16 = 0xff00;
export const LARGE_TYPES: usize = memory.data<u64>([68001, 68002, 68003, 68004, 68005, 5482373484]);
/** Extensions of option_energy. PROTOCOL.md, "Lightning extensions". */
export const TLV_ENERGY_PARAMETERS: u16 = LARGE;
export const TLV_ENERGY: u16 = LARGE + 1;
export const TLV_ENERGY_RIDER: u16 = LARGE + 2;
export const TLV_ENERGY_TOTAL: u16 = LARGE + 3;
export const TLV_RECEIPT_NOTE: u16 = LARGE + 4;
/** bLIP 3. */
export const TLV_KEYSEND_PREIMAGE: u16 = LARGE + 5;

// Head of every record.

/** u32: bit n is set if the namespace's TLV n, counted from 0, is there. */
export const RECORD_PRESENT: usize = 0;
/** Address and number of bytes of the whole TLV stream, TLVs that are not in the namespace included. */
export const RECORD_STREAM: usize = 4;
export const RECORD_STREAM_LEN: usize = 8;
/** i32: type of the message. */
export const RECORD_TYPE: usize = 12;
/** First slot. */
export const RECORD_FIELDS: usize = 16;
