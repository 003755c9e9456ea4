/** One measured figure beside its floor. */
export interface BenchRow {
  readonly id: string;
  /** The figure itself. */
  readonly value: number;
  readonly unit: string;
  /** The floor in the same unit, measured in the same run. */
  readonly baseline: number;
  /** Time of the subject over time of the floor, median of rounds. */
  readonly ratio: number;
  /** Where the middle half of the rounds' ratios lies, if that was kept. */
  readonly spread?: readonly [least: number, most: number];
  /** What the ratio should stay below; null where none is set. */
  readonly aim: number | null;
  readonly met: boolean | null;
  /** Of a row in instructions: what they would take on a chip, ms. */
  readonly estimateMs?: number;
}

export interface BenchResult {
  readonly name: string;
  readonly results: readonly BenchRow[];
}

/** Something to time: does `count` units of work when called. */
export interface Workload {
  readonly count: number;
  run(): void;
}

/**
 * Times a subject against its floor, in turn, so that a machine that slows down slows both. The ratio is per unit of
 * work, the median over the rounds.
 * @param unit unit of the value, per second of `count`
 */
export function compare(
  id: string,
  unit: string,
  subject: Workload,
  floor: Workload,
  aim: number | null,
  rounds = 15,
): BenchRow {
  const subjects: number[] = [];
  const floors: number[] = [];
  const ratios: number[] = [];
  for (let round = -Math.max(2, rounds >> 2); round < rounds; round++) {
    const subjectMs = timeMs(subject) / subject.count;
    const floorMs = timeMs(floor) / floor.count;
    if (round < 0) continue; // compilers warm up
    subjects.push(subjectMs);
    floors.push(floorMs);
    ratios.push(subjectMs / floorMs);
  }
  const ratio = median(ratios);
  return {
    id,
    value: 1000 / median(subjects),
    unit,
    baseline: 1000 / median(floors),
    ratio,
    aim,
    met: aim === null ? null : ratio <= aim,
  };
}

function timeMs(workload: Workload): number {
  const start = performance.now();
  workload.run();
  return performance.now() - start;
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? NaN;
}
