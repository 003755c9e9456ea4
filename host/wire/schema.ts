import type { ByteReader } from "./byte_reader.js";
import { ByteWriter } from "./byte_writer.js";
import { TYPES, type Fields, type WireValue } from "./types.js";

/**
 * A field as the BOLTs write it, `type:name`, where the type may be `N*type`, `field*type` or `...*type`. A `<=` behind
 * the type is the greatest value it may have, a `>=` in front of that the least.
 */
export interface Field {
  readonly name: string;
  readonly type: string;
  /** Of an array: a number of elements, the field that has it, or all that is left. */
  readonly count: number | string | undefined;
  readonly minimum: number | undefined;
  readonly maximum: number | undefined;
}

export interface TlvSchema {
  readonly type: bigint;
  readonly name: string;
  readonly fields: readonly Field[];
}

export interface MessageSchema {
  readonly type: number;
  readonly name: string;
  readonly fields: readonly Field[];
  readonly tlvs: readonly TlvSchema[];
}

/** All that is left of the TLV. */
export const ALL_LEFT = "...";

function parseField(text: string): Field {
  const match = /^(?:([\w.]+)\*)?([\w.[\]]+)(?:>=(\d+))?(?:<=(\d+))?:(\w+)$/.exec(text);
  const [, count, type, minimum, maximum, name] = match ?? [];
  if (type === undefined || name === undefined) throw new Error(`schema: ${text}`);
  return {
    name,
    type,
    count: count === undefined || !/^\d+$/.test(count) ? count : Number(count),
    minimum: minimum === undefined ? undefined : Number(minimum),
    maximum: maximum === undefined ? undefined : Number(maximum),
  };
}

export const tlv = (type: number, name: string, ...fields: string[]): TlvSchema => ({
  type: BigInt(type),
  name,
  fields: fields.map(parseField),
});

export const message = (
  type: number,
  name: string,
  fields: readonly string[],
  tlvs: readonly TlvSchema[] = [],
): MessageSchema => ({ type, name, fields: fields.map(parseField), tlvs });

/** Fields that say how long another is; they are not among the values. */
export const isCount = (field: Field, fields: readonly Field[]): boolean =>
  fields.some(({ count }) => count === field.name);

const typeOf = (name: string): (typeof TYPES)[string] => {
  const type = TYPES[name];
  if (type === undefined) throw new Error(`schema: no type ${name}`);
  return type;
};

function readArray(reader: ByteReader, { type: name, count }: Field, counts: ReadonlyMap<string, number>): WireValue {
  if (count === ALL_LEFT) {
    if (name === "byte") return reader.take(reader.left);
    const type = typeOf(name);
    if (type.size !== undefined && reader.left % type.size !== 0) reader.fail("ERR_LENGTH");
    const values: WireValue[] = [];
    while (reader.left > 0) values.push(type.read(reader));
    return values;
  }
  const length = typeof count === "number" ? count : (counts.get(count as string) as number);
  if (name === "byte") return reader.take(length);
  if (name === "encoded_short_id") return reader.range(length, () => readShortIds(reader));
  const type = typeOf(name);
  // All elements are of fixed size, and an array is there as a whole or not at all.
  if (length * (type.size ?? 0) > reader.left) reader.fail("ERR_TRUNCATED");
  return Array.from({ length }, () => type.read(reader));
}

/** An encoded array of short_channel_ids; only the plain encoding, 0, is one. BOLT 7, "Query Messages". */
function readShortIds(reader: ByteReader): WireValue {
  if (reader.uint(1) !== 0) reader.fail("ERR_VALUE");
  if (reader.left % 8 !== 0) reader.fail("ERR_LENGTH");
  const ids: WireValue[] = [];
  while (reader.left > 0) ids.push(typeOf("short_channel_id").read(reader));
  return ids;
}

export function readFields(reader: ByteReader, fields: readonly Field[]): Fields {
  const values: Fields = {};
  const counts = new Map<string, number>();
  for (const field of fields) {
    const value = reader.within(field.name, () => {
      if (field.count !== undefined) return readArray(reader, field, counts);
      const single = typeOf(field.type).read(reader);
      const { minimum, maximum } = field;
      if (minimum !== undefined && (single as number) < minimum) reader.fail("ERR_VALUE");
      if (maximum !== undefined && (single as number) > maximum) reader.fail("ERR_VALUE");
      return single;
    });
    if (isCount(field, fields)) counts.set(field.name, value as number);
    else values[field.name] = value;
  }
  return values;
}

function arrayBytes({ type: name, count }: Field, value: WireValue): Uint8Array {
  if (typeof count === "number" && (value as { length: number }).length !== count) throw new RangeError(`not ${count}`);
  if (value instanceof Uint8Array) return value;
  const writer = new ByteWriter();
  if (name === "encoded_short_id") writer.uint(1, 0);
  const type = typeOf(name === "encoded_short_id" ? "short_channel_id" : name);
  for (const element of value as WireValue[]) type.write(writer, element);
  return writer.finish();
}

export function writeFields(writer: ByteWriter, fields: readonly Field[], values: Fields): void {
  const valueOf = (name: string): WireValue => {
    const value = values[name];
    if (value === undefined) throw new TypeError(`${name} is missing`);
    return value;
  };
  for (const field of fields) {
    const counted = fields.find(({ count }) => count === field.name);
    if (counted !== undefined) {
      const value = valueOf(counted.name);
      const inBytes = counted.type === "encoded_short_id";
      writer.uint(2, inBytes ? arrayBytes(counted, value).length : (value as { length: number }).length);
    } else if (field.count !== undefined) {
      writer.bytes(arrayBytes(field, valueOf(field.name)));
    } else {
      typeOf(field.type).write(writer, valueOf(field.name));
    }
  }
}
