import { describe, expect, it } from "vitest";
import { ModuleError } from "../../host/engine/errors.js";
import { availableEngines } from "../../host/engine/index.js";
import type { EnergyParameters, EnergyOffer } from "../../host/node/energy_requests.js";
import type { NodeEvent } from "../../host/node/node_event.js";
import { ENERGY, energyOf, expectAgreed, INTERVAL_S, LINE, LineNetwork } from "./lines.js";
import type { TestNode } from "./network.js";

// What somebody tries, and what he gains by it: PROTOCOL.md, "What an honest end can lose".

const FUNDING_SAT = 10_000_000n;
const HALF_MSAT = 5_000_000_000n;
const PRICE = 200_000n;
const TEMPORARY_CHANNEL_FAILURE = 0x1007;
const TEMPORARY_NODE_FAILURE = 0x2002;

const priced = (mwh: bigint): bigint => (mwh * PRICE + 999_999n) / 1_000_000n;

function connected(network: LineNetwork, nodes: readonly TestNode[], change: Partial<EnergyParameters> = {}): void {
  for (const [i, to] of nodes.slice(1).entries()) {
    const from = nodes[i] as TestNode;
    network.connect(from, to);
    network.run();
    network.openChannel(from, to, FUNDING_SAT, false, HALF_MSAT, { ...LINE, ...change });
  }
  network.toSecond(10);
  network.seconds(INTERVAL_S);
}

const offer = (network: LineNetwork, change: Partial<EnergyOffer> = {}): EnergyOffer => ({
  side: "sell",
  receipts: true,
  promises: true,
  meter: 0,
  fromS: network.interval,
  untilS: network.interval + 100 * INTERVAL_S,
  priceMsatPerKwh: PRICE,
  maxMwh: 1_000_000_000n,
  ...change,
});

interface Step {
  readonly to: TestNode;
  readonly channel: number;
  readonly from: TestNode;
}

/** A promise for the next interval along lines without losses, whole or a part of `total`: what it came to. */
function promise(
  network: LineNetwork,
  steps: readonly Step[],
  mwh: bigint,
  total?: { readonly mwh: bigint; readonly preimage: Uint8Array },
): NodeEvent | undefined {
  const payer = steps[0]?.from as TestNode;
  const before = payer.events.length;
  payer.node.pay({
    channel: steps[0]?.channel ?? 0,
    hops: steps.map(({ from, to, channel }, i) => ({
      point: to.id,
      shortChannelId: from.node.channel(channel)?.shortChannelId ?? 0n,
      amountMsat: priced(mwh),
      energyMwh: mwh,
      cltvExpiry: network.height + 20 + 40 * (steps.length - 1 - i),
    })),
    energy: {
      intervalStart: network.interval + INTERVAL_S,
      kind: "promise",
      ...(total && { totalMwh: total.mwh }),
    },
    ...(total && { preimage: total.preimage, totalMsat: priced(total.mwh) }),
  });
  network.run();
  return payer.events.slice(before).find(({ kind }) => kind === "sent" || kind === "failed");
}

const failed = (code: number, hop: number) => ({ kind: "failed", code, hop });

describe.each(availableEngines().map(({ name }) => name))("attacks on lines on %s", (engine) => {
  it("a line is blocked by riders that nobody fulfils: a quarter of it, until they lapse", () => {
    const network = new LineNetwork(engine, "block");
    const [buyer, cabinet, seller] = [
      network.addNode("buyer", 1),
      network.addNode("cabinet", 2),
      network.addNode("seller", 1),
    ];
    connected(network, [buyer, cabinet, seller], { creditLimitMsat: 100_000_000n });
    seller.node.offer(0, offer(network));
    const way = [
      { from: buyer, to: cabinet, channel: 0 },
      { from: cabinet, to: seller, channel: 1 },
    ];
    const { capacityMwh } = energyOf(seller);
    const quarter = capacityMwh / 4n;
    // Parts of a whole that never comes: the seller waits for the rest.
    const never = (fill: number) => ({ mwh: 2n * quarter, preimage: new Uint8Array(32).fill(fill) });
    expect(promise(network, way, quarter, never(1))).toBeUndefined();
    expect(promise(network, way, 10_000n, never(2))).toMatchObject(failed(TEMPORARY_CHANNEL_FAILURE, 0));
    network.seconds(11);
    // The cabinet has let it lapse before the buyer had to, and the seller has given it back.
    expect(cabinet.told("lapsed")).toHaveLength(1);
    expect(buyer.told("lapsed")).toEqual([]);
    expect(buyer.told("failed")).toHaveLength(2);
    expect(promise(network, way, quarter)).toMatchObject({ kind: "sent" });
    expectAgreed(buyer, cabinet, 0, 0);
    expectAgreed(cabinet, seller, 1, 0);
  });

  it("futures are sold beyond what covers them, or what covers them is spent: both are refused", () => {
    const network = new LineNetwork(engine, "futures");
    const credit = { ...ENERGY, energyCreditMsat: 2_000_000n };
    const [buyer, seller] = [network.addNode("buyer", 1, credit), network.addNode("seller", 1, credit)];
    network.connect(buyer, seller);
    network.run();
    // The seller has nothing of A but what it is paid.
    network.openChannel(buyer, seller, FUNDING_SAT, false, 0n, { ...LINE, creditLimitMsat: 2_000_000n });
    network.toSecond(10);
    network.seconds(INTERVAL_S);
    seller.node.offer(0, offer(network));
    const way = [{ from: buyer, to: seller, channel: 0 }];
    // At a price cap of 1,000 sat a kWh the credit of 2,000 sat covers 2 kWh.
    expect(() => promise(network, way, 2_000_001n)).toThrow(ModuleError);
    expect(promise(network, way, 2_000_000n)).toMatchObject({ kind: "sent" });
    // A force close now costs the buyer the credit that it granted, and no more: nothing else is open.
    const { positions } = energyOf(buyer);
    expect(positions.map(({ promisedMwh }) => (promisedMwh < 0n ? -promisedMwh : promisedMwh))).toEqual([2_000_000n]);
    expect(() => promise(network, way, 1n)).toThrow(ModuleError);
    // The seller owes energy: it cannot leave by consent either.
    expect(() => seller.node.close(0, Uint8Array.of(0, 20, ...new Uint8Array(20)))).toThrow(/ERR_STATE/);
    expectAgreed(buyer, seller);
  });

  it("an interval is sold twice, over two lines of one meter: the meter signs for what it is rated for, once", () => {
    const network = new LineNetwork(engine, "twice");
    const [left, seller, right] = [
      network.addNode("left", 1),
      network.addNode("seller", 2),
      network.addNode("right", 1),
    ];
    connected(network, [left, seller, right], { creditLimitMsat: 100_000_000n });
    seller.node.offer(0, offer(network));
    // 1 MW for a minute.
    const most = 16_666_666n;
    expect(promise(network, [{ from: left, to: seller, channel: 0 }], 10_000_000n)).toMatchObject({ kind: "sent" });
    const over = promise(network, [{ from: right, to: seller, channel: 0 }], most - 10_000_000n + 1n);
    expect(over).toMatchObject(failed(TEMPORARY_NODE_FAILURE, 0));
    const rest = promise(network, [{ from: right, to: seller, channel: 0 }], most - 10_000_000n);
    expect(rest).toMatchObject({ kind: "sent" });
  });

  it("rebates are drawn in a circle over two lines to one neighbour: there is none, and no purse is touched", () => {
    const network = new LineNetwork(engine, "circle");
    const [owner, trader] = [network.addNode("owner", 2), network.addNode("trader", 2)];
    const terms = { creditLimitMsat: 100_000_000n, rentForthMsatPerKwh: 9_000n, rentBackMsatPerKwh: -9_000n };
    network.connect(owner, trader);
    network.run();
    for (let i = 0; i < 2; i++) {
      network.openChannel(owner, trader, FUNDING_SAT, false, HALF_MSAT, { ...LINE, ...terms });
    }
    network.toSecond(10);
    network.seconds(INTERVAL_S);
    owner.node.purse(1_000_000n);
    trader.node.offer(0, offer(network, { priceMsatPerKwh: 0n }));
    // The trader buys from itself through the owner: energy comes in over the second line, paid for, and leaves over the first.
    const start = network.interval + INTERVAL_S;
    const pay = (first: bigint, last: bigint): NodeEvent | undefined => {
      const before = trader.events.length;
      const hop = (node: TestNode, channel: number, amountMsat: bigint, blocks: number) => ({
        point: node.id,
        shortChannelId: owner.node.channel(channel)?.shortChannelId ?? 0n,
        amountMsat,
        energyMwh: 1_000_000n,
        cltvExpiry: network.height + blocks,
      });
      trader.node.pay({
        channel: 0,
        hops: [hop(owner, 0, first, 60), hop(trader, 1, last, 20)],
        energy: { intervalStart: start, kind: "promise" },
      });
      network.run();
      return trader.events.slice(before).find(({ kind }) => kind === "sent" || kind === "failed");
    };
    const before = owner.node.channels().reduce((sum, { holderMsat }) => sum + holderMsat, 0n);
    // Out costs 9 sat and in brings as much: nothing for nothing. Whoever asks for more gets nothing at all.
    expect(pay(10_000n, 10_000n)).toMatchObject({ kind: "sent" });
    expect(pay(10_000n, 10_001n)).toMatchObject({ kind: "failed", hop: 0 });
    expect(pay(1_000n, 10_000n)).toMatchObject({ kind: "failed", hop: 0 });
    expect(owner.node.purse()).toEqual({ capMsat: 1_000_000n, leftMsat: 1_000_000n });
    const after = owner.node.channels().reduce((sum, { holderMsat }) => sum + holderMsat, 0n);
    expect(after).toBeGreaterThanOrEqual(before);
  });
});
