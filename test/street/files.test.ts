import { describe, expect, it } from "vitest";
import { streetText } from "../../host/cli/street_text.js";
import { streetFiles, streetJson, streetRun, type StreetRun } from "../../host/street/files.js";
import { readyText, runToEnd, scenarioOf, scripted } from "./street.js";

const morning = readyText("street").replace("T00:00:00Z", "T09:00:00Z").replace("duration: 1d", "duration: 4h");
const simulation = runToEnd(scripted(scenarioOf(morning)));
const run = streetRun(simulation);
const { result } = run;
const files = streetFiles(run);

/** Columns of a CSV file by their headers; no cell of these has a comma. */
function columns(name: string): Record<string, string[]> {
  const [header = [], ...rows] = (files.get(name) ?? "")
    .trimEnd()
    .split("\n")
    .map((line) => line.split(","));
  return Object.fromEntries(header.map((key, i) => [key, rows.map((row) => row[i] ?? "")]));
}

const total = (cells: readonly string[] | undefined): bigint =>
  (cells ?? []).reduce((sum, cell) => sum + BigInt(cell), 0n);
const sum = (values: readonly bigint[]): bigint => values.reduce((all, value) => all + value, 0n);

describe("files", () => {
  it("are those of every meter and of the street", () => {
    const names = run.meters.flatMap(({ name }) => [`${name}.ocmf.txt`, `${name}.xml`, `${name}.csv`]);
    expect([...files.keys()]).toEqual([
      ...names,
      "keys.json",
      "trades.csv",
      "nodes.csv",
      "lines.csv",
      "prices.csv",
      "report.html",
    ]);
    expect(files.get("report.html")).toContain("<html");
    expect(run.receipts).toBe(8 * 17);
    expect(run.meters.flatMap(({ problems }) => problems)).toEqual([]);
  });

  it("trades.csv has every swap", () => {
    const trades = columns("trades.csv");
    expect(trades["status"]).toEqual(result.trades.map(({ status }) => status));
    expect(total(trades["paid_msat"])).toBe(sum(result.totals.nodes.map(({ paidMsat }) => paidMsat)));
    expect(total(trades["energy_bought_mWh"])).toBe(sum(result.totals.nodes.map(({ boughtMwh }) => boughtMwh)));
    expect(total(trades["energy_sold_mWh"])).toBe(sum(result.totals.nodes.map(({ soldMwh }) => soldMwh)));
    expect(trades["route"]).toContain("solar-home > cabinet > flat");
    expect(trades["time_utc"]?.[0]).toBe("2026-06-22T09:14:00Z");
    expect(trades["interval_start_utc"]?.[0]).toBe("2026-06-22T09:15:00Z");
  });

  it("nodes.csv and lines.csv have every interval, and add up to the totals", () => {
    const nodes = columns("nodes.csv");
    const lines = columns("lines.csv");
    expect([nodes["node"]?.length, lines["to"]?.length]).toEqual([16 * 5, 16 * 4]);
    result.totals.nodes.forEach((node, i) => {
      const own = (key: string): bigint => total(nodes[key]?.filter((_, row) => row % 5 === i));
      expect([node.name, own("bought_mWh"), own("earned_msat"), own("imbalance_mWh"), own("settled_msat")]).toEqual([
        nodes["node"]?.[i],
        node.boughtMwh,
        node.earnedMsat,
        node.imbalanceMwh,
        node.settledMsat,
      ]);
    });
    result.totals.lines.forEach((line, i) => {
      const own = (key: string): bigint => total(lines[key]?.filter((_, row) => row % 4 === i));
      expect([own("agreed_mWh"), own("metered_mWh"), own("lost_mWh")]).toEqual([
        line.agreedMwh,
        line.meteredMwh,
        line.lostMwh,
      ]);
    });
  });

  it("prices.csv has what was posted", () => {
    const { interval_start_utc, node, side, msat_per_kWh } = columns("prices.csv");
    const at = (time: string): string[] =>
      (interval_start_utc ?? []).flatMap((start, i) =>
        start.includes(`T${time}`) ? [`${node?.[i]} ${side?.[i]} ${msat_per_kWh?.[i]}`] : [],
      );
    expect(at("09:30")).toEqual([
      "feeder-head sell 220000",
      "feeder-head sell 400000",
      "feeder-head buy 80000",
      "solar-home sell 40000",
    ]);
    expect(at("12:00")).toEqual([
      "feeder-head sell 150000",
      "feeder-head sell 400000",
      "feeder-head buy -20000",
      "solar-home sell 40000",
      "flat buy -10000",
    ]);
  });
});

it("--json: the same figures as numbers", () => {
  const json = streetJson(run, "v8", "out/street-1") as Record<string, unknown>;
  expect(JSON.parse(JSON.stringify(json))).toEqual(json);
  expect(json).toMatchObject({
    scenario: "street",
    start: "2026-06-22T09:00:00Z",
    duration_s: 14_400,
    interval_s: 900,
    seed: "1",
    engine: "v8",
    ok: true,
    trades: result.totals.trades,
    failed_trades: 0,
    receipts: 136,
    problems: [],
    folder: "out/street-1",
    files: [...files.keys()],
  });
  const nodes = json["nodes"] as { name: string; kind: string; bought_mwh: number }[];
  expect(nodes.map(({ name, kind }) => `${name} ${kind}`)).toEqual(
    result.nodes.map(({ name, kind }) => `${name} ${kind}`),
  );
  expect(nodes[2]?.bought_mwh).toBe(Number(result.totals.nodes[2]?.boughtMwh));
  expect(json["conservation"]).toMatchObject({ money_holds: true, energy_holds: true, flows_hold: true });
});

describe("the summary", () => {
  const facts = { engine: "v8", folder: "out/street-1", seconds: 1.234 };

  it("says what was traded and that it is conserved", () => {
    const text = streetText(run, facts);
    expect(text).toMatch(
      /^Scenario street: 5 nodes, 8 meters, 04:00:00 from 2026-06-22T09:00Z, seed 1, on v8: 1.2 s\.$/m,
    );
    const home = result.totals.nodes[2];
    const kwh = `${(home?.boughtMwh ?? 0n) / 1_000_000n}.${String(((home?.boughtMwh ?? 0n) / 1000n) % 1000n).padStart(3, "0")}`;
    expect(text).toMatch(new RegExp(`│ home +│ +${kwh.replace(".", "\\.")} │`));
    expect(text).toMatch(
      /^\d+ swaps: \d+ promises, \d+ receipts, [1-9]\d* of them at prices below zero; 0 refused\.$/m,
    );
    expect(text).toMatch(/^A: 4000000\.000 sat .* at the end: holds to the msat\.$/m);
    expect(text).toMatch(/^Energy: generation .*: holds to the mWh\.$/m);
    expect(text).toMatch(/^Flows: .*: holds\.$/m);
    expect(text).toContain("136 receipts of 4 lines' meters: all verified");
    expect(text).toContain("  keys.json  trades.csv  nodes.csv  lines.csv  prices.csv  report.html");
  });

  it("says what does not hold, and where", () => {
    const { conservation } = result;
    const broken: StreetRun = {
      ...run,
      result: {
        ...result,
        conservation: {
          ...conservation,
          moneyHolds: false,
          moneyDiffers: ["home"],
          energyHolds: false,
          flowsHold: false,
          flowsDiffer: ["flat", "cabinet"],
          problems: Array.from({ length: 10 }, (_, i) => `problem ${i}`),
          holds: false,
        },
      },
    };
    const text = streetText(broken, facts);
    expect(text).toMatch(/^A: .*: DOES NOT HOLD at home to the msat\.$/m);
    expect(text).toMatch(/^Energy: .*: DOES NOT HOLD to the mWh\.$/m);
    expect(text).toMatch(/^Flows: .*: DOES NOT HOLD at flat, cabinet\.$/m);
    expect(text).toContain("  problem 7\n  and 2 more\n");
  });
});
