import type { Cell, CsvTable } from "./csv.js";
import { parseUtc, utcText, offsetText } from "./units.js";

export type Unit = "W" | "kW" | "Wh" | "kWh";

/** Which column of a CSV file is a power series, and how to read it. */
export interface SeriesOptions {
  readonly column: string;
  /** Where absent, the end of the column's header says it. */
  readonly unit?: Unit;
  /** Where absent, the first column. */
  readonly timeColumn?: string;
  readonly times?: "interval_start" | "interval_end";
}

/** mW of one W, and mW x ms of one Wh. */
const FACTORS: Readonly<Record<Unit, number>> = { W: 1e3, kW: 1e6, Wh: 3.6e9, kWh: 3.6e12 };

/** Power over time, constant from one row to the next. */
export class PowerSeries {
  /** @param startsMs begins of the intervals, ms since the scenario's start, and the end of the last */
  private constructor(
    private readonly startsMs: readonly number[],
    private readonly powersMw: readonly number[],
  ) {}

  /**
   * Reads a series and checks that it covers the scenario. Throws ScenarioError with file, line and column.
   * @param startUtcMs the scenario's start
   * @param durationMs what must be covered
   */
  static read(table: CsvTable, options: SeriesOptions, startUtcMs: number, durationMs: number): PowerSeries {
    const [valueAt, unit] = valueColumn(table, options);
    const timeAt = timeColumn(table, options, valueAt);
    const [first] = table.rows;
    if (table.rows.length < 2 || first === undefined) {
      throw table.error(first?.[0] ?? NO_ROW, `${table.rows.length} rows of values, at least 2 are needed`);
    }
    const seconds = /^-?\d/.test(first[timeAt]?.text.trim() ?? "") && !first[timeAt]?.text.includes("T");
    const marks: number[] = [];
    for (const row of table.rows) {
      const cell = row[timeAt] ?? NO_ROW;
      const ms = seconds ? secondsMs(table, cell) : utcMs(table, cell) - startUtcMs;
      const last = marks.at(-1);
      if (last !== undefined && ms <= last)
        throw table.error(cell, `the time ${cell.text.trim()} is not after the row before`);
      marks.push(ms);
    }
    const startsMs = intervalStarts(marks, options.times ?? "interval_start");
    const values = table.rows.map((row) => numberOf(table, row[valueAt] ?? NO_ROW));
    const isEnergy = unit === "Wh" || unit === "kWh";
    const powersMw = values.map((value, i) => {
      const length = isEnergy ? (startsMs[i + 1] ?? 0) - (startsMs[i] ?? 0) : 1;
      return (value * FACTORS[unit]) / length;
    });
    const [from = 0, to = 0] = [startsMs[0], startsMs.at(-1)];
    if (from > 0 || to < durationMs) {
      const text = (ms: number): string => (ms < 0 ? `-${offsetText(-ms)}` : offsetText(ms));
      const covers = seconds
        ? `${text(from)} to ${text(to)} from the start, the scenario lasts ${text(durationMs)}`
        : `${utcText(startUtcMs + from)} to ${utcText(startUtcMs + to)}, the scenario ` +
          `${utcText(startUtcMs)} to ${utcText(startUtcMs + durationMs)}`;
      throw table.error((from > 0 ? first : table.rows.at(-1))?.[timeAt] ?? NO_ROW, `the file covers ${covers}`);
    }
    return new PowerSeries(startsMs, powersMw);
  }

  /** Mean power of a time within the scenario, mW, integer: energy is conserved whatever the step. */
  meanMw(fromMs: number, toMs: number): number {
    let energy = 0;
    let at = fromMs;
    for (let i = this.indexAt(fromMs); at < toMs; i++) {
      const end = Math.min(toMs, this.startsMs[i + 1] ?? toMs);
      energy += (this.powersMw[i] ?? 0) * (end - at);
      at = end;
    }
    return Math.round(energy / (toMs - fromMs));
  }

  /** mW, rounded up. */
  get maximumMw(): number {
    return Math.ceil(this.powersMw.reduce((most, power) => Math.max(most, power), 0));
  }

  /** The interval that `ms` lies in. */
  private indexAt(ms: number): number {
    let [low, high] = [0, this.powersMw.length - 1];
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if ((this.startsMs[middle] ?? 0) <= ms) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}

const NO_ROW: Cell = { text: "", line: 1, column: 1 };

function valueColumn(table: CsvTable, { column, unit }: SeriesOptions): [number, Unit] {
  const at = table.columnOf(column);
  const cell = table.header[at ?? -1];
  if (at === undefined || cell === undefined) throw noColumn(table, column);
  // "load_kW", "load [kW]", "kW": the unit stands at the end, by itself.
  const said = /(?:^|[^A-Za-z])(W|kW|Wh|kWh)[\])]?$/.exec(column)?.[1] as Unit | undefined;
  if (unit !== undefined && said !== undefined && unit !== said) {
    throw table.error(cell, `the header says ${said}, the scenario ${unit}`);
  }
  const known = unit ?? said;
  if (known === undefined) {
    throw table.error(cell, `the header ends in no unit (W, kW, Wh, kWh), and the scenario gives none`);
  }
  return [at, known];
}

function timeColumn(table: CsvTable, { timeColumn: name }: SeriesOptions, valueAt: number): number {
  const at = name === undefined ? 0 : table.columnOf(name);
  if (at === undefined) throw noColumn(table, name ?? "");
  if (at === valueAt) throw table.error(table.header[at] ?? NO_ROW, "the same column for times and values");
  return at;
}

function noColumn(table: CsvTable, name: string): Error {
  const headers = table.header.map((cell) => cell.text.trim()).join(", ");
  return table.error(table.header[0] ?? NO_ROW, `there is no column ${JSON.stringify(name)}, only ${headers}`);
}

function secondsMs(table: CsvTable, cell: Cell): number {
  const text = cell.text.trim();
  if (!/^-?\d{1,12}(\.\d{1,3})?$/.test(text)) {
    throw table.error(cell, `${JSON.stringify(text)} is no number of seconds, as the first row's time is`);
  }
  return Math.round(Number(text) * 1000);
}

function utcMs(table: CsvTable, cell: Cell): number {
  const text = cell.text.trim();
  const ms = parseUtc(text);
  if (ms === undefined) {
    const wanted = "seconds since the start or ISO 8601 in UTC (2026-06-22T00:15:00Z)";
    throw table.error(cell, `${JSON.stringify(text)} is no time: ${wanted}`);
  }
  return ms;
}

function numberOf(table: CsvTable, cell: Cell): number {
  const text = cell.text.trim();
  const value = Number(text);
  if (!/^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(text) || !Number.isFinite(value)) {
    throw table.error(cell, `${JSON.stringify(text)} is no number`);
  }
  if (value < 0) throw table.error(cell, `${text} is negative; load and generation are from 0`);
  return value;
}

/** Begins of the intervals and the end of the last; the one that no row bounds is as long as its neighbour. */
function intervalStarts(marks: readonly number[], times: "interval_start" | "interval_end"): number[] {
  const at = (index: number): number => marks.at(index) ?? 0;
  return times === "interval_start" ? [...marks, 2 * at(-1) - at(-2)] : [2 * at(0) - at(1), ...marks];
}
