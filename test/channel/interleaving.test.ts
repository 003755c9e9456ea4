import fc from "fast-check";
import { expect } from "vitest";
import { CHANNEL_STORIES } from "../long/counts.js";
import { type End, HTLC, onPairs, other, type Pair, STATES } from "./pair.js";

/** One thing that happens: what, to which end, and with which number. */
const steps = fc.array(
  fc.record({
    what: fc.constantFrom("offer", "offer", "arrive", "arrive", "arrive", "answer", "fee", "cut"),
    end: fc.constantFrom<End[]>(0, 1),
    number: fc.integer({ min: 0, max: 999 }),
  }),
  { minLength: 10, maxLength: 60 },
);

/** What an end has promised to pay and been promised, by the numbers of its payments. */
class Ledger {
  readonly #of: [bigint, bigint] = [0n, 0n];
  paid(from: End, amountMsat: bigint): void {
    this.#of[from] -= amountMsat;
    this.#of[other(from)] += amountMsat;
  }
  balance(end: End): bigint {
    return this.#of[end];
  }
}

function answer(pair: Pair, end: End, ledger: Ledger, all: boolean): void {
  for (const slot of pair.slots(end, HTLC.committed, false)) {
    const number = pair.numberOf(end, slot);
    if (!all && number % 3 === 0) continue;
    if (number % 4 !== 0) {
      expect(pair.fulfill(end, slot, number)).toBe(0);
      ledger.paid(other(end), pair.amountOf(end, slot));
    } else {
      expect(pair.fail(end, slot)).toBe(0);
    }
    if (!all) break;
  }
  for (const slot of pair.slots(end, HTLC.removed, true)) pair.call("channel_release", end, slot);
  pair.settle(end);
}

onPairs("channel: interleavings", {
  "whatever happens in whatever order": (make) => {
    const opened = make().open({ pushMsat: 400_000_000n });
    const restore = opened.save();
    const property = fc.property(steps, fc.boolean(), (todo, cuts) => {
      restore();
      const pair = opened;
      const ledger = new Ledger();
      for (const { what, end, number } of todo) {
        if (what === "offer") {
          if (pair.freeBlobs() === 0) continue;
          const slot = pair.offer(end, BigInt(number) * 60_000n + 1_000n, number);
          if (slot < 0) pair.freeLastBlob();
          pair.settle(end);
        } else if (what === "arrive") {
          pair.arrive(end);
        } else if (what === "answer") {
          answer(pair, end, ledger, false);
        } else if (what === "fee") {
          pair.call("channel_fee", 0, 500 + number * 4);
          pair.settle(0);
        } else if (cuts) {
          pair.disconnect();
          pair.connect();
        }
        pair.compare();
      }
      for (let round = 0; round < 8; round++) {
        pair.run();
        for (const end of [0, 1] as const) answer(pair, end, ledger, true);
      }
      pair.run();
      pair.compare();
      for (const end of [0, 1] as const) {
        expect(pair.state(end)).toBe(STATES.normal);
        const before = end === 0 ? 600_000_000n : 400_000_000n;
        expect(pair.balances(end)[0]).toBe(before + ledger.balance(end));
        expect(pair.balances(end)[1]).toBe(1_000_000_000n - before - ledger.balance(end));
        expect(pair.slots(end, HTLC.free, true)).toHaveLength(24);
      }
      expect(pair.freeBlobs()).toBe(16);
    });
    fc.assert(property, { numRuns: CHANNEL_STORIES, seed: 5 });
  },
});
