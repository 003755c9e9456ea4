import { Transaction, p2wpkh } from "@scure/btc-signer";
import secp256k1 from "secp256k1";
import type { Entropy } from "../board/entropy.js";
import { ChainError, type FundingTransaction, txidFromText } from "./chain.js";
import type { Ledger } from "./ledger.js";
import { type Coin, type RelayPolicy, coinKey } from "./rules.js";

/** Weight of an input with its witness: the longest signature, a compressed key. */
const INPUT_WEIGHT = 41 * 4 + 1 + 1 + 73 + 1 + 33;
/** Version, flags, counts, lock time. */
const BASE_WEIGHT = 10 * 4 + 2;
const CHANGE_WEIGHT = 31 * 4;
const CHANGE_LEAST_SAT = 1000n;

/** The wallet of a simulated chain: keys from a seed, coins from the faucet, P2WPKH only. */
export class SimulatedWallet {
  private readonly keys: { secret: Uint8Array; script: Uint8Array }[] = [];
  private readonly byScript = new Map<string, Uint8Array>();
  private readonly kept = new Set<string>();
  private readonly entropy: Entropy;

  constructor(
    private readonly ledger: Ledger,
    private readonly policy: RelayPolicy,
    entropy: Entropy,
  ) {
    this.entropy = entropy.stream("wallet");
    this.newScript();
  }

  /** How many keys have been handed out: with the seed, all there is to know of them. */
  get keyCount(): number {
    return this.keys.length;
  }

  /** Outputs kept for funding transactions. */
  get keptCoins(): readonly string[] {
    return [...this.kept];
  }

  /** The first script: what the faucet and fees are paid to. */
  get mainScript(): Uint8Array {
    return this.keys[0]?.script ?? new Uint8Array(0);
  }

  newScript(): Uint8Array {
    const secret = this.entropy.bytes(32);
    const { script } = p2wpkh(secp256k1.publicKeyCreate(secret, true));
    this.keys.push({ secret, script });
    this.byScript.set(Buffer.from(script).toString("hex"), secret);
    return script;
  }

  /** Takes up the state of an earlier wallet of the same seed. */
  restore(keyCount: number, kept: readonly string[]): void {
    while (this.keys.length < keyCount) this.newScript();
    for (const key of kept) this.kept.add(key);
  }

  balanceSat(): bigint {
    return this.free().reduce((sum, { coin }) => sum + coin.sat, 0n);
  }

  fund(script: Uint8Array, amountSat: bigint, feeratePerKw: number): FundingTransaction {
    const inputs: { key: string; coin: Coin; secret: Uint8Array }[] = [];
    let weight = BASE_WEIGHT + 4 * (9 + script.length);
    let sum = 0n;
    const relayRate = Number(this.policy.minRelayFeePerKvb) / 4;
    const fee = (units: number): bigint => BigInt(Math.ceil((units * Math.max(feeratePerKw, relayRate)) / 1000));
    for (const found of this.free()) {
      if (sum >= amountSat + fee(weight)) break;
      inputs.push(found);
      sum += found.coin.sat;
      weight += INPUT_WEIGHT;
    }
    if (sum < amountSat + fee(weight)) {
      throw new ChainError(`fund: ${amountSat} satoshi and the fee are more than the simulated wallet has, ${sum}`);
    }
    const change = sum - amountSat - fee(weight + CHANGE_WEIGHT);
    const tx = new Transaction({ version: 2, allowUnknownOutputs: true, disableScriptCheck: true });
    for (const { key, coin } of inputs) {
      const [txid = "", index] = key.split(":");
      tx.addInput({ txid, index: Number(index), witnessUtxo: { script: coin.script, amount: coin.sat } });
    }
    tx.addOutput({ script, amount: amountSat });
    if (change >= CHANGE_LEAST_SAT) tx.addOutput({ script: this.newScript(), amount: change });
    for (const [i, { secret }] of inputs.entries()) tx.signIdx(secret, i);
    tx.finalize();
    for (const { key } of inputs) this.kept.add(key);
    const paid = sum - amountSat - (change >= CHANGE_LEAST_SAT ? change : 0n);
    return { tx: tx.extract(), txid: txidFromText(tx.id), vout: 0, feeSat: paid };
  }

  release(inputs: readonly { txid: string; output_index: number }[]): void {
    for (const { txid, output_index } of inputs) this.kept.delete(coinKey(txid, output_index));
  }

  /** Coins that blocks have, that nothing spends and that are kept for nothing; the oldest first, whatever happened. */
  private free(): { key: string; coin: Coin; secret: Uint8Array }[] {
    const found = [];
    for (const [key, coin] of this.ledger.coins()) {
      const secret = this.byScript.get(Buffer.from(coin.script).toString("hex"));
      if (secret !== undefined && !this.kept.has(key) && !this.ledger.isClaimed(key)) found.push({ key, coin, secret });
    }
    return found.sort((a, b) => a.coin.height - b.coin.height || compareKeys(a.key, b.key));
  }
}

const compareKeys = (a: string, b: string): number => {
  const [[txid = "", index], [otherTxid = "", other]] = [a.split(":"), b.split(":")];
  return txid === otherTxid ? Number(index) - Number(other) : txid < otherTxid ? -1 : 1;
};
