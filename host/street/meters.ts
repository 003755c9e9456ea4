import type { Entropy } from "../board/entropy.js";
import { KeyStore } from "../board/key_store.js";
import { lineFlows, type LinePower, type RadialLine } from "../grid/radial.js";
import type { MeterConfig } from "../metrology/config.js";
import { parseRecord } from "../ocmf/parse.js";
import type { ScenarioMeter } from "../scenario/meter_control.js";
import type { MeterPlan } from "../scenario/scenario.js";
import type { StreetEdge, StreetPlace, StreetTree } from "./tree.js";

/** What is known of a meter of a street before it is there. */
export interface MeterSpec {
  /** Names its files. */
  readonly name: string;
  readonly place: StreetPlace;
  readonly config: MeterConfig;
  readonly frontEnd: MeterPlan["frontEnd"];
}

/** Makes a meter around its key. */
export type OpenMeter<M extends ScenarioMeter> = (spec: MeterSpec, keys: KeyStore) => M;

/**
 * A meter of a street. A line's import register counts what comes out of the line into the node, the other one what goes
 * from the node into the line.
 */
export interface StreetMeter<M extends ScenarioMeter = ScenarioMeter> extends MeterSpec {
  /** The line that it measures; undefined: all lines of the head together. */
  readonly edge: StreetEdge | undefined;
  readonly meter: M;
}

/** Registers at the end of an interval, as the meter has signed them. */
interface Reading {
  readonly importMwh: bigint;
  readonly exportMwh: bigint;
}

/**
 * All meters of a street: two on each line, and one more of the head where it has several lines. A node with one line has
 * one meter, which is called as the node is; the others are called after the line.
 */
export class StreetMeters<M extends ScenarioMeter = ScenarioMeter> {
  readonly all: readonly StreetMeter<M>[];
  private readonly lines: readonly RadialLine[];
  private readonly ends: readonly { readonly near: StreetMeter<M>; readonly far: StreetMeter<M> }[];
  private readonly places: ReadonlyMap<StreetPlace, readonly StreetMeter<M>[]>;
  private readonly readings = new Map<StreetMeter<M>, Map<number, Reading>>();
  /** How many receipts of each meter have been read. */
  private readonly read = new Map<StreetMeter<M>, number>();
  private lostMwMs = 0n;
  private nowMs = 0;

  constructor(
    private readonly tree: StreetTree,
    entropy: Entropy,
    open: OpenMeter<M>,
  ) {
    const all: StreetMeter<M>[] = [];
    const places = new Map<StreetPlace, StreetMeter<M>[]>();
    for (const place of tree.places) {
      const edges = place.up === undefined ? place.down : [place.up, ...place.down];
      const measured = edges.length > 1 && place === tree.head ? [...edges, undefined] : edges;
      const own = measured.map((edge): StreetMeter<M> => {
        const spec = specOf(tree, place, edge, edges.length === 1);
        const keys = KeyStore.generate(entropy.stream(`key/${spec.name}`));
        return { ...spec, edge, meter: open(spec, keys) };
      });
      places.set(place, own);
      all.push(...own);
    }
    this.all = all;
    this.places = places;
    const of = (place: StreetPlace, edge: StreetEdge): StreetMeter<M> =>
      places.get(place)?.find((meter) => meter.edge === edge) as StreetMeter<M>;
    this.ends = tree.edges.map((edge) => ({ near: of(edge.near, edge), far: of(edge.far, edge) }));
    this.lines = tree.edges.map(({ line, near }) => ({ line, above: near.up?.index }));
  }

  /** The meters of a node: of its line to the head, then of those away from it, then the head's own if it has one. */
  of(place: StreetPlace): readonly StreetMeter<M>[] {
    return this.places.get(place) ?? [];
  }

  /** Which of a node's meters measures all that it takes or gives; none for a cabinet. */
  own(place: StreetPlace): StreetMeter<M> | undefined {
    return place.kind === "cabinet" ? undefined : this.of(place).at(-1);
  }

  /** Power-up at monotonic time 0, all registers at 0. */
  start(utcMs: number): void {
    for (const each of this.all) {
      each.meter.start(utcMs);
      this.readings.set(each, new Map([[utcMs / 1000, { importMwh: 0n, exportMwh: 0n }]]));
    }
  }

  /**
   * Time goes on at constant power.
   * @param ownMw by node: what it uses, mW, negative where it generates; the head is the slack
   */
  run(ownMw: (place: StreetPlace) => number, toMs: number): void {
    const flows = lineFlows(
      this.lines,
      this.tree.edges.map(({ far }) => ownMw(far)),
    );
    this.ends.forEach(({ near, far }, i) => {
      const { nearMw, farMw } = flows[i] as LinePower;
      near.meter.run(-nearMw, toMs);
      far.meter.run(farMw, toMs);
      this.lostMwMs += BigInt(nearMw - farMw) * BigInt(toMs - this.nowMs);
    });
    const total = this.of(this.tree.head).find(({ edge }) => edge === undefined);
    const supplied = this.tree.head.down.reduce((sum, { index }) => sum + (flows[index] as LinePower).nearMw, 0);
    total?.meter.run(-supplied, toMs);
    this.nowMs = toMs;
  }

  /** What the lines have really lost, mWh. */
  get lostMwh(): bigint {
    return this.lostMwMs / 3_600_000n;
  }

  /**
   * Net energy into the node over an interval, by the receipts at its two ends, mWh. Throws if one of them is not there.
   * @param startS of the interval, UTC
   */
  netMwh(meter: StreetMeter<M>, startS: number, intervalS: number): bigint {
    const [from, to] = [this.readingAt(meter, startS), this.readingAt(meter, startS + intervalS)];
    return to.importMwh - from.importMwh - (to.exportMwh - from.exportMwh);
  }

  /** What a line carried, mWh, positive away from the head: what went in at the near end, what came out at the far one. */
  lineMwh(edge: StreetEdge, startS: number, intervalS: number): { readonly nearMwh: bigint; readonly farMwh: bigint } {
    const { near, far } = this.ends[edge.index] as (typeof this.ends)[number];
    return { nearMwh: -this.netMwh(near, startS, intervalS), farMwh: this.netMwh(far, startS, intervalS) };
  }

  /** Net energy into the node since a receipt, by the registers as they are now, mWh. */
  netSinceMwh(meter: StreetMeter<M>, startS: number): bigint {
    const from = this.readingAt(meter, startS);
    const { importMwh, exportMwh } = meter.meter.registers();
    return importMwh - from.importMwh - (exportMwh - from.exportMwh);
  }

  private readingAt(meter: StreetMeter<M>, atS: number): Reading {
    const { receipts } = meter.meter;
    const readings = this.readings.get(meter) ?? new Map<number, Reading>();
    this.readings.set(meter, readings);
    for (let i = this.read.get(meter) ?? 0; i < receipts.length; i++) {
      const [imported, exported] = parseRecord(receipts[i] ?? "").readings;
      readings.set(Math.round(imported.time.epochMs / 1000), {
        // Readings are kWh with six decimals: their digits are mWh.
        importMwh: imported.value?.coefficient ?? 0n,
        exportMwh: exported?.value?.coefficient ?? 0n,
      });
    }
    this.read.set(meter, receipts.length);
    const reading = readings.get(atS);
    if (reading === undefined) throw new Error(`${meter.name} has no receipt of ${new Date(atS * 1000).toISOString()}`);
    return reading;
  }
}

/** A meter's name, serial and constant: a home's of its own, a line's of the homes or of the head that it serves. */
function specOf(tree: StreetTree, place: StreetPlace, edge: StreetEdge | undefined, only: boolean): MeterSpec {
  const { meter } = place;
  const like = meter ?? edge?.far.meter ?? tree.head.meter;
  if (like === undefined) throw new Error("the head has no meter");
  const { frontEnd } = like;
  // A meter that is told no rating has that of what it measures.
  const ratedMw = (edge === undefined ? place.down : [edge]).reduce((sum, { plan }) => sum + plan.ratingMw, 0n);
  const isOwn = meter !== undefined && (only || edge === undefined);
  const ratingW = (isOwn && meter.config.ratingW) || Number(ratedMw / 1000n);
  const config = { ...like.config, ratingW };
  if (isOwn) return { name: place.name, place, frontEnd, config };
  const other = edge?.far === place ? edge.near : edge?.far;
  const letter = edge?.far === place ? "B" : "A";
  return {
    name: `${place.name}-to-${other?.name}`,
    place,
    frontEnd,
    config: { ...config, serial: `LINE-${(edge?.index ?? 0) + 1}-${letter}` },
  };
}
