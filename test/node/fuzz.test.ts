import { describe, expect, it } from "vitest";
import { Entropy } from "../../host/board/entropy.js";
import { NorFlash } from "../../host/board/nor_flash.js";
import { availableEngines } from "../../host/engine/index.js";
import { toHex, hex } from "../driver/vectors.js";
import { NODE_PROGRAMS } from "../long/counts.js";
import { Between } from "./between.js";
import { routeOf, TestNetwork } from "./network.js";
import { makeScene, newTally, Program, type Scene, type Tally } from "./program.js";

const MAX_PROGRAM_BYTES = 200;

/** Bytes of a program: short ones more often; every second one leaves the line as it is. */
function bytesOf(seed: number): Uint8Array {
  const random = new Entropy("node programs", `${seed}`);
  const length = 1 + random.below(random.below(4) === 0 ? MAX_PROGRAM_BYTES : 60);
  const bytes = random.bytes(length);
  return seed % 2 === 0 ? bytes.map((byte) => (byte >= 208 ? byte - 208 : byte)) : bytes;
}

function run(engine: "v8" | "wasm3", scenes: readonly Scene[], bytes: Uint8Array, tally: Tally, name: string): void {
  const scene = scenes[(bytes[0] ?? 0) % scenes.length] as Scene;
  try {
    new Program(engine, scene, bytes, tally).run();
  } catch (error) {
    throw new Error(`program ${name}, ${toHex(bytes)}: ${(error as Error).message}`, { cause: error });
  }
}

describe.each(availableEngines().map(({ name }) => name))("what happens to two nodes, on %s", (engine) => {
  it("random programs: no trap, nothing lost, nothing revoked published", { timeout: 7_200_000 }, () => {
    const scenes = [false, true].map((anchors) => makeScene(engine, anchors));
    const tally = newTally();
    for (let seed = 0; seed < NODE_PROGRAMS[engine]; seed++) run(engine, scenes, bytesOf(seed), tally, `${seed}`);
    // It has all been there.
    for (const [what, count] of Object.entries(tally)) expect([what, count > 0]).toEqual([what, true]);
  });

  it("the journal turns in the midst of what one payment changes", { timeout: 120_000 }, () => {
    const network = new TestNetwork(engine);
    const makeFlash = (image?: Uint8Array): NorFlash => new NorFlash(4096, 96, image);
    const [a, b] = [network.add("a", makeFlash), network.add("b", makeFlash)];
    const line = new Between(a, b);
    line.connect();
    line.run();
    a.node.open({ peer: b.id, fundingSat: 1_000_000n, feeratePerKw: 253 });
    line.run();
    network.mine(6);
    line.run();
    let paid = 0;
    // The amounts make entries of different lengths, so that sectors end at different places in them.
    for (; a.flash.eraseOps < 3 * 24 || b.flash.eraseOps < 3 * 24; paid++) {
      a.node.pay({ channel: 0, hops: routeOf(network, 10_000n + BigInt(paid), [{ node: b, scid: 0n }]) });
      line.run();
      if (paid % 16 !== 15) continue;
      line.drop();
      for (const node of [a, b]) {
        node.kill();
        node.start();
      }
      line.connect();
      line.run();
      expect(b.node.channel(0)).toMatchObject({
        usable: true,
        htlcs: 0,
        counterpartyNumber: a.node.channel(0)?.holderNumber,
      });
    }
    expect(new Set(b.told("received").map(({ paymentHash }) => toHex(paymentHash))).size).toBe(paid);
  });

  /** Programs that have found something, in hexadecimal. */
  it.each<[string, string]>([])("a program that found something: %s", (name, text) => {
    const scenes = [false, true].map((anchors) => makeScene(engine, anchors));
    run(engine, scenes, hex(text), newTally(), name);
  });
});
