import { describe, expect, it } from "vitest";
import { availableEngines } from "../../host/engine/index.js";
import { decodeMessage } from "../../host/wire/message.js";
import {
  along,
  begin,
  DrillNetwork,
  expectUnmoved,
  holdBack,
  misdeed,
  NO_INPUT,
  offer,
  say,
  TEMPORARY_CHANNEL_FAILURE,
  wealths,
  withAttackers,
} from "./drills.js";
import { expectAgreed, LINE } from "./lines.js";
import type { TestNode } from "./network.js";

// When riders lapse, and when they may: PROTOCOL.md, "No free option".

withAttackers();

const MWH = 1_000_000n;
const ERR_ORDER = -11;
const [ADD, REVOKE_AND_ACK, ENERGY_LAPSE] = [128, 133, 42001];
const HOLD_MS = BigInt(LINE.holdS) * 1_000n;
/** By how much later than that an honest offerer lets its rider go. */
const SLACK_MS = 1_000n;

/** A node lets its first rider go, whatever the time. */
function letGo(node: TestNode): void {
  const channel_id = node.node.channel(0)?.channelId ?? new Uint8Array(32);
  say(node, 0, { type: ENERGY_LAPSE, fields: { channel_id, id: 0n } });
}

/** A buyer and a seller who keeps what comes to it; how the seller has the first rider's lapse: 0 for none. */
function kept(engine: "v8" | "wasm3", seed: string) {
  const network = new DrillNetwork(engine, seed, ["seller"]);
  const nodes = network.row(["buyer", "seller"]);
  const [buyer, seller] = nodes as [TestNode, TestNode];
  const before = wealths(...nodes);
  misdeed(seller, "keep_swaps", NO_INPUT, 1);
  begin(network, along(...nodes), MWH);
  return { network, buyer, seller, nodes, before, lapse: () => misdeed(seller, "lapse_state", NO_INPUT, 0, 0) };
}

/** A buyer, a forwarder and a seller who keeps what comes to it; the riders that the forwarder offers it. */
function forwarded(engine: "v8" | "wasm3", seed: string, outgoingHoldS = LINE.holdS) {
  const network = new DrillNetwork(engine, seed, ["seller"]);
  const buyer = network.addNode("buyer", 1);
  const forwarder = network.addNode("forwarder", 2);
  const seller = network.addNode("seller", 1);
  const nodes = [buyer, forwarder, seller] as const;
  network.join(buyer, forwarder);
  network.join(forwarder, seller, { holdS: outgoingHoldS });
  network.settle();
  const line = network.tap(forwarder, seller, [1, 0]);
  const said: number[] = [];
  const holds: unknown[] = [];
  network.change = (from, frame) => {
    if (from !== 0) return [frame];
    said.push(frame.readUInt16BE(0));
    if (frame.readUInt16BE(0) === ADD) {
      holds.push((decodeMessage(frame).tlvs["energy_rider"] as { hold_s: number }).hold_s);
    }
    return [frame];
  };
  return { network, buyer, forwarder, seller, nodes, line, said, holds };
}

describe.each(availableEngines().map(({ name }) => name))("how long riders hold, on %s", (engine) => {
  it("a lapse a millisecond before its time is not taken, and nothing changes; later the offerer's own one counts", () => {
    const { network, buyer, seller, nodes, before, lapse } = kept(engine, "early");
    network.run();
    network.tick(HOLD_MS - 1n);
    letGo(buyer);
    network.run();
    expect(lapse()).toBe(0);
    expect(seller.told("problem")).toMatchObject([{ code: ERR_ORDER }]);
    expect(seller.lines[0]).toBeUndefined();
    network.connect(buyer, seller);
    network.run();
    network.tick(SLACK_MS);
    expect(buyer.told("lapsed")).toEqual([]);
    network.tick(1n);
    expect(buyer.told("lapsed")).toHaveLength(1);
    misdeed(seller, "fail", NO_INPUT, 0, 0, TEMPORARY_CHANNEL_FAILURE);
    network.run();
    expectUnmoved(nodes, before);
    expectAgreed(buyer, seller);
  });

  it("a lapse is taken from the millisecond on in which its time is up, and the receiver's clock counts", () => {
    const { network, buyer, seller, lapse } = kept(engine, "in time");
    network.run();
    network.tick(HOLD_MS);
    letGo(buyer);
    network.run();
    expect(lapse()).not.toBe(0);
    expect(seller.told("problem")).toEqual([]);
  });

  it("a receiver remembers when a rider came over a new connection, and not over a restart", () => {
    const { network, buyer, seller, lapse } = kept(engine, "again");
    network.run();
    network.tick(HOLD_MS / 2n);
    network.sever(buyer, seller);
    network.connect(buyer, seller);
    network.run();
    network.tick(HOLD_MS / 2n - 1n);
    letGo(buyer);
    network.run();
    expect([lapse(), seller.told("problem").length]).toEqual([0, 1]);
    network.connect(buyer, seller);
    network.run();
    seller.kill();
    network.run();
    seller.start();
    network.connect(buyer, seller);
    network.run();
    letGo(buyer);
    network.run();
    expect(lapse()).not.toBe(0);
    expect(seller.told("problem")).toHaveLength(1);
  });

  it("a rider's time begins for its offerer when it is irrevocable, and anew after a restart", () => {
    const { network, buyer, seller } = kept(engine, "late");
    // The last acknowledgement stays with the seller for longer than the rider holds.
    const release = holdBack(network, seller, 0);
    network.run();
    network.tick(3n * HOLD_MS);
    release();
    network.run();
    network.tick(HOLD_MS + SLACK_MS - 1n);
    expect(buyer.told("lapsed")).toEqual([]);
    buyer.kill();
    network.run();
    buyer.start();
    network.connect(buyer, seller);
    network.run();
    network.tick(HOLD_MS + SLACK_MS - 1n);
    expect(buyer.told("lapsed")).toEqual([]);
    network.tick(1n);
    expect(buyer.told("lapsed")).toHaveLength(1);
  });

  it.each([
    [0n, 8],
    [1n, 7],
    [1_000n, 7],
    [6_999n, 1],
    [7_000n, 1],
    [7_001n, undefined],
    [60_000n, undefined],
  ])(
    "of a rider that has waited %d ms for its offerer a forwarder offers what is left, less a margin: %s s",
    (ms, holdS) => {
      const { network, buyer, nodes, holds, seller } = forwarded(engine, `after ${ms}`);
      const before = wealths(...nodes);
      seller.node.offer(0, offer(network));
      begin(network, along(...nodes), MWH);
      const release = holdBack(network, buyer, 0);
      network.run();
      network.tick(ms);
      release();
      network.run();
      expect(holds).toEqual(holdS === undefined ? [] : [holdS]);
      if (holdS !== undefined) {
        expect(buyer.told("sent")).toHaveLength(1);
        return;
      }
      expect(buyer.told("failed")).toMatchObject([{ hop: 0, code: TEMPORARY_CHANNEL_FAILURE }]);
      expectUnmoved(nodes, before);
    },
  );

  it("a forwarder offers no more than its outgoing line allows", () => {
    const { network, nodes, holds, seller } = forwarded(engine, "short", 3);
    seller.node.offer(0, offer(network));
    begin(network, along(...nodes), MWH);
    network.run();
    expect(holds).toEqual([3]);
  });

  it("a forwarder that was without power does not know how long a rider has waited, and gives it back", () => {
    const { network, buyer, forwarder, nodes, holds, line } = forwarded(engine, "restart");
    const before = wealths(...nodes);
    begin(network, along(...nodes), MWH);
    const release = holdBack(network, buyer, 0);
    network.run();
    release();
    line.drop();
    forwarder.kill();
    network.run();
    forwarder.start();
    network.connect(buyer, forwarder);
    line.connect();
    network.run();
    expect(holds).toEqual([]);
    expect(buyer.told("failed")).toMatchObject([{ hop: 0, code: TEMPORARY_CHANNEL_FAILURE }]);
    expectUnmoved(nodes, before);
  });

  it("a rider's time is its own, and not that of the one before it in its slot", () => {
    const { network, buyer, seller, nodes, lapse } = kept(engine, "slot");
    network.run();
    misdeed(seller, "fail", NO_INPUT, 0, 0, TEMPORARY_CHANNEL_FAILURE);
    network.run();
    network.tick(2n * HOLD_MS);
    begin(network, along(...nodes), MWH);
    network.run();
    network.tick(HOLD_MS - 1n);
    expect(buyer.told("lapsed")).toEqual([]);
    say(buyer, 0, {
      type: ENERGY_LAPSE,
      fields: { channel_id: buyer.node.channel(0)?.channelId ?? new Uint8Array(32), id: 1n },
    });
    network.run();
    expect(misdeed(seller, "lapse_state", NO_INPUT, 0, 1)).toBe(0);
    expect(lapse()).toBeLessThan(0);
    expect(seller.told("problem")).toMatchObject([{ code: ERR_ORDER }]);
  });

  it("a forwarder that was without power lets a rider go as soon as the one before it is", () => {
    const { network, buyer, forwarder, nodes, seller, said, line } = forwarded(engine, "let go");
    misdeed(seller, "keep_swaps", NO_INPUT, 1);
    begin(network, along(...nodes), MWH);
    network.run();
    network.tick(8_500n);
    line.drop();
    forwarder.kill();
    network.run();
    forwarder.start();
    network.connect(buyer, forwarder);
    line.connect();
    network.run();
    network.tick(2_499n);
    expect(said).not.toContain(ENERGY_LAPSE);
    // Its own time has begun anew, and is not up for long.
    network.tick(1n);
    expect(buyer.told("lapsed")).toHaveLength(1);
    expect(said.filter((type) => type === ENERGY_LAPSE)).toHaveLength(1);
    expect(forwarder.told("lapsed")).toHaveLength(1);
  });

  it("a forwarder lets its rider go two seconds before the one that came in", () => {
    const { network, buyer, nodes, seller, said } = forwarded(engine, "chain");
    misdeed(seller, "keep_swaps", NO_INPUT, 1);
    begin(network, along(...nodes), MWH);
    network.run();
    // Its own time is 8 s, and a second.
    network.tick(9_000n - 1n);
    expect(said).not.toContain(ENERGY_LAPSE);
    network.tick(1n);
    expect(said.filter((type) => type === ENERGY_LAPSE)).toHaveLength(1);
    expect(buyer.told("lapsed")).toEqual([]);
  });

  it("who has not acknowledged a lapse is given no new rider", () => {
    const { network, nodes, seller, said, line } = forwarded(engine, "no more");
    misdeed(seller, "keep_swaps", NO_INPUT, 1);
    begin(network, along(...nodes), MWH);
    network.run();
    const kept: Buffer[] = [];
    const { change } = network;
    network.change = (from, frame) => {
      if (from === 0 || !said.includes(ENERGY_LAPSE)) return change(from, frame);
      kept.push(frame);
      return [];
    };
    network.seconds(9);
    expect(said).toContain(ENERGY_LAPSE);
    expect(kept.map((frame) => frame.readUInt16BE(0))).toContain(REVOKE_AND_ACK);
    begin(network, along(...nodes), MWH);
    network.run();
    expect(said.filter((type) => type === ADD)).toHaveLength(1);
    network.change = change;
    for (const frame of kept) line.pass(1, frame);
    network.run();
    expect(said.filter((type) => type === ADD)).toHaveLength(2);
  });
});
