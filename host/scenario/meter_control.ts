import type { MeterConfig } from "../metrology/config.js";
import type { Registers } from "../metrology/module.js";
import type { ClockState } from "./scenario.js";

/** What an event does to a meter. All of it happens at the meter's present time, where its last `run` ended. */
export interface MeterControl {
  /** The supply fails. `run` goes on being called, with 0 mW. */
  cutPower(): void;
  /** The supply is back: the meter boots from its flash, its clock not set. False if power failed again. */
  restorePower(): boolean;
  /** Tells the meter the time, right or wrong, with the certainty "U" unknown, "I" informative or "S" synchronised. */
  setClock(utcMs: number, state: ClockState): void;
  /** The cover is opened or closed, a magnet comes or goes. */
  tamper(what: "cover" | "magnet", active: boolean): void;
  /** Begins (B), changes the tariff of (T), or ends (E, L, R, A) a transaction. */
  transaction(tx: "B" | "T" | "E" | "L" | "R" | "A", identification: string, tariff: string): void;
}

/** A meter as the simulation drives it. */
export interface ScenarioMeter extends MeterControl {
  readonly config: MeterConfig;
  readonly receipts: readonly string[];
  /** Power-up at monotonic time 0 with a synchronised clock. */
  start(utcMs: number): void;
  /** Time goes on to `toMs` at constant power (integer mW, positive = import). */
  run(powerMw: number, toMs: number): void;
  registers(): Registers;
  /** Compressed public key, 33 bytes. */
  publicKey(): Uint8Array;
}
