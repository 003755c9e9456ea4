import fc from "fast-check";
import { MESSAGES, type Message } from "../../host/wire/message.js";
import { ALL_LEFT, isCount, type Field, type MessageSchema, type TlvSchema } from "../../host/wire/schema.js";
import type { TlvStream } from "../../host/wire/tlv_stream.js";
import type { Fields, WireValue } from "../../host/wire/types.js";

// Random valid messages of every type, out of the host's schema.

const bytes = (minLength: number, maxLength = minLength): fc.Arbitrary<Uint8Array> =>
  fc.uint8Array({ minLength, maxLength });
const uint = (maximum: number, minimum = 0): fc.Arbitrary<number> =>
  fc.oneof(
    fc.integer({ min: minimum, max: maximum }),
    fc.constantFrom(minimum, Math.min(minimum + 1, maximum), maximum),
  );
const edges = (...powers: number[]): fc.Arbitrary<bigint> =>
  fc.constantFrom(0n, ...powers.flatMap((power) => [2n ** BigInt(power) - 1n, 2n ** BigInt(power)]));
const u64 = fc.oneof(fc.bigInt(0n, 2n ** 64n - 1n), edges(7, 8, 16, 32, 63), fc.constant(2n ** 64n - 1n));
/** Without -2^63, which is no value. */
const s64 = fc.oneof(
  fc.bigInt(-(2n ** 63n) + 1n, 2n ** 63n - 1n),
  fc.tuple(edges(7, 8, 15, 16, 31, 32), fc.constantFrom(1n, -1n)).map(([value, sign]) => value * sign),
);
const shortChannelId = fc.tuple(uint(0xffffff), uint(0xffffff), uint(0xffff)).map((parts) => parts.join("x"));
const pair = (first: string, second: string): fc.Arbitrary<WireValue> =>
  fc.record({ [first]: uint(0xffffffff), [second]: uint(0xffffffff) });

const TYPES: Readonly<Record<string, fc.Arbitrary<WireValue>>> = {
  byte: uint(255),
  u8: uint(255),
  u16: uint(0xffff),
  u32: uint(0xffffffff),
  u64,
  s64,
  tu32: uint(0xffffffff),
  tu64: u64,
  ts64: s64,
  bigsize: u64,
  chain_hash: bytes(32),
  channel_id: bytes(32),
  sha256: bytes(32),
  "sha256[..4]": bytes(4),
  signature: bytes(64),
  point: fc.tuple(fc.constantFrom(2, 3), bytes(32)).map(([prefix, x]) => Uint8Array.of(prefix, ...x)),
  short_channel_id: shortChannelId,
  encoded_short_id: shortChannelId,
  channel_update_timestamps: pair("timestamp_node_id_1", "timestamp_node_id_2"),
  channel_update_checksums: pair("checksum_node_id_1", "checksum_node_id_2"),
  interval_s: fc.constantFrom(5, 6, 8, 60, 300, 900, 1800, 3600),
};

/** Longest array of a message, elements: as many signatures as the firmware has HTLCs. */
const MAX_ELEMENTS = 24;

function fieldValue({ type, count, minimum, maximum }: Field): fc.Arbitrary<WireValue> {
  if (maximum !== undefined) return uint(maximum, minimum);
  const element = TYPES[type];
  if (element === undefined) throw new Error(`no values of type ${type}`);
  if (count === undefined) return element;
  const fixed = typeof count === "number";
  if (type === "byte") return fixed ? bytes(count) : fc.oneof(bytes(0, 8), bytes(0, 300));
  const [minLength, maxLength] = fixed ? [count, count] : [0, count === ALL_LEFT ? 40 : MAX_ELEMENTS];
  return fc.array(element, { minLength, maxLength });
}

const fieldValues = (fields: readonly Field[]): fc.Arbitrary<Fields> =>
  fc.record(
    Object.fromEntries(
      fields.filter((field) => !isCount(field, fields)).map((field) => [field.name, fieldValue(field)]),
    ),
  );

/** TLVs of a namespace, each there or not, and unknown ones of odd type. */
export function tlvStream(namespace: readonly TlvSchema[]): fc.Arbitrary<TlvStream> {
  const known = new Set(namespace.map(({ type }) => type));
  const oddType = fc
    .oneof(fc.bigInt(0n, 20n), fc.bigInt(0n, 2n ** 17n), fc.bigInt(0n, 2n ** 63n - 1n), fc.constant(2n ** 63n - 1n))
    .map((half) => 2n * half + 1n)
    .filter((type) => !known.has(type));
  return fc.record({
    tlvs: fc.record(Object.fromEntries(namespace.map(({ name, fields }) => [name, fieldValues(fields)])), {
      requiredKeys: [],
    }) as fc.Arbitrary<Record<string, Fields>>,
    unknown: fc
      .uniqueArray(fc.record({ type: oddType, value: fc.oneof(bytes(0, 3), bytes(0, 300)) }), {
        maxLength: 3,
        selector: ({ type }) => type,
      })
      .map((records) => records.sort((a, b) => (a.type < b.type ? -1 : 1))),
  });
}

export const messageOf = ({ type, name, fields, tlvs }: MessageSchema): fc.Arbitrary<Message> =>
  fc.tuple(fieldValues(fields), tlvStream(tlvs)).map(([values, stream]) => ({ type, name, fields: values, ...stream }));

export const anyMessage: fc.Arbitrary<Message> = fc.oneof(...MESSAGES.map(messageOf));
