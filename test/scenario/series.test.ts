import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readScenario } from "../../host/scenario/check.js";
import { CsvTable } from "../../host/scenario/csv.js";
import { PowerSeries, type SeriesOptions } from "../../host/scenario/series.js";
import { changed, problemsOf } from "./documents.js";

const START = Date.UTC(2026, 5, 22);
const HOUR = 3_600_000;

function series(text: string, options: SeriesOptions, durationMs = 2 * HOUR): PowerSeries {
  return PowerSeries.read(new CsvTable("own.csv", text), options, START, durationMs);
}

describe("units", () => {
  it.each<[string, SeriesOptions, number]>([
    ["load_W", { column: "load_W" }, 500_000],
    ["load [kW]", { column: "load [kW]" }, 500_000_000],
    ["Wh", { column: "Wh" }, 1_000_000],
    ["used (kWh)", { column: "used (kWh)" }, 1_000_000_000],
    ["used", { column: "used", unit: "Wh" }, 1_000_000],
  ])("%s", (header, options, powerMw) => {
    const text = `time,${header}\n0,500\n1800,500\n3600,0\n5400,0\n`;
    const power = series(text, options);
    expect([power.meanMw(0, 60_000), power.meanMw(HOUR, HOUR + 1), power.maximumMw]).toEqual([powerMw, 0, powerMw]);
  });

  it("the mean over a step conserves energy", () => {
    const power = series("time,W\n0,100\n90,400\n300,0\n7200,0\n", { column: "W" });
    expect(power.meanMw(0, 300_000)).toBe(310_000);
    expect(power.meanMw(60_000, 120_000)).toBe(250_000);
    const steps = [0, 1, 2, 3, 4].map((i) => power.meanMw(i * 60_000, (i + 1) * 60_000));
    expect(steps.reduce((sum, step) => sum + step, 0)).toBe(5 * 310_000);
  });
});

describe("times", () => {
  it("ISO 8601 in UTC, in any column, beginning before the scenario", () => {
    const text = "kW,when\r\n9,2026-06-21T23:00:00Z\r\n1,2026-06-22T00:00:00Z\r\n2,2026-06-22T01:00:00Z\r\n";
    const power = series(text, { column: "kW", timeColumn: "when" });
    expect([power.meanMw(0, HOUR), power.meanMw(HOUR, 2 * HOUR)]).toEqual([1e6, 2e6]);
  });

  it("that mark the ends of intervals, as in a meter's own load profile", () => {
    const text = "end,kWh\n3600,1\n7200,2\n";
    const power = series(text, { column: "kWh", times: "interval_end" });
    expect([power.meanMw(0, HOUR), power.meanMw(HOUR, 2 * HOUR)]).toEqual([1e6, 2e6]);
  });
});

describe("says what is wrong, and where", () => {
  const W = { column: "W" };
  it.each<[string, string, SeriesOptions, string]>([
    ["nothing", "", W, "own.csv:1:1: the file is empty"],
    ["one row", "time,W\n0,1\n", W, "own.csv:2:1: 1 rows of values, at least 2 are needed"],
    ["no such column", "time,kW\n0,1\n", W, 'own.csv:1:1: there is no column "W", only time, kW'],
    [
      "no such time column",
      "time,W\n0,1\n",
      { ...W, timeColumn: "t" },
      'own.csv:1:1: there is no column "t", only time, W',
    ],
    ["a column twice", "time,W,W\n0,1,1\n", W, 'own.csv:1:8: the header "W" occurs twice'],
    ["times and values in one", "W,x\n0,1\n", W, "own.csv:1:1: the same column for times and values"],
    [
      "no unit",
      "time,load\n0,1\n",
      { column: "load" },
      "own.csv:1:6: the header ends in no unit (W, kW, Wh, kWh), and the scenario gives none",
    ],
    [
      "a unit that is none",
      "time,load_MW\n0,1\n",
      { column: "load_MW" },
      "own.csv:1:6: the header ends in no unit (W, kW, Wh, kWh), and the scenario gives none",
    ],
    [
      "two units",
      "time,load_kW\n0,1\n",
      { column: "load_kW", unit: "W" },
      "own.csv:1:6: the header says kW, the scenario W",
    ],
    ["no number", "time,W\n0,1\n3600,1.5.2\n", W, 'own.csv:3:6: "1.5.2" is no number'],
    ["a decimal comma", 'time,W\n0,1\n3600,"1,5"\n', W, 'own.csv:3:6: "1,5" is no number'],
    ["an empty value", "time,W\n0,1\n3600,\n", W, 'own.csv:3:6: "" is no number'],
    ["a negative value", "time,W\n0,1\n3600,-2\n", W, "own.csv:3:6: -2 is negative; load and generation are from 0"],
    ["a field too many", "time,W\n0,1\n3600,1,5\n", W, "own.csv:3:1: 3 fields where the header has 2"],
    ["an open quote", 'time,W\n0,"1\n', W, "own.csv:2:3: the quote is never closed"],
    ["text behind a quote", 'time,W\n0,"1"2\n', W, "own.csv:2:6: text after a closing quote"],
    [
      "local time",
      "time,W\n2026-06-22T00:00:00+02:00,1\n2026-06-22T01:00:00+02:00,1\n",
      W,
      'own.csv:2:1: "2026-06-22T00:00:00+02:00" is no time: seconds since the start or ISO 8601 in UTC (2026-06-22T00:15:00Z)',
    ],
    [
      "mixed times",
      "time,W\n0,1\n2026-06-22T01:00:00Z,1\n",
      W,
      'own.csv:3:1: "2026-06-22T01:00:00Z" is no number of seconds, as the first row\'s time is',
    ],
    ["time that stands still", "time,W\n0,1\n0,1\n", W, "own.csv:3:1: the time 0 is not after the row before"],
    [
      "too late",
      "time,W\n60,1\n7200,1\n",
      W,
      "own.csv:2:1: the file covers 00:01:00 to 03:59:00 from the start, the scenario lasts 02:00:00",
    ],
    [
      "too short",
      "time,W\n2026-06-22T00:00:00Z,1\n2026-06-22T00:15:00Z,1\n",
      W,
      "own.csv:3:1: the file covers 2026-06-22T00:00:00Z to 2026-06-22T00:30:00Z, the scenario 2026-06-22T00:00:00Z to 2026-06-22T02:00:00Z",
    ],
  ])("%s", (_, text, options, message) => {
    expect(problemsOf(() => series(text, options))).toEqual([message]);
  });
});

describe("a file that a scenario names", () => {
  let folder = "";
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "tieline-csv-"));
  });
  afterAll(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  const read = (csv: string): ReturnType<typeof readScenario> => {
    const file = join(folder, "own.yaml");
    writeFileSync(file, changed("constant_w: 1000", `csv: own.csv, column: ${csv}`));
    return readScenario(file);
  };

  it("lies beside the scenario, wherever that is read from", () => {
    writeFileSync(join(folder, "own.csv"), "\uFEFFtime,load_kW\n0,1\n3600,2\n");
    expect(read("load_kW").meters[0]?.load.meanMw(HOUR, HOUR + 60_000)).toBe(2e6);
  });

  it("is named with its line behind the scenario's", () => {
    writeFileSync(join(folder, "own.csv"), "time,load_kW\n0,1\n3600,x\n");
    const file = join(folder, "own.yaml");
    const csv = join(folder, "own.csv");
    expect(problemsOf(() => read("load_kW"))).toEqual([
      `${file}:12:18: meters[0].load.csv: ${csv}:3:6: "x" is no number`,
    ]);
    rmSync(csv);
    expect(problemsOf(() => read("load_kW"))).toEqual([
      `${file}:12:18: meters[0].load.csv: own.csv: there is no such file`,
    ]);
  });
});
