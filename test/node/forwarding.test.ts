import { describe, expect, it } from "vitest";
import { availableEngines } from "../../host/engine/index.js";
import { invoiceOf } from "./network.js";
import { row } from "./rows.js";

describe.each(availableEngines().map(({ name }) => name))("forwarding on %s", (engine) => {
  it("an invoice and a keysend over two hops, the forwarder takes its fee", () => {
    const { network, a, b, c, ab, ba, bc, cb, route } = row(engine);
    const policy = b.node.policy(bc);
    expect(policy).toMatchObject({ feeBaseMsat: 0, cltvExpiryDelta: 34, disabled: false });
    expect(b.node.policy(bc, { ...policy, feeBaseMsat: 1000, feeProportionalMillionths: 100 })).toMatchObject({
      feeBaseMsat: 1000,
    });
    const { bolt11 } = c.node.invoice({ amountMsat: 2_000_000n, description: "", timestampS: network.utcS });
    const part = a.node.pay({ channel: ab, hops: route(2_000_000n, 1_200n), invoice: invoiceOf(bolt11) });
    network.run();
    expect(a.told("sent")).toMatchObject([{ part, amountMsat: 2_001_200n }]);
    expect(c.told("received")).toMatchObject([{ amountMsat: 2_000_000n }]);
    expect(b.told("forwarded")).toMatchObject([
      { incomingChannel: ba, outgoingChannel: bc, incomingMsat: 2_001_200n, outgoingMsat: 2_000_000n },
    ]);
    a.node.pay({ channel: ab, hops: route(50_000n, 1_005n) });
    network.run();
    expect(a.told("sent")).toHaveLength(2);
    expect(c.node.channel(cb)).toMatchObject({ holderMsat: 2_050_000n, htlcs: 0 });
    expect(b.node.channel(ba)).toMatchObject({ holderMsat: 2_052_205n, htlcs: 0 });
  });

  it("too small a fee comes back as fee_insufficient of hop 0, an unknown invoice as its own failure of hop 1", () => {
    const { network, a, b, bc, c, ab, ba, route } = row(engine);
    b.node.policy(bc, { ...b.node.policy(bc), feeBaseMsat: 1000 });
    const keysend = a.node.pay({ channel: ab, hops: route(50_000n, 999n) });
    network.run();
    expect(a.told("failed")).toMatchObject([{ part: keysend, hop: 0, code: 0x100c }]);
    const unknown = { paymentHash: new Uint8Array(32).fill(1), paymentSecret: new Uint8Array(32).fill(2) };
    const part = a.node.pay({ channel: ab, hops: route(50_000n, 1_000n), invoice: unknown });
    network.run();
    expect(a.told("failed").slice(1)).toMatchObject([{ part, hop: 1, code: 0x400f }]);
    expect(a.node.payment(part)).toMatchObject({ state: "failed", failedHop: 1, failureCode: 0x400f });
    expect(c.told("received")).toEqual([]);
    expect(a.node.channel(ab)).toMatchObject({ holderMsat: 1_000_000_000n, htlcs: 0 });
    expect(b.node.channel(ba)).toMatchObject({ holderMsat: 0n, htlcs: 0 });
  });

  it("parts of one payment are taken together", () => {
    const { network, a, c, ab, route } = row(engine);
    const { bolt11 } = c.node.invoice({ amountMsat: 90_000n, description: "", timestampS: network.utcS });
    for (let i = 0; i < 2; i++) {
      a.node.pay({ channel: ab, hops: route(30_000n), invoice: invoiceOf(bolt11), totalMsat: 90_000n });
      network.run();
    }
    expect(c.told("received")).toEqual([]);
    expect(a.told("sent")).toEqual([]);
    a.node.pay({ channel: ab, hops: route(30_000n), invoice: invoiceOf(bolt11), totalMsat: 90_000n });
    network.run();
    expect(c.told("received")).toMatchObject([{ amountMsat: 90_000n }]);
    expect(a.told("sent")).toHaveLength(3);
  });

  it("parts that wait for others go back after a minute", () => {
    const { network, a, c, ab, route } = row(engine);
    const { bolt11 } = c.node.invoice({ amountMsat: 90_000n, description: "", timestampS: network.utcS });
    a.node.pay({ channel: ab, hops: route(30_000n), invoice: invoiceOf(bolt11), totalMsat: 90_000n });
    network.run();
    network.tick(30_000n);
    expect(a.told("failed")).toEqual([]);
    network.tick(31_000n);
    expect(a.told("failed")).toMatchObject([{ hop: 1, code: 23 }]);
    expect(a.node.channel(ab)).toMatchObject({ holderMsat: 1_000_000_000n, htlcs: 0 });
  });

  it("as many payments at once as a channel takes", () => {
    const { network, a, c, ab, cb, route } = row(engine);
    for (let i = 0; i < 6; i++) a.node.pay({ channel: ab, hops: route(10_000n) });
    network.run();
    expect(a.told("failed")).toEqual([]);
    expect(c.told("received")).toHaveLength(6);
    expect(c.node.channel(cb)).toMatchObject({ holderMsat: 60_000n, htlcs: 0 });
  });
});
