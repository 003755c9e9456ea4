import { expect } from "vitest";
import { type End, HTLC, onPairs, other, type Pair, STATES, typeOf } from "./pair.js";

/** htlc/states.ts, channel/record.ts. */
const REMOVE_PROPOSED = 6;
const SLOT_HAS_PREIMAGE = 2;

/** What a story of a channel still has to do; each is done once, and tried again after a disconnection. */
type Step = (pair: Pair) => boolean;

/** The end fulfils or fails, by the number's parity, what it has received irrevocably. */
function answer(pair: Pair, end: End): void {
  for (const slot of pair.slots(end, HTLC.committed, false)) {
    const number = pair.numberOf(end, slot);
    expect(number % 2 === 0 ? pair.fulfill(end, slot, number) : pair.fail(end, slot)).toBe(0);
  }
  for (const slot of pair.slots(end, HTLC.removed, true)) expect(pair.call("channel_release", end, slot)).toBe(0);
  pair.settle(end);
}

/** Runs until nothing is left to do, comparing; a number of frames may arrive before the connection ends. */
function drain(pair: Pair, limit = Infinity): number {
  let arrived = 0;
  for (let quiet = false; !quiet;) {
    quiet = true;
    for (const end of [0, 1] as const) {
      if (arrived >= limit) return arrived;
      if (!pair.arrive(end)) continue;
      arrived++;
      quiet = false;
      pair.compare();
      answer(pair, other(end));
    }
  }
  return arrived;
}

const offers: readonly Step[] = [
  (pair) => pair.offer(0, 40_000_000n, 10) >= 0,
  (pair) => pair.offer(1, 30_000_000n, 11) >= 0,
  (pair) => pair.offer(0, 2_000_000n, 13) >= 0,
  (pair) => pair.offer(1, 1_000n, 12) >= 0,
];

function begin(pair: Pair): void {
  for (const step of offers) expect(step(pair)).toBe(true);
  expect(pair.call("channel_fee", 0, 1500)).toBe(0);
  for (const end of [0, 1] as const) pair.settle(end);
}

const settled = (pair: Pair): unknown => [pair.balances(0), pair.balances(1)];
const expected = [
  [660_001_000n, 339_999_000n],
  [339_999_000n, 660_001_000n],
];

/** An end closes while an HTLC is under way, and the connection ends after every number of messages. */
function closing(pair: Pair, closer: End): void {
  expect(pair.offer(1, 40_000_000n, 20)).toBeGreaterThanOrEqual(0);
  pair.settle(1);
  expect(pair.call("channel_close", closer, 0, 0)).toBe(0);
  pair.settle(closer);
  const restore = pair.save();
  const total = drain(pair);
  expect([pair.state(0), pair.state(1)]).toEqual([STATES.closed, STATES.closed]);
  const tx = pair.transaction("channel_closing_tx", 0);
  for (let count = 0; count <= total; count++) {
    restore();
    drain(pair, count);
    pair.disconnect();
    pair.connect();
    drain(pair);
    expect([count, pair.state(0), pair.state(1)]).toEqual([count, STATES.closed, STATES.closed]);
    for (const end of [0, 1] as const) expect(pair.transaction("channel_closing_tx", end)).toEqual(tx);
  }
}

onPairs("channel: disconnections", {
  "after every message, twice": (make) => {
    const pair = make().open();
    begin(pair);
    const restore = pair.save();
    const total = drain(pair);
    expect(settled(pair)).toEqual(expected);
    expect(total).toBeGreaterThan(15);
    for (let first = 0; first <= total; first++) {
      for (const second of [0, 1, 4]) {
        restore();
        for (const count of [first, second]) {
          drain(pair, count);
          pair.disconnect();
          pair.connect();
        }
        drain(pair);
        pair.compare();
        expect(settled(pair)).toEqual(expected);
        for (const end of [0, 1] as const) {
          expect(pair.slots(end, HTLC.free, true)).toHaveLength(24);
          expect(pair.numbers(end)[0]).toBe(pair.numbers(other(end))[1]);
        }
      }
    }
  },

  "while opening: before both have signed all is forgotten, later nothing": (make) => {
    for (let count = 0; count < 8; count++) {
      const pair = make();
      pair.openChannel(1_000_000n, 0n, 1000, 1);
      pair.settle(0);
      let left = count;
      for (let end: End = 0; left > 0; end = other(end), left--) {
        pair.arrive(end);
        if (pair.state(0) === STATES.fundingNeeded) pair.fund();
        if (pair.state(0) === STATES.funded && pair.marks(0) === 0) pair.confirm();
      }
      pair.disconnect();
      pair.connect();
      if (count < 4) {
        // funding_signed had not arrived: the opener forgets; the accepter does if it has not sent it.
        expect([count, pair.state(0)]).toEqual([count, STATES.none]);
        expect(pair.state(1)).toBe(count < 3 ? STATES.none : STATES.funded);
      } else {
        pair.run();
        if ((pair.marks(0) & 1) === 0) pair.confirm();
        pair.run();
        expect([pair.state(0), pair.state(1)]).toEqual([STATES.normal, STATES.normal]);
        drain(pair);
        pair.compare();
      }
    }
  },

  "while either end closes": (make) => {
    for (const closer of [0, 1] as const) closing(make().open(), closer);
  },

  "what was proposed and never signed is forgotten, though it is not said again": (make) => {
    const pair = make().open();
    const fee = Buffer.alloc(38);
    fee.writeUInt16BE(134, 0);
    fee.set(pair.channelId(1), 2);
    fee.writeUInt32BE(3000, 34);
    const add = Buffer.alloc(34 + 52 + 1366, 1);
    add.writeUInt16BE(128, 0);
    add.set(pair.channelId(1), 2);
    add.writeBigUInt64BE(0n, 34);
    add.writeBigUInt64BE(5_000_000n, 42);
    add.writeUInt32BE(500, 82);
    const before = pair.stored();
    expect([pair.give(1, fee), pair.give(1, add)]).toEqual([0, 0]);
    expect(pair.stored()).not.toBe(before);
    pair.disconnect();
    expect(pair.stored()).toBe(before);
    pair.connect();
    pair.run();
    expect(pair.offer(0, 40_000_000n, 10)).toBe(0);
    pair.settle(0);
    drain(pair);
    pair.compare();
    expect(pair.balances(1)[0]).toBe(340_000_000n);
  },

  "what goes out again is what went out": (make) => {
    const pair = make().open();
    begin(pair);
    const sent = pair.sent[0].map((frame) => Buffer.from(frame).toString("hex"));
    expect(sent.length).toBe(4); // update_fee, two update_add_htlc, commitment_signed
    pair.disconnect();
    pair.connect();
    pair.arrive(1);
    const again = pair.sent[0].slice(1).map((frame) => Buffer.from(frame).toString("hex"));
    expect(again.filter((frame) => !frame.startsWith("0024"))).toEqual(sent);
  },

  "revoke_and_ack and commitment_signed keep their order": (make) => {
    for (const commitFirst of [true, false]) {
      const pair = make().open();
      pair.offer(0, 40_000_000n, 2);
      pair.settle(0);
      if (commitFirst) {
        pair.offer(1, 30_000_000n, 4);
        pair.settle(1);
      }
      pair.sent[1].length = 0;
      while (pair.arrive(0));
      if (!commitFirst) {
        pair.offer(1, 30_000_000n, 4);
        pair.settle(1);
      }
      const order = (): number[] => pair.sent[1].map(typeOf).filter((type) => type === 132 || type === 133);
      pair.sent[1].length = 0;
      pair.disconnect();
      pair.connect();
      pair.arrive(0);
      expect(order()).toEqual(commitFirst ? [132, 133] : [133, 132]);
      drain(pair);
      pair.compare();
    }
  },

  "a removal that the peer has not signed is forgotten; a preimage is not": (make) => {
    for (const fulfils of [true, false]) {
      const pair = make().open();
      const own = pair.offer(0, 40_000_000n, 2);
      pair.settle(0);
      pair.run();
      const [theirs = -1] = pair.slots(1, HTLC.committed, false);
      expect(fulfils ? pair.fulfill(1, theirs, 2) : pair.fail(1, theirs)).toBe(0);
      pair.settle(1);
      expect(pair.give(0, pair.sent[1].shift() ?? new Uint8Array(0))).toBe(0);
      expect([pair.slotState(0, own), pair.slotResult(0, own)]).toEqual([REMOVE_PROPOSED, fulfils ? 1 : 2]);
      pair.disconnect();
      expect([pair.slotState(0, own), pair.slotResult(0, own)]).toEqual([HTLC.committed, 0]);
      expect(pair.slotFlags(0, own) & SLOT_HAS_PREIMAGE).toBe(fulfils ? SLOT_HAS_PREIMAGE : 0);
      pair.connect();
      pair.run();
      expect([pair.slotState(0, own), pair.slotResult(0, own)]).toEqual([HTLC.removed, fulfils ? 1 : 2]);
    }
  },

  "an end that is behind learns of it and broadcasts nothing": (make) => {
    const pair = make().open();
    const old = pair.stored();
    begin(pair);
    drain(pair);
    pair.disconnect();
    pair.restore(0, old);
    pair.connect();
    const frame = pair.sent[1].shift();
    expect(pair.give(0, frame ?? new Uint8Array(0))).toBe(-25);
    expect(pair.state(0)).toBe(STATES.lost);
    expect(() => pair.transaction("channel_commitment_tx", 0)).toThrow("code -2");
    pair.settle(0);
    expect(pair.sent[0].map(typeOf)).toEqual([136, 17]);
    pair.disconnect();
    pair.connect();
    expect(pair.sent[0].map(typeOf)).toEqual([17]);
    pair.call("channel_on_error", 1);
    expect(pair.state(1)).toBe(STATES.failed);
    expect(pair.transaction("channel_commitment_tx", 1).length).toBeGreaterThan(200);
  },
});
