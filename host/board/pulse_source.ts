import type { Edge } from "./edge_fifo.js";

/** 1 kWh in mW x ms. */
const KWH_MW_MS = 3_600_000_000_000;
/** S0 asks for at least 30 ms on and 30 ms off (IEC 62053-31). */
const PULSE_MS = 30;

/**
 * The pulse outputs of one two-direction metering element: energy becomes edges. Integer arithmetic throughout: a pulse
 * comes at the first millisecond at which its energy is complete, and no energy is lost between segments.
 */
export class PulseSource {
  /** Energy since the last pulse, times the meter constant, mW x ms; per input. */
  private readonly partial: [number, number] = [0, 0];
  /** Falling edges that lie behind the segment's end. */
  private pending: Edge[] = [];

  /** @param meterConstant imp/kWh */
  constructor(readonly meterConstant: number) {}

  /**
   * Edges of the time from `fromMs` to `toMs` (exclusive), in order, at constant power.
   * @param powerMw integer, mW; positive is import, negative export
   */
  advance(powerMw: number, fromMs: number, toMs: number): Edge[] {
    const edges = this.pending;
    const input = powerMw < 0 ? 1 : 0;
    const rate = Math.abs(powerMw) * this.meterConstant;
    if (rate * 2 * PULSE_MS > KWH_MW_MS) {
      throw new RangeError(`${powerMw} mW at ${this.meterConstant} imp/kWh is faster than ${2 * PULSE_MS} ms a pulse`);
    }
    if (rate > 0) {
      let partial = this.partial[input];
      let at = fromMs;
      for (;;) {
        // Not negative: the energy of a pulse that falls on a segment's end is complete when the next begins.
        const wait = Math.max(0, Math.ceil((KWH_MW_MS - partial) / rate));
        if (at + wait >= toMs) break;
        at += wait;
        partial += wait * rate - KWH_MW_MS;
        edges.push({ timeMs: at, input, level: 1 }, { timeMs: at + PULSE_MS, input, level: 0 });
      }
      this.partial[input] = partial + (toMs - at) * rate;
    }
    edges.sort((a, b) => a.timeMs - b.timeMs);
    this.pending = edges.filter((edge) => edge.timeMs >= toMs);
    return edges.filter((edge) => edge.timeMs < toMs);
  }
}
