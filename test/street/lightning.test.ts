import { describe, expect, it } from "vitest";
import { availableEngines, engineByName } from "../../host/engine/index.js";
import { parseBundle } from "../../host/evidence/json.js";
import { judge } from "../../host/evidence/judge.js";
import { generateStreet } from "../../host/street/generate.js";
import { LightningExchange } from "../../host/street/lightning_exchange.js";
import { outcomeOf } from "../../host/street/outcome.js";
import { quoteBought } from "../../host/street/quote.js";
import type { StreetResult } from "../../host/street/result.js";
import { streetFiles, streetRun } from "../../host/street/files.js";
import { lightning } from "./lightning.js";
import { readyText, runToEnd, scenarioOf, scripted } from "./street.js";

// Real nodes: node.wasm and metrology.wasm for every place and every end of a line.

const at = (hour: string, duration: string): string =>
  readyText("street").replace("T00:00:00Z", `T${hour}:00Z`).replace("duration: 1d", `duration: ${duration}`);

/** What has to be the same whatever the nodes are. */
function books({ trades, totals, intervals }: StreetResult): object {
  return { trades, totals, intervals };
}

describe.each([
  ["at noon, at prices below zero", at("10:00", "90min")],
  ["in the evening, with the dear offer", at("18:30", "1h")],
])("the street %s", (_, text) => {
  const model = outcomeOf(runToEnd(scripted(scenarioOf(text))));
  const runs = availableEngines().map((engine) => ({
    engine,
    run: streetRun(runToEnd(lightning(scenarioOf(text), engine))),
  }));

  it.each(runs)("trades on $engine.name as the rules say, to the msat and the mWh", ({ run }) => {
    expect(run.result.conservation.problems).toEqual([]);
    expect(run.result.conservation).toMatchObject({ holds: true, moneyDiffers: [], flowsDiffer: [] });
    expect(books(run.result)).toEqual(books(model));
    expect(run.result.totals.trades).toBeGreaterThan(10);
  });

  it("leaves the same bytes on every engine", () => {
    const [first, ...others] = runs.map(({ run }) => streetFiles(run));
    for (const files of others) expect(files).toEqual(first);
  });
});

it("a street whose homes are three lines from the head trades over as many", () => {
  const text = generateStreet({ homes: 13, duration: "30min" })
    .replace("T00:00:00Z", "T11:30:00Z")
    .replaceAll("rent_away_msat_per_kwh: 12000", "rent_away_msat_per_kwh: 4000");
  const model = outcomeOf(runToEnd(scripted(scenarioOf(text))));
  const result = outcomeOf(runToEnd(lightning(scenarioOf(text), engineByName("v8"))));
  expect(result.conservation).toMatchObject({ holds: true });
  expect(books(result)).toEqual(books(model));
  expect(Math.max(...result.trades.map(({ route }) => route.length))).toBeGreaterThanOrEqual(5);
});

it("both ends of every line can show a judge the same", () => {
  const simulation = runToEnd(lightning(scenarioOf(at("18:30", "30min")), engineByName("v8")));
  if (!(simulation.exchange instanceof LightningExchange)) throw new Error("no real nodes");
  const files = [...simulation.exchange.evidence()].map(([file, text]) => ({ file, bundle: parseBundle(file, text) }));
  expect(files).toHaveLength(8);
  for (let line = 0; line < files.length; line += 2) {
    const verdict = judge(files.slice(line, line + 2));
    expect(verdict.bundles.map(({ standing, faults }) => [standing, faults])).toEqual([
      ["valid", []],
      ["valid", []],
    ]);
    expect(verdict.consistent).toBe(true);
  }
});

it("without a purse no node gives rebates: such swaps are refused, and nothing moves by them", () => {
  const text = at("08:00", "30min").replace("  forecast_error_percent", "  purse_sat: 0\n  forecast_error_percent");
  const { trades, conservation, totals } = outcomeOf(runToEnd(lightning(scenarioOf(text), engineByName("v8"))));
  const toHead = trades.filter(({ buyer }) => buyer === "feeder-head");
  expect(toHead.length).toBeGreaterThan(0);
  for (const { status } of toHead) expect(status).toMatch(/^cabinet: failure 0x/);
  expect(totals.nodes.map(({ rebateMsat }) => rebateMsat)).toEqual([0n, 0n, 0n, 0n, 0n]);
  expect(conservation.holds).toBe(true);
});

it("a meter that counts a fifth too much is a dispute on its line, and nothing else stops", () => {
  const street = lightning(scenarioOf(at("18:00", "1h")), engineByName("v8"));
  const { simulation } = street;
  const [own] = simulation.meters.of(simulation.tree.place("home"));
  const run = own?.meter.run.bind(own.meter);
  if (own !== undefined) own.meter.run = (powerMw, toMs) => run?.(Math.round(powerMw * 1.2), toMs);
  runToEnd(street);
  const { conservation, trades } = outcomeOf(simulation);
  expect(conservation.holds).toBe(false);
  expect(conservation.problems).toEqual(
    expect.arrayContaining([
      expect.stringMatching(/^home: meters differ, -?\d+ and -?\d+ mWh$/),
      expect.stringMatching(/^cabinet: meters differ/),
      "cabinet - home: interval left open",
    ]),
  );
  expect(conservation.problems.join()).not.toMatch(/flat|solar-home/);
  expect(conservation.moneyHolds).toBe(true);
  const done = trades.filter(({ status }) => status === "done");
  expect(done.filter(({ buyer }) => buyer === "flat").length).toBeGreaterThan(3);
  // Until the first close of an interval with energy in it.
  expect(done.filter(({ buyer }) => buyer === "home").length).toBeLessThan(4);
});

describe("lines", () => {
  const terms =
    "{ to: home, rating_w: 5000, rent_away_msat_per_kwh: 21, rent_back_msat_per_kwh: -20, loss_away_percent: 1.5, " +
    "loss_back_percent: 2.5, loss_max_percent: 7, credit_sat: 17, price_cap_msat_per_kwh: 18, " +
    "tariff_msat_per_kwh: 19, spread_percent: 20, hold_s: 9 }";
  const text = at("00:00", "30min").replace("  offers:\n", `    - ${terms}\n  offers:\n`);
  const street = lightning(scenarioOf(text), engineByName("v8"));
  const { simulation, exchange } = street;
  const { tree, meters } = simulation;

  it("are what the scenario says, at both ends", () => {
    const edge = tree.place("home").up;
    if (edge === undefined) throw new Error("home has a line");
    for (const end of ["near", "far"] as const) {
      const info = exchange.nodes.energy(edge, end);
      const forth = info.holderIsNode1 === (end === "near");
      expect(info).toMatchObject({
        holderOpened: end === "near",
        holderOwns: end === "near",
        ratingMw: 5_000_000n,
        intervalS: 900,
        capacityMwh: 1_250_000n,
        [forth ? "policyForth" : "policyBack"]: { rentMsatPerKwh: 21n, lossPpm: 15_000 },
        [forth ? "policyBack" : "policyForth"]: { rentMsatPerKwh: -20n, lossPpm: 25_000 },
        lossMaxPpm: 70_000,
        holderCreditMsat: 17_000n,
        counterpartyCreditMsat: 17_000n,
        priceCapMsatPerKwh: 18n,
        tariffMsatPerKwh: 19n,
        imbalanceSpreadPpm: 200_000,
        holdS: 9,
      });
    }
  });

  it("are measured by the meters at their ends", () => {
    for (const edge of tree.edges) {
      for (const end of ["near", "far"] as const) {
        const place = edge[end];
        const own = meters.of(place).find((meter) => meter.edge === edge);
        const { meter, holderMeterKey } = exchange.nodes.energy(edge, end);
        expect([meter, Buffer.from(holderMeterKey)]).toEqual([
          meters.of(place).indexOf(own as never),
          Buffer.from(own?.meter.publicKey() ?? []),
        ]);
      }
    }
  });

  it("close once for each interval, and for the one before the first", () => {
    runToEnd(street);
    const starts = simulation.intervalStarts.map((startS) => startS + 900);
    for (const edge of tree.edges) {
      const untils = simulation.closes.filter((close) => close.edge === edge).map(({ untilS }) => untilS);
      expect(untils).toEqual([simulation.intervalStarts[0], ...starts]);
    }
  });

  it("ends agree, or do not", () => {
    const [edge] = tree.edges;
    if (edge === undefined) throw new Error("there is a line");
    expect(exchange.endsAgree(edge)).toBe(true);
    const { nodes } = exchange;
    const [channel, energy] = [nodes.channel.bind(nodes), nodes.energy.bind(nodes)];
    const changes: [object, object][] = [
      [{ holderMsat: 1n }, {}],
      [{ counterpartyMsat: 1n }, {}],
      [{ htlcs: 1 }, {}],
      [{}, { closedUntil: 1 }],
      [{}, { arrearsMsat: 1n }],
      [{}, { totalForthMwh: 1n }],
      [{}, { totalBackMwh: 1n }],
      [{}, { disputed: true }],
    ];
    for (const changed of ["near", "far"]) {
      for (const [ofChannel, ofEnergy] of changes) {
        nodes.channel = (line, end) => ({ ...channel(line, end), ...(end === changed ? ofChannel : {}) });
        nodes.energy = (line, end) => ({ ...energy(line, end), ...(end === changed ? ofEnergy : {}) });
        expect([changed, ofChannel, ofEnergy, exchange.endsAgree(edge)]).toEqual([changed, ofChannel, ofEnergy, false]);
      }
    }
    Object.assign(nodes, { channel, energy });
    expect(exchange.endsAgree(edge)).toBe(true);
  });

  it("what a node complains of is a problem", () => {
    expect(exchange.problems).toEqual([]);
    exchange.nodes.of(tree.place("flat")).node.receive(0, new Uint8Array(18));
    expect(exchange.problems).toEqual([expect.stringMatching(/^flat: problem -\d+ /)]);
  });
});

describe("a swap", () => {
  const street = lightning(scenarioOf(at("00:00", "1h")), engineByName("v8"));
  const { simulation, exchange } = street;
  const { tree, market } = simulation;
  const [startS = 0] = simulation.intervalStarts;
  const [home, head] = [tree.place("home"), tree.head];
  const way = tree.way(home, head);
  const offer = { side: "sell", kinds: ["promise"], msatPerKwh: 100_000n, intervalStartS: startS } as const;
  exchange.post(head, 0, { ...offer, mostMwh: 500_000n });
  const balances = (): bigint[] => tree.places.map((place) => exchange.balanceMsat(place));
  const agreed = (): bigint[] => tree.edges.map((edge) => exchange.agreedMwh(edge, startS));
  const asked = (mwh: bigint) => ({ from: home, hops: quoteBought(way, mwh, 100_000n).hops, intervalStartS: startS });

  it("moves A and energy on every line", () => {
    const before = balances();
    const { paidMsat, receivedMsat, sentMwh } = quoteBought(way, 200_000n, 100_000n);
    expect(exchange.swap({ ...asked(200_000n), kind: "promise" })).toEqual({ done: true });
    const after = balances();
    expect(tree.places.map((_, i) => (after[i] ?? 0n) - (before[i] ?? 0n))).toEqual([
      receivedMsat,
      paidMsat - receivedMsat,
      -paidMsat,
      0n,
      0n,
    ]);
    expect(agreed()).toEqual([sentMwh, 200_000n, 0n, 0n]);
    const [trunk, line] = tree.edges;
    if (trunk === undefined || line === undefined) throw new Error("there are lines");
    expect(exchange.remainingMwh(line, true, startS)).toBe(2_500_000n - 200_000n);
    expect(exchange.remainingMwh(line, false, startS)).toBe(2_500_000n + 200_000n);
    expect(exchange.remainingMwh(trunk, true, startS + market.intervalS)).toBe(5_000_000n);
    expect([exchange.endsAgree(trunk), exchange.endsAgree(line)]).toEqual([true, true]);
  });

  const cheaper = (hop: number): ReturnType<typeof asked> => {
    const swap = asked(100_000n);
    return {
      ...swap,
      hops: swap.hops.map((each, i) => (i === hop ? { ...each, amountMsat: each.amountMsat - 1n } : each)),
    };
  };
  const greedy = (): ReturnType<typeof asked> => {
    const swap = asked(100_000n);
    return { ...swap, hops: swap.hops.map((each) => ({ ...each, energyMwh: 100_001n })) };
  };
  it.each([
    ["less rent than the cabinet asks for", () => cheaper(0), /^cabinet: failure/],
    ["less than the head asks for", () => cheaper(1), /^feeder-head: failure/],
    ["more energy than the line's loss leaves", greedy, /^cabinet: failure/],
    ["more than the offer has left", () => asked(400_000n), /^feeder-head: failure/],
    ["another kind than is offered", () => asked(100_000n), /^home: command: ERR_|failure/],
  ])("is refused: %s", (what, swap, why) => {
    const [money, energy] = [balances(), agreed()];
    const kind = what.startsWith("another kind") ? "receipt" : "promise";
    const outcome = exchange.swap({ ...swap(), kind });
    expect(outcome.done ? "done" : outcome.why).toMatch(why);
    expect([balances(), agreed()]).toEqual([money, energy]);
  });

  it("is refused: a promise of what is offered as receipts", () => {
    exchange.post(head, 1, { ...offer, kinds: ["receipt"], mostMwh: 2_000_000n });
    const outcome = exchange.swap({ ...asked(400_000n), kind: "promise" });
    expect(outcome.done ? "done" : outcome.why).toMatch(/^feeder-head: failure/);
    exchange.post(head, 1, undefined);
  });

  it("an offer that is taken back serves nobody", () => {
    exchange.post(head, 0, undefined);
    const outcome = exchange.swap({ ...asked(100_000n), kind: "promise" });
    expect(outcome.done ? "done" : outcome.why).toMatch(/^feeder-head: failure/);
  });

  it("all A is there, in channels and on the chain", () => {
    const inChannels = balances().reduce((sum, msat) => sum + msat, 0n);
    expect(inChannels).toBe(BigInt(tree.edges.length) * market.channelSat * 1000n);
    expect(exchange.totalMsat()).toBe(simulation.startMsat);
    expect(exchange.totalMsat()).toBeGreaterThan(inChannels);
  });
});
