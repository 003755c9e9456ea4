import { lossMw, type Line } from "./line.js";

/** A line of a tree, numbered so that the lines below it come after it. */
export interface RadialLine {
  readonly line: Line;
  /** Number of the line that feeds it; undefined under the head. */
  readonly above: number | undefined;
}

/** Power on a line, mW, positive away from the head. */
export interface LinePower {
  /** What goes in at the near end; what the line loses is in it. */
  readonly nearMw: number;
  readonly farMw: number;
}

/**
 * Radial power flow at nominal voltage: what each line carries at both of its ends.
 * @param ownMw power that is used at each line's far end, mW, integers, negative where it is generated
 */
export function lineFlows(lines: readonly RadialLine[], ownMw: readonly number[]): LinePower[] {
  const farMw = lines.map((_, i) => ownMw[i] ?? 0);
  const flows: LinePower[] = [];
  for (let i = lines.length - 1; i >= 0; i--) {
    const { line, above } = lines[i] as RadialLine;
    const far = farMw[i] as number;
    const near = far + lossMw(line, far);
    if (above !== undefined) {
      if (above >= i) throw new RangeError(`line ${i} hangs on line ${above}, which comes after it`);
      farMw[above] = (farMw[above] as number) + near;
    }
    flows[i] = { nearMw: near, farMw: far };
  }
  return flows;
}
