import { describe, expect, it } from "vitest";
import { Ledger } from "../../host/street/ledger.js";
import type { StreetTrade } from "../../host/street/result.js";
import { Trading, type Need } from "../../host/street/trading.js";
import { StreetTree } from "../../host/street/tree.js";
import { ScriptedExchange } from "./scripted_exchange.js";
import { scenarioOf } from "./street.js";

const START_S = 1_782_086_400;
const NOW_MS = (START_S - 60) * 1000;
const BEGIN = `name: dealing
start: 2026-06-22T00:00:00Z
duration: 1h
feeder:
  head: head
  lines:
    - { to: cabinet, resistance_ohm: 0 }
    - { from: cabinet, to: a, resistance_ohm: 0 }
    - { from: cabinet, to: b, resistance_ohm: 0 }
    - { from: cabinet, to: c, resistance_ohm: 0 }
meters:
  - { name: a, serial: A }
  - { name: b, serial: B }
  - { name: c, serial: C }
  - { name: head, serial: H }
market:
  every_line: { rating_w: 40000, tariff_msat_per_kwh: 200000, spread_percent: 50, rent_away_msat_per_kwh: 10000 }
`;

const NO_METERS = { lineMwh: () => ({ nearMwh: 0n, farMwh: 0n }), own: () => undefined, netMwh: () => 0n };

interface Dealt {
  readonly trades: readonly StreetTrade[];
  readonly exchange: ScriptedExchange;
  readonly trading: Trading;
  readonly ledger: Ledger;
}

/** One round of dealing. @param needs kWh that nodes lack; below zero they have it */
function deal(
  market: string,
  needs: Readonly<Record<string, number>>,
  kind: "promise" | "receipt" = "promise",
  prepare: (exchange: ScriptedExchange) => void = () => undefined,
): Dealt {
  const scenario = scenarioOf(BEGIN + market);
  const plan = scenario.market as NonNullable<typeof scenario.market>;
  const tree = new StreetTree(scenario, plan);
  const exchange = new ScriptedExchange(plan, tree, NO_METERS, START_S);
  prepare(exchange);
  const ledger = new Ledger(tree);
  const trading = new Trading(tree, plan, exchange, ledger);
  trading.post(START_S);
  const all = tree.places.map((place): Need => {
    const netMwh = BigInt(Math.round((needs[place.name] ?? 0) * 1e6));
    const most = place === tree.head ? 1_000_000_000n : 0n;
    return {
      place,
      netMwh,
      sellMwh: netMwh < 0n ? -netMwh : most,
      buyMwh: netMwh > 0n ? netMwh : most,
    };
  });
  trading.round(START_S, kind, all, NOW_MS);
  return { trades: ledger.trades, exchange, trading, ledger };
}

const short = (trades: readonly StreetTrade[]): string[] =>
  trades.map(({ buyer, seller, energyBoughtMwh, paidMsat, route, status }) => {
    const how = route[0] === seller ? "given" : "bought";
    return `${buyer} < ${seller} ${energyBoughtMwh} ${how} ${paidMsat}${status === "done" ? "" : ` ${status}`}`;
  });

describe("buying", () => {
  it("takes the cheapest offer delivered, and the next one for the rest", () => {
    const { trades } = deal(
      `  offers:
    - { node: head, side: sell, msat_per_kwh: 150000 }
    - { node: head, side: sell, msat_per_kwh: 100000, power_w: 2000 }
    - { node: b, side: sell, msat_per_kwh: 95000 }
`,
      { a: 1, b: -0.25 },
    );
    // b's energy costs less, and one rent like the head's.
    expect(short(trades)).toEqual([
      "a < b 250000 bought 26250",
      "a < head 500000 bought 55000",
      "a < head 250000 bought 40000",
    ]);
    expect(trades[0]).toMatchObject({
      route: ["a", "cabinet", "b"],
      kind: "promise",
      atUtcMs: NOW_MS,
      intervalStartUtcMs: START_S * 1000,
      receivedMsat: 23_750n,
      energySoldMwh: 250_000n,
      status: "done",
    });
  });

  it("rents count: an offer that is cheaper where it is made may be dearer where it is wanted", () => {
    const { trades } = deal(
      `  lines: [{ to: b, rent_back_msat_per_kwh: 30000 }]
  offers:
    - { node: head, side: sell, msat_per_kwh: 100000 }
    - { node: b, side: sell, msat_per_kwh: 80000 }
`,
      { a: 0.1, b: -1 },
    );
    expect(short(trades)).toEqual(["a < head 100000 bought 11000"]);
  });

  it("pays no more than what imbalance would cost", () => {
    const offer = (price: number): string => `  offers: [{ node: head, side: sell, msat_per_kwh: ${price} }]\n`;
    // 200000 and a half, less the rent of 10000.
    expect(short(deal(offer(290_000), { a: 0.1 }).trades)).toEqual(["a < head 100000 bought 30000"]);
    expect(deal(offer(290_001), { a: 0.1 }).trades).toEqual([]);
  });

  it("pays no more than its own limit, where it states one", () => {
    const market = (limit: number): string => `  offers:
    - { node: head, side: sell, msat_per_kwh: 100000 }
    - { node: a, side: buy, msat_per_kwh: ${limit} }
`;
    expect(short(deal(market(110_000), { a: 0.1 }).trades)).toEqual(["a < head 100000 bought 11000"]);
    expect(deal(market(109_980), { a: 0.1 }).trades).toEqual([]);
  });

  it("takes only offers of the kind that is dealt in", () => {
    const market = "  offers: [{ node: head, side: sell, kinds: [receipt], msat_per_kwh: 1 }]\n";
    expect(deal(market, { a: 0.1 }).trades).toEqual([]);
    expect(deal(market, { a: 0.1 }, "receipt").trades).toHaveLength(1);
  });

  it("leaves what is less than 1 Wh", () => {
    const market = "  offers: [{ node: head, side: sell, msat_per_kwh: 1000 }]\n";
    expect(deal(market, { a: 0.000999 }).trades).toEqual([]);
    expect(deal(market, { a: 0.001 }).trades).toHaveLength(1);
  });

  it("takes a quarter of what is left of a line that others forward over, again and again", () => {
    // a's line carries 10 kWh in an interval; the cabinet lends a quarter of what is left of the head's.
    const { trades, exchange } = deal(
      "  lines: [{ to: cabinet, rating_w: 4000 }]\n  offers: [{ node: head, side: sell, msat_per_kwh: 1000 }]\n",
      { a: 0.6 },
    );
    expect(trades.map(({ energyBoughtMwh, status }) => [energyBoughtMwh, status])).toEqual([
      [250_000n, "done"],
      [187_500n, "done"],
      [140_625n, "done"],
      [21_875n, "done"],
    ]);
    expect(exchange.swaps).toHaveLength(4);
  });

  it("stops where the line is full", () => {
    const { trades } = deal(
      "  lines: [{ to: a, rating_w: 400 }]\n  offers: [{ node: head, side: sell, msat_per_kwh: 1000 }]\n",
      { a: 0.6 },
    );
    expect(trades.map(({ energyBoughtMwh }) => energyBoughtMwh)).toEqual([100_000n]);
  });

  it("goes on with the next offer where one is refused, and lists what was", () => {
    const market = `  offers:
    - { node: b, side: sell, msat_per_kwh: 1000 }
    - { node: head, side: sell, msat_per_kwh: 2000 }
`;
    const { trades, ledger } = deal(market, { a: 0.1, b: -1 }, "promise", (exchange) => {
      exchange.refusal = ({ hops }) => (hops.at(-1)?.step.edge.far.name === "b" ? "b: no" : undefined);
    });
    expect(short(trades)).toEqual(["a < b 100000 bought 1100 b: no", "a < head 100000 bought 1200"]);
    expect(ledger.totals().map(({ soldMwh }) => soldMwh)).toEqual([100_000n, 0n, 0n, 0n, 0n]);
  });

  it("the head takes what is left at its price, after those who need it", () => {
    const market = (price: number): string => `  offers:
    - { node: b, side: sell, msat_per_kwh: 50000 }
    - { node: head, side: buy, msat_per_kwh: ${price}, kinds: [receipt], power_w: 2000 }
`;
    expect(short(deal(market(50_000), { a: 0.1, b: -1 }, "receipt").trades)).toEqual([
      "a < b 100000 bought 6000",
      "head < b 500000 bought 25000",
    ]);
    expect(short(deal(market(49_980), { a: 0.1, b: -1 }, "receipt").trades)).toEqual(["a < b 100000 bought 6000"]);
  });
});

describe("giving", () => {
  const MARKET = `  lines: [{ to: b, rent_back_msat_per_kwh: -4000 }]
  offers:
    - { node: head, side: buy, msat_per_kwh: -20000, kinds: [promise] }
    - { node: c, side: buy, msat_per_kwh: -15000 }
    - { node: a, side: buy, msat_per_kwh: -5000, power_w: 400 }
`;

  it("pays who takes it, where that costs least, rents and rebates included", () => {
    const { trades } = deal(MARKET, { a: 1, c: 0.3, b: -1 });
    // a takes 0.1 kWh, its line's rent is 10000; the head's line has none on the way up, so that its 20000 are less than
    // c's 15000 with the rent. What flows out of b's line brings 4000 back.
    expect(short(trades)).toEqual(["a < b 100000 given 1100", "head < b 900000 given 14400"]);
    expect(trades[1]?.receivedMsat).toBe(18_000n);
  });

  it("fills one after the other", () => {
    const { trades } = deal(MARKET.replace("-20000", "-90000"), { a: 1, c: 0.3, b: -1 });
    expect(short(trades)).toEqual([
      "a < b 100000 given 1100",
      "c < b 300000 given 6300",
      "head < b 600000 given 51600",
    ]);
  });

  it("who wants to be paid for taking it does not buy before, but does afterwards", () => {
    const market = MARKET + "    - { node: head, side: sell, msat_per_kwh: 1000 }\n";
    expect(short(deal(market, { c: 0.3 }).trades)).toEqual([]);
    expect(short(deal(market, { c: 0.3 }, "receipt").trades)).toEqual(["c < head 300000 bought 3300"]);
  });

  it("nobody gives away what it has only bought too much of", () => {
    const scenario = scenarioOf(BEGIN + MARKET);
    const plan = scenario.market as NonNullable<typeof scenario.market>;
    const tree = new StreetTree(scenario, plan);
    const exchange = new ScriptedExchange(plan, tree, NO_METERS, START_S);
    const ledger = new Ledger(tree);
    const trading = new Trading(tree, plan, exchange, ledger);
    trading.post(START_S);
    const [head, b] = [tree.head, tree.place("b")];
    trading.round(
      START_S,
      "promise",
      [
        { place: b, netMwh: -500_000n, sellMwh: 0n, buyMwh: 0n },
        { place: head, netMwh: 0n, sellMwh: 0n, buyMwh: 1_000_000n },
      ],
      NOW_MS,
    );
    expect(ledger.trades).toEqual([]);
  });
});

it("prices of an interval are those in force then", () => {
  const { trading } = deal(
    `  offers:
    - { node: head, side: sell, msat_per_kwh: 5 }
    - { node: head, side: buy, steps: [{ from: "12:00", msat_per_kwh: -3 }, { from: "13:00", msat_per_kwh: null }] }
    - { node: b, side: buy, msat_per_kwh: 2 }
`,
    {},
  );
  const noonS = START_S + 12 * 3600;
  trading.post(noonS);
  expect(trading.prices(START_S)).toEqual([
    { node: "head", side: "sell", msatPerKwh: 5n },
    { node: "b", side: "buy", msatPerKwh: 2n },
  ]);
  expect(trading.prices(noonS).map(({ msatPerKwh }) => msatPerKwh)).toEqual([5n, -3n, 2n]);
  expect(trading.prices(noonS + 900)).toEqual([]);
});
