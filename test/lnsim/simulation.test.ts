import { execFileSync } from "node:child_process";
import { setImmediate } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { availableEngines } from "../../host/engine/index.js";
import { simulate, type Summary } from "../../host/lnsim/simulation.js";
import { readNode } from "../../host/node/module.js";

const long = process.env["TIELINE_LONG"] === "1";
const SEEDS = long ? 10_000 : 500;

/** Whose sources these are, for whoever wants to see a failure again. */
const commit = (): string => execFileSync("git", ["rev-parse", "HEAD"], { encoding: "utf8" }).trim();

describe.each(availableEngines())("simulated networks on $name", (engine) => {
  const file = readNode();

  it("lose nothing, whatever happens", { timeout: long ? 36_000_000 : 900_000 }, async () => {
    const total: Summary = { nodes: 0, channels: 0, payments: 0, sent: 0, refused: 0, starts: 0, powerCuts: 0 };
    for (let seed = 0; seed < SEEDS; seed += engine.name === "v8" ? 1 : 10) {
      try {
        const summary = simulate(String(seed), engine, file);
        for (const key of Object.keys(total) as (keyof Summary)[]) total[key] += summary[key];
      } catch (error) {
        throw new Error(`seed ${seed} on ${engine.name}, commit ${commit()}`, { cause: error });
      }
      // wasm3 gives the memory of instances that are gone back when the event loop turns.
      await setImmediate();
    }
    expect(total.sent).toBeGreaterThan(total.payments / 4);
    expect(total.starts).toBeGreaterThan(total.nodes);
    expect(total.powerCuts).toBeGreaterThan(0);
  });
});
