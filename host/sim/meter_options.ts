import type { Entropy } from "../board/entropy.js";
import type { MeterClockOptions } from "../board/meter_clock.js";
import type { PulseLineOptions } from "../board/pulse_line.js";
import type { PulseSourceOptions } from "../board/pulse_source.js";
import type { MetrologyCalls } from "../metrology/module.js";
import type { MeterProbe } from "./meter_probe.js";

/** How an emulated meter's hardware differs from a perfect one. Everything is optional. */
export interface EmulatedMeterOptions {
  /** Decides bounce, interference and what faults leave in flash. Default: a stream named by the serial. */
  readonly entropy?: Entropy;
  /** What counts pulses: "edges" the FIFO that an interrupt fills (default), "counter" 16-bit hardware counters. */
  readonly frontEnd?: "edges" | "counter";
  readonly source?: PulseSourceOptions;
  readonly line?: PulseLineOptions;
  readonly clock?: MeterClockOptions;
  readonly flash?: FlashOptions;
  /** Edges that the FIFO holds. Default 1,024. */
  readonly fifoEdges?: number;
  readonly probe?: MeterProbe;
  /** What runs the firmware at each power-up, with flash and keys of its own; default: the engine. */
  readonly firmware?: () => MetrologyCalls;
}

export interface FlashOptions {
  /** Geometry. Default 64 sectors of 4,096 bytes. */
  readonly sectorBytes?: number;
  readonly sectors?: number;
  /** How long an erase stops the processor, ms. Default 400, the longest of common SPI NOR. */
  readonly eraseMs?: number;
  /** Where the contents are kept between runs; written by `sync` and `close`. */
  readonly file?: string;
}
