import { expect } from "vitest";
import { KIND } from "./energy_state.js";
import { INTERVAL_S, Line, START } from "./line.js";
import { type End, HTLC, onPairs, other, type Pair } from "./pair.js";

// What an end offers and takes of riders, at the last unit.

const ERR_STATE = -2;
const ERR_OVERFLOW = -5;
const ERR_CAPACITY = -15;
const ERR_CREDIT = -26;
const ERR_SUSPENDED = -27;
const SLOT_DUST = 8;
const SLOT_NO_ENERGY = 32;
/** Of one interval of a line of 40 kW, mWh. */
const CAPACITY = 10_000_000n;
const ENDS: readonly End[] = [0, 1];
/** Where update_add_htlc has its amount. */
const AMOUNT_AT = 42;
/** assembly/energy/record.ts. */
const CREDIT_OF_COUNTERPARTY = 144;
const MARKS = 4;

/** A rider that `end` has to offer for so much energy from node_1 to node_2. */
const forth = (line: Line, end: End, flowMwh: bigint): bigint => (end === line.node1 ? -flowMwh : flowMwh);

const isRefused = (pair: Pair, end: End, slot: number): boolean => (pair.slotFlags(end, slot) & SLOT_NO_ENERGY) !== 0;

/** The first frame of update_add_htlc that an end has sent. */
function addOf(pair: Pair, end: End): Buffer {
  const frame = pair.sent[end].find((bytes) => ((bytes[0] ?? 0) << 8) + (bytes[1] ?? 0) === 128);
  if (frame === undefined) throw new Error("no update_add_htlc was sent");
  return Buffer.from(frame);
}

/** Both ends offer before either hears of the other's: the numbers of the HTLCs are those of the ends. */
function cross(line: Line, mwh: readonly [bigint, bigint]): [number, number] {
  for (const end of ENDS)
    expect(line.offer(end, 5_000_000n, end, { mwh: forth(line, end, mwh[end]) })).toBeGreaterThanOrEqual(0);
  for (const end of ENDS) line.pair.settle(end);
  line.pair.run();
  return [line.received(0, 1), line.received(1, 0)];
}

onPairs("line: riders at their bounds", {
  "where two adds cross on what is left, node_1's is taken and node_2's fails": (make) => {
    for (const node1 of ENDS) {
      for (const sign of [1n, -1n]) {
        const line = Line.open(make(), { node1 });
        const { pair } = line;
        const node2 = other(node1);
        const mwh = [6_000_000n * sign, 6_000_000n * sign] as const;
        const slots = cross(line, mwh);
        expect(isRefused(pair, node1, slots[node1])).toBe(true);
        expect(isRefused(pair, node2, slots[node2])).toBe(false);
        // It cannot be fulfilled any more; the other one can.
        expect(pair.fulfill(node1, slots[node1], node2)).toBe(ERR_STATE);
        expect(pair.fail(node1, slots[node1])).toBe(0);
        line.fulfill(node2, slots[node2], node1);
        for (const end of ENDS) pair.settle(end);
        pair.run();
        for (const end of ENDS) expect(line.positions(end)).toEqual({ [START]: [6_000_000n * sign, 0n] });
        line.rest();
      }
    }
  },

  "adds that cross and fit together are both taken": (make) => {
    for (const node1 of ENDS) {
      const line = Line.open(make(), { node1 });
      const { pair } = line;
      const slots = cross(line, [6_000_000n, 4_000_000n]);
      for (const end of ENDS) {
        expect(isRefused(pair, end, slots[end])).toBe(false);
        line.fulfill(end, slots[end], other(end));
      }
      for (const end of ENDS) pair.settle(end);
      pair.run();
      expect(line.positions(0)).toEqual({ [START]: [CAPACITY, 0n] });
      line.rest();
    }
  },

  "what node_2 has irrevocably it does not give way with": (make) => {
    for (const node1 of ENDS) {
      const line = Line.open(make(), { node1 });
      const { pair } = line;
      const node2 = other(node1);
      line.committed(node2, 5_000_000n, 1, { mwh: forth(line, node2, 6_000_000n) });
      const rest = forth(line, node1, 4_000_000n);
      const more = rest + (rest < 0n ? -1n : 1n);
      expect([line.check(node1, 5_000_000n, { mwh: more }), line.check(node1, 5_000_000n, { mwh: rest })]).toEqual([
        ERR_CAPACITY,
        0,
      ]);
      // A node_1 that does not keep to it: node_2 sees a rider that is too large by a unit.
      expect(line.offer(node1, 5_000_000n, 2, { mwh: rest })).toBeGreaterThanOrEqual(0);
      pair.settle(node1);
      const add = addOf(pair, node1);
      // ts64 stands last, in four bytes.
      add.writeInt32BE(Number(more), add.length - 4);
      const restore = pair.save();
      expect(pair.give(node2, add)).toBe(0);
      expect(isRefused(pair, node2, line.received(node2, 2))).toBe(true);
      restore();
      expect(pair.give(node2, addOf(pair, node1))).toBe(0);
      expect(isRefused(pair, node2, line.received(node2, 2))).toBe(false);
    }
  },

  "a refused rider holds no capacity while it waits to be failed": (make) => {
    const line = Line.open(make(), { node1: 0 });
    const { pair } = line;
    const slots = cross(line, [6_000_000n, 6_000_000n]);
    expect(isRefused(pair, 0, slots[0])).toBe(true);
    expect(line.check(0, 5_000_000n, { mwh: forth(line, 0, 4_000_000n) })).toBe(0);
    expect(line.check(0, 5_000_000n, { mwh: forth(line, 0, 4_000_001n) })).toBe(ERR_CAPACITY);
    // At its offerer it does.
    expect(line.check(1, 5_000_000n, { mwh: forth(line, 1, 1n) })).toBe(ERR_CAPACITY);
  },

  "dust counts with its rider at the price cap, rounded up, to the msat": (make) => {
    // 50,000,000 msat are the most.
    for (const { priceCap, ratingMw, pending, last } of [
      { priceCap: 1_000_000n, ratingMw: 40_000_000n, pending: Array<bigint>(5).fill(9_000_000n), last: 4_994_000n },
      // 29,999,999.7 msat count as one more, and so would the last mWh.
      { priceCap: 300_000n, ratingMw: 400_000_000n, pending: [99_999_999n], last: 66_660_000n },
    ]) {
      const line = Line.open(make(), { priceCap, ratingMw });
      const { pair } = line;
      pair.call("set_time", START + 10 * INTERVAL_S);
      const startOf = (i: number): number => START + i * INTERVAL_S;
      pending.forEach((mwh, i) => line.committed(1, 1_000n, i, { start: startOf(i), mwh }));
      const rider = { start: startOf(10), mwh: last };
      expect([line.check(1, 1_000n, rider), line.check(1, 1_001n, rider)]).toEqual([0, ERR_CAPACITY]);
      expect(line.check(1, 1_000n, { ...rider, mwh: last + 1n })).toBe(ERR_CAPACITY);
      expect(line.check(1, 400_000n, { ...rider, mwh: last + 1n })).toBe(0);
      expect(line.offer(1, 1_000n, 99, rider)).toBeGreaterThanOrEqual(0);
      pair.settle(1);
      const add = addOf(pair, 1);
      const restore = pair.save();
      for (const [amountMsat, flag] of [
        [1_000n, 0],
        [1_001n, SLOT_DUST],
        [400_000n, 0],
      ] as const) {
        add.writeBigUInt64BE(amountMsat, AMOUNT_AT);
        expect(pair.give(0, add)).toBe(0);
        expect(pair.slotFlags(0, line.received(0, 99)) & SLOT_DUST).toBe(flag);
        restore();
      }
    }
  },

  "A that promises lock is not offered, to the msat": (make) => {
    for (const node1 of ENDS) {
      for (const debtor of ENDS) {
        const line = Line.open(make(), { node1, creditsMsat: [500_000n, 500_000n] });
        const { pair } = line;
        // The debtor is paid, and gives energy for it: a rider of the other end's, above zero.
        const before = pair.call("channel_spendable_msat", debtor);
        line.swap(other(debtor), 2_000_000n, 1, { kind: KIND.promise, mwh: 3_000_000n });
        const after = BigInt(pair.call("channel_spendable_msat", debtor));
        expect(after).toBe(BigInt(before) + 2_000_000n - 2_500_000n);
        expect([line.check(debtor, after), line.check(debtor, after + 1n)]).toEqual([0, ERR_OVERFLOW]);
        // A pending promise locks as well.
        line.committed(other(debtor), 1_000n, 2, { kind: KIND.promise, mwh: 1_000_000n });
        expect(BigInt(pair.call("channel_spendable_msat", debtor))).toBe(after - 1_000_000n);
        line.rest();
      }
    }
  },

  "an HTLC of A alone that takes what the peer's promises lock is failed": (make) => {
    for (const node1 of ENDS) {
      const line = Line.open(make(), { node1 });
      const { pair } = line;
      line.swap(0, 2_000_000n, 1, { kind: KIND.promise, mwh: 3_000_000n });
      const most = BigInt(pair.call("channel_spendable_msat", 1));
      // As if end 1 had been granted more than it was.
      const credit = Buffer.alloc(8);
      credit.writeBigUInt64LE(3_000_000n);
      pair.instance.memory().set(credit, pair.call("energy_of", 1) + CREDIT_OF_COUNTERPARTY);
      const restore = pair.save();
      for (const [amountMsat, refused] of [
        [most, false],
        [most + 1n, true],
      ] as const) {
        restore();
        expect(pair.offer(1, amountMsat, 2)).toBeGreaterThanOrEqual(0);
        pair.settle(1);
        pair.run();
        const slot = line.received(0, 2);
        expect([amountMsat - most, isRefused(pair, 0, slot)]).toEqual([amountMsat - most, refused]);
        if (!refused) continue;
        expect(pair.fulfill(0, slot, 2)).toBe(ERR_STATE);
        expect(pair.fail(0, slot)).toBe(0);
        pair.settle(0);
        pair.run();
        expect(pair.slots(1, HTLC.removed, true).map((i) => pair.slotResult(1, i))).toEqual([2]);
        line.rest();
      }
    }
  },

  "a promise is covered by credit and free A, and its own payment counts for who offers": (make) => {
    for (const node1 of ENDS) {
      const line = Line.open(make(), { node1, creditsMsat: [700_000n, 700_000n], ratingMw: 10n ** 10n });
      const { pair } = line;
      // End 1, which is not the opener, gives energy along with a payment: below zero.
      const free = BigInt(pair.call("channel_spendable_msat", 1));
      const amountMsat = 2_000_000n;
      const most = free - amountMsat + 700_000n;
      const check = (mwh: bigint): number => line.check(1, amountMsat, { kind: KIND.promise, mwh: -mwh });
      expect([check(most), check(most + 1n)]).toEqual([0, ERR_CREDIT]);
      // Given for a payment of the other end's, which does not take any of it.
      const sold = (mwh: bigint): number => line.check(0, amountMsat, { kind: KIND.promise, mwh });
      expect([sold(free + 700_000n), sold(free + 700_001n)]).toEqual([0, ERR_CREDIT]);
    }
  },

  "who is in arrears offers no riders but what pays them, and promises nothing": (make) => {
    for (const node1 of ENDS) {
      for (const debtor of ENDS) {
        const line = Line.open(make(), { node1, creditsMsat: [9_000_000n, 9_000_000n] });
        const { pair } = line;
        const spendable = BigInt(pair.call("channel_spendable_msat", debtor));
        line.setArrears(debtor === node1 ? 9_500_000n : -9_500_000n);
        const creditor = other(debtor);
        expect(line.check(debtor, 5_000_000n, { mwh: 1n })).toBe(ERR_SUSPENDED);
        expect(line.check(debtor, 5_000_000n, { kind: KIND.promise, mwh: 1n })).toBe(ERR_SUSPENDED);
        expect(line.check(creditor, 5_000_000n, { kind: KIND.promise, mwh: 1n })).toBe(ERR_SUSPENDED);
        expect(line.check(creditor, 5_000_000n, { kind: KIND.promise, mwh: -1n })).toBe(0);
        expect(line.check(creditor, 5_000_000n, { mwh: 1n })).toBe(0);
        // Beyond the credit they lock A, but not for their own payment.
        expect(BigInt(pair.call("channel_spendable_msat", debtor))).toBe(spendable - 500_000n);
        expect(line.check(debtor, spendable)).toBe(ERR_OVERFLOW);
        expect(line.check(debtor, spendable, { kind: KIND.arrears })).toBe(0);
        line.swap(debtor, 9_500_000n, 3, { kind: KIND.arrears });
        for (const end of ENDS) expect(line.arrearsMsat(end)).toBe(0n);
        expect(line.check(debtor, 5_000_000n, { mwh: 1n })).toBe(0);
        line.rest();
      }
    }
  },

  "without a clock, with clocks apart and in a dispute no rider is taken, A is": (make) => {
    const line = Line.open(make());
    const { pair } = line;
    const rider = { mwh: 1n };
    const both = (): number[] => ENDS.map((end) => line.check(end, 5_000_000n, rider));
    expect(both()).toEqual([0, 0]);
    pair.call("set_time", 0);
    expect(both()).toEqual([ERR_SUSPENDED, ERR_SUSPENDED]);
    expect(ENDS.map((end) => line.check(end, 5_000_000n))).toEqual([0, 0]);
    pair.call("set_time", START + 300);
    for (const mark of [2, 4]) {
      for (const end of ENDS) pair.instance.memory().set([1 | mark], pair.call("energy_of", end) + MARKS);
      expect(both()).toEqual([ERR_SUSPENDED, ERR_SUSPENDED]);
      expect(ENDS.map((end) => line.check(end, 5_000_000n))).toEqual([0, 0]);
    }
    // A peer that offers one all the same: it is failed.
    pair.instance.memory().set([1], pair.call("energy_of", 0) + MARKS);
    expect(line.offer(0, 5_000_000n, 1, rider)).toBe(0);
    pair.settle(0);
    pair.run();
    expect(isRefused(pair, 1, line.received(1, 1))).toBe(true);
  },

  "on a channel without energy a rider cannot be offered": (make) => {
    const pair = make().open();
    const line = new Line(pair, 0, {});
    expect(line.check(0, 5_000_000n, { mwh: 1n })).toBe(ERR_STATE);
    expect(line.check(0, 5_000_000n)).toBe(0);
  },
});
