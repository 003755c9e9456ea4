import { beforeAll, expect, test } from "vitest";
import { Entropy } from "../../host/board/entropy.js";
import { startLdk } from "../../host/bench/lightning/ldk.js";
import type { LdkNode } from "../../host/bench/lightning/ldk_node.js";
import type { SimNode } from "../../host/lnsim/sim_node.js";
import { type AnyNode, FORWARD_FEE_MSAT, TielineWorld } from "./tieline.js";
import { ldkParty, TcpWire, until } from "./wire.js";

beforeAll(startLdk);

for (const anchors of [false, true]) {
  const type = anchors ? "anchors" : "static_remotekey";

  test(`LDK opens a channel to Tieline, pays and is paid, and closes: ${type}`, () => {
    const world = new TielineWorld({ anchors });
    const [ldk, tieline] = [world.ldk(1), world.tieline("t")];
    world.connect(ldk, tieline);
    ldk.openChannel(tieline.nodeId, 1_000_000n, 300_000_000n);
    world.settle(6);
    expect(world.problems()).toEqual([]);
    expect(tieline.node.channels()).toMatchObject([{ usable: true, opener: false, anchors }]);
    world.payBothWays(ldk, tieline);
    ldk.closeChannel(tieline.nodeId);
    world.expectClosed(ldk, tieline);
  });

  test(`Tieline opens a channel to LDK, pays and is paid, and closes: ${type}`, () => {
    const world = new TielineWorld({ anchors });
    const [ldk, tieline] = [world.ldk(1), world.tieline("t")];
    world.connect(tieline, ldk);
    const channel = tieline.node.open({
      peer: ldk.nodeId,
      fundingSat: 1_000_000n,
      pushMsat: 300_000_000n,
      feeratePerKw: 253,
      anchors,
    });
    world.settle(6);
    expect(world.problems()).toEqual([]);
    expect(tieline.node.channel(channel)).toMatchObject({ usable: true, opener: true, anchors });
    world.payBothWays(ldk, tieline);
    tieline.node.close(channel, Uint8Array.from([0, 20, ...new Entropy("script").bytes(20)]));
    world.expectClosed(ldk, tieline);
  });
}

/** Opens a channel with half of it for the other side, whoever it is. */
function openChannel(
  world: TielineWorld,
  from: AnyNode,
  to: AnyNode,
  { anchors = true, pushMsat = 500_000_000n } = {},
): void {
  world.connect(from, to);
  if ("openChannel" in from) from.openChannel(to.nodeId, 1_000_000n, pushMsat);
  else {
    from.node.open({ peer: to.nodeId, fundingSat: 1_000_000n, pushMsat, feeratePerKw: 253, anchors });
  }
  world.settle(6);
}

/** Payments along all three nodes, there and back, by invoice and keysend; then one that the payee refuses. */
function expectForwarding(world: TielineWorld, route: readonly [AnyNode, AnyNode, AnyNode]): void {
  for (const [from, by, to] of [route, [...route].reverse() as [AnyNode, AnyNode, AnyNode]]) {
    for (const how of ["pay", "keysend"] as const) {
      const hash = world[how]([from, by, to], 3_000_000n);
      world.settle();
      expect([how, ...world.outcome(from, to, hash), world.problems()]).toEqual([how, "sent", 3_000_000n, []]);
    }
  }
}

test("T-L-T: LDK forwards between two Tieline nodes, both ways", () => {
  const world = new TielineWorld({ anchors: true });
  const [a, ldk, c] = [world.tieline("a"), world.ldk(1), world.tieline("c")];
  openChannel(world, a, ldk);
  openChannel(world, ldk, c, { pushMsat: 900_000_000n });
  expectForwarding(world, [a, ldk, c]);
  expect(ldk.forwarded).toBe(4);
  // More than the last hop can carry: LDK says so in an error onion that the payer can read.
  const hash = world.pay([a, ldk, c], 200_000_000n);
  world.settle();
  expect(world.outcome(a, c, hash)).toEqual(["failed", 0n]);
});

test("L-T-L: Tieline forwards between two LDK nodes, both ways", () => {
  const world = new TielineWorld({ anchors: true });
  const [a, tieline, c] = [world.ldk(1), world.tieline("t"), world.ldk(31)];
  openChannel(world, a, tieline);
  openChannel(world, tieline, c);
  expectForwarding(world, [a, tieline, c]);
  expect(tieline.told("forwarded").map((event) => event.incomingMsat - event.outgoingMsat)).toEqual(
    Array.from({ length: 4 }, () => FORWARD_FEE_MSAT),
  );
  // What the payee refuses comes back through Tieline, and LDK can read it.
  c.holds = true;
  const hash = world.pay([a, tieline, c], 2_000_000n);
  world.settle();
  expect([world.outcome(a, c, hash), c.waiting.has(hash)]).toEqual([["pending", 0n], true]);
  c.fail(hash);
  world.settle();
  expect([world.outcome(a, c, hash), world.problems()]).toEqual([["failed", 0n], []]);
});

/**
 * One payment after the other, each interrupted one piece of bytes later than the one before: every one arrives, once.
 * @param interrupt what happens to the nodes while the line is down; the nodes to go on with
 */
function expectInterrupted(
  paysFrom: "ldk" | "tieline",
  interrupt: (world: TielineWorld, ldk: LdkNode, tieline: SimNode) => LdkNode,
): void {
  const world = new TielineWorld({ durable: true });
  const tieline = world.tieline("t");
  let ldk = world.ldk(1);
  openChannel(world, tieline, ldk, { anchors: false });
  const balance = (): bigint => tieline.node.channels()[0]?.holderMsat ?? 0n;
  const before = balance();
  let sumMsat = 0n;
  let cutShort = 0;
  for (let pieces = 0; pieces < 12; pieces++) {
    const amountMsat = 2_000_000n + BigInt(pieces);
    sumMsat += amountMsat;
    const route = paysFrom === "ldk" ? [ldk, tieline] : [tieline, ldk];
    const hash = world[pieces % 2 === 0 ? "pay" : "keysend"](route, amountMsat);
    if (world.run(pieces) === pieces) cutShort++;
    for (const wire of world.wires) wire.cut();
    ldk = interrupt(world, ldk, tieline);
    world.connect(pieces % 3 === 0 ? ldk : tieline, pieces % 3 === 0 ? tieline : ldk);
    world.settle();
    expect([pieces, tieline.node.channels(), world.problems()]).toMatchObject([
      pieces,
      [{ usable: true, htlcs: 0, state: "normal" }],
      [],
    ]);
    // A restarted LDK does not tell again what it had told; of this project's node everything is there.
    if (paysFrom === "ldk") expect(world.outcome(tieline, tieline, hash)[1]).toBe(amountMsat);
    else expect(world.outcome(tieline, tieline, hash)[0]).toBe("sent");
    expect(ldk.payments.get(hash)).not.toBe("failed");
    expect([pieces, balance() - before]).toEqual([pieces, paysFrom === "ldk" ? sumMsat : -sumMsat]);
    expect(ldk.channelWith(tieline.nodeId).get_pending_inbound_htlcs()).toEqual([]);
    expect(ldk.channelWith(tieline.nodeId).get_pending_outbound_htlcs()).toEqual([]);
  }
  expect(cutShort).toBeGreaterThan(6);
}

for (const paysFrom of ["ldk", "tieline"] as const) {
  const title = `${paysFrom === "ldk" ? "LDK" : "Tieline"} pays`;

  test(`${title}: the line is cut after every piece of bytes`, () => {
    expectInterrupted(paysFrom, (_, ldk) => ldk);
  });

  test(`${title}: Tieline loses power after every piece of bytes`, () => {
    expectInterrupted(paysFrom, (_, ldk, tieline) => {
      tieline.powerOff();
      tieline.start();
      return ldk;
    });
  });

  test(`${title}: LDK is restarted after every piece of bytes`, () => {
    expectInterrupted(paysFrom, (world, ldk) => world.restartLdk(ldk, 1));
  });
}

test("LDK and Tieline over TCP", async () => {
  const world = new TielineWorld();
  const [ldk, tieline] = [world.ldk(1), world.tieline("t")];
  openChannel(world, ldk, tieline, { anchors: false });
  for (const wire of world.wires) wire.cut();
  for (const calls of ["ldk", "tieline"]) {
    const line =
      calls === "ldk" ? await TcpWire.open(ldkParty(ldk), tieline) : await TcpWire.open(tieline, ldkParty(ldk));
    await until("reestablished", () => ldk.usable(tieline.nodeId) && tieline.node.channels()[0]?.connected === true);
    for (const route of [
      [ldk, tieline],
      [tieline, ldk],
    ] as const) {
      const hash = world.pay(route, 4_000_000n);
      await until("paid", () => world.outcome(route[0], route[1], hash)[0] === "sent");
      expect(world.outcome(route[0], route[1], hash)).toEqual(["sent", 4_000_000n]);
    }
    await line.cut();
    expect([ldk.usable(tieline.nodeId), tieline.node.channels()[0]?.connected]).toEqual([false, false]);
  }
  expect(world.problems()).toEqual([]);
});
