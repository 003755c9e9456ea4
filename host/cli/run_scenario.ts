import type { KeyStore } from "../board/key_store.js";
import type { LineMeter } from "../board/meter_port.js";
import type { Engine } from "../engine/engine.js";
import { METER_FLASH_SECTORS } from "../metrology/driver.js";
import { readMetrology } from "../metrology/module.js";
import { readNode } from "../node/module.js";
import type { MarketPlan } from "../scenario/market_plan.js";
import { filesOf, jsonOf, resultOf } from "../scenario/result.js";
import type { ScenarioMeter } from "../scenario/meter_control.js";
import type { MeterPlan, Scenario } from "../scenario/scenario.js";
import { Simulation } from "../scenario/simulation.js";
import { EmulatedMeter } from "../sim/emulated_meter.js";
import { streetFiles, streetJson, streetRun } from "../street/files.js";
import { LightningExchange } from "../street/lightning_exchange.js";
import type { OpenMeter } from "../street/meters.js";
import type { NodeRuntime } from "../street/nodes.js";
import { StreetSimulation } from "../street/simulation.js";
import type { DumpFile } from "../vcd/dump_file.js";
import { resultText, type RunFacts } from "./run_text.js";
import { streetText } from "./street_text.js";

/** A scenario as it is run: a street that trades, or meters alone. */
export interface Prepared {
  readonly simulation: Running;
  readonly meters: ReadonlyMap<string, EmulatedMeter>;
  /** What it came to, once it has been run to its end. */
  readonly finish: () => Finished;
}

/** What moves a scenario on, and how far it is. */
export type Running = Pick<Simulation, "step" | "finished" | "clock" | "endMs"> & { readonly receipts: number };

/** What is written and said of it. */
export interface Finished {
  readonly ok: boolean;
  readonly files: ReadonlyMap<string, string>;
  /** What the ends of lines could show a judge, as files by name; none where nobody trades. */
  readonly evidence: () => ReadonlyMap<string, string>;
  readonly text: (facts: RunFacts) => string;
  readonly json: (facts: RunFacts) => object;
}

/** Switches on what a scenario asks for. */
export function prepare(scenario: Scenario, engine: Engine, dump: DumpFile | undefined): Prepared {
  const file = readMetrology();
  const meters = new Map<string, EmulatedMeter>();
  const openMeter = (
    { name, config, frontEnd }: Pick<MeterPlan, "name" | "config" | "frontEnd">,
    keys: KeyStore,
  ): EmulatedMeter => {
    const flash = { sectors: METER_FLASH_SECTORS };
    const probe = dump?.scope(name);
    const meter = new EmulatedMeter(engine, file, keys, config, { frontEnd, flash, ...(probe && { probe }) });
    meters.set(name, meter);
    return meter;
  };
  if (scenario.market !== undefined) return { ...prepareStreet(scenario, scenario.market, engine, openMeter), meters };
  const simulation = new Simulation(scenario, openMeter);
  const finish = (): Finished => {
    const result = resultOf(simulation);
    return {
      ok: result.ok,
      files: filesOf(result),
      evidence: () => new Map(),
      text: (facts) => resultText(result, facts),
      json: ({ engine: name, folder }) => jsonOf(result, name, folder),
    };
  };
  return { simulation, meters, finish };
}

/** Switches a street that trades on. @param unitOf what runs a place's node, where that is not the engine */
export function prepareStreet(
  scenario: Scenario,
  market: MarketPlan,
  engine: Engine,
  openMeter: OpenMeter<ScenarioMeter & LineMeter>,
  unitOf?: NodeRuntime["unitOf"],
): Omit<Prepared, "meters"> {
  const runtime = { engine, file: readNode(), seed: scenario.seed, ...(unitOf && { unitOf }) };
  let exchange: LightningExchange | undefined;
  const simulation = new StreetSimulation(scenario, market, openMeter, (tree, meters, startUtcMs) => {
    exchange = new LightningExchange(market, tree, meters, startUtcMs, runtime);
    return exchange;
  });
  const finish = (): Finished => {
    const run = streetRun(simulation);
    return {
      ok: run.result.conservation.holds,
      files: streetFiles(run),
      evidence: () => exchange?.evidence() ?? new Map<string, string>(),
      text: (facts) => streetText(run, facts),
      json: ({ engine: name, folder }) => streetJson(run, name, folder),
    };
  };
  return { simulation, finish };
}
