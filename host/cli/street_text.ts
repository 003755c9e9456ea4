import Table from "cli-table3";
import { streetFiles, type StreetRun } from "../street/files.js";
import type { StreetResult } from "../street/result.js";
import { durationText, kwh, type RunFacts } from "./run_text.js";

/** Problems that are printed. */
const SHOWN_PROBLEMS = 8;
const MSAT_PER_SAT = 1000n;

/** What a street that trades came to, as people read it. */
export function streetText(run: StreetRun, { engine, folder, seconds }: RunFacts): string {
  const { result, meters, receipts } = run;
  const { conservation, totals } = result;
  const start = new Date(result.startUtcMs).toISOString();
  const from = start.endsWith("T00:00:00.000Z") ? start.slice(0, 10) : `${start.slice(0, 16)}Z`;
  const [first] = meters;
  const { problems } = conservation;
  return [
    `Scenario ${result.name}: ${result.nodes.length} nodes, ${meters.length} meters, ` +
      `${durationText(result.intervals.length * result.intervalS * 1000)} from ${from}, ` +
      `seed ${result.seed}, on ${engine}: ${seconds.toFixed(1)} s.`,
    nodeTable(result),
    lineTable(result),
    tradesText(result),
    ...conservationText(result),
    ...problems.slice(0, SHOWN_PROBLEMS).map((problem) => `  ${problem}`),
    ...(problems.length > SHOWN_PROBLEMS ? [`  and ${problems.length - SHOWN_PROBLEMS} more`] : []),
    meters.every((meter) => meter.problems.length === 0)
      ? `${receipts} receipts of ${totals.lines.length} lines' meters: all verified with OpenSSL, outside the firmware.`
      : `${receipts} receipts, of which some do not verify.`,
    `\nFiles in ${folder}/`,
    ...meters.map(({ files }) => `  ${[...files.keys()].join("  ")}`),
    `  ${[...streetFiles(run).keys()].filter((name) => !meters.some(({ files }) => files.has(name))).join("  ")}`,
    "\nVerify a receipt yourself:",
    `  npm run -s tieline -- verify --key ${first?.publicKey} ${folder}/${first?.name}.ocmf.txt`,
  ].join("\n");
}

function table(head: string[], texts: number): InstanceType<typeof Table> {
  return new Table({
    head,
    colAligns: head.map((_, i) => (i < texts ? "left" : "right")),
    style: { head: [], border: [] },
  });
}

function nodeTable({ totals }: StreetResult): string {
  const head = [
    "node",
    "bought\nkWh",
    "sold\nkWh",
    "for losses\nkWh",
    "imbalance\nkWh",
    "paid\nsat",
    "earned\nsat",
    "rents\nsat",
    "rebates\nsat",
    "settled\nsat",
  ];
  const rows = table(head, 1);
  for (const node of totals.nodes) {
    const energies = [node.boughtMwh, node.soldMwh, node.lostMwh, node.imbalanceMwh].map(kwh);
    const money = [node.paidMsat, node.earnedMsat, node.rentMsat, node.rebateMsat, node.settledMsat].map(sat);
    rows.push([node.name, ...energies, ...money]);
  }
  return rows.toString();
}

function lineTable({ lines, totals }: StreetResult): string {
  const rows = table(["line", "agreed\nkWh", "metered\nkWh", "lost\nkWh", "most use\nof rating"], 1);
  totals.lines.forEach((line, i) => {
    const name = `${lines[i]?.from} > ${lines[i]?.to}`;
    const use = `${(line.useOfRatingPpm / 10_000).toFixed(1)} %`;
    rows.push([name, kwh(line.agreedMwh), kwh(line.meteredMwh), kwh(line.lostMwh), use]);
  });
  return rows.toString();
}

function tradesText({ trades, totals }: StreetResult): string {
  const done = trades.filter(({ status }) => status === "done");
  const promises = done.filter(({ kind }) => kind === "promise").length;
  // Below zero the seller has initiated: the way begins with it.
  const below = done.filter(({ route, seller }) => route[0] === seller).length;
  return (
    `${totals.trades} swaps: ${promises} promises, ${done.length - promises} receipts, ` +
    `${below} of them at prices below zero; ${totals.failedTrades} refused.`
  );
}

function conservationText({ conservation: c }: StreetResult): string[] {
  const word = (holds: boolean, others: readonly string[] = []): string =>
    holds ? "holds" : `DOES NOT HOLD${others.length > 0 ? ` at ${others.join(", ")}` : ""}`;
  return [
    `A: ${sat(c.startMsat)} sat in channels and on the chain at the start, ${sat(c.endMsat)} sat at the end: ` +
      `${word(c.moneyHolds, c.moneyDiffers)} to the msat.`,
    `Energy: generation ${kwh(c.generatedMwh)} kWh = consumption ${kwh(c.consumedMwh)} kWh + ` +
      `losses ${kwh(c.lostMwh)} kWh (in truth ${kwh(c.physicalLostMwh)} kWh): ${word(c.energyHolds)} to the mWh.`,
    `Flows: what each node bought, sold and kept is what its lines have signed: ${word(c.flowsHold, c.flowsDiffer)}.`,
  ];
}

/** msat as sat with three decimals. */
function sat(msat: bigint): string {
  const size = msat < 0n ? -msat : msat;
  return `${msat < 0n ? "-" : ""}${size / MSAT_PER_SAT}.${(size % MSAT_PER_SAT).toString().padStart(3, "0")}`;
}
