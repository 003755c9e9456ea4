import { describe, expect, it } from "vitest";
import { Entropy } from "../../host/board/entropy.js";
import { FaultyFlash } from "../../host/board/flash_faults.js";
import { NODE_SECTOR_BYTES } from "../../host/board/node_board.js";
import type { NorFlash } from "../../host/board/nor_flash.js";
import { type CutPoint, ERASE_STAGES, type FlashOperation, PowerCut } from "../../host/board/power_cut.js";
import { availableEngines } from "../../host/engine/index.js";
import { energyOf, expectAgreed, INTERVAL_S, LINE, LineNetwork } from "./lines.js";
import type { TestNode } from "./network.js";

// Power fails at every flash operation that one close of an interval makes, with the payment of what is owed, at either
// end of a line: before, within and right behind every program. The node comes back, and the interval is closed once.

const SECTORS = 96;
const SENT_MWH = 1_000_000n;
const RECEIVED_MWH = 950_000n;
const OWED_MSAT = 190_000n;
const EVERY = { v8: 1, wasm3: 9 } as const;
type End = "a" | "b";

const makeFlash =
  (name: string) =>
  (image?: Uint8Array): NorFlash =>
    new FaultyFlash(NODE_SECTOR_BYTES, SECTORS, new Entropy("line cut", name), image);

/** Two nodes in the middle of an interval in which energy has flowed. */
class Story {
  readonly network: LineNetwork;
  readonly a: TestNode;
  readonly b: TestNode;
  readonly before: bigint;
  readonly closedUntil: number;

  constructor(engine: "v8" | "wasm3") {
    const network = new LineNetwork(engine);
    this.network = network;
    this.a = network.addNode("a", 1, undefined, makeFlash("a"));
    this.b = network.addNode("b", 1, undefined, makeFlash("b"));
    network.onCrash = (node, error) => {
      if (!(error instanceof PowerCut)) throw error;
      node.kill();
    };
    network.connect(this.a, this.b);
    network.run();
    network.openChannel(this.a, this.b, 10_000_000n, false, 4_000_000_000n, LINE);
    network.toSecond(15);
    network.seconds(INTERVAL_S);
    network.meter(this.a).send(SENT_MWH);
    network.meter(this.b).send(-RECEIVED_MWH);
    network.toSecond(4);
    this.before = this.a.node.channel(0)?.holderMsat ?? 0n;
    this.closedUntil = energyOf(this.a).closedUntil;
  }

  get ends(): Readonly<Record<End, TestNode>> {
    return { a: this.a, b: this.b };
  }

  /** Everything that one close takes. */
  close(): void {
    this.network.seconds(8);
  }

  /** The interval is closed and paid for, at both ends alike. */
  expectClosed(): void {
    expectAgreed(this.a, this.b);
    const info = energyOf(this.a);
    expect(info.arrearsMsat).toBe(0n);
    expect(info.closedUntil).toBeGreaterThan(this.closedUntil);
    expect(info.totalForthMwh + info.totalBackMwh).toBe(RECEIVED_MWH);
    expect((this.a.node.channel(0)?.holderMsat ?? 0n) - this.before).toBe(OWED_MSAT);
    for (const node of [this.a, this.b]) {
      // At least once, also over a restart, and every time alike.
      const told = node.told("interval closed").filter(({ start }) => start === this.closedUntil);
      expect(told.length).toBeGreaterThan(0);
      for (const event of told) expect(event).toEqual(told[0]);
    }
  }
}

/** The points of a workload, three a program and four an erase. */
function points(operations: readonly FlashOperation[]): CutPoint[] {
  const seen = { program: 0, erase: 0 };
  return operations.flatMap((operation): CutPoint[] => {
    const index = seen[operation.kind]++;
    if (operation.kind === "erase") return ERASE_STAGES.map((stage) => ({ kind: "erase", index, stage }));
    const { length } = operation;
    return [0, length >> 1, length].map((bytes) => ({ kind: "program", index, bytes }));
  });
}

/** One close in which power fails at `point` of an end, which comes back. */
function live(engine: "v8" | "wasm3", victim: End, point: CutPoint): void {
  const story = new Story(engine);
  const node = story.ends[victim];
  const flash = node.flash as FaultyFlash;
  flash.cutAt(point);
  story.close();
  expect(node.alive, "power has failed").toBe(false);
  flash.cutAt(undefined);
  flash.powerOn();
  node.start();
  story.network.connect(story.a, story.b);
  story.network.run();
  // A payment of arrears that was cut off is tried again after a minute.
  story.network.seconds(8);
  if (energyOf(story.a).arrearsMsat !== 0n) story.network.seconds(INTERVAL_S);
  story.network.seconds(2);
  story.expectClosed();
}

describe.each(availableEngines().map(({ name }) => name))("power cuts of lines on %s", (engine) => {
  it.each(["a", "b"] as const)("at end %s, at every flash operation of a close", { timeout: 300_000 }, (victim) => {
    const story = new Story(engine);
    const operations = story.ends[victim].flash.record();
    story.close();
    story.expectClosed();
    const all = points(operations);
    expect(all.length).toBeGreaterThan(30);
    for (const point of all.filter((_, i) => i % EVERY[engine] === 0)) {
      try {
        live(engine, victim, point);
      } catch (error) {
        throw new Error(`cut at ${JSON.stringify(point)}: ${(error as Error).message}`, { cause: error });
      }
    }
  });
});
