import { describe, expect, it } from "vitest";
import { availableEngines } from "../../host/engine/index.js";
import type { ChannelEvidence, EvidenceBundle } from "../../host/evidence/bundle.js";
import { bundleText, parseBundle } from "../../host/evidence/json.js";
import { judge } from "../../host/evidence/judge.js";
import { INTERVAL_S, LINE, LineNetwork } from "../node/lines.js";
import { type TestNode, routeOf } from "../node/network.js";

// What real nodes show, by way of a file, before the judge.

function evidenceOf({ node, name }: TestNode): ChannelEvidence {
  const evidence = node.evidence(0);
  if (evidence === undefined) throw new Error(`${name} has no line`);
  return evidence;
}

const shown = (evidence: ChannelEvidence, change: Partial<EvidenceBundle> = {}): EvidenceBundle =>
  parseBundle("file", bundleText({ ...evidence, receipts: [], notes: [], ...change }));

describe.each(availableEngines().map(({ name }) => name))("evidence of nodes on %s", (engine) => {
  it("a swap is in both ends' states, its deviation in both meters' receipts, and an older state is refuted", () => {
    const network = new LineNetwork(engine);
    const [buyer, seller] = [network.addNode("buyer", 1), network.addNode("seller", 1)];
    network.connect(buyer, seller);
    network.run();
    network.openChannel(buyer, seller, 10_000_000n, false, 4_000_000_000n, LINE);
    const old = evidenceOf(seller);
    const start = network.interval + INTERVAL_S;
    seller.node.offer(0, {
      side: "sell",
      receipts: false,
      promises: true,
      meter: 0,
      fromS: start,
      untilS: start + INTERVAL_S,
      priceMsatPerKwh: 200_000n,
      maxMwh: 50_000_000n,
    });
    const pay = (energyMwh: bigint): void => {
      const hops = routeOf(network, (energyMwh * 200_000n) / 1_000_000n, [{ node: seller, scid: 0n }]);
      buyer.node.pay({
        channel: 0,
        hops: hops.map((hop) => ({ ...hop, energyMwh })),
        energy: { intervalStart: start, kind: "promise" },
      });
      network.run();
    };
    pay(10_000_000n);
    const [one, other] = [shown(evidenceOf(buyer)), shown(evidenceOf(seller))];
    const verdict = judge([
      { file: "buyer", bundle: one },
      { file: "seller", bundle: other },
    ]);
    expect(verdict.bundles.flatMap(({ faults }) => faults)).toEqual([]);
    expect(verdict.bundles.map(({ standing }) => standing)).toEqual(["valid", "valid"]);
    const toBuyer = one.holder === 1 ? -10_000_000n : 10_000_000n;
    expect(verdict.account?.intervals).toEqual([{ start, agreedMwh: toBuyer, promisedMwh: toBuyer }]);
    // Both meters go on when the line between the nodes is cut: the seller sends less than it has sold.
    network.sever(buyer, seller);
    network.seconds(start + 1 - Number(network.utcS));
    network.meter(seller).send(9_900_000n);
    network.meter(buyer).send(-9_600_000n);
    network.seconds(INTERVAL_S);
    const ends = { 1: one.holder === 1 ? buyer : seller, 2: one.holder === 1 ? seller : buyer };
    const receipts = ([1, 2] as const).flatMap((end) =>
      Array.from({ length: network.meter(ends[end]).nextPage() - 1 }, (_, page) => ({
        end,
        record: network.meter(ends[end]).fiscalRecord(page + 1) ?? "",
      })),
    );
    const closed = judge([{ file: "buyer", bundle: shown(evidenceOf(buyer), { receipts }) }]);
    expect(closed.bundles.flatMap(({ faults }) => faults)).toEqual([]);
    const span = closed.account?.spans.find(({ from }) => from === start);
    const ofBuyer = (mwh: bigint): bigint => (one.holder === 1 ? -mwh : mwh);
    expect([span?.agreedMwh, span?.meteredMwh, span?.otherMeterMwh, span?.disputed]).toEqual([
      ofBuyer(10_000_000n),
      ofBuyer(9_900_000n),
      ofBuyer(9_600_000n),
      false,
    ]);
    // 0.1 kWh at 200 sat: the seller owes it.
    expect(closed.account?.owedMsat).toBe(one.holder === 1 ? -20_000n : 20_000n);
    // The seller shows the state before the swap: the buyer has its secret.
    const cheat = judge([
      { file: "buyer", bundle: one },
      { file: "seller", bundle: shown(old) },
    ]);
    expect(cheat.bundles.map(({ standing }) => standing)).toEqual(["valid", "refuted"]);
    expect(cheat.account?.intervals).toEqual(verdict.account?.intervals);
  });

  it("plain payments, with anchors", () => {
    const network = new LineNetwork(engine);
    const [a, b] = [network.addNode("a", 1), network.addNode("b", 1)];
    network.connect(a, b);
    network.run();
    network.openChannel(a, b, 10_000_000n, true, 4_000_000_000n, LINE);
    for (let i = 0; i < 3; i++) {
      b.node.pay({ channel: 0, hops: routeOf(network, 3_000_000n, [{ node: a, scid: 0n }]) });
      network.run();
    }
    const verdict = judge([a, b].map((node) => ({ file: node.name, bundle: shown(evidenceOf(node)) })));
    expect(verdict.bundles.map(({ standing, faults }) => [standing, faults])).toEqual([
      ["valid", []],
      ["valid", []],
    ]);
    expect([verdict.account?.owedMsat, verdict.consistent]).toEqual([0n, true]);
  });
});
