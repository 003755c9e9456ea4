import fc from "fast-check";
import { expect } from "vitest";
import { imbalanceMsat } from "../../host/evidence/prices.js";
import {
  absolute,
  ERR,
  MILLION,
  onEngines,
  parametersOf,
  PROMISE,
  RECEIPT,
  TERMS,
  type Energy,
  type Terms,
} from "./line.js";

const MAX = 2n ** 64n - 1n;
const START = 1_750_000_500;
/** Channels: the opener's and the accepter's record of the line into us, and of the one out of us. */
const IN = 2;
const OUT_LINE = 3;

const u64 = fc.oneof(fc.bigInt(0n, MAX), fc.bigInt(0n, 10n ** 7n), fc.constantFrom(0n, 1n, MAX));
const i64 = fc.oneof(fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n), fc.bigInt(-1000n, 1000n), fc.constant(-(2n ** 63n)));
const ceilDiv = (a: bigint, b: bigint): bigint => (a + b - 1n) / b;

/** Half of a line as a forwarder has it. */
interface Half {
  readonly holderIsNode1: boolean;
  readonly owned: boolean;
  /** From node_1 to node_2, and back. */
  readonly rents: readonly [bigint, bigint];
  readonly losses: readonly [number, number];
}

const ROLES = { holderIsNode1: 1, ownerIsNode1: 4, accountedAtNode1: 8 };

function setHalf(energy: Energy, n: number, { holderIsNode1, owned, rents, losses }: Half): void {
  const roles =
    (holderIsNode1 ? ROLES.holderIsNode1 : 0) | (owned === holderIsNode1 ? ROLES.ownerIsNode1 : ROLES.accountedAtNode1);
  energy.set(n, 0, BigInt(roles), 32);
  for (const way of [0, 1] as const) {
    energy.set(n, 104 + way * 16, rents[way]);
    energy.set(n, 112 + way * 16, BigInt(losses[way]), 32);
  }
}

/** Rent and energy that arrives, by rational numbers rounded once for each line. */
function through(half: Half, mwh: bigint, intoUs: boolean): { rent: bigint; mwh: bigint } {
  if (!half.owned) return { rent: 0n, mwh };
  // Energy out of us goes from node_1 to node_2 if we are node_1.
  const way = half.holderIsNode1 === intoUs ? 1 : 0;
  const product = half.rents[way] * mwh;
  const rent = product >= 0n ? ceilDiv(product, MILLION) : -(-product / MILLION);
  return { rent, mwh: (mwh * (MILLION - BigInt(half.losses[way]))) / MILLION };
}

const price = fc.oneof(fc.bigInt(-(10n ** 9n), 10n ** 9n), fc.bigInt(-10n, 10n));
const share = fc.oneof(fc.integer({ min: 0, max: 1_000_000 }), fc.integer({ min: 0, max: 3 }));
const half: fc.Arbitrary<Half> = fc.record({
  holderIsNode1: fc.boolean(),
  owned: fc.boolean(),
  rents: fc.tuple(price, price),
  losses: fc.tuple(share, share),
});

onEngines("prices of energy", {
  "values are rounded as their names say": (energy) => {
    fc.assert(
      fc.property(u64, i64, (mwh, msatPerKwh) => {
        for (const [name, expected] of [
          ["value_floor", (mwh * absolute(msatPerKwh)) / MILLION],
          ["value_ceil", ceilDiv(mwh * absolute(msatPerKwh), MILLION)],
        ] as const) {
          const value = energy.value(name, BigInt.asIntN(64, mwh), msatPerKwh);
          expect([name, BigInt.asUintN(64, value)]).toEqual([
            name,
            expected > MAX ? BigInt.asUintN(64, BigInt(ERR.overflow)) : expected,
          ]);
        }
      }),
      { numRuns: 3000 },
    );
  },

  "what deviates from what was agreed owes by the tariff, the accounting end never gains": (energy) => {
    const tariffs = fc.bigInt(-(10n ** 9n), 10n ** 9n);
    fc.assert(
      fc.property(
        fc.bigInt(-(2n ** 51n), 2n ** 51n),
        tariffs,
        share,
        fc.boolean(),
        fc.boolean(),
        (deviation, tariff, spreadPpm, openerOwns, openerIsNode1) => {
          const terms: Terms = { ...TERMS, tariff, spreadPpm, openerOwns };
          expect(energy.open(terms, openerIsNode1)).toBe(0);
          const line = parametersOf(terms, openerIsNode1);
          const owed = imbalanceMsat(deviation, line);
          expect([0, 1].map((n) => energy.value("imbalance_msat", n, deviation))).toEqual([owed, owed]);
          // At no spread the price is the tariff; with one, the accounting end pays no less and gets no more.
          const toAccounting = line.accounted === 1 ? -owed : owed;
          const plain = (deviation * tariff) / MILLION;
          const fair = line.accounted === 1 ? plain : -plain;
          expect(toAccounting <= fair + 1n).toBe(true);
        },
      ),
      { numRuns: 1500 },
    );
    expect(energy.open(TERMS)).toBe(0);
    energy.set(0, 160, 2n ** 62n);
    expect(energy.value("imbalance_msat", 0, 2n ** 40n)).toBe(BigInt(ERR.overflow));
    expect(energy.value("imbalance_msat", 0, 3n * 10n ** 6n)).toBe(BigInt(ERR.overflow));
    expect(energy.value("imbalance_msat", 0, -(2n ** 63n))).toBe(BigInt(ERR.overflow));
  },

  "a swap leaves what the model says, either way, whoever owns the lines": (energy) => {
    let taken = 0;
    fc.assert(
      fc.property(
        half,
        half,
        fc.bigInt(1n, 10n ** 13n),
        fc.boolean(),
        fc.bigInt(-2n, 2n),
        fc.bigInt(-2n, 2n),
        fc.bigInt(0n, 10n ** 15n),
        (incoming, outgoing, mwh, positive, moreMwh, moreMsat, base) => {
          setHalf(energy, IN, incoming);
          setHalf(energy, OUT_LINE, outgoing);
          const first = through(positive ? outgoing : incoming, mwh, true);
          const second = through(positive ? incoming : outgoing, first.mwh, false);
          const rent = first.rent + second.rent;
          const leaving = second.mwh + moreMwh;
          const sign = positive ? 1n : -1n;
          if (leaving <= 0n) return;
          const inMwh = sign * (positive ? leaving : mwh);
          const outMwh = sign * (positive ? mwh : leaving);
          const outMsat = base + absolute(rent);
          const inMsat = outMsat + rent + moreMsat;
          if (inMsat < 0n) return;
          const code = energy.call(
            "swap_check",
            IN,
            OUT_LINE,
            energy.rider({ start: START, kind: RECEIPT, mwh: inMwh }, 0),
            energy.rider({ start: START, kind: RECEIPT, mwh: outMwh }, 1),
            inMsat,
            outMsat,
          );
          expect(code).toBe(moreMwh > 0n ? ERR.capacity : moreMsat < 0n ? ERR.credit : 0);
          expect(BigInt(energy.instance.call("swap_rent") ?? 0n)).toBe(rent);
          if (code === 0) taken++;
        },
      ),
      { numRuns: 4000 },
    );
    expect(taken).toBeGreaterThan(500);
  },

  "riders that do not belong together are refused, and no value traps": (energy) => {
    const idle: Half = { holderIsNode1: true, owned: false, rents: [0n, 0n], losses: [0, 0] };
    const owned: Half = { holderIsNode1: true, owned: true, rents: [10n ** 9n, 10n ** 9n], losses: [0, 0] };
    setHalf(energy, IN, idle);
    setHalf(energy, OUT_LINE, idle);
    const rider = { start: START, kind: PROMISE, mwh: 10n };
    const check = (a: object, b: object, inMsat = 5n, outMsat = 5n): number =>
      energy.call(
        "swap_check",
        IN,
        OUT_LINE,
        energy.rider({ ...rider, ...a }),
        energy.rider({ ...rider, ...b }, 1),
        inMsat,
        outMsat,
      );
    expect(check({}, {})).toBe(0);
    for (const [a, b] of [
      [{ start: START + 900 }, {}],
      [{}, { start: 0 }],
      [{ start: 0 }, { start: 0 }],
      [{ kind: RECEIPT }, {}],
      [{ kind: 2 }, { kind: 2 }],
      [{ kind: 255 }, { kind: 255 }],
      [{ mwh: -10n }, {}],
      [{}, { mwh: -10n }],
      [{ mwh: 0n }, {}],
      [{}, { mwh: 0n }],
    ] as const) {
      expect([a, b, check(a, b)]).toEqual([a, b, ERR.value]);
    }
    expect(check({ mwh: -(2n ** 63n) }, { mwh: -(2n ** 63n) })).toBe(0);
    setHalf(energy, IN, owned);
    setHalf(energy, OUT_LINE, owned);
    expect(check({ mwh: -(2n ** 63n) }, { mwh: -(2n ** 63n) })).toBe(ERR.overflow);
    expect(check({ mwh: 2n ** 63n - 1n }, { mwh: 2n ** 63n - 1n })).toBe(ERR.overflow);
    expect(check({}, {}, -1n, -1n)).toBe(ERR.credit);
    fc.assert(
      fc.property(half, half, i64, i64, i64, i64, (incoming, outgoing, inMwh, outMwh, inMsat, outMsat) => {
        setHalf(energy, IN, incoming);
        setHalf(energy, OUT_LINE, outgoing);
        expect(check({ mwh: inMwh }, { mwh: outMwh }, inMsat, outMsat)).toBeLessThanOrEqual(0);
      }),
      { numRuns: 1000 },
    );
  },

  "rents of two lines stay within what can be counted": (energy) => {
    energy.call("energies_begin");
    const half = 2n ** 62n - 1n;
    const at = (rents: readonly [bigint, bigint]): Half => ({
      holderIsNode1: true,
      owned: true,
      rents,
      losses: [0, 0],
    });
    const check = (mwh: bigint): number => {
      const riders = [
        energy.rider({ start: START, kind: RECEIPT, mwh }),
        energy.rider({ start: START, kind: RECEIPT, mwh }, 1),
      ];
      return energy.call("swap_check", IN, OUT_LINE, riders[0] ?? 0, riders[1] ?? 0, -1n, 0n);
    };
    // 1 msat a mWh on both lines: their sum is the largest that an i64 has.
    for (const rents of [
      [MILLION, MILLION],
      [-MILLION, -MILLION],
    ] as const) {
      setHalf(energy, IN, at(rents));
      setHalf(energy, OUT_LINE, at(rents));
      for (const sign of [1n, -1n]) {
        expect(check(sign * half)).toBe(0);
        expect(energy.instance.call("swap_rent")).toBe((rents[0] < 0n ? -2n : 2n) * half);
        expect(check(sign * (half + 1n))).toBe(ERR.overflow);
      }
    }
    // Beyond 64 bits, on either line.
    for (const n of [IN, OUT_LINE]) {
      setHalf(energy, n, at([10n ** 9n, 10n ** 9n]));
      setHalf(energy, n === IN ? OUT_LINE : IN, at([0n, 0n]));
      for (const sign of [1n, -1n]) {
        expect([check(sign * (half / 1000n)), check(sign * 2n ** 62n)]).toEqual([0, ERR.overflow]);
      }
    }
  },

  "energy that goes over a line and back brings no more than a unit's rounding": (energy) => {
    fc.assert(
      fc.property(price, price, share, share, fc.bigInt(1n, 10n ** 10n), (forth, back, lossForth, lossBack, mwh) => {
        energy.call("energies_begin");
        const terms: Terms = { ...TERMS, rents: [forth, back], losses: [lossForth, lossBack] };
        if (energy.propose(terms) < 0) return;
        const line: Half = { holderIsNode1: true, owned: true, rents: [forth, back], losses: [lossForth, lossBack] };
        const free: Half = { ...line, owned: false };
        /** The least that must be left of the payment for `mwh` over the line, and what arrives. */
        const ask = (entering: bigint, intoUs: boolean): { rent: bigint; mwh: bigint } => {
          setHalf(energy, IN, intoUs ? line : free);
          setHalf(energy, OUT_LINE, intoUs ? free : line);
          const expected = through(line, entering, intoUs);
          if (expected.mwh === 0n) return expected;
          const args = [IN, OUT_LINE, energy.rider({ start: START, kind: RECEIPT, mwh: -entering })] as const;
          const leaving = energy.rider({ start: START, kind: RECEIPT, mwh: -expected.mwh }, 1);
          expect(energy.call("swap_check", ...args, leaving, 10n ** 16n + expected.rent, 10n ** 16n)).toBe(0);
          expect(energy.call("swap_check", ...args, leaving, 10n ** 16n + expected.rent - 1n, 10n ** 16n)).toBe(
            ERR.credit,
          );
          return expected;
        };
        for (const outFirst of [true, false]) {
          const out = ask(mwh, !outFirst);
          const home = ask(out.mwh, outFirst);
          // What rounding takes of the energy in between, less than 1 mWh, pays no rent on the way back.
          const unit = absolute(outFirst ? back : forth);
          expect((out.rent + home.rent) * MILLION + unit >= 0n).toBe(true);
        }
      }),
      { numRuns: 2000 },
    );
  },
});
