import { describe, expect, it } from "vitest";
import type { Engine } from "../../host/engine/engine.js";
import { availableEngines, engineByName } from "../../host/engine/index.js";
import { readMetrology } from "../../host/metrology/module.js";
import { balanceHolds } from "../../host/scenario/balance.js";
import { readScenario, type Overrides } from "../../host/scenario/check.js";
import { readyScenarios, scenarioFile } from "../../host/scenario/ready.js";
import { filesOf, resultOf, type Result } from "../../host/scenario/result.js";
import type { Scenario } from "../../host/scenario/scenario.js";
import { Simulation } from "../../host/scenario/simulation.js";
import { EmulatedMeter } from "../../host/sim/emulated_meter.js";

const file = readMetrology();
const DAY_MS = 86_400_000;

function simulate(scenario: Scenario, engine: Engine): Simulation {
  const simulation = new Simulation(scenario, ({ config }, keys) => new EmulatedMeter(engine, file, keys, config));
  while (!simulation.finished) simulation.step();
  return simulation;
}

function run(name: string, engine: Engine, overrides: Overrides = {}): Result {
  return resultOf(simulate(readScenario(scenarioFile(name), overrides), engine));
}

describe("a day of the street", () => {
  const simulation = simulate(readScenario(scenarioFile("street")), engineByName("v8"));
  const result = resultOf(simulation);

  it("gives each meter 96 receipts that verify", () => {
    expect(result.meters.map(({ name, receipts, problems }) => [name, receipts, problems])).toEqual([
      ["home", 96, []],
      ["solar-home", 96, []],
      ["flat", 96, []],
      ["feeder-head", 96, []],
    ]);
  });

  it("registers hold what flowed, to the pulse", () => {
    for (const { meter } of simulation.meters) {
      if (!(meter instanceof EmulatedMeter)) throw new Error("not an emulated meter");
      const { importMwh, exportMwh } = meter.registers();
      const { imported, exported } = meter.flowedMwh();
      for (const lag of [imported - importMwh, exported - exportMwh]) {
        expect(lag).toBeGreaterThanOrEqual(0n);
        expect(lag).toBeLessThan(1_000_000n / 1000n + 1n);
      }
      expect(meter.fifo.dropped).toBe(0);
    }
  });

  it("balances: head = homes + line losses", () => {
    const { balance } = result;
    expect(balance.lostMwh).toBeGreaterThan(100_000n);
    expect([balance.cutsMwh, balance.resolutionMwh, balanceHolds(balance)]).toEqual([0n, 8000n, true]);
    expect(balanceHolds({ ...balance, headMwh: balance.headMwh + balance.resolutionMwh * 2n + 1n })).toBe(false);
  });

  it("the solar home exports at noon and imports at night", () => {
    const csv = result.meters.find(({ name }) => name === "solar-home")?.files.get("solar-home.csv") ?? "";
    const row = (time: string): string[] =>
      csv
        .split("\n")
        .find((line) => line.includes(`T${time}`))
        ?.split(",") ?? [];
    const [, , , , importedAtNoon, exportedAtNoon] = row("12:15");
    const [, , , , importedAtNight, exportedAtNight] = row("02:15");
    expect([Number(importedAtNoon), Number(exportedAtNight)]).toEqual([0, 0]);
    expect(Number(exportedAtNoon)).toBeGreaterThan(500);
    expect(Number(importedAtNight)).toBeGreaterThan(20);
  });

  it("gives other files with another seed", () => {
    const other = filesOf(run("street", engineByName("v8"), { seed: "2" }));
    for (const [name, text] of filesOf(result)) expect(other.get(name)).not.toBe(text);
  });
});

it("two days make 192 receipts, one chain", () => {
  const { meters } = run("street", engineByName("v8"), { durationMs: 2 * DAY_MS });
  expect(meters.map(({ receipts, problems }) => [receipts, problems])).toEqual(meters.map(() => [192, []]));
});

describe("every ready scenario", () => {
  const ready = readyScenarios();

  it("is there", () => {
    expect(ready.map(({ name }) => name)).toEqual([
      "clock-trouble",
      "power-cuts",
      "solar-noon-export",
      "street",
      "tamper",
      "winter-evening",
    ]);
    for (const { name, description, file } of ready) {
      expect([name, description]).toEqual([readScenario(file).name, expect.stringMatching(/./)]);
    }
  });

  // An hour shows the first events of each.
  it.each(ready)("$name: an hour verifies, with the same files on every engine", ({ name }) => {
    const overrides = { durationMs: 3_600_000 };
    const scenario = readScenario(scenarioFile(name), overrides);
    const results = availableEngines().map((engine) => run(name, engine, overrides));
    for (const result of results) {
      expect([result.problems, balanceHolds(result.balance)]).toEqual([[], true]);
      expect(result.meters.every(({ receipts }) => receipts >= 1)).toBe(true);
      expect(result.eventsDone).toBe(new Set(scenario.actions.map(({ event }) => event.index)).size);
      expect(filesOf(result)).toEqual(filesOf(results[0] ?? result));
    }
  });
});
