import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { decodeTransaction } from "../../host/decode/transaction.js";
import { availableEngines } from "../../host/engine/index.js";
import { secretOf } from "../../host/evidence/keys.js";
import { judge } from "../../host/evidence/judge.js";
import type { ChannelInfo } from "../../host/node/answers.js";
import { bundle, ChainNetwork, claim, COUNTERPARTY, HOLDER, receiptsOf, REMEMBERED } from "./drill_chain.js";
import { along, begin, FUNDING_SAT, misdeed, NO_INPUT, offer, PRICE, swap, withAttackers } from "./drills.js";
import { ENERGY, energyOf, INTERVAL_S, LINE } from "./lines.js";
import { routeOf, type TestNode } from "./network.js";

// Lines that end on the chain while energy is owed: what confirms, what can be claimed of it, and what a judge makes of the
// bundles of both ends. PROTOCOL.md, "Ending" and "What an honest end can lose".

const CREDIT = 2_000_000n;
const MWH = 2_000_000n;
const SPREAD_PPM = 50_000;
const WORSE = (PRICE * (1_000_000n + BigInt(SPREAD_PPM))) / 1_000_000n;
const PREIMAGES = [1, 2, 3].map((fill) => new Uint8Array(32).fill(fill));
const size = (value: bigint): bigint => (value < 0n ? -value : value);
const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

withAttackers();

describe.each(availableEngines().map(({ name }) => name))("lines that end on the chain, on %s", (engine) => {
  /** Both ends have firmware that can claim what is on the chain; the seller has nothing of A but what it is paid. */
  function pair(name: string, pushMsat = 0n) {
    const network = new ChainNetwork(engine, name, ["buyer", "seller"]);
    const credit = { ...ENERGY, energyCreditMsat: CREDIT };
    const [buyer, seller] = [network.addNode("buyer", 1, credit), network.addNode("seller", 1, credit)];
    network.connect(buyer, seller);
    network.run();
    const terms = { ...LINE, creditLimitMsat: CREDIT, imbalanceSpreadPpm: SPREAD_PPM };
    network.openChannel(buyer, seller, FUNDING_SAT, false, pushMsat, terms);
    network.settle();
    const { holderIsNode1 } = energyOf(buyer);
    const ends = holderIsNode1 ? ([buyer, seller] as const) : ([seller, buyer] as const);
    /** A debt or a flow from the seller to the buyer, of one from node_1 to node_2. */
    const ofSeller = (value: bigint): bigint => (holderIsNode1 ? -value : value);
    return { network, buyer, seller, ends, ofSeller };
  }

  /** Swaps that the seller keeps, of as many units of `MWH` each, with amounts of their own. */
  function pending({ network, buyer, seller }: ReturnType<typeof pair>, amounts: readonly bigint[]): number {
    misdeed(seller, "keep_swaps", NO_INPUT, 1);
    amounts.forEach((amount, i) => {
      const mwh = BigInt(i + 1) * 100_000n;
      begin(network, along(buyer, seller), mwh, { preimage: PREIMAGES[i] ?? new Uint8Array(32), amounts: [amount] });
      network.run();
    });
    return network.interval + INTERVAL_S;
  }

  it("futures are sold, and the seller runs away with its last state: it owes them, and its A was held up to its credit", () => {
    const { network, buyer, seller, ends, ofSeller } = pair("futures", 200_000_000n);
    seller.node.offer(0, offer(network));
    const start = network.interval + INTERVAL_S;
    const sold = 5n * MWH;
    expect(swap(network, along(buyer, seller), sold)).toMatchObject({ kind: "sent" });
    // What it has promised at the price cap, less what it was granted, it cannot have back before.
    const { holderMsat, holderReserveSat } = seller.node.channel(0) as ChannelInfo;
    const held = (sold * LINE.priceCapMsatPerKwh) / 1_000_000n - CREDIT;
    const free = holderMsat - holderReserveSat * 1000n - held;
    const out = (amountMsat: bigint): void => {
      seller.node.pay({ channel: 0, hops: routeOf(network, amountMsat, [{ node: buyer, scid: 0n }]) });
      network.run();
    };
    expect(() => {
      out(free + 1n);
    }).toThrow(/ERR_/);
    out(free);
    expect(buyer.told("received")).toHaveLength(1);
    seller.node.forceClose(0);
    network.run();
    const commitment = network.closeBy(seller, buyer);
    // It delivers nothing.
    network.seconds(2 * INTERVAL_S + 10);
    const receipts = receiptsOf(network, ...ends);
    const verdict = judge([
      { file: "buyer", bundle: bundle(buyer, commitment, receipts) },
      { file: "seller", bundle: bundle(seller, commitment) },
    ]);
    expect(verdict.bundles.flatMap(({ faults }) => faults)).toEqual([]);
    expect(verdict.bundles.map(({ standing }) => standing)).toEqual(["valid", "valid"]);
    expect(verdict.account?.intervals).toEqual([{ start, agreedMwh: ofSeller(sold), promisedMwh: ofSeller(sold) }]);
    const owed = (sold * WORSE) / 1_000_000n;
    expect(ofSeller(verdict.account?.owedMsat ?? 0n)).toBe(owed);
    // Beyond its credit it owes no more than what it was kept from spending, and what has confirmed pays it at least that.
    expect(owed - CREDIT).toBeLessThanOrEqual(held);
    expect(seller.node.channel(0)?.holderMsat).toBe(holderMsat - free);
    const paid = decodeTransaction(commitment).outputs.map(({ amount_sat }) => amount_sat);
    expect(paid).toContain((holderMsat - free) / 1000n);
  });

  it("the seller publishes a state from before it sold: refuted by its secret, and all of its A is the buyer's", () => {
    const { network, buyer, seller, ends, ofSeller } = pair("old", 5_000_000_000n);
    seller.node.offer(0, offer(network));
    const start = network.interval + INTERVAL_S;
    const image = seller.flash.image();
    const { holderMsat } = seller.node.channel(0) as ChannelInfo;
    expect(misdeed(buyer, "remember", NO_INPUT, 0)).toBe(0);
    expect(swap(network, along(buyer, seller), MWH)).toMatchObject({ kind: "sent" });
    expect(swap(network, along(buyer, seller), MWH)).toMatchObject({ kind: "sent" });
    network.sever(buyer, seller);
    // The same keys, and flash of before.
    const old = network.addNode("seller", 1, { ...ENERGY, energyCreditMsat: CREDIT }, undefined, image);
    old.node.forceClose(0);
    network.run();
    const commitment = network.closeBy(old, buyer);
    expect(buyer.node.channel(0)?.state).toBe("failed");
    network.seconds(2 * INTERVAL_S + 10);
    const honest = bundle(buyer, commitment, receiptsOf(network, ...ends));
    const cheat = bundle(old, commitment);
    const verdict = judge([
      { file: "buyer", bundle: honest },
      { file: "seller", bundle: cheat },
    ]);
    expect(verdict.bundles.flatMap(({ faults }) => faults)).toEqual([]);
    expect(verdict.bundles.map(({ standing }) => standing)).toEqual(["valid", "refuted"]);
    expect(verdict.remarks.join()).toMatch(/seller is refuted though its transaction has confirmed/);
    expect(verdict.account?.intervals).toEqual([
      { start, agreedMwh: ofSeller(2n * MWH), promisedMwh: ofSeller(2n * MWH) },
    ]);
    expect(ofSeller(verdict.account?.owedMsat ?? 0n)).toBe((2n * MWH * WORSE) / 1_000_000n);
    // The penalty: valid at once, while the seller's delay still runs.
    const secret = secretOf(honest.revealedSecrets, cheat.commitmentNumber) as Uint8Array;
    const penalty = claim(buyer, REMEMBERED, undefined, { secret }) as Uint8Array;
    network.confirm(penalty);
    const [output] = decodeTransaction(penalty).outputs;
    expect(output?.amount_sat).toBe(holderMsat / 1000n - 300n);
    // Of its last state, which nobody has revoked, there is no such thing.
    expect(secretOf(honest.revealedSecrets, seller.node.evidence(0)?.commitmentNumber ?? 0n)).toBeUndefined();
  });

  it.each([
    ["buyer", HOLDER],
    ["seller", COUNTERPARTY],
  ])(
    "the %s publishes the last state with swaps pending: claimed counts, timed out does not, trimmed is void",
    (name, buyers) => {
      const drill = pair("pending");
      const { network, buyer, seller, ofSeller } = drill;
      const start = pending(drill, [2_000_000n, 2_000_000n, 100_000n]);
      const [closer, other] = name === "buyer" ? [buyer, seller] : [seller, buyer];
      const sellers = buyers === HOLDER ? COUNTERPARTY : HOLDER;
      closer.node.forceClose(0);
      network.run();
      const commitment = network.closeBy(closer, other);
      // to_local, to_remote only with something in it, the state's hash, and two of the three.
      expect(decodeTransaction(commitment).outputs).toHaveLength(4);
      const htlc = (id: number, node: TestNode) => ({ by: node === buyer ? HOLDER : COUNTERPARTY, id });
      const claimed = claim(seller, sellers, htlc(0, seller), { preimage: PREIMAGES[0] as Uint8Array }) as Uint8Array;
      network.confirm(claimed);
      const early = claim(buyer, buyers, htlc(1, buyer)) as Uint8Array;
      expect(network.chain.submit(early)).toBeDefined();
      network.mine(20);
      network.confirm(early);
      // What is trimmed has no output that anybody could claim.
      expect(claim(seller, sellers, htlc(2, seller), { preimage: PREIMAGES[2] as Uint8Array })).toBeLessThan(0);
      // The buyer has learned the one preimage from the chain, and shows whose transaction it was in.
      const [input] = decodeTransaction(claimed).inputs;
      const seen = input?.witness.find((item) => sha256(item) === sha256(PREIMAGES[0] as Uint8Array));
      const verdict = judge([
        { file: "buyer", bundle: bundle(buyer, commitment, [], [seen as Uint8Array]) },
        {
          file: "seller",
          bundle: bundle(seller, commitment, [], [PREIMAGES[0] as Uint8Array, NO_INPUT, PREIMAGES[2] as Uint8Array]),
        },
      ]);
      const alone = judge([
        {
          file: "buyer",
          bundle: { ...bundle(buyer, commitment, [], [seen as Uint8Array]), claimTransactions: [claimed] },
        },
      ]);
      expect(alone.account?.riders[0]?.fate).toBe("counts: its receiver has claimed it on the chain");
      expect(alone.account?.intervals).toEqual(verdict.account?.intervals);
      expect(verdict.bundles.flatMap(({ faults }) => faults)).toEqual([]);
      expect(verdict.bundles.map(({ standing }) => standing)).toEqual(["valid", "valid"]);
      expect(verdict.account?.riders.map(({ id, fate }) => [id, fate])).toEqual([
        [0n, "counts: its receiver shows the preimage"],
        [1n, "does not count: no preimage is known"],
        [2n, "void: the commitment trims its HTLC"],
      ]);
      const agreed = ofSeller(100_000n);
      expect(verdict.account?.intervals).toEqual([{ start, agreedMwh: agreed, promisedMwh: agreed }]);
      expect(verdict.account?.owedMsat).toBe(0n);
    },
  );

  it("the buyer, who has made its preimage, shows it for what has timed out: that does not count, and its own transaction neither", () => {
    const drill = pair("made");
    const { network, buyer, seller } = drill;
    pending(drill, [2_000_000n]);
    buyer.node.forceClose(0);
    network.run();
    const commitment = network.closeBy(buyer, seller);
    network.mine(20);
    const timeout = claim(buyer, HOLDER, { by: HOLDER, id: 0 }) as Uint8Array;
    network.confirm(timeout);
    // By itself the node shows no preimage that it was not told.
    expect(buyer.node.evidence(0)?.htlcs.map(({ preimage }) => preimage)).toEqual([undefined]);
    const made = { file: "buyer", bundle: bundle(buyer, commitment, [], [PREIMAGES[0] as Uint8Array]) };
    const remark = /Only node_\d shows the preimage of its HTLC 0, and may have made it/;
    const other = { file: "seller", bundle: bundle(seller, commitment) };
    expect(judge([made]).remarks.join()).toMatch(remark);
    for (const { account } of [judge([made]), judge([made, other])]) {
      expect(account?.riders.map(({ fate }) => fate)).toEqual(["does not count: only its offerer shows the preimage"]);
      expect(account?.intervals).toEqual([]);
    }
    const bold = { file: "buyer", bundle: { ...made.bundle, claimTransactions: [timeout] } };
    expect(judge([bold, other]).bundles.map(({ standing }) => standing)).toEqual(["inconsistent", "valid"]);
    expect(judge([made, other]).remarks.join()).toMatch(remark);
    // Of what the seller has shown itself there is no doubt.
    const admitted = { file: "seller", bundle: bundle(seller, commitment, [], [PREIMAGES[0] as Uint8Array]) };
    expect(judge([made, admitted]).remarks.join()).not.toMatch(remark);
    expect(judge([other]).remarks.join()).not.toMatch(remark);
  });

  it("the seller claims on the chain what has lapsed: bought back at the worse price", () => {
    const drill = pair("lapsed");
    const { network, buyer, seller, ofSeller } = drill;
    pending(drill, [2_000_000n]);
    for (let s = 0; s < 30 && buyer.told("lapsed").length === 0; s++) network.seconds(1);
    expect(buyer.told("lapsed")).toHaveLength(1);
    buyer.node.forceClose(0);
    network.run();
    const commitment = network.closeBy(buyer, seller);
    const preimage = PREIMAGES[0] as Uint8Array;
    network.confirm(claim(seller, COUNTERPARTY, { by: COUNTERPARTY, id: 0 }, { preimage }) as Uint8Array);
    const verdict = judge([
      { file: "buyer", bundle: bundle(buyer, commitment, [], [preimage]) },
      { file: "seller", bundle: bundle(seller, commitment, [], [preimage]) },
    ]);
    expect(verdict.account?.riders.map(({ fate }) => fate)).toEqual(["bought back: claimed after its lapse"]);
    expect(verdict.account?.intervals).toEqual([]);
    // It was paid more than the energy costs now, and gives all of it back.
    expect(ofSeller(verdict.account?.owedMsat ?? 0n)).toBe(2_000_000n);
    expect(size(verdict.account?.signedArrearsMsat ?? 1n)).toBe(0n);
  });
});
