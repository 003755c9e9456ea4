import { WireError } from "../wire/errors.js";
import { decodeMessage } from "../wire/message.js";
import { decodePayload } from "../wire/payload.js";
import type { TlvStream } from "../wire/tlv_stream.js";
import type { Fields, WireValue } from "../wire/types.js";
import type { Document, Value } from "./document.js";
import { DecodeError } from "./errors.js";
import { featureText } from "./features.js";
import { Reader, hexOf } from "./reader.js";

/** Fields that are bit arrays of features (BOLT 1, 2, 7), and are shown as such. */
const FEATURE_FIELDS = ["features", "globalfeatures"];
const CHANNEL_TYPE = "channel_type";
/** Texts of a peer that are for people. BOLT 1, "The `error` and `warning` Messages". */
const TEXT_FIELDS = ["data"];
const TEXT_MESSAGES = ["error", "warning"];

/** Bits that are set in a big-endian array, ascending. */
export function featureBits(bytes: Uint8Array): number[] {
  return Array.from({ length: bytes.length * 8 }, (_, bit) => bit).filter(
    (bit) => ((bytes[bytes.length - 1 - (bit >> 3)] ?? 0) >> (bit & 7)) & 1,
  );
}

function plain(value: WireValue): Value {
  if (value instanceof Uint8Array) return hexOf(value);
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value === "object") return plainFields(value);
  return value;
}

function plainFields(fields: Fields): Document {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => {
      if (value instanceof Uint8Array && FEATURE_FIELDS.includes(name))
        return [name, featureBits(value).map(featureText)];
      // Amounts are strings in JSON, also those of 32 bits.
      return [name, typeof value === "number" && name.endsWith("_msat") ? BigInt(value) : plain(value)];
    }),
  );
}

function tlvDocument({ tlvs, unknown }: TlvStream): Document {
  const known = Object.entries(tlvs).map(([name, fields]): [string, Value] => {
    const { type } = fields;
    if (name === CHANNEL_TYPE && type instanceof Uint8Array) return [name, featureBits(type).map(featureText)];
    const [only, ...more] = Object.values(fields);
    // A record of one value is that value.
    return [name, only !== undefined && more.length === 0 ? plain(only) : plainFields(fields)];
  });
  return {
    ...(known.length === 0 ? {} : { tlvs: Object.fromEntries(known) }),
    ...(unknown.length === 0
      ? {}
      : { unknown_tlvs: unknown.map(({ type, value }) => ({ type, value: hexOf(value) })) }),
  };
}

/** Runs a decoder of host/wire; its errors become this room's, their offsets counted from `base`. */
function wired<T>(decode: () => T, base = 0, where = "byte"): T {
  try {
    return decode();
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
    throw new DecodeError(error.field, `${where} ${base + error.offset}`, reasonOf(error));
  }
}

/** The message without field and place, which stand in front of it. */
const reasonOf = (error: WireError): string => error.message.slice(`${error.field} at byte ${error.offset}: `.length);

/** A Lightning message, type included. Throws DecodeError. */
export function messageDocument(bytes: Uint8Array): Document {
  const { type, name, fields, ...tlvs } = wired(() => decodeMessage(bytes));
  const { [TEXT_FIELDS[0] ?? ""]: data } = fields;
  const text =
    TEXT_MESSAGES.includes(name) && data instanceof Uint8Array ? { text: Buffer.from(data).toString("utf8") } : {};
  return { kind: "message", type, name, fields: { ...plainFields(fields), ...text }, ...tlvDocument(tlvs) };
}

/** The TLVs of a hop payload without its length. `where` names what offsets count from. */
export function payloadTlvs(bytes: Uint8Array, base = 0, where = "byte"): Document {
  return tlvDocument(wired(() => decodePayload(bytes), base, where));
}

/** A hop payload as it stands in an onion, its length in front of it. Throws DecodeError. */
export function payloadDocument(bytes: Uint8Array): Document {
  const reader = new Reader(bytes);
  const length = reader.bigsize("payload length");
  // BOLT 4, "Payload Format": lengths 0 and 1 once meant something else.
  if (length < 2n) reader.fail("payload length", `${length}, at least 2`, 0);
  if (length !== BigInt(reader.left)) {
    reader.fail("payload length", `${length}, and ${reader.left} bytes follow`, 0);
  }
  return {
    kind: "payload",
    length_bytes: Number(length),
    ...payloadTlvs(bytes.subarray(reader.offset), reader.offset),
  };
}
