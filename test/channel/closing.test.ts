import { RawTx } from "@scure/btc-signer";
import { expect } from "vitest";
import { onPairs, type Pair, STATES, typeOf } from "./pair.js";

const ERR_VALUE = -14;
/** assembly/channel/live.ts: the fee that goes out, and the range that it is said to be of. */
const FEE = 48;
const LEAST = 56;
const MOST = 64;
/** At 253 satoshi per 1,000 units: 51 + 18 + 2 * 22 bytes without witness, 222 of it. */
const LEAST_SAT = 171n;

/** The opener is about to send closing_signed, with other terms than it has chosen. */
function propose(pair: Pair, terms: Readonly<Record<number, bigint>>): void {
  expect(pair.call("channel_close", 0, 0, 0)).toBe(0);
  pair.settle(0);
  pair.arrive(0);
  const shutdown = pair.sent[1].shift();
  expect(pair.give(0, shutdown ?? new Uint8Array(0))).toBe(0);
  pair.call("channel_commit", 0);
  const live = pair.call("live_of", 0);
  for (const [at, sat] of Object.entries(terms)) {
    const bytes = Buffer.alloc(8);
    bytes.writeBigUInt64LE(sat);
    pair.instance.memory().set(bytes, live + Number(at));
  }
  pair.settle(0);
  expect(pair.sent[0].map(typeOf)).toEqual([39]);
}

const feeOf = (tx: Uint8Array): bigint =>
  RawTx.decode(tx).outputs.reduce((left, { amount }) => left - amount, 1_000_000n);

function expectClosed(pair: Pair, feeSat: bigint): void {
  expect([pair.state(0), pair.state(1)]).toEqual([STATES.closed, STATES.closed]);
  const tx = pair.transaction("channel_closing_tx", 0);
  expect(pair.transaction("channel_closing_tx", 1)).toEqual(tx);
  expect(feeOf(tx)).toBe(feeSat);
}

onPairs("channel: negotiating the closing fee", {
  "shutdown waits for what has been offered and could not be signed yet": (make) => {
    const pair = make().open();
    expect(pair.offer(0, 5_000_000n, 1)).toBe(0);
    pair.settle(0);
    expect(pair.offer(0, 6_000_000n, 2)).toBe(1);
    expect(pair.call("channel_close", 0, 0, 0)).toBe(0);
    pair.settle(0);
    expect(pair.sent[0].map(typeOf)).toEqual([128, 132]);
    while (pair.arrive(0));
    pair.arrive(1); // revoke_and_ack
    expect(pair.sent[0].map(typeOf)).toEqual([128, 132, 38]);
    pair.run();
    for (const slot of pair.slots(1, 5, false)) expect(pair.fulfill(1, slot, pair.numberOf(1, slot))).toBe(0);
    pair.settle(1);
    pair.run();
    expectClosed(pair, LEAST_SAT);
  },

  "what the opener pays gladly is taken, at the feerate of the day": (make) => {
    const pair = make().open();
    pair.call("set_feerate", 2000);
    propose(pair, {});
    pair.run();
    expectClosed(pair, 1_348n);
  },

  "too little is answered with the least, which the opener takes": (make) => {
    for (const ranged of [true, false]) {
      const pair = make().open();
      propose(pair, { [FEE]: 100n, [LEAST]: 50n });
      // Without the range, as older peers send it.
      if (!ranged) pair.sent[0][0] = pair.sent[0][0]?.subarray(0, 106) ?? new Uint8Array(0);
      pair.arrive(0);
      expect([pair.state(0), pair.state(1)]).toEqual([STATES.normal, STATES.normal]);
      pair.run();
      expectClosed(pair, LEAST_SAT);
    }
  },

  "ranges that do not meet end in a warning": (make) => {
    const pair = make().open();
    propose(pair, { [FEE]: 100n, [LEAST]: 50n, [MOST]: LEAST_SAT - 1n });
    expect(pair.give(1, pair.sent[0][0] ?? new Uint8Array(0))).toBe(ERR_VALUE);
    pair.settle(1);
    expect(pair.sent[1].map(typeOf)).toEqual([1]);
    expect(pair.state(1)).toBe(STATES.normal);
  },

  "an opener takes nothing above its range": (make) => {
    const pair = make().open();
    propose(pair, { [FEE]: 100n, [LEAST]: 50n });
    const live = pair.call("live_of", 0);
    // The opener has come to another mind: what the accepter answers is beyond it now.
    const bytes = Buffer.alloc(8);
    bytes.writeBigUInt64LE(LEAST_SAT - 1n);
    pair.instance.memory().set(bytes, live + MOST);
    pair.arrive(0);
    const answer = pair.sent[1][0] ?? new Uint8Array(0);
    const restore = pair.save();
    expect(pair.give(0, answer)).toBe(ERR_VALUE);
    expect(pair.state(0)).toBe(STATES.normal);
    restore();
    // Of a peer that says no range, nearer to what has been said by either is asked.
    expect(pair.give(0, answer.subarray(0, 106))).toBe(0);
    pair.settle(0);
    expect(pair.sent[0].map((frame) => Buffer.from(frame).readBigUInt64BE(34))).toEqual([135n]);
  },
});
