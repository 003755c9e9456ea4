import { describe, expect, it } from "vitest";
import { ModuleError } from "../../host/engine/errors.js";
import { availableEngines } from "../../host/engine/index.js";
import type { NodeEvent } from "../../host/node/node_event.js";
import {
  agreedMwh,
  along,
  DrillNetwork,
  expectUnmoved,
  FUNDING_SAT,
  gains,
  HALF_MSAT,
  offer,
  swap,
  TEMPORARY_CHANNEL_FAILURE,
  TEMPORARY_NODE_FAILURE,
  wealths,
} from "./drills.js";
import { ENERGY, energyOf, expectAgreed, INTERVAL_S, LINE } from "./lines.js";
import type { TestNode } from "./network.js";

// What somebody tries, and what he gains by it: PROTOCOL.md, "What an honest end can lose".

const failed = (code: number, hop: number) => ({ kind: "failed", code, hop });

describe.each(availableEngines().map(({ name }) => name))("attacks on lines on %s", (engine) => {
  it("a line is blocked by riders that nobody fulfils: a quarter of it, until they lapse; others go on, nothing moves", () => {
    const network = new DrillNetwork(engine, "block");
    const [blocker, cabinet, seller, neighbour] = [
      network.addNode("buyer", 1),
      network.addNode("cabinet", 3),
      network.addNode("seller", 1),
      network.addNode("neighbour", 1),
    ];
    network.join(blocker, cabinet);
    network.join(cabinet, seller);
    network.join(neighbour, cabinet);
    network.settle();
    seller.node.offer(0, offer(network));
    const nodes = [blocker, cabinet, seller, neighbour];
    const before = wealths(...nodes);
    const way = along(blocker, cabinet, seller);
    const { capacityMwh } = energyOf(seller);
    const quarter = capacityMwh / 4n;
    // Parts of a whole that never comes: the seller waits for the rest.
    const never = (fill: number) => ({ totalMwh: 2n * quarter, preimage: new Uint8Array(32).fill(fill) });
    expect(swap(network, way, quarter, never(1))).toBeUndefined();
    expect(swap(network, way, 10_000n, never(2))).toMatchObject(failed(TEMPORARY_CHANNEL_FAILURE, 0));
    // Whoever comes from elsewhere has a quarter of his own meanwhile, and no more than that.
    const other = along(neighbour, cabinet, seller);
    expect(swap(network, other, quarter + 1n)).toMatchObject(failed(TEMPORARY_CHANNEL_FAILURE, 0));
    expect(swap(network, other, quarter)).toMatchObject({ kind: "sent" });
    const since = network.nowMs;
    while (blocker.told("failed").length < 2) network.seconds(1);
    expect(Number(network.nowMs - since) / 1000).toBeLessThanOrEqual(LINE.holdS + 1);
    // The cabinet has let it lapse before the blocker had to, and the seller has given it back.
    expect(cabinet.told("lapsed")).toHaveLength(1);
    expect(blocker.told("lapsed")).toEqual([]);
    expect(gains(nodes, before)).toEqual([0n, 0n, 0n, 0n]);
    expect(agreedMwh(blocker, 0, network.interval + INTERVAL_S)).toBe(0n);
    expect(swap(network, way, (capacityMwh - quarter) / 4n)).toMatchObject({ kind: "sent" });
    expectAgreed(blocker, cabinet, 0, 0);
    expectAgreed(cabinet, seller, 1, 0);
    expectAgreed(neighbour, cabinet, 0, 2);
  });

  it("futures are sold beyond what covers them, or what covers them is spent: both are refused, and nothing moves", () => {
    const network = new DrillNetwork(engine, "futures");
    const credit = { ...ENERGY, energyCreditMsat: 2_000_000n };
    const [buyer, seller] = [network.addNode("buyer", 1, credit), network.addNode("seller", 1, credit)];
    network.connect(buyer, seller);
    network.run();
    // The seller has nothing of A but what it is paid.
    network.openChannel(buyer, seller, FUNDING_SAT, false, 0n, { ...LINE, creditLimitMsat: 2_000_000n });
    network.settle();
    seller.node.offer(0, offer(network));
    const nodes = [buyer, seller];
    const before = wealths(...nodes);
    const way = along(buyer, seller);
    // At a price cap of 1,000 sat a kWh the credit of 2,000 sat covers 2 kWh.
    expect(() => swap(network, way, 2_000_001n)).toThrow(ModuleError);
    expectUnmoved(nodes, before);
    expect(swap(network, way, 2_000_000n)).toMatchObject({ kind: "sent" });
    // A force close now costs the buyer the credit that it granted, and no more: nothing else is open.
    const { positions } = energyOf(buyer);
    expect(positions.map(({ promisedMwh }) => (promisedMwh < 0n ? -promisedMwh : promisedMwh))).toEqual([2_000_000n]);
    expect(() => swap(network, way, 1n)).toThrow(ModuleError);
    // The seller owes energy: it cannot leave by consent either.
    expect(() => {
      seller.node.close(0, Uint8Array.of(0, 20, ...new Uint8Array(20)));
    }).toThrow(/ERR_STATE/);
    expect(gains(nodes, before)).toEqual([0n, 0n]);
    expectAgreed(buyer, seller);
  });

  it("an interval is sold twice, over two lines of one meter: the meter signs for what it is rated for, once", () => {
    const network = new DrillNetwork(engine, "twice");
    const nodes = network.row(["left", "seller", "right"]);
    const [left, seller, right] = nodes as [TestNode, TestNode, TestNode];
    seller.node.offer(0, offer(network));
    const before = wealths(...nodes);
    const [first, second] = [[{ from: left, to: seller, channel: 0 }], [{ from: right, to: seller, channel: 0 }]];
    const start = network.interval + INTERVAL_S;
    // 1 MW for a minute.
    const most = 16_666_666n;
    expect(swap(network, first, 10_000_000n)).toMatchObject({ kind: "sent" });
    const over = swap(network, second, most - 10_000_000n + 1n);
    expect(over).toMatchObject(failed(TEMPORARY_NODE_FAILURE, 0));
    expect(agreedMwh(right, 0, start)).toBe(0n);
    expect(swap(network, second, most - 10_000_000n)).toMatchObject({ kind: "sent" });
    expect(swap(network, first, 1n)).toMatchObject(failed(TEMPORARY_NODE_FAILURE, 0));
    // All that it has sold it has been paid for, once; a buyer's last msat is a whole one.
    expect(agreedMwh(seller, 0, start) + agreedMwh(seller, 1, start)).toBe(most);
    expect(gains(nodes, before)).toEqual([0n, 1n, -1n]);
  });

  it("rebates are drawn in a circle over two lines to one neighbour: there is none, and no purse is touched", () => {
    const network = new DrillNetwork(engine, "circle");
    const [owner, trader] = [network.addNode("owner", 2), network.addNode("trader", 2)];
    const terms = { creditLimitMsat: 100_000_000n, rentForthMsatPerKwh: 9_000n, rentBackMsatPerKwh: -9_000n };
    network.connect(owner, trader);
    network.run();
    for (let i = 0; i < 2; i++) {
      network.openChannel(owner, trader, FUNDING_SAT, false, HALF_MSAT, { ...LINE, ...terms });
    }
    network.settle();
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
    const before = wealths(owner, trader);
    // Out costs 9 sat and in brings as much: nothing for nothing. Whoever asks for more gets nothing at all.
    expect(pay(10_000n, 10_000n)).toMatchObject({ kind: "sent" });
    expect(pay(10_000n, 10_001n)).toMatchObject({ kind: "failed", hop: 0 });
    expect(pay(1_000n, 10_000n)).toMatchObject({ kind: "failed", hop: 0 });
    expect(owner.node.purse()).toEqual({ capMsat: 1_000_000n, leftMsat: 1_000_000n });
    expect(gains([owner, trader], before)).toEqual([0n, 0n]);
  });
});
