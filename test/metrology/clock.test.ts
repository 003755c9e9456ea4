import { expect } from "vitest";
import { parseRecord } from "../../host/ocmf/parse.js";
import { onEveryEngine } from "../driver/meters.js";
import { MeterClient, MIDNIGHT, pulseTrain } from "../driver/meter_client.js";

/** Quality flags: PROTOCOL.md, "Receipts". */
const UNSYNCHRONISED = 1;
const CLOCK_SET = 2;
const INCOMPLETE = 8;

const DAY_MS = 86_400_000;

const flagsOf = (record: string | number): number => {
  if (typeof record === "number") throw new Error(`no record: ${record}`);
  return Number(/"Q":(\d+)/.exec(record)?.[1]);
};
const timeOf = (record: string | number): string => /"TM":"([^"]+)"/.exec(String(record))?.[1] ?? "";

/** A meter in the second interval of a day, 100 s after its beginning, with 5 pulses in it. */
async function running(meter: MeterClient): Promise<void> {
  await meter.boot();
  await meter.setClock(0, MIDNIGHT);
  await meter.drain(900_000);
  await meter.edges(900_000, pulseTrain(0, 5, 900_000, 1000));
  await meter.tick(1_000_000);
}

const NOW = 1_000_000;

onEveryEngine("steps of a second are discipline, steps of two are marked; energy is what it was", async (open) => {
  for (const [step, flags] of [
    [1000, 0],
    [-1000, 0],
    [1999, 0],
    [2000, CLOCK_SET],
    [-2000, CLOCK_SET],
  ] as const) {
    const meter = new MeterClient(await open());
    await running(meter);
    await meter.setClock(NOW, MIDNIGHT + NOW + step);
    const before = (await meter.registers()).importPulses;
    const [record] = await meter.drain(1_800_000 - step);
    expect([timeOf(record ?? 0), flagsOf(record ?? 0)]).toEqual(["2026-06-22T00:30:00,000+0000 S", flags]);
    expect((await meter.registers()).importPulses).toBe(before);
    expect((await meter.tick(2_700_000 - step)) !== 0).toBe(true);
    await meter.driver.close();
  }
});

onEveryEngine("a second's step over an interval's end closes it once, at its end", async (open) => {
  const meter = new MeterClient(await open());
  await running(meter);
  await meter.setClock(1_799_500, MIDNIGHT + 1_800_500);
  const [first, ...none] = await meter.drain(1_799_500);
  expect([timeOf(first ?? 0), none]).toEqual(["2026-06-22T00:30:00,000+0000 S", []]);
  // And back again, behind the end that was closed.
  await meter.setClock(1_799_600, MIDNIGHT + 1_799_600);
  expect(await meter.drain(1_801_000)).toEqual([]);
  expect(timeOf(await meter.tick(2_700_000))).toBe("2026-06-22T00:45:00,000+0000 S");
});

onEveryEngine("an hour forth or back, 1970, 2038 and 2099 realign the interval and are marked", async (open) => {
  const cases: [utcMs: number, end: string][] = [
    [MIDNIGHT + NOW + 3_600_000, "2026-06-22T01:30:00,000+0000 S"],
    [MIDNIGHT + NOW - 3_600_000, "2026-06-21T23:30:00,000+0000 S"],
    [0, "1970-01-01T00:15:00,000+0000 S"],
    [Date.UTC(2038, 0, 19, 3, 14, 8), "2038-01-19T03:15:00,000+0000 S"],
    [Date.UTC(2099, 11, 31, 23, 50), "2100-01-01T00:00:00,000+0000 S"],
    [Date.UTC(2028, 1, 29, 23, 50), "2028-03-01T00:00:00,000+0000 S"],
  ];
  for (const [utcMs, end] of cases) {
    const meter = new MeterClient(await open());
    await running(meter);
    await meter.setClock(NOW, utcMs);
    const due = (await meter.registers()).intervalEndUtcMs - utcMs;
    expect(due).toBeGreaterThan(0);
    expect(due).toBeLessThanOrEqual(900_000);
    expect(await meter.tick(NOW + due - 1)).toBe(0);
    const record = await meter.tick(NOW + due);
    expect([timeOf(record), flagsOf(record)]).toEqual([end, CLOCK_SET + INCOMPLETE]);
    expect(record).toContain('"EF":"t"');
    expect(record).toContain('"P":[5,0]');
    await meter.driver.close();
  }
});

onEveryEngine("daylight saving changes nothing: the meter's time is UTC", async (open) => {
  const meter = new MeterClient(await open());
  await meter.boot({ intervalS: 3600 });
  const change = Date.UTC(2026, 9, 25, 1); // Central Europe goes back an hour
  await meter.setClock(0, change - 3_600_000);
  const times: string[] = [];
  for (let hour = 1; hour <= 3; hour++) times.push(timeOf(await meter.tick(hour * 3_600_000)).slice(11, 16));
  expect(times).toEqual(["01:00", "02:00", "03:00"]);
});

onEveryEngine("30 days without synchronisation: an info clock, marked, energy unchanged", async (open) => {
  const meter = new MeterClient(await open());
  await meter.boot({ intervalS: 3600 });
  await meter.setClock(0, MIDNIGHT);
  let pulses = 0n;
  for (let day = 0; day < 30; day++) {
    await meter.edges(day * DAY_MS, pulseTrain(0, 3, day * DAY_MS, 1000));
    const records = await meter.drain((day + 1) * DAY_MS);
    pulses += 3n;
    expect(records).toHaveLength(24);
    for (const [i, record] of records.entries()) {
      // The day after it was set a clock counts as synchronised, to its last second.
      const synchronised = day === 0;
      const flags = flagsOf(record) & ~INCOMPLETE;
      expect([day, i, flags, timeOf(record).at(-1)]).toEqual(
        synchronised ? [day, i, 0, "S"] : [day, i, UNSYNCHRONISED, "I"],
      );
      expect(parseRecord(record).tieline?.pulses[0]).toBe(pulses);
    }
  }
  await meter.setClock(30 * DAY_MS, MIDNIGHT + 30 * DAY_MS);
  expect(flagsOf(await meter.tick(30 * DAY_MS + 3_600_000))).toBe(0);
});

onEveryEngine("a clock that is only informative, or unknown, says so", async (open) => {
  for (const [state, errors] of [
    ["I", ""],
    ["U", "t"],
  ] as const) {
    const meter = new MeterClient(await open());
    await meter.boot();
    await meter.setClock(0, MIDNIGHT, state);
    const record = await meter.tick(900_000);
    expect(timeOf(record).at(-1)).toBe(state);
    expect(flagsOf(record) & UNSYNCHRONISED).toBe(UNSYNCHRONISED);
    expect(record).toContain(`"EF":"${errors}"`);
    await meter.driver.close();
  }
});
