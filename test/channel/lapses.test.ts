import { expect } from "vitest";
import { type Change, u64 } from "../driver/spoil.js";
import { KIND } from "./energy_state.js";
import { INTERVAL_S, Line, NOW, START } from "./line.js";
import { type End, HTLC, onPairs, other, type Pair, STATES, typeOf } from "./pair.js";

// Lapses, fulfilments and rolls that meet, over disconnections; and what of them is refused.

const ERR_ARGUMENT = -1;
const ERR_STATE = -2;
const ERR_NOT_FOUND = -8;
const ERR_VALUE = -14;
const WARNING = 1;
const LAPSE = 42001;
const ROLL = 42007;
const ENDS: readonly End[] = [0, 1];
const MWH = 1_000_000n;

/** Frees what is done with at both ends. */
function release(pair: Pair): void {
  for (const end of ENDS) {
    for (const slot of pair.slots(end, HTLC.removed, true)) expect(pair.call("channel_release", end, slot)).toBe(0);
  }
}

/** Lets a number of frames arrive, from both ends in turn, comparing commitments: how many there were. */
function drain(pair: Pair, limit = Infinity): number {
  let arrived = 0;
  for (let quiet = false; !quiet && arrived < limit;) {
    quiet = true;
    for (const end of ENDS) {
      if (arrived >= limit || !pair.arrive(end)) continue;
      arrived++;
      quiet = false;
      pair.compare();
    }
  }
  return arrived;
}

/** The connection ends after every number of frames, once or twice; then both ends come to what `check` expects. */
function cutEverywhere(pair: Pair, check: () => void): void {
  const restore = pair.save();
  const total = drain(pair);
  expect(total).toBeGreaterThan(3);
  check();
  for (let first = 0; first <= total; first++) {
    for (const second of [undefined, 0, 1, 3]) {
      restore();
      for (const count of second === undefined ? [first] : [first, second]) {
        drain(pair, count);
        pair.disconnect();
        pair.connect();
      }
      drain(pair);
      pair.compare();
      check();
    }
  }
}

/** A committed swap of end `offerer`'s, whose energy comes to it. */
function pending(line: Line, offerer: End, amountMsat: bigint): [own: number, theirs: number] {
  return line.committed(offerer, amountMsat, 7, { mwh: MWH });
}

function lapse(line: Line, end: End, slot: number): void {
  expect(line.pair.call("channel_lapse", end, slot)).toBe(0);
  line.pair.settle(end);
}

function fulfill(line: Line, end: End, slot: number): void {
  line.fulfill(end, slot, 7);
  line.pair.settle(end);
}

const frameOf = (pair: Pair, end: End, type: number): Buffer => {
  const frame = pair.sent[end].find((bytes) => typeOf(bytes) === type);
  if (frame === undefined) throw new Error(`no message ${type} was sent`);
  return Buffer.from(frame);
};

/** Gives an end a frame that it must not take: nothing changes, and it warns and hangs up. */
function refuse(pair: Pair, to: End, frame: Buffer, change: Change, code: number): void {
  const restore = pair.save();
  const before = pair.stored();
  const spoilt = Buffer.from(frame);
  change(spoilt);
  expect(pair.give(to, spoilt)).toBe(code);
  expect(pair.stored()).toBe(before);
  pair.sent[to].length = 0;
  pair.settle(to);
  expect(pair.sent[to].map(typeOf)).toEqual([WARNING]);
  expect([pair.call("channel_hang_up", to), pair.state(to)]).toEqual([1, STATES.normal]);
  restore();
}

const same: Change = () => undefined;

function update(pair: Pair, type: number, ...fields: readonly (readonly [bytes: number, value: bigint])[]): Buffer {
  const body = fields.map(([bytes, value]) => {
    const field = Buffer.alloc(8);
    field.writeBigInt64BE(value);
    return field.subarray(8 - bytes);
  });
  const head = Buffer.alloc(2);
  head.writeUInt16BE(type);
  return Buffer.concat([head, pair.channelId(0), ...body]);
}

onPairs("line: lapses and fulfilments that meet", {
  "what is signed before the lapse has come moves its energy, whatever is sent again": (make) => {
    for (const node1 of ENDS) {
      for (const offerer of ENDS) {
        const line = Line.open(make(), { node1 });
        const { pair } = line;
        const [own, theirs] = pending(line, offerer, 5_000_000n);
        // Neither has heard of the other's.
        lapse(line, offerer, own);
        fulfill(line, other(offerer), theirs);
        cutEverywhere(pair, () => {
          const flow = offerer === node1 ? -MWH : MWH;
          for (const end of ENDS) expect(line.positions(end)).toEqual({ [START]: [flow, 0n] });
          expect(line.arrearsMsat(0)).toBe(0n);
          expect(line.isBoughtBack(offerer, own)).toBe(false);
          release(pair);
          line.rest();
        });
      }
    }
  },

  "what is signed behind the acknowledgement of the lapse is bought back, whatever is sent again": (make) => {
    // 1 kWh at 200,000 msat and a tenth more, or the payment if that is more.
    for (const [amountMsat, owedMsat] of [
      [100_000n, 220_000n],
      [219_999n, 220_000n],
      [300_000n, 300_000n],
    ] as const) {
      for (const node1 of ENDS) {
        for (const offerer of ENDS) {
          const line = Line.open(make(), { node1 });
          const { pair } = line;
          const before = ENDS.map((end) => pair.balances(end)[0]);
          const [own, theirs] = pending(line, offerer, amountMsat);
          lapse(line, offerer, own);
          // The lapse and what signs it; the acknowledgement is on its way.
          while (pair.arrive(offerer));
          fulfill(line, other(offerer), theirs);
          cutEverywhere(pair, () => {
            expect([line.positions(0), line.positions(1)]).toEqual([{}, {}]);
            const arrears = offerer === node1 ? -owedMsat : owedMsat;
            expect([line.arrearsMsat(0), line.arrearsMsat(1)]).toEqual([arrears, arrears]);
            const paid = ENDS.map((end) => pair.balances(end)[0] - (before[end] ?? 0n));
            expect(paid[offerer]).toBe(-amountMsat);
            release(pair);
            line.rest();
          });
        }
      }
    }
  },

  "a lapse holds no capacity once it is acknowledged, and fails or ends with its HTLC": (make) => {
    const line = Line.open(make(), { node1: 0 });
    const { pair } = line;
    const [own, theirs] = line.committed(1, 5_000_000n, 7, { mwh: 10_000_000n });
    expect(line.check(1, 5_000_000n, { mwh: 1n })).toBe(-15);
    lapse(line, 1, own);
    expect(line.check(1, 5_000_000n, { mwh: 1n })).toBe(-15);
    pair.run();
    expect([line.lapseState(1, own), line.lapseState(0, theirs)]).toEqual([HTLC.committed, HTLC.committed]);
    for (const end of ENDS) expect(line.check(end, 5_000_000n, { mwh: 10_000_000n })).toBe(0);
    expect(pair.fail(0, theirs)).toBe(0);
    pair.settle(0);
    pair.run();
    expect([line.positions(0), line.arrearsMsat(0)]).toEqual([{}, 0n]);
    line.rest();
  },

  "what was fulfilled in time still moves energy, and so holds capacity, though its lapse is acknowledged": (make) => {
    const line = Line.open(make(), { node1: 0 });
    const { pair } = line;
    const [own, theirs] = line.committed(1, 5_000_000n, 7, { mwh: 10_000_000n });
    lapse(line, 1, own);
    fulfill(line, 0, theirs);
    // End 0 hears of the lapse, and has acknowledged it; its fulfilment is still on its way.
    while (pair.arrive(1));
    expect(line.check(1, 5_000_000n, { mwh: 1n })).toBe(-15);
    expect(line.check(0, 5_000_000n, { mwh: -1n })).toBe(-15);
    pair.run();
    expect(line.positions(1)).toEqual({ [START]: [10_000_000n, 0n] });
    release(pair);
    line.rest();
  },

  "lapses of what is unknown, repeated or cannot lapse are refused; one of what is gone is nothing": (make) => {
    const line = Line.open(make(), { node1: 0 });
    const { pair } = line;
    line.setArrears(1_000n);
    // Of end 0: a rider, arrears, A alone.
    const [own, theirs] = line.committed(1, 5_000_000n, 1, { mwh: 1n });
    const [arrears] = line.committed(0, 1_000n, 2, { kind: KIND.arrears });
    const [plain] = [pair.offer(1, 5_000_000n, 3)];
    pair.settle(1);
    pair.run();
    expect(pair.call("channel_lapse", 0, theirs)).toBe(ERR_STATE);
    expect(pair.call("channel_lapse", 0, arrears)).toBe(ERR_STATE);
    expect(pair.call("channel_lapse", 1, plain)).toBe(ERR_STATE);
    for (const slot of [-1, 24]) expect(pair.call("channel_lapse", 1, slot)).toBe(ERR_ARGUMENT);
    // An offer that is not committed yet.
    const early = line.offer(1, 5_000_000n, 4, { mwh: 1n });
    expect(pair.call("channel_lapse", 1, early)).toBe(ERR_STATE);
    pair.settle(1);
    expect(pair.call("channel_lapse", 1, early)).toBe(ERR_STATE);
    pair.arrive(1);
    const lapseOf = (id: bigint): Buffer => update(pair, LAPSE, [8, id]);
    // Numbers of end 1: 0 the rider, 1 without one, 2 not signed yet. Of end 0: 0 arrears.
    refuse(pair, 0, lapseOf(1n), same, ERR_STATE);
    refuse(pair, 0, lapseOf(2n), same, ERR_STATE);
    refuse(pair, 0, lapseOf(3n), same, ERR_NOT_FOUND);
    refuse(pair, 0, lapseOf(2n ** 63n - 1n), same, ERR_NOT_FOUND);
    refuse(pair, 1, lapseOf(0n), same, ERR_STATE);
    pair.run();
    lapse(line, 1, own);
    expect(pair.call("channel_lapse", 1, own)).toBe(ERR_STATE);
    const sent = frameOf(pair, 1, LAPSE);
    refuse(pair, 0, sent, u64(34, 9n), ERR_NOT_FOUND);
    pair.arrive(1);
    refuse(pair, 0, sent, same, ERR_STATE);
    pair.run();
    refuse(pair, 0, sent, same, ERR_STATE);
    expect(pair.call("channel_lapse", 1, own)).toBe(ERR_STATE);
    expect(pair.fail(0, theirs)).toBe(0);
    pair.settle(0);
    pair.run();
    const before = pair.stored();
    expect(pair.give(0, sent)).toBe(0);
    expect(pair.stored()).toBe(before);
  },

  "a lapse that was never signed is forgotten with the connection": (make) => {
    const line = Line.open(make(), { node1: 0 });
    const { pair } = line;
    const [own, theirs] = pending(line, 1, 5_000_000n);
    lapse(line, 1, own);
    pair.arrive(1);
    expect(line.lapseState(0, theirs)).toBe(HTLC.proposed);
    pair.disconnect();
    expect(line.lapseState(0, theirs)).toBe(HTLC.free);
    // What its offerer has signed it sends again.
    pair.connect();
    pair.run();
    expect(line.lapseState(0, theirs)).toBe(HTLC.committed);
  },

  "messages of energy on a channel without it are nothing": (make) => {
    const pair = make().open();
    const restore = pair.save();
    const before = pair.stored();
    for (const frame of [
      update(pair, LAPSE, [8, 0n]),
      update(pair, ROLL, [4, BigInt(START)], [8, 1n], [8, 1n]),
      update(pair, 42003, [4, 0n], [4, BigInt(START)], [4, BigInt(START)], [8, 0n], [8, 0n], [2, 0n]),
    ]) {
      for (const end of ENDS) {
        expect(pair.give(end, frame)).toBe(typeOf(frame) === 42003 ? ERR_ARGUMENT : 0);
        expect(pair.stored()).toBe(before);
        pair.settle(end);
        expect(pair.sent[end]).toEqual([]);
        restore();
      }
    }
    // A rider and a note that come along are passed over, their messages are not.
    expect(pair.offer(0, 5_000_000n, 1)).toBe(0);
    pair.settle(0);
    const rider = Buffer.from("fe000109a30800000000" + "00" + "000a" + "01", "hex");
    rider.writeUInt32BE(START, 6);
    pair.sent[0][0] = Buffer.concat([pair.sent[0][0] ?? Buffer.alloc(0), rider]);
    pair.run();
    const slot = pair.slots(1, HTLC.committed, false)[0] ?? -1;
    const line = new Line(pair, 0, {});
    expect(line.riderBytes(1, slot).equals(Buffer.alloc(24))).toBe(true);
    expect(pair.slotFlags(1, slot)).toBe(0);
    expect(pair.fulfill(1, slot, 1)).toBe(0);
    pair.settle(1);
    const note = Buffer.concat([Buffer.from("fe000109a554", "hex"), Buffer.alloc(84, 1)]);
    pair.sent[1][0] = Buffer.concat([pair.sent[1][0] ?? Buffer.alloc(0), note]);
    pair.run();
    expect(pair.slotFlags(0, 0) & 64).toBe(0);
    expect(pair.slots(0, HTLC.removed, true)).toEqual([0]);
  },
});

const UNTIL = START + INTERVAL_S;

onPairs("line: rolls", {
  "node_1's alone, once both have closed and no rider of it may move energy": (make) => {
    for (const node1 of ENDS) {
      const line = Line.open(make(), { node1 });
      const { pair } = line;
      const node2 = other(node1);
      expect(line.roll()).toBe(ERR_STATE);
      const [own, theirs] = line.committed(node2, 5_000_000n, 7, { mwh: MWH });
      line.swap(node1, 5_000_000n, 8, { start: UNTIL - 2 * INTERVAL_S, mwh: MWH });
      line.close(UNTIL, 0n);
      expect(line.roll()).toBe(ERR_STATE);
      expect(pair.call("channel_roll", node2)).toBe(ERR_STATE);
      const flow = -MWH;
      refuse(pair, node2, update(pair, ROLL, [4, BigInt(UNTIL)], [8, flow], [8, 0n]), same, ERR_VALUE);
      refuse(pair, node1, update(pair, ROLL, [4, BigInt(UNTIL)], [8, flow], [8, 0n]), same, ERR_STATE);
      // Its lapse lets the roll go; what is fulfilled late then owes instead.
      lapse(line, node2, own);
      pair.run();
      refuse(pair, node2, update(pair, ROLL, [4, BigInt(UNTIL)], [8, flow + 1n], [8, 0n]), same, ERR_VALUE);
      refuse(pair, node2, update(pair, ROLL, [4, BigInt(UNTIL)], [8, flow], [8, 1n]), same, ERR_VALUE);
      refuse(pair, node2, update(pair, ROLL, [4, BigInt(UNTIL + 900)], [8, flow], [8, 0n]), same, ERR_VALUE);
      expect(line.roll()).toBe(0);
      expect(line.roll()).toBe(ERR_STATE);
      pair.settle(node1);
      fulfill(line, node1, theirs);
      cutEverywhere(pair, () => {
        for (const end of ENDS) {
          expect(line.closedUntil(end)).toBe(UNTIL);
          expect(line.positions(end)).toEqual({});
          // node_1 has fulfilled late: it owes.
          expect(line.arrearsMsat(end)).toBe(5_000_000n);
        }
        release(pair);
        line.rest();
      });
    }
  },

  "node_2 without a close of its own, or a clock, does not take a roll, hangs up and goes on": (make) => {
    for (const node1 of ENDS) {
      const line = Line.open(make(), { node1 });
      const { pair } = line;
      const node2 = other(node1);
      pair.call("set_time", 0);
      for (const side of [0, 1] as const) line.setClose(node1, side, UNTIL, 0n);
      line.setClose(node2, 0, UNTIL, 0n);
      expect(line.roll()).toBe(0);
      pair.settle(node1);
      for (let round = 0; round < 3; round++) {
        expect(pair.give(node2, frameOf(pair, node1, ROLL))).toBe(ERR_STATE);
        pair.settle(node2);
        expect(pair.call("channel_hang_up", node2)).toBe(1);
        expect([pair.state(0), pair.state(1)]).toEqual([STATES.normal, STATES.normal]);
        pair.disconnect();
        pair.connect();
        pair.arrive(node2);
        while (pair.sent[node1][0] !== undefined && typeOf(pair.sent[node1][0]) !== ROLL) pair.arrive(node1);
      }
      line.setClose(node2, 1, UNTIL, 0n);
      pair.run();
      for (const end of ENDS) expect([line.closedUntil(end), line.rollState(end)]).toEqual([UNTIL, 0]);
      pair.call("set_time", NOW);
      line.rest();
    }
  },

  "riders of node_2's that cross with the roll are refused": (make) => {
    for (const node1 of ENDS) {
      const line = Line.open(make(), { node1 });
      const { pair } = line;
      const node2 = other(node1);
      // node_2 has not closed when it offers.
      for (const side of [0, 1] as const) line.setClose(node1, side, UNTIL, 0n);
      expect(line.roll()).toBe(0);
      expect(line.offer(node2, 5_000_000n, 7, { mwh: MWH })).toBeGreaterThanOrEqual(0);
      for (const end of ENDS) pair.settle(end);
      for (const side of [0, 1] as const) line.setClose(node2, side, UNTIL, 0n);
      pair.run();
      const slot = line.received(node1, 7);
      expect(pair.slotFlags(node1, slot) & 32).toBe(32);
      expect(pair.fail(node1, slot)).toBe(0);
      pair.settle(node1);
      pair.run();
      for (const end of ENDS) expect([line.closedUntil(end), line.positions(end)]).toEqual([UNTIL, {}]);
      line.rest();
    }
  },
});
