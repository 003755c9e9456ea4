import { existsSync, readFileSync } from "node:fs";
import { KeyStore } from "../board/key_store.js";
import type { LineMeter } from "../board/meter_port.js";
import { MetrologyBoard } from "../board/metrology_board.js";
import type { Engine } from "../engine/engine.js";
import type { ModuleFile } from "../engine/module_file.js";
import { CountingMetrology } from "../metrology/counting.js";
import { METER_FLASH_SECTORS } from "../metrology/driver.js";
import type { Metrology } from "../metrology/module.js";
import type { NoteRequest } from "../metrology/note.js";
import type { Clock } from "./clock.js";
import { DurableFlash } from "./durable_flash.js";
import { secretFile, writeWhole } from "./folder.js";
import { isObject } from "./rpc.js";

/** Impulses per kWh: the finest that the firmware knows. */
const CONSTANT = 100_000;
/** Energy of a pulse, W x ms. */
const PULSE_W_MS = 3_600_000_000n / BigInt(CONSTANT);
const SECTOR_BYTES = 4096;
/** What promises may go up to, W. */
const RATING_W = 1_000_000;
/** The node's clock and the meter's may differ by so much, ms; then the meter is told the time. */
const CLOCK_TOLERANCE_MS = 1000;

/** What flows through a meter, and since when: counters as they stood then, pulses. */
interface Load {
  readonly loadW: number;
  readonly sinceMs: number;
  readonly base: readonly [imported: bigint, exported: bigint];
}

export interface LineMeterOptions {
  readonly engine: Engine;
  readonly module: ModuleFile;
  readonly clock: Clock;
  /** Of its files, before "_key", "_flash" and "_load". */
  readonly path: string;
  readonly serial: string;
  readonly intervalS: number;
  /** Constant, W: positive comes out of the line to the node, negative goes into it. */
  readonly loadW: number;
}

/**
 * An emulated line meter: the metrology firmware behind a hardware counter, through which a configured constant load flows.
 * The load is there while nobody runs the meter, too, as a counter that others feed; what it has counted by then comes
 * with the next start. Pulses come at times of UTC alone, so that both ends of a line without loss count alike.
 */
export class EmulatedLineMeter implements LineMeter {
  private readonly meter: CountingMetrology;
  private readonly keys: KeyStore;
  private readonly flash: DurableFlash;
  private readonly clock: Clock;
  private readonly intervalMs: number;
  private readonly startMs: number;
  private readonly load: Load;
  /** Values of the registers when the hardware counters stood at 0: they begin with the firmware. */
  private readonly first: readonly [bigint, bigint];
  /** Meter's time, ms since its start, and UTC at that start by its own clock. */
  private nowMs = 0;
  private utcMs: number;

  private constructor(options: LineMeterOptions, keys: KeyStore, flash: DurableFlash) {
    const { engine, module, clock, intervalS, serial, loadW, path } = options;
    [this.keys, this.flash, this.clock, this.intervalMs] = [keys, flash, clock, intervalS * 1000];
    [this.startMs, this.utcMs] = [Math.floor(clock.monoMs()), Math.floor(clock.nowMs())];
    const texts = { serial, vendor: "Tieline", model: "emulated" };
    const config = { ...texts, meterConstant: CONSTANT, intervalS, ratingW: RATING_W };
    this.meter = new CountingMetrology(engine, module, new MetrologyBoard(flash, keys), config, this.utcMs);
    const { importPulses, exportPulses } = this.module.registers();
    this.first = [importPulses, exportPulses];
    const known = readLoad(`${path}_load`);
    if (known?.loadW === loadW) this.load = known;
    else {
      // Another load begins where the one before it has come to.
      const base = known === undefined ? this.first : countedBy(known, this.utcMs);
      this.load = { loadW, sinceMs: this.utcMs, base };
      writeLoad(`${path}_load`, this.load);
    }
    this.advance();
  }

  /** Throws an Error that names the file which is missing or is none of a meter. */
  static open(options: LineMeterOptions): EmulatedLineMeter {
    const { path } = options;
    // A key of 32 random bytes is none once in 2^128 times.
    const keys = new KeyStore(secretFile(`${path}_key`, existsSync(`${path}_flash`)));
    const flash = DurableFlash.open(`${path}_flash`, SECTOR_BYTES, METER_FLASH_SECTORS);
    try {
      return new EmulatedLineMeter(options, keys, flash);
    } catch (error) {
      flash.close();
      throw error;
    }
  }

  private get module(): Metrology {
    return this.meter.module;
  }

  get loadW(): number {
    return this.load.loadW;
  }

  get intervalS(): number {
    return this.intervalMs / 1000;
  }

  publicKey(): Uint8Array {
    return this.keys.publicKey();
  }

  nextPage(): number {
    return this.module.registers().nextPage;
  }

  fiscalRecord(page: number): string | undefined {
    return this.module.record("F", page);
  }

  note(request: NoteRequest): Uint8Array | number {
    this.advance();
    return this.module.note(request, this.nowMs);
  }

  /** Counters, mWh, as the registers have them. */
  countedMwh(): { readonly importMwh: bigint; readonly exportMwh: bigint } {
    return this.module.registers();
  }

  /** Time goes on to what the daemon's clock says: what has flowed is counted in the intervals to which it belongs. */
  advance(): void {
    const toMs = Math.max(this.nowMs, Math.floor(this.clock.monoMs()) - this.startMs);
    const firstEnd = this.utcMs + this.nowMs;
    for (
      let end = firstEnd - (firstEnd % this.intervalMs) + this.intervalMs;
      end <= this.utcMs + toMs;
      end += this.intervalMs
    ) {
      const endMs = end - this.utcMs;
      this.count(end, Math.max(this.nowMs, endMs - 1));
      this.nowMs = endMs;
      this.sign();
    }
    this.nowMs = toMs;
    this.count(this.utcMs + toMs, toMs);
    this.sign();
    const offMs = Math.floor(this.clock.nowMs()) - (this.utcMs + toMs);
    if (Math.abs(offMs) < CLOCK_TOLERANCE_MS) return;
    this.utcMs += offMs;
    this.module.setClock(toMs, this.utcMs + toMs, "S");
    this.sign();
  }

  /** Makes what it has stored safe from a power cut. */
  sync(): void {
    this.flash.sync();
  }

  close(): void {
    this.flash.close();
  }

  private count(utcMs: number, monoMs: number): void {
    const counted = countedBy(this.load, utcMs);
    for (const input of [0, 1] as const) {
      this.meter.count(input, counted[input] - this.first[input] - this.meter.counted(input), monoMs);
    }
  }

  private sign(): void {
    this.meter.sign(this.nowMs);
  }
}

/** Where both counters are at a moment, pulses. */
function countedBy({ loadW, sinceMs, base }: Load, utcMs: number): readonly [bigint, bigint] {
  const pulsesAt = (ms: number): bigint => (BigInt(Math.abs(loadW)) * BigInt(ms)) / PULSE_W_MS;
  const flowed = pulsesAt(Math.max(utcMs, sinceMs)) - pulsesAt(sinceMs);
  return loadW < 0 ? [base[0], base[1] + flowed] : [base[0] + flowed, base[1]];
}

function readLoad(path: string): Load | undefined {
  if (!existsSync(path)) return undefined;
  const whole = (text: unknown): bigint | undefined =>
    typeof text === "string" && /^\d{1,18}$/.test(text) ? BigInt(text) : undefined;
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(path, "utf8"));
  } catch {
    value = undefined;
  }
  if (isObject(value)) {
    const { load_w: loadW, since_ms: sinceMs } = value;
    const [imported, exported] = [whole(value["import_pulses"]), whole(value["export_pulses"])];
    if (Number.isInteger(loadW) && Number.isInteger(sinceMs) && imported !== undefined && exported !== undefined) {
      return { loadW: loadW as number, sinceMs: sinceMs as number, base: [imported, exported] };
    }
  }
  throw new Error(`${path}: does not say what load flows through a meter`);
}

function writeLoad(path: string, { loadW, sinceMs, base }: Load): void {
  const document = { load_w: loadW, since_ms: sinceMs, import_pulses: `${base[0]}`, export_pulses: `${base[1]}` };
  writeWhole(path, `${JSON.stringify(document)}\n`);
}
