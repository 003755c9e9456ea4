import { expect } from "vitest";
import { KIND } from "./energy_state.js";
import { Line, START } from "./line.js";
import { type End, HTLC, onPairs, other, type Pair } from "./pair.js";

// The note that comes with a fulfilment is the payer's receipt: it is kept over disconnections and restarts.

const SLOT_HAS_NOTE = 64;
const NUMBER = 3;
const MWH = 2_000_000n;

/** energy/note.ts. */
function noteOf(): Buffer {
  const note = Buffer.alloc(88);
  note.writeUInt32LE(START, 0);
  note.writeBigUInt64LE(MWH, 8);
  note.writeBigUInt64LE(2n ** 64n - 1n, 16);
  for (let i = 0; i < 64; i++) note.writeUInt8(i + 1, 24 + i);
  return note;
}

/** A line on which `receiver` has fulfilled a swap with a note, which is on its way. */
function fulfilled(make: () => Pair, receiver: End): { line: Line; own: number } {
  const line = Line.open(make(), { node1: 0 });
  const [own, theirs] = line.committed(other(receiver), 5_000_000n, NUMBER, { kind: KIND.receipt, mwh: MWH });
  line.fulfill(receiver, theirs, NUMBER, noteOf());
  line.pair.settle(receiver);
  return { line, own };
}

/** Lets frames arrive from both ends in turn, at most so many: how many there were. */
function drain(pair: Pair, limit = Infinity): number {
  let arrived = 0;
  for (let moved = true; moved && arrived < limit;) {
    moved = false;
    for (const end of [0, 1] as const) {
      if (arrived >= limit || !pair.arrive(end)) continue;
      arrived++;
      moved = true;
    }
  }
  return arrived;
}

function expectNote(line: Line, payer: End, slot: number): void {
  const { pair } = line;
  expect(pair.slotState(payer, slot)).toBe(HTLC.removed);
  expect(pair.slotFlags(payer, slot) & SLOT_HAS_NOTE).toBe(SLOT_HAS_NOTE);
  expect(line.note(payer, slot)).toEqual(noteOf());
}

/** What flash keeps, put into a module that has just been switched on. */
function restart(line: Line, make: () => Pair): Line {
  const old = line.pair;
  const pair = make();
  for (const [name, bytes] of [
    ["region", old.call("region_bytes")],
    ["energies", old.call("energies_bytes")],
    ["blob_lengths", 32],
  ] as const) {
    pair.instance.memory().set(old.read(old.call(name), bytes), pair.call(name));
  }
  pair.instance.memory().set(old.read(old.call("blob_at", 1), 16 * 1400), pair.call("blob_at", 1));
  for (const end of [0, 1] as const) pair.peers[end] = old.peers[end];
  pair.allowed = old.allowed;
  pair.call("channels_boot");
  return new Line(pair, line.node1, {});
}

onPairs("line: notes", {
  "come with the fulfilment, and again after a disconnection at any moment": (make) => {
    for (const receiver of [0, 1] as const) {
      const { line, own } = fulfilled(make, receiver);
      const { pair } = line;
      const restore = pair.save();
      const total = drain(pair);
      expectNote(line, other(receiver), own);
      for (let count = 0; count <= total; count++) {
        restore();
        drain(pair, count);
        pair.disconnect();
        pair.connect();
        pair.run();
        expectNote(line, other(receiver), own);
      }
    }
  },

  "outlast a restart of both ends at any moment, as all else of a line does": (make) => {
    for (const receiver of [0, 1] as const) {
      const { line, own } = fulfilled(make, receiver);
      const restore = line.pair.save();
      const total = drain(line.pair);
      for (let count = 0; count <= total; count++) {
        restore();
        drain(line.pair, count);
        const records = ([0, 1] as const).map((end) => line.record(end).toString("hex"));
        const again = restart(line, make);
        expect(([0, 1] as const).map((end) => again.record(end).toString("hex"))).toEqual(records);
        again.pair.connect();
        again.pair.run();
        expectNote(again, other(receiver), own);
        const flow = receiver === 0 ? MWH : -MWH;
        for (const end of [0, 1] as const) expect(again.positions(end)).toEqual({ [START]: [flow, 0n] });
        again.rest();
      }
    }
  },

  "are of riders alone, and one that is not there leaves none": (make) => {
    const line = Line.open(make());
    const { pair } = line;
    expect(pair.offer(0, 5_000_000n, NUMBER)).toBe(0);
    pair.settle(0);
    pair.run();
    line.fulfill(1, line.received(1, NUMBER), NUMBER, noteOf());
    pair.settle(1);
    pair.run();
    expect([pair.slotState(0, 0), pair.slotFlags(0, 0) & SLOT_HAS_NOTE]).toEqual([HTLC.removed, 0]);
    const [own, theirs] = line.committed(0, 5_000_000n, 4, { mwh: MWH });
    line.fulfill(1, theirs, 4);
    pair.settle(1);
    pair.run();
    expect([pair.slotState(0, own), pair.slotFlags(0, own) & SLOT_HAS_NOTE]).toEqual([HTLC.removed, 0]);
  },
});
