import { setImmediate } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { availableEngines } from "../../host/engine/index.js";
import { type LineSummary, simulateLines } from "../../host/lnsim/energy.js";
import { readNode } from "../../host/node/module.js";

const long = process.env["TIELINE_LONG"] === "1";
const SEEDS = long ? 10_000 : 500;

describe.each(availableEngines())("simulated lines on $name", (engine) => {
  const file = readNode();

  it("agree on what was swapped and counted, whatever happens", { timeout: long ? 36_000_000 : 900_000 }, async () => {
    const total: LineSummary = {
      lines: 0,
      swaps: 0,
      moved: 0,
      refused: 0,
      lapsed: 0,
      disputes: 0,
      intervals: 0,
      starts: 0,
      powerCuts: 0,
    };
    for (let seed = 0; seed < SEEDS; seed += engine.name === "v8" ? 1 : 10) {
      try {
        const summary = simulateLines(String(seed), engine, file);
        for (const key of Object.keys(total) as (keyof LineSummary)[]) total[key] += summary[key];
      } catch (error) {
        throw new Error(`seed ${seed} on ${engine.name}`, { cause: error });
      }
      // wasm3 gives the memory of instances that are gone back when the event loop turns.
      await setImmediate();
    }
    expect(total.moved).toBeGreaterThan(total.swaps / 2);
    expect(total.refused).toBeLessThan(total.swaps / 4);
    for (const what of ["lapsed", "disputes", "powerCuts"] as const) expect(total[what], what).toBeGreaterThan(0);
  });
});
