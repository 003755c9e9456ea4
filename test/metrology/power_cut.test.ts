import { setImmediate } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { Entropy } from "../../host/board/entropy.js";
import { FaultyFlash } from "../../host/board/flash_faults.js";
import { KeyStore } from "../../host/board/key_store.js";
import { MetrologyBoard } from "../../host/board/metrology_board.js";
import { PowerCut, cutPoints, type CutPoint } from "../../host/board/power_cut.js";
import { availableEngines } from "../../host/engine/index.js";
import type { Engine } from "../../host/engine/engine.js";
import { Metrology, readMetrology } from "../../host/metrology/module.js";
import { recordHash } from "../../host/ocmf/chain.js";
import { CONFIG, MIDNIGHT, pulseTrain } from "../driver/meter_client.js";
import { encodeEdges } from "../../host/board/edge_fifo.js";
import { TEST_KEY } from "../driver/meters.js";

// Power fails at every byte of every program and at four stages of every erase of a working life: boots, pulses,
// closings, transactions, tampering and changes of sector, on a flash so small that each of its rings turns often. Each
// life is cut into days that begin with a boot, so that a day can be lived again from a copy of its flash.

const SECTOR_BYTES = 4096;
const SECTORS = 8;
const INTERVAL_MS = 5000;
/** Days of the life; of each kind, how many are cut to pieces. A day that changes a sector is of its region's kind. */
const DAYS = 400;
const LONG = process.env["TIELINE_LONG"] === "1";
const PER_KIND = LONG ? { v8: 20, wasm3: 5 } : { v8: 4, wasm3: 1 };
/** What comes of them: 30,000 in all, most on the engine that boots fastest. */
const LEAST_CUTS = { v8: 24_300, wasm3: 5_700 };
/** Region of a sector of this geometry: 3 sectors of journal, 2 of events, 3 of records. */
const regionOf = (sector: number): string => (sector < 3 ? "journal" : sector < 5 ? "events" : "records");

const file = readMetrology();
const entropy = new Entropy("power cuts");

/** "F12", and the hash of the record before. Parsing whole records would take most of the time of this test. */
const pageOf = (record: string): string => /"PG":"([FT]\d+)"/.exec(record)?.[1] ?? expect.fail(record);
const previousHashOf = (record: string): string => /"H":"([0-9a-f]{64})"/.exec(record)?.[1] ?? expect.fail(record);

/** What is known of a meter from outside. */
interface Outside {
  /** Registers, import and export, that a power cut may bring back: those saved last, and those in progress. */
  registers: [bigint, bigint][];
  /** Records that left, by page. */
  readonly records: Map<string, string>;
}

class Life {
  readonly outside: Outside = { registers: [[0n, 0n]], records: new Map() };
  private module: Metrology;

  constructor(
    private readonly engine: Engine,
    private readonly flash: FaultyFlash,
  ) {
    this.module = this.instantiate();
  }

  /** One day: boot, clock, and what is done on it. Throws PowerCut. `acknowledged` is told whenever a call returned. */
  live(day: number, acknowledged: () => void): void {
    const calls = [...this.day(day)];
    for (const call of calls) {
      call();
      acknowledged();
    }
  }

  /** Powers up again and returns the registers; whatever was due comes out. Throws PowerCut if one is set. */
  recover(): [bigint, bigint] {
    this.module = this.instantiate();
    this.module.boot({ ...CONFIG, intervalS: INTERVAL_MS / 1000 }, 0);
    const registers = this.registers();
    this.drain(0);
    return registers;
  }

  /** The rest of a day after a cut: an interval with pulses, and its record. */
  goOn(day: number): void {
    this.module.setClock(100, MIDNIGHT + day * 60_000 + 30_000, "S");
    this.pulses(0, 2, 200);
    const before = this.outside.records.size;
    this.drain(100 + INTERVAL_MS);
    expect(this.outside.records.size).toBeGreaterThan(before);
  }

  registers(): [bigint, bigint] {
    const { importPulses, exportPulses } = this.module.registers();
    return [importPulses, exportPulses];
  }

  /** The newest signed records of both contexts, as far as the ring holds them. */
  signed(): string[] {
    const { nextPage, nextTransactionPage } = this.module.registers();
    const pages = (context: "F" | "T", next: number): string[] =>
      Array.from(
        { length: Math.min(next - 1, 12) },
        (_, i) => this.module.record(context, next - 1 - i) ?? "",
      ).reverse();
    return [...pages("F", nextPage), ...pages("T", nextTransactionPage)].filter((record) => record !== "");
  }

  private *day(day: number): Generator<() => void> {
    const utcMs = MIDNIGHT + day * 60_000;
    yield () => this.module.boot({ ...CONFIG, intervalS: INTERVAL_MS / 1000 }, 0);
    yield () => this.drain(0);
    yield () => this.module.setClock(0, utcMs, "S");
    yield () => this.pulses(day % 2, 11, 100);
    if (day % 3 === 0) yield () => this.module.transaction("B", 3000, { identification: "card", tariff: `day ${day}` });
    yield () => this.drain(3000);
    if (day % 4 === 1) yield () => this.module.tamper("cover", true, 3500);
    yield () => this.drain(INTERVAL_MS);
    yield () => this.pulses(0, 3, INTERVAL_MS);
    // On every other such day the transaction is left to the power cut that ends the day.
    if (day % 6 === 0) yield () => this.module.transaction("E", INTERVAL_MS + 4000);
    yield () => this.drain(2 * INTERVAL_MS);
  }

  private pulses(input: number, count: number, fromMs: number): void {
    this.module.pulseEdges(fromMs, encodeEdges(fromMs, pulseTrain(input, count, fromMs, 60)));
  }

  private drain(monoMs: number): void {
    for (let record = this.module.tick(monoMs); record !== undefined; record = this.module.tick(monoMs)) {
      const page = pageOf(record);
      const before = this.outside.records.get(page);
      // A page may come out twice, but never with two contents.
      if (before !== undefined && before !== record) expect(record, page).toBe(before);
      this.outside.records.set(page, record);
    }
  }

  private instantiate(): Metrology {
    return new Metrology(this.engine, file, new MetrologyBoard(this.flash, new KeyStore(TEST_KEY)));
  }
}

/** The same life from a copy of its flash, knowing what was known outside. */
function fork(engine: Engine, flash: FaultyFlash, outside: Outside, label: string): { life: Life; flash: FaultyFlash } {
  const copy = flash.fork(label);
  const life = new Life(engine, copy);
  life.outside.registers = outside.registers;
  for (const [page, record] of outside.records) life.outside.records.set(page, record);
  return { life, flash: copy };
}

/** Runs what may be cut; true if it was. */
function wasCut(action: () => void): boolean {
  try {
    action();
    return false;
  } catch (error) {
    if (error instanceof PowerCut) return true;
    throw error;
  }
}

/** Records of one context hang together: pages one by one, each with the hash of the one before. */
function expectChain(records: readonly string[], label: string): void {
  for (const [i, record] of records.entries()) {
    const previous = records[i - 1];
    const page = pageOf(record);
    if (previous === undefined || pageOf(previous)[0] !== page[0]) continue;
    const follows = Number(page.slice(1)) === Number(pageOf(previous).slice(1)) + 1;
    if (!follows || previousHashOf(record) !== recordHash(previous)) expect.fail(`${label}: ${previous}\n${record}`);
  }
}

/** Lives one day with the power cut at `point`, perhaps cuts the recovery too, and checks what is left. */
function cutDay(
  engine: Engine,
  flash: FaultyFlash,
  outside: Outside,
  day: number,
  point: CutPoint,
  label: string,
): void {
  const { life, flash: copy } = fork(engine, flash, outside, label);
  copy.cutAt(point);
  let calls = 0;
  const cut = wasCut(() => life.live(day, () => calls++));
  if (!cut) expect.fail(`${label}: no cut came`);
  copy.powerOn();
  // Every tenth recovery is cut as well, at a place of its own.
  const draw = entropy.stream(label);
  if (draw.below(10) === 0) {
    copy.cutAt({ kind: "program", index: draw.below(4), bytes: draw.below(60) });
    wasCut(() => life.recover());
    copy.cutAt(undefined);
    copy.powerOn();
  }
  const registers = life.recover();
  const allowed = [outside.registers[calls], outside.registers[calls + 1]];
  if (!allowed.some((pair) => pair?.[0] === registers[0] && pair[1] === registers[1])) {
    expect(allowed, `${label}: registers after ${calls} calls`).toContainEqual(registers);
  }
  checkRecords(life, label);
  // Life goes on, and what comes next fits to what was before.
  life.goOn(day);
  checkRecords(life, label);
}

/** What is signed hangs together, and is what left. */
function checkRecords(life: Life, label: string): void {
  const signed = life.signed();
  expectChain(signed, label);
  for (const record of signed) {
    const left = life.outside.records.get(pageOf(record));
    if (left !== undefined && left !== record) expect(record, label).toBe(left);
  }
}

/** Registers as they would come back after each call of a day. */
function savedRegisters(engine: Engine, flash: FaultyFlash, outside: Outside, day: number): [bigint, bigint][] {
  const { life, flash: copy } = fork(engine, flash, outside, `saved/${day}`);
  const now = (): [bigint, bigint] => new Life(engine, copy.fork("now")).recover();
  const saved = [now()];
  life.live(day, () => saved.push(now()));
  return saved;
}

describe.each(availableEngines())("power cuts on $name", (engine) => {
  const title = "lose nothing that was acknowledged, sign no page twice and leave the chain whole";
  it(title, { timeout: LONG ? 7_200_000 : 900_000 }, async () => {
    const flash = new FaultyFlash(SECTOR_BYTES, SECTORS, entropy.stream("flash"));
    const life = new Life(engine, flash);
    const left = new Map(["quiet", "journal", "events", "records"].map((kind) => [kind, PER_KIND[engine.name]]));
    let cuts = 0;
    for (let day = 0; day < DAYS; day++) {
      const records = new Map(life.outside.records);
      const before = flash.fork(`day/${day}`);
      const operations = flash.record();
      life.live(day, () => undefined);
      const erase = operations.find((operation) => operation.kind === "erase");
      const kind = erase === undefined ? "quiet" : regionOf(erase.sector);
      const days = left.get(kind) ?? 0;
      if (days === 0) continue;
      left.set(kind, days - 1);
      const outside = { records, registers: savedRegisters(engine, before, life.outside, day) };
      for (const point of cutPoints(operations)) {
        cutDay(engine, before, outside, day, point, `day ${day}, ${JSON.stringify(point)}`);
        cuts++;
        // wasm3 gives the memory of instances that are gone back when the event loop turns.
        await setImmediate();
      }
    }
    expect([...left.values()]).toEqual([0, 0, 0, 0]);
    expect(cuts).toBeGreaterThanOrEqual(LEAST_CUTS[engine.name]);
    console.log(`${cuts} power cuts on ${engine.name}`);
  });
});
