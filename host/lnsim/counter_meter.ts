import { Entropy } from "../board/entropy.js";
import { KeyStore } from "../board/key_store.js";
import { MetrologyBoard } from "../board/metrology_board.js";
import type { LineMeter } from "../board/meter_port.js";
import { NorFlash } from "../board/nor_flash.js";
import type { Engine } from "../engine/engine.js";
import type { ModuleFile } from "../engine/module_file.js";
import { CountingMetrology } from "../metrology/counting.js";
import { METER_FLASH_SECTORS } from "../metrology/driver.js";
import { readMetrology } from "../metrology/module.js";
import type { NoteRequest } from "../metrology/note.js";

/** Impulses per kWh, and what one of them stands for. */
const CONSTANT = 100_000;
export const PULSE_MWH = 10n;
const SECTOR_BYTES = 4096;
const IMPORT = 0;
const EXPORT = 1;

let firmware: ModuleFile | undefined;

/** metrology.wasm with a hardware counter, in which energy is put by hand. */
export class CounterMeter implements LineMeter {
  private readonly keys: KeyStore;
  private readonly meter: CountingMetrology;
  private nowMs = 0;
  private nextF = 1;
  /** Nobody hears from it: it has no power. */
  silent = false;

  constructor(engine: Engine, name: string, utcMs: number, intervalS: number, ratingW = 1_000_000) {
    this.keys = KeyStore.generate(new Entropy(name, "meter"));
    const board = new MetrologyBoard(new NorFlash(SECTOR_BYTES, METER_FLASH_SECTORS), this.keys);
    const text = { serial: name, vendor: "test", model: "counter" };
    const config = { ...text, meterConstant: CONSTANT, intervalS, ratingW };
    this.meter = new CountingMetrology(engine, (firmware ??= readMetrology()), board, config, utcMs);
    this.drain();
  }

  publicKey(): Uint8Array {
    return this.keys.publicKey();
  }

  nextPage(): number {
    return this.silent ? -2 : this.nextF;
  }

  fiscalRecord(page: number): string | undefined {
    return this.meter.module.record("F", page);
  }

  note(request: NoteRequest): Uint8Array | number {
    return this.silent ? -2 : this.meter.module.note(request, this.nowMs);
  }

  /** Energy that leaves the node over the line; negative: that comes to it. Whole pulses. */
  send(energyMwh: bigint): void {
    const sizeMwh = energyMwh < 0n ? -energyMwh : energyMwh;
    if (sizeMwh % PULSE_MWH !== 0n) throw new RangeError("no whole pulses");
    this.meter.count(energyMwh < 0n ? IMPORT : EXPORT, sizeMwh / PULSE_MWH, this.nowMs);
  }

  /** Time goes on, to so many ms after it was made. */
  advance(ms: number): void {
    this.nowMs = ms;
    this.drain();
  }

  private drain(): void {
    this.meter.sign(this.nowMs);
    this.nextF = this.meter.module.registers().nextPage;
  }
}
