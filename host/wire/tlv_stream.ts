import type { ByteReader } from "./byte_reader.js";
import { ByteWriter } from "./byte_writer.js";
import { readFields, writeFields, type TlvSchema } from "./schema.js";
import type { Fields } from "./types.js";

export interface UnknownTlv {
  readonly type: bigint;
  readonly value: Uint8Array;
}

export interface TlvStream {
  /** TLVs of the namespace, by name. */
  readonly tlvs: Readonly<Record<string, Fields>>;
  /** TLVs of odd type that are not of the namespace, in their order. */
  readonly unknown: readonly UnknownTlv[];
}

/** All that is left, as a TLV stream. BOLT 1, "Type-Length-Value Format". */
export function readTlvs(reader: ByteReader, namespace: readonly TlvSchema[]): TlvStream {
  const tlvs: Record<string, Fields> = {};
  const unknown: UnknownTlv[] = [];
  let least = 0n;
  while (reader.left > 0) {
    reader.within("tlv", () => {
      const type = reader.bigsize();
      if (type < least) reader.fail("ERR_ORDER");
      least = type + 1n;
      const length = reader.bigsize();
      if (length > reader.left) reader.fail("ERR_TRUNCATED");
      const schema = namespace.find((entry) => entry.type === type);
      if (schema !== undefined) {
        tlvs[schema.name] = reader.within(schema.name, () =>
          reader.range(Number(length), () => readFields(reader, schema.fields)),
        );
      } else if (type % 2n === 0n) {
        reader.fail("ERR_UNKNOWN_EVEN");
      } else {
        unknown.push({ type, value: reader.take(Number(length)) });
      }
    });
  }
  return { tlvs, unknown };
}

export function writeTlvs(writer: ByteWriter, namespace: readonly TlvSchema[], stream: TlvStream): void {
  const records = [...stream.unknown];
  for (const [name, fields] of Object.entries(stream.tlvs)) {
    const schema = namespace.find((entry) => entry.name === name);
    if (schema === undefined) throw new TypeError(`${name}: not in the namespace`);
    const value = new ByteWriter();
    writeFields(value, schema.fields, fields);
    records.push({ type: schema.type, value: value.finish() });
  }
  for (const { type, value } of records.sort((a, b) => (a.type < b.type ? -1 : 1))) {
    writer.bigsize(type);
    writer.bigsize(value.length);
    writer.bytes(value);
  }
}
