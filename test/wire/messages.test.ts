import fc from "fast-check";
import { expect } from "vitest";
import { decodeMessage, encodeMessage, MESSAGES, type Message } from "../../host/wire/message.js";
import { onEveryModuleEngine, type TestModule } from "../driver/modules.js";
import { hex, toHex } from "../driver/vectors.js";
import { anyMessage, messageOf } from "./arbitraries.js";
import { hostCode } from "./host_code.js";
import { Records } from "./record.js";
import { CODES, ENTRY, WireModule } from "./wire_module.js";

const sample = (message: Message["name"], count: number): Message[] => {
  const schema = MESSAGES.find(({ name }) => name === message);
  if (schema === undefined) throw new Error(`no message ${message}`);
  return fc.sample(messageOf(schema), { numRuns: count, seed: schema.type });
};

const perMessage = ({ engine }: TestModule): number => (engine === "qemu" ? 2 : engine === "wasm3" ? 30 : 60);

onEveryModuleEngine("wire: every message decodes into its record and encodes back", ENTRY, async (module) => {
  const wire = await WireModule.open(module);
  const records = await Records.open(wire);
  for (const { name } of MESSAGES) {
    for (const message of sample(name, perMessage(module))) {
      const frame = encodeMessage(message);
      expect(decodeMessage(frame), name).toEqual(message);
      expect(await wire.on("decode", frame), name).toBe(message.type);
      expect(await records.differences(message)).toEqual([]);
      const length = await wire.call("encode", 8192);
      expect(toHex(await wire.out(length)), name).toBe(toHex(frame));
      expect(await wire.call("encode", frame.length - 1), name).toBe(CODES.ERR_CAPACITY);
    }
  }
});

onEveryModuleEngine("wire: every message encodes from a record that was filled in", ENTRY, async (module) => {
  const wire = await WireModule.open(module);
  const records = await Records.open(wire);
  for (const { name } of MESSAGES) {
    for (const message of sample(name, perMessage(module))) {
      const frame = encodeMessage(message);
      await records.fill(message);
      expect(toHex(await wire.out(await wire.call("encode", 8192))), name).toBe(toHex(frame));
    }
  }
});

onEveryModuleEngine("wire: every message cut off anywhere", ENTRY, async (module) => {
  const wire = await WireModule.open(module);
  for (const { name } of MESSAGES) {
    for (const message of sample(name, module.engine === "qemu" ? 1 : 8)) {
      const frame = encodeMessage(message);
      if (frame.length > 2000) continue;
      await wire.on("decode_cut", frame);
      const codes = await wire.codes(frame.length + 1);
      expect(codes, name).toEqual(codes.map((_, cut) => hostCode(frame.subarray(0, cut))));
      expect(codes[frame.length]).toBe(message.type);
    }
  }
});

const bigsize = (value: number): string =>
  value < 0xfd
    ? value.toString(16).padStart(2, "0")
    : value < 0x10000
      ? `fd${value.toString(16).padStart(4, "0")}`
      : `fe${value.toString(16).padStart(8, "0")}`;

onEveryModuleEngine("wire: what follows a message must be a TLV stream of its", ENTRY, async (module) => {
  const wire = await WireModule.open(module);
  for (const { name, type, tlvs } of MESSAGES) {
    const [message] = sample(name, 1);
    if (message === undefined) continue;
    const bare = toHex(encodeMessage({ ...message, tlvs: {}, unknown: [] }));
    const unknownEven = [0, 2, 6, 0xfc, 0x1234, 68000, 68002].filter((even) =>
      tlvs.every((tlv) => tlv.type !== BigInt(even)),
    );
    const cases: [string, number][] = [
      [`${bare}0700`, type],
      [`${bare}07020102fd010100`, type],
      ...unknownEven.map((even): [string, number] => [`${bare}${bigsize(even)}0101`, CODES.ERR_UNKNOWN_EVEN]),
      [`${bare}07000700`, CODES.ERR_ORDER],
      [`${bare}09000700`, CODES.ERR_ORDER],
      [`${bare}fd000700`, CODES.ERR_MINIMAL],
      [`${bare}07fd0001ff`, CODES.ERR_MINIMAL],
      [`${bare}07`, CODES.ERR_TRUNCATED],
      [`${bare}0702ff`, CODES.ERR_TRUNCATED],
      [`${bare}07ffffffffffffffffff`, CODES.ERR_TRUNCATED],
      [`${bare}ffffffffffffffffff00`, type],
    ];
    for (const tlv of tlvs) {
      const whole = sample(name, 40).find((entry) => entry.tlvs[tlv.name] !== undefined)?.tlvs[tlv.name];
      if (whole === undefined) throw new Error(`no ${tlv.name} in the sample`);
      const alone = toHex(encodeMessage({ ...message, tlvs: { [tlv.name]: whole }, unknown: [] }));
      cases.push([alone, type], [alone + alone.slice(bare.length), CODES.ERR_ORDER]);
    }
    const results = await wire.decodeMany(cases.map(([frame]) => hex(frame)));
    expect(results, name).toEqual(cases.map(([, code]) => code));
    expect(cases.map(([frame]) => hostCode(hex(frame)))).toEqual(results);
  }
});

onEveryModuleEngine("wire: unknown messages are ignored if odd", ENTRY, async (module) => {
  const wire = await WireModule.open(module);
  const cases: [string, number][] = [
    ["", CODES.ERR_TRUNCATED],
    ["00", CODES.ERR_TRUNCATED],
    ["0000", CODES.ERR_UNKNOWN_EVEN],
    ["0003", 0],
    ["000301ff", 0],
    ["0040", CODES.ERR_UNKNOWN_EVEN],
    ["007f0001", 0],
    ["a410", CODES.ERR_UNKNOWN_EVEN],
    ["a419", 0],
    ["fffe", CODES.ERR_UNKNOWN_EVEN],
    ["ffff", 0],
  ];
  for (const [frame, code] of cases) expect(await wire.on("decode", frame), frame).toBe(code);
});

/** Frames that are like `frame` but for some bytes. */
const mutated = (frame: Uint8Array): fc.Arbitrary<Uint8Array> =>
  fc
    .array(
      fc.tuple(
        fc.nat({ max: 99 }),
        fc.nat(),
        fc.oneof(fc.nat({ max: 255 }), fc.constantFrom(0, 1, 2, 0xfc, 0xfd, 0xff)),
      ),
      { minLength: 1, maxLength: 4 },
    )
    .map((changes) => {
      const bytes = [...frame];
      for (const [kind, where, value] of changes) {
        const at = where % (bytes.length + 1);
        if (kind < 60 && at < bytes.length) bytes[at] = value;
        else if (kind < 75) bytes.splice(at, 0, value);
        else if (kind < 90) bytes.splice(at, 1 + (value % 8));
        else bytes.splice(at);
      }
      return Uint8Array.from(bytes);
    });

/** More signatures than the firmware has HTLCs: the one refusal that is the firmware's own. */
const tooManySignatures = (frame: Uint8Array): boolean =>
  frame[0] === 0 && frame[1] === 132 && frame.length >= 100 && (frame[98] ?? 0) * 256 + (frame[99] ?? 0) > 24;

onEveryModuleEngine("wire: mutated messages mean to the firmware what they mean to the host", ENTRY, async (module) => {
  const wire = await WireModule.open(module);
  const count = module.engine === "qemu" ? 300 : module.engine === "wasm3" ? 15_000 : 30_000;
  const frames = fc
    .sample(
      anyMessage.chain((message) => mutated(encodeMessage(message))),
      { numRuns: count, seed: 7 },
    )
    .filter(({ length }) => length <= 2560);
  const results = await wire.decodeMany(frames);
  const expected = frames.map((frame) => (tooManySignatures(frame) ? CODES.ERR_CAPACITY : hostCode(frame)));
  const differing = frames.findIndex((_, i) => results[i] !== expected[i]);
  expect([differing, results[differing], expected[differing], toHex(frames[differing] ?? new Uint8Array())]).toEqual([
    -1,
    undefined,
    undefined,
    "",
  ]);
  // All kinds of outcomes, or the frames were no test.
  const outcomes = new Set(results.map((code) => Math.min(code, 1)));
  if (module.engine !== "qemu") {
    for (const code of [1, 0, -9, -10, -11, -12, -13, -14, -18]) expect([...outcomes], `${code}`).toContain(code);
  }
});

onEveryModuleEngine("wire: signatures beyond the HTLCs that a commitment can have", ENTRY, async (module) => {
  const wire = await WireModule.open(module);
  const frame = (count: number): Uint8Array =>
    encodeMessage({
      type: 132,
      fields: {
        channel_id: new Uint8Array(32),
        signature: new Uint8Array(64),
        htlc_signature: Array.from({ length: count }, () => new Uint8Array(64)),
      },
    });
  expect(await wire.on("decode", frame(24))).toBe(132);
  expect(await wire.on("decode", frame(25))).toBe(CODES.ERR_CAPACITY);
});
