import { dirname, resolve } from "node:path";
import { CsvTable } from "./csv.js";
import { ScenarioDocument, ScenarioError, displayedPath, type Path } from "./document.js";
import { buildActions, durationOf, type EventDocument } from "./events.js";
import { buildFeeder, checkPulseRates, type FeederDocument } from "./feeder.js";
import { checkMarket, DEFAULT_INTERVAL_S, type MarketDocument } from "./market.js";
import { constantPower, profilePower } from "./power.js";
import { S0_INPUT, type InputConfig } from "../metrology/config.js";
import type { InputFilter, InputsOption, MeterPlan, Power, Scenario } from "./scenario.js";
import { checkSchema } from "./schema.js";
import { PowerSeries, type Unit } from "./series.js";
import { parseUtc } from "./units.js";

interface PowerDocument {
  readonly profile?: string;
  readonly annual_kwh?: number;
  readonly peak_kw?: number;
  readonly constant_w?: number;
  readonly csv?: string;
  readonly column?: string;
  readonly unit?: Unit;
  readonly time_column?: string;
  readonly times?: "interval_start" | "interval_end";
}

interface MeterDocument {
  readonly name: string;
  readonly serial: string;
  readonly vendor?: string;
  readonly model?: string;
  readonly meter_constant_imp_per_kwh?: number;
  readonly interval_s?: number;
  readonly rating_w?: number;
  readonly inputs?: InputsOption;
  readonly load?: PowerDocument;
  readonly generation?: PowerDocument;
  readonly noise_percent?: number;
  readonly clouds_percent?: number;
}

/** What the schema admits. */
interface Content {
  readonly name: string;
  readonly description?: string;
  readonly start: string;
  readonly duration: string;
  readonly step?: string;
  readonly seed?: string | number;
  readonly feeder: FeederDocument;
  readonly meters: readonly MeterDocument[];
  readonly market?: MarketDocument;
  readonly events?: readonly EventDocument[];
}

/** What the command line says against the document. */
export interface Overrides {
  readonly seed?: string;
  readonly durationMs?: number;
}

const MAX_DURATION_MS = 366 * 86_400_000;
const MAX_STEP_MS = 3_600_000;
/** The firmware takes times from 2000 to 2099 (assembly/base/limits.ts). */
const [FIRST_YEAR, LAST_YEAR] = [2000, 2098];

/** Reads and checks a scenario file and all it refers to. Throws ScenarioError with everything that is wrong. */
export function readScenario(file: string, overrides: Overrides = {}): Scenario {
  return checkScenario(ScenarioDocument.read(file), overrides);
}

export function checkScenario(document: ScenarioDocument, overrides: Overrides = {}): Scenario {
  checkSchema(document);
  // What follows relies on the schema.
  document.throwProblems();
  const content = document.value as Content;
  const startUtcMs = startOf(document, content.start);
  const durationMs = boundedDuration(document, "duration", content.duration, 1000, MAX_DURATION_MS);
  const stepMs = boundedDuration(document, "step", content.step ?? "1min", 1000, MAX_STEP_MS);
  checkUnique(document, content.meters);
  document.throwProblems();

  const runMs = overrides.durationMs ?? durationMs;
  const names = content.meters.map(({ name }) => name);
  const root = buildFeeder(document, content.feeder, names);
  const timing = { startUtcMs, runMs };
  const marketIntervalS = content.market && (content.market.interval_s ?? DEFAULT_INTERVAL_S);
  const meters = content.meters.map((meter, i): MeterPlan => {
    const isHead = meter.name === content.feeder.head;
    for (const key of HOME_KEYS) {
      if (isHead && meter[key] !== undefined) {
        document.report(["meters", i, key], "the head measures the feeder and has nothing of its own", true);
      }
    }
    if (marketIntervalS !== undefined && (meter.interval_s ?? marketIntervalS) !== marketIntervalS) {
      document.report(["meters", i, "interval_s"], `the market's interval is ${marketIntervalS} s`);
    }
    return {
      name: meter.name,
      config: {
        serial: meter.serial,
        vendor: meter.vendor ?? "Tieline",
        model: meter.model ?? "two-direction S0",
        meterConstant: meter.meter_constant_imp_per_kwh ?? 1000,
        intervalS: meter.interval_s ?? marketIntervalS ?? DEFAULT_INTERVAL_S,
        inputs: inputsOf(document, ["meters", i, "inputs"], meter.inputs),
        ratingW: meter.rating_w ?? 0,
      },
      frontEnd: meter.inputs?.import?.filter === "counter" ? "counter" : "edges",
      load: powerOf(document, ["meters", i, "load"], meter.load, timing),
      generation: powerOf(document, ["meters", i, "generation"], meter.generation, timing),
      noisePercent: meter.noise_percent ?? 0,
      cloudsPercent: meter.clouds_percent ?? 0,
    };
  });
  const frame = { head: content.feeder.head, meters: names, startUtcMs, durationMs, runMs };
  const events = buildActions(document, content.events ?? [], frame);
  if (content.market !== undefined && (content.events ?? []).length > 0) {
    document.report(["events"], "a scenario has events or a market, not both", true);
  }
  document.throwProblems();
  const market = content.market && checkMarket(document, content.market, { root, meters: names, startUtcMs, runMs });
  document.throwProblems();
  checkPulseRates(document, root, meters);
  document.throwProblems();
  return {
    name: content.name,
    description: content.description ?? "",
    startUtcMs,
    durationMs: runMs,
    stepMs,
    seed: overrides.seed ?? String(content.seed ?? "1"),
    meters,
    root,
    ...(market && { market }),
    ...events,
  };
}

/** Filters of both inputs; an S0 output's where the document says nothing. */
function inputsOf(document: ScenarioDocument, path: Path, inputs: InputsOption = {}): [InputConfig, InputConfig] {
  const inputOf = (filter: InputFilter | undefined): InputConfig =>
    filter === undefined
      ? S0_INPUT
      : {
          filter: filter.filter,
          minOnMs: filter.min_on_ms ?? 0,
          minOffMs: filter.min_off_ms ?? 0,
          minPeriodMs: filter.min_period_ms ?? 0,
        };
  const both = [inputOf(inputs.import), inputOf(inputs.export)] as [InputConfig, InputConfig];
  // A board has one front end for its inputs.
  if ((both[0].filter === "counter") !== (both[1].filter === "counter")) {
    document.report(path, "one input has a counter and the other has not: a board has counters for both or none");
  }
  return both;
}

const HOME_KEYS = ["load", "generation", "noise_percent", "clouds_percent"] as const;

function startOf(document: ScenarioDocument, text: string): number {
  const ms = parseUtc(text);
  const year = ms === undefined ? undefined : new Date(ms).getUTCFullYear();
  if (ms !== undefined && year !== undefined && year >= FIRST_YEAR && year <= LAST_YEAR) return ms;
  const what = year === undefined ? "there is no such time" : `the year is not in ${FIRST_YEAR}..${LAST_YEAR}`;
  document.report(["start"], `${text}: ${what}`);
  return 0;
}

function boundedDuration(
  document: ScenarioDocument,
  key: string,
  text: string,
  leastMs: number,
  mostMs: number,
): number {
  const ms = durationOf(document, [key], text);
  if (ms === undefined) return leastMs;
  if (ms < leastMs || ms > mostMs) {
    document.report([key], `${text} is not from ${leastMs / 1000} s to ${mostMs / 3_600_000} h`);
  }
  return ms;
}

/** Names become file names, so they must differ where a file system does not tell capitals apart. */
function checkUnique(document: ScenarioDocument, meters: readonly MeterDocument[]): void {
  for (const key of ["name", "serial"] as const) {
    const seen = new Map<string, number>();
    meters.forEach((meter, i) => {
      const text = key === "name" ? meter[key].toLowerCase() : meter[key];
      const first = seen.get(text);
      if (first === undefined) seen.set(text, i);
      else {
        document.report(["meters", i, key], `${JSON.stringify(meter[key])} is the ${key} of meters[${first}] already`);
      }
    });
  }
}

function powerOf(
  document: ScenarioDocument,
  path: Path,
  power: PowerDocument | undefined,
  { startUtcMs, runMs }: { readonly startUtcMs: number; readonly runMs: number },
): Power {
  if (power?.constant_w !== undefined) return constantPower(power.constant_w);
  if (power?.profile !== undefined) {
    const kind = power.peak_kw === undefined ? "load" : "generation";
    const found = profilePower(power.profile, kind, power.peak_kw ?? power.annual_kwh ?? 0, startUtcMs);
    if (typeof found !== "string") return found;
    document.report([...path, "profile"], found);
  }
  if (power?.csv !== undefined) {
    const file = resolve(dirname(document.file), power.csv);
    try {
      return PowerSeries.read(
        CsvTable.read(displayedPath(file)),
        {
          column: power.column ?? "",
          ...(power.unit === undefined ? {} : { unit: power.unit }),
          ...(power.time_column === undefined ? {} : { timeColumn: power.time_column }),
          ...(power.times === undefined ? {} : { times: power.times }),
        },
        startUtcMs,
        runMs,
      );
    } catch (error) {
      // The CSV file's own line is the useful one; the scenario's says who asked for it.
      const message = error instanceof Error ? error.message : String(error);
      document.report([...path, "csv"], error instanceof ScenarioError ? message : `${power.csv}: ${message}`);
    }
  }
  return constantPower(0);
}
