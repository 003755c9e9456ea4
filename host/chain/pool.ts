import type { Transaction } from "../decode/transaction.js";
import type { Refusal } from "./chain.js";
import { type Coin, type RelayPolicy, coinKey, isReplaceable, refusal, relayFee, virtualSize } from "./rules.js";

export interface PoolEntry {
  bytes: Uint8Array;
  tx: Transaction;
  feeSat: bigint;
}

/** Transactions that wait for a block; none spends what another spends. */
export class Pool {
  private readonly waiting = new Map<string, PoolEntry>();
  private readonly spenders = new Map<string, string>();

  constructor(private readonly policy: RelayPolicy) {}

  has(txid: string): boolean {
    return this.waiting.has(txid);
  }

  /** In the order of arrival, so that parents come before children. */
  entries(): readonly PoolEntry[] {
    return [...this.waiting.values()];
  }

  /** Id of the transaction that spends this output. */
  spender(key: string): string | undefined {
    return this.spenders.get(key);
  }

  /** An output of a transaction that waits, spent or not: what spends it is a conflict, not a missing input. */
  output(txid: string, index: number, nextHeight: number): Coin | undefined {
    const output = this.waiting.get(txid)?.tx.outputs[index];
    return output && { sat: output.amount_sat, script: output.script, height: nextHeight };
  }

  /** Those that spend what `tx` spends; refused if one of them is not to be replaced. */
  conflicts(tx: Transaction): readonly PoolEntry[] | Refusal {
    const found = new Set<PoolEntry>();
    for (const { txid, output_index } of tx.inputs) {
      const other = this.waiting.get(this.spenders.get(coinKey(txid, output_index)) ?? "");
      if (other === undefined) continue;
      if (!isReplaceable(other.tx)) return refusal("conflict", `${other.tx.txid} spends the same`);
      found.add(other);
    }
    return [...found];
  }

  /** BIP 125: a replacement pays more for its size than each, and more than all, plus its own way through the network. */
  checkReplacement(entry: PoolEntry, conflicts: readonly PoolEntry[]): Refusal | undefined {
    if (conflicts.length === 0) return undefined;
    const size = virtualSize(entry.tx);
    for (const other of conflicts) {
      if (entry.feeSat * virtualSize(other.tx) <= other.feeSat * size) {
        return refusal("conflict", `${other.tx.txid} pays as much for its size`);
      }
    }
    const replaced = this.withDescendants(conflicts);
    if (entry.tx.inputs.some(({ txid }) => replaced.has(txid))) {
      return refusal("conflict", "it spends what it would replace");
    }
    const fees = [...replaced.values()].reduce((sum, { feeSat }) => sum + feeSat, 0n);
    const least = fees + relayFee(entry.tx, this.policy);
    return entry.feeSat < least ? refusal("conflict", `a replacement would pay ${least} satoshi of fee`) : undefined;
  }

  /** @param conflicts go, with all that spends them */
  add(entry: PoolEntry, conflicts: readonly PoolEntry[]): void {
    for (const txid of this.withDescendants(conflicts).keys()) this.remove(txid);
    this.waiting.set(entry.tx.txid, entry);
    for (const { txid, output_index } of entry.tx.inputs) {
      this.spenders.set(coinKey(txid, output_index), entry.tx.txid);
    }
  }

  remove(txid: string): void {
    const entry = this.waiting.get(txid);
    if (entry === undefined) return;
    this.waiting.delete(txid);
    for (const input of entry.tx.inputs) this.spenders.delete(coinKey(input.txid, input.output_index));
  }

  clear(): void {
    this.waiting.clear();
    this.spenders.clear();
  }

  private withDescendants(entries: readonly PoolEntry[]): Map<string, PoolEntry> {
    const found = new Map(entries.map((entry) => [entry.tx.txid, entry]));
    // Children stand behind their parents: one pass finds all.
    for (const entry of this.waiting.values()) {
      if (entry.tx.inputs.some(({ txid }) => found.has(txid))) found.set(entry.tx.txid, entry);
    }
    return found;
  }
}
