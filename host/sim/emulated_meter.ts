import { EdgeFifo } from "../board/edge_fifo.js";
import { KeyStore } from "../board/key_store.js";
import { MetrologyBoard } from "../board/metrology_board.js";
import { NorFlash } from "../board/nor_flash.js";
import { PulseSource } from "../board/pulse_source.js";
import type { Engine } from "../engine/engine.js";
import type { MeterConfig } from "../metrology/config.js";
import { FLASH_SECTORS, FLASH_SECTOR_BYTES } from "../metrology/driver.js";
import { Metrology, type ModuleFile, type Registers } from "../metrology/module.js";

/** The main loop looks at the edge FIFO this often and lets time pass at least every TICK_MS. */
const POLL_MS = 1000;
const TICK_MS = 10_000;

/** A whole meter: metering element, edge FIFO, board and firmware, driven by virtual time. */
export class EmulatedMeter {
  readonly receipts: string[] = [];
  readonly flash = new NorFlash(FLASH_SECTOR_BYTES, FLASH_SECTORS);
  readonly fifo = new EdgeFifo();
  private readonly source: PulseSource;
  private readonly module: Metrology;
  private nowMs = 0;
  /** What really flowed, mW x ms; the registers only know whole pulses. */
  private importMwMs = 0n;
  private exportMwMs = 0n;

  constructor(
    engine: Engine,
    file: ModuleFile,
    private readonly keys: KeyStore,
    readonly config: MeterConfig,
  ) {
    this.source = new PulseSource(config.meterConstant);
    this.module = new Metrology(engine, file, new MetrologyBoard(this.flash, keys));
  }

  /** Power-up at monotonic time 0 with a synchronised clock. */
  start(utcMs: number): void {
    this.module.boot(this.config, 0);
    this.module.setClock(0, utcMs, "S");
  }

  /** Time goes on to `toMs` at constant power (integer mW, positive = import). */
  run(powerMw: number, toMs: number): void {
    const flowed = BigInt(Math.abs(powerMw)) * BigInt(toMs - this.nowMs);
    if (powerMw >= 0) this.importMwMs += flowed;
    else this.exportMwMs += flowed;
    const edges = this.source.advance(powerMw, this.nowMs, toMs);
    let next = 0;
    while (this.nowMs < toMs) {
      this.nowMs = Math.min(this.nowMs - (this.nowMs % POLL_MS) + POLL_MS, toMs);
      for (let edge = edges[next]; edge !== undefined && edge.timeMs < this.nowMs; edge = edges[++next]) {
        this.fifo.push(edge);
      }
      if (this.fifo.length > 0 || this.nowMs % TICK_MS === 0) this.service();
    }
  }

  registers(): Registers {
    return this.module.registers();
  }

  /** Compressed public key of the metrology key, 33 bytes. */
  publicKey(): Uint8Array {
    return this.keys.publicKey();
  }

  /** Energy that really flowed, mWh, rounded down. */
  flowedMwh(): { imported: bigint; exported: bigint } {
    return { imported: this.importMwMs / 3_600_000n, exported: this.exportMwMs / 3_600_000n };
  }

  private service(): void {
    for (let first = this.fifo.firstMs(); first !== undefined; first = this.fifo.firstMs()) {
      const { baseMs, count, records } = this.fifo.batch();
      const taken = this.module.pulseEdges(baseMs, records);
      this.fifo.take(taken);
      // What was left belongs to the next interval: closing the running one makes room for it.
      if (taken < count && !this.drain(this.fifo.firstMs() ?? this.nowMs)) {
        throw new Error(`${this.config.serial}: ${count - taken} edges were refused though no interval had ended`);
      }
    }
    this.drain(this.nowMs);
  }

  /** Collects the records that are due; true if there were any. */
  private drain(monoMs: number): boolean {
    let any = false;
    for (let record = this.module.tick(monoMs); record !== undefined; record = this.module.tick(monoMs)) {
      this.receipts.push(record);
      any = true;
    }
    return any;
  }
}
