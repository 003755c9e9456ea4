import { readFileSync } from "node:fs";
import { engineByName } from "../../host/engine/index.js";
import { readMetrology } from "../../host/metrology/module.js";
import { readScenario, checkScenario, type Overrides } from "../../host/scenario/check.js";
import { ScenarioDocument } from "../../host/scenario/document.js";
import { scenarioFile } from "../../host/scenario/ready.js";
import type { Scenario } from "../../host/scenario/scenario.js";
import { EmulatedMeter } from "../../host/sim/emulated_meter.js";
import { StreetSimulation } from "../../host/street/simulation.js";
import { ScriptedExchange } from "./scripted_exchange.js";

const file = readMetrology();

/** A street whose meters are real and whose nodes are bookkeeping. */
export interface ScriptedStreet {
  readonly simulation: StreetSimulation;
  readonly exchange: ScriptedExchange;
}

export function scripted(scenario: Scenario): ScriptedStreet {
  const { market } = scenario;
  if (market === undefined) throw new Error(`${scenario.name} has no market`);
  let exchange: ScriptedExchange | undefined;
  const engine = engineByName("v8");
  const simulation = new StreetSimulation(
    scenario,
    market,
    ({ config, frontEnd }, keys) => new EmulatedMeter(engine, file, keys, config, { frontEnd }),
    (tree, meters, startUtcMs) => (exchange = new ScriptedExchange(market, tree, meters, startUtcMs / 1000)),
  );
  return { simulation, exchange: exchange as unknown as ScriptedExchange };
}

export function runToEnd({ simulation }: { readonly simulation: StreetSimulation }): StreetSimulation {
  while (!simulation.finished) simulation.step();
  return simulation;
}

export const ready = (name: string, overrides: Overrides = {}): Scenario => readScenario(scenarioFile(name), overrides);

export const readyText = (name: string): string => readFileSync(scenarioFile(name), "utf8");

export const scenarioOf = (text: string, overrides: Overrides = {}): Scenario =>
  checkScenario(new ScenarioDocument("street.yaml", text), overrides);
