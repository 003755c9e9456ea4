import { stringify } from "csv-stringify/sync";
import { reportHtml } from "../report/report.js";
import { utcText } from "../scenario/units.js";
import { receiptFiles, type MeterFiles } from "../sim/receipt_files.js";
import { outcomeOf } from "./outcome.js";
import type { StreetResult } from "./result.js";
import type { StreetSimulation } from "./simulation.js";

/** A street's result with what its meters leave behind. */
export interface StreetRun {
  readonly result: StreetResult;
  readonly meters: readonly MeterFiles[];
  readonly receipts: number;
}

/** Verifies all receipts with code that shares nothing with the firmware, and adds up what the street came to. */
export function streetRun(simulation: StreetSimulation): StreetRun {
  const meters = simulation.meters.all.map(({ name, meter }) => receiptFiles(name, meter));
  const problems = meters.flatMap((files) => files.problems.map(({ text }) => text));
  return {
    result: outcomeOf(simulation, problems),
    meters,
    receipts: meters.reduce((sum, { receipts }) => sum + receipts, 0),
  };
}

/** Every file of a run by name. */
export function streetFiles({ result, meters }: StreetRun): Map<string, string> {
  const keys = meters.map(({ name, serial, publicKey }) => ({ name, serial, publicKey }));
  return new Map([
    ...meters.flatMap(({ files }) => [...files]),
    ["keys.json", `${JSON.stringify(keys, null, 2)}\n`],
    ["trades.csv", tradesCsv(result)],
    ["nodes.csv", nodesCsv(result)],
    ["lines.csv", linesCsv(result)],
    ["prices.csv", pricesCsv(result)],
    ["report.html", reportHtml(result)],
  ]);
}

function csv(columns: readonly string[], rows: readonly (readonly (string | number | bigint)[])[]): string {
  return stringify(
    rows.map((row) => row.map(String)),
    { header: true, columns: [...columns] },
  );
}

const tradesCsv = ({ trades }: StreetResult): string =>
  csv(
    [
      "time_utc",
      "buyer",
      "seller",
      "kind",
      "interval_start_utc",
      "route",
      "energy_bought_mWh",
      "energy_sold_mWh",
      "paid_msat",
      "received_msat",
      "status",
    ],
    trades.map((trade) => [
      utcText(trade.atUtcMs),
      trade.buyer,
      trade.seller,
      trade.kind,
      utcText(trade.intervalStartUtcMs),
      trade.route.join(" > "),
      trade.energyBoughtMwh,
      trade.energySoldMwh,
      trade.paidMsat,
      trade.receivedMsat,
      trade.status,
    ]),
  );

const nodesCsv = ({ intervals }: StreetResult): string =>
  csv(
    [
      "interval_start_utc",
      "node",
      "bought_mWh",
      "sold_mWh",
      "kept_for_losses_mWh",
      "imbalance_mWh",
      "paid_msat",
      "earned_msat",
      "rent_msat",
      "rebate_msat",
      "settled_msat",
      "balance_msat",
    ],
    intervals.flatMap(({ startUtcMs, nodes }) =>
      nodes.map((node) => [
        utcText(startUtcMs),
        node.name,
        node.boughtMwh,
        node.soldMwh,
        node.lostMwh,
        node.imbalanceMwh,
        node.paidMsat,
        node.earnedMsat,
        node.rentMsat,
        node.rebateMsat,
        node.settledMsat,
        node.balanceMsat,
      ]),
    ),
  );

const linesCsv = ({ intervals, lines }: StreetResult): string =>
  csv(
    ["interval_start_utc", "from", "to", "agreed_mWh", "metered_mWh", "lost_mWh", "use_of_rating_ppm"],
    intervals.flatMap((interval) =>
      interval.lines.map((line, i) => [
        utcText(interval.startUtcMs),
        lines[i]?.from ?? "",
        lines[i]?.to ?? "",
        line.agreedMwh,
        line.meteredMwh,
        line.lostMwh,
        line.useOfRatingPpm,
      ]),
    ),
  );

const pricesCsv = ({ intervals }: StreetResult): string =>
  csv(
    ["interval_start_utc", "node", "side", "msat_per_kWh"],
    intervals.flatMap(({ startUtcMs, prices }) =>
      prices.map(({ node, side, msatPerKwh }) => [utcText(startUtcMs), node, side, msatPerKwh]),
    ),
  );

/** The result as `--json` prints it: energies in mWh and A in msat as integers, which stay below 2^53. */
export function streetJson(run: StreetRun, engine: string, folder: string): object {
  const { result, meters, receipts } = run;
  const { totals, conservation } = result;
  return plain({
    scenario: result.name,
    start: utcText(result.startUtcMs),
    duration_s: result.intervals.length * result.intervalS,
    interval_s: result.intervalS,
    seed: result.seed,
    engine,
    ok: conservation.holds,
    meters: meters.map(({ name, serial, publicKey, registers, receipts: own, problems }) => ({
      name,
      serial,
      public_key: publicKey,
      import_mwh: registers.importMwh,
      export_mwh: registers.exportMwh,
      receipts: own,
      findings: problems.length,
    })),
    nodes: totals.nodes.map((node, i) => ({
      name: node.name,
      kind: result.nodes[i]?.kind,
      bought_mwh: node.boughtMwh,
      sold_mwh: node.soldMwh,
      kept_for_losses_mwh: node.lostMwh,
      imbalance_mwh: node.imbalanceMwh,
      paid_msat: node.paidMsat,
      earned_msat: node.earnedMsat,
      rent_msat: node.rentMsat,
      rebate_msat: node.rebateMsat,
      settled_msat: node.settledMsat,
      balance_msat: node.balanceMsat,
    })),
    lines: totals.lines.map((line, i) => ({
      from: result.lines[i]?.from,
      to: result.lines[i]?.to,
      agreed_mwh: line.agreedMwh,
      metered_mwh: line.meteredMwh,
      lost_mwh: line.lostMwh,
      most_use_of_rating_ppm: line.useOfRatingPpm,
    })),
    trades: totals.trades,
    failed_trades: totals.failedTrades,
    conservation: {
      start_msat: conservation.startMsat,
      end_msat: conservation.endMsat,
      money_holds: conservation.moneyHolds,
      money_differs: conservation.moneyDiffers,
      generated_mwh: conservation.generatedMwh,
      consumed_mwh: conservation.consumedMwh,
      lost_mwh: conservation.lostMwh,
      physical_lost_mwh: conservation.physicalLostMwh,
      resolution_mwh: conservation.resolutionMwh,
      energy_holds: conservation.energyHolds,
      flows_hold: conservation.flowsHold,
      flows_differ: conservation.flowsDiffer,
    },
    receipts,
    problems: conservation.problems,
    folder,
    files: [...streetFiles(run).keys()],
  }) as object;
}

/** Bigints as numbers, all the way down. */
function plain(value: unknown): unknown {
  if (typeof value === "bigint") return Number(value);
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, plain(entry)]));
}
