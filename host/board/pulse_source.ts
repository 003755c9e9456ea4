import type { Edge } from "./edge_fifo.js";

/** 1 kWh in mW x ms. */
const KWH_MW_MS = 3_600_000_000_000;
/** S0 asks for at least 30 ms on and 30 ms off (IEC 62053-31). */
const PULSE_MS = 30;
const MILLION = 1_000_000;

export interface PulseSourceOptions {
  /** Time on, and least time off, of a pulse, ms. Default 30, as S0 asks for. */
  readonly widthMs?: number;
  /** Shortest time between two pulses, ms; as long as a pulse unless said otherwise. */
  readonly gapMs?: number;
  /** How much too fast the meter runs, parts per million; an integer above -1,000,000. Default 0. */
  readonly driftPpm?: number;
}

/**
 * The pulse outputs of one two-direction metering element: energy becomes edges. Integer arithmetic throughout: a pulse
 * comes at the first millisecond at which its energy is complete, and no energy is lost between segments.
 */
export class PulseSource {
  private readonly widthMs: number;
  private readonly gapMs: number;
  /** Energy of a pulse, times the meter constant, mW x ms: `whole` and `part` / `of`. */
  private readonly whole: number;
  private readonly part: number;
  private readonly of: number;
  /** Energy since the last pulse, times the meter constant, mW x ms; per input. */
  private readonly partial: [number, number] = [0, 0];
  /** The next pulse's energy, and the fraction not yet in any, `of`-ths; per input. */
  private readonly next: [number, number];
  private readonly fraction: [number, number];
  /** Falling edges that lie behind the segment's end. */
  private pending: Edge[] = [];

  /**
   * @param meterConstant imp/kWh
   * Throws RangeError for a width or drift that cannot be.
   */
  constructor(
    readonly meterConstant: number,
    options: PulseSourceOptions = {},
  ) {
    const { widthMs = PULSE_MS, gapMs = widthMs, driftPpm = 0 } = options;
    if (!Number.isInteger(widthMs) || widthMs < 1) throw new RangeError(`pulse width: ${widthMs} ms`);
    if (!Number.isInteger(driftPpm) || driftPpm <= -MILLION) throw new RangeError(`drift: ${driftPpm} ppm`);
    if (!Number.isInteger(gapMs) || gapMs < 0) throw new RangeError(`pulse gap: ${gapMs} ms`);
    this.widthMs = widthMs;
    this.gapMs = gapMs;
    // KWH x 10^6 is more than a double holds exactly.
    this.of = MILLION + driftPpm;
    const scaled = BigInt(KWH_MW_MS) * BigInt(MILLION);
    this.whole = Number(scaled / BigInt(this.of));
    this.part = Number(scaled % BigInt(this.of));
    this.next = [this.whole, this.whole];
    this.fraction = [this.part, this.part];
  }

  /**
   * Edges of the time from `fromMs` to `toMs` (exclusive), in order, at constant power.
   * @param powerMw integer, mW; positive is import, negative export
   */
  advance(powerMw: number, fromMs: number, toMs: number): Edge[] {
    const edges = this.pending;
    const input = powerMw < 0 ? 1 : 0;
    const rate = Math.abs(powerMw) * this.meterConstant;
    if (rate * (this.widthMs + this.gapMs) > this.whole) {
      throw new RangeError(
        `${powerMw} mW at ${this.meterConstant} imp/kWh is faster than ${this.widthMs + this.gapMs} ms a pulse`,
      );
    }
    if (rate > 0) {
      let partial = this.partial[input];
      let at = fromMs;
      for (;;) {
        // Not negative: the energy of a pulse that falls on a segment's end is complete when the next begins.
        const wait = Math.max(0, Math.ceil((this.next[input] - partial) / rate));
        if (at + wait >= toMs) break;
        at += wait;
        partial += wait * rate - this.next[input];
        this.drawNext(input);
        edges.push({ timeMs: at, input, level: 1 }, { timeMs: at + this.widthMs, input, level: 0 });
      }
      this.partial[input] = partial + (toMs - at) * rate;
    }
    edges.sort((a, b) => a.timeMs - b.timeMs);
    this.pending = edges.filter((edge) => edge.timeMs >= toMs);
    return edges.filter((edge) => edge.timeMs < toMs);
  }

  /** Shares the fraction out so that n pulses take n x whole + floor(n x part / of). */
  private drawNext(input: 0 | 1): void {
    const fraction = this.fraction[input] + this.part;
    const carry = fraction >= this.of ? 1 : 0;
    this.fraction[input] = fraction - carry * this.of;
    this.next[input] = this.whole + carry;
  }
}
