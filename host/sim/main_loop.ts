import type { EdgeFifo } from "../board/edge_fifo.js";
import type { PulseCounter } from "../board/pulse_counter.js";
import type { TamperInputs } from "../board/tamper_inputs.js";
import type { MetrologyCalls } from "../metrology/module.js";

/** Inputs that hardware counters can count. */
const INPUTS = 2;

/** The module as the loop calls it. */
type Firmware = Pick<MetrologyCalls, "pulseEdges" | "pulseCounter" | "tamper" | "tick">;

/** The devices that the loop serves. */
export interface LoopDevices {
  readonly fifo: EdgeFifo;
  /** Where hardware counters are the front end instead of the FIFO. */
  readonly counter: PulseCounter | undefined;
  readonly tamper: TamperInputs;
}

export interface LoopEnvironment {
  /** Takes a record that leaves the meter. */
  record(text: string): void;
  /** Whether the processor stands still since the last call: nothing more may be asked of the module. */
  stopped(): boolean;
}

/** The board's main loop: hands the module what its devices hold, in order of time, and lets records out. */
export class MainLoop {
  private readonly values = new Uint16Array(INPUTS);

  /** A new loop is one after power-up: the module takes hardware counters to stand at zero. */
  constructor(
    private readonly module: Firmware,
    private readonly devices: LoopDevices,
    private readonly environment: LoopEnvironment,
  ) {}

  /** Whether a device holds something for the module. */
  get pending(): boolean {
    const { fifo, counter, tamper } = this.devices;
    if (fifo.length > 0 || tamper.first() !== undefined) return true;
    return counter !== undefined && this.values.some((value, input) => value !== counter.value(input));
  }

  /**
   * One turn at the meter's monotonic time. When the processor stands still it returns at once and another turn must
   * finish what this one left. Throws what the module or its board throws.
   */
  turn(monoMs: number): void {
    const { fifo, tamper } = this.devices;
    const { stopped } = this.environment;
    this.readCounters(monoMs);
    while (!stopped()) {
      const event = tamper.first();
      const firstMs = fifo.firstMs();
      if (event !== undefined && (firstMs === undefined || event.monoMs <= firstMs)) {
        // Intervals that ended before it must not bear its mark.
        this.drain(event.monoMs);
        if (stopped()) return;
        this.module.tamper(event.what, event.active, event.monoMs);
        tamper.take();
        continue;
      }
      if (firstMs === undefined) break;
      const { baseMs, count, records } = fifo.batch(event?.monoMs);
      const taken = this.module.pulseEdges(baseMs, records);
      fifo.take(taken);
      if (stopped()) return;
      // What was left belongs to the next interval: closing the running one makes room for it.
      if (taken < count && !this.drain(fifo.firstMs() ?? monoMs) && !stopped()) {
        throw new Error(`${count - taken} edges were refused though no interval had ended`);
      }
    }
    if (!stopped()) this.drain(monoMs);
  }

  private readCounters(monoMs: number): void {
    const { counter } = this.devices;
    for (let input = 0; counter !== undefined && input < INPUTS && !this.environment.stopped(); input++) {
      const value = counter.value(input);
      if (value === this.values[input]) continue;
      this.module.pulseCounter(input, value, monoMs);
      this.values[input] = value;
    }
  }

  /** Collects the records that are due; true if there were any. */
  private drain(monoMs: number): boolean {
    let any = false;
    while (!this.environment.stopped()) {
      const record = this.module.tick(monoMs);
      if (record === undefined) break;
      this.environment.record(record);
      any = true;
    }
    return any;
  }
}
