import { resolutionMwh } from "../scenario/balance.js";
import type { LineClose } from "./exchange.js";
import type { Sums } from "./ledger.js";
import type { Conservation, LineFigures, NodeFigures, StreetInterval, StreetResult } from "./result.js";
import type { StreetSimulation } from "./simulation.js";
import type { StreetEdge, StreetPlace } from "./tree.js";

const PPM = 1_000_000n;
const MW_S_PER_MWH = 3600n;

const absolute = (value: bigint): bigint => (value < 0n ? -value : value);
const sumOf = (values: readonly bigint[]): bigint => values.reduce((sum, value) => sum + value, 0n);

/**
 * What a street came to, once its simulation is over.
 * @param problems what else was found wrong, such as receipts that do not verify
 */
export function outcomeOf(simulation: StreetSimulation, problems: readonly string[] = []): StreetResult {
  const { scenario, market, tree, ledger } = simulation;
  const closes = closesByLine(simulation);
  const intervals = simulation.intervalStarts.map((startS) => intervalOf(simulation, closes, startS));
  return {
    name: scenario.name,
    description: scenario.description,
    startUtcMs: scenario.startUtcMs,
    intervalS: market.intervalS,
    seed: scenario.seed,
    nodes: tree.places.map(({ name, kind }) => ({ name, kind })),
    lines: tree.edges.map(({ near, far, plan }) => ({ from: near.name, to: far.name, ratingMw: plan.ratingMw })),
    intervals,
    trades: ledger.trades,
    totals: {
      trades: ledger.trades.filter(({ status }) => status === "done").length,
      failedTrades: ledger.trades.filter(({ status }) => status !== "done").length,
      nodes: ledger.totals().map((sums, i) => totalOfNode(simulation, intervals, sums, i)),
      lines: tree.edges.map((_, i) => totalOfLine(intervals, i)),
    },
    conservation: conservationOf(simulation, intervals, problems),
  };
}

/** By line, what it closed, by the start of the last interval of the close. */
function closesByLine({ closes, market }: StreetSimulation): Map<StreetEdge, Map<number, LineClose>> {
  const byLine = new Map<StreetEdge, Map<number, LineClose>>();
  for (const close of closes) {
    const own = byLine.get(close.edge) ?? new Map<number, LineClose>();
    byLine.set(close.edge, own.set(close.untilS - market.intervalS, close));
  }
  return byLine;
}

function intervalOf(
  simulation: StreetSimulation,
  closes: ReadonlyMap<StreetEdge, ReadonlyMap<number, LineClose>>,
  startS: number,
): StreetInterval {
  const { tree, market, meters, ledger, trading, snapshots } = simulation;
  const lines = tree.edges.map((edge): LineFigures => {
    const { nearMwh, farMwh } = meters.lineMwh(edge, startS, market.intervalS);
    const agreedMwh = closes.get(edge)?.get(startS)?.agreedMwh ?? 0n;
    const capacityMwh = (edge.plan.ratingMw * BigInt(market.intervalS)) / MW_S_PER_MWH;
    return {
      agreedMwh,
      meteredMwh: farMwh,
      lostMwh: nearMwh - farMwh,
      useOfRatingPpm: capacityMwh === 0n ? 0 : Number((absolute(agreedMwh) * PPM) / capacityMwh),
    };
  });
  const balances = snapshots.find(({ intervalStartS }) => intervalStartS === startS)?.balancesMsat ?? [];
  const beyond = ({ index }: StreetEdge): bigint => (lines[index]?.meteredMwh ?? 0n) - (lines[index]?.agreedMwh ?? 0n);
  const nodes = tree.places.map((place, i): NodeFigures => {
    const away = sumOf(place.down.map(beyond));
    return {
      name: place.name,
      ...ledger.of(place, startS),
      imbalanceMwh: (place.up === undefined ? 0n : beyond(place.up)) - away,
      balanceMsat: balances[i] ?? 0n,
    };
  });
  return { startUtcMs: startS * 1000, prices: trading.prices(startS), nodes, lines };
}

function totalOfNode(
  { tree, exchange }: StreetSimulation,
  intervals: readonly StreetInterval[],
  sums: Readonly<Sums>,
  i: number,
): NodeFigures {
  const place = tree.places[i] as StreetPlace;
  return {
    name: place.name,
    ...sums,
    imbalanceMwh: sumOf(intervals.map(({ nodes }) => nodes[i]?.imbalanceMwh ?? 0n)),
    balanceMsat: exchange.balanceMsat(place),
  };
}

function totalOfLine(intervals: readonly StreetInterval[], i: number): LineFigures {
  const all = intervals.flatMap(({ lines }) => lines[i] ?? []);
  return {
    agreedMwh: sumOf(all.map(({ agreedMwh }) => agreedMwh)),
    meteredMwh: sumOf(all.map(({ meteredMwh }) => meteredMwh)),
    lostMwh: sumOf(all.map(({ lostMwh }) => lostMwh)),
    useOfRatingPpm: Math.max(0, ...all.map(({ useOfRatingPpm }) => useOfRatingPpm)),
  };
}

function conservationOf(
  simulation: StreetSimulation,
  intervals: readonly StreetInterval[],
  found: readonly string[],
): Conservation {
  const { tree, exchange, meters, market, startMsat } = simulation;
  const endMsat = exchange.totalMsat();
  const moneyDiffers = simulation.moneyDiffers();
  const moneyHolds = startMsat === endMsat && moneyDiffers.length === 0;

  // Each node's own meters, line by line: apart from what the lines' figures say.
  let [generatedMwh, consumedMwh] = [0n, 0n];
  for (const startS of simulation.intervalStarts) {
    for (const place of tree.places) {
      const measured = meters.of(place).filter(({ edge }) => edge !== undefined);
      const netMwh = sumOf(measured.map((meter) => meters.netMwh(meter, startS, market.intervalS)));
      if (netMwh < 0n) generatedMwh -= netMwh;
      else consumedMwh += netMwh;
    }
  }
  const lostMwh = sumOf(intervals.flatMap(({ lines }) => lines.map((line) => line.lostMwh)));
  const physicalLostMwh = meters.lostMwh;
  const onLines = meters.all.filter(({ edge }) => edge !== undefined);
  const resolution = sumOf(onLines.map(({ meter }) => resolutionMwh(meter)));
  const energyHolds = generatedMwh === consumedMwh + lostMwh && absolute(lostMwh - physicalLostMwh) <= resolution;

  const flowsDiffer = tree.places.filter((place) => !flowsHold(simulation, intervals, place)).map(({ name }) => name);
  const problems = [
    ...found,
    ...simulation.problems,
    ...exchange.problems,
    ...tree.edges
      .filter((edge) => !exchange.endsAgree(edge))
      .map(({ near, far }) => `${near.name} and ${far.name} do not agree on what their line's channel holds`),
  ];
  return {
    startMsat,
    endMsat,
    moneyDiffers,
    moneyHolds,
    generatedMwh,
    consumedMwh,
    lostMwh,
    physicalLostMwh,
    resolutionMwh: resolution,
    energyHolds,
    flowsDiffer,
    flowsHold: flowsDiffer.length === 0,
    problems,
    holds: moneyHolds && energyHolds && flowsDiffer.length === 0 && problems.length === 0,
  };
}

/** Whether in every interval what a node bought, sold and kept is what came over its lines by what their ends have signed. */
function flowsHold({ ledger }: StreetSimulation, intervals: readonly StreetInterval[], place: StreetPlace): boolean {
  return intervals.every(({ startUtcMs, lines }) => {
    const agreed = (edge: StreetEdge): bigint => lines[edge.index]?.agreedMwh ?? 0n;
    const cameMwh = (place.up === undefined ? 0n : agreed(place.up)) - sumOf(place.down.map(agreed));
    const { boughtMwh, soldMwh, lostMwh } = ledger.of(place, startUtcMs / 1000);
    return cameMwh === boughtMwh - soldMwh + lostMwh;
  });
}
