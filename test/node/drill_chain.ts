import { expect } from "vitest";
import { SimulatedChain } from "../../host/chain/simulated_chain.js";
import { decodeTransaction } from "../../host/decode/transaction.js";
import type { EvidenceBundle, EvidenceReceipt } from "../../host/evidence/bundle.js";
import { bundleText, parseBundle } from "../../host/evidence/json.js";
import type { NodeEvent } from "../../host/node/node_event.js";
import { DrillNetwork, misdeed } from "./drills.js";
import type { TestNode } from "./network.js";

/** Where claimed outputs go: a scriptpubkey of nobody's. */
const DESTINATION = Uint8Array.from([0, 20, ...new Uint8Array(20).fill(0x33)]);

export const HOLDER = 0;
export const COUNTERPARTY = 1;
/** Whose commitment has confirmed: HOLDER, COUNTERPARTY, or the one that `remember` was told. */
export const REMEMBERED = 2;

/** Drills whose channels are on a simulated chain: what is broadcast has to be valid to confirm. */
export class ChainNetwork extends DrillNetwork {
  readonly chain = new SimulatedChain({ seed: "drills" });
  private readonly fundingOf = new Map<string, Uint8Array>();

  constructor(engine: "v8" | "wasm3", seed: string, attackers: readonly string[]) {
    super(engine, seed, attackers);
    this.chain.mineNow(3);
    this.height = this.chain.height();
  }

  override onEvent(node: TestNode, event: NodeEvent): void {
    if (event.kind === "funding needed") {
      const { tx, txid, vout } = this.chain.fundNow(event.script, event.amountSat, 253);
      this.fundingOf.set(node.name, tx);
      node.node.fund(event.channel, txid, vout);
    } else if (event.kind === "funding signed") {
      expect(this.chain.submit(this.funding(node))).toBeUndefined();
    }
  }

  /** The transaction that funds the channel that a node has opened. */
  funding(opener: TestNode): Uint8Array {
    return this.fundingOf.get(opener.name) ?? new Uint8Array(0);
  }

  override mine(blocks = 1): void {
    for (let i = 0; i < blocks; i++) {
      this.chain.mineNow(1);
      super.mine(1);
    }
  }

  /** A transaction confirms, whatever the chain asks for. */
  confirm(transaction: Uint8Array): void {
    expect(this.chain.submit(transaction)).toBeUndefined();
    this.mine();
  }

  /** The last commitment that a node has published confirms, and the other one hears of it. */
  closeBy(closer: TestNode, other: TestNode): Uint8Array {
    const commitment = closer.broadcasts.at(-1) ?? new Uint8Array(0);
    this.confirm(commitment);
    other.node.fundingSpent(0, commitment);
    return commitment;
  }
}

/**
 * A transaction by which a node takes an output of the commitment that has confirmed: that of an HTLC that `by` has offered,
 * or to_local. A negative number if there is no such output.
 */
export function claim(
  node: TestNode,
  which: number,
  htlc: { readonly by: number; readonly id: number } | undefined,
  how: { readonly preimage?: Uint8Array; readonly secret?: Uint8Array } = {},
): Uint8Array | number {
  const input = new Uint8Array(64);
  input.set(DESTINATION);
  input.set(how.preimage ?? how.secret ?? new Uint8Array(0), 32);
  const kind = how.preimage !== undefined ? 1 : how.secret !== undefined ? 2 : 0;
  const length = misdeed(node, "claim", input, 0, which, htlc?.by ?? 0, htlc?.id ?? -1, kind);
  return length < 0 ? length : node.node["module"].output(length);
}

/** What an end's owner shows a judge, by way of a file: what its node knows, and what it has kept and seen on the chain. */
export function bundle(
  node: TestNode,
  confirmed: Uint8Array,
  receipts: readonly EvidenceReceipt[] = [],
  preimages: readonly Uint8Array[] = [],
  change: (bundle: EvidenceBundle) => EvidenceBundle = (same) => same,
): EvidenceBundle {
  const evidence = node.node.evidence(0);
  if (evidence === undefined) throw new Error(`${node.name} has no line`);
  const htlcs = evidence.htlcs.map((htlc, i) => {
    const preimage = preimages[i];
    return { ...htlc, ...(preimage !== undefined && preimage.length > 0 && { preimage }) };
  });
  const confirmedTxid = Uint8Array.from(Buffer.from(decodeTransaction(confirmed).txid, "hex").reverse());
  return parseBundle(node.name, bundleText(change({ ...evidence, htlcs, receipts, notes: [], confirmedTxid })));
}

/** All fiscal records of both ends' meters. */
export function receiptsOf(network: DrillNetwork, node1: TestNode, node2: TestNode): EvidenceReceipt[] {
  return ([1, 2] as const).flatMap((end) => {
    const meter = network.meter(end === 1 ? node1 : node2);
    return Array.from({ length: meter.nextPage() - 1 }, (_, i) => ({ end, record: meter.fiscalRecord(i + 1) ?? "" }));
  });
}
