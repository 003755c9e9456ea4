import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { projectRoot } from "../../host/root.js";
import { readScenario } from "../../host/scenario/check.js";
import { balanceHolds } from "../../host/scenario/balance.js";
import { engineByName } from "../../host/engine/index.js";
import { readMetrology } from "../../host/metrology/module.js";
import { profiles } from "../../host/scenario/power.js";
import { readyScenarios } from "../../host/scenario/ready.js";
import { Simulation } from "../../host/scenario/simulation.js";
import { EmulatedMeter } from "../../host/sim/emulated_meter.js";
import { scenarioData } from "../../host/scenario/schema.js";
import { problemsOf } from "./documents.js";

// SCENARIOS.md says what the code does.

const text = readFileSync(join(projectRoot(), "SCENARIOS.md"), "utf8");
const block = (language: string): string => new RegExp(`\`\`\`${language}\\n([^]*?)\`\`\``).exec(text)?.[1] ?? "";

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "tieline-example-"));
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

function readExample(yaml: string, csv: string): ReturnType<typeof readScenario> {
  writeFileSync(join(folder, "garage.yaml"), yaml);
  writeFileSync(join(folder, "charger.csv"), csv);
  return readScenario(join(folder, "garage.yaml"));
}

it("its example holds", () => {
  const { meters, actions } = readExample(block("yaml"), block("csv"));
  const garage = meters.find(({ name }) => name === "garage");
  const minutes = [...Array(120).keys()].filter(
    (i) => garage?.load.meanMw(i * 60_000, (i + 1) * 60_000) === 11_000_000,
  );
  expect([minutes[0], minutes.length]).toEqual([20, 70]);
  expect(actions.map(({ kind }) => kind)).toEqual(["cut", "restore", "resync"]);
});

it("its example runs, its event where the build's meters can be cut off", () => {
  const yaml = "cutPower" in EmulatedMeter.prototype ? block("yaml") : block("yaml").replace(/^events:[^]*/m, "");
  const [engine, file] = [engineByName("v8"), readMetrology()];
  const scenario = readExample(yaml, block("csv"));
  const simulation = new Simulation(scenario, ({ config }, keys) => new EmulatedMeter(engine, file, keys, config));
  while (!simulation.finished) simulation.step();
  expect(balanceHolds(simulation.balance())).toBe(true);
});

it("its mistakes are answered as it says", () => {
  const yaml = block("yaml").replace("noise_percent: 30", "noise_percent: 130");
  const shown = (problem: string): string => `    ${problem.replaceAll(`${folder}/`, "")}\n`;
  for (const problem of [
    ...problemsOf(() => readExample(yaml, block("csv"))),
    ...problemsOf(() => readExample(block("yaml"), block("csv").replace("3.7", '"3,7"'))),
  ]) {
    expect(text).toContain(shown(problem));
  }
});

it("names every key, profile and ready scenario that there is", () => {
  const keys = new Set<string>();
  JSON.stringify(scenarioData("scenario.schema.json"), (_, value: unknown) => {
    const properties = (value as { properties?: object } | null)?.properties ?? {};
    for (const key of Object.keys(properties)) keys.add(key);
    return value;
  });
  const readme = readFileSync(join(projectRoot(), "README.md"), "utf8");
  expect([...keys, ...Object.keys(profiles())].filter((name) => !text.includes(`\`${name}\``))).toEqual([]);
  expect(readyScenarios().filter(({ name }) => !readme.includes(`\`${name}\``))).toEqual([]);
});
