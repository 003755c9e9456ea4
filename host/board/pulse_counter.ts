const MASK = 0xffff;

/**
 * Hardware pulse counters as the ESP32's PCNT: 16 bits an input, counting leading edges, wrapping without a sign. They
 * count on while the processor stands still, and know neither when a pulse came nor whether it was one.
 */
export class PulseCounter {
  private readonly values: Uint16Array;

  constructor(inputs = 2) {
    this.values = new Uint16Array(inputs);
  }

  /** An edge at an input. */
  edge(input: number, level: 0 | 1): void {
    if (level === 1) this.values[input] = ((this.values[input] ?? 0) + 1) & MASK;
  }

  /** 0..65,535. */
  value(input: number): number {
    return this.values[input] ?? 0;
  }

  /** Power-up. */
  reset(): void {
    this.values.fill(0);
  }
}
