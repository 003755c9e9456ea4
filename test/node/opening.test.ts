import { describe, expect, it } from "vitest";
import { Entropy } from "../../host/board/entropy.js";
import { FaultyFlash } from "../../host/board/flash_faults.js";
import { NODE_SECTOR_BYTES } from "../../host/board/node_board.js";
import { type CutPoint, type FlashOperation, PowerCut } from "../../host/board/power_cut.js";
import { availableEngines } from "../../host/engine/index.js";
import { toHex } from "../driver/vectors.js";
import { TestNetwork } from "./network.js";

// Power fails at every program of an opening, at either end. Whatever comes of that channel, both know the same of it in
// the end, its funding transaction is not published before both have the other's signature, and another one can be opened.

const SECTORS = 96;
const EVERY = { v8: 1, wasm3: 5 } as const;

class Opening {
  readonly network: TestNetwork;
  readonly nodes;

  constructor(engine: "v8" | "wasm3") {
    this.network = new TestNetwork(engine);
    const [a, b] = ["a", "b"].map((name) =>
      this.network.add(name, (image) => new FaultyFlash(NODE_SECTOR_BYTES, SECTORS, new Entropy("open", name), image)),
    );
    if (!a || !b) throw new Error("two nodes");
    this.nodes = { a, b };
    this.network.onCrash = (node, error) => {
      if (!(error instanceof PowerCut)) throw error;
      node.kill();
    };
    this.network.connect(a, b);
    this.network.run();
  }

  open(): void {
    const { a, b } = this.nodes;
    this.network.call(a, () => a.node.open({ peer: b.id, fundingSat: 100_000n, feeratePerKw: 253 }));
    this.network.run();
  }
}

function points(operations: readonly FlashOperation[]): CutPoint[] {
  return operations.flatMap(({ kind }, index): CutPoint[] => {
    expect(kind).toBe("program");
    return [0, 40, 1000].map((bytes) => ({ kind: "program", index, bytes }));
  });
}

describe.each(availableEngines().map(({ name }) => name))("an opening, on %s", (engine) => {
  it.each(["a", "b"] as const)("power fails at every program of node %s", { timeout: 200_000 }, (victim) => {
    const trial = new Opening(engine);
    const operations = trial.nodes[victim].flash.record();
    trial.open();
    expect(trial.nodes.a.told("funding signed")).toHaveLength(1);
    const all = points(operations).filter((_, i) => i % EVERY[engine] === 0);
    expect(all.length).toBeGreaterThan(3);
    for (const point of all) {
      const opening = new Opening(engine);
      const { network } = opening;
      const { a, b } = opening.nodes;
      const node = opening.nodes[victim];
      const flash = node.flash as FaultyFlash;
      flash.cutAt(point);
      opening.open();
      expect(node.alive).toBe(false);
      flash.cutAt(undefined);
      flash.powerOn();
      node.start();
      network.connect(a, b);
      network.run();
      const what = JSON.stringify(point);
      const [mine] = a.node.channels();
      const [theirs] = b.node.channels();
      if (mine === undefined) {
        // The accepter may have signed already: then it has heard that the opener knows nothing of it.
        expect([undefined, "failed"], what).toContain(theirs?.state);
        expect(a.told("funding signed"), what).toEqual([]);
      } else {
        expect([mine.state, theirs?.state], what).toEqual(["funded", "funded"]);
        expect(toHex(mine.channelId), what).toBe(toHex(theirs?.channelId ?? new Uint8Array()));
        expect(a.told("funding signed").length, what).toBeGreaterThan(0);
      }
      network.call(a, () => a.node.open({ peer: b.id, fundingSat: 200_000n, feeratePerKw: 253 }));
      network.run();
      network.mine(6);
      expect(a.node.channels().filter(({ usable }) => usable).length, what).toBe(mine === undefined ? 1 : 2);
    }
  });
});
