import type { Line } from "../grid/line.js";
import type { MeterConfig } from "../metrology/config.js";
import type { MarketPlan } from "./market_plan.js";

// A checked scenario: what check.ts makes of a document and simulation.ts runs. Every reference is resolved.

export interface Scenario {
  readonly name: string;
  readonly description: string;
  readonly startUtcMs: number;
  readonly durationMs: number;
  /** Power is constant within a step. */
  readonly stepMs: number;
  readonly seed: string;
  /** In the order of the document; the head among them. */
  readonly meters: readonly MeterPlan[];
  readonly root: FeederNode;
  /** What is traded; undefined if nothing is. */
  readonly market?: MarketPlan;
  /** In order of time. */
  readonly actions: readonly Action[];
  /** Events that come after the end because the duration was overridden. */
  readonly leftOut: number;
}

/** Power of a load or of a generation. */
export interface Power {
  /** Mean over a step, mW, integer, from 0. Times are ms since the start. */
  meanMw(fromMs: number, toMs: number): number;
  /** An upper bound, mW. */
  readonly maximumMw: number;
}

export interface MeterPlan {
  readonly name: string;
  readonly config: MeterConfig;
  /** What counts pulses: edges through a FIFO, or hardware counters. */
  readonly frontEnd: "edges" | "counter";
  readonly load: Power;
  readonly generation: Power;
  /** The load varies by this much around its profile, up and down. */
  readonly noisePercent: number;
  /** Clouds take up to this much of the generation. */
  readonly cloudsPercent: number;
}

export type InputFilter = Readonly<{
  filter: "edge" | "pulse" | "counter";
  min_on_ms?: number;
  min_off_ms?: number;
  min_period_ms?: number;
}>;
export type InputsOption = Readonly<{ import?: InputFilter; export?: InputFilter }>;

/** The head, a junction, or a meter's connection, with the lines that lead away from the head. */
export interface FeederNode {
  readonly name: string;
  readonly lines: readonly { readonly line: Line; readonly to: FeederNode }[];
}

export type ClockState = "S" | "I" | "U";

/** Something that is done to one meter at a time. */
export type Action = {
  readonly atMs: number;
  readonly meter: string;
  /** Which of the document's events asks for it. */
  readonly event: { readonly index: number; readonly kind: string };
} & (
  | { readonly kind: "cut" }
  | { readonly kind: "restore" }
  /** The network sets the clock after a power cut. */
  | { readonly kind: "resync" }
  | { readonly kind: "clock_step"; readonly stepMs: number }
  | { readonly kind: "clock_sync"; readonly state: ClockState }
  | { readonly kind: "tamper"; readonly what: "cover" | "magnet"; readonly active: boolean }
  | {
      readonly kind: "transaction";
      readonly tx: "B" | "T" | "E" | "L" | "R" | "A";
      readonly identification: string;
      readonly tariff: string;
    }
);
