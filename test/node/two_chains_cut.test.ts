import { describe, expect, it } from "vitest";
import { Entropy } from "../../host/board/entropy.js";
import { FaultyFlash } from "../../host/board/flash_faults.js";
import { NODE_SECTOR_BYTES } from "../../host/board/node_board.js";
import { type CutPoint, PowerCut } from "../../host/board/power_cut.js";
import { availableEngines } from "../../host/engine/index.js";
import { Crossing, FUNDING_MSAT, type Scene } from "./two_chains.js";

// Power of the node between two chains fails at every flash operation of a payment that crosses: before, within and right
// behind every program. It comes back, and both chains' HTLCs have settled, or neither has.

const SECTORS = 96;
const HALF = FUNDING_MSAT / 2n;
const AMOUNT = 3_000_000n;
const COST = 7_000_000n;
const NEITHER = [HALF, HALF, HALF, HALF];
const BOTH = [HALF - COST, HALF + COST, HALF - AMOUNT, HALF + AMOUNT];
const EVERY = { v8: 1, wasm3: 7 } as const;

const makeFlash = (image?: Uint8Array): FaultyFlash =>
  new FaultyFlash(NODE_SECTOR_BYTES, SECTORS, new Entropy("cut between chains"), image);

function live(engine: "v8" | "wasm3", scene: Scene, point: CutPoint): boolean {
  const row = new Crossing(engine, makeFlash, scene);
  const { network, a, x, b } = row;
  const flash = x.flash as FaultyFlash;
  network.onCrash = (node, error) => {
    if (!(error instanceof PowerCut)) throw error;
    node.kill();
  };
  row.connect();
  flash.cutAt(point);
  row.pay(row.route(AMOUNT));
  expect(x.alive, "power has failed").toBe(false);
  flash.cutAt(undefined);
  flash.powerOn();
  x.start();
  row.connect();
  network.tick(1_000n);
  const came = row.settled();
  expect([NEITHER, BOTH]).toContainEqual(came);
  const crossed = came[3] > HALF;
  expect([a.told("sent").length > 0, b.told("received").length > 0]).toEqual([crossed, crossed]);
  expect(a.told("failed").length > 0).toBe(!crossed);
  expect([a, x, b].flatMap((each) => each.told("problem"))).toEqual([]);
  expect([a, x, b].flatMap((each) => each.broadcasts)).toEqual([]);
  // Its rate is there, and the next one crosses.
  row.pay(row.route(AMOUNT));
  expect(row.settled()[3]).toBe(came[3] + AMOUNT);
  return crossed;
}

describe.each(availableEngines().map(({ name }) => name))("power cuts between two chains on %s", (engine) => {
  it("at every flash operation of a payment that crosses: both or neither", { timeout: 300_000 }, () => {
    const scene = new Crossing(engine, makeFlash).scene();
    const row = new Crossing(engine, makeFlash, scene);
    row.connect();
    const operations = row.x.flash.record();
    row.pay(row.route(AMOUNT));
    expect(row.settled()).toEqual(BOTH);
    const points = operations.flatMap((operation, index): CutPoint[] => {
      if (operation.kind !== "program") expect.fail("the journal turns");
      return [0, operation.length >> 1, operation.length].map((bytes) => ({ kind: "program", index, bytes }));
    });
    expect(points.length).toBeGreaterThan(30);
    const ends = points.filter((_, i) => i % EVERY[engine] === 0).map((point) => live(engine, scene, point));
    // At the beginning neither, once the HTLC has gone on both.
    expect(new Set(ends)).toEqual(new Set([true, false]));
    expect(ends.at(-1)).toBe(true);
  });
});
