import { describe, expect, it } from "vitest";
import { availableEngines } from "../../host/engine/index.js";
import type { EnergyOffer } from "../../host/node/energy_requests.js";
import { agreedMwh, DrillNetwork, expectUnmoved, offer, PRICE, priced, wealths } from "./drills.js";
import { expectAgreed, INTERVAL_S } from "./lines.js";
import type { TestNode } from "./network.js";

// Which parts make a set of swaps, and which offers it fits: PROTOCOL.md, "The recipient".

const MWH = 1_000_000n;
const INCORRECT_DETAILS = 0x400f;
const TEMPORARY_NODE_FAILURE = 0x2002;

interface Part {
  readonly mwh: bigint;
  readonly msat?: bigint;
  readonly totalMwh?: bigint;
  readonly totalMsat?: bigint;
  readonly start?: number;
  readonly kind?: "receipt" | "promise";
  /** Of the set, which has one preimage. */
  readonly set?: number;
}

/** A hub with a line to each of two neighbours, and a meter on each line. */
function market(engine: "v8" | "wasm3", seed: string, offers: readonly Partial<EnergyOffer>[]) {
  const network = new DrillNetwork(engine, seed);
  const nodes = network.row(["left", "hub", "right"]);
  const [left, hub, right] = nodes as [TestNode, TestNode, TestNode];
  for (const [place, change] of offers.entries()) hub.node.offer(place, offer(network, change));
  const pay = (payer: TestNode, part: Part): void => {
    const { mwh, totalMwh = mwh, msat = priced(mwh), totalMsat = priced(totalMwh) } = part;
    payer.node.pay({
      channel: 0,
      hops: [{ point: hub.id, shortChannelId: 0n, amountMsat: msat, energyMwh: mwh, cltvExpiry: network.height + 30 }],
      preimage: new Uint8Array(32).fill(part.set ?? 1),
      totalMsat,
      energy: { intervalStart: part.start ?? network.interval, kind: part.kind ?? "promise", totalMwh },
    });
    network.run();
  };
  /** How many parts of each neighbour were taken, and what the others were refused with. */
  const ends = () => [left, right].map((node) => [node.told("sent").length, ...node.told("failed").map((e) => e.code)]);
  const agreed = () => {
    expectAgreed(left, hub, 0, 0);
    expectAgreed(hub, right, 1, 0);
  };
  return { network, nodes, left, hub, right, pay, ends, agreed, before: wealths(...nodes) };
}

const BUYS: Partial<EnergyOffer> = { side: "buy", priceMsatPerKwh: -PRICE, match: true, meter: 0 };
const SELLS: Partial<EnergyOffer> = { match: true, meter: 1 };

describe.each(availableEngines().map(({ name }) => name))("parts of a set on %s", (engine) => {
  it("a part for another interval, of another kind or of another total is refused, and the set goes on without it", () => {
    const { network, hub, left, right, pay, ends, agreed } = market(engine, "parts", [{}]);
    network.meter(hub).send(2n * MWH);
    const half = { mwh: MWH, totalMwh: 2n * MWH };
    pay(left, half);
    pay(right, { ...half, start: network.interval + INTERVAL_S });
    pay(right, { ...half, kind: "receipt" });
    // A unit less, for as many msat.
    pay(right, { ...half, totalMwh: 2n * MWH - 1n });
    expect(ends()).toEqual([[0], [0, INCORRECT_DETAILS, INCORRECT_DETAILS, INCORRECT_DETAILS]]);
    pay(right, half);
    expect(ends().map(([sent]) => sent)).toEqual([1, 1]);
    expect(hub.told("received")).toMatchObject([{ amountMsat: priced(2n * MWH), energy: { energyMwh: 2n * MWH } }]);
    agreed();
  });

  it.each([
    // A fifth of a msat for a mWh.
    ["less A than energy", 2n * MWH, 400_000n, [MWH, 200_000n], [-2n, -1n, 1n, 2n]],
    ["more A than energy", 2n * MWH, 8_000_000n, [MWH, 4_000_000n], [-5n, -4n, 4n, 5n]],
  ] as const)("a part's share is right to one unit: %s", (_, totalMwh, totalMsat, [mwh, msat], by) => {
    for (const [i, over] of by.entries()) {
      const { left, right, pay, ends } = market(engine, `ratio ${i}`, [{ priceMsatPerKwh: 1n }]);
      pay(left, { mwh, msat, totalMwh, totalMsat });
      pay(right, { mwh, msat: msat + over, totalMwh, totalMsat });
      if (i === 0 || i === 3) expect(ends()).toEqual([[0], [0, INCORRECT_DETAILS]]);
      else expect(ends()[1]).not.toContain(INCORRECT_DETAILS);
    }
  });
});

describe.each(availableEngines().map(({ name }) => name))("sets of two halves on %s", (engine) => {
  it.each([
    ["the sold half first", true],
    ["the bought half first", false],
  ])("what is sold has to come, to the unit: %s", (_, sold) => {
    for (const [i, more] of [0n, 1n, -1n].entries()) {
      const { nodes, hub, left, right, pay, ends, agreed, before, network } = market(engine, `match ${i}`, [
        BUYS,
        SELLS,
      ]);
      const halves: (() => void)[] = [() => pay(right, { mwh: MWH }), () => pay(left, { mwh: -MWH - more })];
      if (!sold) halves.reverse();
      halves[0]?.();
      expect(ends()).toEqual([[0], [0]]);
      halves[1]?.();
      if (more < 0n) {
        expect(ends()).toEqual([
          [0, INCORRECT_DETAILS],
          [0, INCORRECT_DETAILS],
        ]);
        expectUnmoved(nodes, before);
      } else {
        expect(ends()).toEqual([[1], [1]]);
        expect([left, right].map((node) => agreedMwh(node, 0, network.interval))).toEqual([MWH + more, -MWH]);
        // What both meters have signed is told: each payer has got its own half's note.
        const [received] = hub.told("received");
        const [bought, kept] = [left, right].map((node) => node.told("sent")[0]?.note);
        expect(received).toMatchObject({ amountMsat: priced(MWH) + priced(MWH + more) });
        expect([received?.energy?.energyMwh, received?.other?.energyMwh]).toEqual(
          sold ? [MWH, -MWH - more] : [-MWH - more, MWH],
        );
        expect([received?.note, received?.other?.note]).toEqual(sold ? [kept, bought] : [bought, kept]);
        expect(bought).not.toEqual(kept);
      }
      agreed();
    }
  });

  it("each half is of one total, and brings no more energy than that", () => {
    const { network, hub, left, right, pay, ends, agreed } = market(engine, "total", [BUYS, SELLS]);
    pay(left, { mwh: -2n * MWH });
    const half = { mwh: MWH, totalMwh: 2n * MWH };
    pay(right, half);
    pay(right, { ...half, totalMwh: 2n * MWH - 1n });
    pay(right, { ...half, totalMsat: priced(2n * MWH) + 1n });
    expect(ends()).toEqual([[0], [0, INCORRECT_DETAILS, INCORRECT_DETAILS]]);
    pay(right, half);
    expect(ends().map(([sent]) => sent)).toEqual([1, 2]);
    expect(hub.told("received")).toHaveLength(1);
    // Two parts, each of nearly the whole.
    const much = { mwh: MWH, totalMwh: MWH + 10_000n, set: 2 };
    pay(left, { mwh: -2n * MWH, set: 2 });
    pay(right, much);
    pay(right, much);
    expect(ends().map((codes) => codes.slice(-1))).toEqual([[INCORRECT_DETAILS], [INCORRECT_DETAILS]]);
    expect(agreedMwh(right, 0, network.interval)).toBe(-2n * MWH);
    agreed();
  });

  it("a half of an offer that is not for matching, or is no more, is no half", () => {
    for (const [i, first] of [BUYS, { ...BUYS, match: false }].entries()) {
      const other = { ...SELLS, match: i === 1 };
      const { hub, left, right, pay, ends, agreed } = market(engine, `half ${i}`, [first, other]);
      // The first half waits, for the other one or for the rest of itself.
      pay(left, { mwh: -MWH, totalMwh: i === 0 ? -MWH : -2n * MWH });
      pay(right, { mwh: MWH });
      if (i === 0) expect(ends()).toEqual([[0], [0, INCORRECT_DETAILS]]);
      else pay(left, { mwh: -MWH, totalMwh: -2n * MWH });
      if (i === 1) expect(ends().map(([sent]) => sent)).toEqual([0, 0]);
      expect(hub.told("received")).toEqual([]);
      agreed();
    }
    const { network, hub, left, right, pay, ends, nodes, before } = market(engine, "gone", [BUYS, SELLS]);
    pay(left, { mwh: -MWH, totalMwh: -2n * MWH });
    pay(right, { mwh: MWH });
    hub.node.offer(1, offer(network, { ...SELLS, priceMsatPerKwh: PRICE + 1n }));
    pay(left, { mwh: -MWH, totalMwh: -2n * MWH });
    expect(ends()).toEqual([
      [0, INCORRECT_DETAILS, INCORRECT_DETAILS],
      [0, INCORRECT_DETAILS],
    ]);
    expectUnmoved(nodes, before);
  });

  it("a meter that does not sign for one half keeps both, and what has gone is counted for both", () => {
    const most = 16_666_666n;
    const { nodes, left, right, pay, ends, before } = market(engine, "meter", [
      { ...BUYS, maxMwh: 3n * most },
      { ...SELLS, maxMwh: 3n * MWH },
    ]);
    pay(right, { mwh: 2n * MWH, set: 2 });
    pay(left, { mwh: -most - 1n, set: 2 });
    expect(ends()).toEqual([
      [0, TEMPORARY_NODE_FAILURE],
      [0, TEMPORARY_NODE_FAILURE],
    ]);
    expectUnmoved(nodes, before);
    for (const set of [3, 4]) {
      pay(left, { mwh: -2n * MWH, set });
      pay(right, { mwh: 2n * MWH, set });
    }
    // A third of what is offered is left.
    expect(ends().map(([sent]) => sent)).toEqual([1, 1]);
    expect(ends()[1]?.at(-1)).toBe(INCORRECT_DETAILS);
    pay(right, { mwh: MWH, set: 4 });
    expect(ends().map(([sent]) => sent)).toEqual([2, 2]);
  });
});

describe.each(availableEngines().map(({ name }) => name))("offers on %s", (engine) => {
  it("what has gone is counted by offer: another one has all of its own, and a new one in its place too", () => {
    const { hub, right, pay, ends, network } = market(engine, "counted", [{ maxMwh: MWH }, { maxMwh: MWH }]);
    const take = (): number => {
      pay(right, { mwh: MWH, set: 1 + right.events.length });
      return Number(ends()[1]?.[0]);
    };
    expect([take(), take(), take()]).toEqual([1, 2, 2]);
    hub.node.offer(1, offer(network, { maxMwh: MWH }));
    expect([take(), take()]).toEqual([3, 3]);
    hub.node.offer(0, offer(network, { maxMwh: MWH }));
    expect([take(), take()]).toEqual([4, 4]);
  });

  it("what makes no offer is refused, and the one that is there stays", () => {
    const { hub, right, pay, ends, network } = market(engine, "refused", [{}]);
    const refused: [Partial<EnergyOffer>, string][] = [
      [{ priceMsatPerKwh: -1n }, "ERR_VALUE"],
      [{ side: "buy", priceMsatPerKwh: 1n }, "ERR_VALUE"],
      [{ side: "buy", priceMsatPerKwh: -(1n << 63n) }, "ERR_VALUE"],
      [{ receipts: false, promises: false }, "ERR_VALUE"],
      [{ fromS: 0 }, "ERR_VALUE"],
    ];
    for (const [change, code] of refused) {
      expect(() => hub.node.offer(0, offer(network, change))).toThrow(code);
    }
    pay(right, { mwh: MWH });
    expect(ends()[1]).toEqual([1]);
    for (const side of ["sell", "buy"] as const) hub.node.offer(0, offer(network, { side, priceMsatPerKwh: 0n }));
  });

  it("what has gone is counted in 24 intervals: no other one is sold into before one of them is closed", () => {
    const { hub, left, right, pay, network } = market(engine, "intervals", []);
    const first = network.interval;
    // A meter remembers what it has promised for fewer.
    const middle = first + 12 * INTERVAL_S;
    hub.node.offer(0, offer(network, { untilS: middle }));
    hub.node.offer(1, offer(network, { fromS: middle, meter: 1 }));
    const sold = (i: number): boolean => {
      const before = hub.told("received").length;
      // A line has room for fewer.
      pay(i % 2 === 0 ? left : right, { mwh: MWH, set: 1 + i, start: first + i * INTERVAL_S });
      return hub.told("received").length > before;
    };
    expect(Array.from({ length: 24 }, (_, i) => sold(i))).not.toContain(false);
    expect(sold(24)).toBe(false);
    expect([left, right].flatMap((node) => node.told("failed"))).toMatchObject([{ code: TEMPORARY_NODE_FAILURE }]);
    network.toSecond(0);
    network.seconds(14);
    expect(sold(24)).toBe(false);
    network.seconds(1);
    expect(sold(24)).toBe(true);
    expect(sold(25)).toBe(false);
  });
});
