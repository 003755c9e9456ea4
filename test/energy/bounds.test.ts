import fc from "fast-check";
import { expect } from "vitest";
import {
  absolute,
  ARREARS,
  AT,
  CLOCKS_APART,
  DISPUTED,
  ERR,
  MILLION,
  onEngines,
  parametersOf,
  PROMISE,
  RECEIPT,
  TERMS,
  type End,
  type Rider,
  type Terms,
} from "./line.js";

const START = 1_750_000_500;
const INTERVAL_S = 900;
const NOW = START + 450;
const CAPACITY = 15_000_000n;
const startOf = (interval: number): number => START + interval * INTERVAL_S;

interface Pending {
  readonly start: number;
  readonly kind: number;
  readonly flow: bigint;
}

interface Position {
  readonly flow: bigint;
  readonly promised: bigint;
}

/** What section "What is refused" says, in its own words. */
class Model {
  constructor(
    readonly positions: ReadonlyMap<number, Position>,
    readonly pending: readonly Pending[],
    readonly arrears: bigint,
    readonly terms: Terms,
    readonly openerIsNode1: boolean,
  ) {}

  private sum(list: readonly Pending[], start: number, forth: boolean, kinds: readonly number[]): bigint {
    return list
      .filter((one) => one.start === start && kinds.includes(one.kind) && one.flow > 0n === forth)
      .reduce((total, { flow }) => total + absolute(flow), 0n);
  }

  /** Largest flow that can be, in the direction's own sign. */
  remaining(start: number, forth: boolean): bigint {
    const flow = this.positions.get(start)?.flow ?? 0n;
    const left = CAPACITY - (forth ? flow : -flow) - this.sum(this.pending, start, forth, [RECEIPT, PROMISE]);
    return left < 0n ? 0n : left;
  }

  exposure(list: readonly Pending[], forth: boolean): bigint {
    let mwh = 0n;
    for (const start of new Set([...this.positions.keys(), ...list.map((one) => one.start)])) {
      const promised = this.positions.get(start)?.promised ?? 0n;
      const liable = (forth ? promised : -promised) + this.sum(list, start, forth, [PROMISE]);
      if (liable > 0n) mwh += liable;
    }
    return (mwh * this.terms.priceCap + MILLION - 1n) / MILLION;
  }

  credit(end: End): bigint {
    // Granted to it by the other one.
    return parametersOf(this.terms, this.openerIsNode1).creditsMsat[end === 1 ? 1 : 0];
  }

  owed(end: End): bigint {
    const arrears = end === 1 ? this.arrears : -this.arrears;
    return arrears > 0n ? arrears : 0n;
  }

  locked(end: End): bigint {
    const locked = this.exposure(this.pending, end === 1) + this.owed(end) - this.credit(end);
    return locked < 0n ? 0n : locked;
  }

  check(one: Pending, offeredBy: End, free: readonly [bigint, bigint]): number {
    if (one.kind === ARREARS) return 0;
    const source: End = one.flow > 0n ? 1 : 2;
    if (this.owed(offeredBy) > 0n || (one.kind === PROMISE && this.owed(source) > 0n)) return ERR.suspended;
    if (absolute(one.flow) > this.remaining(one.start, source === 1)) return ERR.capacity;
    const all = [...this.pending, one].filter(({ kind }) => kind !== ARREARS);
    if (new Set([...this.positions.keys(), ...all.map(({ start }) => start)]).size > 16) return ERR.capacity;
    const cover = this.credit(source) + free[source === 1 ? 0 : 1];
    return one.kind === PROMISE && this.exposure(all, source === 1) > cover ? ERR.credit : 0;
  }
}

const mwh = fc.oneof(fc.bigInt(-5_000_000n, 5_000_000n), fc.constantFrom(-CAPACITY, CAPACITY, 1n, -1n));
const interval = fc.oneof(fc.integer({ min: 0, max: 2 }), fc.integer({ min: 0, max: 17 }));
const rider = fc.record({ interval, kind: fc.integer({ min: 0, max: 2 }), mwh, offeredBy: fc.constantFrom<End>(1, 2) });
const msat = fc.oneof(fc.bigInt(0n, 10n ** 8n), fc.constantFrom(0n, 2n ** 64n - 1n));

const pendingOf = ({
  interval,
  kind,
  mwh,
  offeredBy,
}: {
  interval: number;
  kind: number;
  mwh: bigint;
  offeredBy: End;
}) => {
  const amount = kind === ARREARS ? 0n : mwh === 0n ? 7n : mwh;
  const rider: Rider = { start: startOf(interval), kind, mwh: amount };
  return { rider, pending: { start: rider.start, kind, flow: offeredBy === 1 ? -amount : amount }, offeredBy };
};

onEngines("bounds of riders", {
  "capacity, cover and what is held are the model's, at both ends": (energy) => {
    const seen = new Map<number, number>();
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.record({ interval, flow: mwh, promised: mwh }), {
          maxLength: 16,
          selector: (one) => one.interval,
        }),
        fc.array(rider, { maxLength: 24 }),
        rider,
        fc.oneof(fc.constant(0n), fc.bigInt(-1000n, 1000n)),
        fc.tuple(msat, msat),
        fc.tuple(msat, msat),
        fc.boolean(),
        (open, riders, last, arrears, credits, free, openerIsNode1) => {
          const terms: Terms = { ...TERMS, creditsMsat: credits };
          expect(energy.open(terms, openerIsNode1)).toBe(0);
          const positions = new Map(
            open.map(({ interval, flow, promised }) => [startOf(interval), { flow, promised }]),
          );
          const pending = riders.map(pendingOf);
          const model = new Model(
            positions,
            pending.map((one) => one.pending),
            arrears,
            terms,
            openerIsNode1,
          );
          const one = pendingOf(last);
          const expected = model.check(one.pending, one.offeredBy, free);
          for (const n of [0, 1]) {
            energy.set(n, AT.arrears, arrears);
            [...positions].forEach(([start, { flow, promised }], i) => energy.setPosition(n, i, start, flow, promised));
            energy.call("bounds_begin", n);
            for (const { rider, offeredBy } of pending)
              energy.call("bounds_add", energy.rider(rider), offeredBy === 1 ? 1 : 0);
            const by = one.offeredBy === 1 ? 1 : 0;
            const [free1, free2] = free.map((value) => BigInt.asIntN(64, value)) as [bigint, bigint];
            expect(energy.call("bounds_check", energy.rider(one.rider), by, free1, free2)).toBe(expected);
            for (const end of [1, 2] as const) {
              const locked = BigInt.asUintN(64, energy.instance.call("locked_msat", end === 1 ? 1 : 0) as bigint);
              expect(locked).toBe(model.locked(end));
              const start = one.rider.start;
              expect(energy.instance.call("remaining_mwh", start, end === 1 ? 1 : 0)).toBe(
                model.remaining(start, end === 1),
              );
            }
          }
          seen.set(expected, (seen.get(expected) ?? 0) + 1);
        },
      ),
      { numRuns: 1500 },
    );
    for (const code of [0, ERR.capacity, ERR.credit, ERR.suspended])
      expect([code, (seen.get(code) ?? 0) > 20]).toEqual([code, true]);
  },

  "of the whole capacity, not a unit more; what is agreed the other way frees it, what is pending does not": (
    energy,
  ) => {
    expect(energy.open(TERMS)).toBe(0);
    const check = (mwh: bigint, add: readonly bigint[] = []): number => {
      energy.call("bounds_begin", 0);
      for (const amount of add)
        energy.call("bounds_add", energy.rider({ start: START, kind: RECEIPT, mwh: amount }), 0);
      return energy.call("bounds_check", energy.rider({ start: START, kind: RECEIPT, mwh }), 0, 0n, 0n);
    };
    for (const sign of [1n, -1n]) {
      energy.setPosition(0, 0, 0, 0n, 0n);
      expect([check(sign * CAPACITY), check(sign * (CAPACITY + 1n))]).toEqual([0, ERR.capacity]);
      expect([check(sign * (CAPACITY - 5n), [sign * 5n]), check(sign * (CAPACITY - 4n), [sign * 5n])]).toEqual([
        0,
        ERR.capacity,
      ]);
      expect(check(sign * (CAPACITY + 1n), [-sign * CAPACITY])).toBe(ERR.capacity);
      energy.setPosition(0, 0, START, -sign * 9n, 0n);
      expect([check(sign * (CAPACITY + 9n)), check(sign * (CAPACITY + 10n))]).toEqual([0, ERR.capacity]);
      energy.setPosition(0, 0, START, sign * 9n, 0n);
      expect([check(sign * (CAPACITY - 9n)), check(sign * (CAPACITY - 8n))]).toEqual([0, ERR.capacity]);
    }
    energy.set(0, AT.marks, BigInt(1 | DISPUTED), 32);
    expect(check(1n)).toBe(ERR.suspended);
    // A rider of the peer's that has been refused may say anything until its HTLC is failed.
    energy.set(0, AT.marks, 1n, 32);
    energy.setPosition(0, 0, 0, 0n, 0n);
    energy.call("bounds_begin", 0);
    energy.call("bounds_add", energy.rider({ start: START, kind: ARREARS, mwh: 5n }), 0);
    expect(energy.instance.call("remaining_mwh", START, 1)).toBe(CAPACITY);
    energy.call("bounds_add", energy.rider({ start: START, kind: PROMISE, mwh: -(2n ** 63n) }), 1);
    energy.call("bounds_add", energy.rider({ start: START, kind: PROMISE, mwh: -(2n ** 63n) }), 1);
    expect(energy.instance.call("remaining_mwh", START, 0)).toBe(0n);
    expect(energy.instance.call("locked_msat", 0)).toBe(-1n);
  },

  "sixteen intervals, positions and pending riders together, and no more": (energy) => {
    expect(energy.open(TERMS)).toBe(0);
    for (let i = 0; i < 13; i++) energy.setPosition(0, i, startOf(i), 5n, 0n);
    const check = (interval: number): number =>
      energy.call("bounds_check", energy.rider({ start: startOf(interval), kind: RECEIPT, mwh: 1n }), 0, 0n, 0n);
    const add = (interval: number, kind = RECEIPT): void => {
      energy.call("bounds_add", energy.rider({ start: startOf(interval), kind, mwh: kind === ARREARS ? 0n : 1n }), 1);
    };
    energy.call("bounds_begin", 0);
    // Of an interval that has a position, of another one twice, and of one more, after arrears were paid in its name.
    [0, 20, 20].forEach((interval) => add(interval));
    add(21, ARREARS);
    add(21);
    expect([check(22), check(23), check(22)]).toEqual([0, 0, 0]);
    add(22);
    expect([check(23), check(22), check(0), check(20), check(21)]).toEqual([ERR.capacity, 0, 0, 0, 0]);
    add(24, ARREARS);
    expect([check(24), check(22)]).toEqual([ERR.capacity, 0]);
  },

  "all sixteen positions taken, there still is room for riders of theirs": (energy) => {
    expect(energy.open(TERMS)).toBe(0);
    for (let i = 0; i < 16; i++) energy.setPosition(0, i, startOf(i), 5n, 0n);
    const check = (interval: number): number => {
      energy.call("bounds_begin", 0);
      return energy.call("bounds_check", energy.rider({ start: startOf(interval), kind: RECEIPT, mwh: 1n }), 0, 0n, 0n);
    };
    expect([check(0), check(15), check(16)]).toEqual([0, 0, ERR.capacity]);
  },

  "what is left is that of the line begun with": (energy) => {
    expect(energy.open(TERMS)).toBe(0);
    energy.setPosition(1, 0, START, 9n, 9n);
    energy.call("bounds_begin", 0);
    expect(energy.instance.call("remaining_mwh", START, 1)).toBe(CAPACITY);
    energy.call("bounds_begin", 1);
    expect(energy.instance.call("remaining_mwh", START, 1)).toBe(CAPACITY - 9n);
    expect(energy.instance.call("locked_msat", 1)).toBe(9n);
    energy.call("bounds_begin", 0);
    expect(energy.instance.call("locked_msat", 1)).toBe(0n);
  },

  "intervals, kinds and clocks": (energy) => {
    expect(energy.open(TERMS)).toBe(0);
    const rider: Rider = { start: START, kind: RECEIPT, mwh: 1n };
    const check = (change: Partial<Rider>, now = NOW): number =>
      energy.call("interval_check", 0, energy.rider({ ...rider, ...change }), now);
    expect(check({})).toBe(0);
    for (const bad of [
      { start: 0 },
      { start: START + 1 },
      { kind: 3 },
      { kind: 255 },
      { mwh: 0n },
      { mwh: -(2n ** 63n) },
      { holdS: 11 },
    ]) {
      expect([bad, check(bad)]).toEqual([bad, ERR.value]);
    }
    expect([check({ kind: ARREARS }), check({ kind: ARREARS, mwh: 0n }), check({ kind: ARREARS, mwh: 0n }, 0)]).toEqual(
      [ERR.value, 0, 0],
    );
    expect(check({}, 0)).toBe(ERR.suspended);
    expect([check({}, START - 2), check({}, START - 3)]).toEqual([0, ERR.expired]);
    expect(check({}, START + 100 * INTERVAL_S)).toBe(0);
    const end = START + INTERVAL_S + 2;
    expect([check({ kind: PROMISE }, end - 1), check({ kind: PROMISE }, end)]).toEqual([0, ERR.expired]);
    const horizon = 366 * 86_400;
    const far = { kind: PROMISE, start: START };
    expect([check(far, START - horizon + 1), check(far, START - horizon)]).toEqual([0, ERR.expired]);
    expect(check({ kind: PROMISE, start: 4_294_966_500 }, 4_294_966_000)).toBe(0);
    for (const offset of [AT.closedUntil, AT.closes, AT.closes + 40]) {
      energy.set(0, offset, BigInt(START + INTERVAL_S), 32);
      expect([check({}), check({ start: START + INTERVAL_S }, NOW + INTERVAL_S)]).toEqual([ERR.expired, 0]);
      energy.set(0, offset, BigInt(START), 32);
      expect(check({})).toBe(0);
    }
    energy.set(0, AT.marks, BigInt(1 | CLOCKS_APART), 32);
    expect([check({}), check({ kind: ARREARS, mwh: 0n })]).toEqual([ERR.suspended, 0]);
  },
});
