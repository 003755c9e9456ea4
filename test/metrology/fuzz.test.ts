import { describe, expect, it } from "vitest";
import { Entropy } from "../../host/board/entropy.js";
import { KeyStore } from "../../host/board/key_store.js";
import { MetrologyBoard } from "../../host/board/metrology_board.js";
import { NorFlash } from "../../host/board/nor_flash.js";
import { availableEngines } from "../../host/engine/index.js";
import { COUNTER_INPUT, encodeConfig } from "../../host/metrology/config.js";
import { Metrology, readMetrology } from "../../host/metrology/module.js";
import { decodeNote } from "../../host/metrology/note.js";
import { CONFIG, MIDNIGHT } from "../driver/meter_client.js";
import { hashOf } from "../driver/note_client.js";

// Random and mutated calls of every export. Whatever they are, the module does not trap, and the registers are what a
// model of a few lines says: input 0 counts leading edges, input 1 is a 16-bit counter.

/** Calls in all; wasm3 makes its part of them. */
const CALLS =
  process.env["TIELINE_LONG"] === "1" ? { v8: 9_000_000, wasm3: 1_000_000 } : { v8: 900_000, wasm3: 100_000 };

const RAW_EDGE = { filter: "edge", minOnMs: 0, minOffMs: 0, minPeriodMs: 0 } as const;
const record = encodeConfig({ ...CONFIG, meterConstant: 77, ratingW: 500, inputs: [RAW_EDGE, COUNTER_INPUT] });

class Fuzzer {
  private readonly flash = new NorFlash(4096, 16);
  private meter: Metrology;
  private up = false;
  private level = 0;
  private counter = 0;
  private pulses: [bigint, bigint] = [0n, 0n];
  private saved: [bigint, bigint] = [0n, 0n];
  private nowMs = 0;
  /** Pulses of both inputs, records and events: what the random calls brought about. */
  readonly did = { edges: 0, counted: 0, records: 0, transactions: 0, boots: 0, notes: 0 };
  /** Totals by interval and side, and the signatures of the notes that made them. */
  private readonly issued = new Map<string, bigint>();
  private readonly given = new Set<string>();

  constructor(
    private readonly random: Entropy,
    engine: (typeof engines)[number],
  ) {
    this.meter = new Metrology(engine, readMetrology(), new MetrologyBoard(this.flash, new KeyStore(random.bytes(32))));
  }

  step(): void {
    const { random } = this;
    switch (random.below(17)) {
      case 0:
        return void (random.below(20) === 0 && this.boot());
      case 1:
        return void this.call(
          "set_clock",
          this.time(),
          BigInt(MIDNIGHT) + this.oddTime(),
          this.pick(85, 73, 83, 0, random.uint32() | 0),
        );
      case 2:
        return this.count();
      case 3:
        return void this.call("tamper", this.small(), this.small(), this.time());
      case 4:
        return this.transaction();
      case 5:
        return void this.call("record", this.pick(70, 84, this.small()), this.small());
      case 6:
        return void this.call("event", this.small());
      case 7:
      case 8:
        return this.edges();
      case 9:
        return this.note();
      default:
        this.nowMs += random.below(3000);
        if (this.call("tick", this.time()) > 0) this.did.records++;
    }
  }

  /** Registers agree with the model. */
  check(): void {
    if (!this.up) return;
    const { importPulses, exportPulses } = this.meter.registers();
    if (importPulses !== this.pulses[0] || exportPulses !== this.pulses[1]) {
      expect([importPulses, exportPulses]).toEqual(this.pulses);
    }
  }

  private boot(): void {
    const mutated = record.slice();
    if (this.random.below(2) === 0) mutated[this.random.below(mutated.length)] = this.random.below(256);
    const constantIsKept = new DataView(mutated.buffer).getUint32(4, true) === 77;
    this.meter.input(mutated);
    const result = this.call(
      "boot",
      this.pick(mutated.length, mutated.length, this.small()),
      this.pickBig(0n, this.oddTime()),
    );
    this.up = result === 0;
    if (!this.up) return;
    this.did.boots++;
    expect(constantIsKept).toBe(true);
    // What was saved comes back, or more: never less, never more than was counted.
    const { importPulses, exportPulses } = this.meter.registers();
    for (const [i, value] of [importPulses, exportPulses].entries()) {
      if (value < (this.saved[i] ?? 0n) || value > (this.pulses[i] ?? 0n)) expect(value).toBe(this.pulses[i]);
    }
    this.pulses = [importPulses, exportPulses];
    this.saved = [importPulses, exportPulses];
    this.level = 0;
    this.counter = 0;
    // A mutation can leave a configuration that is valid and is not the model's: start over with the right one.
    this.meter.input(record);
    this.up = this.call("boot", record.length, 0n) === 0;
    this.nowMs = 0;
  }

  private count(): void {
    const input = this.pick(1, 1, 0, this.small());
    const value = this.pick(this.random.below(65_536), this.random.below(65_536), this.random.uint32() | 0);
    const result = this.call("pulse_counter", input, value, this.time());
    if (result < 0) return;
    expect([input, result]).toEqual([1, (value - this.counter + 65_536) % 65_536]);
    this.counter = value;
    this.pulses[1] += BigInt(result);
    this.did.counted += result;
  }

  private edges(): void {
    const count = this.random.below(40);
    const edges = Array.from({ length: count }, () => this.random.uint32());
    // Most batches name only inputs that exist, and come in order of time.
    const tame = this.random.below(8) !== 0;
    const base = this.nowMs;
    const words = tame ? edges.map((edge, i) => ((edge & 0x80000000) | (i * 50)) >>> 0) : edges;
    this.meter.input(new Uint8Array(Uint32Array.from(words).buffer));
    const taken = this.call(
      "pulse_edges",
      tame ? BigInt(base) : this.time(),
      this.pick(count, count, count, this.random.uint32() | 0),
    );
    for (const word of words.slice(0, Math.max(0, taken))) {
      if (((word >>> 28) & 7) === 1) continue; // the counter's input has no edges
      const level = word >>> 31;
      if (level === 1 && this.level === 0) {
        this.pulses[0] += 1n;
        this.did.edges++;
      }
      this.level = level;
    }
    // More than the batch has is what the buffer held before; the model does not know it.
    if (taken > count) this.resync();
  }

  private transaction(): void {
    const texts = this.random.bytes(this.random.below(100));
    if (texts.length >= 2 && this.random.below(2) === 0) {
      texts[0] = Math.min(40, texts.length - 2);
      texts[1] = texts.length - 2 - texts[0];
      for (let i = 2; i < texts.length; i++) texts[i] = 0x61 + ((texts[i] ?? 0) % 26);
    }
    this.meter.input(texts);
    const reason = this.pick(66, 84, 69, 76, 82, 65, this.random.uint32() | 0);
    const length = this.pick(texts.length, texts.length, 0, this.small());
    if (this.call("transaction", reason, length, this.time()) === 0) this.did.transactions++;
  }

  /** Mostly for the running interval and those around it. A total never falls, and stands on all that was issued. */
  private note(): void {
    const { random } = this;
    const running = Math.floor((MIDNIGHT + this.nowMs) / 1000 / CONFIG.intervalS);
    const start = this.pick(
      (running + random.below(20) - 4) * CONFIG.intervalS,
      running * CONFIG.intervalS,
      this.small(),
    );
    const energy = this.pickBig(1n, BigInt(random.below(20_000)), this.oddTime());
    const how = this.pick(random.below(4), random.below(4), this.small());
    this.meter.input(hashOf(random.below(5000)));
    const result = this.call("note", how, start, energy, this.time());
    if (result < 0) return;
    expect(result).toBe(88);
    const { intervalStart, energyMwh, issuedMwh, signature } = decodeNote(this.meter.output(88));
    expect([intervalStart, energyMwh]).toEqual([start >>> 0, energy]);
    this.did.notes++;
    // One that is kept comes again as it was.
    const text = Buffer.from(signature).toString("hex");
    if (this.given.has(text)) return;
    this.given.add(text);
    const key = `${intervalStart}/${how & 2}`;
    const before = this.issued.get(key) ?? 0n;
    expect(issuedMwh).toBe(before + energyMwh);
    this.issued.set(key, issuedMwh);
  }

  private resync(): void {
    const { importPulses, exportPulses } = this.meter.registers();
    expect(importPulses >= this.pulses[0] && exportPulses >= this.pulses[1]).toBe(true);
    this.boot();
  }

  private call(name: Parameters<Metrology["call"]>[0], ...args: (number | bigint)[]): number {
    const result = this.meter.call(name, ...args);
    // Notes have refusals of their own.
    const refused = result < -8 && !(name === "note" && [-15, -20, -25].includes(result));
    if (refused || (!this.up && name !== "boot" && result !== -2))
      expect.fail(`${name}(${args.join(", ")}): ${result}`);
    return result;
  }

  private pick(...values: number[]): number {
    return values[this.random.below(values.length)] ?? 0;
  }

  private pickBig(...values: bigint[]): bigint {
    return values[this.random.below(values.length)] ?? 0n;
  }

  private small(): number {
    return this.pick(0, 1, 2, 3, -1, 0x7fffffff, -0x80000000, this.random.uint32() | 0);
  }

  private time(): bigint {
    return this.random.below(10) === 0 ? this.oddTime() : BigInt(this.nowMs);
  }

  private oddTime(): bigint {
    return this.pickBig(-1n, 2n ** 63n - 1n, -(2n ** 63n), 2n ** 47n, BigInt(this.random.uint32()), BigInt(this.nowMs));
  }
}

const engines = availableEngines();

describe.each(engines)("random calls on $name", (engine) => {
  it(`${CALLS[engine.name]}: no trap, and registers as the model says`, { timeout: 900_000 }, () => {
    const fuzzer = new Fuzzer(new Entropy(`fuzz/${engine.name}`), engine);
    for (let i = 0; i < CALLS[engine.name]; i++) {
      fuzzer.step();
      if (i % 16 === 0) fuzzer.check();
    }
    fuzzer.check();
    // Not all of it was refused.
    for (const [what, count] of Object.entries(fuzzer.did)) expect(count, what).toBeGreaterThan(50);
    console.log(`${engine.name}: ${JSON.stringify(fuzzer.did)}`);
  });
});
