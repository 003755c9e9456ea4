import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { LineMeter } from "../../host/board/meter_port.js";
import { EmulatedLineMeter } from "../../host/daemon/line_meter.js";
import { ownReceipts } from "../../host/daemon/line_receipts.js";
import { availableEngines } from "../../host/engine/index.js";
import { readMetrology } from "../../host/metrology/module.js";
import type { EnergyInfo } from "../../host/node/energy_answers.js";
import { parseRecord } from "../../host/ocmf/parse.js";
import { TestClock } from "./test_clock.js";

const INTERVAL_S = 10;
/** The start of an interval, ms. */
const START_MS = 1_800_000_000_000;
const [engine] = availableEngines();

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "tieline-meter-"));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

function open(clock: TestClock, name: string, loadW: number): EmulatedLineMeter {
  if (engine === undefined) throw new Error("no engine");
  const options = { engine, module: readMetrology(), clock, path: join(folder, name), serial: name };
  return EmulatedLineMeter.open({ ...options, intervalS: INTERVAL_S, loadW });
}

/** What a meter has signed: end of the interval in s, import and export in pulses. */
const signed = (meter: EmulatedLineMeter): (readonly [number, bigint, bigint])[] =>
  Array.from({ length: meter.nextPage() - 1 }, (_, i) => meter.fiscalRecord(i + 1)).flatMap((text) => {
    const record = parseRecord(text ?? "");
    const [imported = 0n, exported = 0n] = record.tieline?.pulses ?? [];
    return [[record.readings[0].time.epochMs / 1000, imported, exported] as const];
  });

describe("an emulated line meter", () => {
  it("counts its load by UTC, so that two of them agree whenever they look", () => {
    const clocks = [new TestClock(START_MS + 3_000), new TestClock(START_MS + 3_000)] as const;
    const [a, b] = [open(clocks[0], "a", -7_777), open(clocks[1], "b", 7_777)];
    for (let s = 0; s < 30; s++) {
      clocks[0].advance(1_000);
      a.advance();
    }
    // The other one does not look for the first 25 s, over two ends of intervals.
    for (const ms of [24_999, 5_001]) {
      clocks[1].advance(ms);
      b.advance();
    }
    // 7,777 W x 10 s are 2,160.28 pulses of 10 mWh, or 21,602 mWh.
    const ends = signed(a);
    expect(ends.map(([end]) => end)).toEqual([1_800_000_010, 1_800_000_020, 1_800_000_030]);
    expect((ends[1]?.[2] ?? 0n) - (ends[0]?.[2] ?? 0n)).toBeGreaterThanOrEqual(2_160n);
    expect((ends[2]?.[2] ?? 0n) - (ends[0]?.[2] ?? 0n)).toBeOneOf([4_320n, 4_321n]);
    expect(signed(b).map(([end, imported, exported]) => [end, exported, imported])).toEqual(ends);
    expect(b.countedMwh().exportMwh).toBe(0n);
    a.close();
    b.close();
  });

  it("has counted on when it is started again, with the same key; another load begins where this one was", () => {
    const clock = new TestClock(START_MS);
    const first = open(clock, "m", 3_600);
    const key = first.publicKey();
    clock.advance(4_000);
    first.advance();
    expect(first.countedMwh().importMwh).toBe(4_000n);
    // Not closed: the process was killed.
    clock.advance(3_600_000);
    const second = open(clock, "m", 3_600);
    expect(second.publicKey()).toEqual(key);
    expect(second.countedMwh()).toMatchObject({ importMwh: 3_604_000n, exportMwh: 0n });
    second.close();
    clock.advance(1_000);
    const third = open(clock, "m", -3_600);
    expect(third.loadW).toBe(-3_600);
    clock.advance(2_000);
    third.advance();
    expect(third.countedMwh()).toMatchObject({ importMwh: 3_605_000n, exportMwh: 2_000n });
    third.close();
  });

  it("signs notes for what it has metered by now, and for no more", () => {
    const clock = new TestClock(START_MS);
    const meter = open(clock, "m", -3_600);
    clock.advance(10_000);
    meter.advance();
    clock.advance(5_000);
    const request = { kind: "receipt", side: "sells", intervalStart: START_MS / 1000 + 10 } as const;
    const paymentHash = new Uint8Array(32).fill(1);
    expect(meter.note({ ...request, energyMwh: 5_001n, paymentHash })).toBeTypeOf("number");
    expect(meter.note({ ...request, energyMwh: 5_000n, paymentHash })).toHaveLength(88);
    expect(meter.note({ ...request, energyMwh: 10n, paymentHash: paymentHash.fill(2) })).toBeTypeOf("number");
    meter.close();
  });

  it("is told the time when the clock of the machine was set", () => {
    let offsetMs = 0;
    class SetClock extends TestClock {
      override nowMs(): number {
        return super.nowMs() + offsetMs;
      }
    }
    const clock = new SetClock(START_MS);
    const meter = open(clock, "m", 3_600);
    clock.advance(5_000);
    offsetMs = 3_600_000;
    meter.advance();
    clock.advance(15_000);
    meter.advance();
    expect(signed(meter).at(-1)?.[0]).toBe(START_MS / 1000 + 3_620);
    expect(meter.countedMwh().importMwh).toBe(3_620_000n);
    meter.close();
  });

  it("names files that are missing or broken", () => {
    const clock = new TestClock(START_MS);
    open(clock, "m", 5).close();
    const load = join(folder, "m_load");
    for (const bad of ["", "[]", '{"load_w":5}', '{"load_w":5,"since_ms":1,"import_pulses":"x","export_pulses":"0"}']) {
      const text = readFileSync(load, "utf8");
      writeFileSync(load, bad);
      expect(() => open(clock, "m", 5)).toThrow(/m_load: does not say what load/);
      writeFileSync(load, text);
    }
    rmSync(join(folder, "m_key"));
    expect(() => open(clock, "m", 5)).toThrow(/m_key: is missing, and the flash/);
  });
});

describe("receipts of a line's own meter", () => {
  /** The end of an interval, s: of number 0 the meter's first record is. */
  const endOf = (number: number): number => START_MS / 1000 + (number + 1) * INTERVAL_S;
  const ends = (records: readonly string[]): number[] =>
    records.map((record) => parseRecord(record).readings[0].time.epochMs / 1000);
  const line = (change: Partial<EnergyInfo>): EnergyInfo =>
    ({ intervalS: INTERVAL_S, closedUntil: 0, holderClose: undefined, positions: [], ...change }) as EnergyInfo;
  const newest = [12, 13, 14, 15, 16, 17, 18, 19].map((number) => endOf(number + 20));

  it("are those of what is open, however long ago it was closed, and the newest", () => {
    const clock = new TestClock(START_MS);
    const meter = open(clock, "m", 3_600);
    clock.advance(40 * INTERVAL_S * 1000);
    meter.advance();
    expect(ends(ownReceipts(meter, line({})))).toEqual(newest);
    const holderClose = { until: endOf(6) } as NonNullable<EnergyInfo["holderClose"]>;
    const positions = [endOf(6), endOf(20), endOf(100)].map((start) => ({ start, flowMwh: 1n, promisedMwh: 0n }));
    const disputed = line({ closedUntil: endOf(3), holderClose, positions });
    const ofWhatIsOpen = [3, 6, 7, 20, 21].map(endOf);
    expect(ends(ownReceipts(meter, disputed))).toEqual([...ofWhatIsOpen, ...newest]);
    // What is overwritten is not there, and the search goes past it.
    const forgetful: LineMeter = {
      publicKey: () => meter.publicKey(),
      nextPage: () => meter.nextPage(),
      fiscalRecord: (page) => (page < 8 ? undefined : meter.fiscalRecord(page)),
      note: (request) => meter.note(request),
    };
    expect(ends(ownReceipts(forgetful, disputed))).toEqual([...ofWhatIsOpen.slice(2), ...newest]);
    // A line of longer intervals takes every other receipt alone.
    const slower = line({ intervalS: 2 * INTERVAL_S });
    expect(ends(ownReceipts(meter, slower))).toEqual(newest.filter((end) => end % (2 * INTERVAL_S) === 0));
    meter.close();
  });

  it("are none before there is one", () => {
    const meter = open(new TestClock(START_MS), "m", 3_600);
    expect(ownReceipts(meter, line({ closedUntil: endOf(3) }))).toEqual([]);
    meter.close();
  });
});
