import { describe, expect, it } from "vitest";
import { Entropy } from "../../host/board/entropy.js";
import { FaultyFlash } from "../../host/board/flash_faults.js";
import { NODE_SECTOR_BYTES } from "../../host/board/node_board.js";
import type { NorFlash } from "../../host/board/nor_flash.js";
import { type CutPoint, ERASE_STAGES, type FlashOperation, PowerCut } from "../../host/board/power_cut.js";
import { availableEngines } from "../../host/engine/index.js";
import { routeOf, TestNetwork, type TestNode } from "./network.js";

// Power fails at every flash operation that one forwarded payment makes, at each of its three nodes: before, within and
// right behind every program, and at four stages of every erase. The node comes back, channels are reestablished, and the
// payment has been made for all or for none. The smallest partition there may be, so that it soon turns.

const SECTORS = 96;
const NAMES = ["a", "b", "c"] as const;
type Name = (typeof NAMES)[number];
const AMOUNT_MSAT = 3_000_000n;
/** Every how many points are tried. */
const EVERY = { v8: 1, wasm3: 7 } as const;
const EVERY_WHILE_TURNING = { v8: 3, wasm3: 29 } as const;

const makeFlash =
  (name: string) =>
  (image?: Uint8Array): NorFlash =>
    new FaultyFlash(NODE_SECTOR_BYTES, SECTORS, new Entropy("cut", name), image);

/** What the nodes' flash holds, and what the chain had come to. */
interface Scene {
  readonly images: Readonly<Record<Name, Uint8Array>>;
  readonly height: number;
  readonly scid: bigint;
}

class Row {
  readonly network: TestNetwork;
  readonly nodes: Readonly<Record<Name, TestNode>>;

  constructor(engine: "v8" | "wasm3", scene?: Scene) {
    this.network = new TestNetwork(engine, scene ? "later" : "first");
    if (scene) this.network.height = scene.height;
    const [a, b, c] = NAMES.map((name) => this.network.add(name, makeFlash(name), scene?.images[name]));
    this.nodes = { a, b, c } as Record<Name, TestNode>;
    this.network.onCrash = (node, error) => {
      if (!(error instanceof PowerCut)) throw error;
      node.kill();
    };
    this.connect();
  }

  /** Lays the lines that are missing. */
  connect(): void {
    const { a, b, c } = this.nodes;
    const joined = (one: TestNode, other: TestNode): boolean =>
      one.node.info().connections.some(({ peer }) => peer !== undefined && Buffer.compare(peer, other.id) === 0);
    if (!joined(a, b)) this.network.connect(a, b);
    if (!joined(b, c)) this.network.connect(b, c);
    this.network.run();
  }

  pay(scid: bigint): void {
    const { a, b, c } = this.nodes;
    const hops = routeOf(this.network, AMOUNT_MSAT, [
      { node: b, scid: 0n },
      { node: c, scid },
    ]);
    this.network.call(a, () => a.node.pay({ channel: 0, hops }));
    this.network.run();
  }

  scene(): Scene {
    const { a, b, c } = this.nodes;
    return {
      images: { a: a.flash.image(), b: b.flash.image(), c: c.flash.image() },
      height: this.network.height,
      scid: c.node.channel(0)?.shortChannelId ?? 0n,
    };
  }

  /** Both ends of both channels agree, and nothing is under way. Returns what has come to c. */
  settled(): bigint {
    const { a, b, c } = this.nodes;
    const [ab, ba, bc, cb] = [a.node.channel(0), b.node.channel(0), b.node.channel(1), c.node.channel(0)];
    for (const info of [ab, ba, bc, cb]) expect(info).toMatchObject({ state: "normal", usable: true, htlcs: 0 });
    expect([ab?.holderMsat, ab?.counterpartyMsat]).toEqual([ba?.counterpartyMsat, ba?.holderMsat]);
    expect([bc?.holderMsat, bc?.counterpartyMsat]).toEqual([cb?.counterpartyMsat, cb?.holderMsat]);
    expect([ab?.holderNumber, ab?.counterpartyNumber]).toEqual([ba?.counterpartyNumber, ba?.holderNumber]);
    // b keeps nothing and loses nothing.
    expect((ba?.holderMsat ?? 0n) + (bc?.holderMsat ?? 0n)).toBe(1_000_000_000n);
    return cb?.holderMsat ?? 0n;
  }
}

function firstScene(engine: "v8" | "wasm3"): Scene {
  const row = new Row(engine);
  const { a, b, c } = row.nodes;
  row.network.openChannel(a, b);
  row.network.openChannel(b, c);
  return row.scene();
}

/** A node's operations in one payment from a scene. */
function workload(engine: "v8" | "wasm3", scene: Scene, name: Name): readonly FlashOperation[] {
  const row = new Row(engine, scene);
  const before = row.settled();
  const operations = row.nodes[name].flash.record();
  row.pay(scene.scid);
  expect(row.settled() - before).toBe(AMOUNT_MSAT);
  return operations;
}

/** The scene before a payment in which b erases, and b's operations in it. */
function turning(engine: "v8" | "wasm3"): { readonly scene: Scene; readonly operations: readonly FlashOperation[] } {
  const row = new Row(engine);
  const { a, b, c } = row.nodes;
  row.network.openChannel(a, b);
  row.network.openChannel(b, c);
  const { scid } = row.scene();
  for (let payments = 0; payments < 100; payments++) {
    const scene = row.scene();
    const operations = row.nodes.b.flash.record();
    row.pay(scid);
    if (!operations.some(({ kind }) => kind === "erase")) continue;
    // Booting from the scene's images writes as well, so that the operations are those of a life that begins there.
    const again = workload(engine, scene, "b");
    expect(again.map(({ kind }) => kind)).toContain("erase");
    return { scene, operations: again };
  }
  return expect.fail("the journal does not turn");
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

/** One payment from a scene; power fails at `point` of node `victim`. Returns what came to c. */
function live(engine: "v8" | "wasm3", scene: Scene, victim: Name, point: CutPoint): bigint {
  const row = new Row(engine, scene);
  const node = row.nodes[victim];
  const flash = node.flash as FaultyFlash;
  const before = row.settled();
  flash.cutAt(point);
  row.pay(scene.scid);
  expect(node.alive, "power has failed").toBe(false);
  flash.cutAt(undefined);
  flash.powerOn();
  node.start();
  row.connect();
  row.network.tick(1_000n);
  const came = row.settled() - before;
  const { a, b, c } = row.nodes;
  expect([0n, AMOUNT_MSAT]).toContain(came);
  // At least one telling of what has happened, and none of what has not.
  expect(c.told("received").length > 0).toBe(came > 0n);
  const parts = Array.from({ length: 400 }, (_, i) => a.node.payment(i)).filter((part) => part !== undefined);
  expect(parts.filter(({ state }) => state === "pending")).toEqual([]);
  expect(a.told("sent").length > 0).toBe(came > 0n);
  expect([a, b, c].flatMap((each) => each.told("problem"))).toEqual([]);
  row.pay(scene.scid);
  expect(row.settled() - before).toBe(came + AMOUNT_MSAT);
  return came;
}

describe.each(availableEngines().map(({ name }) => name))("power cuts on %s", (engine) => {
  it.each(NAMES)("at node %s, at every flash operation of a payment", { timeout: 300_000 }, (victim) => {
    const scene = firstScene(engine);
    const all = points(workload(engine, scene, victim));
    expect(all.length).toBeGreaterThan(30);
    let made = 0;
    const tried = all.filter((_, i) => i % EVERY[engine] === 0);
    for (const point of tried) {
      try {
        if (live(engine, scene, victim, point) > 0n) made++;
      } catch (error) {
        throw new Error(`cut at ${JSON.stringify(point)}: ${(error as Error).message}`, { cause: error });
      }
    }
    expect(made).toBeGreaterThan(0);
    // c has nothing to decide. b fails back what it cannot forward while c is not there again; a may not have begun.
    if (victim === "c") expect(made).toBe(tried.length);
    else expect(made).toBeLessThan(tried.length);
  });

  it("at node b, at every flash operation of a payment in which its journal turns", { timeout: 300_000 }, () => {
    const { scene, operations } = turning(engine);
    const tried = points(operations).filter((_, i) => i % EVERY_WHILE_TURNING[engine] === 0);
    for (const point of tried) live(engine, scene, "b", point);
  });
});
