import { sha256 } from "@noble/hashes/sha2.js";
import fc from "fast-check";
import { expect } from "vitest";
import { onEveryModuleEngine } from "../driver/modules.js";
import { hex, toHex } from "../driver/vectors.js";
import { ENTRY, OnionClient } from "./client.js";
import { keyNamed, node, runs } from "./fixtures.js";
import { encodeTlvs, offsetOf, type Tlv } from "./tlv.js";

const tlv = (type: number, value: string): Tlv => ({ type: BigInt(type), value: hex(value) });

const AMOUNT = tlv(2, "0f4240");
const CLTV = tlv(4, "0c3500");
const CHANNEL = tlv(6, "0000010000020003");
const PAYMENT_DATA = tlv(8, "11".repeat(32) + "0f4240");
const ENCRYPTED = tlv(10, "22".repeat(40));
const PATH_KEY: Tlv = { type: 12n, value: node(1).point };
const METADATA = tlv(16, "0102");
const TOTAL = tlv(18, "0f4241");
const ENERGY = tlv(68002, "6a380000" + "01" + "00989680");
const ENERGY_TOTAL = tlv(68004, "01312d00");
const KEYSEND: Tlv = { type: 5482373484n, value: keyNamed("preimage") };
const ALL = [AMOUNT, CLTV, CHANNEL, PAYMENT_DATA, ENCRYPTED, PATH_KEY, METADATA, TOTAL, ENERGY, ENERGY_TOTAL, KEYSEND];

interface Verdict {
  readonly code: number;
  /** Of the record at fault, and where it begins. */
  readonly type?: bigint;
  readonly offset?: number;
}

/** BOLT 4's rules once more, on lists. `tlvs` are in order; unknown ones are odd. */
function judge(tlvs: readonly Tlv[], last: boolean, pathKey: boolean): Verdict {
  const known = ALL.filter((record) => tlvs.includes(record));
  const blinded = known.includes(ENCRYPTED);
  const introduction = blinded && !pathKey ? [PATH_KEY] : [];
  let needed: readonly Tlv[];
  let allowed: readonly Tlv[];
  if (blinded && last) needed = allowed = [AMOUNT, CLTV, ENCRYPTED, ...introduction, TOTAL];
  else if (blinded) needed = allowed = [ENCRYPTED, ...introduction];
  else if (last) {
    needed = [AMOUNT, CLTV];
    allowed = [...needed, PAYMENT_DATA, METADATA, TOTAL, ENERGY, ENERGY_TOTAL, KEYSEND];
  } else {
    needed = [AMOUNT, CLTV, CHANNEL];
    allowed = [...needed, ENERGY];
  }
  if (!blinded && pathKey) needed = [...needed, ENCRYPTED].sort((a, b) => Number(a.type - b.type));
  const at = (record: Tlv): Pick<Required<Verdict>, "type" | "offset"> => ({
    type: record.type,
    offset: offsetOf(tlvs, tlvs.indexOf(record)),
  });
  const excess = known.find((record) => !allowed.includes(record));
  if (excess !== undefined) return { code: -14, ...at(excess) };
  const end = encodeTlvs(tlvs).length;
  const missing = needed.find((record) => !known.includes(record));
  if (missing !== undefined) return { code: -24, type: missing.type, offset: end };
  if (known.includes(ENERGY_TOTAL) && !known.includes(ENERGY)) return { code: -23, ...at(ENERGY_TOTAL) };
  if (blinded && tlvs.length > known.length) return { code: -14, type: 0n, offset: end };
  return { code: 0 };
}

async function verdict(client: OnionClient, code: number): Promise<Verdict> {
  if (code === 0) return { code };
  const type = BigInt.asUintN(64, (await client.module.call("bad_type")) as bigint);
  return { code, type, offset: await client.call("bad_offset") };
}

onEveryModuleEngine("onion payload: every set of records, for every kind of hop", ENTRY, async (module) => {
  const client = await OnionClient.open(module);
  const check = async (set: number, last: boolean, pathKey: boolean, odd: readonly Tlv[]): Promise<void> => {
    const tlvs = [...ALL.filter((_, i) => (set & (1 << i)) !== 0), ...odd].sort((a, b) => (a.type < b.type ? -1 : 1));
    const code = await client.readPayload(encodeTlvs(tlvs), last, pathKey);
    expect(await verdict(client, code), `${set} ${last} ${pathKey}`).toEqual(judge(tlvs, last, pathKey));
  };
  // A board would take a minute for all of them.
  const stride = module.engine === "qemu" ? 97 : 1;
  for (let n = 0; n < 4 << ALL.length; n += stride) await check(n >> 2, (n & 1) !== 0, (n & 2) !== 0, []);
  // Inside a blinded path, not even odd types that nobody knows.
  for (const set of [0b10000, 0b110000, 0b10010011, 0b10110011]) {
    for (const [last, pathKey] of [
      [false, false],
      [false, true],
      [true, false],
      [true, true],
    ] as const) {
      await check(set, last, pathKey, []);
      await check(set, last, pathKey, [tlv(11, "00")]);
      await check(set, last, pathKey, [tlv(1, ""), tlv(99999, "00")]);
    }
  }
  await fc.assert(
    fc.asyncProperty(fc.nat((1 << ALL.length) - 1), fc.boolean(), fc.boolean(), fc.nat(3), (set, last, path, which) => {
      const odd = [tlv(1, ""), tlv(11, "00"), tlv(68003, "1234"), tlv(99999, "ff".repeat(300))][which] as Tlv;
      return check(set, last, path, [odd]);
    }),
    { seed: 4, numRuns: runs(module.engine, 400) },
  );
});

onEveryModuleEngine(
  "onion payload: records that are not understood are named, with where they begin",
  ENTRY,
  async (module) => {
    const client = await OnionClient.open(module);
    const long = tlv(71, "00".repeat(253));
    const cases: readonly (readonly [string, readonly Tlv[], string, Verdict])[] = [
      ["unknown even", [AMOUNT, CLTV], "140100", { code: -12, type: 20n, offset: 10 }],
      ["unknown even behind a long one", [AMOUNT, long], "4800", { code: -12, type: 72n, offset: 262 }],
      ["unknown even of 8 bytes", [AMOUNT], "ff800000000000000000", { code: -12, type: 1n << 63n, offset: 5 }],
      ["an earlier one", [CLTV], "020101", { code: -11, type: 2n, offset: 5 }],
      ["one twice", [AMOUNT], "020101", { code: -11, type: 2n, offset: 5 }],
      ["a type of too many bytes", [AMOUNT], "fd000400", { code: -10, type: 0n, offset: 5 }],
      ["a length of too many bytes", [AMOUNT], "04fd000101", { code: -10, type: 4n, offset: 5 }],
      ["a length beyond the end", [AMOUNT], "04020c", { code: -9, type: 4n, offset: 5 }],
      ["no length", [AMOUNT], "04", { code: -9, type: 4n, offset: 5 }],
      ["a leading zero", [AMOUNT], "04020001", { code: -10, type: 4n, offset: 5 }],
      ["five bytes of cltv", [AMOUNT], "04050102030405", { code: -13, type: 4n, offset: 5 }],
      ["nine bytes of amount", [], "0209" + "01".repeat(9), { code: -13, type: 2n, offset: 0 }],
      ["a short channel of 7 bytes", [AMOUNT, CLTV], "060700000000000001", { code: -9, type: 6n, offset: 10 }],
      ["a short channel of 9 bytes", [AMOUNT, CLTV], "0609000000000000000001", { code: -13, type: 6n, offset: 10 }],
      ["a secret of 31 bytes", [AMOUNT], "081f" + "00".repeat(31), { code: -9, type: 8n, offset: 5 }],
      ["a path key without prefix", [], "0c21" + "00".repeat(33), { code: -18, type: 12n, offset: 0 }],
      ["energy of kind 3", [], "fe000109a20600000000" + "0301", { code: -14, type: 68002n, offset: 0 }],
      ["energy without amount", [], "fe000109a20500000000" + "01", { code: -13, type: 68002n, offset: 0 }],
      ["energy of three bytes", [], "fe000109a20800000000" + "01010203", { code: -13, type: 68002n, offset: 0 }],
      ["energy of too many bytes", [], "fe000109a20700000000" + "010001", { code: -10, type: 68002n, offset: 0 }],
      [
        "a preimage of 33 bytes",
        [],
        "ff0000000146c6616c21" + "00".repeat(33),
        { code: -13, type: 5482373484n, offset: 0 },
      ],
    ];
    for (const [what, before, rest, expected] of cases) {
      const payload = Uint8Array.from([...encodeTlvs(before), ...hex(rest)]);
      for (const last of [false, true]) {
        expect(await client.readPayload(encodeTlvs([AMOUNT, CLTV]), true, false)).toBe(0);
        const code = await client.readPayload(payload, last, false);
        expect(await verdict(client, code), what).toEqual(expected);
        // What an earlier payload held is not taken for this one's.
        expect(toHex(await module.read(await client.call("fields"), 4)), what).toBe("00000000");
      }
    }
  },
);

onEveryModuleEngine("onion payload: fields of a final payload with energy, and keysend", ENTRY, async (module) => {
  const client = await OnionClient.open(module);
  const payload = encodeTlvs([AMOUNT, CLTV, PAYMENT_DATA, METADATA, ENERGY, ENERGY_TOTAL, KEYSEND]);
  expect(await client.readPayload(payload, true, false)).toBe(0);
  const record = Buffer.from(await module.read(await client.call("fields"), 108));
  expect(record.readBigUInt64LE(16)).toBe(1_000_000n);
  expect(record.readBigUInt64LE(24)).toBe(800_000n);
  expect(toHex(await module.read(record.readUInt32LE(40), 32))).toBe("11".repeat(32));
  expect(record.readBigUInt64LE(44)).toBe(1_000_000n);
  expect(toHex(await module.read(record.readUInt32LE(64), record.readUInt32LE(68)))).toBe("0102");
  expect(record.readUInt32LE(80)).toBe(0x6a380000);
  expect(record.readUInt32LE(84)).toBe(1);
  expect(record.readBigInt64LE(88)).toBe(10_000_000n);
  expect(record.readBigInt64LE(96)).toBe(20_000_000n);

  const keysend = async (hash: Uint8Array): Promise<number> => {
    await client.write(0, hash);
    return client.call("check_keysend", client.at);
  };
  expect(await keysend(sha256(KEYSEND.value))).toBe(0);
  expect(await client.call("clean")).toBe(1);
  for (const bit of [0, 100, 255]) {
    const other = sha256(KEYSEND.value);
    other[bit >> 3] = (other[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    expect(await keysend(other)).toBe(-14);
  }
  expect(await client.readPayload(encodeTlvs([AMOUNT, CLTV]), true, false)).toBe(0);
  expect(await keysend(sha256(KEYSEND.value))).toBe(-24);
});

onEveryModuleEngine("onion payload: what a blinded path's recipient says", ENTRY, async (module) => {
  const client = await OnionClient.open(module);
  const read = async (tlvs: readonly Tlv[], last: boolean): Promise<number> => {
    const data = encodeTlvs(tlvs);
    await client.write(0, data);
    return client.call("read_recipient_data", client.at, data.length, Number(last));
  };
  const padding = tlv(1, "0000");
  const channel = tlv(2, "0000000000000007");
  const nodeId: Tlv = { type: 4n, value: node(2).point };
  const relay = tlv(10, "0024" + "00000096" + "2710");
  const constraints = tlv(12, "000b69e5" + "05dc");
  const none = tlv(14, "");
  expect(await read([padding, channel, relay, constraints, none], false)).toBe(0);
  const record = Buffer.from(await module.read(await client.call("instructions"), 84));
  expect(record.readBigUInt64LE(24)).toBe(7n);
  expect([48, 52, 64].map((at) => record.readUInt32LE(at))).toEqual([36, 150, 748005]);
  expect(record.readBigUInt64LE(56)).toBe(10_000n);
  expect(record.readBigUInt64LE(68)).toBe(1500n);
  expect(await read([nodeId, relay], false)).toBe(0);
  expect(await read([channel, nodeId, relay], false)).toBe(-14);
  expect(await read([channel, nodeId, relay], true)).toBe(-14);
  expect(await read([channel, constraints], false)).toBe(-24);
  expect(await read([relay, constraints], false)).toBe(-24);
  expect(await read([], true)).toBe(0);
  expect(await read([tlv(6, "01")], true)).toBe(0);
  expect(await read([tlv(14, "0000")], true)).toBe(0);
  expect(await read([tlv(14, "02")], true)).toBe(-14);
  expect(await read([tlv(16, "")], true)).toBe(-12);
  expect(await read([tlv(17, "")], true)).toBe(0);
  expect(await read([tlv(10, "0024000000")], false)).toBe(-9);
});

onEveryModuleEngine("onion payload: what a blinded hop forwards, in whole msat", ENTRY, async (module) => {
  const client = await OnionClient.open(module);
  const u64 = fc.bigInt(0n, (1n << 64n) - 1n);
  const u32 = fc.nat(0xffffffff);
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(u64, fc.bigInt(0n, 10n ** 10n)),
      fc.oneof(u32, fc.nat(5000)),
      u32,
      async (amount, base, ppm) => {
        const word = (value: number): string => value.toString(16).padStart(8, "0");
        const truncated = base === 0 ? "" : toHex(Uint8Array.from(hex(word(base)).slice(Math.clz32(base) >> 3)));
        const data = encodeTlvs([tlv(2, "00".repeat(8)), tlv(10, `0000${word(ppm)}${truncated}`)]);
        await client.write(0, data);
        expect(await client.call("read_recipient_data", client.at, data.length, 0)).toBe(0);
        await client.write(200, new Uint8Array(8).fill(0xaa));
        const code = await client.call("relayed_msat", BigInt.asIntN(64, amount), client.at + 200);
        const result = Buffer.from(await client.read(200, 8)).readBigUInt64LE();
        if (amount < BigInt(base)) {
          expect([code, result]).toEqual([-5, 0xaaaaaaaaaaaaaaaan]);
        } else {
          const million = 1_000_000n;
          const rate = BigInt(ppm);
          const expected = ((amount - BigInt(base)) * million + million + rate - 1n) / (million + rate);
          expect([code, result]).toEqual([0, expected]);
        }
      },
    ),
    { seed: 4, numRuns: runs(module.engine, 300) },
  );
});
