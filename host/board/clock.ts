/** Virtual time of one simulation. Monotonic time counts from power-up of the street, UTC is a fixed distance away. */
export class VirtualClock {
  private mono = 0;

  /** @param startUtcMs UTC at monotonic time 0, ms since 1970 */
  constructor(readonly startUtcMs: number) {}

  /** Milliseconds since the start. */
  get monoMs(): number {
    return this.mono;
  }

  get utcMs(): number {
    return this.startUtcMs + this.mono;
  }

  /** Time never goes back. */
  advanceTo(monoMs: number): void {
    if (monoMs < this.mono) throw new RangeError(`the clock is at ${this.mono} ms and cannot go back to ${monoMs} ms`);
    this.mono = monoMs;
  }
}
