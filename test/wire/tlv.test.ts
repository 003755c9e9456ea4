import fc from "fast-check";
import { expect } from "vitest";
import { onEveryModuleEngine } from "../driver/modules.js";
import { readVectors, toHex } from "../driver/vectors.js";
import { CODES, ENTRY, WireModule } from "./wire_module.js";

type Namespace = "n1" | "n2";
interface TlvVectors {
  fail: { ns: Namespace[]; hex: string; reason: string }[];
  ok: { ns: Namespace[]; hex: string; ignored: boolean; record?: string; values: Record<string, string> | null }[];
}

const vectors = readVectors<TlvVectors>("bolt01_tlv");
const INDEX = { n1: 0, n2: 1 } as const;

/** What each reason of the vectors is called here. A value that ends inside a field is truncated, as a message is. */
const REASONS: Readonly<Record<string, number>> = {
  TYPE_TRUNCATED: CODES.ERR_TRUNCATED,
  LENGTH_MISSING: CODES.ERR_TRUNCATED,
  LENGTH_TRUNCATED: CODES.ERR_TRUNCATED,
  VALUE_MISSING: CODES.ERR_TRUNCATED,
  VALUE_TRUNCATED: CODES.ERR_TRUNCATED,
  FIELD_TOO_SHORT: CODES.ERR_TRUNCATED,
  FIELD_TOO_LONG: CODES.ERR_LENGTH,
  TYPE_NOT_MINIMAL: CODES.ERR_MINIMAL,
  LENGTH_NOT_MINIMAL: CODES.ERR_MINIMAL,
  TU_NOT_MINIMAL: CODES.ERR_MINIMAL,
  UNKNOWN_EVEN: CODES.ERR_UNKNOWN_EVEN,
  INVALID_POINT: CODES.ERR_POINT,
  BAD_ORDER: CODES.ERR_ORDER,
  DUPLICATE: CODES.ERR_ORDER,
};

/** Where the record of each namespace has a TLV: its bit, and its fields' offsets. */
const SLOTS: Readonly<Record<Namespace, Record<string, { bit: number; fields: Record<string, number> }>>> = {
  n1: {
    tlv1: { bit: 1, fields: { amount_msat: 16 } },
    tlv2: { bit: 2, fields: { scid: 24 } },
    tlv3: { bit: 4, fields: { node_id: 32, amount_msat_1: 36, amount_msat_2: 44 } },
    tlv4: { bit: 8, fields: { cltv_delta: 52 } },
  },
  n2: { tlv1: { bit: 1, fields: { amount_msat: 16 } }, tlv2: { bit: 2, fields: { cltv_expiry: 24 } } },
};

async function valueAt(wire: WireModule, record: Buffer, at: number, name: string): Promise<string> {
  if (name === "node_id") return toHex(await wire.module.read(record.readUInt32LE(at), 33));
  if (name === "cltv_delta") return record.readUInt32LE(at).toString();
  const value = record.readBigUInt64LE(at);
  return name === "scid" ? `${value >> 40n}x${(value >> 16n) & 0xffffffn}x${value & 0xffffn}` : value.toString();
}

onEveryModuleEngine("wire: TLV streams, the vectors of BOLT 1", ENTRY, async (module) => {
  const wire = await WireModule.open(module);
  for (const { ns, hex, reason } of vectors.fail) {
    for (const name of ns) {
      expect(await wire.on("tlvs_decode", hex, INDEX[name]), `${name} ${hex} ${reason}`).toBe(REASONS[reason]);
    }
    module.applied("bolt01_tlv");
  }
  for (const { ns, hex, ignored, record: tlv, values } of vectors.ok) {
    for (const name of ns) {
      expect(await wire.on("tlvs_decode", hex, INDEX[name]), `${name} ${hex}`).toBe(0);
      const record = Buffer.from(await wire.record());
      const slots = ignored ? undefined : SLOTS[name][tlv ?? ""];
      expect(record.readUInt32LE(0), hex).toBe(slots?.bit ?? 0);
      for (const [field, at] of Object.entries(slots?.fields ?? {})) {
        expect(await valueAt(wire, record, at, field), `${hex} ${field}`).toBe(values?.[field]);
      }
      const length = await wire.call("tlvs_encode", INDEX[name], 4096);
      expect(toHex(await wire.out(length))).toBe(hex);
    }
    module.applied("bolt01_tlv");
  }
});

/** Type of a stream's last TLV; its first is its last in all vectors of one. */
const typeOf = (hex: string): bigint => {
  const first = Number.parseInt(hex.slice(0, 2), 16);
  const digits = first < 0xfd ? hex.slice(0, 2) : hex.slice(2, 2 + 2 * 2 ** (first - 0xfc));
  return BigInt(`0x${digits}`);
};

onEveryModuleEngine("wire: TLV streams joined", ENTRY, async (module) => {
  const wire = await WireModule.open(module);
  const runs = module.engine === "qemu" ? 60 : 1000;
  for (const name of ["n1", "n2"] as const) {
    const valid = vectors.ok.filter(({ ns, hex }) => ns.includes(name) && hex !== "");
    const invalid = vectors.fail.filter(({ ns }) => ns.includes(name));
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...valid), fc.constantFrom(...valid), async (a, b) => {
        const code = await wire.on("tlvs_decode", a.hex + b.hex, INDEX[name]);
        expect(code).toBe(typeOf(a.hex) < typeOf(b.hex) ? 0 : CODES.ERR_ORDER);
      }),
      { numRuns: runs },
    );
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...valid), fc.constantFrom(...invalid), async (a, b) => {
        const code = await wire.on("tlvs_decode", a.hex + b.hex, INDEX[name]);
        // A lower type is noticed before what is wrong behind it.
        expect([REASONS[b.reason], CODES.ERR_ORDER]).toContain(code);
      }),
      { numRuns: runs },
    );
  }
});
