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
const START_AT_MIDNIGHT = /^(start: "?\d{4}-\d{2}-\d{2})T00:00:00Z/gm;
/** Cost of a trade in the largest street over that in the smallest. */
const GROWTH_AIM = 2;

/**
 * Streets of several sizes over a short time: meter-days and trades per second, and how the cost of a trade grows with
 * the street.
 */
export function streets(engine: Engine, sizes: readonly number[] = HOMES): BenchRow[] {
  const runs = sizes.map((homes) => run(engine, homes));
  const [small] = runs;
  if (small === undefined) return [];
  return runs.flatMap(({ homes, meterDays, seconds, trades }): BenchRow[] => {
    const id = `street of ${homes} homes/${engine.name} : ${small.homes} homes`;
    const ratio = seconds / trades / (small.seconds / small.trades);
    const aim = homes === HOMES.at(-1) ? GROWTH_AIM : null;
    return [
      {
        id,
        value: meterDays / seconds,
        unit: "meter-days/s",
        baseline: small.meterDays / small.seconds,
        ratio: seconds / meterDays / (small.seconds / small.meterDays),
        aim: null,
        met: null,
      },
      {
        id: `${id}, a trade`,
        value: trades / seconds,
        unit: "trades/s",
        baseline: small.trades / small.seconds,
        ratio,
        aim,
        met: aim === null ? null : ratio <= aim,
      },
    ];
  });
}

/**
 * The text of a scenario with its start at half past eleven of the same day.
 * @throws Error if it has no start at midnight, or several: a street by night would be measured for one by day
 */
export function fromMidday(text: string): string {
  const starts = text.match(START_AT_MIDNIGHT) ?? [];
  if (starts.length !== 1) throw new Error(`the street has ${starts.length} starts at midnight`);
  return text.replace(START_AT_MIDNIGHT, "$1T11:30:00Z");
}

interface StreetRun {
  readonly homes: number;
  readonly meterDays: number;
  readonly seconds: number;
  readonly trades: number;
}

/** Midday, when homes buy from roofs and pay to give. The opening of the channels is not counted. */
function run(engine: Engine, homes: number): StreetRun {
  const text = fromMidday(generateStreet({ homes, duration: `${MINUTES}min` }));
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
  if (totals.trades === 0) throw new Error(`a street of ${homes} homes: nobody traded`);
  const meterDays = (simulation.meters.all.length * MINUTES * 60_000) / MS_PER_DAY;
  return { homes, meterDays, seconds, trades: totals.trades };
}
