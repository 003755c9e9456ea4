import { describe, expect, it } from "vitest";
import { availableEngines } from "../../host/engine/index.js";
import { routeOf, type TestNode } from "./network.js";
import { row } from "./rows.js";

// HTLCs that were offered while the peer did not answer: sent when it is back, unless it has become too late for that.

const AMOUNT = 90_000n;
const TEMPORARY_CHANNEL_FAILURE = 0x1007;

/** Nothing that a node says arrives while `body` runs. */
function silenced(node: TestNode, body: () => void): void {
  node.onSend = () => undefined;
  body();
  Reflect.deleteProperty(node, "onSend");
}

describe.each(availableEngines().map(({ name }) => name))("HTLCs that waited, on %s", (engine) => {
  it.each([17, 18])("of a payer, whose peer is back after %i blocks", (blocks) => {
    const { network, a, b, ab, ba } = row(engine);
    const pay = (cltv: number): number =>
      a.node.pay({
        channel: ab,
        hops: routeOf(network, AMOUNT, [{ node: b, scid: 0n }]).map((hop) => ({ ...hop, cltvExpiry: cltv })),
      });
    const { height } = network;
    const parts: number[] = [];
    silenced(b, () => {
      parts.push(pay(height + 100));
      network.run();
      // The first is not acknowledged, so these wait; the last one is not late when the middle one is.
      parts.push(pay(height + 20), pay(height + 90));
      network.run();
    });
    network.sever(a, b);
    network.height += blocks;
    for (const { node } of [a, b]) node.block(network.height);
    network.run();
    const late = blocks >= 18;
    // It need not wait for the peer to fail.
    expect(a.told("failed").map(({ part }) => part)).toEqual(late ? [parts[1]] : []);
    network.connect(a, b);
    network.run();
    const failed = [{ part: parts[1], hop: late ? -1 : 0, code: late ? TEMPORARY_CHANNEL_FAILURE : 0x400f }];
    expect(a.told("failed")).toMatchObject(failed);
    expect(a.told("sent").map(({ part }) => part)).toEqual([parts[0], parts[2]]);
    // The peer counts what it sees.
    const next = pay(network.height + 20);
    network.run();
    expect(a.told("sent").at(-1)?.part).toBe(next);
    expect(a.told("problem")).toEqual([]);
    expect(b.node.channel(ba)).toMatchObject({ holderMsat: 3n * AMOUNT, htlcs: 0, state: "normal" });
  });

  it("of a forwarder: it goes back, and the channel that it waited in goes on", () => {
    const { network, a, b, c, ab, bc, route } = row(engine);
    silenced(c, () => {
      a.node.pay({ channel: ab, hops: route(AMOUNT).map((hop) => ({ ...hop, cltvExpiry: hop.cltvExpiry + 200 })) });
      network.run();
      a.node.pay({ channel: ab, hops: route(2n * AMOUNT) });
      network.run();
    });
    network.sever(b, c);
    network.height += 18;
    for (const { node } of [a, b, c]) node.block(network.height);
    network.run();
    expect(a.told("failed")).toMatchObject([{ part: 2, hop: 0, code: TEMPORARY_CHANNEL_FAILURE }]);
    network.connect(b, c);
    network.run();
    expect(a.told("sent")).toMatchObject([{ part: 1 }]);
    a.node.pay({ channel: ab, hops: route(AMOUNT) });
    network.run();
    expect(a.told("sent")).toMatchObject([{ part: 1 }, { part: 3 }]);
    expect(b.node.channel(bc)).toMatchObject({ counterpartyMsat: 2n * AMOUNT, htlcs: 0, state: "normal" });
  });
});
