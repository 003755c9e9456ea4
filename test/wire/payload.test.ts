import fc from "fast-check";
import { expect } from "vitest";
import { decodePayload, encodePayload, PAYLOAD_TLVS } from "../../host/wire/payload.js";
import { onEveryModuleEngine } from "../driver/modules.js";
import { hex, toHex } from "../driver/vectors.js";
import { tlvStream } from "./arbitraries.js";
import { CODES, ENTRY, WireModule } from "./wire_module.js";

/** Namespace of payloads in the test's module. */
const PAYLOAD = 2;

onEveryModuleEngine(
  "payload: every TLV of an onion's payload, and none that is unknown and even",
  ENTRY,
  async (module) => {
    const wire = await WireModule.open(module);
    const secret = "11".repeat(32);
    const point = `02${"22".repeat(32)}`;
    const parts = [
      "020203e8",
      "0403012345",
      "06080000010000020003",
      `0822${secret}1388`,
      "0a03aabbcc",
      `0c21${point}`,
      "1002ddee",
      "12020bb8",
      "fe000109a2076675d7f001cfc7",
      "fe000109a402cfc7",
      `ff0000000146c6616c20${"33".repeat(32)}`,
    ];
    const frame = parts.join("");
    expect(await wire.on("tlvs_decode", frame, PAYLOAD)).toBe(0);
    const record = Buffer.from(await wire.record());
    expect(record.readUInt32LE(0)).toBe(2 ** 11 - 1);
    expect(record.readBigUInt64LE(16)).toBe(1000n);
    expect(record.readBigUInt64LE(24)).toBe(0x012345n);
    expect(record.readBigUInt64LE(32)).toBe(0x0000010000020003n);
    expect(toHex(await module.read(record.readUInt32LE(40), 32))).toBe(secret);
    expect(record.readBigUInt64LE(44)).toBe(5000n);
    expect(record.readInt32LE(56)).toBe(3);
    expect(toHex(await module.read(record.readUInt32LE(52), 3))).toBe("aabbcc");
    expect(toHex(await module.read(record.readUInt32LE(60), 33))).toBe(point);
    expect(record.readInt32LE(68)).toBe(2);
    expect(record.readBigUInt64LE(72)).toBe(3000n);
    expect(record.readUInt32LE(80)).toBe(0x6675d7f0);
    expect(record.readUInt32LE(84)).toBe(1);
    expect(record.readBigInt64LE(88)).toBe(-12345n);
    expect(record.readBigInt64LE(96)).toBe(-12345n);
    expect(toHex(await module.read(record.readUInt32LE(104), 32))).toBe("33".repeat(32));
    expect(toHex(await wire.out(await wire.call("tlvs_encode", PAYLOAD, 4096)))).toBe(frame);
    expect(decodePayload(hex(frame)).tlvs["energy"]).toEqual({
      interval_start: 0x6675d7f0,
      kind: 1,
      amount_mwh: -12345n,
    });
  },
);

onEveryModuleEngine("payload: which TLV is at fault, and where", ENTRY, async (module) => {
  const wire = await WireModule.open(module);
  const cases: [string, number, bigint, number][] = [
    ["020203e80400" + "1401aa", CODES.ERR_UNKNOWN_EVEN, 20n, 6],
    ["020203e80400" + "05020102" + "0401ff", CODES.ERR_ORDER, 4n, 10],
    ["02020003", CODES.ERR_MINIMAL, 2n, 0],
    ["0201640405" + "0102030405", CODES.ERR_LENGTH, 4n, 3],
    ["020164060a" + "01", CODES.ERR_TRUNCATED, 6n, 3],
    ["fe000109a20666" + "75d7f00301", CODES.ERR_VALUE, 68002n, 0],
    ["fe000109a208" + "6675d7f001ffffff", CODES.ERR_LENGTH, 68002n, 0],
    ["fe000109a207" + "6675d7f001ffff", CODES.ERR_MINIMAL, 68002n, 0],
    ["fe000109a408" + "8000000000000000", CODES.ERR_VALUE, 68004n, 0],
  ];
  for (const [frame, code, type, offset] of cases) {
    expect(await wire.on("tlvs_decode", frame, PAYLOAD), frame).toBe(code);
    expect(await module.call("fault_type"), frame).toBe(type);
    expect(await wire.call("fault_offset"), frame).toBe(offset);
  }
});

onEveryModuleEngine("payload: what decodes encodes to the same bytes", ENTRY, async (module) => {
  const wire = await WireModule.open(module);
  await fc.assert(
    fc.asyncProperty(tlvStream(PAYLOAD_TLVS), async (stream) => {
      const bytes = encodePayload(stream);
      expect(await wire.on("tlvs_decode", bytes, PAYLOAD)).toBe(0);
      const length = await wire.call("tlvs_encode", PAYLOAD, bytes.length);
      expect(toHex(await wire.out(length))).toBe(toHex(bytes));
      if (bytes.length > 0) {
        expect(await wire.call("tlvs_encode", PAYLOAD, bytes.length - 1)).toBe(CODES.ERR_CAPACITY);
      }
    }),
    { numRuns: module.engine === "qemu" ? 30 : 1000 },
  );
});
