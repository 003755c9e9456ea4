import type { LineFigures, NodeFigures, StreetInterval, StreetResult, StreetTrade } from "../../host/street/result.js";

// A result as a day of a street would give it, made up: a head, cabinets, homes, every third one with solar cells.

const START_UTC_MS = Date.UTC(2026, 5, 21);
const INTERVAL_S = 900;

interface Size {
  readonly homes?: number;
  readonly intervals?: number;
}

const mwh = (kwh: number): bigint => BigInt(Math.round(kwh * 1e6));
const NOTHING: Omit<NodeFigures, "name" | "balanceMsat"> = {
  boughtMwh: 0n,
  soldMwh: 0n,
  lostMwh: 0n,
  imbalanceMwh: 0n,
  paidMsat: 0n,
  earnedMsat: 0n,
  rentMsat: 0n,
  rebateMsat: 0n,
  settledMsat: 0n,
};

/** kWh in an interval that a home takes (positive) or gives. */
function demand(home: number, hour: number): number {
  const evening = Math.exp(-((hour - 19) ** 2) / 5) * (0.45 + 0.07 * home);
  const morning = Math.exp(-((hour - 7.5) ** 2) / 3) * 0.2;
  const sun = home % 3 === 1 ? Math.max(0, Math.sin(((hour - 5) / 16) * Math.PI)) ** 2 * 0.9 : 0;
  return 0.05 + evening + morning + 0.02 * Math.sin(hour * 3 + home) - sun;
}

const sum = <T>(items: readonly T[], of: (item: T) => bigint): bigint =>
  items.reduce((total, item) => total + of(item), 0n);

/** Figures of all intervals added up, at one place of their lists. */
function total(all: readonly NodeFigures[]): NodeFigures {
  const last = all.at(-1);
  if (last === undefined) throw new RangeError("no interval");
  const sums = Object.fromEntries(
    (Object.keys(NOTHING) as (keyof typeof NOTHING)[]).map((key) => [key, sum(all, (figures) => figures[key])]),
  ) as unknown as typeof NOTHING;
  return { name: last.name, ...sums, balanceMsat: last.balanceMsat };
}

export function streetResult({ homes = 3, intervals: count = 96 }: Size = {}): StreetResult {
  const homeNames = Array.from({ length: homes }, (_, home) => (home % 3 === 1 ? `solar ${home}` : `home ${home}`));
  const names = ["head", "cabinet", ...homeNames];
  const balances = new Map(names.map((name, index) => [name, index < 2 ? 40_000_000n : 9_000_000n]));
  const trades: StreetTrade[] = [];
  const intervals = Array.from({ length: count }, (_, index): StreetInterval => {
    const startUtcMs = START_UTC_MS + index * INTERVAL_S * 1000;
    const hour = (index * INTERVAL_S) / 3600;
    const sun = Math.max(0, Math.sin(((hour - 5) / 16) * Math.PI));
    const price = BigInt(Math.round(150_000 + 130_000 * Math.exp(-((hour - 19) ** 2) / 4) - 40_000 * sun));
    const low = hour > 11.5 && hour < 14 ? -BigInt(Math.round(30_000 * sun)) : undefined;
    const nodes = new Map(names.map((name) => [name, { ...NOTHING }]));
    const add = (name: string, key: keyof typeof NOTHING, amount: bigint): void => {
      const figures = nodes.get(name);
      if (figures === undefined) throw new RangeError(name);
      figures[key] += amount;
      if (key === "paidMsat" || key === "rebateMsat") balances.set(name, (balances.get(name) ?? 0n) - amount);
      if (key === "earnedMsat" || key === "rentMsat") balances.set(name, (balances.get(name) ?? 0n) + amount);
    };
    const lines = homeNames.map((name, home): LineFigures => {
      const metered = mwh(demand(home, hour));
      const agreed = mwh(demand(home, hour) * (1 + 0.08 * Math.sin(index + home)));
      const sells = agreed < 0n;
      const energy = sells ? -agreed : agreed;
      const [buyer, seller] = sells ? ["head", name] : [name, "head"];
      const failed = (index + home) % 37 === 36;
      const sent = sells ? energy : (energy * 100n) / 95n;
      const reached = sells ? (energy * 95n) / 100n : energy;
      const belowZero = sells && low !== undefined;
      const rate = belowZero ? -low : price;
      const amount = (reached * rate) / 1_000_000n;
      const rent = amount / 20n;
      if (!failed) {
        add(buyer, "boughtMwh", reached);
        add(seller, "soldMwh", sent);
        add("cabinet", "lostMwh", sent - reached);
        add(belowZero ? seller : buyer, "paidMsat", amount + rent);
        add(belowZero ? buyer : seller, "earnedMsat", amount);
        add("cabinet", "rentMsat", rent);
      }
      add(name, "imbalanceMwh", metered - (failed ? 0n : agreed));
      trades.push({
        atUtcMs: startUtcMs - 60_000,
        buyer,
        seller,
        kind: home % 2 === 0 ? "promise" : "receipt",
        intervalStartUtcMs: startUtcMs,
        route: belowZero ? [seller, "cabinet", buyer] : [buyer, "cabinet", seller],
        energyBoughtMwh: reached,
        energySoldMwh: sent,
        paidMsat: failed ? 0n : amount + rent,
        receivedMsat: failed ? 0n : amount,
        status: failed ? "temporary_channel_failure at cabinet" : "done",
      });
      return {
        agreedMwh: failed ? 0n : agreed,
        meteredMwh: metered,
        lostMwh: (metered < 0n ? -metered : metered) / 40n,
        useOfRatingPpm: Number((energy * 1_000_000n) / mwh(1.5)),
      };
    });
    const agreedMwh = sum(lines, (line) => line.agreedMwh);
    const trunk: LineFigures = {
      agreedMwh,
      meteredMwh: sum(lines, ({ meteredMwh }) => meteredMwh),
      lostMwh: sum(lines, ({ lostMwh }) => lostMwh) / 2n,
      useOfRatingPpm: Number(((agreedMwh < 0n ? -agreedMwh : agreedMwh) * 1_000_000n) / mwh(2.5)),
    };
    return {
      startUtcMs,
      prices: [
        { node: "head", side: "sell", msatPerKwh: price },
        ...homeNames
          .filter((name) => name.startsWith("solar"))
          .map((node, at) => ({ node, side: "sell" as const, msatPerKwh: price - 20_000n - BigInt(at) * 1_000n })),
        ...(low === undefined ? [] : [{ node: "head", side: "buy" as const, msatPerKwh: low }]),
      ],
      nodes: names.map((name) => ({ name, ...(nodes.get(name) ?? NOTHING), balanceMsat: balances.get(name) ?? 0n })),
      lines: [trunk, ...lines],
    };
  });
  const lines = [
    { from: "head", to: "cabinet", ratingMw: 10_000_000n },
    ...homeNames.map((to) => ({ from: "cabinet", to, ratingMw: 6_000_000n })),
  ];
  const lost = intervals.reduce((all, interval) => all + sum(interval.lines, ({ lostMwh }) => lostMwh), 0n);
  const startMsat = 80_000_000n + 9_000_000n * BigInt(homes);
  return {
    name: "street",
    description: "A street for a midsummer day: homes, solar homes, a cabinet and the feeder head that balances them.",
    startUtcMs: START_UTC_MS,
    intervalS: INTERVAL_S,
    seed: "1",
    nodes: names.map((name, index) => ({
      name,
      kind: index === 0 ? "head" : index === 1 ? "cabinet" : name.startsWith("solar") ? "solar" : "home",
    })),
    lines,
    intervals,
    trades: trades.sort((a, b) => a.atUtcMs - b.atUtcMs),
    totals: {
      trades: trades.length,
      failedTrades: trades.filter(({ status }) => status !== "done").length,
      nodes: names.map((_, at) => total(intervals.flatMap(({ nodes }) => nodes[at] ?? []))),
      lines: lines.map((_, at) => {
        const all = intervals.flatMap((interval) => interval.lines[at] ?? []);
        return {
          agreedMwh: sum(all, ({ agreedMwh }) => agreedMwh),
          meteredMwh: sum(all, ({ meteredMwh }) => meteredMwh),
          lostMwh: sum(all, ({ lostMwh }) => lostMwh),
          useOfRatingPpm: all.reduce((most, { useOfRatingPpm }) => Math.max(most, useOfRatingPpm), 0),
        };
      }),
    },
    conservation: {
      startMsat,
      endMsat: startMsat,
      moneyDiffers: [],
      moneyHolds: true,
      generatedMwh: mwh(21.5) + lost,
      consumedMwh: mwh(21.5),
      lostMwh: lost,
      physicalLostMwh: lost + 12n,
      resolutionMwh: 40_000n,
      energyHolds: true,
      flowsDiffer: [],
      flowsHold: true,
      problems: [],
      holds: true,
    },
  };
}
