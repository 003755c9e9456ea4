import Table from "cli-table3";
import { balanceHolds, toleranceMwh, type EnergyBalance } from "../scenario/balance.js";
import { filesOf, type Result } from "../scenario/result.js";
import { offsetText } from "../scenario/units.js";

/** What the result does not know of the run. */
export interface RunFacts {
  readonly engine: string;
  readonly folder: string;
  /** Wall time. */
  readonly seconds: number;
}

const DAY_MS = 86_400_000;
/** Remarks that are printed; a day of a tampered meter has a hundred. */
const SHOWN_REMARKS = 4;

/** The result as people read it. */
export function resultText(result: Result, { engine, folder, seconds }: RunFacts): string {
  const { scenario, meters, receipts, problems, remarks } = result;
  const start = new Date(scenario.startUtcMs).toISOString();
  const from = start.endsWith("T00:00:00.000Z") ? start.slice(0, 10) : `${start.slice(0, 16)}Z`;
  const [first] = meters;
  return [
    `Scenario ${scenario.name}: ${meters.length} meters, ${durationText(scenario.durationMs)} from ${from}, ` +
      `seed ${scenario.seed}, on ${engine}: ${seconds.toFixed(1)} s.`,
    meterTable(result),
    ...eventLines(result),
    balanceText(result.balance),
    ...problems,
    problems.length === 0
      ? `${receipts} receipts: every signature, page and hash chain verified with OpenSSL, outside the firmware.`
      : `${problems.length} problems in ${receipts} receipts.`,
    ...(remarks.length > 0 ? [`${remarks.length} remarks, each by an event of the scenario:`] : []),
    ...remarks.slice(0, SHOWN_REMARKS).map((remark) => `  ${remark}`),
    ...(remarks.length > SHOWN_REMARKS ? [`  and ${remarks.length - SHOWN_REMARKS} more`] : []),
    `\nFiles in ${folder}/`,
    ...meters.map(({ files }) => `  ${[...files.keys()].join("  ")}`),
    `  ${[...filesOf(result).keys()].filter((name) => !meters.some(({ files }) => files.has(name))).join("  ")}`,
    "\nVerify one yourself:",
    `  npm run -s tieline -- verify --key ${first?.publicKey} ${folder}/${first?.name}.ocmf.txt`,
  ].join("\n");
}

export function durationText(ms: number): string {
  const days = ms / DAY_MS;
  return Number.isInteger(days) ? `${days} day${days === 1 ? "" : "s"}` : offsetText(ms);
}

function meterTable({ meters, problems }: Result): string {
  const table = new Table({
    head: ["meter", "serial", "import kWh\n1-0:1.8.0", "export kWh\n1-0:2.8.0", "receipts", "verified"],
    colAligns: ["left", "left", "right", "right", "right", "right"],
    style: { head: [], border: [] },
  });
  for (const { name, serial, registers, receipts, problems: found } of meters) {
    const verified = found.length === 0 ? "all" : found.some(({ text }) => problems.includes(text)) ? "NO" : "remarks";
    table.push([name, serial, kwh(registers.importMwh), kwh(registers.exportMwh), receipts, verified]);
  }
  return table.toString();
}

function eventLines({ scenario, eventsDone }: Result): string[] {
  const left = scenario.leftOut > 0 ? `, ${scenario.leftOut} left out: they come after the end` : "";
  return eventsDone + scenario.leftOut > 0 ? [`${eventsDone} event${eventsDone === 1 ? "" : "s"}${left}.`] : [];
}

function balanceText(balance: EnergyBalance): string {
  const { headMwh, homesMwh, lostMwh, resolutionMwh, cutsMwh } = balance;
  const holds = balanceHolds(balance) ? "holds" : "DOES NOT HOLD";
  const bound =
    cutsMwh === 0n
      ? `to the meters' resolution (${kwh(resolutionMwh)} kWh)`
      : `to ${kwh(toleranceMwh(balance))} kWh: the meters' resolution (${kwh(resolutionMwh)} kWh) ` +
        `and what power cuts may take from the registers (${kwh(cutsMwh)} kWh)`;
  return [
    `Energy balance: feeder head ${kwh(headMwh)} kWh = homes ${kwh(homesMwh)} kWh + lines ${kwh(headMwh - homesMwh)} kWh.`,
    `Physical line losses ${kwh(lostMwh)} kWh: ${holds} ${bound}.`,
  ].join("\n");
}

/** mWh as kWh with three decimals, rounded toward zero. */
export function kwh(mwh: bigint): string {
  const wh = (mwh < 0n ? -mwh : mwh) / 1000n;
  return `${mwh < 0n && wh > 0n ? "-" : ""}${wh / 1000n}.${(wh % 1000n).toString().padStart(3, "0")}`;
}
