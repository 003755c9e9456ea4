import { Entropy } from "../board/entropy.js";
import { KeyStore } from "../board/key_store.js";
import { MetrologyBoard } from "../board/metrology_board.js";
import type { LineMeter } from "../board/meter_port.js";
import { NorFlash } from "../board/nor_flash.js";
import type { Engine } from "../engine/engine.js";
import type { ModuleFile } from "../engine/module_file.js";
import { COUNTER_INPUT } from "../metrology/config.js";
import { METER_FLASH_SECTORS } from "../metrology/driver.js";
import { Metrology, readMetrology } from "../metrology/module.js";
import type { NoteRequest } from "../metrology/note.js";

/** Impulses per kWh, and what one of them stands for. */
const CONSTANT = 100_000;
export const PULSE_MWH = 10n;
const MOST_PULSES = 60_000n;
const SECTOR_BYTES = 4096;
const IMPORT = 0;
const EXPORT = 1;

let firmware: ModuleFile | undefined;

/** metrology.wasm with a hardware counter, in which energy is put by hand. */
export class CounterMeter implements LineMeter {
  private readonly keys: KeyStore;
  private readonly module: Metrology;
  private readonly counters: [bigint, bigint] = [0n, 0n];
  private nowMs = 0;
  private nextF = 1;
  /** Nobody hears from it: it has no power. */
  silent = false;

  constructor(engine: Engine, name: string, utcMs: number, intervalS: number, ratingW = 1_000_000) {
    this.keys = KeyStore.generate(new Entropy(name, "meter"));
    const board = new MetrologyBoard(new NorFlash(SECTOR_BYTES, METER_FLASH_SECTORS), this.keys);
    this.module = new Metrology(engine, (firmware ??= readMetrology()), board);
    const inputs = [COUNTER_INPUT, COUNTER_INPUT] as const;
    const text = { serial: name, vendor: "test", model: "counter" };
    this.module.boot({ ...text, meterConstant: CONSTANT, intervalS, ratingW, inputs }, 0);
    this.drain();
    this.module.setClock(0, utcMs, "S");
    for (const input of [IMPORT, EXPORT]) this.module.pulseCounter(input, 0, 0);
    this.drain();
  }

  publicKey(): Uint8Array {
    return this.keys.publicKey();
  }

  nextPage(): number {
    return this.silent ? -2 : this.nextF;
  }

  fiscalRecord(page: number): string | undefined {
    return this.module.record("F", page);
  }

  note(request: NoteRequest): Uint8Array | number {
    return this.silent ? -2 : this.module.note(request, this.nowMs);
  }

  /** Energy that leaves the node over the line; negative: that comes to it. Whole pulses. */
  send(energyMwh: bigint): void {
    const input = energyMwh < 0n ? IMPORT : EXPORT;
    let pulses = (energyMwh < 0n ? -energyMwh : energyMwh) / PULSE_MWH;
    if (pulses * PULSE_MWH !== (energyMwh < 0n ? -energyMwh : energyMwh)) throw new RangeError("no whole pulses");
    for (; pulses > 0n; pulses -= pulses < MOST_PULSES ? pulses : MOST_PULSES) {
      this.counters[input] += pulses < MOST_PULSES ? pulses : MOST_PULSES;
      this.module.pulseCounter(input, Number(this.counters[input] & 0xffffn), this.nowMs);
    }
  }

  /** Time goes on, to so many ms after it was made. */
  advance(ms: number): void {
    this.nowMs = ms;
    this.drain();
  }

  private drain(): void {
    while (this.module.tick(this.nowMs) !== undefined);
    this.nextF = this.module.registers().nextPage;
  }
}
