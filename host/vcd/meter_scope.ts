import type { TamperInput } from "../board/tamper_inputs.js";
import type { MeterProbe } from "../sim/meter_probe.js";
import type { VcdScope, VcdWire, VcdWriter } from "./writer.js";

/** How long a pulse stands for an event that has no length, ms. */
const EVENT_MS = 1;

/**
 * A meter's scope in a dump: pulse_import, pulse_export (terminal levels), power, cover, magnet, and record_signed,
 * which is 1 for a millisecond when a record leaves.
 */
export class MeterScope implements MeterProbe {
  private readonly inputs: readonly VcdWire[];
  private readonly powerWire: VcdWire;
  private readonly tamperWires: Readonly<Record<TamperInput, VcdWire>>;
  private readonly recordWire: VcdWire;

  /**
   * @param parent where the scope is put, e.g. `writer.root`
   * @param name of the meter; characters that VCD names cannot have become "_"
   */
  constructor(
    private readonly writer: VcdWriter,
    parent: VcdScope,
    name: string,
  ) {
    const scope = parent.scope(name);
    this.inputs = ["pulse_import", "pulse_export"].map((wire) => scope.wire(wire, 0));
    this.powerWire = scope.wire("power", 0);
    this.tamperWires = { cover: scope.wire("cover", 0), magnet: scope.wire("magnet", 0) };
    this.recordWire = scope.wire("record_signed", 0);
  }

  edge(timeMs: number, input: number, level: 0 | 1): void {
    const wire = this.inputs[input];
    if (wire !== undefined) this.writer.change(wire, timeMs, level);
  }

  power(timeMs: number, on: boolean): void {
    this.writer.change(this.powerWire, timeMs, on ? 1 : 0);
  }

  tamper(timeMs: number, what: TamperInput, active: boolean): void {
    this.writer.change(this.tamperWires[what], timeMs, active ? 1 : 0);
  }

  recordSigned(timeMs: number): void {
    this.writer.change(this.recordWire, timeMs, 1);
    this.writer.change(this.recordWire, timeMs + EVENT_MS, 0);
  }
}
