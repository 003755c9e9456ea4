import { describe, expect, it } from "vitest";
import { availableEngines } from "../../host/engine/index.js";
import type { EnergyOffer } from "../../host/node/energy_requests.js";
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
  swap,
  type Swap,
  TEMPORARY_CHANNEL_FAILURE,
  TEMPORARY_NODE_FAILURE,
  wealths,
  withAttackers,
} from "./drills.js";
import { energyOf, expectAgreed, INTERVAL_S, LINE } from "./lines.js";
import type { TestNode } from "./network.js";

// What a forwarder asks and pays, and what a recipient takes, to the unit: PROTOCOL.md, "Forwarding" and "The recipient".

withAttackers();

const [FEE_INSUFFICIENT, INCORRECT_DETAILS] = [0x100c, 0x400f];
/** Rents on it, of 50 sat a kWh, are no whole msat: they are rounded in the owner's favour. */
const MWH = 1_000_001n;
const [PAID, RENT, REBATE] = [priced(MWH), 50_001n, 50_000n];
const CHARGES = { rentForthMsatPerKwh: 0n, rentBackMsatPerKwh: 50_000n };
const PAYS = { rentForthMsatPerKwh: 60_000n, rentBackMsatPerKwh: -50_000n };

/** Buyer, forwarder and seller, who has posted an offer, or who keeps what comes to it. */
function row(engine: "v8" | "wasm3", seed: string, change: Parameters<DrillNetwork["row"]>[1], keeps = false) {
  const network = new DrillNetwork(engine, seed, keeps ? ["seller"] : []);
  const nodes = network.row(["buyer", "forwarder", "seller"], change);
  const [buyer, forwarder, seller] = nodes as [TestNode, TestNode, TestNode];
  if (keeps) misdeed(seller, "keep_swaps", NO_INPUT, 1);
  else seller.node.offer(0, offer(network));
  return { network, nodes, buyer, forwarder, seller, way: along(...nodes), before: wealths(...nodes) };
}

describe.each(availableEngines().map(({ name }) => name))("rents and rebates of a forwarder, on %s", (engine) => {
  it("a rent is asked for to the msat, rounded up", () => {
    const { network, nodes, way, before } = row(engine, "rent", CHARGES);
    const less = swap(network, way, MWH, { amounts: [PAID + RENT - 1n, PAID] });
    expect(less).toMatchObject({ kind: "failed", hop: 0, code: FEE_INSUFFICIENT });
    // What came in, and no channel_update.
    const data = Buffer.alloc(10);
    data.writeBigUInt64BE(PAID + RENT - 1n);
    expect(Buffer.from(less?.kind === "failed" ? less.data : []).toString("hex")).toBe(data.toString("hex"));
    expectUnmoved(nodes, before);
    expect(swap(network, way, MWH, { amounts: [PAID + RENT, PAID] })).toMatchObject({ kind: "sent" });
    expect(gains(nodes, before)[1]).toBe(RENT);
  });

  it("a rebate is given to the msat, rounded down, and only while there is as much in the purse", () => {
    const { network, nodes, way, before, forwarder } = row(engine, "rebate", PAYS);
    const just: Swap = { amounts: [PAID - REBATE, PAID] };
    // Nothing has been put in, or too little.
    expect(swap(network, way, MWH, just)).toMatchObject({ kind: "failed", hop: 0, code: TEMPORARY_CHANNEL_FAILURE });
    forwarder.node.purse(REBATE - 1n);
    expect(swap(network, way, MWH, just)).toMatchObject({ kind: "failed", hop: 0, code: TEMPORARY_CHANNEL_FAILURE });
    forwarder.node.purse(REBATE);
    const more = swap(network, way, MWH, { amounts: [PAID - REBATE - 1n, PAID] });
    expect(more).toMatchObject({ kind: "failed", hop: 0, code: FEE_INSUFFICIENT });
    expect(forwarder.node.purse()).toEqual({ capMsat: REBATE, leftMsat: REBATE });
    expectUnmoved(nodes, before);
    expect(swap(network, way, MWH, just)).toMatchObject({ kind: "sent" });
    expect(forwarder.node.purse()).toEqual({ capMsat: REBATE, leftMsat: 0n });
    expect(gains(nodes, before)[1]).toBe(-REBATE);
    // It is empty now; without a rebate the line still serves.
    expect(swap(network, way, MWH, just)).toMatchObject({ kind: "failed", hop: 0 });
    expect(swap(network, way, MWH)).toMatchObject({ kind: "sent" });
  });

  it("no rebate is given where both lines lead to one neighbour, though the one charges less than the other pays", () => {
    const network = new DrillNetwork(engine, "one neighbour");
    const [owner, trader] = [network.addNode("owner", 2), network.addNode("trader", 2)];
    const [free, pays] = [network.join(owner, trader), network.join(owner, trader, PAYS)];
    network.settle();
    owner.node.purse(10n * REBATE);
    trader.node.offer(0, offer(network, { priceMsatPerKwh: 0n }));
    const before = wealths(owner, trader);
    const way = [
      { from: trader, to: owner, channel: free[1] },
      { from: owner, to: trader, channel: pays[0] },
    ];
    const drawn = swap(network, way, MWH, { amounts: [PAID - 1n, PAID] });
    expect(drawn).toMatchObject({ kind: "failed", hop: 0, code: TEMPORARY_CHANNEL_FAILURE });
    expect(owner.node.purse().leftMsat).toBe(10n * REBATE);
    expectUnmoved([owner, trader], before);
    expect(swap(network, way, MWH, { amounts: [PAID, PAID] })).toMatchObject({ kind: "sent" });
    expect(gains([owner, trader], before)).toEqual([0n, 0n]);
  });

  it("what is reserved for a swap comes back if it fails, and only then", () => {
    const { network, forwarder, seller, way } = row(engine, "back", PAYS, true);
    const just: Swap = { amounts: [PAID - REBATE, PAID], preimage: new Uint8Array(32).fill(5) };
    forwarder.node.purse(3n * REBATE);
    let left = 3n * REBATE;
    for (const fulfilled of [false, true, false]) {
      begin(network, way, MWH, just);
      network.run();
      expect(forwarder.node.purse()).toEqual({ capMsat: 3n * REBATE, leftMsat: left - REBATE });
      const id = misdeed(seller, "newest", NO_INPUT, 0);
      if (fulfilled) misdeed(seller, "fulfil", just.preimage as Uint8Array, 0, id);
      else misdeed(seller, "fail", NO_INPUT, 0, id, TEMPORARY_NODE_FAILURE);
      network.run();
      if (fulfilled) left -= REBATE;
      expect(forwarder.node.purse().leftMsat).toBe(left);
    }
  });

  it("the purse is filled up to its cap together with what is reserved, and taken out of likewise", () => {
    const { network, forwarder, seller, way } = row(engine, "fill", PAYS, true);
    const preimage = new Uint8Array(32).fill(5);
    forwarder.node.purse(2n * REBATE);
    begin(network, way, MWH, { amounts: [PAID - REBATE, PAID], preimage });
    begin(network, way, MWH, { amounts: [PAID - REBATE, PAID] });
    network.run();
    expect(forwarder.node.purse().leftMsat).toBe(0n);
    expect(forwarder.node.purse(2n * REBATE)).toEqual({ capMsat: 2n * REBATE, leftMsat: 0n });
    expect(forwarder.node.purse(2n * REBATE + 7n).leftMsat).toBe(7n);
    // Less than is under way: what comes back of it is the owner's, but for what the cap leaves beside the other one.
    expect(forwarder.node.purse(REBATE + 9n).leftMsat).toBe(0n);
    const newest = misdeed(seller, "newest", NO_INPUT, 0);
    misdeed(seller, "fail", NO_INPUT, 0, newest, TEMPORARY_NODE_FAILURE);
    network.run();
    expect(forwarder.node.purse()).toEqual({ capMsat: REBATE + 9n, leftMsat: 9n });
    misdeed(seller, "fulfil", preimage, 0, newest - 1);
    network.run();
    expect(forwarder.node.purse()).toEqual({ capMsat: REBATE + 9n, leftMsat: 9n });
    // What was spent is filled up again.
    expect(forwarder.node.purse(REBATE).leftMsat).toBe(REBATE);
  });

  it("a reserved rebate comes back though the channel that its swap came over has failed", () => {
    const { network, buyer, forwarder, seller, way } = row(engine, "failed", PAYS, true);
    forwarder.node.purse(REBATE);
    begin(network, way, MWH, { amounts: [PAID - REBATE, PAID] });
    network.run();
    expect(forwarder.node.purse().leftMsat).toBe(0n);
    buyer.node.forceClose(0);
    network.run();
    expect(forwarder.node.channel(0)?.state).toBe("failed");
    misdeed(seller, "fail", NO_INPUT, 0, 0, TEMPORARY_NODE_FAILURE);
    network.run();
    expect(forwarder.node.purse()).toEqual({ capMsat: REBATE, leftMsat: REBATE });
  });

  it("a forwarder pays no more for energy than its outgoing line's price cap, to the msat", () => {
    const { network, nodes, way, before, seller } = row(engine, "cap", {});
    const cap = LINE.priceCapMsatPerKwh + 1n;
    const beyond = swap(network, way, MWH, { amounts: [cap + 1n, cap + 1n] });
    expect(beyond).toMatchObject({ kind: "failed", hop: 0, code: TEMPORARY_CHANNEL_FAILURE });
    expectUnmoved(nodes, before);
    // Five times what was asked for is still taken, and told as it came.
    expect(swap(network, way, MWH, { amounts: [cap, cap] })).toMatchObject({ kind: "sent" });
    expect(seller.told("received")).toMatchObject([{ amountMsat: cap, energy: { energyMwh: MWH } }]);
  });

  it("what a swap fulfilled late is bought back for passes through a forwarder", () => {
    const { network, nodes, buyer, forwarder, seller, way, before } = row(engine, "bought", {}, true);
    const preimage = new Uint8Array(32).fill(5);
    begin(network, way, MWH, { preimage });
    network.run();
    network.seconds(12);
    expect([buyer, forwarder].map((node) => node.told("lapsed").length)).toEqual([1, 1]);
    misdeed(seller, "fulfil", preimage, 0, 0);
    network.run();
    expect(buyer.told("sent")).toMatchObject([{ amountMsat: PAID }]);
    expect(forwarder.told("forwarded")).toMatchObject([{ incomingMwh: 0n, outgoingMwh: 0n, rentMsat: 0n }]);
    expect([owes(buyer, 0), owes(forwarder, 0), owes(seller, 0)]).toEqual([-PAID, PAID, PAID]);
    expect(gains(nodes, before)).toEqual([0n, 0n, 0n]);
    for (const channel of [0, 1]) expect(agreedMwh(forwarder, channel, network.interval + INTERVAL_S)).toBe(0n);
    expectAgreed(buyer, forwarder);
    expectAgreed(forwarder, seller, 1, 0);
  });
});

describe.each(availableEngines().map(({ name }) => name))("a neighbour's share of a line, on %s", (engine) => {
  it("pending riders of one neighbour take a quarter, to the unit: by interval and sign, lapsed ones no more", () => {
    const network = new DrillNetwork(engine, "share", ["buyer", "seller"]);
    const nodes = network.row(["buyer", "forwarder", "seller"]);
    const [buyer, forwarder, seller] = nodes as [TestNode, TestNode, TestNode];
    for (const node of [buyer, seller]) misdeed(node, "keep_swaps", NO_INPUT, 1);
    const way = along(...nodes);
    const quarter = energyOf(seller).capacityMwh / 4n;
    const next = network.interval + 2 * INTERVAL_S;
    const refused = { kind: "failed", hop: 0, code: TEMPORARY_CHANNEL_FAILURE };
    // What the forwarder itself wants of the line, and what comes the other way, are nobody's share.
    expect(swap(network, way.slice(1), quarter)).toBeUndefined();
    const reversed = [
      { from: seller, to: forwarder, channel: 0 },
      { from: forwarder, to: buyer, channel: 0 },
    ];
    expect(swap(network, reversed, quarter)).toBeUndefined();
    expect(swap(network, way, quarter + 1n)).toMatchObject(refused);
    expect(swap(network, way, quarter)).toBeUndefined();
    expect(swap(network, way, 1n)).toMatchObject(refused);
    expect(swap(network, way, -quarter - 1n)).toMatchObject(refused);
    expect(swap(network, way, -quarter)).toBeUndefined();
    expect(swap(network, way, quarter, { start: next })).toBeUndefined();
    expect(swap(network, way, 1n, { start: next })).toMatchObject(refused);
    const start = network.interval + INTERVAL_S;
    network.seconds(12);
    expect(forwarder.told("lapsed").length).toBeGreaterThan(0);
    expect(swap(network, way, quarter, { start })).toBeUndefined();
  });

  it("it is a quarter of what is left: less by what is agreed on in the same interval, more against it", () => {
    const { network, seller, way } = row(engine, "left", {});
    seller.node.offer(1, offer(network, { side: "buy", priceMsatPerKwh: 0n }));
    const { capacityMwh } = energyOf(seller);
    const refused = { kind: "failed", hop: 0, code: TEMPORARY_CHANNEL_FAILURE };
    const most = (mwh: bigint, change: Swap = {}): void => {
      expect(swap(network, way, mwh < 0n ? mwh - 1n : mwh + 1n, change)).toMatchObject(refused);
      expect(swap(network, way, mwh, change)).toMatchObject({ kind: "sent" });
    };
    const first = capacityMwh / 4n;
    most(first);
    const second = (capacityMwh - first) / 4n;
    most(second);
    most(first, { start: network.interval + 2 * INTERVAL_S });
    const against = (capacityMwh + first + second) / 4n;
    most(-against);
    // Another one against it, of what the line is left with by then.
    most(-(capacityMwh + first + second - against) / 4n);
  });
});

describe.each(availableEngines().map(({ name }) => name))("what a recipient takes, on %s", (engine) => {
  const start = (network: DrillNetwork): number => network.interval + INTERVAL_S;

  it.each<[string, (network: DrillNetwork) => Partial<EnergyOffer>, (network: DrillNetwork) => Partial<EnergyOffer>]>([
    ["its first interval", (n) => ({ fromS: start(n) }), (n) => ({ fromS: start(n) + 1 })],
    ["its end", (n) => ({ untilS: start(n) + 1 }), (n) => ({ untilS: start(n) })],
    ["its kinds", () => ({ receipts: false }), () => ({ promises: false })],
    ["its energy", () => ({ maxMwh: MWH }), () => ({ maxMwh: MWH - 1n })],
    // A price that is worth one msat more in all.
    ["its price", () => ({ priceMsatPerKwh: 200_000n }), () => ({ priceMsatPerKwh: 200_001n })],
    ["its side", () => ({}), () => ({ side: "buy", priceMsatPerKwh: -1n })],
  ])("an offer counts to the unit: %s", (_, fits, misses) => {
    const { network, nodes, way, before, seller } = row(engine, "offer", {});
    seller.node.offer(0, offer(network, misses(network)));
    expect(swap(network, way, MWH)).toMatchObject({ kind: "failed", hop: 1, code: INCORRECT_DETAILS });
    expectUnmoved(nodes, before);
    seller.node.offer(0, offer(network, fits(network)));
    expect(swap(network, way, MWH)).toMatchObject({ kind: "sent" });
  });

  it("a msat less than the price is too little", () => {
    const { network, nodes, way, before } = row(engine, "price", {});
    const less = swap(network, way, MWH, { amounts: [PAID - 1n, PAID - 1n] });
    expect(less).toMatchObject({ kind: "failed", hop: 1, code: INCORRECT_DETAILS });
    expectUnmoved(nodes, before);
  });

  it("an offer that is taken back while its swap is on the way does not count", () => {
    const { network, nodes, way, before, buyer, seller } = row(engine, "taken back", {});
    begin(network, way, MWH);
    const release = holdBack(network, buyer, 0);
    network.run();
    seller.node.offer(0, undefined);
    release();
    network.run();
    expect(buyer.told("failed")).toMatchObject([{ hop: 1, code: INCORRECT_DETAILS }]);
    expectUnmoved(nodes, before);
  });

  it("what has gone of an offer in an interval is gone, and not what has gone in another one", () => {
    const { network, way, seller } = row(engine, "gone", {});
    seller.node.offer(0, offer(network, { maxMwh: 2n * MWH - 1n }));
    expect(swap(network, way, MWH)).toMatchObject({ kind: "sent" });
    expect(swap(network, way, MWH)).toMatchObject({ kind: "failed", hop: 1, code: INCORRECT_DETAILS });
    expect(swap(network, way, MWH - 1n)).toMatchObject({ kind: "sent" });
    expect(swap(network, way, 1n)).toMatchObject({ kind: "failed", hop: 1 });
    expect(swap(network, way, MWH, { start: start(network) + INTERVAL_S })).toMatchObject({ kind: "sent" });
  });

  it("a receipt is given for what has been metered, and for not a unit more", () => {
    const { network, nodes, way, before, seller } = row(engine, "receipt", {});
    const metered = 500_000n;
    network.meter(seller).send(metered);
    const now = { start: network.interval, kind: "receipt" } as const;
    const refused = { kind: "failed", hop: 1, code: TEMPORARY_NODE_FAILURE };
    expect(swap(network, way, metered + 1n, now)).toMatchObject(refused);
    expectUnmoved(nodes, before);
    expect(swap(network, way, metered - 1n, now)).toMatchObject({ kind: "sent" });
    expect(swap(network, way, 2n, now)).toMatchObject(refused);
    expect(swap(network, way, 1n, now)).toMatchObject({ kind: "sent" });
  });
});
