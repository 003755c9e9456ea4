import { describe, expect, it } from "vitest";
import { availableEngines } from "../../host/engine/index.js";
import { toHex } from "../driver/vectors.js";
import { invoiceOf, routeOf, type TestNode } from "./network.js";
import { pair } from "./rows.js";

const balances = (node: TestNode, channel: number): (bigint | undefined)[] => {
  const info = node.node.channel(channel);
  return [info?.holderMsat, info?.counterpartyMsat, info && info.htlcsOfferedMsat + info.htlcsReceivedMsat];
};

describe.each(availableEngines().map(({ name }) => name))("payments on %s", (engine) => {
  it.each([false, true])("a channel is opened, paid over by invoice and keysend, and closed; anchors %s", (anchors) => {
    const { network, a, b, ab, ba } = pair(engine, anchors);
    for (const [node, channel] of [
      [a, ab],
      [b, ba],
    ] as const) {
      expect(node.node.channel(channel)).toMatchObject({
        state: "normal",
        usable: true,
        connected: true,
        anchors,
        htlcs: 0,
      });
    }
    expect(a.told("channel").map(({ state }) => state)).toEqual([
      "opening",
      "funding needed",
      "funding created",
      "funded",
      "normal",
    ]);
    expect(a.told("funding signed")).toHaveLength(1);
    expect(balances(a, ab)).toEqual([900_000_000n, 100_000_000n, 0n]);

    const { bolt11, paymentHash } = b.node.invoice({
      amountMsat: 5_000_000n,
      description: "coffee",
      timestampS: network.utcS,
    });
    const part = a.node.pay({
      channel: ab,
      hops: routeOf(network, 5_000_000n, [{ node: b, scid: 0n }]),
      invoice: invoiceOf(bolt11),
    });
    network.run();
    expect(a.told("sent")).toMatchObject([{ part, paymentHash }]);
    expect(b.told("received")).toMatchObject([{ amountMsat: 5_000_000n, paymentHash }]);
    expect(toHex(a.told("sent")[0]?.preimage ?? new Uint8Array())).toBe(
      toHex(b.told("received")[0]?.preimage ?? new Uint8Array(1)),
    );
    expect(a.node.payment(part)).toMatchObject({ state: "sent", deliveredMsat: 5_000_000n });
    expect(balances(a, ab)).toEqual([895_000_000n, 105_000_000n, 0n]);
    expect(balances(b, ba)).toEqual([105_000_000n, 895_000_000n, 0n]);

    b.node.pay({ channel: ba, hops: routeOf(network, 7_000n, [{ node: a, scid: 0n }]) });
    network.run();
    expect(b.told("sent")).toHaveLength(1);
    expect(a.told("received")).toMatchObject([{ amountMsat: 7_000n }]);
    expect(balances(a, ab)).toEqual([895_007_000n, 104_993_000n, 0n]);
    expect([...a.told("problem"), ...b.told("problem")]).toEqual([]);

    const script = Uint8Array.from([0, 20, ...new Uint8Array(20).fill(7)]);
    a.node.close(ab, script);
    network.run();
    expect(a.node.channel(ab)?.state).toBe("closed");
    expect(b.node.channel(ba)?.state).toBe("closed");
    expect(a.broadcasts.map(toHex)).toEqual(b.broadcasts.map(toHex));
    expect(a.broadcasts).toHaveLength(1);
  });
});
