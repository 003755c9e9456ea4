import type { TamperInput } from "../board/tamper_inputs.js";

/**
 * What a test instrument at a meter sees; all times are true ms since the simulation's start. Times of one meter never
 * go back, but meters that are simulated in turn are ahead of each other.
 */
export interface MeterProbe {
  /** The level at a pulse input's terminal changed, bounce and interference included, whether or not power is on. */
  edge(timeMs: number, input: number, level: 0 | 1): void;
  power(timeMs: number, on: boolean): void;
  tamper(timeMs: number, what: TamperInput, active: boolean): void;
  /** A signed record left the meter. */
  recordSigned(timeMs: number): void;
}
