import fc from "fast-check";
import { expect } from "vitest";
import { onEveryModuleEngine } from "../driver/modules.js";
import { ERR, InvoiceModule, invoiceVectors } from "./invoices.js";

const ENTRY = "test/invoice/invoice.entry.ts";
const MAX = 2n ** 64n - 1n;
const runs = (engine: string): number => (engine === "qemu" ? 300 : 5000);

/** Tenths of a msat in the unit of each multiplier. */
const PICO: Readonly<Record<string, bigint>> = { "": 10n ** 12n, m: 10n ** 9n, u: 10n ** 6n, n: 1000n, p: 1n };

const digits = fc.oneof(
  fc.bigInt(1n, 10n ** 9n),
  fc.bigInt(1n, 10n ** 22n),
  fc.bigInt(1n, 10n ** 18n).map((value) => value * 10n),
  ...Object.values(PICO).flatMap((pico) => [-1n, 0n, 1n].map((step) => fc.constant((MAX * 10n) / pico + step))),
);

/** Code and amount of a human-readable part, by BigInt. */
function expected(text: string, multiplier: string): [number, bigint | undefined] {
  const pico = BigInt(text) * (PICO[multiplier] ?? 0n);
  // Digits alone may be beyond 64 bits, which is noticed before what they are multiplied with.
  if (BigInt(text) > MAX || (pico % 10n === 0n && pico / 10n > MAX)) return [ERR.OVERFLOW, undefined];
  return pico % 10n === 0n ? [0, pico / 10n] : [ERR.VALUE, undefined];
}

onEveryModuleEngine("invoice: amounts that are read agree with BigInt", ENTRY, async (module) => {
  const room = await InvoiceModule.open(module, invoiceVectors().priv_key);
  await room.prefix("bc");
  await fc.assert(
    fc.asyncProperty(digits, fc.constantFrom("", "m", "u", "n", "p"), async (value, multiplier) => {
      const text = `lnbc${value}${multiplier}`;
      const before = await room.amount();
      await room.put(Buffer.from(text));
      const [code, amount] = expected(value.toString(), multiplier);
      expect(await module.call("amount_read", text.length), text).toBe(code);
      expect(await room.amount(), text).toBe(amount ?? before);
    }),
    { numRuns: runs(module.engine) },
  );
});

onEveryModuleEngine("invoice: what is no prefix and amount has its code", ENTRY, async (module) => {
  const room = await InvoiceModule.open(module, invoiceVectors().priv_key);
  await room.prefix("tb");
  const cases: [string, number][] = [
    ["lntb", 0],
    ["LNTB1U", 0],
    ["lntb0", ERR.MINIMAL],
    ["lntb010u", ERR.MINIMAL],
    ["lntb1x", ERR.VALUE],
    ["lntb1mm", ERR.VALUE],
    ["lntb1m1", ERR.VALUE],
    ["lntb1-", ERR.VALUE],
    ["lntb1\u00ff", ERR.VALUE],
    ["lntbs", ERR.CHAIN],
    ["lntbm", ERR.CHAIN],
    ["lnbc", ERR.CHAIN],
    ["lnt", ERR.CHAIN],
    ["ln", ERR.CHAIN],
    ["", ERR.CHAIN],
    ["xntb", ERR.CHAIN],
    ["lxtb", ERR.CHAIN],
  ];
  for (const [text, code] of cases) {
    await room.put(Buffer.from(text, "latin1"));
    expect(await module.call("amount_read", text.length), text).toBe(code);
  }
});

onEveryModuleEngine("invoice: amounts are written in their shortest form", ENTRY, async (module) => {
  const room = await InvoiceModule.open(module, invoiceVectors().priv_key);
  await room.prefix("bc");
  const msat = fc.oneof(
    fc.bigInt(1n, MAX),
    fc.bigInt(1n, 10n ** 6n),
    fc
      .tuple(fc.bigInt(1n, 10n ** 6n), fc.integer({ min: 0, max: 13 }))
      .map(([value, zeros]) => value * 10n ** BigInt(zeros)),
    fc.constantFrom(0n, 1n, 99n, 100n, 101n, MAX, MAX / 10n, MAX / 10n + 1n, (MAX / 100n) * 100n),
  );
  await fc.assert(
    fc.asyncProperty(msat, async (value) => {
      const amount = value > MAX ? MAX : value;
      const written = await room.text(await module.call("amount_write", BigInt.asIntN(64, amount)));
      const forms = Object.entries(PICO)
        .filter(([, pico]) => (amount * 10n) % pico === 0n)
        .map(([letter, pico]) => ({ digits: (amount * 10n) / pico, letter }))
        .filter((form) => form.digits <= MAX);
      const shortest = forms[0];
      if (amount === 0n) expect(written).toBe("lnbc");
      else if (shortest === undefined) expect(written).toBe(ERR.OVERFLOW);
      else expect(written).toBe(`lnbc${shortest.digits}${shortest.letter}`);
    }),
    { numRuns: runs(module.engine) },
  );
});
