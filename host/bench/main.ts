import Table from "cli-table3";
import { Command } from "commander";
import type { BenchResult } from "./bench.js";
import { benchBoard } from "./board/index.js";
import { benchChannel } from "./channel/index.js";
import { benchEnergy } from "./energy/index.js";
import { benchLightning } from "./lightning/index.js";
import { benchMetering } from "./metering.js";

const BENCHES: Readonly<Record<string, (quick: boolean) => BenchResult | Promise<BenchResult>>> = {
  metering: benchMetering,
  lightning: benchLightning,
  channel: benchChannel,
  energy: benchEnergy,
  board: benchBoard,
};

const program = new Command("bench")
  .description("measure the firmware beside its floors, in one run on this machine")
  .argument("[name...]", `which: ${Object.keys(BENCHES).join(", ")} (default: all)`)
  .option("--json", "one JSON document per benchmark")
  .option("--quick", "energy, board: a few rows, figures that only show that it runs")
  .action(async (names: string[], options: { json?: boolean; quick?: boolean }) => {
    for (const name of names.length > 0 ? names : Object.keys(BENCHES)) {
      const bench = BENCHES[name];
      if (!bench) program.error(`there is no benchmark ${name}: ${Object.keys(BENCHES).join(", ")}`);
      else print(await bench(options.quick === true), options.json === true);
    }
  });

function print(result: BenchResult, json: boolean): void {
  if (json) {
    console.log(JSON.stringify(result));
    return;
  }
  const estimated = result.results.some(({ estimateMs }) => estimateMs !== undefined);
  const table = new Table({
    head: [result.name, "value", "unit", ...(estimated ? ["ms"] : []), "baseline", "ratio", "aim", "met"],
    colAligns: ["left", "right", "left", ...(estimated ? ["right" as const] : []), "right", "right", "right", "left"],
    style: { head: [], border: [] },
  });
  const figure = (value: number): string =>
    value >= 100 ? Math.round(value).toLocaleString("en") : value.toPrecision(3);
  for (const row of result.results) {
    table.push([
      row.id,
      figure(row.value),
      row.unit,
      ...(estimated ? [row.estimateMs === undefined ? "" : figure(row.estimateMs)] : []),
      figure(row.baseline),
      row.ratio.toFixed(2) + (row.spread ? ` (${row.spread.map((ratio) => ratio.toFixed(2)).join("-")})` : ""),
      row.aim === null ? "" : `<= ${row.aim}`,
      row.met === null ? "" : row.met ? "yes" : "NO",
    ]);
  }
  console.log(table.toString());
}

await program.parseAsync();
