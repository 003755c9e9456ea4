import { describe, expect, it } from "vitest";
import { availableEngines } from "../../host/engine/index.js";
import {
  agreedMwh,
  along,
  begin,
  ceilDiv,
  DrillNetwork,
  expectUnmoved,
  gains,
  misdeed,
  NO_INPUT,
  offer,
  priced,
  rider,
  type Step,
  swap,
  TEMPORARY_CHANNEL_FAILURE,
  wealths,
  withAttackers,
} from "./drills.js";
import { energyOf, expectAgreed, INTERVAL_S } from "./lines.js";
import { invoiceOf, routeOf, type TestNode } from "./network.js";

// Riders that are not what the payer wanted, and ways that come back: PROTOCOL.md, "Forwarding" and "What an honest end can
// lose".

const MWH = 2_000_000n;
const FINAL_INCORRECT_HTLC_AMOUNT = 19;
const INVALID_ONION_PAYLOAD = 0x4016;
const INCORRECT_DETAILS = 0x400f;

type Change = readonly [what: string, start: number, kind: "receipt" | "promise", mwh: bigint];
/** Of a promise for the interval that goes on. */
const CHANGES: readonly Change[] = [
  ["more energy by a unit", 0, "promise", MWH + 1n],
  ["less energy by a unit", 0, "promise", MWH - 1n],
  ["twice the energy", 0, "promise", 2n * MWH],
  ["another interval", INTERVAL_S, "promise", MWH],
  ["a receipt instead of a promise", 0, "receipt", MWH],
  ["energy along with the payment", 0, "promise", -MWH],
];

withAttackers();

describe.each(availableEngines().map(({ name }) => name))("riders that are tampered with, on %s", (engine) => {
  it.each(CHANGES)("a forwarder sends on %s, to the recipient: refused, nothing moves", (_, later, kind, mwh) => {
    const network = new DrillNetwork(engine, "last", ["forger"]);
    const nodes = network.row(["buyer", "forger", "seller"]);
    const [buyer, forger, seller] = nodes as [TestNode, TestNode, TestNode];
    seller.node.offer(0, offer(network));
    const before = wealths(...nodes);
    misdeed(forger, "keep_swaps", NO_INPUT, 1);
    begin(network, along(...nodes), MWH, { start: network.interval });
    network.run();
    const forged = rider(network.interval + later, kind, mwh);
    expect(misdeed(forger, "send_on", forged, 0, 0, 1, priced(MWH), 1)).toBe(0);
    network.run();
    expect(buyer.told("failed")).toMatchObject([{ hop: 1, code: FINAL_INCORRECT_HTLC_AMOUNT }]);
    expect(seller.told("received")).toEqual([]);
    expectUnmoved(nodes, before);
    expectAgreed(forger, seller, 1, 0);
    // What is not changed goes through.
    begin(network, along(...nodes), MWH, { start: network.interval });
    network.run();
    const as = rider(network.interval, "promise", MWH);
    expect(misdeed(forger, "send_on", as, 0, 1, 1, priced(MWH), 1)).toBe(0);
    network.run();
    expect(buyer.told("sent")).toHaveLength(1);
  });

  const refused = CHANGES.filter(([what]) => !what.startsWith("less"));
  it.each(refused)("a forwarder sends on %s, to another forwarder: refused, nothing moves", (_, later, kind, mwh) => {
    const network = new DrillNetwork(engine, "between", ["forger"]);
    const nodes = network.row(["buyer", "forger", "honest", "seller"]);
    const [buyer, forger, honest, seller] = nodes as [TestNode, TestNode, TestNode, TestNode];
    seller.node.offer(0, offer(network));
    const before = wealths(...nodes);
    misdeed(forger, "keep_swaps", NO_INPUT, 1);
    begin(network, along(...nodes), MWH, { start: network.interval });
    network.run();
    const forged = rider(network.interval + later, kind, mwh);
    expect(misdeed(forger, "send_on", forged, 0, 0, 1, priced(MWH), 1)).toBe(0);
    network.run();
    const [failure] = buyer.told("failed");
    expect(failure?.hop).toBe(1);
    expect(failure?.code).toBe(later === 0 && kind === "promise" && mwh > 0n ? 0x100c : INVALID_ONION_PAYLOAD);
    expect(seller.told("received")).toEqual([]);
    expectUnmoved(nodes, before);
    expectAgreed(forger, honest, 1, 0);
    expectAgreed(honest, seller, 1, 0);
  });

  it("a forwarder sends on less energy than is asked for, to another forwarder: it alone lacks the rest", () => {
    const network = new DrillNetwork(engine, "less", ["forger"]);
    const nodes = network.row(["buyer", "forger", "honest", "seller"]);
    const [buyer, forger, honest, seller] = nodes as [TestNode, TestNode, TestNode, TestNode];
    seller.node.offer(0, offer(network));
    const before = wealths(...nodes);
    misdeed(forger, "keep_swaps", NO_INPUT, 1);
    begin(network, along(...nodes), MWH, { start: network.interval });
    network.run();
    const less = rider(network.interval, "promise", MWH - 10n);
    expect(misdeed(forger, "send_on", less, 0, 0, 1, priced(MWH), 1)).toBe(0);
    network.run();
    expect(buyer.told("sent")).toHaveLength(1);
    expect(agreedMwh(buyer, 0, network.interval)).toBe(-MWH);
    expect(agreedMwh(seller, 0, network.interval)).toBe(MWH);
    expect(agreedMwh(honest, 0, network.interval)).toBe(MWH - 10n);
    // 2 msat of energy, which the next one was not asked for.
    expect(gains(nodes, before)).toEqual([0n, -2n, 2n, 0n]);
  });

  it("a forwarder takes the rider off: the next hop refuses", () => {
    const network = new DrillNetwork(engine, "bare", ["forger"]);
    const nodes = network.row(["buyer", "forger", "seller"]);
    const [buyer, forger, seller] = nodes as [TestNode, TestNode, TestNode];
    seller.node.offer(0, offer(network));
    const before = wealths(...nodes);
    misdeed(forger, "keep_swaps", NO_INPUT, 1);
    begin(network, along(...nodes), MWH, { start: network.interval });
    network.run();
    expect(misdeed(forger, "send_on", rider(0, "receipt", 0n), 0, 0, 1, priced(MWH), 1)).toBe(0);
    network.run();
    expect(buyer.told("failed")).toMatchObject([{ hop: 1, code: 0x400f }]);
    expectUnmoved(nodes, before);
  });
});

describe.each(availableEngines().map(({ name }) => name))("riders that nobody asked for, on %s", (engine) => {
  const AMOUNT_MSAT = priced(MWH);

  /** Payments of A alone to the `hops`-th node of a row; `sent_on` puts a rider on it at the first one, or none. */
  function plain(hops: number) {
    const network = new DrillNetwork(engine, "plain", ["forger"]);
    const nodes = network.row(["buyer", "forger", "honest", "seller"]);
    const [buyer, forger] = nodes as [TestNode, TestNode];
    const way = along(...nodes).slice(0, hops);
    const payee = nodes[hops] as TestNode;
    payee.node.offer(0, offer(network));
    misdeed(forger, "keep_swaps", NO_INPUT, 2);
    const route = routeOf(
      network,
      AMOUNT_MSAT,
      way.map(({ from, to, channel }) => ({ node: to, scid: from.node.channel(channel)?.shortChannelId ?? 0n })),
    );
    const sendOn = (mwh: bigint): void => {
      const added = mwh === 0n ? rider(0, "receipt", 0n) : rider(network.interval, "promise", mwh);
      const id = misdeed(forger, "newest", NO_INPUT, 0);
      expect(misdeed(forger, "send_on", added, 0, id, 1, AMOUNT_MSAT, 1)).toBe(0);
      network.run();
    };
    const pay = (how: { invoice?: ReturnType<typeof invoiceOf> } = {}): void => {
      buyer.node.pay({ channel: 0, hops: route, ...how });
      network.run();
    };
    return { network, nodes, buyer, payee, pay, sendOn, before: wealths(...nodes) };
  }

  it.each([
    ["to the recipient", 2, INCORRECT_DETAILS],
    ["to another forwarder", 3, INVALID_ONION_PAYLOAD],
  ])("a forwarder puts a rider on a payment whose onion has no energy, %s: refused, nothing moves", (_, hops, code) => {
    const { nodes, buyer, payee, pay, sendOn, before } = plain(hops);
    const [, forger, honest] = nodes as [TestNode, TestNode, TestNode];
    for (const mwh of [MWH, -MWH]) {
      pay();
      sendOn(mwh);
      expect(buyer.told("failed").at(-1)).toMatchObject({ hop: 1, code });
    }
    expect(buyer.told("failed")).toHaveLength(2);
    expect(payee.told("received")).toEqual([]);
    expectUnmoved(nodes, before);
    expectAgreed(forger, honest, 1, 0);
    // As it came it goes through.
    pay();
    sendOn(0n);
    expect(buyer.told("sent")).toHaveLength(1);
    expect(payee.told("received")).toMatchObject([{ amountMsat: AMOUNT_MSAT }]);
  });

  it("a forwarder puts a rider on the payment of an invoice: it is not paid by it, and can be paid still", () => {
    const { network, nodes, buyer, payee, pay, sendOn, before } = plain(2);
    const request = { amountMsat: AMOUNT_MSAT, description: "", timestampS: network.utcS };
    const invoice = invoiceOf(payee.node.invoice(request).bolt11);
    for (const mwh of [MWH, -MWH]) {
      pay({ invoice });
      sendOn(mwh);
      expect(buyer.told("failed").at(-1)).toMatchObject({ hop: 1, code: INCORRECT_DETAILS });
    }
    expect(payee.told("received")).toEqual([]);
    expectUnmoved(nodes, before);
    pay({ invoice });
    sendOn(0n);
    expect(payee.told("received")).toMatchObject([{ amountMsat: AMOUNT_MSAT }]);
    expect(payee.told("received")[0]?.energy).toBeUndefined();
    expect(agreedMwh(payee, 0, network.interval)).toBe(0n);
  });
});

describe.each(availableEngines().map(({ name }) => name))("ways that come back, on %s", (engine) => {
  /** Two nodes with a line, whose first owns it, charges one way and pays the other way. */
  function twoOf(rents: readonly [bigint, bigint]) {
    const network = new DrillNetwork(engine, "turn");
    const [owner, trader] = [network.addNode("owner", 2), network.addNode("trader", 2)];
    network.join(owner, trader, { rentForthMsatPerKwh: rents[0], rentBackMsatPerKwh: rents[1] });
    network.settle();
    owner.node.purse(1_000_000n);
    trader.node.offer(0, offer(network, { priceMsatPerKwh: 0n }));
    const turn = (amounts: readonly [bigint, bigint]) =>
      swap(
        network,
        [
          { from: trader, to: owner, channel: 0 },
          { from: owner, to: trader, channel: 0 },
        ],
        MWH,
        { amounts },
      );
    return { network, owner, trader, turn };
  }

  it("a U-turn over one line, for its rebate: the two rents are at least 0, and less is refused", () => {
    const { network, owner, trader, turn } = twoOf([9_000n, -9_000n]);
    const before = wealths(owner, trader);
    // 18 sat for the way there and as much back.
    expect(turn([18_000n, 18_001n])).toMatchObject({ kind: "failed", hop: 0 });
    expect(turn([1n, 18_000n])).toMatchObject({ kind: "failed", hop: 0 });
    expectUnmoved([owner, trader], before);
    expect(turn([18_000n, 18_000n])).toMatchObject({ kind: "sent" });
    expectUnmoved([owner, trader], before);
    expect(owner.node.purse()).toEqual({ capMsat: 1_000_000n, leftMsat: 1_000_000n });
    expectAgreed(owner, trader);
    expect(network.nodes.flatMap((node) => node.told("problem"))).toEqual([]);
  });

  it("a U-turn over one line that charges both ways: it pays twice for nothing", () => {
    const { owner, trader, turn } = twoOf([9_000n, 4_000n]);
    const before = wealths(owner, trader);
    expect(turn([26_009n, 10n])).toMatchObject({ kind: "failed", hop: 0 });
    expect(turn([26_010n, 10n])).toMatchObject({ kind: "sent" });
    expect(gains([owner, trader], before)).toEqual([26_000n, -26_000n]);
    expect(energyOf(owner).positions).toEqual([]);
    expectAgreed(owner, trader);
  });

  it("a route passes a line twice the same way: it takes twice the capacity, pays twice, and is bounded like two", () => {
    const network = new DrillNetwork(engine, "circle");
    const [a, b, c] = ["a", "b", "c"].map((name) => network.addNode(name, 2)) as [TestNode, TestNode, TestNode];
    const terms = { rentForthMsatPerKwh: 1_000n, rentBackMsatPerKwh: 1_000n };
    const [ab, ba] = network.join(a, b, terms);
    const [bc, cb] = network.join(b, c, terms);
    const [ca, ac] = network.join(c, a, terms);
    network.settle();
    b.node.offer(0, offer(network));
    const nodes = [a, b, c];
    const before = wealths(...nodes);
    const start = network.interval + INTERVAL_S;
    const way: Step[] = [
      { from: a, to: b, channel: ab },
      { from: b, to: c, channel: bc },
      { from: c, to: a, channel: ca },
      { from: a, to: b, channel: ab },
    ];
    // Owners are a, b and c, each of the line that it opened; a forwarder is paid for what it owns of its two lines.
    const last = priced(MWH);
    const amounts = [last + 6_000n, last + 4_000n, last + 2_000n, last];
    expect(
      swap(network, way, MWH, { amounts: amounts.map((amount, i) => (i === 0 ? amount - 1_999n : amount)) }),
    ).toMatchObject({ kind: "failed", hop: 0 });
    expectUnmoved(nodes, before);
    expect(swap(network, way, MWH, { amounts })).toMatchObject({ kind: "sent" });
    expect(agreedMwh(a, ab, start)).toBe(-2n * MWH);
    expect([agreedMwh(b, bc, start), agreedMwh(c, ca, start)]).toEqual([-MWH, -MWH]);
    // a got the energy once, for its price and the rents of the others, and its own rent back.
    expect(gains(nodes, before).reduce((sum, gain) => sum + gain, 0n)).toBe(0n);
    expect(gains(nodes, before)).toEqual([-4_000n, 2_000n, 2_000n]);
    for (const [one, other, i, j] of [
      [a, b, ab, ba],
      [b, c, bc, cb],
      [c, a, ca, ac],
    ] as const) {
      expectAgreed(one, other, i, j);
    }
    // Twice a tenth of the line more than its quarter does not fit while it is pending.
    const { capacityMwh } = energyOf(a, ab);
    const much = (capacityMwh - 2n * MWH) / 2n + 1n;
    const rent = ceilDiv(much * 1_000n, 1_000_000n);
    const dear = [3n, 2n, 1n, 0n].map((rents) => priced(much) + rents * rent);
    expect(swap(network, way, much, { amounts: dear })).toMatchObject({ code: TEMPORARY_CHANNEL_FAILURE });
  });
});
