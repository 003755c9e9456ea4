import { receiptFiles, type MeterFiles, type ReceiptProblem } from "../sim/receipt_files.js";
import { balanceHolds, toleranceMwh, type EnergyBalance } from "./balance.js";
import type { Action, Scenario } from "./scenario.js";
import type { Simulation } from "./simulation.js";
import { utcText } from "./units.js";

/** What a scenario came to. */
export interface Result {
  readonly scenario: Scenario;
  readonly meters: readonly MeterFiles[];
  readonly balance: EnergyBalance;
  readonly eventsDone: number;
  readonly receipts: number;
  /** What the verification found wrong and no event accounts for. */
  readonly problems: readonly string[];
  /** What the verification found and an event accounts for: that the meter says so is as it should be. */
  readonly remarks: readonly string[];
  readonly ok: boolean;
}

/** Fields in which the receipts of a meter show what was done to it. */
const SHOWN_IN: Readonly<Partial<Record<Action["kind"], RegExp>>> = {
  tamper: /^RD\[\d+\]\.ST$/,
  clock_step: /^RD\[\d+\]\.TM$/,
  clock_sync: /^RD\[\d+\]\.TM$/,
};

/** Verifies all receipts, with code that shares nothing with the firmware, and the energy balance. */
export function resultOf(simulation: Simulation): Result {
  const { scenario } = simulation;
  const meters = simulation.meters.map(({ name, meter }) => receiptFiles(name, meter));
  const balance = simulation.balance();
  const problems: string[] = [];
  const remarks: string[] = [];
  for (const { name, problems: found } of meters) {
    for (const problem of found) (isExpected(scenario, name, problem) ? remarks : problems).push(problem.text);
  }
  return {
    scenario,
    meters,
    balance,
    eventsDone: simulation.eventsDone,
    receipts: meters.reduce((sum, { receipts }) => sum + receipts, 0),
    problems,
    remarks,
    ok: problems.length === 0 && balanceHolds(balance),
  };
}

export function isExpected({ actions }: Scenario, meter: string, { field }: ReceiptProblem): boolean {
  return actions.some((action) => action.meter === meter && SHOWN_IN[action.kind]?.test(field) === true);
}

/** Every file of a run by name. */
export function filesOf({ meters }: Result): Map<string, string> {
  const keys = meters.map(({ name, serial, publicKey }) => ({ name, serial, publicKey }));
  return new Map([...meters.flatMap(({ files }) => [...files]), ["keys.json", `${JSON.stringify(keys, null, 2)}\n`]]);
}

/** The result as `--json` prints it. Energies are integers, mWh; they stay below 2^53. */
export function jsonOf(result: Result, engine: string, folder: string): object {
  const { scenario, balance } = result;
  return {
    scenario: scenario.name,
    start: utcText(scenario.startUtcMs),
    duration_s: scenario.durationMs / 1000,
    seed: scenario.seed,
    engine,
    ok: result.ok,
    meters: result.meters.map(({ name, serial, publicKey, registers, receipts, problems }) => ({
      name,
      serial,
      public_key: publicKey,
      import_mwh: Number(registers.importMwh),
      export_mwh: Number(registers.exportMwh),
      receipts,
      findings: problems.length,
    })),
    balance: {
      head_mwh: Number(balance.headMwh),
      homes_mwh: Number(balance.homesMwh),
      lost_mwh: Number(balance.lostMwh),
      tolerance_mwh: Number(toleranceMwh(balance)),
      holds: balanceHolds(balance),
    },
    receipts: result.receipts,
    events: result.eventsDone,
    events_left_out: scenario.leftOut,
    problems: result.problems,
    remarks: result.remarks,
    folder,
    files: [...filesOf(result).keys()],
  };
}
