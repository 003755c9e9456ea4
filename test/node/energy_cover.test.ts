import { describe, expect, it } from "vitest";
import { availableEngines } from "../../host/engine/index.js";
import { agreedMwh, begin, DrillNetwork, offer, priced, swap, TEMPORARY_CHANNEL_FAILURE } from "./drills.js";
import { expectAgreed, INTERVAL_S, LINE } from "./lines.js";
import { invoiceOf, routeOf } from "./network.js";

// A that covers promises: PROTOCOL.md, "What is refused".

const FUNDING_SAT = 1_000_000n;
/** What a side has to keep, a hundredth, and what the seller has above that. */
const RESERVE_MSAT = 10_000_000n;
const FREE_MSAT = 3_000_000n;
/** At the price cap of 1,000 sat a kWh. */
const COVERED_MWH = 3_000_000n;

/** A seller without credit who has little A on its line to a buyer, and a payer with a channel of A alone to the seller. */
function market(engine: "v8" | "wasm3", seed: string) {
  const network = new DrillNetwork(engine, seed);
  const [payer, seller, buyer] = [
    network.addNode("payer", 0),
    network.addNode("seller", 1),
    network.addNode("buyer", 1),
  ];
  network.connect(buyer, seller);
  network.connect(payer, seller);
  network.run();
  const line = network.openChannel(buyer, seller, FUNDING_SAT, false, RESERVE_MSAT + FREE_MSAT, {
    ...LINE,
    creditLimitMsat: 0n,
  });
  const plain = network.openChannel(payer, seller, FUNDING_SAT);
  network.settle();
  seller.node.offer(0, offer(network));
  const way = [{ from: buyer, to: seller, channel: line[0] }];
  return { network, payer, seller, buyer, line, plain, way };
}

describe.each(availableEngines().map(({ name }) => name))("A that covers promises, on %s", (engine) => {
  it("without credit a side may promise what its free A covers at the price cap, to the mWh, and receipts at will", () => {
    const { network, buyer, seller, line, way } = market(engine, "free");
    expect(() => {
      begin(network, way, COVERED_MWH + 1n);
    }).toThrow();
    expect(swap(network, way, COVERED_MWH)).toMatchObject({ kind: "sent" });
    // What the swap brought is free, and covers more.
    const more = (priced(COVERED_MWH) * 1_000_000n) / LINE.priceCapMsatPerKwh;
    expect(() => {
      begin(network, way, more + 1n);
    }).toThrow();
    expect(swap(network, way, more)).toMatchObject({ kind: "sent" });
    expect(agreedMwh(seller, line[1], network.interval + INTERVAL_S)).toBe(COVERED_MWH + more);
    network.meter(seller).send(4_000_000n);
    expect(swap(network, way, 4_000_000n, { start: network.interval, kind: "receipt" })).toMatchObject({
      kind: "sent",
    });
    expectAgreed(buyer, seller, ...line);
  });

  it("A that covers promises is neither paid out nor forwarded, to the msat", () => {
    const { network, payer, seller, buyer, line, plain, way } = market(engine, "locked");
    expect(swap(network, way, COVERED_MWH)).toMatchObject({ kind: "sent" });
    const free = priced(COVERED_MWH);
    const scid = seller.node.channel(line[1])?.shortChannelId ?? 0n;
    const forward = (amountMsat: bigint): void => {
      const { bolt11 } = buyer.node.invoice({ amountMsat, description: "", timestampS: network.utcS });
      const hops = routeOf(network, amountMsat, [
        { node: seller, scid: 0n },
        { node: buyer, scid },
      ]);
      payer.node.pay({ channel: plain[0], hops, invoice: invoiceOf(bolt11) });
      network.run();
    };
    const pay = (amountMsat: bigint): void => {
      const { bolt11 } = buyer.node.invoice({ amountMsat, description: "", timestampS: network.utcS });
      const hops = routeOf(network, amountMsat, [{ node: buyer, scid: 0n }]);
      seller.node.pay({ channel: line[1], hops, invoice: invoiceOf(bolt11) });
      network.run();
    };
    forward(free + 1n);
    expect(payer.told("failed")).toMatchObject([{ hop: 0, code: TEMPORARY_CHANNEL_FAILURE }]);
    expect(() => {
      pay(free + 1n);
    }).toThrow();
    forward(free - 1_000n);
    expect(payer.told("sent")).toHaveLength(1);
    expect(() => {
      pay(1_001n);
    }).toThrow();
    pay(1_000n);
    expect(seller.told("sent")).toHaveLength(1);
    expectAgreed(buyer, seller, ...line);
  });

  it("an invoice is for A alone: energy cannot be added to it", () => {
    const { network, buyer, seller, line } = market(engine, "invoice");
    const { bolt11 } = seller.node.invoice({ amountMsat: 200_000n, description: "", timestampS: network.utcS });
    const hops = routeOf(network, 200_000n, [{ node: seller, scid: 0n }]);
    const pay = (energyMwh?: bigint): void => {
      buyer.node.pay({
        channel: line[0],
        hops: hops.map((hop) => ({ ...hop, ...(energyMwh === undefined ? {} : { energyMwh }) })),
        invoice: invoiceOf(bolt11),
        ...(energyMwh === undefined
          ? {}
          : { energy: { intervalStart: network.interval + INTERVAL_S, kind: "promise" as const } }),
      });
      network.run();
    };
    expect(() => {
      pay(1_000_000n);
    }).toThrow("ERR_ARGUMENT");
    pay();
    expect(buyer.told("sent")).toHaveLength(1);
    expect(agreedMwh(buyer, line[0], network.interval + INTERVAL_S)).toBe(0n);
  });
});
