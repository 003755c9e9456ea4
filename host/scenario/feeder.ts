import { lossMw, type Line } from "../grid/line.js";
import type { ScenarioDocument } from "./document.js";
import type { FeederNode, MeterPlan } from "./scenario.js";

/** `feeder` as the schema admits it. */
export interface FeederDocument {
  readonly head: string;
  readonly volt?: number;
  readonly lines: readonly {
    readonly from?: string;
    readonly to: string;
    readonly resistance_ohm: number;
    readonly volt?: number;
  }[];
}

interface GrowingNode extends FeederNode {
  readonly lines: { readonly line: Line; readonly to: FeederNode }[];
}

const DEFAULT_VOLT = 230;

/** The tree of lines under the head; reports whatever keeps the feeder from being one. */
export function buildFeeder(document: ScenarioDocument, feeder: FeederDocument, meters: readonly string[]): FeederNode {
  const metered = new Set(meters);
  if (!metered.has(feeder.head)) document.report(["feeder", "head"], `there is no meter ${quote(feeder.head)}`);
  const nodes = new Map<string, GrowingNode>();
  const node = (name: string): GrowingNode => {
    const known = nodes.get(name) ?? { name, lines: [] };
    nodes.set(name, known);
    return known;
  };
  const root = node(feeder.head);
  /** Which line leads to a node. */
  const fed = new Map<string, number>();
  feeder.lines.forEach(({ from = feeder.head, to, resistance_ohm, volt }, i) => {
    const place = ["feeder", "lines", i];
    const other = fed.get(to);
    if (to === feeder.head) document.report([...place, "to"], "a line leads away from the head, not to it");
    else if (other !== undefined) {
      document.report([...place, "to"], `${quote(to)} hangs on feeder.lines[${other}] already; a feeder is a tree`);
    } else {
      fed.set(to, i);
      const line = { resistanceOhm: resistance_ohm, volt: volt ?? feeder.volt ?? DEFAULT_VOLT };
      node(from).lines.push({ line, to: node(to) });
    }
  });
  const reached = new Set(visit(root).map(({ name }) => name));
  feeder.lines.forEach(({ from = feeder.head, to }, i) => {
    const place = ["feeder", "lines", i];
    if (from !== feeder.head && !fed.has(from)) {
      document.report([...place, "from"], `no line leads to ${quote(from)}`);
    } else if (fed.get(to) === i && !reached.has(to)) {
      document.report(place, `does not hang on the head: the lines to ${quote(to)} form a ring`);
    } else if (fed.get(to) === i && !metered.has(to) && node(to).lines.length === 0) {
      document.report([...place, "to"], `ends at ${quote(to)}, where there is neither a meter nor another line`);
    }
  });
  meters.forEach((name, i) => {
    if (name !== feeder.head && !fed.has(name)) document.report(["meters", i, "name"], "no line leads to this meter");
  });
  return root;
}

/** A node and all below it. The feeder may be a ring as long as it is not checked. */
function visit(root: FeederNode): FeederNode[] {
  const found = new Set([root]);
  for (const { lines } of found) for (const { to } of lines) found.add(to);
  return [...found];
}

/** What flows at the head, and what of it is lost. */
export interface Flow {
  readonly powerMw: number;
  readonly lostMw: number;
}

/**
 * Power through a node towards what hangs on it: what its own meter takes, and each line with its loss.
 * @param ownMw power of the meter of that name, mW, import positive; 0 for a junction
 */
export function flowAt(node: FeederNode, ownMw: (name: string) => number): Flow {
  let powerMw = ownMw(node.name);
  let lostMw = 0;
  for (const { line, to } of node.lines) {
    const below = flowAt(to, ownMw);
    const lost = lossMw(line, below.powerMw);
    powerMw += below.powerMw + lost;
    lostMw += below.lostMw + lost;
  }
  return { powerMw, lostMw };
}

/** S0 asks for at least 30 ms on and 30 ms off (IEC 62053-31): 60 ms a pulse at most. */
const SHORTEST_PULSE_MS = 60;

/** Reports meters whose pulses could not keep up with the greatest power that they may have to measure. */
export function checkPulseRates(document: ScenarioDocument, root: FeederNode, meters: readonly MeterPlan[]): void {
  const mostOf = (meter: MeterPlan): { load: number; generation: number } => ({
    load: Math.ceil((meter.load.maximumMw * (100 + meter.noisePercent)) / 100),
    generation: meter.generation.maximumMw,
  });
  const most = new Map(meters.map((meter) => [meter.name, mostOf(meter)]));
  const atHead = (pick: (own: { load: number; generation: number }) => number): number => {
    return Math.abs(flowAt(root, (name) => pick(most.get(name) ?? { load: 0, generation: 0 })).powerMw);
  };
  meters.forEach(({ name, config }, i) => {
    const own = most.get(name) ?? { load: 0, generation: 0 };
    const powerMw =
      name === root.name
        ? Math.max(
            atHead(({ load }) => load),
            atHead(({ generation }) => -generation),
          )
        : Math.max(own.load, own.generation);
    const limitMw = Math.floor(3.6e12 / (SHORTEST_PULSE_MS * config.meterConstant));
    if (powerMw <= limitMw) return;
    const kw = (mw: number): string => `${Math.ceil(mw / 1e5) / 10} kW`;
    document.report(
      ["meters", i],
      `may have to measure ${kw(powerMw)}; ${config.meterConstant} imp/kWh in pulses of ${SHORTEST_PULSE_MS} ms ` +
        `reach to ${kw(limitMw)}: lower meter_constant_imp_per_kwh`,
    );
  });
}

function quote(text: string): string {
  return JSON.stringify(text);
}
