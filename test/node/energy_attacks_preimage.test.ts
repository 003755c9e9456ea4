import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { availableEngines } from "../../host/engine/index.js";
import {
  agreedMwh,
  along,
  begin,
  DrillNetwork,
  expectUnmoved,
  gains,
  holdBack,
  misdeed,
  NO_INPUT,
  offer,
  owes,
  priced,
  PRICE,
  rider,
  size,
  swap,
  wealths,
  withAttackers,
} from "./drills.js";
import { energyOf, expectAgreed, INTERVAL_S, LINE } from "./lines.js";
import type { TestNode } from "./network.js";

// Whoever knows the preimage of a swap chooses when it counts, and for whom: PROTOCOL.md, "No free option", "Updates" and
// "What an honest end can lose".

const ENERGY_LAPSE = 42001;
const COMMITMENT_SIGNED = 132;
const REVOKE_AND_ACK = 133;
const MWH = 2_000_000n;
const PREIMAGE = new Uint8Array(32).fill(0x77);
const HASH = new Uint8Array(createHash("sha256").update(PREIMAGE).digest());
const SPREAD_PPM = 50_000;
/** What a fulfiller owes for `MWH` that has lapsed, at a price above its own: BUY_BACK more than it was paid. */
const WORSE_MSAT = (MWH * ((PRICE * (1_000_000n + BigInt(SPREAD_PPM))) / 1_000_000n)) / 1_000_000n;
const BUY_BACK_MSAT = WORSE_MSAT - priced(MWH);
const TERMS = { imbalanceSpreadPpm: SPREAD_PPM };

/** Second by second, until a node has let a rider lapse for good. */
function untilLapsed(network: DrillNetwork, node: TestNode): void {
  for (let s = 0; node.told("lapsed").length === 0; s++) {
    if (s > 30) throw new Error(`${node.name} lets nothing lapse`);
    network.seconds(1);
  }
}

const fulfil = (node: TestNode): number => misdeed(node, "fulfil", PREIMAGE, 0, misdeed(node, "newest", NO_INPUT, 0));

withAttackers();

describe.each(availableEngines().map(({ name }) => name))("holding a preimage back, on %s", (engine) => {
  it("the recipient waits until the price is known, and fulfils a lapsed rider: it pays the worse price", () => {
    const network = new DrillNetwork(engine, "recipient", ["keeper"]);
    const [buyer, keeper] = network.row(["buyer", "keeper"], TERMS) as [TestNode, TestNode];
    const before = wealths(buyer, keeper);
    misdeed(keeper, "keep_swaps", NO_INPUT, 1);
    begin(network, along(buyer, keeper), MWH, { preimage: PREIMAGE });
    network.run();
    untilLapsed(network, buyer);
    expect(buyer.told("sent")).toEqual([]);
    expect(fulfil(keeper)).toBe(0);
    network.run();
    // The buyer has paid for no energy, is owed all of it back, and the difference to what it costs now.
    expect(buyer.told("sent")).toMatchObject([{ amountMsat: priced(MWH) }]);
    expect(owes(keeper, 0)).toBe(WORSE_MSAT);
    expect(agreedMwh(buyer, 0, network.interval + INTERVAL_S)).toBe(0n);
    expect(gains([buyer, keeper], before)).toEqual([BUY_BACK_MSAT, -BUY_BACK_MSAT]);
    // The debt is paid like any other.
    network.seconds(2);
    expect(owes(keeper, 0)).toBe(0n);
    expect(gains([buyer, keeper], before)).toEqual([BUY_BACK_MSAT, -BUY_BACK_MSAT]);
    expectAgreed(buyer, keeper);
  });

  it("the recipient waits, and was paid above all prices of today: it gives back what it was paid", () => {
    const network = new DrillNetwork(engine, "dear", ["keeper"]);
    const [buyer, keeper] = network.row(["buyer", "keeper"], TERMS) as [TestNode, TestNode];
    const before = wealths(buyer, keeper);
    misdeed(keeper, "keep_swaps", NO_INPUT, 1);
    begin(network, along(buyer, keeper), MWH, { preimage: PREIMAGE, amounts: [3n * WORSE_MSAT] });
    network.run();
    untilLapsed(network, buyer);
    expect(fulfil(keeper)).toBe(0);
    network.run();
    network.seconds(2);
    expectUnmoved([buyer, keeper], before);
    expectAgreed(buyer, keeper);
  });

  it("the recipient waits, and gives the swap up since prices have turned: nothing has moved, and its time was hold_s", () => {
    const network = new DrillNetwork(engine, "up", ["keeper"]);
    const [buyer, keeper] = network.row(["buyer", "keeper"], TERMS) as [TestNode, TestNode];
    const before = wealths(buyer, keeper);
    misdeed(keeper, "keep_swaps", NO_INPUT, 1);
    begin(network, along(buyer, keeper), MWH, { preimage: PREIMAGE });
    network.run();
    const since = network.nowMs;
    untilLapsed(network, buyer);
    expect(Number(network.nowMs - since) / 1000).toBeLessThanOrEqual(LINE.holdS + 1);
    misdeed(keeper, "fail", NO_INPUT, 0, misdeed(keeper, "newest", NO_INPUT, 0), 0x2002);
    network.run();
    expect(buyer.told("failed")).toHaveLength(1);
    expectUnmoved([buyer, keeper], before);
    expectAgreed(buyer, keeper);
  });

  it("the recipient acknowledges no lapse until the interval is over, and then fulfils: what it did not deliver it pays", () => {
    const network = new DrillNetwork(engine, "deaf", ["keeper"]);
    const [buyer, keeper] = network.row(["customer", "keeper"], TERMS) as [TestNode, TestNode];
    // Else the recipient's own roll would wait for an acknowledgement, and its fulfilment with it.
    expect(energyOf(buyer).holderIsNode1).toBe(true);
    const before = wealths(buyer, keeper);
    const start = network.interval + INTERVAL_S;
    misdeed(keeper, "keep_swaps", NO_INPUT, 1);
    begin(network, along(buyer, keeper), MWH, { preimage: PREIMAGE });
    network.run();
    // The lapse and the signature that it comes with wait; for the rest the recipient listens.
    const line = network.tap(buyer, keeper);
    const kept: Buffer[] = [];
    network.change = (from, frame) => {
      const type = frame.readUInt16BE(0);
      const waits = type === ENERGY_LAPSE || (kept.length > 0 && [COMMITMENT_SIGNED, REVOKE_AND_ACK].includes(type));
      if (from === 1 || !waits) return [frame];
      kept.push(frame);
      return [];
    };
    network.seconds(2 * INTERVAL_S + 10);
    // The lapse is not acknowledged: the interval cannot be closed, and whoever waits has no energy yet.
    expect(buyer.told("lapsed")).toEqual([]);
    expect(energyOf(buyer).closedUntil).toBe(start - INTERVAL_S);
    expect(fulfil(keeper)).toBe(0);
    network.run();
    expect(kept.map((frame) => frame.readUInt16BE(0))).toEqual([ENERGY_LAPSE, COMMITMENT_SIGNED, REVOKE_AND_ACK]);
    network.change = (_, frame) => [frame];
    for (const frame of kept) line.pass(0, frame);
    network.seconds(INTERVAL_S);
    expect(buyer.told("sent")).toHaveLength(1);
    // A promise that was not kept costs as much as one that was bought back.
    expect(buyer.told("interval closed").filter((event) => size(event.agreedMwh) === MWH)).toHaveLength(1);
    expect(gains([buyer, keeper], before)).toEqual([BUY_BACK_MSAT, -BUY_BACK_MSAT]);
    expect(energyOf(buyer).positions).toEqual([]);
    expectAgreed(buyer, keeper);
  });

  it.each([
    ["before the buyer's rider lapses too", false],
    ["after all have lapsed", true],
  ])("the recipient behind a forwarder waits, and fulfils %s: the forwarder loses nothing", (_, late) => {
    const network = new DrillNetwork(engine, "forwarder", ["keeper"]);
    const nodes = network.row(["buyer", "forwarder", "keeper"], TERMS);
    const [buyer, forwarder, keeper] = nodes as [TestNode, TestNode, TestNode];
    const before = wealths(...nodes);
    misdeed(keeper, "keep_swaps", NO_INPUT, 1);
    begin(network, along(...nodes), MWH, { preimage: PREIMAGE });
    network.run();
    untilLapsed(network, late ? buyer : forwarder);
    expect([forwarder, buyer].map((node) => node.told("lapsed").length)).toEqual([1, late ? 1 : 0]);
    expect(fulfil(keeper)).toBe(0);
    network.run();
    network.seconds(2);
    expect(buyer.told("sent")).toHaveLength(1);
    // The rider before the forwarder counts, or is bought back at the same price as the one behind it.
    expect(agreedMwh(forwarder, 0, network.interval + INTERVAL_S)).toBe(late ? 0n : MWH);
    expect(agreedMwh(forwarder, 1, network.interval + INTERVAL_S)).toBe(0n);
    const gained = late ? [BUY_BACK_MSAT, 0n, -BUY_BACK_MSAT] : [0n, BUY_BACK_MSAT, -BUY_BACK_MSAT];
    expect(gains(nodes, before)).toEqual(gained);
    expectAgreed(buyer, forwarder);
    expectAgreed(forwarder, keeper, 1, 0);
  });

  it.each([
    ["at today's price", PRICE],
    ["at the line's price cap", LINE.priceCapMsatPerKwh],
  ])("buyer and recipient conspire: lapse before the forwarder, no acknowledgement behind it, %s", (_, price) => {
    const network = new DrillNetwork(engine, "withheld", ["keeper"]);
    const nodes = network.row(["buyer", "forwarder", "keeper"], TERMS);
    const [buyer, forwarder, keeper] = nodes as [TestNode, TestNode, TestNode];
    const before = wealths(...nodes);
    misdeed(keeper, "keep_swaps", NO_INPUT, 1);
    const amount = (MWH * price) / 1_000_000n;
    begin(network, along(...nodes), MWH, { preimage: PREIMAGE, amounts: [amount, amount] });
    network.run();
    // The recipient does as if it had heard of no lapse.
    const release = holdBack(network, forwarder, 1);
    untilLapsed(network, buyer);
    expect(forwarder.told("lapsed")).toEqual([]);
    expect(fulfil(keeper)).toBe(0);
    network.run();
    release();
    network.seconds(2);
    // The forwarder has bought the energy, for its price cap at most: that is what it can lose by it, and not its A.
    expect(agreedMwh(forwarder, 1, network.interval + INTERVAL_S)).toBe(-MWH);
    expect(agreedMwh(forwarder, 0, network.interval + INTERVAL_S)).toBe(0n);
    const lost = (amount > WORSE_MSAT ? amount : WORSE_MSAT) - priced(MWH);
    expect(gains([forwarder], before.slice(1))).toEqual([-lost]);
    expect(lost).toBeLessThanOrEqual((MWH * LINE.priceCapMsatPerKwh) / 1_000_000n - priced(MWH));
    expectAgreed(buyer, forwarder);
    expectAgreed(forwarder, keeper, 1, 0);
  });

  it("a wormhole: the preimage passes by the node between, which has lost nothing; the energy is bought and sold on", () => {
    const network = new DrillNetwork(engine, "wormhole", ["near", "far"]);
    const nodes = network.row(["buyer", "near", "between", "far", "seller"]);
    const [buyer, near, between, far, seller] = nodes as [TestNode, TestNode, TestNode, TestNode, TestNode];
    seller.node.offer(0, offer(network));
    const start = network.interval + INTERVAL_S;
    const before = wealths(...nodes);
    misdeed(far, "keep_swaps", NO_INPUT, 1);
    begin(network, along(...nodes), MWH, { preimage: PREIMAGE });
    network.run();
    // The far end buys for itself. Now both know the preimage, and the node between is told that there was nothing.
    const id = misdeed(far, "newest", NO_INPUT, 0);
    expect(misdeed(far, "send_on", rider(start, "promise", MWH), 0, id, 1, priced(MWH), 0)).toBe(0);
    network.run();
    expect(seller.told("received")).toMatchObject([{ paymentHash: HASH, energy: { energyMwh: MWH } }]);
    expect(fulfil(near)).toBe(0);
    expect(misdeed(far, "fail", NO_INPUT, 0, id, 0x2002)).toBe(0);
    network.run();
    expect(buyer.told("sent")).toHaveLength(1);
    expect(between.told("forwarded")).toEqual([]);
    expect(agreedMwh(near, 0, start)).toBe(MWH);
    expect(agreedMwh(far, 1, start)).toBe(-MWH);
    for (const channel of [0, 1]) expect(agreedMwh(between, channel, start)).toBe(0n);
    expect(gains(nodes, before)).toEqual([0n, 0n, 0n, 0n, 0n]);
    // The energy goes through all the same: who sends it owes nothing, who gets it pays the node between, and that one on.
    network.toSecond(0);
    for (const [node, line, mwh] of [
      [seller, 0, MWH],
      [far, 1, -MWH],
      [far, 0, MWH],
      [between, 1, -MWH],
      [between, 0, MWH],
      [near, 1, -MWH],
      [near, 0, MWH],
      [buyer, 0, -MWH],
    ] as const) {
      network.meter(node, line).send(mwh);
    }
    network.seconds(INTERVAL_S + 10);
    expect(
      between.told("interval closed").filter((event) => event.start === start && event.meteredMwh !== 0n),
    ).toHaveLength(2);
    expect(gains(nodes, before)).toEqual([-priced(MWH), 0n, 0n, 0n, priced(MWH)]);
  });

  it("a swap that nobody holds back goes through as ever", () => {
    const network = new DrillNetwork(engine, "honest", ["seller"]);
    const nodes = network.row(["buyer", "forwarder", "seller"], TERMS);
    (nodes[2] as TestNode).node.offer(0, offer(network));
    expect(swap(network, along(...nodes), MWH)).toMatchObject({ kind: "sent" });
    expect(agreedMwh(nodes[2] as TestNode, 0, network.interval + INTERVAL_S)).toBe(MWH);
  });
});
