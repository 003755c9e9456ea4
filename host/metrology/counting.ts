import type { MetrologyBoard } from "../board/metrology_board.js";
import type { Engine } from "../engine/engine.js";
import type { ModuleFile } from "../engine/module_file.js";
import { COUNTER_INPUT } from "./config.js";
import { Metrology } from "./module.js";

// metrology.wasm behind two hardware counters, as line meters that have no pulse inputs use it.

/** Pulses that a counter of 16 bits may have moved on by between two looks at it. */
const MOST_PULSES = 60_000n;

/** What a meter is configured with, but for its inputs. */
type Config = Omit<Parameters<Metrology["boot"]>[0], "inputs">;

/** A meter that counts by hardware counters, both of which stand at 0 when it begins. */
export class CountingMetrology {
  readonly module: Metrology;
  /** Pulses since its begin: imported and exported ones. */
  private readonly counters: [bigint, bigint] = [0n, 0n];

  /** Boots the firmware at 0 ms of its own time, finishes what a power cut has left, and tells it the time. */
  constructor(engine: Engine, file: ModuleFile, board: MetrologyBoard, config: Config, utcMs: number) {
    this.module = new Metrology(engine, file, board);
    this.module.boot({ ...config, inputs: [COUNTER_INPUT, COUNTER_INPUT] }, 0);
    this.sign(0);
    this.module.setClock(0, utcMs, "S");
    for (const input of [0, 1]) this.module.pulseCounter(input, 0, 0);
    this.sign(0);
  }

  /** Pulses that input 0 (import) or 1 (export) has counted since the begin. */
  counted(input: 0 | 1): bigint {
    return this.counters[input];
  }

  /** So many pulses more, however many. */
  count(input: 0 | 1, pulses: bigint, monoMs: number): void {
    for (let left = pulses; left > 0n; left -= left < MOST_PULSES ? left : MOST_PULSES) {
      this.counters[input] += left < MOST_PULSES ? left : MOST_PULSES;
      this.module.pulseCounter(input, Number(this.counters[input] & 0xffffn), monoMs);
    }
  }

  /** Signs what is due. */
  sign(monoMs: number): void {
    while (this.module.tick(monoMs) !== undefined);
  }
}
