import { setImmediate } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { encodeEdges } from "../../host/board/edge_fifo.js";
import { Entropy } from "../../host/board/entropy.js";
import { FaultyFlash } from "../../host/board/flash_faults.js";
import { KeyStore } from "../../host/board/key_store.js";
import { MetrologyBoard } from "../../host/board/metrology_board.js";
import { PowerCut, cutPoints, type CutPoint } from "../../host/board/power_cut.js";
import type { Engine } from "../../host/engine/engine.js";
import { availableEngines } from "../../host/engine/index.js";
import { Metrology, readMetrology } from "../../host/metrology/module.js";
import { decodeNote, type NoteRequest } from "../../host/metrology/note.js";
import { CONFIG, MIDNIGHT, pulseTrain } from "../driver/meter_client.js";
import { TEST_KEY } from "../driver/meters.js";
import { hashOf } from "../driver/note_client.js";

// Power fails at every byte of every program, and at four stages of every erase, while a meter issues notes: receipts
// and promises, sold and bought, over intervals that come and go, on a flash whose state journal turns often. Whatever
// is left, what was issued is still issued, and a swap has one note.

const SECTORS = 8;
const INTERVAL_S = 5;
const INTERVAL_MS = INTERVAL_S * 1000;
const DAYS = 40;
const LONG = process.env["TIELINE_LONG"] === "1";
/** Days that are cut to pieces: quiet ones, and those on which the journal changes its sector. */
const PER_KIND = LONG ? { v8: 3, wasm3: 1 } : { v8: 1, wasm3: 1 };
/** Of the points of such a day, on wasm3 each fifth: it boots slowly. */
const STRIDE = LONG ? { v8: 1, wasm3: 1 } : { v8: 1, wasm3: 5 };
const LEAST_CUTS = { v8: 4500, wasm3: 900 };
const CHANGED = { ...CONFIG, intervalS: INTERVAL_S, ratingW: 1000 };
const PULSE_MWH = 1000n;

const file = readMetrology();
const entropy = new Entropy("cut notes");

/** How often a meter that was cut still had something to give. */
const probes = { receipt: 0, promise: 0 };

interface Asked {
  readonly request: NoteRequest;
  /** The 88 bytes that left, once they have. */
  note: Uint8Array | undefined;
}

/** What is known of a meter outside: the swaps it was asked about, oldest first. */
class Life {
  private module: Metrology;

  constructor(
    private readonly engine: Engine,
    private readonly flash: FaultyFlash,
    readonly asked: Asked[] = [],
  ) {
    this.module = this.instantiate();
  }

  /** A day: two intervals, with pulses that are sold, and promises for days to come. Throws PowerCut. */
  live(day: number): void {
    this.boot(day);
    const first = startOf(day);
    const ask = (change: Partial<NoteRequest> & { energyMwh: bigint }, atMs: number): void => {
      const paymentHash = hashOf(this.asked.length);
      this.ask({ kind: "receipt", side: "sells", intervalStart: first + INTERVAL_S, paymentHash, ...change }, atMs);
    };
    const promise = (ahead: number, energyMwh: bigint): void =>
      ask({ kind: "promise", intervalStart: first + ahead * INTERVAL_S, energyMwh }, 100);
    promise(1 + (day % 3), 100n);
    promise(12 + (day % 5), BigInt(10 + day));
    this.drain(INTERVAL_MS);
    this.pulses(1, 4, INTERVAL_MS + 10);
    ask({ energyMwh: 500n }, INTERVAL_MS + 1000);
    ask({ energyMwh: 700n }, INTERVAL_MS + 1000);
    this.pulses(0, 2, INTERVAL_MS + 1010);
    ask({ energyMwh: 1999n, side: "buys" }, INTERVAL_MS + 2000);
    this.drain(2 * INTERVAL_MS);
    ask({ energyMwh: 900n }, 2 * INTERVAL_MS);
  }

  boot(day: number): void {
    this.module = this.instantiate();
    this.module.boot(CHANGED, 0);
    this.drain(0);
    this.module.setClock(0, startOf(day) * 1000, "S");
  }

  /** Asks for a note, which the meter must give; the same as before if it gave one for that swap. */
  ask(request: NoteRequest, atMs: number): void {
    const known = this.asked.find((asked) => asked.request.paymentHash === request.paymentHash);
    const asked = known ?? { request, note: undefined };
    if (known === undefined) this.asked.push(asked);
    const note = this.module.note(request, atMs);
    if (typeof note === "number") return expect.fail(`${JSON.stringify(request, plain)}: ${note}`);
    if (asked.note !== undefined) expect(note).toEqual(asked.note);
    asked.note = note;
  }

  /** Energy that left in notes for an interval. */
  issued(start: number, side: NoteRequest["side"]): bigint {
    return this.asked
      .filter(({ request, note }) => request.intervalStart === start && request.side === side && note !== undefined)
      .reduce((sum, { request }) => sum + request.energyMwh, 0n);
  }

  /** After a cut on `day`: all that was issued still is, and counts. */
  check(day: number): void {
    this.boot(day);
    // Notes that left are there, byte for byte. One that was under way is there or not.
    this.recall(16);
    const starts = this.asked.map(({ request }) => request.intervalStart);
    const ahead = [...new Set(starts)].filter((start) => start > startOf(day) + 3 * INTERVAL_S);
    expect(ahead.length).toBeGreaterThan(0);
    for (const start of ahead) this.probe("promise", start, "sells", 100);
    // Each new note has taken the place of the oldest one.
    this.recall(16 - ahead.length);
  }

  /** After a cut, once the second interval of `day` is closed: its receipts end with what its record says. */
  checkReceipts(day: number): void {
    this.boot(day);
    this.drain(3 * INTERVAL_MS);
    const start = startOf(day) + INTERVAL_S;
    for (const [side, pulses] of [
      ["sells", 4n],
      ["buys", 2n],
    ] as const) {
      const rest = pulses * PULSE_MWH - this.issued(start, side) + 1n;
      const request = { kind: "receipt", side, intervalStart: start, paymentHash: hashOf(-1) } as const;
      expect(this.module.note({ ...request, energyMwh: rest }, 3 * INTERVAL_MS)).toBeLessThan(0);
      this.probe("receipt", start, side, 3 * INTERVAL_MS);
    }
  }

  /** The last `count` notes, as far as they left, are given again byte for byte. */
  private recall(count: number): void {
    for (const { request, note } of this.asked.slice(-count)) {
      if (note !== undefined) expect(this.module.note(request, 100)).toEqual(note);
    }
  }

  /** One mWh more, if the meter gives it: it stands on top of all that left, and of what was under way or not. */
  private probe(kind: NoteRequest["kind"], intervalStart: number, side: NoteRequest["side"], atMs: number): void {
    const request = { kind, side, intervalStart, energyMwh: 1n, paymentHash: hashOf(-2 - intervalStart) } as const;
    const note = this.module.note(request, atMs);
    if (typeof note === "number") return expect(kind, `refused: ${note}`).toBe("receipt");
    probes[kind]++;
    const issued = this.issued(intervalStart, side) + 1n;
    const cut = this.asked.at(-1);
    const underWay =
      cut?.note === undefined && cut?.request.intervalStart === intervalStart && cut.request.side === side;
    const allowed = underWay ? [issued, issued + cut.request.energyMwh] : [issued];
    expect(allowed).toContain(decodeNote(note).issuedMwh);
    if (kind === "receipt" && side === "buys") expect(issued).toBeLessThanOrEqual(2n * PULSE_MWH);
  }

  private pulses(input: number, count: number, fromMs: number): void {
    this.module.pulseEdges(fromMs, encodeEdges(fromMs, pulseTrain(input, count, fromMs, 60)));
  }

  private drain(monoMs: number): void {
    while (this.module.tick(monoMs) !== undefined);
  }

  private instantiate(): Metrology {
    return new Metrology(this.engine, file, new MetrologyBoard(this.flash, new KeyStore(TEST_KEY)));
  }
}

/** Every day begins with an interval of its own. */
const startOf = (day: number): number => MIDNIGHT / 1000 + day * 4 * INTERVAL_S;
/** JSON.stringify of bigints. */
const plain = (_key: string, value: unknown): unknown => (typeof value === "bigint" ? `${value}` : value);

function cutDay(
  engine: Engine,
  before: FaultyFlash,
  asked: readonly Asked[],
  day: number,
  point: CutPoint,
  label: string,
): void {
  const flash = before.fork(label);
  const known = asked.map((each) => ({ ...each }));
  const life = new Life(engine, flash, known);
  flash.cutAt(point);
  expect(
    wasCut(() => life.live(day)),
    label,
  ).toBe(true);
  flash.powerOn();
  const copy = flash.fork(`${label}, receipts`);
  try {
    life.check(day);
    new Life(engine, copy, life.asked).checkReceipts(day);
  } catch (error) {
    throw new Error(label, { cause: error });
  }
}

function wasCut(action: () => void): boolean {
  try {
    action();
    return false;
  } catch (error) {
    if (error instanceof PowerCut) return true;
    throw error;
  }
}

describe.each(availableEngines())("power cuts while notes are issued on $name", (engine) => {
  it("lose nothing that was issued, and give no swap two notes", { timeout: 1_200_000 }, async () => {
    const flash = new FaultyFlash(4096, SECTORS, entropy.stream("flash"));
    const life = new Life(engine, flash);
    const left = new Map(["quiet", "journal"].map((kind) => [kind, PER_KIND[engine.name]]));
    let cuts = 0;
    for (let day = 0; day < DAYS; day++) {
      const before = flash.fork(`day ${day}`);
      const asked = life.asked.map((each) => ({ ...each }));
      const operations = flash.record();
      life.live(day);
      const kind = operations.some((each) => each.kind === "erase" && each.sector < 3) ? "journal" : "quiet";
      const days = left.get(kind) ?? 0;
      // The first days have little to lose.
      if (days === 0 || day < 5) continue;
      left.set(kind, days - 1);
      for (const [i, point] of cutPoints(operations).entries()) {
        if (i % STRIDE[engine.name] !== 0) continue;
        cutDay(engine, before, asked, day, point, `day ${day}, ${JSON.stringify(point)}`);
        cuts++;
        // wasm3 gives the memory of instances that are gone back when the event loop turns.
        await setImmediate();
      }
    }
    expect([...left.values()]).toEqual([0, 0]);
    expect(cuts).toBeGreaterThanOrEqual(LEAST_CUTS[engine.name]);
    expect(probes.receipt).toBeGreaterThan(100);
    expect(probes.promise).toBeGreaterThan(100);
    console.log(`${cuts} power cuts on ${engine.name}`);
  });
});
