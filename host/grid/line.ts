/** A line of a low-voltage feeder as a resistance at nominal voltage. */
export interface Line {
  /** Ohm, out and back. */
  readonly resistanceOhm: number;
  readonly volt: number;
}

/**
 * Loss at a power, I^2 R with I = P / V.
 * @param powerMw mW at the metered end, either sign
 * @returns mW, integer, >= 0
 */
export function lossMw(line: Line, powerMw: number): number {
  const watt = powerMw / 1000;
  const ampere = watt / line.volt;
  return Math.round(ampere * ampere * line.resistanceOhm * 1000);
}
