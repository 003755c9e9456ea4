import { decodeTransaction, type Transaction } from "../decode/transaction.js";
import { GENESIS_HEADER, blockHeader, coinbase, medianBeforeS } from "./blocks.js";
import { type Block, type Refusal, sha256d, txidFromText } from "./chain.js";
import { Execution } from "./interpreter.js";
import { Pool, type PoolEntry } from "./pool.js";
import {
  type Coin,
  type RelayPolicy,
  checkFee,
  checkForm,
  checkLockTime,
  checkSequences,
  coinKey,
  refusal,
} from "./rules.js";

interface StoredBlock extends Block {
  decoded: readonly Transaction[];
  /** What its transactions spent, to be put back when it goes. */
  spent: readonly (readonly [string, Coin])[];
}

/** A script that pays nobody. */
const NOBODY = Uint8Array.of(0x6a);

/**
 * The state of a simulated chain: blocks, unspent outputs, and the transactions that wait. Nothing here is asynchronous,
 * random, or told to anybody. Coinbases can be spent at once: there is nobody to protect from a reorganisation.
 */
export class Ledger {
  private readonly blocks: StoredBlock[] = [];
  private readonly unspent = new Map<string, Coin>();
  /** Id of every transaction in a block. */
  private readonly mined = new Set<string>();
  /** Transactions, by their id with witness, whose scripts hold. */
  private readonly executed = new Set<string>();
  private readonly pool: Pool;

  constructor(private readonly policy: RelayPolicy) {
    this.pool = new Pool(policy);
    const hash = sha256d(GENESIS_HEADER);
    this.blocks.push({ height: 0, hash, header: GENESIS_HEADER, transactions: [], decoded: [], spent: [] });
  }

  get height(): number {
    return this.blocks.length - 1;
  }

  block(height: number): Block | undefined {
    return this.blocks[height];
  }

  /** Outputs that blocks have and no block spends, in a fixed order. */
  coins(): ReadonlyMap<string, Coin> {
    return this.unspent;
  }

  /** Whether a transaction that waits spends this output. */
  isClaimed(key: string): boolean {
    return this.pool.spender(key) !== undefined;
  }

  /** What waits for a block, in the order that a block would have it. */
  waiting(): readonly PoolEntry[] {
    return this.pool.entries();
  }

  /** Takes a transaction among those that wait; or says why not, and changes nothing. */
  submit(bytes: Uint8Array): Refusal | undefined {
    let tx: Transaction;
    try {
      tx = decodeTransaction(bytes);
    } catch (error) {
      return refusal("malformed", error instanceof Error ? error.message : String(error));
    }
    const form = checkForm(tx);
    if (form !== undefined) return form;
    const next = this.height + 1;
    const lockTime = checkLockTime(tx, next, medianBeforeS(next));
    if (lockTime !== undefined) return lockTime;
    if (this.mined.has(tx.txid) || this.pool.has(tx.txid)) return refusal("known", tx.txid);
    const conflicts = this.pool.conflicts(tx);
    if ("reason" in conflicts) return conflicts;
    const coins: Coin[] = [];
    for (const { txid, output_index } of tx.inputs) {
      const key = coinKey(txid, output_index);
      const coin = this.unspent.get(key) ?? this.pool.output(txid, output_index, next);
      if (coin === undefined) return refusal("missing_inputs", `${key} does not exist, or is spent`);
      coins.push(coin);
    }
    const sequences = checkSequences(tx, coins, next, medianBeforeS);
    if (sequences !== undefined) return sequences;
    const fee = checkFee(tx, coins, this.policy);
    if (typeof fee !== "bigint") return fee;
    const entry: PoolEntry = { bytes: Uint8Array.from(bytes), tx, feeSat: fee };
    const replacement = this.pool.checkReplacement(entry, conflicts);
    if (replacement !== undefined) return replacement;
    const fault = this.execute(entry, coins);
    if (fault !== undefined) return fault;
    this.pool.add(entry, conflicts);
    return undefined;
  }

  private execute({ bytes, tx }: PoolEntry, coins: readonly Coin[]): Refusal | undefined {
    // The ids of what it spends stand for scripts and amounts: the result can never be another one.
    if (this.executed.has(tx.wtxid)) return undefined;
    const execution = new Execution(bytes);
    for (const [i, coin] of coins.entries()) {
      const fault = execution.run(i, coin.script, coin.sat);
      if (fault !== "") return refusal("script", `input ${i}: ${fault}`);
    }
    this.executed.add(tx.wtxid);
    return undefined;
  }

  /**
   * The next block.
   * @param entries what goes into it; these were accepted
   * @param rewards outputs of its coinbase
   * @param branch different for blocks of one height
   */
  mine(entries: readonly PoolEntry[], rewards: readonly { sat: bigint; script: Uint8Array }[], branch: number): Block {
    const height = this.height + 1;
    const outputs = rewards.length > 0 ? rewards : [{ sat: 0n, script: NOBODY }];
    return this.connect([coinbase(height, branch, outputs), ...entries.map(({ bytes }) => bytes)]);
  }

  /** Appends a block of these transactions without checking them again. */
  connect(transactions: readonly Uint8Array[]): Block {
    const height = this.height + 1;
    const decoded = transactions.map(decodeTransaction);
    const previous = this.blocks[height - 1]?.hash ?? new Uint8Array(32);
    const header = blockHeader(
      previous,
      decoded.map(({ txid }) => txidFromText(txid)),
      height,
    );
    const spent: (readonly [string, Coin])[] = [];
    for (const [i, tx] of decoded.entries()) {
      for (const { txid, output_index } of i === 0 ? [] : tx.inputs) {
        const key = coinKey(txid, output_index);
        const coin = this.unspent.get(key);
        if (coin === undefined) throw new Error(`a block spends ${key}, which does not exist`);
        spent.push([key, coin]);
        this.unspent.delete(key);
      }
      for (const [index, { amount_sat, script }] of tx.outputs.entries()) {
        if (script[0] === NOBODY[0]) continue;
        this.unspent.set(coinKey(tx.txid, index), { sat: amount_sat, script: Uint8Array.from(script), height });
      }
      this.mined.add(tx.txid);
      this.pool.remove(tx.txid);
    }
    const block = { height, hash: sha256d(header), header, transactions, decoded, spent };
    this.blocks.push(block);
    return block;
  }

  /** Takes the newest block off. Its transactions are the result, without the coinbase; those that wait are as before. */
  disconnect(): readonly Uint8Array[] {
    if (this.height === 0) throw new RangeError("the genesis block stays");
    const block = this.blocks.pop();
    if (block === undefined) throw new Error("no blocks");
    for (const tx of block.decoded) {
      this.mined.delete(tx.txid);
      for (const index of tx.outputs.keys()) this.unspent.delete(coinKey(tx.txid, index));
    }
    // What the block both made and spent was not there before it.
    const own = new Set(block.decoded.map(({ txid }) => txid));
    for (const [key, coin] of block.spent) if (!own.has(key.slice(0, 64))) this.unspent.set(key, coin);
    return block.transactions.slice(1);
  }

  /** Starts what waits anew, with these in their order; what is not accepted any more is dropped. */
  resubmit(transactions: readonly Uint8Array[]): void {
    this.pool.clear();
    for (const bytes of transactions) this.submit(bytes);
  }
}
