/** OCMF "Time Status": unknown, informative, synchronised. */
export type ClockState = "U" | "I" | "S";

const MILLION = 1_000_000;

export interface MeterClockOptions {
  /** How much too fast the oscillator runs, parts per million: an integer above -1,000,000. Default 0. */
  readonly driftPpm?: number;
  /** Whether a battery keeps the time of day through power cuts. Default false. */
  readonly battery?: boolean;
}

/**
 * A meter's own clock: one oscillator, off by some ppm from true time, counts milliseconds since power-up and, once
 * the clock has been set, the time of day. All arguments named trueMs are true time of the simulation.
 */
export class MeterClock {
  private readonly driftPpm: number;
  private readonly battery: boolean;
  /** Oscillator count at power-up. */
  private poweredAt = 0;
  private setting: { readonly utcMs: number; readonly at: number; readonly state: ClockState } | undefined;

  /** Throws RangeError for a drift that cannot be. */
  constructor(options: MeterClockOptions = {}) {
    const { driftPpm = 0, battery = false } = options;
    if (!Number.isInteger(driftPpm) || driftPpm <= -MILLION) throw new RangeError(`clock drift: ${driftPpm} ppm`);
    this.driftPpm = driftPpm;
    this.battery = battery;
  }

  /** Certainty of the time of day; undefined while the clock is not set. */
  get state(): ClockState | undefined {
    return this.setting?.state;
  }

  /** Monotonic time starts from 0. */
  powerUp(trueMs: number): void {
    this.poweredAt = this.count(trueMs);
  }

  /** The time of day is lost, or with a battery no longer synchronised. */
  powerDown(): void {
    const { setting } = this;
    if (!this.battery) this.setting = undefined;
    else if (setting?.state === "S") this.setting = { ...setting, state: "I" };
  }

  /** Milliseconds since power-up as the meter counts them. */
  monoMs(trueMs: number): number {
    return this.count(trueMs) - this.poweredAt;
  }

  /** The meter's time of day, UTC ms; undefined while it is not set. */
  utcMs(trueMs: number): number | undefined {
    return this.setting && this.setting.utcMs + this.count(trueMs) - this.setting.at;
  }

  /** A synchronisation: somebody says that it is `utcMs`, rightly or wrongly. */
  set(trueMs: number, utcMs: number, state: ClockState): void {
    this.setting = { utcMs, at: this.count(trueMs), state };
  }

  /** Split so that no product leaves the integers of a double: exact for 2,850 years at 100 ppm. */
  private count(trueMs: number): number {
    return trueMs + Math.floor((trueMs * this.driftPpm) / MILLION);
  }
}
