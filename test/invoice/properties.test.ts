import { secp256k1 } from "@noble/curves/secp256k1.js";
import fc from "fast-check";
import { expect } from "vitest";
import { DecodeError } from "../../host/decode/errors.js";
import { type Invoice, decodeInvoice } from "../../host/decode/invoice.js";
import { type TestModule, onEveryModuleEngine } from "../driver/modules.js";
import { hex, toHex } from "../driver/vectors.js";
import { INVOICE_MUTATIONS } from "../long/counts.js";
import {
  ERR,
  InvoiceModule,
  type InvoiceRecord,
  parseRecord,
  dataOf,
  featureBytes,
  invoiceVectors,
  numberBytes,
} from "./invoices.js";
import {
  type GroupField,
  dataGroups,
  groupsOfBytes,
  groupsOfNumber,
  invoiceText,
  signatureGroups,
  signedInvoice,
} from "./reference.js";

const ENTRY = "test/invoice/invoice.entry.ts";
const vectors = invoiceVectors();
const KEY = hex(vectors.priv_key);
const MAX_CHARS = 1024;
const MAX_FIELDS = 32;

const bytes = (length: number): fc.Arbitrary<Uint8Array> => fc.uint8Array({ minLength: length, maxLength: length });

/** A field in the form of the record, and its groups by the reference. */
interface Field extends GroupField {
  readonly data: Uint8Array;
}

const whole = (type: string, data: Uint8Array): Field => ({ type, data, groups: groupsOfBytes(data) });
const number = (type: string, value: bigint): Field => ({
  type,
  data: numberBytes(value),
  groups: groupsOfNumber(value),
});
const fallback = ([version, program]: [number, Uint8Array]): Field => ({
  type: "f",
  data: Uint8Array.from([version, ...program]),
  groups: [version, ...groupsOfBytes(program)],
});

/** Beyond those that depend on another. */
const odd = fc.integer({ min: 32, max: 150 }).map((half) => 2 * half + 1);
const features = fc
  .tuple(fc.subarray([0, 8, 12, 16, 36, 44, 48]), fc.uniqueArray(odd, { maxLength: 6 }))
  .map((bits) => number("9", BigInt(`0x${toHex(featureBytes([14, ...bits.flat()]))}`)));

const optional = fc.oneof(
  fc.bigInt(0n, 2n ** 64n - 1n).map((value) => number("x", value)),
  fc.bigInt(0n, 2n ** 20n).map((value) => number("c", value)),
  fc.uint8Array({ maxLength: 60 }).map((data) => whole("m", data)),
  fc.array(bytes(51), { minLength: 1, maxLength: 3 }).map((hops) => whole("r", Buffer.concat(hops))),
  fc.tuple(fc.constantFrom(17, 18, 0), bytes(20)).map(fallback),
  fc.tuple(fc.integer({ min: 1, max: 16 }), fc.uint8Array({ minLength: 2, maxLength: 40 })).map(fallback),
  fc.tuple(fc.integer({ min: 19, max: 31 }), fc.uint8Array({ maxLength: 40 })).map(fallback),
  fc
    .tuple(fc.constantFrom(..."qzyg8t2vw0jn54k"), fc.uint8Array({ maxLength: 40 }))
    .map(([type, data]) => whole(type, data)),
  fc.constant(whole("n", hex(vectors.node_id))),
  features,
);

const fields = fc
  .tuple(
    bytes(32).map((hash) => whole("p", hash)),
    bytes(32).map((secret) => whole("s", secret)),
    fc.oneof(
      fc.string({ unit: "grapheme", maxLength: 40 }).map((text) => whole("d", Buffer.from(text))),
      bytes(32).map((hash) => whole("h", hash)),
    ),
    fc.array(optional, { maxLength: 8 }),
  )
  .chain(([p, s, d, more]) => fc.shuffledSubarray([p, s, d, ...more], { minLength: 3 + more.length }));

/** Multiples keep the amount within what every multiplier can write. */
const amount = fc.oneof(
  fc.constant(0n),
  fc.bigInt(1n, 2n ** 60n),
  fc.bigInt(1n, 10n ** 6n).map((value) => value * 10n ** 8n),
);

const SHORTEST: [string, bigint][] = [
  ["", 10n ** 12n],
  ["m", 10n ** 9n],
  ["u", 10n ** 6n],
  ["n", 1000n],
  ["p", 1n],
];

function hrpOf(currency: string, msat: bigint): string {
  if (msat === 0n) return `ln${currency}`;
  const [letter, pico] = SHORTEST.find(([, unit]) => (msat * 10n) % unit === 0n) ?? ["", 1n];
  return `ln${currency}${(msat * 10n) / pico}${letter}`;
}

const draw = fc.record({
  currency: fc.constantFrom("bc", "tb", "tbs", "bcrt", "ltc", "abcdefghijklmno"),
  msat: amount,
  timestamp: fc.bigInt(0n, 2n ** 35n - 1n),
  list: fields,
});

onEveryModuleEngine(
  "invoice: random invoices are written as the reference writes them, and read back",
  ENTRY,
  async (module) => {
    const room = await InvoiceModule.open(module, vectors.priv_key);
    let tooLong = 0;
    await fc.assert(
      fc.asyncProperty(draw, async ({ currency, msat, timestamp, list }) => {
        await room.prefix(currency);
        const hrp = hrpOf(currency, msat);
        const expected = signedInvoice(hrp, timestamp, list, KEY);
        const before = toHex(await room.recordBytes());
        const written = await room.encode(
          msat,
          timestamp,
          list.map(({ type, data }) => [type, data]),
        );
        if (expected.length > MAX_CHARS) {
          tooLong++;
          expect(written).toBe(ERR.CAPACITY);
          expect(toHex(await room.recordBytes())).toBe(before);
          expect(await room.decode(expected)).toBe(ERR.CAPACITY);
          return;
        }
        expect(written).toBe(expected);
        const record = await room.record();
        expect(record.payee).toBe(toHex(secp256k1.getPublicKey(KEY, true)));
        expect(await room.decode(expected.toUpperCase())).toBe(0);
        expect(await room.record()).toEqual(record);
        expect(await room.encodeAgain()).toBe(expected);
        expectSame(record, decodeInvoice(expected));
      }),
      { numRuns: module.engine === "qemu" ? 30 : 400 },
    );
    expect(tooLong).toBeLessThan(module.engine === "qemu" ? 20 : 100);
  },
  120_000,
);

/** What the firmware read, and what the host's own reading makes of the same text, in one form. */
function summaryOfRecord(record: InvoiceRecord): unknown[] {
  const first = (type: string): string | undefined => dataOf(record, type)[0];
  const { amount_msat, timestamp, expiry_s, min_final_cltv_expiry_delta, payee } = record;
  return [
    [amount_msat, timestamp, expiry_s, min_final_cltv_expiry_delta].map(String),
    [payee, first("p"), first("s"), first("d"), first("h"), first("m"), first("9")?.replace(/^00/, "") ?? ""],
    dataOf(record, "r").map((data) => [data.length / 102, data.slice(0, 66)]),
    dataOf(record, "f"),
    record.fields.filter(({ valid }) => !valid).map(({ type, groups }) => type + groups),
  ];
}

function summaryOfInvoice(invoice: Invoice): unknown[] {
  const { amount_msat = 0n, timestamp, expiry_s, min_final_cltv_expiry_delta, payee, payment_hash } = invoice;
  const { payment_secret, description, description_hash, metadata, features } = invoice;
  const text = description && toHex(description);
  return [
    [amount_msat, timestamp, expiry_s, min_final_cltv_expiry_delta].map(String),
    [payee, payment_hash, payment_secret, text, description_hash, metadata, toHex(featureBytes(features))],
    invoice.routes.map((route) => [route.length, route[0]?.pubkey]),
    invoice.fallbacks.map(({ version, program }) => version.toString(16).padStart(2, "0") + program),
    invoice.skipped.map(({ type, groups }) => type + groups),
  ];
}

function expectSame(record: InvoiceRecord, invoice: Invoice): void {
  expect(summaryOfRecord(record)).toEqual(summaryOfInvoice(invoice));
}

/** What is done to an invoice before its checksum is made right again. */
type Change = (hrp: string, groups: number[], random: (below: number) => number) => string;

const change: Change[] = [
  (hrp, groups, random) => {
    groups[random(groups.length)] = random(32);
    return hrp;
  },
  (hrp, groups, random) => {
    groups.splice(random(groups.length), 1 + random(3));
    return hrp;
  },
  (hrp, groups, random) => {
    groups.splice(random(groups.length), 0, ...Array.from({ length: 1 + random(4) }, () => random(32)));
    return hrp;
  },
  (hrp, groups, random) => {
    groups.length = random(groups.length + 1);
    return hrp;
  },
  (hrp, groups, random) => {
    // A second copy of some stretch: repeated and misplaced fields.
    const from = random(groups.length);
    groups.splice(random(groups.length), 0, ...groups.slice(from, from + random(120)));
    return hrp;
  },
  (hrp, _groups, random) => {
    const at = random(hrp.length + 1);
    return hrp.slice(0, at) + "0123456789munpxlb".charAt(random(17)) + hrp.slice(at + random(2));
  },
];

/** A small deterministic stream (xorshift32). */
function randomOf(seed: number): (below: number) => number {
  let state = seed | 1;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

const CODES = new Set<number>(Object.values(ERR));

/**
 * One input, and whether the firmware and the host agree about it: same verdict, same contents. Plain comparisons where
 * all is well: a hundred thousand expectations take longer than what is tested.
 * @returns the record as it is after it
 */
async function compare(room: InvoiceModule, text: string, before: Uint8Array): Promise<Uint8Array> {
  const code = await room.decode(text);
  const after = await room.recordBytes();
  let invoice: Invoice | undefined;
  try {
    invoice = decodeInvoice(text);
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
  }
  if (code !== 0) {
    if (!CODES.has(code)) expect.fail(`code ${code}: ${text}`);
    if (Buffer.compare(after, before) !== 0) expect.fail(`refused, and the record changed: ${text}`);
    const limited = code === ERR.CAPACITY && (text.length > MAX_CHARS || text.length / 3 > MAX_FIELDS);
    if (invoice?.currency === "bc" && !limited) expect.fail(`code ${code}, and the host reads it: ${text}`);
    return before;
  }
  if (invoice === undefined) expect.fail(`accepted, and the host refuses it: ${text}`);
  expectSame(parseRecord(after), invoice);
  return after;
}

async function mutate(module: TestModule, seed: number, count: number): Promise<number> {
  const room = await InvoiceModule.open(module, vectors.priv_key);
  await room.prefix("bc");
  const random = randomOf(seed);
  const bases = vectors.valid
    .filter(({ decoded }) => decoded.currency === "bc")
    .map(({ invoice }) => {
      const text = invoice.toLowerCase();
      const separator = text.lastIndexOf("1");
      const groups = [...text.slice(separator + 1, -6)].map((char) => "qpzry9x8gf2tvdw0s3jn54khce6mua7l".indexOf(char));
      return { hrp: text.slice(0, separator), groups };
    });
  // None of BOLT 11's names its payee and is valid.
  const named = dataGroups(1n, [
    ...["p", "s", "h"].map((type) => whole(type, new Uint8Array(32))),
    whole("n", hex(vectors.node_id)),
  ]);
  bases.push({ hrp: "lnbc1m", groups: [...named, ...signatureGroups("lnbc1m", named, KEY)] });
  let before = await room.recordBytes();
  let accepted = 0;
  for (let run = 0; run < count; run++) {
    const base = bases[random(bases.length)] ?? { hrp: "lnbc", groups: [] };
    let groups = [...base.groups];
    let hrp = base.hrp;
    for (let i = random(3); i >= 0; i--) hrp = change[random(change.length)]?.(hrp, groups, random) ?? hrp;
    // Some are signed anew: what the named payee signs is accepted or refused for what it says.
    if (run % 25 === 0 && groups.length > 111) {
      groups = groups.slice(0, -104);
      groups.push(...signatureGroups(hrp, groups, KEY));
    }
    let text = invoiceText(hrp, groups);
    // Some keep the checksum of what they were.
    if (run % 5 === 0)
      text = text.slice(0, -random(7) - 1) + "q1bA\u0080".charAt(random(5)) + text.slice(text.length - random(7));
    const now = await compare(room, text, before);
    if (now !== before) accepted++;
    before = now;
  }
  return accepted;
}

onEveryModuleEngine(
  "invoice: mutated invoices do not trap, and the host's reading agrees",
  ENTRY,
  async (module) => {
    const count = INVOICE_MUTATIONS[module.engine];
    // Neither all nor none: both ways are tried.
    const accepted = await mutate(module, 11, count);
    expect(accepted).toBeGreaterThan(count / 50);
    expect(accepted).toBeLessThan(count);
  },
  30 * 60_000,
);

onEveryModuleEngine(
  "invoice: any one changed character is refused",
  ENTRY,
  async (module) => {
    const room = await InvoiceModule.open(module, vectors.priv_key);
    for (const { invoice, decoded } of vectors.valid.slice(0, module.engine === "qemu" ? 1 : 6)) {
      await room.prefix(decoded.currency);
      expect(await room.decode(invoice)).toBe(0);
      await room.put(Buffer.from(invoice));
      const step = module.engine === "qemu" ? 37 : 1;
      for (let at = 0; at < invoice.length; at += step) {
        expect(await module.call("refused_changes", invoice.length, at, at + 1), `character ${at}`).toBe(0);
      }
    }
  },
  120_000,
);

onEveryModuleEngine("invoice: more fields or characters than fit have their code", ENTRY, async (module) => {
  const room = await InvoiceModule.open(module, vectors.priv_key);
  await room.prefix("bc");
  const needed = [whole("p", new Uint8Array(32)), whole("s", new Uint8Array(32)), whole("d", new Uint8Array(1))];
  const unknown = (count: number): Field[] => Array.from({ length: count }, () => whole("q", new Uint8Array(0)));
  const of = (list: Field[]): string => signedInvoice("lnbc", 1n, list, KEY);
  expect(await room.decode(of([...needed, ...unknown(29)]))).toBe(0);
  const before = toHex(await room.recordBytes());
  expect(await room.decode(of([...needed, ...unknown(30)]))).toBe(ERR.CAPACITY);
  expect(toHex(await room.recordBytes())).toBe(before);

  // The longest text that is read: 1,024 characters with a description of as many groups as that takes.
  const exact = (extra: number): string => {
    const base = of([...needed.slice(0, 2), { type: "d", groups: [], data: new Uint8Array(0) }]);
    const groups = Array.from({ length: MAX_CHARS - base.length + extra }, () => 0);
    return of([...needed.slice(0, 2), { type: "d", groups, data: new Uint8Array(0) }]);
  };
  expect(exact(0)).toHaveLength(MAX_CHARS);
  expect(await room.decode(exact(0))).toBe(0);
  expect(await room.encodeAgain()).toBe(exact(0));
  expect(await room.decode(exact(1))).toBe(ERR.CAPACITY);

  const long: [string, Uint8Array][] = [["d", new Uint8Array(640)]];
  expect(await room.encode(0n, 1, long)).toBe(ERR.CAPACITY);
  expect(await room.encode(0n, 2n ** 35n, [])).toBe(ERR.VALUE);
  expect(await room.encode(0n, 1, [])).toBe(ERR.MISSING);
  expect(await room.encode(0n, 1, [["f", Uint8Array.of(32)]])).toBe(ERR.VALUE);
  const values = needed.map(({ type, data }): [string, Uint8Array] => [type, data]);
  expect(await room.encode(0n, 1, [...values, ["9", featureBytes([100])]])).toBe(ERR.UNKNOWN_EVEN);
  expect(await room.encode(0n, 1, [...values, ["9", featureBytes([51])]])).toBe(ERR.DEPENDENCY);
  expect(await room.encode(0n, 1, [...values, ["x", numberBytes(2n ** 64n)]])).toBe(ERR.OVERFLOW);
  expect(await room.encode(0n, 1, [...values, ["h", new Uint8Array(32)]])).toBe(ERR.VALUE);
  expect(await room.encode(0n, 1, [...values, ["n", new Uint8Array(33)]])).toBe(ERR.SIGNATURE);
  await room.prefix("");
  expect(await room.encode(0n, 1, values)).toBe(ERR.ARGUMENT);
  expect(await room.decode(of(needed))).toBe(ERR.ARGUMENT);
  await module.write((await module.call("buffer")) as number, Uint8Array.of(16));
  expect(await room.decode(of(needed))).toBe(ERR.ARGUMENT);
});

// The data of a signed field: a number that begins with zeros.
onEveryModuleEngine("invoice: numbers in more groups than they need are refused", ENTRY, async (module) => {
  const room = await InvoiceModule.open(module, vectors.priv_key);
  await room.prefix("bc");
  const needed = [whole("p", new Uint8Array(32)), whole("s", new Uint8Array(32)), whole("d", new Uint8Array(1))];
  for (const type of "xc9") {
    const data = dataGroups(1n, [...needed, { type, groups: [0, 8, 0] }]);
    expect(await room.decode(invoiceText("lnbc", [...data, ...signatureGroups("lnbc", data, KEY)]))).toBe(ERR.MINIMAL);
  }
});

onEveryModuleEngine(
  "invoice: a named payee's signature counts, whatever its recovery id from 0 to 3",
  ENTRY,
  async (module) => {
    const room = await InvoiceModule.open(module, vectors.priv_key);
    await room.prefix("bc");
    const needed = [whole("p", new Uint8Array(32)), whole("s", new Uint8Array(32)), whole("d", new Uint8Array(1))];
    const data = dataGroups(1n, [...needed, whole("n", hex(vectors.node_id))]);
    const signature = signatureGroups("lnbc", data, KEY);
    const of = (id: number): string =>
      // The recovery id is the last 8 of 520 bits: 3 of a group and the whole next one.
      invoiceText("lnbc", [...data, ...signature.slice(0, -2), ((signature.at(-2) ?? 0) & 24) | (id >> 5), id & 31]);
    for (const id of [0, 1, 2, 3]) expect(await room.decode(of(id)), `id ${id}`).toBe(0);
    const before = toHex(await room.recordBytes());
    for (const id of [4, 5, 32, 255]) expect(await room.decode(of(id)), `id ${id}`).toBe(ERR.SIGNATURE);
    expect(toHex(await room.recordBytes())).toBe(before);
    const other = vectors.valid.find(({ id }) => id === "high_s_recovery")?.node_id ?? "";
    const named = dataGroups(1n, [...needed, whole("n", hex(other))]);
    expect(await room.decode(invoiceText("lnbc", [...named, ...signatureGroups("lnbc", named, KEY)]))).toBe(
      ERR.SIGNATURE,
    );
  },
);
