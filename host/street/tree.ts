import type { Line } from "../grid/line.js";
import type { LinePlan, MarketPlan } from "../scenario/market_plan.js";
import type { FeederNode, MeterPlan, Scenario } from "../scenario/scenario.js";
import type { NodeKind } from "./result.js";

/** A line between two nodes of a street. `near` owns it; energy is counted at `far`. */
export interface StreetEdge {
  /** Which line it is, from 0. */
  readonly index: number;
  readonly near: StreetPlace;
  readonly far: StreetPlace;
  readonly line: Line;
  readonly plan: LinePlan;
}

/** A node of a street. */
export interface StreetPlace {
  readonly name: string;
  readonly kind: NodeKind;
  /** Its meter's plan; a cabinet has none. */
  readonly meter: MeterPlan | undefined;
  /** The line towards the head; the head has none. */
  readonly up: StreetEdge | undefined;
  readonly down: readonly StreetEdge[];
}

/** A step of a way: a line, and whether it is gone along away from the head. */
export interface Step {
  readonly edge: StreetEdge;
  readonly away: boolean;
}

interface GrowingPlace extends StreetPlace {
  up: StreetEdge | undefined;
  readonly down: StreetEdge[];
}

/** The nodes and lines of a street that trades: a tree under the head. */
export class StreetTree {
  /** The head first, then as the lines lead away from it. */
  readonly places: readonly StreetPlace[];
  readonly edges: readonly StreetEdge[];
  private readonly byName: ReadonlyMap<string, StreetPlace>;

  constructor(scenario: Scenario, market: MarketPlan) {
    const meters = new Map(scenario.meters.map((meter) => [meter.name, meter]));
    const places: GrowingPlace[] = [];
    const edges: StreetEdge[] = [];
    const grow = (node: FeederNode, isHead: boolean): GrowingPlace => {
      const meter = meters.get(node.name);
      const place: GrowingPlace = { name: node.name, kind: kindOf(meter, isHead), meter, up: undefined, down: [] };
      places.push(place);
      for (const { line, to } of node.lines) {
        const plan = market.lines.get(to.name);
        if (plan === undefined) throw new Error(`the line to ${to.name} has no terms`);
        const far = grow(to, false);
        const edge = { index: 0, near: place, far, line, plan };
        far.up = edge;
        place.down.push(edge);
      }
      return place;
    };
    grow(scenario.root, true);
    // Lines are numbered in the order of their far ends.
    for (const place of places) {
      if (place.up === undefined) continue;
      const edge = { ...place.up, index: edges.length };
      const { down } = place.up.near as GrowingPlace;
      down[down.indexOf(place.up)] = edge;
      place.up = edge;
      edges.push(edge);
    }
    this.places = places;
    this.edges = edges;
    this.byName = new Map(places.map((place) => [place.name, place]));
  }

  get head(): StreetPlace {
    return this.places[0] as StreetPlace;
  }

  /** Throws if there is no such node. */
  place(name: string): StreetPlace {
    const place = this.byName.get(name);
    if (place === undefined) throw new Error(`there is no node ${name}`);
    return place;
  }

  /** The way between two nodes: up to where their ways to the head meet, and down. Empty from a node to itself. */
  way(from: StreetPlace, to: StreetPlace): Step[] {
    const [up, down] = [toHead(from), toHead(to)];
    while (up.length > 0 && up.at(-1) === down.at(-1)) {
      up.pop();
      down.pop();
    }
    return [...up.map((edge) => ({ edge, away: false })), ...down.reverse().map((edge) => ({ edge, away: true }))];
  }
}

/** Lines from a node to the head. */
function toHead(place: StreetPlace): StreetEdge[] {
  const lines: StreetEdge[] = [];
  for (let edge = place.up; edge !== undefined; edge = edge.near.up) lines.push(edge);
  return lines;
}

function kindOf(meter: MeterPlan | undefined, isHead: boolean): NodeKind {
  if (isHead) return "head";
  if (meter === undefined) return "cabinet";
  return meter.generation.maximumMw > 0 ? "solar" : "home";
}

/** Where a step leads. */
export const endOf = ({ edge, away }: Step): StreetPlace => (away ? edge.far : edge.near);
