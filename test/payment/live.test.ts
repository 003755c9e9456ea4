import { describe, expect, it } from "vitest";
import { availableEngines } from "../../host/engine/index.js";
import type { PayHop } from "../../host/node/requests.js";
import { invoiceOf } from "../node/network.js";
import { row } from "../node/rows.js";
import { node } from "../onion/fixtures.js";

// Payments through whole nodes and real channels: failures as their origin reads them, and nodes that go down meanwhile.

type Row = ReturnType<typeof row>;

const AMOUNT = 90_000n;

/** What went wrong with the last payment of node `a`, once nothing is on the lines. */
function failure({ network, a }: Row): { hop: number; code: number; data: string } | undefined {
  network.run();
  const event = a.told("failed").at(-1);
  return event && { hop: event.hop, code: event.code, data: Buffer.from(event.data).toString("hex") };
}

const hexOf = (value: number | bigint, bytes: number): string => value.toString(16).padStart(2 * bytes, "0");

describe.each(availableEngines().map(({ name }) => name))("payment: through nodes, on %s", (engine) => {
  it("failures of a forwarder come back with their data", () => {
    const nodes = row(engine);
    const { network, a, b, ab, bc, route } = nodes;
    const policy = b.node.policy(bc);
    b.node.policy(bc, { ...policy, feeBaseMsat: 10, htlcMinimumMsat: 1000n });
    const pay = (
      change: (first: PayHop, last: PayHop) => PayHop[],
      amountMsat = AMOUNT,
    ): ReturnType<typeof failure> => {
      const [first, last] = route(amountMsat, 10n) as [PayHop, PayHop];
      a.node.pay({ channel: ab, hops: change(first, last) });
      return failure(nodes);
    };
    const { height } = network;
    expect(pay((first, last) => [first, { ...last, shortChannelId: 1n }])).toEqual({ hop: 0, code: 0x400a, data: "" });
    expect(pay((first, last) => [first, last], 999n)).toEqual({ hop: 0, code: 0x100b, data: hexOf(999, 8) + "0000" });
    const short = { hop: 0, code: 0x100c, data: hexOf(AMOUNT + 9n, 8) + "0000" };
    expect(pay((first, last) => [{ ...first, amountMsat: AMOUNT + 9n }, last])).toEqual(short);
    const near = { hop: 0, code: 0x100d, data: hexOf(height + 20, 4) + "0000" };
    expect(pay((first, last) => [{ ...first, cltvExpiry: height + 53 }, last])).toEqual(near);
    const soon = (first: PayHop, last: PayHop): PayHop[] => [first, { ...last, cltvExpiry: height + 2 }];
    expect(pay(soon)).toEqual({ hop: 0, code: 0x100e, data: "0000" });
    const far = (first: PayHop, last: PayHop): PayHop[] => [
      { ...first, cltvExpiry: height + 2100 },
      { ...last, cltvExpiry: height + 2050 },
    ];
    expect(pay(far)).toEqual({ hop: 0, code: 21, data: "" });
    b.node.policy(bc, { ...policy, disabled: true });
    expect(pay((first, last) => [first, last])).toEqual({ hop: 0, code: 0x1014, data: "00000000" });
    expect(a.told("sent")).toEqual([]);
    expect(a.node.channel(ab)).toMatchObject({ holderMsat: 1_000_000_000n, htlcs: 0 });
  });

  it("an onion that its node cannot read: from the first hop, and from one further on", () => {
    const nodes = row(engine);
    const { a, b, ab, ba, bc, route } = nodes;
    const stranger = node(5).point;
    const [first, last] = route(AMOUNT) as [PayHop, PayHop];
    a.node.pay({ channel: ab, hops: [{ ...last, point: stranger }] });
    const direct = failure(nodes);
    expect(direct).toMatchObject({ hop: 0, code: 0xc005 });
    expect(direct?.data).toHaveLength(64);
    a.node.pay({ channel: ab, hops: [first, { ...last, point: stranger }] });
    const further = failure(nodes);
    // It is the node before that says so in an error of its own.
    expect(further).toMatchObject({ hop: 0, code: 0xc005 });
    expect(further?.data).toHaveLength(64);
    expect(further?.data).not.toBe(direct?.data);
    expect(b.node.channel(ba)).toMatchObject({ holderMsat: 0n, htlcs: 0 });
    expect(b.node.channel(bc)).toMatchObject({ holderMsat: 1_000_000_000n, htlcs: 0 });
  });

  it("a forwarder whose next peer is away says temporary_channel_failure", () => {
    const nodes = row(engine);
    const { network, a, b, c, ab, route } = nodes;
    network.sever(b, c);
    a.node.pay({ channel: ab, hops: route(AMOUNT) });
    expect(failure(nodes)).toEqual({ hop: 0, code: 0x1007, data: "0000" });
    network.connect(b, c);
    network.run();
    a.node.pay({ channel: ab, hops: route(AMOUNT) });
    network.run();
    expect(a.told("sent")).toHaveLength(1);
  });

  it("seven HTLCs at once from one channel are one too many", () => {
    const nodes = row(engine);
    const { network, a, c, ab, route } = nodes;
    const { bolt11 } = c.node.invoice({ amountMsat: 7n * AMOUNT, description: "", timestampS: network.utcS });
    const part = { channel: ab, invoice: invoiceOf(bolt11), totalMsat: 7n * AMOUNT };
    for (let i = 0; i < 7; i++) {
      a.node.pay({ ...part, hops: route(AMOUNT) });
      network.run();
    }
    expect(a.told("failed")).toMatchObject([{ part: 7, hop: 0, code: 0x1007 }]);
    a.node.pay({ ...part, hops: route(2n * AMOUNT) });
    expect(failure(nodes)).toMatchObject({ hop: 0, code: 0x1007 });
    network.tick(61_000n);
    expect(a.told("failed").slice(2)).toMatchObject(Array.from({ length: 6 }, () => ({ hop: 1, code: 23 })));
    expect(a.node.channel(ab)).toMatchObject({ holderMsat: 1_000_000_000n, htlcs: 0 });
  });

  it("forwarder and recipient go down while a part waits, and the rest of the payment finds it again", () => {
    const { network, a, b, c, ab, ba, cb, route } = row(engine);
    const { bolt11 } = c.node.invoice({ amountMsat: 2n * AMOUNT, description: "", timestampS: network.utcS });
    const part = { channel: ab, hops: route(AMOUNT), invoice: invoiceOf(bolt11), totalMsat: 2n * AMOUNT };
    a.node.pay(part);
    network.run();
    for (const down of [b, c]) {
      down.kill();
      network.run();
      down.start();
    }
    network.connect(a, b);
    network.connect(b, c);
    network.run();
    expect(c.told("received")).toEqual([]);
    a.node.pay(part);
    network.run();
    expect(c.told("received")).toMatchObject([{ amountMsat: 2n * AMOUNT }]);
    expect(a.told("sent")).toHaveLength(2);
    expect(c.node.channel(cb)).toMatchObject({ holderMsat: 2n * AMOUNT, htlcs: 0 });
    expect(b.node.channel(ba)).toMatchObject({ holderMsat: 2n * AMOUNT, htlcs: 0 });
  });

  it("a payer that went down can still read who failed its part, and takes a preimage", () => {
    const { network, a, b, c, ab, route } = row(engine);
    const { bolt11 } = c.node.invoice({ amountMsat: 2n * AMOUNT, description: "", timestampS: network.utcS });
    const part = { channel: ab, hops: route(AMOUNT), invoice: invoiceOf(bolt11), totalMsat: 2n * AMOUNT };
    const restart = (): void => {
      a.kill();
      network.run();
      a.start();
      network.connect(a, b);
      network.run();
    };
    const first = a.node.pay(part);
    network.run();
    restart();
    expect(a.node.payment(first)).toMatchObject({ state: "pending" });
    network.tick(61_000n);
    expect(a.told("failed")).toMatchObject([{ part: first, hop: 1, code: 23 }]);
    const second = a.node.pay(part);
    network.run();
    restart();
    const third = a.node.pay(part);
    network.run();
    expect(a.told("sent").map((event) => event.part)).toEqual([second, third]);
    expect(third).toBe(first + 2);
    expect(a.node.channel(ab)).toMatchObject({ holderMsat: 1_000_000_000n - 2n * AMOUNT, htlcs: 0 });
  });

  it("a preimage that comes while the line to the payer is down goes back once it is up again", () => {
    const { network, a, b, c, ab, ba, route } = row(engine);
    const { bolt11 } = c.node.invoice({ amountMsat: 2n * AMOUNT, description: "", timestampS: network.utcS });
    const part = { channel: ab, hops: route(AMOUNT), invoice: invoiceOf(bolt11), totalMsat: 2n * AMOUNT };
    a.node.pay(part);
    network.run();
    const last = route(AMOUNT).at(-1) as PayHop;
    network.sever(a, b);
    b.node.pay({
      ...part,
      channel: b.node.channels().find(({ channel }) => channel !== ba)?.channel ?? -1,
      hops: [last],
    });
    network.run();
    expect(c.told("received")).toHaveLength(1);
    expect(b.told("forwarded")).toHaveLength(1);
    expect(a.told("sent")).toEqual([]);
    b.kill();
    network.run();
    b.start();
    network.connect(a, b);
    network.run();
    expect(a.told("sent")).toHaveLength(1);
    expect(b.node.channel(ba)).toMatchObject({ holderMsat: AMOUNT, htlcs: 0 });
  });

  it("an HTLC that its receiver keeps past its expiry costs the channel", () => {
    const { network, a, b, c, ab, ba, bc, route } = row(engine);
    const { bolt11 } = c.node.invoice({ amountMsat: 2n * AMOUNT, description: "", timestampS: network.utcS });
    a.node.pay({ channel: ab, hops: route(AMOUNT), invoice: invoiceOf(bolt11), totalMsat: 2n * AMOUNT });
    network.run();
    c.kill();
    network.run();
    // The last hop's HTLC expires in 20 blocks, and then has 2 more.
    const block = (height: number): void => {
      for (const { node: alive } of [a, b]) alive.block(height);
      network.run();
    };
    block(network.height + 21);
    expect(b.node.channel(bc)?.state).toBe("normal");
    expect(b.broadcasts).toEqual([]);
    block(network.height + 22);
    expect(b.node.channel(bc)?.state).toBe("failed");
    expect(b.broadcasts).toHaveLength(1);
    expect(b.node.channel(ba)?.state).toBe("normal");
    expect(a.told("failed")).toEqual([]);
  });
});
