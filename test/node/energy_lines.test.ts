import { describe, expect, it } from "vitest";
import { availableEngines } from "../../host/engine/index.js";
import { energyOf, expectAgreed, INTERVAL_S, LINE, LineNetwork, own } from "./lines.js";
import { routeOf, type TestNode } from "./network.js";

// Lines over bad connections, without clocks and through restarts.

const FUNDING_SAT = 10_000_000n;
const PUSH_MSAT = 4_000_000_000n;
const ERR_STATE = -2;
/** When networks begin, UTC in s. */
const STARTED_S = 1_800_000_000n;

/** Both orders of the ends. */
const NAMES = [
  ["a", "b"],
  ["b", "a"],
] as const;
type Names = readonly [string, string];

interface Line {
  readonly network: LineNetwork;
  readonly a: TestNode;
  readonly b: TestNode;
  /** Which of them is node_1, and which node_2. */
  readonly one: TestNode;
  readonly two: TestNode;
}

/** a owns a line to b, and they have closed for the first time. `seed` gives the nodes their keys, and so their order. */
function line(engine: "v8" | "wasm3", names: Names = NAMES[0], change = {}, pushMsat = PUSH_MSAT): Line {
  const network = new LineNetwork(engine);
  const [a, b] = [network.addNode(names[0], 1), network.addNode(names[1], 1)];
  network.connect(a, b);
  network.run();
  network.openChannel(a, b, FUNDING_SAT, false, pushMsat, { ...LINE, ...change });
  network.toSecond(15);
  network.seconds(INTERVAL_S);
  expectAgreed(a, b);
  const [one, two] = energyOf(a).holderIsNode1 ? [a, b] : [b, a];
  return { network, a, b, one, two };
}

/** Seconds go by at both ends, while what they send stays on its way. */
function secondsWithout({ network, a, b }: Line, count: number): void {
  for (let i = 0; i < count; i++) {
    network.nowMs += 1_000n;
    network.utcS += 1n;
    for (const node of [a, b]) {
      network.meter(node).advance(Number(network.utcS - STARTED_S) * 1_000);
      node.node.tick(network.nowMs, network.utcS);
    }
  }
}

const problems = ({ a, b }: Line) => [...a.told("problem"), ...b.told("problem")];

/** A goes over the line from node_2 to node_1. */
function expectPays({ network, one, two }: Line): void {
  const before = one.told("received").length;
  two.node.pay({ channel: 0, hops: routeOf(network, 5_000n, [{ node: one, scid: 0n }]) });
  network.run();
  expect(one.told("received")).toHaveLength(before + 1);
}

/** A promise of the running interval, or of one after it, offered by `from`. */
function promise({ network }: Line, from: TestNode, to: TestNode, mwh: bigint, ahead = 1): void {
  from.node.pay({
    channel: 0,
    hops: [{ point: to.id, shortChannelId: 0n, amountMsat: mwh, energyMwh: mwh, cltvExpiry: network.height + 30 }],
    energy: { intervalStart: network.interval + ahead * INTERVAL_S, kind: "promise" },
  });
}

function sellPromises({ network }: Line, node: TestNode): void {
  node.node.offer(0, {
    side: "sell",
    receipts: true,
    promises: true,
    match: false,
    meter: 0,
    fromS: network.interval,
    untilS: network.interval + 100 * INTERVAL_S,
    priceMsatPerKwh: 200_000n,
    maxMwh: 1_000_000_000n,
  });
}

describe.each(availableEngines().map(({ name }) => name))("lines that are disturbed on %s", (engine) => {
  it.each(NAMES)(
    "an outage of intervals that one end had begun to close (%s, %s)",
    { timeout: 120_000 },
    (...names) => {
      for (const lateIsOne of [true, false]) {
        // So many messages have arrived of what a reconnection takes when both look at the time.
        for (let arrived = 0, all = false; !all; arrived++) {
          const row = line(engine, names);
          const { network, a, b } = row;
          const [late, early] = lateIsOne ? [row.one, row.two] : [row.two, row.one];
          const { closedUntil } = energyOf(a);
          network.meter(late).silent = true;
          network.seconds(INTERVAL_S);
          expect(energyOf(late).holderClose).toBeUndefined();
          expect(energyOf(late).counterpartyClose?.until).toBe(network.interval);
          expect(energyOf(early).holderClose?.until).toBe(network.interval);
          network.meter(late).silent = false;
          network.sever(a, b);
          network.seconds(2 * INTERVAL_S);
          network.connect(a, b);
          for (let i = 0; i < arrived && !all; i++) all = !network.step();
          secondsWithout(row, 1);
          network.run();
          expect([arrived, problems(row)]).toEqual([arrived, []]);
          network.seconds(3);
          expect(energyOf(a)).toMatchObject({ closedUntil: network.interval, suspended: false });
          expect(energyOf(a).closedUntil).toBe(closedUntil + 3 * INTERVAL_S);
          expectAgreed(a, b);
          expectPays(row);
          expect(problems(row)).toEqual([]);
        }
      }
    },
  );

  it.each(NAMES)("the roll's last message is lost: the next close goes out behind it (%s, %s)", (...names) => {
    const row = line(engine, names);
    const { network, one, two } = row;
    network.toSecond(4);
    // Message by message: node_1 is through with the roll, node_2 has not heard.
    const { closedUntil } = energyOf(one);
    secondsWithout(row, 1);
    while (energyOf(one).closedUntil === closedUntil) expect(network.step()).toBe(true);
    expect(energyOf(two).closedUntil).toBe(closedUntil);
    // Nothing arrives any more, and neither end has noticed when the next interval is to be closed.
    secondsWithout(row, INTERVAL_S + 2);
    expect(energyOf(one).holderClose?.until).toBe(network.interval);
    network.sever(one, two);
    network.connect(one, two);
    network.run();
    expect(problems(row)).toEqual([]);
    network.seconds(1);
    for (const node of [one, two]) expect(energyOf(node).closedUntil).toBe(network.interval);
    expect(problems(row)).toEqual([]);
    expectAgreed(one, two);
  });

  it.each(NAMES)(
    "node_2 without a clock gets a roll: it hangs up, and goes on once it has one (%s, %s)",
    (...names) => {
      const row = line(engine, names);
      const { network, one, two } = row;
      const { closedUntil } = energyOf(one);
      // node_2 has closed, node_1 knows; then node_2 comes back without a clock.
      network.meter(one).silent = true;
      network.seconds(INTERVAL_S);
      expect(energyOf(one).counterpartyClose?.until).toBe(closedUntil + INTERVAL_S);
      two.kill();
      network.run();
      two.clockless = true;
      two.start();
      network.meter(one).silent = false;
      for (let round = 0; round < 3; round++) {
        network.connect(one, two);
        network.run();
        network.seconds(1);
        expect(two.told("problem").at(-1)).toMatchObject({ code: ERR_STATE });
        for (const node of [one, two]) expect(node.node.channel(0)).toMatchObject({ state: "normal" });
        expect(energyOf(two)).toMatchObject({ closedUntil, suspended: true });
      }
      two.clockless = false;
      network.seconds(1);
      network.connect(one, two);
      network.run();
      network.seconds(2);
      for (const node of [one, two]) expect(energyOf(node).closedUntil).toBe(closedUntil + INTERVAL_S);
      expectAgreed(one, two);
      expectPays(row);
    },
  );

  it.each(NAMES)("what is settled after its interval was closed counts as agreed (%s, %s)", (...names) => {
    const row = line(engine, names, { creditLimitMsat: 100_000_000n });
    const { network, a, b } = row;
    sellPromises(row, b);
    network.toSecond(58);
    const { interval } = network;
    promise(row, a, b, 300_000n, 0);
    // b has fulfilled, a has not heard of it when both close.
    while (b.told("received").length === 0) expect(network.step()).toBe(true);
    secondsWithout(row, 8);
    for (const node of [a, b]) {
      expect(energyOf(node).positions).toEqual([]);
      expect(energyOf(node).holderClose).toMatchObject({ until: interval + INTERVAL_S, agreedMwh: 0n });
    }
    network.run();
    network.seconds(3);
    const agreed = own(energyOf(b), 300_000n);
    for (const node of [a, b]) {
      const closed = node.told("interval closed").at(-1);
      expect(closed).toMatchObject({ until: interval + INTERVAL_S, agreedMwh: agreed, meteredMwh: 0n });
      // 0.3 kWh that b did not deliver, at 200,000 msat.
      expect(own(energyOf(b), closed?.deviationMsat ?? 0n)).toBe(60_000n);
    }
    expectAgreed(a, b);
    expect(problems(row)).toEqual([]);
  });

  it("arrears at the credit suspend the line, below it they do not", () => {
    // b owes, and can pay nothing: its reserve eats what it has.
    const { network, a, b } = line(engine, NAMES[0], { creditLimitMsat: 200_000n }, 100_000_000n);
    network.meter(a).send(999_950n);
    network.meter(b).send(-999_950n);
    network.seconds(INTERVAL_S);
    const info = energyOf(a);
    expect(own(info, info.arrearsMsat)).toBe(-199_990n);
    expect([energyOf(a).suspended, energyOf(b).suspended]).toEqual([false, false]);
    network.meter(a).send(50n);
    network.meter(b).send(-50n);
    network.seconds(INTERVAL_S);
    expect(own(info, energyOf(a).arrearsMsat)).toBe(-200_000n);
    expect([energyOf(a).suspended, energyOf(b).suspended]).toEqual([true, true]);
  });

  it("a restart brings back all that a line knows", () => {
    const row = line(engine, NAMES[0], {
      rentForthMsatPerKwh: 7n,
      rentBackMsatPerKwh: 9n,
      lossForthPpm: 11,
      lossBackPpm: 13,
      imbalanceSpreadPpm: 17,
      creditLimitMsat: 100_000_000n,
    });
    const { network, a, b } = row;
    sellPromises(row, b);
    promise(row, a, b, 300_000n);
    network.run();
    network.meter(a).send(1_000_000n);
    network.meter(b).send(-900_000n);
    network.toSecond(15);
    network.seconds(INTERVAL_S);
    // Closed by a alone, with positions open, and disputed once b says something else.
    promise(row, a, b, 100_000n, 2);
    network.run();
    network.meter(a).send(2_000_000n);
    network.meter(b).send(-500_000n);
    a.node.linePolicy(0, {
      forth: { rentMsatPerKwh: 21n, lossPpm: 22 },
      back: { rentMsatPerKwh: 23n, lossPpm: 24 },
    });
    network.seconds(INTERVAL_S);
    expect(energyOf(a)).toMatchObject({ disputed: true, suspended: true });
    for (const node of [a, b]) {
      const before = energyOf(node);
      expect(before.positions.length).toBeGreaterThan(0);
      for (const close of [before.holderClose, before.counterpartyClose]) expect(close?.until).toBe(network.interval);
      expect(before.totalForthMwh + before.totalBackMwh).toBe(900_000n);
      node.kill();
      network.run();
      node.start();
      expect(energyOf(node)).toEqual(before);
      network.connect(a, b);
      network.run();
    }
    a.node.settleDispute(0);
    network.seconds(3);
    expectAgreed(a, b);
  });
});
