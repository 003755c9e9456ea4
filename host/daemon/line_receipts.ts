import type { LineMeter } from "../board/meter_port.js";
import type { EnergyInfo } from "../node/energy_answers.js";
import { parseRecord } from "../ocmf/parse.js";

// Which records of a line's own meter prove what is open on the line.

/** The newest ones, whatever they are for. */
const NEWEST = 8;

/**
 * Records of the line's own meter, oldest first: where its closed intervals end and its own close does, those around each
 * interval that has a position, and the newest ones. A dispute or a forced close may be long ago. Only records that end with
 * an interval of the line: all that a judge takes.
 */
export function ownReceipts(meter: LineMeter, line: EnergyInfo): string[] {
  const { intervalS, closedUntil, holderClose, positions } = line;
  const next = meter.nextPage();
  const ends = [closedUntil, holderClose?.until ?? 0, ...positions.flatMap(({ start }) => [start, start + intervalS])];
  const pages = new Set(ends.filter((end) => end > 0).map((end) => pageFrom(meter, next, end)));
  for (let page = next - NEWEST; page < next; page++) pages.add(page);
  return [...pages]
    .filter((page) => page > 0 && page < next)
    .sort((a, b) => a - b)
    .flatMap((page) => meter.fiscalRecord(page) ?? [])
    .filter((record) => endOf(record) % intervalS === 0);
}

/** End of a record's interval, UTC in s. */
const endOf = (record: string): number => parseRecord(record).readings[0].time.epochMs / 1000;

/** The first page before `next` whose interval ended at `end` or later, `next` if none did; what is overwritten is earlier. */
function pageFrom(meter: LineMeter, next: number, end: number): number {
  let [low, high] = [1, next];
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const record = meter.fiscalRecord(middle);
    if (record === undefined || endOf(record) < end) low = middle + 1;
    else high = middle;
  }
  return low;
}
