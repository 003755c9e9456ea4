import { secp256k1 } from "@noble/curves/secp256k1.js";
import fc from "fast-check";
import { expect } from "vitest";
import { decodeInvoice } from "../../host/decode/invoice.js";
import { onEveryModuleEngine } from "../driver/modules.js";
import { hex, toHex } from "../driver/vectors.js";
import { expectSame, fallback, number, whole } from "./fields.js";
import { ERR, InvoiceModule, featureBytes, invoiceVectors } from "./invoices.js";
import { signedInvoice } from "./reference.js";

const ENTRY = "test/invoice/invoice.entry.ts";
const vectors = invoiceVectors();
const KEY = hex(vectors.priv_key);
const MAX_CHARS = 1024;

const bytes = (length: number): fc.Arbitrary<Uint8Array> => fc.uint8Array({ minLength: length, maxLength: length });

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
