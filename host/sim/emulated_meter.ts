import { EdgeFifo, type Edge } from "../board/edge_fifo.js";
import { Entropy } from "../board/entropy.js";
import { FaultyFlash } from "../board/flash_faults.js";
import { FlashFile } from "../board/flash_file.js";
import type { KeyStore } from "../board/key_store.js";
import { MeterClock, type ClockState } from "../board/meter_clock.js";
import { MetrologyBoard } from "../board/metrology_board.js";
import { PowerCut } from "../board/power_cut.js";
import { PulseCounter } from "../board/pulse_counter.js";
import { PulseLine } from "../board/pulse_line.js";
import { PulseSource } from "../board/pulse_source.js";
import { TamperInputs, type TamperInput } from "../board/tamper_inputs.js";
import type { Engine } from "../engine/engine.js";
import type { ModuleFile } from "../engine/module_file.js";
import type { MeterConfig } from "../metrology/config.js";
import { FLASH_SECTORS, FLASH_SECTOR_BYTES } from "../metrology/driver.js";
import type { NoteRequest } from "../metrology/note.js";
import {
  Metrology,
  type MetrologyCalls,
  type Registers,
  type TransactionReason,
  type TransactionTexts,
} from "../metrology/module.js";
import { MainLoop } from "./main_loop.js";
import type { EmulatedMeterOptions } from "./meter_options.js";

/** The main loop looks at its devices this often and lets time pass at least every TICK_MS. */
const POLL_MS = 1000;
const TICK_MS = 10_000;
const ERASE_MS = 400;
const ERR_STATE = -2;

/** A whole meter: metering element, inputs, clock, board and firmware, driven by true virtual time from 0. */
export class EmulatedMeter {
  readonly receipts: string[] = [];
  readonly flash: FaultyFlash;
  readonly fifo: EdgeFifo;
  readonly counter = new PulseCounter();
  readonly line: PulseLine;
  readonly clock: MeterClock;
  private readonly tamperInputs = new TamperInputs();
  private readonly source: PulseSource;
  private readonly file: FlashFile | undefined;
  /** The running firmware; none while power is off. */
  private running: { readonly module: MetrologyCalls; readonly loop: MainLoop } | undefined;
  private readonly requests: { readonly reason: TransactionReason; readonly texts: TransactionTexts }[] = [];
  private nowMs = 0;
  private nextTickMs = TICK_MS;
  /** The processor stands still until then, and how many erases that accounts for. */
  private busyUntilMs = 0;
  private erasesSeen = 0;
  private stalls = 0;
  /** Somebody waits for an answer, however long an erase takes. */
  private waitedFor = false;
  /** A turn of the main loop was left unfinished. */
  private unfinished = false;
  /** What really flowed, mW x ms; the registers only know whole pulses. */
  private importMwMs = 0n;
  private exportMwMs = 0n;

  /** Power is off until `start`. Throws Error if the flash's file is not of its geometry. */
  constructor(
    private readonly engine: Engine,
    private readonly firmware: ModuleFile,
    private readonly keys: KeyStore,
    readonly config: MeterConfig,
    private readonly options: EmulatedMeterOptions = {},
  ) {
    const { entropy = new Entropy(config.serial), flash = {} } = options;
    const { sectorBytes = FLASH_SECTOR_BYTES, sectors = FLASH_SECTORS } = flash;
    this.file = flash.file === undefined ? undefined : new FlashFile(flash.file);
    this.flash = new FaultyFlash(sectorBytes, sectors, entropy.stream("flash"), this.file?.load(sectorBytes, sectors));
    this.fifo = new EdgeFifo(options.fifoEdges);
    this.source = new PulseSource(config.meterConstant, options.source);
    this.line = new PulseLine(entropy.stream("line"), options.line);
    this.clock = new MeterClock(options.clock);
  }

  /** First power-up, at time 0, with the clock set to `utcMs`; without it the time of day is not known. */
  start(utcMs?: number, state: ClockState = "S"): void {
    this.restorePower();
    if (utcMs !== undefined) this.setClock(utcMs, state);
  }

  /** True time, ms. */
  get timeMs(): number {
    return this.nowMs;
  }

  /** Whether the firmware is up. */
  get powered(): boolean {
    return this.running !== undefined;
  }

  /** Times that an erase stopped the processor. */
  get eraseStalls(): number {
    return this.stalls;
  }

  /**
   * Time goes on to `toMs` at constant power (integer mW, positive = import), with firmware or without. A power cut set
   * in the flash ends in `powered` being false. Throws Trap and ModuleError.
   */
  run(powerMw: number, toMs: number): void {
    const flowed = BigInt(Math.abs(powerMw)) * BigInt(toMs - this.nowMs);
    if (powerMw >= 0) this.importMwMs += flowed;
    else this.exportMwMs += flowed;
    const edges = this.line.advance(this.source.advance(powerMw, this.nowMs, toMs), toMs);
    let next = 0;
    this.stopped();
    while (this.nowMs < toMs) {
      this.nowMs = Math.min(this.wakeMs(edges[next]?.timeMs ?? Infinity), toMs);
      for (let edge = edges[next]; edge !== undefined && edge.timeMs < this.nowMs; edge = edges[++next]) {
        this.sense(edge);
      }
      if (!this.stopped()) this.serve();
    }
  }

  /**
   * Power fails: RAM, FIFO, hardware counters and monotonic time are lost; flash and keys are not. An erase under way
   * counts as done; `flash.cutAt` fails in the middle of one.
   */
  cutPower(): void {
    if (this.running === undefined) return;
    this.running = undefined;
    this.flash.powerOff();
    this.fifo.clear();
    this.counter.reset();
    this.requests.length = 0;
    this.clock.powerDown();
    this.busyUntilMs = 0;
    this.options.probe?.power(this.nowMs, false);
  }

  /**
   * Power is back and the firmware boots; a battery's time of day is told to it. False if power failed again in the
   * middle of that. Throws ModuleError if the firmware refuses to start; power is off then.
   */
  restorePower(): boolean {
    if (this.running !== undefined) return true;
    this.flash.powerOn();
    this.clock.powerUp(this.nowMs);
    this.tamperInputs.powerUp(0);
    this.erasesSeen = this.flash.eraseOps;
    this.unfinished = false;
    this.options.probe?.power(this.nowMs, true);
    const module =
      this.options.firmware?.() ?? new Metrology(this.engine, this.firmware, new MetrologyBoard(this.flash, this.keys));
    const { fifo, tamperInputs: tamper } = this;
    const counter = this.options.frontEnd === "counter" ? this.counter : undefined;
    const loop = new MainLoop(
      module,
      { fifo, counter, tamper },
      { record: (text) => this.recordLeaves(text), stopped: () => this.stopped() && !this.waitedFor },
    );
    this.running = { module, loop };
    const { state } = this.clock;
    const utcMs = this.clock.utcMs(this.nowMs);
    try {
      this.guard(() => {
        module.boot(this.config, 0);
        if (state !== undefined && utcMs !== undefined) module.setClock(0, utcMs, state);
      });
    } catch (error) {
      this.cutPower();
      throw error;
    }
    return this.powered;
  }

  /** Somebody tells the meter the time: now it is `utcMs`, as certain as `state` says. Nobody hears while power is off. */
  setClock(utcMs: number, state: ClockState): void {
    const { running } = this;
    if (running === undefined) return;
    this.clock.set(this.nowMs, utcMs, state);
    this.guard(() => running.module.setClock(this.clock.monoMs(this.nowMs), utcMs, state));
  }

  /** The cover is opened or closed, a magnet comes or goes; also while power is off. */
  tamper(what: TamperInput, active: boolean): void {
    const monoMs = this.powered ? this.clock.monoMs(this.nowMs) : undefined;
    if (this.tamperInputs.set(what, active, monoMs)) this.options.probe?.tamper(this.nowMs, what, active);
  }

  /**
   * Asks for a transaction's begin (B), tariff change (T) or end (E, L, R, A): the main loop's next turn does it, with
   * all that came before. The request is lost if power fails first. ModuleError out of `run` if it does not fit.
   */
  transaction(reason: TransactionReason, identification = "", tariff = ""): void {
    if (this.running !== undefined) this.requests.push({ reason, texts: { identification, tariff } });
  }

  /**
   * Issues a note, after all that came before it: its 88 bytes, or a code of assembly/base/errors.ts; ERR_STATE while
   * power is off, or if it fails in the middle.
   */
  note(request: NoteRequest): Uint8Array | number {
    const { running } = this;
    if (running === undefined) return ERR_STATE;
    let note: Uint8Array | number = ERR_STATE;
    this.waitedFor = true;
    this.guard(() => {
      const monoMs = this.clock.monoMs(this.nowMs);
      running.loop.turn(monoMs);
      note = running.module.note(request, monoMs);
    });
    this.waitedFor = false;
    return this.running === undefined ? ERR_STATE : note;
  }

  /** The firmware is told all that has come until now, as before a note. */
  catchUp(): void {
    const { running } = this;
    if (running === undefined) return;
    this.waitedFor = true;
    this.guard(() => running.loop.turn(this.clock.monoMs(this.nowMs)));
    this.waitedFor = false;
  }

  /** Page of the next F record, or ERR_STATE while power is off. */
  nextPage(): number {
    return this.running?.module.registers().nextPage ?? ERR_STATE;
  }

  /** An F record that was signed, rebuilt from flash; undefined if it is overwritten or power is off. */
  fiscalRecord(page: number): string | undefined {
    return this.running?.module.record("F", page);
  }

  /** Throws Error while power is off. */
  registers(): Registers {
    return this.module().registers();
  }

  /** The running firmware, for what only the module can answer. Throws Error while power is off. */
  module(): MetrologyCalls {
    if (this.running === undefined) throw new Error(`${this.config.serial}: power is off`);
    return this.running.module;
  }

  /** Compressed public key of the metrology key, 33 bytes. */
  publicKey(): Uint8Array {
    return this.keys.publicKey();
  }

  /** Energy that really flowed, mWh, rounded down. */
  flowedMwh(): { imported: bigint; exported: bigint } {
    return { imported: this.importMwMs / 3_600_000n, exported: this.exportMwMs / 3_600_000n };
  }

  /** Writes the flash to its file, if it has one. Throws Error naming the file. */
  sync(): void {
    this.file?.save(this.flash);
  }

  /** The end: power off, flash to its file. */
  close(): void {
    this.cutPower();
    this.sync();
  }

  /** An edge at the input terminals. */
  private sense(edge: Edge): void {
    const { timeMs, input, level } = edge;
    this.options.probe?.edge(timeMs, input, level);
    if (this.running === undefined) return;
    if (this.options.frontEnd === "counter") this.counter.edge(input, level);
    else {
      const monoMs = this.clock.monoMs(timeMs);
      this.fifo.push(monoMs === timeMs ? edge : { timeMs: monoMs, input, level });
    }
  }

  /** When the main loop next has something to do, at a poll. Polls that would find nothing are not made. */
  private wakeMs(nextEdgeMs: number): number {
    const { running } = this;
    if (running === undefined) return Infinity;
    const fromMs = this.idle(running.loop)
      ? Math.max(this.nowMs, Math.min(nextEdgeMs, this.nextTickMs - 1))
      : this.nowMs;
    return Math.max(fromMs - (fromMs % POLL_MS) + POLL_MS, this.busyUntilMs);
  }

  /** Whether nothing waits for the main loop but the time. */
  private idle(loop: MainLoop): boolean {
    return !this.unfinished && !loop.pending && this.requests.length === 0;
  }

  private serve(): void {
    const { running } = this;
    if (running === undefined) return;
    if (this.nowMs < this.nextTickMs && this.idle(running.loop)) return;
    this.guard(() => {
      const monoMs = this.clock.monoMs(this.nowMs);
      running.loop.turn(monoMs);
      for (let next = this.requests[0]; next !== undefined && !this.stopped(); next = this.requests[0]) {
        this.requests.shift();
        running.module.transaction(next.reason, monoMs, next.texts);
        if (!this.stopped()) running.loop.turn(monoMs);
      }
      this.nextTickMs = this.nowMs - (this.nowMs % TICK_MS) + TICK_MS;
      this.unfinished = this.stopped();
    });
  }

  private recordLeaves(text: string): void {
    this.receipts.push(text);
    this.options.probe?.recordSigned(this.nowMs);
  }

  /** Whether an erase keeps the processor still; erases since it was asked last begin now. */
  private stopped(): boolean {
    const erases = this.flash.eraseOps - this.erasesSeen;
    if (erases > 0) {
      this.erasesSeen = this.flash.eraseOps;
      this.stalls += erases;
      const { eraseMs = ERASE_MS } = this.options.flash ?? {};
      this.busyUntilMs = Math.max(this.nowMs, this.busyUntilMs) + erases * eraseMs;
    }
    return this.busyUntilMs > this.nowMs;
  }

  /** Calls the firmware; a power cut in the middle leaves the meter without power. */
  private guard(call: () => void): void {
    try {
      call();
      this.stopped();
    } catch (error) {
      if (!(error instanceof PowerCut)) throw error;
      this.cutPower();
    }
  }
}
