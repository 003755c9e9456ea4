import { readdirSync } from "node:fs";
import { join } from "node:path";
import { projectRoot } from "../../host/root.js";
import { ByteWriter } from "../../host/wire/byte_writer.js";
import type { Message } from "../../host/wire/message.js";
import { MESSAGES } from "../../host/wire/message.js";
import { isCount, type Field } from "../../host/wire/schema.js";
import { TYPES, type Fields, type WireValue } from "../../host/wire/types.js";
import type { WireModule } from "./wire_module.js";

// Reads a record of the firmware by the constants that the firmware's rooms use, to compare it with the host's message.

/**
 * The constants of assembly/wire. Those files are of constants alone, so that they are JavaScript once `memory.data` is
 * something: the tables' addresses are not asked for here.
 */
export async function wireConstants(): Promise<ReadonlyMap<string, number>> {
  const folder = join(projectRoot(), "assembly/wire");
  const files = ["setup", "opening", "updates", "closing", "announcements", "queries", "energy", "kinds"];
  if (!files.every((name) => readdirSync(folder).includes(`${name}.ts`))) throw new Error("assembly/wire: files moved");
  Object.assign(globalThis, { memory: { data: () => 0 } });
  const constants = new Map<string, number>();
  for (const name of files) {
    const file = (await import(join(folder, `${name}.ts`))) as Record<string, number>;
    for (const [key, value] of Object.entries(file)) constants.set(key, value);
  }
  return constants;
}

/** Messages that have another's offsets. */
const ALIKE: Readonly<Record<string, string>> = {
  warning: "error",
  peer_storage_retrieval: "peer_storage",
  closing_sig: "closing_complete",
};
/** TLVs whose slots have offsets of their own. */
const SHARED = ["energy_parameters", "energy_rider", "receipt_note"];

const isBytes = ({ type }: Field): boolean =>
  TYPES[type]?.size !== undefined && !/^([us]\d+|byte|short_channel_id|interval_s)$/.test(type);

/** The bytes that a field's slot points at. */
function encoded({ type, count }: Field, value: WireValue): Uint8Array {
  if (value instanceof Uint8Array) return value;
  const writer = new ByteWriter();
  const element = TYPES[type === "encoded_short_id" ? "short_channel_id" : type];
  for (const part of count === undefined ? [value] : (value as WireValue[])) element?.write(writer, part);
  return writer.finish();
}

export class RecordReader {
  private constructor(
    private readonly wire: WireModule,
    private readonly constants: ReadonlyMap<string, number>,
  ) {}

  static async open(wire: WireModule): Promise<RecordReader> {
    return new RecordReader(wire, await wireConstants());
  }

  private constant(...words: string[]): number {
    const name = words.join("_").toUpperCase();
    const value = this.constants.get(name);
    if (value === undefined) throw new Error(`assembly/wire has no ${name}`);
    return value;
  }

  /** Fields of the record that are not as in the message, as text; none if all is well. */
  async differences({ type, name, fields, tlvs }: Message): Promise<string[]> {
    const record = Buffer.from(await this.wire.record());
    const schema = MESSAGES.find((entry) => entry.type === type);
    if (schema === undefined) throw new Error(`no message ${name}`);
    const found: string[] = [];
    const check = (where: string, ok: boolean): void => {
      if (!ok) found.push(`${name}.${where}`);
    };
    const prefix = ALIKE[name] ?? name;
    check("type", record.readInt32LE(this.constant("record_type")) === type && this.constant(name) === type);
    await this.fields(record, schema.fields, fields, (field) => this.constant(prefix, field.name), check);
    let present = 0;
    for (const { name: tlv, fields: inside } of schema.tlvs) {
      const values = tlvs[tlv];
      const at = (field: Field): number =>
        SHARED.includes(tlv)
          ? this.constant(prefix, tlv) + this.constant(tlv, field.name)
          : this.constant(prefix, tlv, ...(inside.length === 1 ? [] : [field.name]));
      if (values === undefined) {
        for (const field of inside) check(`${field.name} is not 0`, record.readUInt32LE(at(field)) === 0);
      } else {
        present |= this.constant(prefix, "has", tlv);
        await this.fields(record, inside, values, at, (where, ok) => check(`${tlv}.${where}`, ok));
      }
    }
    check("present", record.readUInt32LE(this.constant("record_present")) === present);
    return found;
  }

  private async fields(
    record: Buffer,
    fields: readonly Field[],
    values: Fields,
    offset: (field: Field) => number,
    check: (where: string, ok: boolean) => void,
  ): Promise<void> {
    for (const field of fields.filter((entry) => !isCount(entry, fields))) {
      const value = values[field.name];
      if (value === undefined) throw new Error(`the message has no ${field.name}`);
      check(field.name, await this.matches(record, offset(field), field, value));
    }
  }

  private async matches(record: Buffer, at: number, field: Field, value: WireValue): Promise<boolean> {
    if (field.count !== undefined || isBytes(field)) {
      const expected = encoded(field, value);
      const counted = field.type === "signature" && field.count !== undefined;
      const varies = field.count !== undefined && typeof field.count !== "number";
      const count = counted ? expected.length / 64 : expected.length;
      if (varies && record.readInt32LE(at + 4) !== count) return false;
      return Buffer.from(await this.wire.module.read(record.readUInt32LE(at), expected.length)).equals(expected);
    }
    if (typeof value === "string") return record.readBigUInt64LE(at) === shortIdNumber(value);
    if (typeof value === "bigint") return record.readBigUInt64LE(at) === BigInt.asUintN(64, value);
    return record.readUInt32LE(at) === value;
  }
}

function shortIdNumber(text: string): bigint {
  const [block = 0n, index = 0n, output = 0n] = text.split("x").map(BigInt);
  return (block << 40n) | (index << 16n) | output;
}
