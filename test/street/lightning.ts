import type { Engine } from "../../host/engine/engine.js";
import { METER_FLASH_SECTORS } from "../../host/metrology/driver.js";
import { readMetrology } from "../../host/metrology/module.js";
import { readNode } from "../../host/node/module.js";
import type { Scenario } from "../../host/scenario/scenario.js";
import { EmulatedMeter } from "../../host/sim/emulated_meter.js";
import { LightningExchange } from "../../host/street/lightning_exchange.js";
import { StreetSimulation } from "../../host/street/simulation.js";

/** A street whose meters and nodes are both real. */
export interface LightningStreet {
  readonly simulation: StreetSimulation;
  readonly exchange: LightningExchange;
}

export function lightning(scenario: Scenario, engine: Engine): LightningStreet {
  const { market, seed } = scenario;
  if (market === undefined) throw new Error(`${scenario.name} has no market`);
  const file = readMetrology();
  const runtime = { engine, file: readNode(), seed };
  let exchange: LightningExchange | undefined;
  const simulation = new StreetSimulation(
    scenario,
    market,
    ({ config, frontEnd }, keys) => {
      const flash = { sectors: METER_FLASH_SECTORS };
      return new EmulatedMeter(engine, file, keys, config, { frontEnd, flash });
    },
    (tree, meters, startUtcMs) => (exchange = new LightningExchange(market, tree, meters, startUtcMs, runtime)),
  );
  return { simulation, exchange: exchange as unknown as LightningExchange };
}
