import { describe, expect, it } from "vitest";
import { availableEngines } from "../../host/engine/index.js";
import { NO_RATE } from "../../host/node/requests.js";
import { LINE } from "./lines.js";
import { CONFIG, invoiceOf, OTHER_START_HEIGHT, START_HEIGHT, TestNetwork } from "./network.js";
import { asked, BOTH, Crossing, FIRST, FUNDING_MSAT, RATE, SECOND } from "./two_chains.js";

// A for A': payments that go over a node with channels on two chains.

const HALF = FUNDING_MSAT / 2n;
const AMOUNT = 1_000_000n;
const FEE_INSUFFICIENT = 0x100c;
const INCORRECT_CLTV_EXPIRY = 0x100d;
const TEMPORARY_CHANNEL_FAILURE = 0x1007;
const INCORRECT_OR_UNKNOWN_PAYMENT_DETAILS = 0x400f;
const PREIMAGE = new Uint8Array(32).fill(0x5a);

describe.each(availableEngines().map(({ name }) => name))("two chains on %s", (engine) => {
  it("a payment crosses at the rate that is quoted, fee included, to the msat, either way", () => {
    const row = new Crossing(engine);
    const { network, a, x, b } = row;
    expect(x.node.info()).toMatchObject({ height: START_HEIGHT + 6, secondHeight: OTHER_START_HEIGHT + 6 });
    expect(a.node.info().secondHeight).toBeUndefined();
    expect(x.node.channels().map(({ chain }) => chain)).toEqual([0, 1]);
    expect(b.node.channels().map(({ chain }) => chain)).toEqual([0]);
    x.node.policy(1, { ...x.node.policy(1), feeBaseMsat: 1_000, feeProportionalMillionths: 123 });
    const amount = 1_000_001n;
    // (1,000,001 + 1,000 + 123) x 7 / 3, rounded up.
    const cost = 2_335_956n;
    expect(asked(amount, x.node.policy(1))).toBe(cost);
    const part = row.pay(row.route(amount));
    expect(a.told("sent")).toMatchObject([{ part, amountMsat: cost }]);
    expect(b.told("received")).toMatchObject([{ amountMsat: amount, chain: 0 }]);
    expect(x.told("forwarded")).toMatchObject([
      { incomingChannel: 0, outgoingChannel: 1, incomingMsat: cost, outgoingMsat: amount },
    ]);
    expect(row.settled()).toEqual([HALF - cost, HALF + cost, HALF - amount, HALF + amount]);

    // Back at another rate, to an invoice of the chain that it ends on.
    expect(x.node.rate(1, 0, { num: 1n, den: 2n })).toEqual({ num: 1n, den: 2n });
    const { bolt11 } = a.node.invoice({ amountMsat: 501n, description: "", timestampS: network.utcS });
    const hops = [
      { point: x.id, shortChannelId: 0n, amountMsat: 251n, cltvExpiry: network.otherHeight + 1_000 },
      {
        point: a.id,
        shortChannelId: x.node.channel(0)?.shortChannelId ?? 0n,
        amountMsat: 501n,
        cltvExpiry: network.height + 20,
      },
    ];
    b.node.pay({ channel: 0, hops, crosses: true, invoice: invoiceOf(bolt11) });
    network.run();
    expect(a.told("received")).toMatchObject([{ amountMsat: 501n, chain: 0 }]);
    expect(row.settled()).toEqual([HALF - cost + 501n, HALF + cost - 501n, HALF - amount + 251n, HALF + amount - 251n]);
    expect([a, x, b].flatMap((node) => node.told("problem"))).toEqual([]);
  });

  it("a payee that holds its HTLC back until it fails: neither chain has moved anything", () => {
    const row = new Crossing(engine);
    const { network, a, x, b } = row;
    row.pay(row.route(AMOUNT), { preimage: PREIMAGE, totalMsat: 2n * AMOUNT });
    for (const info of [a.node.channel(0), x.node.channel(0), x.node.channel(1), b.node.channel(0)]) {
      expect(info).toMatchObject({ htlcs: 1, holderMsat: HALF });
    }
    network.tick(61_000n);
    expect(a.told("failed")).toMatchObject([{ hop: 1, code: 23 }]);
    expect(row.settled()).toEqual([HALF, HALF, HALF, HALF]);
  });

  it("what is fulfilled on one chain while the other one's peer is away settles there as well, also over a restart", () => {
    for (const restarts of [false, true]) {
      const row = new Crossing(engine);
      const { network, a, x, b } = row;
      const hops = row.route(AMOUNT);
      a.node.pay({ channel: 0, hops, crosses: true });
      for (let steps = 0; b.told("received").length === 0; steps++) {
        expect(steps).toBeLessThan(200);
        network.step();
      }
      network.sever(a, x);
      expect(x.node.channel(1)).toMatchObject({ htlcs: 0, holderMsat: HALF - AMOUNT });
      expect(x.node.channel(0)).toMatchObject({ htlcs: 1, holderMsat: HALF });
      expect(a.told("sent")).toEqual([]);
      if (restarts) {
        x.kill();
        network.run();
        x.start();
      }
      row.connect();
      expect(a.told("sent")).toMatchObject([{ amountMsat: hops[0].amountMsat }]);
      const cost = hops[0].amountMsat;
      expect(row.settled()).toEqual([HALF - cost, HALF + cost, HALF - AMOUNT, HALF + AMOUNT]);
    }
  });

  it("a millisatoshi less than the rate asks for is fee_insufficient; without a rate nothing goes", () => {
    const row = new Crossing(engine);
    const { a, x } = row;
    const less = (amountMsat: bigint, by: bigint): number => {
      const [first, last] = row.route(amountMsat);
      return row.pay([{ ...first, amountMsat: asked(amountMsat, x.node.policy(1), x.node.rate(0, 1)) - by }, last]);
    };
    const rates = [RATE, { num: 1n, den: 3n }, { num: (1n << 63n) + 1n, den: 1n << 62n }, { num: 3n, den: 3n }];
    for (const rate of rates) {
      x.node.rate(0, 1, rate);
      const before = a.told("failed").length;
      less(AMOUNT + 1n, 1n);
      expect(a.told("failed").slice(before)).toMatchObject([{ hop: 0, code: FEE_INSUFFICIENT }]);
      less(AMOUNT + 1n, 0n);
      expect(a.told("failed")).toHaveLength(before + 1);
    }
    expect(a.told("sent")).toHaveLength(rates.length);
    // What 64 bits do not hold is more than anybody pays.
    x.node.rate(0, 1, { num: (1n << 64n) - 1n, den: 1n });
    row.pay(row.route(AMOUNT));
    expect(a.told("failed").at(-1)).toMatchObject({ hop: 0, code: FEE_INSUFFICIENT });
    x.node.rate(0, 1, NO_RATE);
    row.pay(row.route(AMOUNT));
    expect(a.told("failed").at(-1)).toMatchObject({ hop: 0, code: TEMPORARY_CHANNEL_FAILURE });
    expect(x.node.channel(0)).toMatchObject({ htlcs: 0, state: "normal" });
  });

  it("a rate that changes while a payment is under way does not change that payment", () => {
    const row = new Crossing(engine);
    const { network, a, x, b } = row;
    const hops = row.route(AMOUNT);
    const held = { preimage: PREIMAGE, totalMsat: 2n * AMOUNT };
    row.pay(hops, held);
    x.node.rate(0, 1, { num: 8n, den: 3n });
    expect(x.node.channel(1)).toMatchObject({ htlcs: 1 });
    // The other half, at the price of before, and then at that of now.
    row.pay(hops, held);
    expect(a.told("failed")).toMatchObject([{ hop: 0, code: FEE_INSUFFICIENT }]);
    const now = asked(AMOUNT, x.node.policy(1), x.node.rate(0, 1));
    row.pay([{ ...hops[0], amountMsat: now }, hops[1]], held);
    expect(b.told("received")).toMatchObject([{ amountMsat: 2n * AMOUNT }]);
    network.run();
    const cost = hops[0].amountMsat + now;
    expect(row.settled()).toEqual([HALF - cost, HALF + cost, HALF - 2n * AMOUNT, HALF + 2n * AMOUNT]);
  });

  it("rates are kept over a restart, and none is taken by which money comes back as more", () => {
    const { x } = new Crossing(engine);
    x.kill();
    x.network.run();
    x.start();
    expect(x.node.rate(0, 1)).toEqual(RATE);
    expect(x.node.rate(1, 0)).toEqual(NO_RATE);
    // 7/3 there: at least 3/7 back.
    expect(() => x.node.rate(1, 0, { num: 42_857n, den: 100_000n })).toThrow("ERR_VALUE");
    expect(() => x.node.rate(1, 0, { num: 1n, den: 0n })).toThrow("ERR_VALUE");
    expect(() => x.node.rate(1, 0, { num: 0n, den: 1n })).toThrow("ERR_VALUE");
    expect(x.node.rate(1, 0)).toEqual(NO_RATE);
    expect(x.node.rate(1, 0, { num: 3n, den: 7n })).toEqual({ num: 3n, den: 7n });
    expect(() => x.node.rate(0, 1, { num: 6_999n, den: 3_000n })).toThrow("ERR_VALUE");
    const most = (1n << 64n) - 1n;
    expect(x.node.rate(0, 1, { num: most, den: 1n })).toEqual({ num: most, den: 1n });
    expect(() => x.node.rate(0, 1, { num: 1n, den: most })).toThrow("ERR_VALUE");
    expect(() => x.node.rate(0, 0)).toThrow(RangeError);
    expect(() => x.node.rate(0, 2)).toThrow(RangeError);
    expect(() => new TestNetwork(engine).add("one").node.rate(0, 1, RATE)).toThrow("ERR_ARGUMENT");
  });

  it("expiries are compared in time, each by its own chain's height and interval", () => {
    const row = new Crossing(engine);
    const { network, a, x } = row;
    // 60 blocks of 150 s and 34 of 600 s: 29,400 s, that is 49 blocks of 600 s.
    row.pay(row.route(AMOUNT, 48, 60));
    expect(a.told("failed")).toMatchObject([{ hop: 0, code: INCORRECT_CLTV_EXPIRY }]);
    row.pay(row.route(AMOUNT, 49, 61));
    expect(a.told("failed").slice(1)).toMatchObject([{ hop: 0, code: INCORRECT_CLTV_EXPIRY }]);
    row.pay(row.route(AMOUNT, 49, 60));
    expect(a.told("sent")).toHaveLength(1);
    // A chain that goes on takes time of its HTLC alone.
    const hops = row.route(AMOUNT, 49, 60);
    network.mine(4, true);
    row.pay(hops);
    expect(a.told("sent")).toHaveLength(2);
    const late = row.route(AMOUNT, 49, 60);
    network.mine(1);
    row.pay(late);
    expect(a.told("failed").slice(2)).toMatchObject([{ hop: 0, code: INCORRECT_CLTV_EXPIRY }]);
    // The delta is the policy's, in blocks of the slower chain.
    x.node.policy(1, { ...x.node.policy(1), cltvExpiryDelta: 35 });
    row.pay(row.route(AMOUNT, 49, 60));
    row.pay(row.route(AMOUNT, 50, 60));
    expect(a.told("failed").slice(3)).toMatchObject([{ code: INCORRECT_CLTV_EXPIRY }]);
    expect(a.told("sent")).toHaveLength(3);
  });

  it("each chain's blocks end what is due on it, and nothing on the other one", () => {
    const row = new Crossing(engine);
    const { network, a, x, b } = row;
    row.pay(row.route(AMOUNT, 100, 60), { preimage: PREIMAGE, totalMsat: 2n * AMOUNT });
    network.sever(x, b);
    // b's HTLC is of height 30,066, far above what chain 1 comes to; a's is of 1,106, long past on chain 2.
    network.mine(60, true);
    network.mine(2);
    expect([x.node.channel(0)?.state, x.node.channel(1)?.state]).toEqual(["normal", "normal"]);
    network.mine(2, true);
    expect([x.node.channel(0)?.state, x.node.channel(1)?.state]).toEqual(["normal", "failed"]);
    expect(x.broadcastChains).toEqual([1]);
    network.mine(97);
    expect(x.node.channel(0)?.state).toBe("normal");
    expect(a.broadcasts).toEqual([]);
    network.mine(3);
    expect(a.broadcastChains).toEqual([0]);
    expect(a.node.channel(0)?.state).toBe("failed");
    expect(() => x.node.block(5, 2)).toThrow("ERR_ARGUMENT");
    expect(() => a.node.block(5, 1)).toThrow("ERR_ARGUMENT");
  });

  it("an invoice is paid on the first chain alone, and the parts of a payment on one", () => {
    const { network, a, x, b } = new Crossing(engine);
    const { bolt11 } = x.node.invoice({ amountMsat: AMOUNT, description: "", timestampS: network.utcS });
    const hop = { point: x.id, shortChannelId: 0n, amountMsat: AMOUNT };
    const payer = (other: boolean) =>
      other
        ? { node: b, hops: [{ ...hop, cltvExpiry: network.otherHeight + 40 }] }
        : { node: a, hops: [{ ...hop, cltvExpiry: network.height + 40 }] };
    const pay = (other: boolean, how: object): void => {
      const { node, hops } = payer(other);
      node.node.pay({ channel: 0, hops, ...how });
      network.run();
    };
    pay(true, { invoice: invoiceOf(bolt11) });
    expect(b.told("failed")).toMatchObject([{ hop: 0, code: INCORRECT_OR_UNKNOWN_PAYMENT_DETAILS }]);
    pay(false, { invoice: invoiceOf(bolt11) });
    expect(x.told("received")).toMatchObject([{ amountMsat: AMOUNT, chain: 0 }]);
    const parts = { preimage: PREIMAGE, totalMsat: 2n * AMOUNT };
    pay(true, parts);
    pay(false, parts);
    expect(a.told("failed")).toMatchObject([{ hop: 0, code: INCORRECT_OR_UNKNOWN_PAYMENT_DETAILS }]);
    expect(x.told("received")).toHaveLength(1);
    pay(true, parts);
    expect(x.told("received").slice(1)).toMatchObject([{ amountMsat: 2n * AMOUNT, chain: 1 }]);
    // What was paid on one chain is known on the other one.
    pay(false, { preimage: PREIMAGE });
    expect(a.told("failed")).toHaveLength(2);
  });

  it("channels are opened on chains that both ends are on", () => {
    const { network, a, x, b } = new Crossing(engine);
    const open = (from: typeof a, to: typeof a, chain = 0): number =>
      from.node.open({ peer: to.id, fundingSat: 20_000n, feeratePerKw: 253, chain });
    // a speaks with x because of chain 1, and knows nothing of chain 2.
    open(x, a, 1);
    network.run();
    expect(a.told("problem")).toMatchObject([{ code: -22, message: 32 }]);
    expect(x.node.channels()).toHaveLength(2);
    expect(() => open(a, x, 1)).toThrow("ERR_ARGUMENT");
    // Prices of energy are in the first chain's money.
    const line = { peer: b.id, fundingSat: 20_000n, feeratePerKw: 253, chain: 1, energy: LINE };
    expect(() => x.node.open(line)).toThrow("ERR_ARGUMENT");
    // The other one knows of both: its numbers are its own.
    const twin = network.add("twin", undefined, undefined, { ...SECOND, secondChain: { chainHash: CONFIG.chainHash } });
    network.connect(twin, x);
    network.run();
    open(twin, x, 1);
    network.run();
    expect(x.node.channels().map(({ chain }) => chain)).toEqual([0, 1, 0]);
    open(twin, x);
    network.run();
    expect(x.node.channels().map(({ chain }) => chain)).toEqual([0, 1, 0, 1]);
    // And somebody of a third chain does not even come to speak.
    const stranger = network.add("stranger", undefined, undefined, { ...CONFIG, chainHash: new Uint8Array(32) });
    network.sever(twin, x);
    network.connect(stranger, x);
    network.run();
    expect(stranger.node.info().connections.filter(({ state }) => state !== "free")).toEqual([]);
    expect(b.told("problem")).toEqual([]);
  });

  it("a flash goes with its chains for as long as there are channels on them", () => {
    const { network, x } = new Crossing(engine);
    const image = x.flash.image();
    const other = { ...BOTH, secondChain: { chainHash: new Uint8Array(32).fill(3) } };
    const start = (config: typeof BOTH, bytes?: Uint8Array) => network.add("x", undefined, bytes, config);
    for (const config of [other, FIRST, { ...BOTH, chainHash: new Uint8Array(32) }]) {
      expect(() => start(config, image)).toThrow("ERR_CONFIG");
    }
    expect(start(BOTH, image).node.rate(0, 1)).toEqual(RATE);
    // Without channels on it the second chain may be another one, or none; what was quoted for it is void.
    const fresh = start(BOTH);
    fresh.node.rate(0, 1, RATE);
    const moved = start(other, fresh.flash.image());
    expect(moved.node.rate(0, 1)).toEqual(NO_RATE);
    expect(start(FIRST, moved.flash.image()).node.info().secondHeight).toBeUndefined();
    expect(() => start({ ...BOTH, secondChain: { chainHash: CONFIG.chainHash } })).toThrow("ERR_VALUE");
    expect(() => start({ ...BOTH, secondChain: { ...other.secondChain, dustLimitSat: 353 } })).toThrow("ERR_VALUE");
    expect(() => start({ ...BOTH, secondChain: { ...other.secondChain, feeratePerKw: 252 } })).toThrow("ERR_VALUE");
    expect(() => start({ ...BOTH, secondChain: { ...other.secondChain, blockIntervalS: 3_601 } })).toThrow("ERR_VALUE");
    expect(() => start({ ...BOTH, blockIntervalS: 3_601 })).toThrow("ERR_VALUE");
  });
});
