import type { BenchRow } from "../bench.js";

/** Something to time that may need the event loop: does `count` units of work when called. */
export interface AsyncWorkload {
  readonly name: string;
  readonly count: number;
  run(): Promise<void> | void;
}

/** Milliseconds per unit of work, one figure a round, by the name of the workload. */
export type Times = ReadonlyMap<string, readonly number[]>;

/** Times workloads in turn, round after round, so that a machine that slows down slows all of them. */
export async function timeInTurn(workloads: readonly AsyncWorkload[], rounds: number): Promise<Times> {
  const times = new Map<string, number[]>(workloads.map(({ name }) => [name, []]));
  for (let round = -1; round < rounds; round++) {
    for (const { name, count, run } of workloads) {
      const start = performance.now();
      await run();
      const ms = (performance.now() - start) / count;
      if (round >= 0) times.get(name)?.push(ms); // in the first one compilers warm up
    }
  }
  return times;
}

/** A row from two of the timed workloads, per second of whatever their units of work are. */
export function rateRow(
  id: string,
  times: Times,
  subject: string,
  baseline: string,
  aim: number | null,
  unit = "payments/s",
): BenchRow {
  const [subjects, baselines] = [times.get(subject) ?? [], times.get(baseline) ?? []];
  const ratios = subjects.map((ms, i) => ms / (baselines[i] ?? NaN)).sort((a, b) => a - b);
  const ratio = median(ratios);
  return {
    id,
    value: 1000 / median(subjects),
    unit,
    baseline: 1000 / median(baselines),
    ratio,
    spread: [ratios[ratios.length >> 2] ?? NaN, ratios[(ratios.length * 3) >> 2] ?? NaN],
    aim,
    met: aim === null ? null : ratio <= aim,
  };
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? NaN;
}
