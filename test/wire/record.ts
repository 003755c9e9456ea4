import { readdirSync } from "node:fs";
import { join } from "node:path";
import { projectRoot } from "../../host/root.js";
import { ByteWriter } from "../../host/wire/byte_writer.js";
import type { Message } from "../../host/wire/message.js";
import { MESSAGES } from "../../host/wire/message.js";
import { isCount, type Field } from "../../host/wire/schema.js";
import { writeTlvs } from "../../host/wire/tlv_stream.js";
import { TYPES, type Fields, type WireValue } from "../../host/wire/types.js";
import type { WireModule } from "./wire_module.js";

// Records of the firmware beside messages of the host.

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

interface Slot {
  /** For the report of a difference. */
  where: string;
  field: Field;
  at: number;
  /** Undefined in a TLV that the message does not have. */
  value: WireValue | undefined;
}

const bytesOf = ({ field, value }: Slot): Uint8Array | undefined =>
  value !== undefined && (field.count !== undefined || isBytes(field)) ? encoded(field, value) : undefined;

/** What stands 4 bytes behind an address: the number of elements, or of bytes; nothing for those of fixed size. */
function countOf({ field }: Slot, bytes: Uint8Array): number | undefined {
  if (field.count === undefined || typeof field.count === "number") return undefined;
  return field.type === "signature" ? bytes.length / 64 : bytes.length;
}

/** Records of the firmware, read and filled by the offsets that its rooms use. */
export class Records {
  private constructor(
    private readonly wire: WireModule,
    private readonly constants: ReadonlyMap<string, number>,
  ) {}

  static async open(wire: WireModule): Promise<Records> {
    return new Records(wire, await wireConstants());
  }

  constant(...words: string[]): number {
    const name = words.join("_").toUpperCase();
    const value = this.constants.get(name);
    if (value === undefined) throw new Error(`assembly/wire has no ${name}`);
    return value;
  }

  private layout({ type, name, fields, tlvs }: Message): { slots: Slot[]; present: number } {
    const schema = MESSAGES.find((entry) => entry.type === type);
    if (schema === undefined) throw new Error(`no message ${name}`);
    const prefix = ALIKE[name] ?? name;
    const slots: Slot[] = [];
    const add = (inside: readonly Field[], values: Fields | undefined, at: (field: Field) => number): void => {
      for (const field of inside.filter((entry) => !isCount(entry, inside))) {
        slots.push({ where: `${name}.${field.name}`, field, at: at(field), value: values?.[field.name] });
      }
    };
    add(schema.fields, fields, (field) => this.constant(prefix, field.name));
    let present = 0;
    for (const { name: tlv, fields: inside } of schema.tlvs) {
      if (tlvs[tlv] !== undefined) present |= this.constant(prefix, "has", tlv);
      add(inside, tlvs[tlv], (field) =>
        SHARED.includes(tlv)
          ? this.constant(prefix, tlv) + this.constant(tlv, field.name)
          : this.constant(prefix, tlv, ...(inside.length === 1 ? [] : [field.name])),
      );
    }
    return { slots, present };
  }

  /** Fields of the module's record that are not as in the message; none if all is well. */
  async differences(message: Message): Promise<string[]> {
    const record = Buffer.from(await this.wire.record());
    const { slots, present } = this.layout(message);
    const found: string[] = [];
    if (record.readInt32LE(this.constant("record_type")) !== this.constant(message.name)) found.push("type");
    if (record.readUInt32LE(this.constant("record_present")) !== present) found.push("present");
    for (const slot of slots) if (!(await this.matches(record, slot))) found.push(slot.where);
    return found;
  }

  private async matches(record: Buffer, slot: Slot): Promise<boolean> {
    const { at, value } = slot;
    const bytes = bytesOf(slot);
    if (bytes !== undefined) {
      const count = countOf(slot, bytes);
      if (count !== undefined && record.readInt32LE(at + 4) !== count) return false;
      return Buffer.from(await this.wire.module.read(record.readUInt32LE(at), bytes.length)).equals(bytes);
    }
    if (typeof value === "string") return record.readBigUInt64LE(at) === shortIdNumber(value);
    if (typeof value === "bigint") return record.readBigUInt64LE(at) === BigInt.asUintN(64, value);
    return record.readUInt32LE(at) === (value ?? 0);
  }

  /** Makes the module's record one of the message, as a room does that has something to say. */
  async fill(message: Message): Promise<void> {
    await this.wire.call("begin", this.constant(message.name));
    const record = Buffer.from(await this.wire.record());
    const parts: Uint8Array[] = [];
    let to = this.wire.dataAt;
    const put = (at: number, bytes: Uint8Array): void => {
      record.writeUInt32LE(to, at);
      parts.push(bytes);
      to += bytes.length;
    };
    const { slots, present } = this.layout(message);
    record.writeUInt32LE(present, this.constant("record_present"));
    for (const slot of slots) {
      const { at, value } = slot;
      const bytes = bytesOf(slot);
      if (bytes !== undefined) {
        put(at, bytes);
        const count = countOf(slot, bytes);
        if (count !== undefined) record.writeInt32LE(count, at + 4);
      } else if (typeof value === "string") {
        record.writeBigUInt64LE(shortIdNumber(value), at);
      } else if (typeof value === "bigint") {
        record.writeBigUInt64LE(BigInt.asUintN(64, value), at);
      } else if (value !== undefined) {
        record.writeUInt32LE(value as number, at);
      }
    }
    const unknown = new ByteWriter();
    writeTlvs(unknown, [], { tlvs: {}, unknown: message.unknown });
    const stream = unknown.finish();
    put(this.constant("record_stream"), stream);
    record.writeInt32LE(stream.length, this.constant("record_stream_len"));
    await this.wire.module.write(this.wire.dataAt, Buffer.concat(parts));
    await this.wire.writeRecord(record);
  }
}

function shortIdNumber(text: string): bigint {
  const [block = 0n, index = 0n, output = 0n] = text.split("x").map(BigInt);
  return (block << 40n) | (index << 16n) | output;
}
