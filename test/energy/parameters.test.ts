import fc from "fast-check";
import { expect } from "vitest";
import { parametersHash } from "../../host/evidence/state.js";
import { ERR, MILLION, onEngines, parametersOf, TERMS, type Terms } from "./line.js";

const HASH = 176;
const ROLES = { holderIsNode1: 1, holderOpened: 2, ownerIsNode1: 4, accountedAtNode1: 8 };
const INTERVALS = [5, 6, 8, 9, 10, 60, 300, 900, 1200, 1800, 3600];

const share = fc.integer({ min: 0, max: 1_000_000 });
const rent = fc.oneof(fc.bigInt(-(10n ** 9n), 10n ** 9n), fc.bigInt(-20n, 20n));
const credit = fc.bigInt(0n, 2n ** 64n - 1n);

const terms: fc.Arbitrary<Terms> = fc.record({
  ratingMw: fc.bigInt(720n, 10n ** 13n),
  intervalS: fc.constantFrom(...INTERVALS),
  openerOwns: fc.boolean(),
  rents: fc.tuple(
    rent.map((value) => (value < 0n ? -value : value)),
    fc.bigInt(0n, 10n ** 9n),
  ),
  losses: fc.tuple(share, share),
  lossMaxPpm: share,
  spreadPpm: share,
  creditsMsat: fc.tuple(credit, credit),
  priceCap: fc.bigInt(0n, 10n ** 9n),
  tariff: rent,
  holdS: fc.integer({ min: 1, max: 3600 }),
});

onEngines("energy parameters", {
  "both ends come to the same hash, roles and capacity, whoever opens": (energy) => {
    fc.assert(
      fc.property(terms, fc.boolean(), (line, openerIsNode1) => {
        expect(energy.open(line, openerIsNode1)).toBe(0);
        const parameters = parametersOf(line, openerIsNode1);
        const hash = Buffer.from(parametersHash(parameters)).toString("hex");
        for (const n of [0, 1]) {
          const record = energy.record(n);
          expect([n, record.subarray(HASH, HASH + 32).toString("hex")]).toEqual([n, hash]);
          const roles =
            (openerIsNode1 === (n === 0) ? ROLES.holderIsNode1 : 0) |
            (n === 0 ? ROLES.holderOpened : 0) |
            (parameters.owner === 1 ? ROLES.ownerIsNode1 : ROLES.accountedAtNode1);
          expect([n, record.readUInt32LE(0)]).toEqual([n, roles]);
          expect(record.readBigUInt64LE(24)).toBe((line.ratingMw * BigInt(line.intervalS)) / 3600n);
          expect([record.readBigInt64LE(104), record.readBigInt64LE(120)]).toEqual(parameters.rentsMsatPerKwh);
          // Written again once it has begun, the TLV still is the opener's.
          expect(energy.call("parameters_check", energy.slots(n))).toBe(0);
          const slots = energy.read(energy.data, 80);
          expect([slots.readBigInt64LE(20), slots.readBigInt64LE(32)]).toEqual(line.rents);
          expect([slots.readUInt32LE(12), slots.readUInt32LE(28)]).toEqual([line.openerOwns ? 1 : 2, line.losses[0]]);
        }
      }),
      { numRuns: 300 },
    );
  },

  "what no line can have is refused": (energy) => {
    const bad: Partial<Terms>[] = [
      { intervalS: 0 },
      { intervalS: 4 },
      { intervalS: 7 },
      { intervalS: 7200 },
      { ratingMw: 0n },
      { ratingMw: 3n, intervalS: 900 },
      { ratingMw: 10n ** 13n + 1n },
      { ratingMw: 2n ** 64n - 1n },
      { losses: [1_000_001, 0] },
      { losses: [0, 1_000_001] },
      { lossMaxPpm: 1_000_001 },
      { spreadPpm: 1_000_001 },
      { priceCap: 10n ** 9n + 1n },
      { priceCap: 2n ** 64n - 1n },
      { tariff: 10n ** 9n + 1n },
      { tariff: -(10n ** 9n) - 1n },
      { tariff: -(2n ** 63n) },
      { rents: [-(2n ** 63n), 0n] },
      { rents: [0n, -(2n ** 63n)] },
      { rents: [2n ** 63n - 1n, 0n] },
      { rents: [0n, 10n ** 9n + 1n] },
      { holdS: 0 },
      { holdS: 3601 },
    ];
    for (const change of bad) {
      energy.call("energies_begin");
      expect([change, energy.propose({ ...TERMS, ...change })]).toEqual([change, ERR.value]);
      expect(energy.record(0).equals(Buffer.alloc(760))).toBe(true);
    }
    // And the largest that they can have.
    for (const change of [
      { ratingMw: 10n ** 13n },
      { priceCap: 10n ** 9n, tariff: -(10n ** 9n), spreadPpm: 1_000_000 },
      { rents: [10n ** 9n, 10n ** 9n], losses: [1_000_000, 1_000_000], lossMaxPpm: 1_000_000 },
      { holdS: 3600, intervalS: 3600 },
      { ratingMw: 4n, intervalS: 900 },
    ] as const) {
      energy.call("energies_begin");
      expect([change, energy.propose({ ...TERMS, ...change })]).toEqual([change, 0]);
    }
    for (const flags of [0, 3, 0xffffffff]) {
      expect(energy.open(TERMS)).toBe(0);
      const slots = energy.slots(0);
      energy.write(slots + 12, new Uint8Array(new Uint32Array([flags]).buffer));
      expect(energy.call("parameters_check", slots)).toBe(ERR.value);
    }
  },

  "policies are refused that are a pump, and only those": (energy) => {
    fc.assert(
      fc.property(rent, rent, share, share, (forth, back, lossForth, lossBack) => {
        energy.call("energies_begin");
        const pump = (r: bigint, loss: number, other: bigint): boolean =>
          r * MILLION + (MILLION - BigInt(loss)) * other < 0n;
        const expected = pump(forth, lossForth, back) || pump(back, lossBack, forth) ? ERR.value : 0;
        expect(energy.propose({ ...TERMS, rents: [forth, back], losses: [lossForth, lossBack] })).toBe(expected);
      }),
      {
        numRuns: 3000,
        // Half a msat beyond what the rent pays for.
        examples: [
          [1n, -2n, 250_000, 0],
          [1n, -2n, 500_000, 0],
          [-2n, 2n, 0, 0],
          [-2n, 2n, 1, 0],
        ],
      },
    );
  },

  "an answer that differs in anything but the accepter's own is refused": (energy) => {
    const accept = (spoil: (slots: number) => void): number => {
      energy.call("energies_begin");
      energy.propose(TERMS);
      energy.call("energy_take_open", 1, energy.slots(0), 5n);
      const slots = energy.slots(1);
      spoil(slots);
      return energy.call("energy_take_accept", 0, slots);
    };
    expect(accept(() => undefined)).toBe(0);
    for (let byte = 0; byte < 80; byte++) {
      const own = byte >= 48 && byte < 56;
      // The address of the meter's key.
      if (byte >= 16 && byte < 20) continue;
      const code = accept((slots) => energy.write(slots + byte, [(energy.read(slots + byte, 1)[0] ?? 0) ^ 1] as never));
      expect([byte, code]).toEqual([byte, own ? 0 : ERR.value]);
    }
    energy.call("energies_begin");
    expect(energy.call("energy_take_accept", 2, energy.data)).toBeLessThan(0);
  },

  "two lines may be opened at a time: each answer is held against its own proposal": (energy) => {
    energy.call("energies_begin");
    const other = { ...TERMS, rents: [5n, 6n], holdS: 77 } as const;
    expect([energy.propose(TERMS, 0), energy.propose(other, 2)]).toEqual([0, 0]);
    for (const [opener, accepter] of [
      [0, 1],
      [2, 3],
    ] as const) {
      expect(energy.call("energy_take_open", accepter, energy.slots(opener), 5n)).toBe(0);
    }
    expect(energy.call("energy_take_accept", 0, energy.slots(1))).toBe(0);
    expect(energy.call("energy_take_accept", 2, energy.slots(1))).toBe(ERR.value);
    expect(energy.call("energy_take_accept", 2, energy.slots(3))).toBe(0);
  },

  "each line has a meter of its own": (energy) => {
    energy.call("energies_begin");
    expect(energy.propose(TERMS, 0, 1)).toBe(0);
    expect(energy.propose(TERMS, 1, 1)).toBe(ERR.notFound);
    expect(energy.propose(TERMS, 1)).toBe(0);
    expect(energy.propose(TERMS, 2)).toBe(0);
    expect([0, 1, 2].map((n) => energy.record(n).readUInt32LE(8))).toEqual([1, 0, 2]);
    energy.call("energy_clear", 1);
    expect(energy.propose(TERMS, 3)).toBe(0);
    expect(energy.record(3).readUInt32LE(8)).toBe(0);
  },
});
