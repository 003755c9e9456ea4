import fc from "fast-check";
import { expect } from "vitest";
import {
  encodeState,
  parametersHash,
  stateHash,
  withFulfilled,
  withRoll,
  type EnergyState,
} from "../../host/evidence/state.js";
import { ARREARS, AT, onEngines, OUT, parametersOf, PROMISE, TERMS, type End, type Energy } from "./line.js";

const START = 1_750_000_500;
const INTERVAL_S = 900;

/** An HTLC with a rider, as it is in a view. */
const htlc = fc.record({
  offeredBy: fc.constantFrom<End>(1, 2),
  interval: fc.integer({ min: 0, max: 15 }),
  kind: fc.integer({ min: 0, max: 2 }),
  mwh: fc.oneof(fc.bigInt(-(10n ** 10n), 10n ** 10n), fc.constantFrom(-5n, 5n)),
  amountMsat: fc.bigInt(1n, 10n ** 12n),
  id: fc.bigInt(0n, 2n ** 64n - 1n),
  boughtBack: fc.boolean(),
  fate: fc.constantFrom<Fate>("pending", "lapsed", "settled in the view", "settled"),
});
type Fate = "pending" | "lapsed" | "settled in the view" | "settled";

const schedule = fc.record({
  htlcs: fc.uniqueArray(htlc, { maxLength: 24, selector: ({ id }) => id }),
  arrearsMsat: fc.bigInt(-(10n ** 15n), 10n ** 15n),
  openerIsNode1: fc.boolean(),
  tariff: fc.bigInt(-(10n ** 6n), 10n ** 6n),
  spreadPpm: fc.integer({ min: 0, max: 1_000_000 }),
  roll: fc.option(
    fc.record({
      until: fc.integer({ min: 1, max: 17 }),
      flowMwh: fc.bigInt(-(10n ** 12n), 10n ** 12n),
      arrearsMsat: fc.bigInt(-(10n ** 12n), 10n ** 12n),
    }),
  ),
});

const startOf = (interval: number): number => START + interval * INTERVAL_S;

function readView(energy: Energy): { bytes: string; hash: string } {
  expect(energy.call("energy_view_hash", energy.data + OUT)).toBeGreaterThanOrEqual(0);
  const hash = energy.read(energy.data + OUT, 32).toString("hex");
  return { bytes: energy.read(energy.call("view_at"), energy.call("energy_view_bytes")).toString("hex"), hash };
}

function setRoll(energy: Energy, n: number, until: number, flowMwh: bigint, arrearsMsat: bigint): void {
  energy.set(n, AT.roll, 1n, 32);
  energy.set(n, AT.roll + 4, BigInt(until), 32);
  energy.set(n, AT.roll + 8, flowMwh);
  energy.set(n, AT.roll + 16, arrearsMsat);
}

onEngines("energy state", {
  "both ends serialise what the text says, in whatever order their slots lie": (energy) => {
    fc.assert(
      fc.property(schedule, ({ htlcs, arrearsMsat, openerIsNode1, tariff, spreadPpm, roll }) => {
        const terms = { ...TERMS, tariff, spreadPpm };
        expect(energy.open(terms, openerIsNode1)).toBe(0);
        const line = parametersOf(terms, openerIsNode1);
        let state: EnergyState = {
          parametersHash: parametersHash(line),
          closedUntil: 0,
          arrearsMsat,
          totalForthMwh: 0n,
          totalBackMwh: 0n,
          positions: [],
          riders: [],
        };
        const riders = htlcs.map((one) => {
          const mwh = one.kind === ARREARS ? 0n : one.mwh === 0n ? 1n : one.mwh;
          const flowMwh = one.offeredBy === 1 ? -mwh : mwh;
          return {
            ...one,
            mwh,
            flowMwh,
            start: startOf(one.interval),
            boughtBack: one.boughtBack && one.kind !== ARREARS,
          };
        });
        for (const n of [0, 1]) {
          energy.set(n, AT.arrears, arrearsMsat);
          const order = n === 0 ? riders : riders.toReversed();
          const each = (fate: Fate, act: (rider: number, by: 0 | 1, one: (typeof riders)[number]) => void): void => {
            for (const one of order.filter((other) => other.fate === fate))
              act(energy.rider(one), one.offeredBy === 1 ? 1 : 0, one);
          };
          each("settled", (rider, by, { amountMsat }) => energy.call("energy_settle", n, rider, by, amountMsat));
          if (roll) setRoll(energy, n, startOf(roll.until), roll.flowMwh, roll.arrearsMsat);
          energy.call("energy_view_begin", n);
          each("settled in the view", (rider, by, { amountMsat }) =>
            energy.call("energy_view_settled", rider, by, amountMsat),
          );
          if (roll) energy.call("energy_view_roll");
          for (const fate of ["pending", "lapsed"] as const) {
            each(fate, (rider, by, { id }) =>
              energy.call("energy_view_pending", rider, by, BigInt.asIntN(64, id), fate === "lapsed" ? 1 : 0),
            );
          }
          if (n === 0) {
            const settled = riders.filter(({ fate }) => fate.startsWith("settled"));
            state = settled.reduce((before, one) => withFulfilled(before, one, line), state);
            if (roll) state = withRoll(state, startOf(roll.until), roll.flowMwh, roll.arrearsMsat);
            const pending = riders
              .filter(({ fate }) => fate === "pending" || fate === "lapsed")
              .sort((a, b) => a.offeredBy - b.offeredBy || (a.id < b.id ? -1 : 1))
              .map(({ fate, ...one }) => ({ ...one, lapsed: fate === "lapsed" }));
            state = { ...state, riders: pending };
          }
          const bytes = encodeState(state);
          expect(readView(energy)).toEqual({
            bytes: Buffer.from(bytes).toString("hex"),
            hash: Buffer.from(stateHash(bytes)).toString("hex"),
          });
        }
        // What is gone from both commitments leaves the record as the view had it.
        for (const n of [0, 1]) {
          for (const one of riders.filter(({ fate }) => fate === "settled in the view")) {
            energy.call("energy_settle", n, energy.rider(one), one.offeredBy === 1 ? 1 : 0, one.amountMsat);
          }
          if (roll) energy.call("energy_roll_done", n);
          energy.call("energy_view_begin", n);
          expect(readView(energy).bytes).toBe(Buffer.from(encodeState({ ...state, riders: [] })).toString("hex"));
          expect(
            energy
              .record(n)
              .subarray(AT.roll, AT.registers)
              .equals(Buffer.alloc(AT.registers - AT.roll)),
          ).toBe(true);
        }
      }),
      { numRuns: 400 },
    );
  },

  "a roll leaves the registers of both closes, and no dispute": (energy) => {
    expect(energy.open(TERMS)).toBe(0);
    setRoll(energy, 0, startOf(1), 5n, 0n);
    energy.set(0, AT.marks, 3n, 32);
    [24, 32].forEach((offset) =>
      [0, 1].forEach((side) => energy.set(0, AT.closes + side * 40 + offset, BigInt(offset + side))),
    );
    energy.call("energy_roll_done", 0);
    const registers = energy.record(0).subarray(AT.registers);
    expect([0, 8, 16, 24].map((offset) => registers.readBigUInt64LE(offset))).toEqual([24n, 32n, 25n, 33n]);
    expect(energy.marks(0)).toBe(0);
  },

  "a position whose flows and promises net to zero leaves its place": (energy) => {
    expect(energy.open(TERMS)).toBe(0);
    const settle = (interval: number, mwh: bigint, kind: number): void => {
      energy.call("energy_settle", 0, energy.rider({ start: startOf(interval), kind, mwh }), 0, 1n);
    };
    settle(0, 3n, PROMISE);
    settle(1, 4n, 0);
    // The flow is none, what is promised still is.
    settle(0, -3n, 0);
    const positions = (): number[] =>
      Array.from({ length: 16 }, (_, i) => energy.record(0).readUInt32LE(AT.positions + i * 24)).filter(Boolean);
    expect(positions()).toEqual([startOf(0), startOf(1)]);
    settle(0, 3n, 0);
    settle(0, -3n, PROMISE);
    expect(positions()).toEqual([startOf(1)]);
    settle(2, 5n, 0);
    expect(positions()).toEqual([startOf(2), startOf(1)]);
    settle(1, -4n, 0);
    settle(2, -5n, 0);
    const record = energy.record(0);
    expect(record.subarray(AT.positions, AT.roll).equals(Buffer.alloc(AT.roll - AT.positions))).toBe(true);
  },

  "what positions cannot hold moves nothing, and no total overflows": (energy) => {
    expect(energy.open(TERMS)).toBe(0);
    for (let i = 0; i < 17; i++) {
      energy.call("energy_settle", 0, energy.rider({ start: startOf(i), kind: PROMISE, mwh: 3n }), 0, 1n);
    }
    const record = energy.record(0);
    const starts = Array.from({ length: 16 }, (_, i) => record.readUInt32LE(AT.positions + i * 24)).sort(
      (a, b) => a - b,
    );
    expect(starts).toEqual(Array.from({ length: 16 }, (_, i) => startOf(i)));
    // Nor does it land anywhere else.
    expect(record.subarray(AT.roll, AT.roll + 24).equals(Buffer.alloc(24))).toBe(true);
    expect(energy.read(0, 64).equals(Buffer.alloc(64))).toBe(true);
    energy.set(0, AT.totals, 2n ** 64n - 1n);
    setRoll(energy, 0, startOf(20), 1n, 0n);
    energy.call("energy_roll_done", 0);
    expect(energy.record(0).readBigUInt64LE(AT.totals)).toBe(2n ** 64n - 1n);
  },
});
