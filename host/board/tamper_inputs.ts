/** What can be tampered with, in the order of metrology's numbers: 0 the cover, 1 a magnet near the element. */
export const TAMPER_INPUTS = ["cover", "magnet"] as const;
export type TamperInput = (typeof TAMPER_INPUTS)[number];

/** A change of a tamper input. */
export interface TamperEvent {
  readonly what: TamperInput;
  readonly active: boolean;
  /** The meter's monotonic time, ms. */
  readonly monoMs: number;
}

/** Cover switch and magnet sensor: levels, and events for the firmware while there is power. */
export class TamperInputs {
  private readonly active = new Set<TamperInput>();
  private events: TamperEvent[] = [];

  level(what: TamperInput): boolean {
    return this.active.has(what);
  }

  /**
   * The input's level at `monoMs`, or without a time while power is off: then the level stays for the next power-up
   * and there is no event. Returns false if that is the level it has.
   */
  set(what: TamperInput, active: boolean, monoMs?: number): boolean {
    if (this.active.has(what) === active) return false;
    if (active) this.active.add(what);
    else this.active.delete(what);
    if (monoMs !== undefined) this.events.push({ what, active, monoMs });
    return true;
  }

  /** Power-up: what is active is told anew, older events are gone. */
  powerUp(monoMs: number): void {
    this.events = TAMPER_INPUTS.filter((what) => this.active.has(what)).map((what) => ({ what, active: true, monoMs }));
  }

  /** The oldest event that was not taken. */
  first(): TamperEvent | undefined {
    return this.events[0];
  }

  take(): void {
    this.events.shift();
  }
}
