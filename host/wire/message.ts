import { SETUP_MESSAGES } from "./bolt01.js";
import { CHANNEL_MESSAGES } from "./bolt02.js";
import { GOSSIP_MESSAGES } from "./bolt07.js";
import { ByteReader } from "./byte_reader.js";
import { ByteWriter } from "./byte_writer.js";
import { ENERGY_MESSAGES } from "./energy.js";
import { readFields, writeFields, type MessageSchema } from "./schema.js";
import { readTlvs, writeTlvs, type TlvStream } from "./tlv_stream.js";
import type { Fields } from "./types.js";

/** All messages that this host can read, by type. */
export const MESSAGES: readonly MessageSchema[] = [
  ...SETUP_MESSAGES,
  ...CHANNEL_MESSAGES,
  ...GOSSIP_MESSAGES,
  ...ENERGY_MESSAGES,
].sort((a, b) => a.type - b.type);

const BY_TYPE = new Map(MESSAGES.map((schema) => [schema.type, schema]));

export interface Message extends TlvStream {
  readonly type: number;
  /** As in the BOLTs; `unknown` for a message of odd type that none of them has, whose field is then its `payload`. */
  readonly name: string;
  readonly fields: Fields;
}

/**
 * Reads a Lightning message, type included (BOLT 1, "Lightning Message Format"). Independent of the firmware's tables:
 * it is what they are tested against.
 * @throws WireError naming field and byte offset
 */
export function decodeMessage(bytes: Uint8Array): Message {
  const reader = new ByteReader(bytes);
  return reader.within("message", () => {
    const type = reader.within("type", () => {
      const number = reader.uint(2);
      if (!BY_TYPE.has(number) && number % 2 === 0) reader.fail("ERR_UNKNOWN_EVEN");
      return number;
    });
    const schema = BY_TYPE.get(type);
    if (schema === undefined) {
      return { type, name: "unknown", fields: { payload: reader.take(reader.left) }, tlvs: {}, unknown: [] };
    }
    const { name } = schema;
    return reader.within(name, () => {
      const fields = readFields(reader, schema.fields);
      return { type, name, fields, ...readTlvs(reader, schema.tlvs) };
    });
  });
}

/** The bytes of a message. @throws RangeError, TypeError where a value does not fit its field or is missing */
export function encodeMessage(message: Pick<Message, "type" | "fields"> & Partial<TlvStream>): Uint8Array {
  const schema = BY_TYPE.get(message.type);
  if (schema === undefined) throw new RangeError(`no message of type ${message.type}`);
  const writer = new ByteWriter();
  writer.uint(2, message.type);
  writeFields(writer, schema.fields, message.fields);
  writeTlvs(writer, schema.tlvs, { tlvs: message.tlvs ?? {}, unknown: message.unknown ?? [] });
  return writer.finish();
}
