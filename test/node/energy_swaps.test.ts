import { describe, expect, it } from "vitest";
import { availableEngines } from "../../host/engine/index.js";
import { decodeNote } from "../../host/metrology/note.js";
import type { EnergyOffer } from "../../host/node/energy_requests.js";
import { ENERGY, energyOf, expectAgreed, INTERVAL_S, LINE, LineNetwork, own } from "./lines.js";
import type { TestNode } from "./network.js";

const FUNDING_SAT = 10_000_000n;
const PUSH_MSAT = 5_000_000_000n;
const PRICE = 200_000n;
const CREDIT = 50_000_000n;

const ceilDiv = (a: bigint, b: bigint): bigint => (a + b - 1n) / b;
const priced = (mwh: bigint): bigint => ceilDiv(mwh * PRICE, 1_000_000n);

/** Energy that has to come to a line which loses so much, for `mwh` to leave it. */
const before = (mwh: bigint, lossPpm: bigint): bigint => ceilDiv(mwh * 1_000_000n, 1_000_000n - lossPpm);

/** A generator, two cabinets and a home in a row, each with a line to the next; owners are the cabinets. */
function row(engine: "v8" | "wasm3") {
  const network = new LineNetwork(engine, "row");
  const config = { ...ENERGY, energyCreditMsat: CREDIT };
  const [g, c1, c2, h] = [
    network.addNode("g", 1, config),
    network.addNode("c1", 2, config),
    network.addNode("c2", 2, config),
    network.addNode("h", 1, config),
  ];
  const lines: { readonly from: TestNode; readonly to: TestNode; readonly at: readonly [number, number] }[] = [];
  const join = (from: TestNode, to: TestNode, lossPpm: number): void => {
    network.connect(from, to);
    network.run();
    const terms = {
      ...LINE,
      ratingMw: 12_000_000_000n,
      creditLimitMsat: CREDIT,
      lossForthPpm: lossPpm,
      lossBackPpm: lossPpm,
    };
    lines.push({ from, to, at: network.openChannel(from, to, FUNDING_SAT, false, PUSH_MSAT, terms) });
  };
  join(c1, g, 20_000);
  join(c1, c2, 30_000);
  join(c2, h, 50_000);
  network.toSecond(10);
  network.seconds(INTERVAL_S);
  return { network, g, c1, c2, h, lines };
}

const sell = (network: LineNetwork, change: Partial<EnergyOffer> = {}): EnergyOffer => ({
  side: "sell",
  receipts: true,
  promises: true,
  match: false,
  meter: 0,
  fromS: network.interval,
  untilS: network.interval + 100 * INTERVAL_S,
  priceMsatPerKwh: PRICE,
  maxMwh: 1_000_000_000n,
  ...change,
});

type Row = ReturnType<typeof row>;

const scid = (node: TestNode, channel: number): bigint => node.node.channel(channel)?.shortChannelId ?? 0n;

/** One part of a swap along the row, from the home to the generator or back: riders of each hop, payer's first. */
function swap(
  { network, g, c1, c2, h }: Row,
  up: boolean,
  riders: readonly [bigint, bigint, bigint],
  amounts: readonly [bigint, bigint, bigint],
  more: { preimage?: Uint8Array; totalMsat?: bigint; totalMwh?: bigint } = {},
): number {
  const payer = up ? h : g;
  const ways = up
    ? [
        { node: c2, scid: scid(h, 0) },
        { node: c1, scid: scid(c2, 0) },
        { node: g, scid: scid(c1, 0) },
      ]
    : [
        { node: c1, scid: scid(g, 0) },
        { node: c2, scid: scid(c1, 1) },
        { node: h, scid: scid(c2, 1) },
      ];
  const { totalMwh, ...rest } = more;
  const number = payer.node.pay({
    channel: 0,
    hops: ways.map(({ node, scid: shortChannelId }, i) => ({
      point: node.id,
      shortChannelId,
      amountMsat: amounts[i] ?? 0n,
      energyMwh: riders[i] ?? 0n,
      cltvExpiry: network.height + 20 + 40 * (2 - i),
    })),
    energy: {
      intervalStart: network.interval + INTERVAL_S,
      kind: "promise",
      ...(totalMwh === undefined ? {} : { totalMwh }),
    },
    ...rest,
  });
  network.run();
  return number;
}

const problems = ({ network }: Row) => network.nodes.flatMap((node) => node.told("problem"));

describe.each(availableEngines().map(({ name }) => name))("swaps over lines on %s", (engine) => {
  it("the worked example: riders, receipts and true-ups of a row, energy from the generator to the home", () => {
    const all = row(engine);
    const { network, g, c1, c2, h } = all;
    g.node.offer(0, sell(network));
    const paid = priced(11_073_340n);
    const balances = [g, c1, c2, h].map((node) => node.node.channels().reduce((sum, one) => sum + one.holderMsat, 0n));
    swap(all, true, [10_000_000n, 10_526_316n, 11_073_340n], [paid, paid, paid]);
    expect(h.told("sent")).toMatchObject([{ amountMsat: paid, energy: { kind: "promise", energyMwh: 10_000_000n } }]);
    expect(g.told("received")).toMatchObject([{ amountMsat: paid, energy: { energyMwh: 11_073_340n } }]);
    expect(h.told("sent")[0]?.note).toEqual(g.told("received")[0]?.note);
    expect(c2.told("forwarded")).toMatchObject([{ incomingMwh: 10_000_000n, outgoingMwh: 10_526_316n, rentMsat: 0n }]);

    network.seconds(INTERVAL_S);
    // What each meter then counts: less than was agreed comes of the generator and to the second cabinet.
    network.meter(g).send(11_033_100n);
    network.meter(c1, 0).send(-10_850_000n);
    network.meter(c1, 1).send(10_700_000n);
    network.meter(c2, 0).send(-10_400_000n);
    network.meter(c2, 1).send(10_500_000n);
    network.meter(h).send(-10_000_000n);
    const start = network.interval;
    network.seconds(INTERVAL_S + 20);
    const closed = (node: TestNode, channel: number) =>
      node.told("interval closed").find((event) => event.channel === channel && event.start === start);
    const upper = closed(c1, 0);
    expect(own(energyOf(c1, 0), upper?.agreedMwh ?? 0n)).toBe(-11_073_340n);
    expect(own(energyOf(c1, 0), upper?.meteredMwh ?? 0n)).toBe(-11_033_100n);
    expect(own(energyOf(c1, 0), upper?.deviationMsat ?? 0n)).toBe(-8_048n);
    const middle = closed(c1, 1);
    expect(own(energyOf(c1, 1), middle?.agreedMwh ?? 0n)).toBe(10_526_316n);
    expect(own(energyOf(c1, 1), middle?.meteredMwh ?? 0n)).toBe(10_400_000n);
    expect(own(energyOf(c1, 1), middle?.deviationMsat ?? 0n)).toBe(25_263n);
    expect(closed(c2, 1)).toMatchObject({ deviationMsat: 0n });
    const after = [g, c1, c2, h].map((node) => node.node.channels().reduce((sum, one) => sum + one.holderMsat, 0n));
    expect(after.map((balance, i) => balance - (balances[i] ?? 0n))).toEqual([
      paid - 8_048n,
      8_048n - 25_263n,
      25_263n,
      -paid,
    ]);
    for (const { from, to, at } of all.lines) {
      expectAgreed(from, to, at[0], at[1]);
      expect(energyOf(from, at[0]).arrearsMsat).toBe(0n);
    }
    expect(problems(all)).toEqual([]);
  });

  it("the worked example the other way round: the home sells, the generator's end buys", () => {
    const all = row(engine);
    const { network, g, c1, c2, h } = all;
    h.node.offer(0, sell(network));
    // 10 kWh for g: 3 % and 2 % are lost on what the second cabinet sends, 5 % on what the home does.
    const middle = before(before(10_000_000n, 20_000n), 30_000n);
    const first = before(middle, 50_000n);
    const paid = priced(first);
    // One unit less than what is lost asks for comes back.
    swap(all, false, [10_000_000n, middle, first - 1n], [paid, paid, paid]);
    expect(g.told("failed")).toHaveLength(1);
    expect(g.told("sent")).toEqual([]);
    swap(all, false, [10_000_000n, middle, first], [paid, paid, paid]);
    expect(g.told("sent")).toHaveLength(1);
    network.seconds(INTERVAL_S);
    network.meter(h).send(first - (first % 10n));
    network.meter(c2, 1).send(-((first * 96n) / 1000n) * 10n);
    network.meter(c2, 0).send(10_400_000n);
    network.meter(c1, 1).send(-10_200_000n);
    network.meter(c1, 0).send(10_150_000n);
    network.meter(g).send(-10_000_000n);
    const start = network.interval;
    network.seconds(INTERVAL_S + 20);
    const closed = c1.told("interval closed").find((event) => event.channel === 1 && event.start === start);
    // c2, at the accounting point, has sent less than it sold.
    const short = middle - 10_400_000n;
    expect(own(energyOf(c1, 1), closed?.meteredMwh ?? 0n)).toBe(-10_400_000n);
    expect(own(energyOf(c1, 1), closed?.deviationMsat ?? 0n)).toBe(-((short * PRICE) / 1_000_000n));
    for (const { from, to, at } of all.lines) expectAgreed(from, to, at[0], at[1]);
    expect(problems(all)).toEqual([]);
  });

  it("energy moves along with a payment below zero: the generator pays to be rid of it", () => {
    const all = row(engine);
    const { network, g, h } = all;
    h.node.offer(0, sell(network, { side: "buy", priceMsatPerKwh: -PRICE }));
    const [atC2, atH] = [(10_000_000n * 98n * 97n) / 10_000n, (((10_000_000n * 98n * 97n) / 10_000n) * 95n) / 100n];
    const paid = priced(atH);
    swap(all, false, [-10_000_000n, -atC2, -atH - 1n], [paid, paid, paid]);
    expect(g.told("sent")).toEqual([]);
    swap(all, false, [-10_000_000n, -atC2, -atH], [paid, paid, paid]);
    expect(g.told("sent")).toMatchObject([{ energy: { energyMwh: -10_000_000n } }]);
    expect(h.told("received")).toMatchObject([{ amountMsat: paid, energy: { energyMwh: -atH } }]);
    const start = network.interval + INTERVAL_S;
    const flow = energyOf(g).positions.find((position) => position.start === start)?.flowMwh ?? 0n;
    expect(own(energyOf(g), flow)).toBe(10_000_000n);
  });

  it("parts of one ratio are taken together; a skewed one, or a lapsed one, takes all of them back", () => {
    const all = row(engine);
    const { network, g, c1, h } = all;
    g.node.offer(0, sell(network));
    const preimage = new Uint8Array(32).fill(7);
    const [home, middle, top] = [1_000_000n, 1_052_632n, 1_107_335n] as const;
    const total = { totalMsat: 2n * priced(top), totalMwh: 2n * top };
    const amounts = [priced(top), priced(top), priced(top)] as const;
    swap(all, true, [home, middle, top], amounts, { preimage, ...total });
    expect([...h.told("sent"), ...h.told("failed")]).toEqual([]);
    expect(g.told("received")).toEqual([]);
    // A part that asks for more energy than its share.
    swap(all, true, [home, middle + 5n, top + 10n], amounts, { preimage, ...total });
    expect(h.told("failed")).toHaveLength(1);
    swap(all, true, [home, middle, top], amounts, { preimage, ...total });
    expect(h.told("sent")).toHaveLength(2);
    expect(g.told("received")).toMatchObject([{ amountMsat: total.totalMsat, energy: { energyMwh: total.totalMwh } }]);

    swap(all, true, [home, middle, top], amounts, { preimage: new Uint8Array(32).fill(8), ...total });
    network.seconds(12);
    // The rider nearest to the recipient lapses first, and he gives all of it back.
    expect(c1.told("lapsed")).toHaveLength(1);
    expect(h.told("lapsed")).toEqual([]);
    expect(h.told("failed")).toHaveLength(2);
    for (const { from, to, at } of all.lines) expectAgreed(from, to, at[0], at[1]);
  });

  it("parts that bring more than they say move no more energy than the meter signs", () => {
    const all = row(engine);
    const { g, h } = all;
    g.node.offer(0, sell(all.network));
    const preimage = new Uint8Array(32).fill(7);
    const [home, middle, top] = [1_000_000n, 1_052_632n, 1_107_335n] as const;
    // Two parts, each nearly the whole: only the second one completes the set.
    const total = { totalMsat: priced(top) + priced(10_000n), totalMwh: top + 10_000n };
    const amounts = [priced(top), priced(top), priced(top)] as const;
    for (let i = 0; i < 2; i++) swap(all, true, [home, middle, top], amounts, { preimage, ...total });
    expect(g.told("received")).toEqual([]);
    expect(h.told("failed")).toHaveLength(2);
    for (const { from, to, at } of all.lines) expectAgreed(from, to, at[0], at[1]);
    expect(energyOf(g).positions).toEqual([]);
  });

  it("where the price changes its sign the node between fulfils both halves or neither", () => {
    const all = row(engine);
    const { network, g, c1, c2 } = all;
    // c1 takes energy from g below zero and sells it to c2, each by a meter of its own.
    c1.node.offer(0, sell(network, { side: "buy", priceMsatPerKwh: -PRICE, match: true, meter: 0 }));
    c1.node.offer(1, sell(network, { match: true, meter: 1 }));
    const preimage = new Uint8Array(32).fill(9);
    const half = (payer: TestNode, mwh: bigint): void => {
      const amountMsat = priced(mwh < 0n ? -mwh : mwh);
      const intervalStart = network.interval + INTERVAL_S;
      const hop = { point: c1.id, shortChannelId: 0n, amountMsat, energyMwh: mwh, cltvExpiry: network.height + 30 };
      payer.node.pay({
        channel: 0,
        hops: [hop],
        preimage,
        totalMsat: amountMsat,
        energy: { intervalStart, kind: "promise", totalMwh: mwh },
      });
      network.run();
    };
    half(c2, 1_000_000n);
    expect([...c2.told("sent"), ...c2.told("failed")]).toEqual([]);
    half(g, -1_000_000n);
    expect(c2.told("sent")).toHaveLength(1);
    expect(g.told("sent")).toHaveLength(1);
    // Each has a note of its own, by another meter.
    const notes = [c2, g].map((node) => decodeNote(node.told("sent")[0]?.note ?? new Uint8Array(88)));
    expect(notes).toMatchObject([{ energyMwh: 1_000_000n }, { energyMwh: 1_000_000n }]);
    expect(notes[0]?.signature).not.toEqual(notes[1]?.signature);
  });
});
