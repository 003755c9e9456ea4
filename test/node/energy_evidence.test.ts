import { createHash } from "node:crypto";
import secp256k1 from "secp256k1";
import { describe, expect, it } from "vitest";
import { decodeTransaction } from "../../host/decode/transaction.js";
import { availableEngines } from "../../host/engine/index.js";
import { type ChannelEvidence, ofEnd, otherEnd } from "../../host/evidence/bundle.js";
import { derivedSecret, obscuringFactor, pointOfSecret, secretOf } from "../../host/evidence/keys.js";
import { energyScript, fundingScript } from "../../host/evidence/scripts.js";
import { decodeState, parametersHash, stateHash } from "../../host/evidence/state.js";
import { toHex } from "../driver/vectors.js";
import { commitmentNumber } from "./between.js";
import { energyOf, LINE, LineNetwork } from "./lines.js";
import { routeOf, type TestNode } from "./network.js";

const sha256d = (...parts: Uint8Array[]): Buffer => {
  const once = createHash("sha256").update(Buffer.concat(parts)).digest();
  return createHash("sha256").update(once).digest();
};
const le = (bytes: 4 | 8, value: bigint): Buffer => {
  const buffer = Buffer.alloc(8);
  buffer.writeBigUInt64LE(value);
  return buffer.subarray(0, bytes);
};

/** BIP 143 of a transaction's only input, SIGHASH_ALL; `bytes` without witness. */
function sighash(evidence: ChannelEvidence, script: Uint8Array): Uint8Array {
  const bytes = evidence.transaction;
  const outpoint = bytes.subarray(5, 41);
  const sequence = bytes.subarray(42, 46);
  const outputs = bytes.subarray(47, bytes.length - 4);
  return sha256d(
    bytes.subarray(0, 4),
    sha256d(outpoint),
    sha256d(sequence),
    outpoint,
    Uint8Array.from([script.length]),
    script,
    le(8, evidence.fundingSat),
    sequence,
    sha256d(outputs),
    bytes.subarray(bytes.length - 4),
    le(4, 1n),
  );
}

/** What a judge can see of one end. */
function expectProven(node: TestNode, channel = 0): ChannelEvidence {
  const evidence = node.node.evidence(channel);
  if (evidence === undefined) throw new Error("no evidence");
  const own = ofEnd(evidence.keys, evidence.holder);
  const other = ofEnd(evidence.keys, otherEnd(evidence.holder));
  expect(own.nodeId).toEqual(node.id);
  const transaction = decodeTransaction(evidence.transaction);
  expect(transaction.inputs).toHaveLength(1);
  expect(transaction.inputs[0]?.txid).toBe(Buffer.from(evidence.fundingTxid).reverse().toString("hex"));
  expect(transaction.inputs[0]?.output_index).toBe(evidence.fundingOutput);
  const script = fundingScript(own.fundingPubkey, other.fundingPubkey);
  const digest = sighash(evidence, script);
  expect(secp256k1.ecdsaVerify(evidence.counterpartySignature, digest, other.fundingPubkey)).toBe(true);
  // No other key has signed it, nor this one anything else.
  expect(secp256k1.ecdsaVerify(evidence.counterpartySignature, digest, own.fundingPubkey)).toBe(false);
  const hash = energyScript(stateHash(evidence.energyState));
  expect(transaction.outputs.filter((output) => toHex(output.script) === toHex(hash))).toHaveLength(1);
  const opener = ofEnd(evidence.keys, evidence.opener).paymentBasepoint;
  const factor = obscuringFactor(opener, ofEnd(evidence.keys, otherEnd(evidence.opener)).paymentBasepoint);
  const sequence = transaction.inputs[0]?.sequence ?? 0;
  expect(commitmentNumber(transaction.locktime, sequence, factor)).toBe(evidence.commitmentNumber);
  const state = decodeState(evidence.energyState);
  expect(toHex(state.parametersHash)).toBe(toHex(parametersHash(evidence.parameters)));
  return evidence;
}

/** Each end's evidence has the other's secrets of all commitments before its latest. */
function expectRefutable(a: ChannelEvidence, b: ChannelEvidence): void {
  const last = b.commitmentNumber;
  for (let number = 0n; number < last; number++) {
    const secret = secretOf(a.revealedSecrets, number);
    expect(secret && pointOfSecret(secret)).toBeDefined();
  }
  expect(secretOf(a.revealedSecrets, last)).toBeUndefined();
  for (const { number, secret } of a.revealedSecrets) expect(derivedSecret({ number, secret }, number)).toEqual(secret);
}

describe.each(availableEngines().map(({ name }) => name))("evidence on %s", (engine) => {
  it.each([false, true])("a commitment that the peer has signed carries the state's hash; anchors %s", (anchors) => {
    const network = new LineNetwork(engine);
    const [a, b] = [network.addNode("a", 1), network.addNode("b", 1)];
    network.connect(a, b);
    network.run();
    network.openChannel(a, b, 10_000_000n, anchors, 4_000_000_000n, {
      ...LINE,
      rentForthMsatPerKwh: 3n,
      lossBackPpm: 4,
    });
    expectProven(a);
    // A payment moves both commitments on, and an old one's secret is known by then.
    const old = a.node.evidence(0);
    for (let i = 0; i < 5; i++) {
      b.node.pay({ channel: 0, hops: routeOf(network, 3_000_000n, [{ node: a, scid: 0n }]) });
      network.run();
    }
    const [one, other] = [expectProven(a), expectProven(b)];
    expect(one.parameters).toEqual(other.parameters);
    expect(one.commitmentNumber).toBeGreaterThan(old?.commitmentNumber ?? one.commitmentNumber);
    expectRefutable(one, other);
    expectRefutable(other, one);
    const secret = secretOf(other.revealedSecrets, old?.commitmentNumber ?? 0n);
    expect(secret && pointOfSecret(secret)).toEqual(old?.perCommitmentPoint);
    a.node.forceClose(0);
    network.run();
    // The transaction that was published is the one that is shown.
    const published = decodeTransaction(a.broadcasts[0] ?? new Uint8Array());
    expect(decodeTransaction(expectProven(a).transaction).txid).toBe(published.txid);
    expect(energyOf(a).closedUntil).toBe(0);
  });

  it("an owner that charges otherwise later still shows what was agreed", () => {
    const network = new LineNetwork(engine);
    const [a, b] = [network.addNode("a", 1), network.addNode("b", 1)];
    network.connect(a, b);
    network.run();
    network.openChannel(a, b, 10_000_000n, false, 4_000_000_000n, LINE);
    const policy = {
      forth: { rentMsatPerKwh: 900n, lossPpm: 10_000 },
      back: { rentMsatPerKwh: -100n, lossPpm: 20_000 },
    };
    expect(a.node.linePolicy(0, policy)).toEqual(policy);
    expect(expectProven(a).parameters).toEqual(expectProven(b).parameters);
    // And the other end is no owner.
    expect(() => b.node.linePolicy(0, policy)).toThrow(/ERR_STATE/);
    const pump = { ...policy, back: { rentMsatPerKwh: -1000n, lossPpm: 0 } };
    expect(() => a.node.linePolicy(0, pump)).toThrow(/ERR_VALUE/);
    expect(a.node.linePolicy(0)).toEqual(policy);
    a.kill();
    network.run();
    a.start();
    expect(a.node.linePolicy(0)).toEqual(policy);
    expectProven(a);
  });
});
