import { expect } from "vitest";
import { onPairs, type Pair } from "./pair.js";

const ERR_STATE = -2;
/** CHANNEL_RESERVES_SAT of assembly/channel/record.ts: of the holder, then of the counterparty. */
const RESERVES = 432 + 152;
const ERR_OVERFLOW = -5;
const ERR_VALUE = -14;
const ERR_CAPACITY = -15;
const SLOT_DUST = 8;
const SLOT_NO_ONION = 16;

const RESERVE_MSAT = 10_000_000n;
const ANCHORS_MSAT = 660_000n;
/** Fee of a commitment with so many HTLC outputs, msat. BOLT 3, "Fee Calculation". */
const fee = (anchors: boolean, feerate: bigint, outputs: bigint): bigint =>
  ((((anchors ? 1124n : 724n) + 172n * outputs) * feerate) / 1000n) * 1000n;

const spendable = (pair: Pair, end: number): bigint =>
  BigInt.asUintN(64, pair.instance.call("channel_spendable_msat", end) as bigint);

onPairs("channel: bounds", {
  "what can be spent: reserve, anchors, and the fee of two more outputs at twice the feerate": (make) => {
    for (const anchors of [false, true]) {
      const pair = make().open({ anchors, pushMsat: 100_000_000n });
      const own = 900_000_000n - RESERVE_MSAT - fee(anchors, 2000n, 2n) - (anchors ? ANCHORS_MSAT : 0n);
      expect(spendable(pair, 0)).toBe(own);
      expect(spendable(pair, 1)).toBe(100_000_000n - RESERVE_MSAT);
      expect(pair.call("channel_offer_check", 0, own + 1n, 0)).toBe(ERR_OVERFLOW);
      expect(pair.call("channel_offer_check", 1, 90_000_001n, 0)).toBe(ERR_OVERFLOW);
      expect(pair.offer(0, own, 1)).toBe(0);
      expect(pair.offer(1, 90_000_000n, 2)).toBe(0);
      // Both cross: neither side's checks may refuse what the other's have allowed.
      for (const end of [0, 1] as const) pair.settle(end);
      pair.run();
      pair.compare();
      expect(spendable(pair, 0)).toBe(0n);
      expect(pair.offer(0, 1n, 3)).toBe(ERR_OVERFLOW);
      expect(pair.fulfill(1, pair.slots(1, 5, false)[0] ?? -1, 1)).toBe(0);
      pair.settle(1);
      pair.run();
      pair.compare();
    }
  },

  "an opener that could not pay for another output is offered nothing": (make) => {
    const pair = make().open({ pushMsat: 980_000_000n });
    // 20,000 sat are left of which 10,000 are the reserve: fee and anchors fit up to a feerate.
    expect(spendable(pair, 1)).toBe(970_000_000n);
    expect(pair.call("channel_fee", 0, 7_000)).toBe(0);
    pair.settle(0);
    pair.run();
    expect(spendable(pair, 1)).toBe(970_000_000n);
    expect(pair.call("channel_fee", 0, 7_208)).toBe(ERR_OVERFLOW);
    expect(pair.call("channel_fee", 0, 7_207)).toBe(0);
    pair.settle(0);
    pair.run();
    expect(pair.offer(1, 100_000_000n, 1)).toBe(0);
    pair.settle(1);
    pair.run();
    pair.compare();
    expect(spendable(pair, 1)).toBe(0n);
    expect(pair.offer(1, 100_000_000n, 2)).toBe(ERR_OVERFLOW);
  },

  "amounts below htlc_minimum_msat, channels that are not open": (make) => {
    const pair = make().open();
    expect(pair.offer(0, 0n, 1)).toBe(ERR_VALUE);
    pair.disconnect();
    expect(pair.offer(0, 1_000n, 1)).toBe(ERR_STATE);
    expect(spendable(pair, 0)).toBe(0n);
    expect(pair.call("channel_fee", 0, 2000)).toBe(ERR_STATE);
    pair.connect();
    pair.run();
    expect(pair.offer(0, 1_000n, 1)).toBe(0);
    expect(pair.call("channel_offer", 0, 1_000n, 0, 500, 0, 0, 0, 0)).toBe(-1);
    expect(pair.offer(0, 1_000n, 2, 500_000_000)).toBe(-1);
  },

  "dust: we offer no more than we are ready to lose, and mark what is received above it": (make) => {
    // At 100,000 sat/kw without anchors, HTLCs below 66,000 sat and more are no outputs.
    const pair = make().open({ fundingSat: 10_000_000n, pushMsat: 4_000_000_000n, feerate: 100_000, anchors: false });
    expect(pair.offer(0, 50_000_001n, 1)).toBe(ERR_CAPACITY);
    pair.call("blob_free", 1);
    expect(pair.offer(0, 30_000_000n, 2)).toBe(0);
    expect(pair.offer(0, 20_000_001n, 3)).toBe(ERR_CAPACITY);
    expect(pair.call("channel_offer_check", 0, 20_000_000n, 0)).toBe(0);
    expect(pair.call("channel_offer_check", 0, 80_000_000n, 0)).toBe(0);
    pair.settle(0);
    const add = Buffer.from(pair.sent[0][0] ?? []);
    pair.arrive(0);
    expect(pair.slotFlags(1, 0) & SLOT_DUST).toBe(0);
    add.writeBigUInt64BE(1n, 34);
    add.writeBigUInt64BE(20_000_001n, 42);
    expect(pair.give(1, add)).toBe(0);
    expect(pair.slotFlags(1, 1) & SLOT_DUST).toBe(SLOT_DUST);
  },

  "each side keeps the reserve that the other one asked it for, not its own demand": (make) => {
    let pair = make().open({ fundingSat: 1_000_000n, pushMsat: 400_000_000n });
    const reserve = (end: 0 | 1, side: 0 | 1, sat: bigint): void => {
      const bytes = new DataView(new ArrayBuffer(8));
      bytes.setBigUint64(0, sat, true);
      pair.instance.memory().set(new Uint8Array(bytes.buffer), pair.call("channel_of", end) + RESERVES + 8 * side);
    };
    expect(pair.offer(0, 5_000_000n, 1)).toBe(0);
    pair.settle(0);
    const add = Buffer.from(pair.sent[0][0] ?? []);
    // Of 600,000 sat, 100,000 are more than the opener may offer once it has to keep 550,000.
    add.writeBigUInt64BE(100_000_000n, 42);
    reserve(1, 1, 550_000n);
    expect(pair.give(1, add)).toBe(ERR_OVERFLOW);
    reserve(1, 1, 10_000n);
    reserve(1, 0, 550_000n);
    expect(pair.give(1, add)).toBe(0);
    // And so with the fee that it would have to pay.
    pair = make().open({ fundingSat: 1_000_000n, pushMsat: 400_000_000n });
    reserve(0, 0, 599_500n);
    expect(pair.call("channel_fee", 0, 500)).toBe(ERR_OVERFLOW);
    reserve(0, 0, 10_000n);
    reserve(0, 1, 599_500n);
    expect(pair.call("channel_fee", 0, 500)).toBe(0);
  },

  "more onions than can be kept are refused one by one": (make) => {
    const pair = make().open();
    for (let i = 0; i < 10; i++) expect(pair.offer(0, 5_000_000n, i)).toBe(i);
    pair.settle(0);
    pair.run();
    // Ten blobs are the offerer's until the end has them: six were left for both to share.
    const lost = pair.slots(1, 5, false).filter((slot) => (pair.slotFlags(1, slot) & SLOT_NO_ONION) !== 0);
    expect(lost).toHaveLength(4);
    for (const slot of lost) expect(pair.fail(1, slot)).toBe(0);
    pair.settle(1);
    pair.run();
    expect(pair.slots(0, 10, true)).toHaveLength(4);
  },
});
