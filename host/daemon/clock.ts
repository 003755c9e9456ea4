/** A timer that can be called off. */
export interface Timer {
  cancel(): void;
}

/** Where a daemon takes its time and its timers from; tests bring their own. */
export interface Clock {
  /** UTC, ms since 1970. */
  nowMs(): number;
  /** ms since some moment; it never goes back. */
  monoMs(): number;
  /** Calls once, after `ms`. */
  after(ms: number, action: () => void): Timer;
  /** Calls every `ms`. */
  every(ms: number, action: () => void): Timer;
}

/** The system's. */
export const SYSTEM_CLOCK: Clock = {
  nowMs: () => Date.now(),
  monoMs: () => performance.now(),
  after(ms, action) {
    const timer = setTimeout(action, ms);
    return {
      cancel: () => {
        clearTimeout(timer);
      },
    };
  },
  every(ms, action) {
    const timer = setInterval(action, ms);
    return {
      cancel: () => {
        clearInterval(timer);
      },
    };
  },
};
