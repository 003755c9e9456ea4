import { expect } from "vitest";
import { HTLC, onPairs, type Pair, STATES } from "./pair.js";

const ERR_STATE = -2;
const ENDS = [0, 1] as const;

/** One HTLC from either end, then fulfilled or failed, everything compared on the way. */
function pay(pair: Pair, end: 0 | 1, amountMsat: bigint, number: number, fulfil: boolean): void {
  const to = end === 0 ? 1 : 0;
  const slot = pair.offer(end, amountMsat, number);
  expect(slot).toBeGreaterThanOrEqual(0);
  pair.settle(end);
  while (pair.arrive(end) || pair.arrive(to)) pair.compare();
  const [received] = pair.slots(to, HTLC.committed, false);
  expect(pair.slotState(end, slot)).toBe(HTLC.committed);
  expect(fulfil ? pair.fulfill(to, received ?? -1, number) : pair.fail(to, received ?? -1)).toBe(0);
  pair.settle(to);
  while (pair.arrive(end) || pair.arrive(to)) pair.compare();
  expect(pair.slotState(end, slot)).toBe(HTLC.removed);
  expect(pair.slotState(to, received ?? -1)).toBe(HTLC.free);
  expect(pair.call("channel_release", end, slot)).toBe(0);
}

onPairs("channel: life", {
  "opens, pays both ways and closes": (make) => {
    for (const anchors of [false, true]) {
      const pair = make().open({ anchors });
      for (const end of ENDS) expect(pair.state(end)).toBe(STATES.normal);
      pair.compare();
      pay(pair, 0, 50_000_000n, 1, true);
      pay(pair, 1, 20_000_000n, 2, true);
      pay(pair, 0, 1_000n, 3, true);
      pay(pair, 0, 70_000_000n, 4, false);
      expect(pair.balances(0)).toEqual([669_999_000n, 330_001_000n]);
      expect(pair.balances(1)).toEqual([330_001_000n, 669_999_000n]);
      expect(pair.call("channel_fee", 0, 2000)).toBe(0);
      pair.settle(0);
      pair.run();
      pair.compare();
      expect(pair.call("channel_close", 0, 0, 0)).toBe(0);
      pair.settle(0);
      pair.run();
      for (const end of ENDS) expect(pair.state(end)).toBe(STATES.closed);
      expect(Buffer.from(pair.transaction("channel_closing_tx", 0))).toEqual(
        Buffer.from(pair.transaction("channel_closing_tx", 1)),
      );
    }
  },

  "an offer that nobody has heard of is taken back, and those after it move up": (make) => {
    const pair = make().open();
    const idOf = (end: 0 | 1, slot: number): bigint => pair.u64(pair.call("slot_of", end, slot));
    // Three of the peer's, that it has not signed.
    for (let i = 0; i < 3; i++) expect(pair.offer(1, 5_000_000n, 20 + i)).toBe(i);
    pair.settle(1);
    for (const frame of pair.sent[1].splice(0, 3)) expect(pair.give(0, frame)).toBe(0);
    const own = [10, 11, 12].map((number) => pair.offer(0, 5_000_000n, number));
    const received = pair.slots(0, HTLC.proposed, false);
    expect(pair.call("channel_withdraw", 0, received[0] ?? -1)).toBe(ERR_STATE);
    expect(pair.call("channel_withdraw", 0, own[1] ?? -1)).toBe(0);
    expect(own.map((slot) => pair.slotState(0, slot))).toEqual([HTLC.proposed, HTLC.free, HTLC.proposed]);
    expect([own[0], own[2]].map((slot) => idOf(0, slot ?? -1))).toEqual([0n, 1n]);
    expect(received.map((slot) => idOf(0, slot))).toEqual([0n, 1n, 2n]);
    pair.settle(0);
    pair.run();
    pair.compare();
    expect(pair.slots(1, HTLC.committed, false).map((slot) => [pair.numberOf(1, slot), idOf(1, slot)])).toEqual([
      [10, 0n],
      [12, 1n],
    ]);
    expect(pair.call("channel_withdraw", 0, own[0] ?? -1)).toBe(ERR_STATE);
    expect(idOf(0, pair.offer(0, 5_000_000n, 13))).toBe(2n);
    pair.settle(0);
    pair.run();
    pair.compare();
    expect(pair.slots(1, HTLC.committed, false)).toHaveLength(3);
  },
});
