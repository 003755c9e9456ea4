import { pathText, type Path, type ScenarioDocument } from "./document.js";
import type { DirectionPlan, LinePlan, MarketPlan, OfferPlan, Side, TradeKind } from "./market_plan.js";
import type { FeederNode } from "./scenario.js";

interface TermsDocument {
  readonly rating_w?: number;
  readonly rent_away_msat_per_kwh?: number;
  readonly rent_back_msat_per_kwh?: number;
  readonly loss_away_percent?: number;
  readonly loss_back_percent?: number;
  readonly loss_max_percent?: number;
  readonly credit_sat?: number;
  readonly price_cap_msat_per_kwh?: number;
  readonly tariff_msat_per_kwh?: number;
  readonly spread_percent?: number;
  readonly hold_s?: number;
}

interface OfferDocument {
  readonly node: string;
  readonly side: Side;
  readonly kinds?: readonly TradeKind[];
  readonly power_w?: number;
  readonly msat_per_kwh?: number;
  readonly steps?: readonly { readonly from: string; readonly msat_per_kwh: number | null }[];
  readonly hours?: readonly (number | null)[];
}

/** `market` as the schema admits it. */
export interface MarketDocument {
  readonly interval_s?: number;
  readonly channel_sat?: number;
  readonly purse_sat?: number;
  readonly forecast_error_percent?: number;
  readonly every_line?: TermsDocument;
  readonly lines?: readonly (TermsDocument & { readonly to: string })[];
  readonly offers: readonly OfferDocument[];
}

/** What the check has to know of the rest of the scenario. */
export interface MarketFrame {
  readonly root: FeederNode;
  /** Names in the order of the document. */
  readonly meters: readonly string[];
  readonly startUtcMs: number;
  readonly runMs: number;
}

export const DEFAULT_INTERVAL_S = 900;

const DEFAULT_TERMS = {
  rating_w: 10_000,
  rent_away_msat_per_kwh: 0,
  rent_back_msat_per_kwh: 0,
  loss_away_percent: 0,
  loss_back_percent: 0,
  loss_max_percent: 10,
  credit_sat: 0,
  price_cap_msat_per_kwh: 1_000_000,
  tariff_msat_per_kwh: 200_000,
  spread_percent: 10,
  hold_s: 10,
} satisfies Required<TermsDocument>;

/** A node has no more channels and a route no more hops (assembly/base/limits.ts). */
const MAX_LINES = 4;
const MAX_HOPS = 8;
/** A node posts offers for two intervals at a time, of the eight that it has place for. */
const MAX_OFFERS = 4;
const PPM_PER_PERCENT = 10_000;
const MILLION = 1_000_000n;
const MSAT_PER_SAT = 1000n;
const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;

/** The market of a scenario; reports whatever keeps it from being one. */
export function checkMarket(document: ScenarioDocument, market: MarketDocument, frame: MarketFrame): MarketPlan {
  const intervalS = market.interval_s ?? DEFAULT_INTERVAL_S;
  const nodes = visit(frame.root);
  checkTimes(document, intervalS, frame);
  checkTree(document, frame);
  const offers = market.offers.map((offer, i) => offerOf(document, ["market", "offers", i], offer, frame, nodes));
  checkOffersOfNodes(document, offers);
  return {
    intervalS,
    channelSat: BigInt(market.channel_sat ?? 1_000_000),
    purseSat: BigInt(market.purse_sat ?? 10_000),
    forecastErrorPercent: market.forecast_error_percent ?? 10,
    lines: linesOf(document, market, frame.root, nodes),
    offers,
  };
}

function checkTimes(document: ScenarioDocument, intervalS: number, { startUtcMs, runMs }: MarketFrame): void {
  const intervalMs = intervalS * 1000;
  if (startUtcMs % intervalMs !== 0) {
    document.report(["start"], `no interval of ${intervalS} s begins then; with a market the first one has to`);
  }
  if (runMs % intervalMs !== 0) {
    document.report(["duration"], `${runMs / 1000} s is no whole number of the market's intervals of ${intervalS} s`);
  }
}

/** Every node of the feeder in the order of its lines, the head first. */
function visit(root: FeederNode): FeederNode[] {
  return [root, ...root.lines.flatMap(({ to }) => visit(to))];
}

/** What the nodes can hold: lines, hops; and that a meter is the end of a line. */
function checkTree(document: ScenarioDocument, { root, meters }: MarketFrame): void {
  for (const node of visit(root)) {
    const lines = node.lines.length + (node === root ? 0 : 1);
    if (lines > MAX_LINES) {
      document.report(
        ["feeder", "lines"],
        `${quote(node.name)} has ${lines} lines; a node of the market has ${MAX_LINES}`,
      );
    }
    const i = meters.indexOf(node.name);
    if (node !== root && i >= 0 && node.lines.length > 0) {
      const first = quote(node.lines[0]?.to.name ?? "");
      document.report(
        ["meters", i, "name"],
        `a line leads on to ${first}; with a market a meter is the end of its line`,
      );
    }
  }
  const hops = longest(root).path;
  if (hops > MAX_HOPS) {
    document.report(
      ["feeder", "lines"],
      `the longest way between two nodes has ${hops} lines; a route has ${MAX_HOPS}`,
    );
  }
}

/** Lines from a node down, and on the longest way within its part of the tree. */
function longest(node: FeederNode): { readonly depth: number; readonly path: number } {
  const below = node.lines.map(({ to }) => longest(to));
  const [first = 0, second = 0] = below.map(({ depth }) => depth + 1).sort((a, b) => b - a);
  return { depth: first, path: Math.max(first + second, ...below.map(({ path }) => path)) };
}

function linesOf(
  document: ScenarioDocument,
  { every_line: every = {}, lines = [] }: MarketDocument,
  root: FeederNode,
  nodes: readonly FeederNode[],
): Map<string, LinePlan> {
  const own = new Map<string, { readonly terms: TermsDocument; readonly path: Path }>();
  lines.forEach((terms, i) => {
    const path = ["market", "lines", i];
    const first = lines.findIndex(({ to }) => to === terms.to);
    if (first < i) document.report([...path, "to"], `market.lines[${first}] is the line to ${quote(terms.to)} already`);
    else if (terms.to === root.name || !nodes.some(({ name }) => name === terms.to)) {
      document.report([...path, "to"], `no line leads to ${quote(terms.to)}`);
    } else own.set(terms.to, { terms, path });
  });
  const everyPath = ["market", "every_line"];
  const told = new Set<string>();
  const plans = new Map<string, LinePlan>();
  for (const { name } of nodes) {
    if (name === root.name) continue;
    const { terms, path } = own.get(name) ?? { terms: {}, path: everyPath };
    const all = { ...DEFAULT_TERMS, ...every, ...terms };
    // What is said once for every line is reported once.
    const report = (key: keyof TermsDocument, message: string): void => {
      const where = [...(terms[key] === undefined && every[key] !== undefined ? everyPath : path), key];
      if (!told.has(pathText(where))) document.report(where, message);
      told.add(pathText(where));
    };
    plans.set(name, lineOf(all, name, report));
  }
  return plans;
}

function lineOf(
  terms: Required<TermsDocument>,
  name: string,
  report: (key: keyof TermsDocument, message: string) => void,
): LinePlan {
  const ppm = (percent: number): number => Math.round(percent * PPM_PER_PERCENT);
  const away = { rentMsatPerKwh: BigInt(terms.rent_away_msat_per_kwh), lossPpm: ppm(terms.loss_away_percent) };
  const back = { rentMsatPerKwh: BigInt(terms.rent_back_msat_per_kwh), lossPpm: ppm(terms.loss_back_percent) };
  if (pumps(away, back))
    report("rent_back_msat_per_kwh", `${name}: whoever sends energy away and back would be paid for it`);
  if (pumps(back, away))
    report("rent_away_msat_per_kwh", `${name}: whoever sends energy back and away would be paid for it`);
  if (terms.price_cap_msat_per_kwh < 1) report("price_cap_msat_per_kwh", "a price cap is above zero");
  for (const key of ["loss_away_percent", "loss_back_percent"] as const) {
    if (terms[key] > terms.loss_max_percent) report(key, `${terms[key]} is more than the line's loss_max_percent`);
  }
  return {
    ratingMw: BigInt(terms.rating_w) * 1000n,
    away,
    back,
    lossMaxPpm: ppm(terms.loss_max_percent),
    creditMsat: BigInt(terms.credit_sat) * MSAT_PER_SAT,
    priceCapMsatPerKwh: BigInt(terms.price_cap_msat_per_kwh),
    tariffMsatPerKwh: BigInt(terms.tariff_msat_per_kwh),
    spreadPpm: ppm(terms.spread_percent),
    holdS: terms.hold_s,
  };
}

/** Whether rents would be earned by who sends energy to and fro (PROTOCOL.md, "Opening a line"). */
function pumps(first: DirectionPlan, second: DirectionPlan): boolean {
  return first.rentMsatPerKwh * MILLION + (MILLION - BigInt(first.lossPpm)) * second.rentMsatPerKwh < 0n;
}

function offerOf(
  document: ScenarioDocument,
  path: Path,
  offer: OfferDocument,
  { root, meters }: MarketFrame,
  nodes: readonly FeederNode[],
): OfferPlan {
  const { node, side } = offer;
  if (!nodes.some(({ name }) => name === node)) document.report([...path, "node"], `there is no node ${quote(node)}`);
  else if (node !== root.name && !meters.includes(node)) {
    document.report([...path, "node"], `${quote(node)} is a junction: it has no energy of its own`);
  }
  const prices: { readonly price: number | null; readonly place: Path }[] =
    offer.steps !== undefined
      ? offer.steps.map(({ msat_per_kwh }, i) => ({
          price: msat_per_kwh,
          place: [...path, "steps", i, "msat_per_kwh"],
        }))
      : offer.hours !== undefined
        ? offer.hours.map((price, i) => ({ price, place: [...path, "hours", i] }))
        : [{ price: offer.msat_per_kwh ?? null, place: [...path, "msat_per_kwh"] }];
  for (const { price, place } of prices) {
    if (side === "sell" && price !== null && price < 0) {
      document.report(place, `${price} is below zero: then whoever takes the energy offers to buy it, at that price`);
    }
  }
  offer.steps?.forEach(({ from }, i, steps) => {
    if (i > 0 && minutes(from) <= minutes(steps[i - 1]?.from ?? "")) {
      document.report([...path, "steps", i, "from"], `${from} is not after ${steps[i - 1]?.from}`);
    }
  });
  const priced = (price: number | null | undefined): bigint | undefined =>
    typeof price === "number" ? BigInt(price) : undefined;
  const starts = offer.steps?.map(({ from }) => minutes(from) * 60_000);
  return {
    node,
    side,
    kinds: offer.kinds ?? ["promise", "receipt"],
    powerMw: offer.power_w === undefined ? undefined : BigInt(Math.round(offer.power_w * 1000)),
    priceAt: (dayMs) => {
      const at = dayMs % DAY_MS;
      if (offer.hours !== undefined) return priced(offer.hours[Math.floor(at / HOUR_MS)]);
      if (starts === undefined) return priced(offer.msat_per_kwh);
      // Before the first step yesterday's last one holds.
      const step = starts.findLastIndex((start) => start <= at);
      return priced(prices.at(step)?.price);
    },
  };
}

function checkOffersOfNodes(document: ScenarioDocument, offers: readonly OfferPlan[]): void {
  offers.forEach(({ node }, i) => {
    const before = offers.slice(0, i).filter((other) => other.node === node).length;
    if (before === MAX_OFFERS) {
      document.report(["market", "offers", i, "node"], `${quote(node)} has more than ${MAX_OFFERS} offers`);
    }
  });
}

/** Minutes since midnight of HH:MM. */
function minutes(text: string): number {
  const [hours = 0, rest = 0] = text.split(":").map(Number);
  return hours * 60 + rest;
}

function quote(text: string): string {
  return JSON.stringify(text);
}
