import { describe, expect, it } from "vitest";
import type { MarketPlan } from "../../host/scenario/market_plan.js";
import { problemsOf } from "../scenario/documents.js";
import { scenarioOf } from "./street.js";

const TEXT = `name: market
start: 2026-06-22T00:00:00Z
duration: 2h
feeder:
  head: head
  lines:
    - { to: cabinet, resistance_ohm: 0.05 }
    - { from: cabinet, to: a, resistance_ohm: 0.1 }
    - { from: cabinet, to: b, resistance_ohm: 0.2 }
meters:
  - name: a
    serial: A1
    load: { constant_w: 1000 }
  - name: b
    serial: B1
    generation: { profile: clear-sky-lat48-midsummer, peak_kw: 5 }
  - name: head
    serial: H1
market:
  every_line: { rating_w: 8000, loss_away_percent: 1.25 }
  lines:
    - { to: b, rent_back_msat_per_kwh: 7 }
  offers:
    - { node: head, side: sell, msat_per_kwh: 200000 }
    - node: b
      side: sell
      steps:
        - { from: "06:30", msat_per_kwh: 50000 }
        - { from: "21:00", msat_per_kwh: null }
`;

function changed(from: string, to: string): string {
  if (!TEXT.includes(from)) throw new Error(`${from} does not occur`);
  return TEXT.replace(from, to);
}

const marketOf = (text: string): MarketPlan => scenarioOf(text).market as MarketPlan;

it("takes a market, with the documented defaults", () => {
  const { intervalS, channelSat, purseSat, forecastErrorPercent, lines } = marketOf(TEXT);
  expect([intervalS, channelSat, purseSat, forecastErrorPercent]).toEqual([900, 1_000_000n, 10_000n, 10]);
  expect([...lines.keys()]).toEqual(["cabinet", "a", "b"]);
  const common = {
    ratingMw: 8_000_000n,
    away: { rentMsatPerKwh: 0n, lossPpm: 12_500 },
    back: { rentMsatPerKwh: 0n, lossPpm: 0 },
    lossMaxPpm: 100_000,
    creditMsat: 0n,
    priceCapMsatPerKwh: 1_000_000n,
    tariffMsatPerKwh: 200_000n,
    spreadPpm: 100_000,
    holdS: 10,
  };
  expect(lines.get("a")).toEqual(common);
  expect(lines.get("b")).toEqual({ ...common, back: { rentMsatPerKwh: 7n, lossPpm: 0 } });
});

it("a scenario without a market has none", () => {
  expect(scenarioOf(TEXT.replace(/^market:[^]*/m, "")).market).toBeUndefined();
});

describe("prices over the day", () => {
  const at = (clock: string): number => {
    const [hours = 0, minutes = 0] = clock.split(":").map(Number);
    return (hours * 60 + minutes) * 60_000;
  };
  const prices = (offer: string, ...clocks: string[]): (bigint | undefined)[] => {
    const { offers } = marketOf(changed("node: head, side: sell, msat_per_kwh: 200000", offer));
    return clocks.map((clock) => offers[0]?.priceAt(at(clock)));
  };

  it("one price", () => {
    expect(prices("node: head, side: buy, msat_per_kwh: -3", "00:00", "23:59")).toEqual([-3n, -3n]);
  });

  it("steps hold from their time on, the last one over midnight", () => {
    const steps = 'node: head, side: sell, steps: [{from: "06:30", msat_per_kwh: 5}, {from: "21:00", msat_per_kwh: 9}]';
    expect(prices(steps, "00:00", "06:29", "06:30", "20:59", "21:00")).toEqual([9n, 9n, 5n, 5n, 9n]);
    expect(marketOf(TEXT).offers[1]?.priceAt(at("05:00"))).toBeUndefined();
    expect(marketOf(TEXT).offers[1]?.priceAt(at("06:30") + 2 * 86_400_000)).toBe(50_000n);
  });

  it("a profile of hours", () => {
    const hours = Array.from({ length: 24 }, (_, i) => (i === 3 ? "null" : String(i)));
    const offer = `node: head, side: sell, hours: [${hours.join(", ")}]`;
    expect(prices(offer, "00:59", "01:00", "03:30", "23:59")).toEqual([0n, 1n, undefined, 23n]);
  });

  it("kinds and size", () => {
    const { offers } = marketOf(changed("side: sell, msat", "side: sell, kinds: [receipt], power_w: 1500.5, msat"));
    expect(offers.map(({ kinds, powerMw }) => [kinds, powerMw])).toEqual([
      [["receipt"], 1_500_500n],
      [["promise", "receipt"], undefined],
    ]);
  });
});

describe("says what is wrong, and where", () => {
  const BAD_LINE = "market.lines[0]";
  it.each([
    ["no offers", changed(/offers:[^]*/.exec(TEXT)?.[0] ?? "", ""), "20:3: market.offers: is missing"],
    [
      "an interval of no meter",
      changed("market:", "market:\n  interval_s: 700"),
      "20:15: market.interval_s: 700 is not an interval of the market in s: a divisor of 3600 from 300",
    ],
    [
      "a meter with another interval",
      changed("serial: A1", "serial: A1\n    interval_s: 300"),
      "13:17: meters[0].interval_s: the market's interval is 900 s",
    ],
    [
      "a start within an interval",
      changed("T00:00:00Z", "T00:05:00Z"),
      "2:8: start: no interval of 900 s begins then; with a market the first one has to",
    ],
    [
      "a duration that ends within one",
      changed("duration: 2h", "duration: 100min"),
      "3:11: duration: 6000 s is no whole number of the market's intervals of 900 s",
    ],
    [
      "events beside a market",
      `${TEXT}events:\n  - { at: 1h, meter: a, kind: cover, open: true }\n`,
      "30:1: events: a scenario has events or a market, not both",
    ],
    ["a line that is not there", changed("to: b, rent", "to: c, rent"), `22:13: ${BAD_LINE}.to: no line leads to "c"`],
    [
      "a line twice",
      changed("lines:\n    - { to: b", "lines:\n    - { to: b }\n    - { to: b"),
      '23:13: market.lines[1].to: market.lines[0] is the line to "b" already',
    ],
    [
      "rents that pump",
      changed("rent_back_msat_per_kwh: 7", "rent_away_msat_per_kwh: 100, rent_back_msat_per_kwh: -101"),
      `22:40: ${BAD_LINE}.rent_away_msat_per_kwh: b: whoever sends energy back and away would be paid for it`,
    ],
    [
      "a loss beyond the greatest",
      changed("rent_back_msat_per_kwh: 7", "loss_back_percent: 4, loss_max_percent: 3"),
      `22:35: ${BAD_LINE}.loss_back_percent: 4 is more than the line's loss_max_percent`,
    ],
    [
      "a price cap of nothing, for every line at once",
      changed("every_line: { ", "every_line: { price_cap_msat_per_kwh: 0, "),
      "20:41: market.every_line.price_cap_msat_per_kwh: a price cap is above zero",
    ],
    [
      "a rating in kW",
      changed("rating_w: 8000", "rating_w: 8 kW"),
      '20:27: market.every_line.rating_w: "8 kW" is not a rating in W, an integer from 1 to 1000000000',
    ],
    [
      "an offer of a cabinet",
      changed("node: head, side", "node: cabinet, side"),
      '24:15: market.offers[0].node: "cabinet" is a junction: it has no energy of its own',
    ],
    [
      "an offer of nobody",
      changed("node: head, side", "node: c, side"),
      '24:15: market.offers[0].node: there is no node "c"',
    ],
    [
      "an offer without a price",
      changed(", msat_per_kwh: 200000", ""),
      "24:7: market.offers[0]: needs exactly one of msat_per_kwh, steps, hours",
    ],
    [
      "a sale below zero",
      changed("msat_per_kwh: 50000", "msat_per_kwh: -1"),
      "28:42: market.offers[1].steps[0].msat_per_kwh: -1 is below zero: then whoever takes the energy offers to buy it, at that price",
    ],
    [
      "steps that go back",
      changed('"21:00"', '"06:30"'),
      "29:19: market.offers[1].steps[1].from: 06:30 is not after 06:30",
    ],
    [
      "a price with a fraction",
      changed("msat_per_kwh: 200000", "msat_per_kwh: 0.2"),
      "24:47: market.offers[0].msat_per_kwh: 0.2 is not a price in msat/kWh, an integer from -1000000000 to 1000000000",
    ],
    [
      "too many offers of one node",
      changed("offers:", `offers:${"\n    - { node: head, side: sell, msat_per_kwh: 1 }".repeat(4)}`),
      '28:15: market.offers[4].node: "head" has more than 4 offers',
    ],
    [
      "more lines than a node has",
      changed(
        "meters:",
        "    - { from: cabinet, to: c, resistance_ohm: 1 }\n    - { from: cabinet, to: d, resistance_ohm: 1 }\nmeters:\n" +
          "  - { name: c, serial: C1 }\n  - { name: d, serial: D1 }",
      ),
      '7:5: feeder.lines: "cabinet" has 5 lines; a node of the market has 4',
    ],
    [
      "a meter in the middle of a line",
      changed("from: cabinet, to: b", "from: a, to: b"),
      '11:11: meters[0].name: a line leads on to "b"; with a market a meter is the end of its line',
    ],
  ])("%s", (_, text, problem) => {
    expect(problemsOf(() => scenarioOf(text))).toEqual([`street.yaml:${problem}`]);
  });

  it("a way of more lines than a route has", () => {
    const chain = (side: string, length: number): string[] =>
      Array.from({ length }, (_, i) => {
        const from = i === 0 ? "head" : `${side}${i - 1}`;
        return `    - { from: ${from}, to: ${side}${i}, resistance_ohm: 0.1 }`;
      });
    const street = (left: number, right: number): string => `name: long
start: 2026-06-22T00:00:00Z
duration: 1h
feeder:
  head: head
  lines:
${[...chain("l", left), ...chain("r", right)].join("\n")}
meters:
  - { name: l${left - 1}, serial: L }
  - { name: r${right - 1}, serial: R }
  - { name: head, serial: H }
market: { offers: [{ node: head, side: sell, msat_per_kwh: 1 }] }
`;
    expect(problemsOf(() => scenarioOf(street(4, 4)))).toEqual([]);
    expect(problemsOf(() => scenarioOf(street(4, 5)))).toEqual([
      "street.yaml:7:5: feeder.lines: the longest way between two nodes has 9 lines; a route has 8",
    ]);
  });

  it("a shorter run on the command line, too", () => {
    expect(problemsOf(() => scenarioOf(TEXT, { durationMs: 60_000 }))).toEqual([
      "street.yaml:3:11: duration: 60 s is no whole number of the market's intervals of 900 s",
    ]);
  });
});
