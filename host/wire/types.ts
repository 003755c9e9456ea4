import type { ByteReader } from "./byte_reader.js";
import type { ByteWriter } from "./byte_writer.js";

/**
 * Value of a field: numbers up to 32 bits, bigints beyond and where signed, short_channel_ids as `539268x845x1`, bytes,
 * arrays and subtypes.
 */
export type WireValue = number | bigint | string | Uint8Array | WireValue[] | Fields;
export interface Fields {
  [name: string]: WireValue;
}

interface WireType {
  read(reader: ByteReader): WireValue;
  write(writer: ByteWriter, value: WireValue): void;
  /** Bytes, where they are always as many. */
  size?: number;
}

const uint = (width: 1 | 2 | 4): WireType => ({
  size: width,
  read: (reader) => reader.uint(width),
  write: (writer, value) => writer.uint(width, value as number),
});

const bytes = (length: number): WireType => ({
  size: length,
  read: (reader) => reader.take(length),
  write: (writer, value) => {
    if ((value as Uint8Array).length !== length) throw new RangeError(`not ${length} bytes`);
    writer.bytes(value as Uint8Array);
  },
});

/** A record of two u32, as BOLT 7 has them for both nodes of a channel. */
const pair = (first: string, second: string): WireType => ({
  size: 8,
  read: (reader) => ({ [first]: reader.uint(4), [second]: reader.uint(4) }),
  write: (writer, value) => {
    writer.uint(4, (value as Fields)[first] as number);
    writer.uint(4, (value as Fields)[second] as number);
  },
});

/** -2^63 has no negative: no amount and no price of this protocol may be it. */
const MIN_S64 = -(2n ** 63n);
const checkSigned = (value: bigint): bigint => {
  if (value === MIN_S64) throw new RangeError(`${value}: has no negative`);
  return value;
};

/** The fundamental types of BOLT 1, under their names there, and subtypes of BOLT 7. */
export const TYPES: Readonly<Record<string, WireType>> = {
  byte: uint(1),
  u8: uint(1),
  u16: uint(2),
  u32: uint(4),
  u64: {
    size: 8,
    read: (reader) => reader.u64(),
    write: (writer, value) => writer.uint(8, value as bigint),
  },
  s64: {
    size: 8,
    read: (reader) => {
      const value = BigInt.asIntN(64, reader.u64());
      return value === MIN_S64 ? reader.fail("ERR_VALUE") : value;
    },
    write: (writer, value) => writer.int(8, checkSigned(value as bigint)),
  },
  tu32: {
    read: (reader) => Number(reader.truncated(4)),
    write: (writer, value) => writer.truncated(4, value as number),
  },
  tu64: {
    read: (reader) => reader.truncated(8),
    write: (writer, value) => writer.truncated(8, value as bigint),
  },
  /** Signed, truncated to 1, 2, 4 or 8 bytes. */
  ts64: {
    read: (reader) => {
      const value = reader.signed();
      return value === MIN_S64 ? reader.fail("ERR_VALUE") : value;
    },
    write: (writer, value) => writer.signed(checkSigned(value as bigint)),
  },
  bigsize: { read: (reader) => reader.bigsize(), write: (writer, value) => writer.bigsize(value as bigint) },
  chain_hash: bytes(32),
  channel_id: bytes(32),
  sha256: bytes(32),
  "sha256[..4]": bytes(4),
  signature: bytes(64),
  point: {
    ...bytes(33),
    read: (reader) => {
      const point = reader.take(33);
      return point[0] === 2 || point[0] === 3 ? point : reader.fail("ERR_POINT");
    },
  },
  short_channel_id: {
    size: 8,
    read: (reader) => {
      const id = reader.u64();
      return `${id >> 40n}x${(id >> 16n) & 0xffffffn}x${id & 0xffffn}`;
    },
    write: (writer, value) => {
      const [block = -1n, index = -1n, output = -1n] = (value as string).split("x").map(BigInt);
      writer.uint(3, block);
      writer.uint(3, index);
      writer.uint(2, output);
    },
  },
  channel_update_timestamps: pair("timestamp_node_id_1", "timestamp_node_id_2"),
  channel_update_checksums: pair("checksum_node_id_1", "checksum_node_id_2"),
  /** Length of a delivery interval: divides an hour, and is 5 s or more. */
  interval_s: {
    size: 4,
    read: (reader) => {
      const value = reader.uint(4);
      return value < 5 || 3600 % value !== 0 ? reader.fail("ERR_VALUE") : value;
    },
    write: (writer, value) => writer.uint(4, value as number),
  },
};
