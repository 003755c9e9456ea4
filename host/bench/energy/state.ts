import { NODE_FLASH_SECTORS, NODE_SECTOR_BYTES } from "../../board/node_board.js";
import type { NorFlash } from "../../board/nor_flash.js";
import type { Engine } from "../../engine/engine.js";
import { readRing } from "../../inspect/ring.js";
import { END_CHECKPOINT, type Sector } from "../../inspect/sector.js";
import type { SimNode } from "../../lnsim/sim_node.js";
import type { BenchRow } from "../bench.js";
import { Row } from "./row.js";

/** How many positions a line has open, and how many riders are pending on it, when what they take is measured. */
const POSITIONS = [0, 1, 4, 16] as const;
const PENDING = [0, 1, 4, 12] as const;
const MOST_POSITIONS = 16;
const MOST_PENDING = 12;
const SWAP_MWH = 1000n;
/** The journal is a ring of this many; how it is written, assembly/node/persist.ts says. */
const JOURNAL_SECTORS = 4;
const SECTOR_BYTES = (NODE_SECTOR_BYTES * NODE_FLASH_SECTORS) / JOURNAL_SECTORS;
const STATE = 3;
const WORD_BYTES = 8;

/** What a node holds at rest: its checkpoint in flash, and those words of its regions in memory that are not zero. */
interface Held {
  readonly flash: number;
  readonly memory: number;
}

/**
 * What a line's state grows by with each position (a delivery interval in which energy is agreed on) and with each pending
 * rider, in flash and in memory, from nodes that hold so many: slopes, at one end of the line.
 */
export function state(engine: Engine): BenchRow[] {
  const positions = POSITIONS.map((open) => ({ count: open, held: withPositions(engine, open) }));
  const [swaps, plain] = [withPending(engine, true), withPending(engine, false)];
  const riders = PENDING.map((count, i) => ({ count, held: difference(swaps.held[i], plain.held[i]) }));
  const [position, rider] = [slope(positions), slope(riders)];
  const grown = (swaps.grown - plain.grown) / MOST_PENDING;
  return [
    row("an open position, checkpoint : memory", position.flash, position.memory, "bytes/position"),
    row("a pending rider, checkpoint : memory", rider.flash, rider.memory, "bytes/rider"),
    row("offering a rider, journal : memory", grown, rider.memory, "bytes/rider"),
  ];
}

function row(id: string, value: number, baseline: number, unit: string): BenchRow {
  return { id, value, unit, baseline, ratio: value / baseline, aim: null, met: null };
}

/** Swaps there and back, the same ones in the same intervals, however many positions they leave: only their energy differs. */
function withPositions(engine: Engine, open: number): Held {
  const line = new Row(engine, 1, true, MOST_POSITIONS);
  line.load(MOST_POSITIONS, 1, (interval) => ({ interval, energyMwh: SWAP_MWH }));
  line.load(MOST_POSITIONS, 1, (interval) => ({ interval, energyMwh: interval < open ? SWAP_MWH / 2n : SWAP_MWH }));
  const [end] = line.nodes as [SimNode];
  const found = end.node.energy(0)?.positions.length;
  if (found !== open) throw new Error(`${found} positions, not ${open}`);
  return held(end);
}

/** What the recipient holds and what its journal has grown by, with so many HTLCs pending, of one payment all of them. */
function withPending(engine: Engine, energy: boolean): { held: Held[]; grown: number } {
  const line = new Row(engine, 1, energy);
  const end = line.nodes[1] as SimNode;
  const holds = [held(end)];
  let grown = 0;
  let before = end.node.info().journalBytes;
  line.hold(MOST_PENDING, (pending) => {
    grown += end.node.info().journalBytes - before;
    if (PENDING.some((count) => count === pending)) holds.push(held(end));
    before = end.node.info().journalBytes;
  });
  return { held: holds, grown };
}

/** A checkpoint of all that the node holds: where its journal goes on flash turns bad, and a setting changes. */
function held({ node, flash }: SimNode): Held {
  const place = (journal(flash)?.index ?? NaN) * SECTOR_BYTES + node.info().journalBytes;
  // Of an entry's type and what it is inverted one has this bit.
  for (const byte of [2, 3]) flash.flipBit(place + byte, 0);
  const policy = node.policy(0);
  node.policy(0, { ...policy, feeBaseMsat: policy.feeBaseMsat === 1 ? 2 : 1 });
  const entries = journal(flash)?.entries ?? [];
  if (entries.at(-1)?.type !== END_CHECKPOINT) throw new Error("there is more than a checkpoint");
  const words = entries.filter(({ type }) => type === STATE).reduce((sum, { payload }) => sum + wordsOf(payload), 0);
  return { flash: node.info().journalBytes, memory: words * WORD_BYTES };
}

/** The sector of the journal that is in force. */
function journal(flash: NorFlash): Sector | null {
  const region = { name: "journal", magic: "TLN1", first: 0, sectors: JOURNAL_SECTORS } as const;
  return readRing(flash.image(), SECTOR_BYTES, region).inForce;
}

/** Words in an entry: runs of them, each behind {u16 number of the first one, u16 count}. */
function wordsOf(payload: Uint8Array): number {
  const view = new DataView(payload.buffer, payload.byteOffset, payload.length);
  let words = 0;
  for (let at = 0; at < payload.length;) {
    const count = view.getUint16(at + 2, true);
    words += count;
    at += 4 + count * WORD_BYTES;
  }
  return words;
}

function difference(a: Held | undefined, b: Held | undefined): Held {
  if (a === undefined || b === undefined) throw new Error("not measured");
  return { flash: a.flash - b.flash, memory: a.memory - b.memory };
}

/**
 * What each more takes, from the first that is there to the last: what comes with the first one alone is not of each. Throws
 * if memory does not grow in proportion.
 */
function slope(points: readonly { count: number; held: Held }[]): Held {
  const there = points.filter(({ count }) => count > 0);
  const [first, last] = [there[0], there.at(-1)];
  const per = (to: typeof first): Held => {
    const { flash, memory } = difference(to?.held, first?.held);
    const more = (to?.count ?? NaN) - (first?.count ?? NaN);
    return { flash: flash / more, memory: memory / more };
  };
  const each = per(last);
  for (const point of there.slice(1)) {
    if (per(point).memory !== each.memory) throw new Error(`${point.count} take ${per(point).memory} bytes each`);
  }
  return each;
}
