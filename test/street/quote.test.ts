import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { DirectionPlan, LinePlan } from "../../host/scenario/market_plan.js";
import { needed, quoteBought, quoteGiven, reversed, valueCeil, type Quote } from "../../host/street/quote.js";
import { StreetTree, type StreetEdge, type StreetPlace } from "../../host/street/tree.js";
import { scenarioOf } from "./street.js";

/** Lines with the losses of the worked example: the head C1 owns both of its lines, C2 owns the home's. */
const EXAMPLE = `name: example
start: 2026-06-22T00:00:00Z
duration: 1h
feeder:
  head: c1
  lines:
    - { to: g, resistance_ohm: 0.1 }
    - { to: c2, resistance_ohm: 0.1 }
    - { from: c2, to: h, resistance_ohm: 0.1 }
    - { from: c2, to: k, resistance_ohm: 0.1 }
meters:
  - { name: g, serial: G, load: { constant_w: 1 } }
  - { name: h, serial: H, load: { constant_w: 1 } }
  - { name: k, serial: K, load: { constant_w: 1 } }
  - { name: c1, serial: C }
market:
  lines:
    - { to: g, loss_back_percent: 2, loss_away_percent: 1, rent_back_msat_per_kwh: 1000 }
    - { to: c2, loss_away_percent: 3, rent_away_msat_per_kwh: 2000, rent_back_msat_per_kwh: -500 }
    - { to: h, loss_away_percent: 5, rent_away_msat_per_kwh: 4000, rent_back_msat_per_kwh: -3000 }
  offers: [{ node: g, side: sell, msat_per_kwh: 1 }]
`;

function street(): StreetTree {
  const scenario = scenarioOf(EXAMPLE);
  return new StreetTree(scenario, scenario.market as never);
}

const tree = street();
const [g, h, k, c1, c2] = ["g", "h", "k", "c1", "c2"].map((name) => tree.place(name)) as [
  StreetPlace,
  StreetPlace,
  StreetPlace,
  StreetPlace,
  StreetPlace,
];
const way = (from: StreetPlace, to: StreetPlace) => tree.way(from, to);
const energies = ({ hops }: Quote): bigint[] => hops.map(({ energyMwh }) => energyMwh);
const kept = ({ kept: all }: Quote): [string, bigint, bigint][] =>
  all.map(({ place, rentMsat, lossMwh }) => [place.name, rentMsat, lossMwh]);

it("rounds up, also below zero", () => {
  expect(valueCeil(1_000_000n, 7n)).toBe(7n);
  expect(valueCeil(1_000_001n, 7n)).toBe(8n);
  expect(valueCeil(1_000_001n, -7n)).toBe(-7n);
  expect(valueCeil(0n, -7n)).toBe(0n);
});

it("what is needed is the least that delivers enough", () => {
  fc.assert(
    fc.property(fc.bigInt(0n, 10n ** 12n), fc.integer({ min: 0, max: 500_000 }), (mwh, lossPpm) => {
      const arrives = (sent: bigint): bigint => (sent * (1_000_000n - BigInt(lossPpm))) / 1_000_000n;
      const sent = needed(mwh, lossPpm);
      expect(arrives(sent)).toBeGreaterThanOrEqual(mwh);
      if (sent > 0n) expect(arrives(sent - 1n)).toBeLessThan(mwh);
    }),
  );
});

describe("energy that is bought", () => {
  it("is the worked example's", () => {
    const quote = quoteBought(way(h, g), 10_000_000n, 100_000n);
    expect(energies(quote)).toEqual([10_000_000n, 10_526_316n, 11_073_340n]);
    expect([quote.sentMwh, quote.deliveredMwh]).toEqual([11_073_340n, 10_000_000n]);
    // The seller's price for what leaves it, rounded up.
    expect(quote.receivedMsat).toBe(1_107_334n);
    // c2 owns the home's line alone; c1 owns both of its lines, and takes its own loss before the second rent.
    const c2Rent = 42_106n; // ceil(10,526,316 x 4000 / 10^6)
    const c1Rent = 11_074n + 21_704n; // ceil(11,073,340 x 1000 / 10^6), ceil(10,851,873 x 2000 / 10^6)
    expect(kept(quote)).toEqual([
      ["c2", c2Rent, 526_316n],
      ["c1", c1Rent, 547_024n],
    ]);
    expect(quote.hops.map(({ amountMsat }) => amountMsat)).toEqual([
      1_107_334n + c1Rent + c2Rent,
      1_107_334n + c1Rent,
      1_107_334n,
    ]);
    expect(quote.paidMsat).toBe(1_107_334n + c1Rent + c2Rent);
  });

  it("by a neighbour costs nothing on the way", () => {
    const quote = quoteBought(way(h, c2), 5_000_000n, 100_000n);
    expect([quote.paidMsat, quote.sentMwh, quote.kept]).toEqual([500_000n, 5_000_000n, []]);
  });

  it("the other way round brings rebates, of lines that lead there", () => {
    // From h over c2 and c1 to g: c2 owns h's line, c1 its own two.
    const quote = quoteBought(way(g, h), 10_000_000n, 100_000n);
    const atC1 = needed(10_000_000n, 10_000); // g's line, away
    expect(energies(quote)).toEqual([10_000_000n, atC1, atC1]);
    expect(kept(quote)).toEqual([
      ["c1", valueCeil(atC1, -500n), atC1 - 10_000_000n],
      ["c2", valueCeil(atC1, -3000n), 0n],
    ]);
    expect(quote.paidMsat).toBe(quote.receivedMsat + valueCeil(atC1, -500n) + valueCeil(atC1, -3000n));
    expect(quote.paidMsat).toBeLessThan(quote.receivedMsat);
  });

  it("a swap has at least 1 msat on every line", () => {
    const quote = quoteBought(way(g, h), 1_000_000_000n, 0n);
    expect(quote.hops.map(({ amountMsat }) => amountMsat)).toEqual([1n, 1n, 1n]);
  });
});

describe("energy that is given at a price below zero", () => {
  it("goes along with the payment, and shrinks on the way", () => {
    const quote = quoteGiven(way(g, h), 11_073_340n, -100_000n);
    // g's line back 2 %, c2's away 3 %, h's 5 %: rounded down line by line.
    expect(energies(quote)).toEqual([-11_073_340n, -10_526_316n, -10_000_000n]);
    expect(quote.receivedMsat).toBe(1_000_000n);
    expect(kept(quote)).toEqual([
      ["c1", 11_074n + 21_704n, 547_024n],
      ["c2", 42_106n, 526_316n],
    ]);
    expect(quote.paidMsat).toBe(1_000_000n + 32_778n + 42_106n);
  });
});

/** Terms of a line that are no pump. */
const terms = fc
  .record({
    awayLoss: fc.integer({ min: 0, max: 200_000 }),
    backLoss: fc.integer({ min: 0, max: 200_000 }),
    away: fc.integer({ min: -50_000, max: 50_000 }),
    back: fc.integer({ min: -50_000, max: 50_000 }),
  })
  .filter(
    ({ awayLoss, backLoss, away, back }) =>
      away * 1e6 + (1e6 - awayLoss) * back >= 0 && back * 1e6 + (1e6 - backLoss) * away >= 0,
  );

function withTerms(all: readonly { awayLoss: number; backLoss: number; away: number; back: number }[]): StreetTree {
  const changed = street();
  changed.edges.forEach((edge, i) => {
    const own = all[i % all.length] ?? { awayLoss: 0, backLoss: 0, away: 0, back: 0 };
    const plan = edge.plan as { -readonly [K in keyof LinePlan]: LinePlan[K] };
    plan.away = { rentMsatPerKwh: BigInt(own.away), lossPpm: own.awayLoss };
    plan.back = { rentMsatPerKwh: BigInt(own.back), lossPpm: own.backLoss };
  });
  return changed;
}

it("what a forwarder is left with is what its lines' terms ask for, whatever they are", () => {
  fc.assert(
    fc.property(
      fc.array(terms, { minLength: 4, maxLength: 4 }),
      fc.constantFrom(["h", "g"], ["g", "h"], ["h", "k"], ["k", "g"], ["g", "k"], ["c1", "h"], ["h", "c1"]),
      fc.bigInt(1n, 10n ** 9n),
      fc.bigInt(0n, 500_000n),
      fc.boolean(),
      (all, [from, to], mwh, price, isBought) => {
        const changed = withTerms(all);
        const steps = changed.way(changed.place(from as string), changed.place(to as string));
        const quote = isBought ? quoteBought(steps, mwh, price) : quoteGiven(steps, mwh, -price);
        // Along the energy's way, node by node, by the rules themselves.
        const course = isBought ? reversed(steps) : steps;
        const carried = energies(quote).map((value) => (value < 0n ? -value : value));
        const amounts = quote.hops.map(({ amountMsat }) => amountMsat);
        if (isBought) carried.reverse();
        const sign = isBought ? 1n : -1n;
        expect(energies(quote).every((value) => value * sign >= 0n)).toBe(true);
        for (let i = 1; i < course.length; i++) {
          const [coming, leaving] = [course[i - 1], course[i]] as [(typeof course)[number], (typeof course)[number]];
          const between = coming.away ? coming.edge.far : coming.edge.near;
          let left = carried[i - 1] as bigint;
          let rent = 0n;
          const pass = (edge: StreetEdge, { rentMsatPerKwh, lossPpm }: DirectionPlan): void => {
            if (edge.near !== between) return;
            const product = left * rentMsatPerKwh;
            rent += product >= 0n ? (product + 999_999n) / 1_000_000n : -(-product / 1_000_000n);
            left = (left * BigInt(1_000_000 - lossPpm)) / 1_000_000n;
          };
          pass(coming.edge, coming.away ? coming.edge.plan.away : coming.edge.plan.back);
          pass(leaving.edge, leaving.away ? leaving.edge.plan.away : leaving.edge.plan.back);
          expect(carried[i] as bigint).toBeLessThanOrEqual(left);
          // In the order of the payment: from the end of the energy's way where it is bought.
          const at = isBought ? course.length - 1 - i : i - 1;
          const share = (amounts[at] as bigint) - (amounts[at + 1] as bigint);
          expect(share).toBeGreaterThanOrEqual(rent);
          if ((amounts[at] as bigint) > 1n) expect(share).toBe(rent);
        }
      },
    ),
  );
});

it("ways lead over the node at which they part", () => {
  const names = (from: StreetPlace, to: StreetPlace): string[] =>
    way(from, to).map(({ edge, away }) => `${edge.far.name}${away ? "+" : "-"}`);
  expect(names(h, k)).toEqual(["h-", "k+"]);
  expect(names(h, g)).toEqual(["h-", "c2-", "g+"]);
  expect(names(c1, k)).toEqual(["c2+", "k+"]);
  expect(names(k, c1)).toEqual(["k-", "c2-"]);
  expect(names(c2, c2)).toEqual([]);
});
