import { expect } from "vitest";
import { type End, HTLC, onPairs, other, type Pair, STATES, typeOf } from "./pair.js";
import { type Change, u16, u32, u64 } from "../driver/spoil.js";

const ERR_ARGUMENT = -1;
const ERR_STATE = -2;
const ERR_OVERFLOW = -5;
const ERR_NOT_FOUND = -8;
const ERR_ORDER = -11;
const ERR_LENGTH = -13;
const ERR_VALUE = -14;
const ERR_CAPACITY = -15;
const ERR_POINT = -18;
const ERR_SIGNATURE = -19;
const ERR_CHAIN = -22;
const ERR_MISSING = -24;

const WARNING = 1;
const ERROR = 17;

const flip =
  (at: number): Change =>
  (frame) =>
    void frame.writeUInt8(frame.readUInt8(at) ^ 1, at);
/** 02 and an x that is on no point of the curve. */
const noPoint =
  (at: number): Change =>
  (frame) => {
    frame.fill(0, at, at + 33);
    frame[at] = 2;
    frame[at + 32] = 5;
  };

type Cases = Readonly<Record<string, readonly [Change, number]>>;

/**
 * Gives an end a frame spoilt in each way: it answers with the code; nothing that is stored changes where the channel
 * goes on (a warning), and where it does not, an error goes out; and the frame as it was is taken.
 */
function refuse(pair: Pair, to: End, frame: Uint8Array, cases: Cases, message: number): void {
  const restore = pair.save();
  const before = pair.stored();
  for (const [name, [change, code]] of Object.entries(cases)) {
    const spoilt = Buffer.from(frame);
    change(spoilt);
    expect([name, pair.give(to, spoilt)]).toEqual([name, code]);
    if (message === WARNING) expect([name, pair.stored() === before]).toEqual([name, true]);
    else expect([STATES.none, STATES.failed]).toContain(pair.state(to));
    pair.sent[to].length = 0;
    pair.settle(to);
    expect([name, pair.sent[to].map(typeOf)]).toEqual([name, [message]]);
    expect(pair.call("channel_hang_up", to)).toBe(message === WARNING ? 1 : 0);
    restore();
  }
  expect(pair.give(to, frame)).toBe(0);
  restore();
}

/** Lets everything arrive that is sent before the first frame of a type, which is returned and still on its way. */
function upTo(pair: Pair, from: End, type: number): Uint8Array {
  for (;;) {
    const frame = pair.sent[from][0];
    if (frame !== undefined && typeOf(frame) === type) return frame;
    if (!pair.arrive(from) && !pair.arrive(other(from))) throw new Error(`no message ${type} comes`);
  }
}

const points = (first: number): Cases =>
  Object.fromEntries(Array.from({ length: 6 }, (_, i) => [`point ${i}`, [noPoint(first + 33 * i), ERR_POINT]]));

onPairs("channel: what is refused", {
  "of opening": (make) => {
    const pair = make();
    pair.openChannel(1_000_000n, 0n, 1000, 1);
    pair.settle(0);
    const open = upTo(pair, 0, 32);
    const restore = pair.save();
    const before = pair.stored();
    const cases: Cases = {
      chain_hash: [flip(2), ERR_CHAIN],
      "funding too small": [u64(66, 9_999n), ERR_VALUE],
      "funding too large": [u64(66, 1n << 24n), ERR_VALUE],
      "push of more than there is": [u64(74, 1_000_000_001n), ERR_VALUE],
      "nothing left for the fee": [u64(74, 999_000_000n), ERR_OVERFLOW],
      "dust limit below what outputs hold": [u64(82, 353n), ERR_VALUE],
      "dust limit above our patience": [u64(82, 1_501n), ERR_VALUE],
      "reserve below the dust limit": [u64(98, 353n), ERR_VALUE],
      "reserve of half the channel": [u64(98, 500_000n), ERR_VALUE],
      htlc_minimum: [u64(106, 500_000_000n), ERR_VALUE],
      "feerate too low": [u32(114, 252), ERR_VALUE],
      "feerate too high": [u32(114, 100_001), ERR_VALUE],
      to_self_delay: [u16(118, 2017), ERR_VALUE],
      "no HTLCs": [u16(120, 0), ERR_VALUE],
      "too many HTLCs": [u16(120, 484), ERR_VALUE],
      "channel_type of unknown bits": [flip(323 + 2), ERR_VALUE],
      "no channel_type": [(frame) => void frame.writeUInt8(3, 323), ERR_MISSING],
      ...points(122),
    };
    for (const [name, [change, code]] of Object.entries(cases)) {
      const spoilt = Buffer.from(open);
      change(spoilt);
      expect([name, pair.give(1, spoilt)]).toEqual([name, code]);
      expect(pair.stored()).toBe(before);
      restore();
    }
    // Anchors where they are not negotiated.
    expect(pair.give(1, open, 0)).toBe(ERR_VALUE);
    expect(pair.give(1, open)).toBe(0);
    restore();

    pair.arrive(0);
    const accept = upTo(pair, 1, 33);
    const acceptCases: Cases = {
      "dust limit": [u64(34, 353n), ERR_VALUE],
      "dust limit above our reserve": [u64(34, 100_000n), ERR_VALUE],
      "reserve below our dust limit": [u64(50, 353n), ERR_VALUE],
      htlc_minimum: [u64(58, 500_000_000n), ERR_VALUE],
      minimum_depth: [u32(66, 145), ERR_VALUE],
      to_self_delay: [u16(70, 2017), ERR_VALUE],
      "no HTLCs": [u16(72, 0), ERR_VALUE],
      "another channel_type": [flip(272 + 2 + 2), ERR_VALUE],
      "no channel_type": [(frame) => void frame.writeUInt8(3, 274), ERR_MISSING],
      ...points(74),
    };
    refuse(pair, 0, accept, acceptCases, ERROR);

    pair.arrive(1);
    pair.fund();
    const created = upTo(pair, 0, 34);
    refuse(pair, 1, created, { txid: [flip(34), ERR_SIGNATURE], signature: [flip(90), ERR_SIGNATURE] }, ERROR);
    pair.arrive(0);
    refuse(pair, 0, upTo(pair, 1, 35), { signature: [flip(60), ERR_SIGNATURE] }, ERROR);
    pair.arrive(1);
    pair.confirm();
    refuse(pair, 1, upTo(pair, 0, 36), { point: [noPoint(34), ERR_POINT] }, WARNING);
  },

  "of update_add_htlc": (make) => {
    const pair = make().open({ pushMsat: 100_000_000n });
    expect(pair.offer(0, 50_000_000n, 1)).toBeGreaterThanOrEqual(0);
    pair.settle(0);
    const add = upTo(pair, 0, 128);
    const cases: Cases = {
      "another id": [u64(34, 1n), ERR_ORDER],
      "no amount": [u64(42, 0n), ERR_VALUE],
      "more than may be in flight": [u64(42, 1_000_000_001n), ERR_CAPACITY],
      "more than above reserve and fee": [u64(42, 890_000_000n), ERR_OVERFLOW],
      "expiry that is a time": [u32(82, 500_000_000), ERR_VALUE],
    };
    refuse(pair, 1, add, cases, WARNING);
    // All but the reserve of 10,000 satoshi and fee and anchors of 1,124 + 172 weight units at 1,000, 660.
    const most = Buffer.from(add);
    most.writeBigUInt64BE(900_000_000n - 10_000_000n - 1_296_000n - 660_000n, 42);
    expect(pair.give(1, most)).toBe(0);
    const restore = pair.save();
    most.writeBigUInt64BE(1n, 34);
    most.writeBigUInt64BE(1n, 42);
    expect(pair.give(1, most)).toBe(ERR_OVERFLOW);
    restore();
  },

  "of the thirteenth HTLC": (make) => {
    const pair = make().open();
    for (let i = 0; i < 12; i++) expect(pair.offer(0, 1_000_000n, i)).toBe(i);
    expect(pair.call("channel_offer_check", 0, 1_000_000n, 0)).toBe(ERR_CAPACITY);
    pair.settle(0);
    const add = Buffer.from(upTo(pair, 0, 128));
    while (typeOf(pair.sent[0][0] ?? new Uint8Array(2)) === 128) pair.arrive(0);
    add.writeBigUInt64BE(12n, 34);
    expect(pair.give(1, add)).toBe(ERR_CAPACITY);
  },

  "of removals": (make) => {
    const pair = make().open();
    const slots = [1, 2, 3].map((number) => pair.offer(0, 5_000_000n, number));
    pair.settle(0);
    pair.run();
    expect(slots.map((slot) => pair.slotState(0, slot))).toEqual([5, 5, 5]);
    expect(pair.fulfill(1, 0, 7)).toBe(ERR_VALUE);
    expect(pair.fulfill(0, 0, 1)).toBe(ERR_STATE);
    expect(pair.fulfill(1, 0, 1)).toBe(0);
    expect(pair.fulfill(1, 0, 1)).toBe(ERR_STATE);
    expect(pair.call("channel_fail", 1, 1, 0xc005, 0n, 0n)).toBe(ERR_ARGUMENT);
    expect(pair.call("channel_fail", 1, 1, 99, 0n, 0n)).toBe(ERR_ARGUMENT);
    expect(pair.fail(1, 1)).toBe(0);
    expect(pair.call("channel_fail_malformed", 1, 2, 5)).toBe(ERR_ARGUMENT);
    expect(pair.call("channel_fail_malformed", 1, 2, 0xc005)).toBe(0);
    pair.settle(1);
    const id: Cases = { "unknown id": [u64(34, 9n), ERR_NOT_FOUND] };
    refuse(pair, 0, upTo(pair, 1, 130), { ...id, preimage: [flip(50), ERR_VALUE] }, WARNING);
    const [fulfil] = pair.sent[1];
    pair.arrive(1);
    const restore = pair.save();
    expect(pair.give(0, fulfil ?? new Uint8Array(0))).toBe(ERR_STATE);
    restore();
    refuse(pair, 0, upTo(pair, 1, 131), id, WARNING);
    pair.arrive(1);
    refuse(pair, 0, upTo(pair, 1, 135), { ...id, "a code without BADONION": [u16(74, 5), ERR_VALUE] }, WARNING);
    pair.run();
    expect(slots.map((slot) => [pair.slotState(0, slot), pair.slotResult(0, slot)])).toEqual([
      [HTLC.removed, 1],
      [HTLC.removed, 2],
      [HTLC.removed, 3],
    ]);
  },

  "of commitments": (make) => {
    const pair = make().open();
    pair.offer(0, 5_000_000n, 1);
    pair.settle(0);
    const signed = upTo(pair, 0, 132);
    const cases: Cases = {
      signature: [flip(60), ERR_SIGNATURE],
      "HTLC signature": [flip(130), ERR_SIGNATURE],
    };
    refuse(pair, 1, signed, cases, WARNING);
    const none = Buffer.concat([signed.subarray(0, 98), Buffer.alloc(2), signed.subarray(164)]);
    const restore = pair.save();
    expect(pair.give(1, none)).toBe(ERR_LENGTH);
    restore();
    pair.arrive(0);
    const revoke = upTo(pair, 1, 133);
    const spoilt: Cases = {
      "the secret of another": [flip(40), ERR_VALUE],
      "no secret at all": [(frame) => void frame.fill(0, 34, 66), ERR_VALUE],
      "next point": [noPoint(66), ERR_POINT],
    };
    refuse(pair, 0, revoke, spoilt, ERROR);
    expect(pair.give(0, revoke)).toBe(0);
    expect(pair.give(0, revoke)).toBe(ERR_STATE);
  },

  "of update_fee": (make) => {
    const pair = make().open();
    expect(pair.call("channel_fee", 1, 2000)).toBe(ERR_STATE);
    expect(pair.call("channel_fee", 0, 252)).toBe(ERR_VALUE);
    expect(pair.call("channel_fee", 0, 100_000)).toBe(0);
    pair.settle(0);
    const fee = upTo(pair, 0, 134);
    refuse(pair, 1, fee, { low: [u32(34, 252), ERR_VALUE], high: [u32(34, 100_001), ERR_VALUE] }, WARNING);
    expect(pair.give(0, fee)).toBe(ERR_STATE);
    const poor = make().open({ pushMsat: 950_000_000n });
    expect(poor.call("channel_fee", 0, 40_000)).toBe(ERR_OVERFLOW);
    expect(poor.call("channel_fee", 0, 1_001)).toBe(0);
    poor.settle(0);
    refuse(poor, 1, upTo(poor, 0, 134), { "more than it has": [u32(34, 50_000), ERR_OVERFLOW] }, WARNING);
  },

  "of channel_reestablish": (make) => {
    const pair = make().open();
    pair.offer(0, 5_000_000n, 1);
    pair.settle(0);
    pair.run();
    pair.disconnect();
    pair.connect();
    const cases: Cases = {
      "a commitment too many": [u64(34, 3n), ERR_VALUE],
      "a commitment too few": [u64(34, 1n), ERR_VALUE],
      "commitment 0": [u64(34, 0n), ERR_VALUE],
      "revocations to come without their secret": [u64(42, 2n), ERR_VALUE],
      "no revocation": [u64(42, 0n), ERR_VALUE],
      "another secret": [flip(50), ERR_VALUE],
    };
    const frame = upTo(pair, 0, 136);
    refuse(pair, 1, frame, cases, ERROR);
    expect(pair.give(1, frame)).toBe(0);
    expect(pair.give(1, frame)).toBe(ERR_STATE);
  },

  "before channel_reestablish has come, and in a channel that has failed": (make) => {
    const pair = make().open();
    pair.offer(0, 5_000_000n, 1);
    pair.settle(0);
    const add = pair.sent[0][0] ?? new Uint8Array(0);
    pair.disconnect();
    pair.connect();
    const before = pair.stored();
    expect(pair.give(1, add)).toBe(ERR_STATE);
    expect(pair.stored()).toBe(before);
    expect(pair.call("channel_force", 1, -25)).toBe(0);
    expect(pair.call("channel_force", 1, -25)).toBe(ERR_STATE);
    expect([pair.state(1), pair.fault(1)]).toEqual([STATES.failed, -25]);
    const failed = pair.stored();
    expect(pair.give(1, add)).toBe(0);
    expect(pair.stored()).toBe(failed);
  },

  "of closing": (make) => {
    const pair = make().open();
    expect(pair.call("channel_close", 0, pair.place(0, Uint8Array.of(0, 3, 1, 2, 3)), 5)).toBe(ERR_VALUE);
    expect(pair.call("channel_close", 0, 0, 0)).toBe(0);
    expect(pair.call("channel_close", 0, 0, 0)).toBe(ERR_STATE);
    expect(pair.offer(0, 1_000_000n, 1)).toBe(ERR_STATE);
    pair.settle(0);
    const shutdown = upTo(pair, 0, 38);
    refuse(pair, 1, shutdown, { "a form that none may have": [flip(37), ERR_VALUE] }, WARNING);
    pair.arrive(0);
    const restore = pair.save();
    const another = Buffer.from(shutdown);
    another.writeUInt8(another.readUInt8(40) ^ 1, 40);
    expect(pair.give(1, another)).toBe(ERR_VALUE);
    restore();
    const signed = upTo(pair, 0, 39);
    const cases: Cases = {
      signature: [flip(60), ERR_SIGNATURE],
      fee: [u64(34, 500n), ERR_SIGNATURE],
      "more than the opener has": [u64(34, 800_000n), ERR_VALUE],
    };
    refuse(pair, 1, signed, cases, WARNING);
  },
});
