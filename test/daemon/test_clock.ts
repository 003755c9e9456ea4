import type { Clock, Timer } from "../../host/daemon/clock.js";

/** A clock that a test moves. */
export class TestClock implements Clock {
  private readonly timers = new Set<{ at: number; readonly every: number; readonly action: () => void }>();

  constructor(private now = 0) {}

  nowMs(): number {
    return this.now;
  }

  monoMs(): number {
    return this.now;
  }

  after(ms: number, action: () => void): Timer {
    return this.add(ms, 0, action);
  }

  every(ms: number, action: () => void): Timer {
    return this.add(ms, ms, action);
  }

  /** Moves on, through every timer that is due in between. */
  advance(ms: number): void {
    const end = this.now + ms;
    for (;;) {
      const next = [...this.timers].sort((a, b) => a.at - b.at)[0];
      if (next === undefined || next.at > end) break;
      this.now = next.at;
      if (next.every > 0) next.at += next.every;
      else this.timers.delete(next);
      next.action();
    }
    this.now = end;
  }

  private add(ms: number, every: number, action: () => void): Timer {
    const timer = { at: this.now + ms, every, action };
    this.timers.add(timer);
    return { cancel: () => this.timers.delete(timer) };
  }
}
