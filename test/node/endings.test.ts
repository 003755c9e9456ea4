import { describe, expect, it } from "vitest";
import { availableEngines } from "../../host/engine/index.js";
import { toHex } from "../driver/vectors.js";
import { invoiceOf, routeOf } from "./network.js";
import { pair } from "./rows.js";

const SCRIPT = Uint8Array.from([0, 20, ...new Uint8Array(20).fill(7)]);

describe.each(availableEngines().map(({ name }) => name))("how channels end, on %s", (engine) => {
  it("by consent: the place is free again once the funding output is spent", () => {
    const { network, a, b, ab, ba } = pair(engine, false);
    b.node.close(ba, SCRIPT);
    network.run();
    const [closing] = a.broadcasts;
    expect(closing).toBeDefined();
    for (const [node, channel] of [
      [a, ab],
      [b, ba],
    ] as const) {
      node.node.fundingSpent(channel, closing ?? new Uint8Array());
      expect(node.node.channels()).toEqual([]);
      expect(node.told("channel").at(-1)).toMatchObject({ channel, state: "none" });
    }
    expect(network.openChannel(a, b)[0]).toBe(0);
  });

  it("by force: the commitment is published, once more after a restart, and the peer fails the channel as well", () => {
    const { network, a, b, ab, ba } = pair(engine, true);
    a.node.forceClose(ab);
    network.run();
    expect(a.node.channel(ab)?.state).toBe("failed");
    expect(b.node.channel(ba)?.state).toBe("failed");
    expect(a.broadcasts).toHaveLength(1);
    expect(b.broadcasts).toHaveLength(1);
    const [before] = a.broadcasts;
    // Version, marker, flag, and the number of inputs stand before its only input.
    expect(toHex(before?.slice(7, 43) ?? new Uint8Array())).toBe(toHex(a.watched.get(ab) ?? new Uint8Array(1)));
    a.kill();
    a.start();
    expect(a.broadcasts.map(toHex)).toEqual([toHex(before ?? new Uint8Array()), toHex(before ?? new Uint8Array())]);
    expect(() => a.node.close(ab, SCRIPT)).toThrow("ERR_STATE");
  });

  it("because an HTLC would be lost: published when it is past its expiry and grace, not a block before", () => {
    const { network, a, b, ab, ba } = pair(engine, false);
    const { bolt11 } = b.node.invoice({ amountMsat: 2_000_000n, description: "", timestampS: network.utcS });
    const hops = routeOf(network, 1_000_000n, [{ node: b, scid: 0n }]);
    a.node.pay({ channel: ab, hops, invoice: invoiceOf(bolt11), totalMsat: 2_000_000n });
    network.run();
    // b waits for the other half, and is not heard of any more.
    expect(b.node.channel(ba)).toMatchObject({ htlcs: 1 });
    b.kill();
    network.run();
    const expiry = hops[0]?.cltvExpiry ?? 0;
    a.node.block(expiry + 1);
    expect(a.broadcasts).toEqual([]);
    a.node.block(expiry + 3);
    expect(a.node.channel(ab)?.state).toBe("failed");
    expect(a.broadcasts).toHaveLength(1);
  });

  it("because the funding output is spent otherwise", () => {
    const { network, a, ab } = pair(engine, false);
    a.node.fundingSpent(ab, new Uint8Array(100));
    network.run();
    expect(a.node.channel(ab)?.state).toBe("failed");
  });
});
