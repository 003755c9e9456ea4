import { describe, expect, it } from "vitest";
import { availableEngines } from "../../host/engine/index.js";
import { type LineSummary, simulateLines } from "../../host/lnsim/energy.js";
import { readNode } from "../../host/node/module.js";

const SEEDS = process.env["TIELINE_LONG"] === "1" ? 1_000 : 20;

describe.each(availableEngines())("simulated lines on $name", (engine) => {
  const file = readNode();

  it("agree on what was swapped and what was counted", { timeout: 3_600_000 }, () => {
    const total: LineSummary = { lines: 0, swaps: 0, refused: 0, intervals: 0 };
    for (let seed = 0; seed < SEEDS; seed += engine.name === "v8" ? 1 : 10) {
      try {
        const summary = simulateLines(String(seed), engine, file);
        for (const key of Object.keys(total) as (keyof LineSummary)[]) total[key] += summary[key];
      } catch (error) {
        throw new Error(`seed ${seed} on ${engine.name}`, { cause: error });
      }
    }
    expect(total.swaps).toBeGreaterThan(total.lines);
    expect(total.refused).toBeLessThan(total.swaps / 10);
  });
});
