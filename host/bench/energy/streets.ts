import type { Engine } from "../../engine/engine.js";
import { readMetrology } from "../../metrology/module.js";
import { readNode } from "../../node/module.js";
import { METER_FLASH_SECTORS } from "../../metrology/driver.js";
import { checkScenario } from "../../scenario/check.js";
import { ScenarioDocument } from "../../scenario/document.js";
import { EmulatedMeter } from "../../sim/emulated_meter.js";
import { generateStreet } from "../../street/generate.js";
import { LightningExchange } from "../../street/lightning_exchange.js";
import { outcomeOf } from "../../street/outcome.js";
import { StreetSimulation } from "../../street/simulation.js";
import type { BenchRow } from "../bench.js";

const HOMES = [5, 20, 50] as const;
const MINUTES = 30;
const MS_PER_DAY = 86_400_000;
/** Cost of a trade in the largest street over that in the smallest. */
const GROWTH_AIM = 2;

/** Streets of several sizes over a short time: meter-days per second, and how the cost of a trade grows with the street. */
export function streets(engine: Engine): BenchRow[] {
  const runs = HOMES.map((homes) => run(engine, homes));
  const [small] = runs;
  if (small === undefined) return [];
  return runs.map(({ homes, meterDays, seconds, trades }) => {
    const ratio = seconds / trades / (small.seconds / small.trades);
    const isLargest = homes === HOMES.at(-1);
    return {
      id: `street of ${homes} homes/${engine.name} : ${HOMES[0]} homes, a trade`,
      value: meterDays / seconds,
      unit: "meter-days/s",
      baseline: small.meterDays / small.seconds,
      ratio,
      aim: isLargest ? GROWTH_AIM : null,
      met: isLargest ? ratio <= GROWTH_AIM : null,
    };
  });
}

interface StreetRun {
  readonly homes: number;
  readonly meterDays: number;
  readonly seconds: number;
  readonly trades: number;
}

/** Midday, when homes buy from roofs and pay to give. The opening of the channels is not counted. */
function run(engine: Engine, homes: number): StreetRun {
  const text = generateStreet({ homes, duration: `${MINUTES}min` }).replace("T00:00:00Z", "T11:30:00Z");
  const scenario = checkScenario(new ScenarioDocument("street", text));
  const { market, seed } = scenario;
  if (market === undefined) throw new Error("the street does not trade");
  const file = readMetrology();
  const runtime = { engine, file: readNode(), seed };
  const flash = { sectors: METER_FLASH_SECTORS };
  const simulation = new StreetSimulation(
    scenario,
    market,
    ({ config, frontEnd }, keys) => new EmulatedMeter(engine, file, keys, config, { frontEnd, flash }),
    (tree, meters, startUtcMs) => new LightningExchange(market, tree, meters, startUtcMs, runtime),
  );
  const start = performance.now();
  while (!simulation.finished) simulation.step();
  const seconds = (performance.now() - start) / 1000;
  const { conservation, totals } = outcomeOf(simulation);
  if (!conservation.holds) throw new Error(`a street of ${homes} homes: ${conservation.problems.join("; ")}`);
  const meterDays = (simulation.meters.all.length * MINUTES * 60_000) / MS_PER_DAY;
  return { homes, meterDays, seconds, trades: totals.trades };
}
