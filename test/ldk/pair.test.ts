import { beforeAll, expect, test } from "vitest";
import { Entropy } from "../../host/board/entropy.js";
import { startLdk } from "../../host/bench/lightning/ldk.js";
import { type LdkHop, LdkNode, type LdkSaved } from "../../host/bench/lightning/ldk_node.js";
import type { LdkOptions } from "../../host/bench/lightning/ldk_config.js";
import { SimulatedChain } from "../../host/chain/simulated_chain.js";
import { MemoryWire, run } from "../../host/lnsim/wire.js";
import { ldkParty, TcpWire, until } from "./wire.js";

// What the harness is worth: LDK with itself, as it is later with this project's node.

beforeAll(startLdk);

const FUNDING_SAT = 1_000_000n;

class Pair {
  readonly chain: SimulatedChain;
  a: LdkNode;
  b: LdkNode;
  wire: MemoryWire;

  constructor(private readonly options: LdkOptions = {}) {
    this.chain = new SimulatedChain({ seed: "ldk" });
    this.chain.mineNow(10);
    this.a = this.node(1);
    this.b = this.node(11);
    this.wire = new MemoryWire(ldkParty(this.a), ldkParty(this.b));
  }

  node(seed: number, saved?: LdkSaved): LdkNode {
    return new LdkNode(seed, this.chain, this.options, saved);
  }

  open(): this {
    run([this.wire]);
    this.a.openChannel(this.b.nodeId, FUNDING_SAT, 200_000_000n);
    run([this.wire]);
    this.chain.mineNow(6);
    run([this.wire]);
    expect([this.a.usable(this.b.nodeId), this.b.usable(this.a.nodeId)]).toEqual([true, true]);
    return this;
  }

  reconnect(): void {
    this.wire = new MemoryWire(ldkParty(this.a), ldkParty(this.b));
    run([this.wire]);
  }
}

const hop = (from: LdkNode, to: LdkNode, amountMsat: bigint): LdkHop => ({
  point: to.nodeId,
  shortChannelId: from.shortChannelId(to.nodeId),
  amountMsat,
  cltvDelta: 50,
});

for (const anchors of [false, true]) {
  test(`LDK with LDK: payments both ways, ${anchors ? "anchors" : "static_remotekey"}`, () => {
    const { a, b, wire, chain } = new Pair({ anchors }).open();
    const type = a.channelWith(b.nodeId).get_channel_type();
    expect(Boolean(type.supports_anchors_zero_fee_htlc_tx())).toBe(anchors);
    for (const [from, to] of [
      [a, b],
      [b, a],
    ] as const) {
      const paid = from.pay(to.invoice(30_000n, "tea"), [hop(from, to, 30_000n)]);
      const given = from.keysend(new Entropy("keysend", String(from === a)).bytes(32), [hop(from, to, 7_000_000n)]);
      run([wire]);
      expect([from.payments.get(paid), from.payments.get(given)]).toEqual(["sent", "sent"]);
      expect([to.received.get(paid), to.received.get(given)]).toEqual([30_000n, 7_000_000n]);
    }
    const supply = chain.supplySat();
    a.closeChannel(b.nodeId);
    run([wire]);
    expect(chain.waiting()).toHaveLength(1);
    chain.mineNow(1);
    expect([a.channels(), b.channels()]).toEqual([[], []]);
    expect(a.closed).toEqual(["LocallyInitiatedCooperativeClosure"]);
    expect(chain.supplySat()).toBe(supply);
  });
}

test("LDK with LDK: a payment that waits is refused", () => {
  const { a, b, wire } = new Pair().open();
  b.holds = true;
  const paid = a.pay(b.invoice(5_000_000n, "held"), [hop(a, b, 5_000_000n)]);
  run([wire]);
  expect([a.payments.get(paid), b.waiting.has(paid)]).toEqual(["pending", true]);
  b.fail(paid);
  run([wire]);
  expect([a.payments.get(paid), b.received.size]).toEqual(["failed", 0]);
});

test("LDK with LDK: cut or restarted at every piece of a payment, it arrives once", () => {
  const pair = new Pair({ durable: true }).open();
  const capacity = (): bigint => pair.b.channelWith(pair.a.nodeId).get_outbound_capacity_msat();
  const before = capacity();
  let [held, sumMsat] = [0, 0n];
  for (let pieces = 0; pieces < 12; pieces++) {
    const amountMsat = 1_000_000n + BigInt(pieces);
    sumMsat += amountMsat;
    const paid = pair.a.pay(pair.b.invoice(amountMsat, "restart"), [hop(pair.a, pair.b, amountMsat)]);
    if (run([pair.wire], pieces) === pieces) held++;
    pair.wire.cut();
    if (pieces % 3 === 1) pair.a = pair.node(1, pair.a.stop());
    if (pieces % 3 === 2) pair.b = pair.node(11, pair.b.stop());
    pair.reconnect();
    expect([pieces, pair.a.payments.get(paid) ?? "sent", pair.b.received.get(paid) ?? amountMsat]).toEqual([
      pieces,
      "sent",
      amountMsat,
    ]);
    expect(pair.a.channelWith(pair.b.nodeId).get_pending_outbound_htlcs()).toEqual([]);
    expect([pair.a.closed, pair.b.closed]).toEqual([[], []]);
  }
  expect(held).toBeGreaterThan(5);
  expect(capacity() - before).toBe(sumMsat);
});

test("LDK with LDK over TCP", async () => {
  const { a, b, wire, chain } = new Pair().open();
  wire.cut();
  expect(a.usable(b.nodeId)).toBe(false);
  const line = await TcpWire.open(ldkParty(b), ldkParty(a));
  await until("reestablished", () => a.usable(b.nodeId) && b.usable(a.nodeId));
  const paid = a.pay(b.invoice(2_000_000n, "over TCP"), [hop(a, b, 2_000_000n)]);
  await until("paid", () => a.payments.get(paid) === "sent");
  expect(b.received.get(paid)).toBe(2_000_000n);
  await line.cut();
  expect([a.usable(b.nodeId), chain.waiting()]).toEqual([false, []]);
});
