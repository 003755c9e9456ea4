import { Entropy } from "../board/entropy.js";
import { decodeTransaction } from "../decode/transaction.js";
import {
  type Block,
  type Chain,
  type FundingTransaction,
  type Outpoint,
  REGTEST_CHAIN_HASH,
  type Refusal,
  type Subscription,
  type WatchListener,
  txidText,
} from "./chain.js";
import { Ledger } from "./ledger.js";
import type { RelayPolicy } from "./rules.js";
import { SimulatedWallet } from "./simulated_wallet.js";
import { Watches, readBlock } from "./watches.js";

const FAUCET_COINS = 200;
const FAUCET_COIN_SAT = 1_000_000_000n;
const FORMAT = "tieline simulated chain 1";

/** What becomes of the transactions of blocks that a reorganisation takes off. */
export type Reorganised =
  /** The new branch has them, in its first block. */
  | "mined"
  /** They wait again, the new branch's blocks are empty. */
  | "waiting"
  /** They never were. */
  | "forgotten";

/** A simulated chain as text: JSON with these fields; transactions are hexadecimal. */
interface Saved {
  format: string;
  seed: string;
  minRelayFeePerKvb: string;
  /** How many blocks were ever made. */
  made: number;
  keys: number;
  kept: string[];
  /** Each with its coinbase. */
  blocks: string[][];
  waiting: string[];
  tip: string;
}

export interface SimulatedChainOptions {
  /** Keys of the wallet, and so all ids, follow from it. */
  seed: string;
  /** 1,000 as full nodes have it unless given. */
  minRelayFeePerKvb?: bigint;
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
const unhex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, "hex"));

/**
 * A chain in this process: scripts are executed, lock times, fees and forms are checked as full nodes do; blocks come when
 * `mine` is called. It begins with Bitcoin's regtest genesis block, and block 1 fills the wallet. The same calls with the
 * same seed give the same bytes. Everything happens within the call, listeners included, so that a simulation that has its
 * own order of events can use `fundNow`, `submit`, `mineNow` and `reorganise` and wait for nothing.
 */
export class SimulatedChain implements Chain {
  readonly chainHash = REGTEST_CHAIN_HASH;
  private readonly policy: RelayPolicy;
  private readonly seed: string;
  private readonly ledger: Ledger;
  private readonly wallet: SimulatedWallet;
  private readonly watches = new Watches();
  private readonly events: (() => void)[] = [];
  private isDelivering = false;
  private told = 0;
  private made = 0;

  constructor({ seed, minRelayFeePerKvb = 1000n }: SimulatedChainOptions, saved?: Saved) {
    this.seed = seed;
    this.policy = { minRelayFeePerKvb };
    this.ledger = new Ledger(this.policy);
    this.wallet = new SimulatedWallet(this.ledger, this.policy, new Entropy(seed));
    if (saved === undefined) {
      const coin = { sat: FAUCET_COIN_SAT, script: this.wallet.mainScript };
      this.ledger.mine(
        [],
        Array.from({ length: FAUCET_COINS }, () => coin),
        this.made++,
      );
    } else {
      for (const block of saved.blocks) this.ledger.connect(block.map(unhex));
      this.ledger.resubmit(saved.waiting.map(unhex));
      this.wallet.restore(saved.keys, saved.kept);
      this.made = saved.made;
    }
    this.told = this.ledger.height;
  }

  height(): number {
    return this.told;
  }

  /** Blocks from the genesis block on; undefined above the newest. */
  block(height: number): Block | undefined {
    return this.ledger.block(height);
  }

  /** Sum of all unspent outputs. Blocks pay their fees to the wallet: it only shrinks by what nobody can spend. */
  supplySat(): bigint {
    return [...this.ledger.coins().values()].reduce((sum, { sat }) => sum + sat, 0n);
  }

  /** Transactions that wait for a block. */
  waiting(): readonly Uint8Array[] {
    return this.ledger.waiting().map(({ bytes }) => bytes);
  }

  async fund(script: Uint8Array, amountSat: bigint, feeratePerKw: number): Promise<FundingTransaction> {
    return this.fundNow(script, amountSat, feeratePerKw);
  }

  fundNow(script: Uint8Array, amountSat: bigint, feeratePerKw: number): FundingTransaction {
    return this.wallet.fund(script, amountSat, feeratePerKw);
  }

  async release(tx: Uint8Array): Promise<void> {
    this.wallet.release(decodeTransaction(tx).inputs);
  }

  async broadcast(tx: Uint8Array): Promise<Refusal | undefined> {
    return this.submit(tx);
  }

  /** `broadcast`, now. */
  submit(tx: Uint8Array): Refusal | undefined {
    return this.ledger.submit(tx);
  }

  watch(outpoint: Outpoint, _script: Uint8Array, listener: WatchListener, since?: number): Subscription {
    const watch = this.watches.watch(outpoint, listener);
    this.deliver(() => {
      for (let height = Math.max(0, since ?? 0); height <= this.told; height++) {
        const block = this.ledger.block(height);
        if (block !== undefined) watch.look(readBlock(block));
      }
      this.watches.activate(watch);
      watch.tellAll(this.told);
    });
    return watch;
  }

  onBlock(listener: (block: Block) => void): Subscription {
    return this.watches.onBlock(listener);
  }

  async newAddressScript(): Promise<Uint8Array> {
    return this.wallet.newScript();
  }

  async balanceSat(): Promise<bigint> {
    return this.wallet.balanceSat();
  }

  async mine(blocks: number): Promise<void> {
    this.mineNow(blocks);
  }

  /** `mine`, now: the first block takes all that waits, later ones what listeners have broadcast meanwhile. */
  mineNow(blocks: number): void {
    for (let i = 0; i < blocks; i++) this.mineOne(this.ledger.waiting());
  }

  /**
   * Takes the newest `depth` blocks off and puts one more in their place, as a longer branch would.
   * @param transactions what becomes of those of the old branch; what has waited since waits on, if it still can
   */
  reorganise(depth: number, transactions: Reorganised): void {
    if (depth < 1 || depth >= this.ledger.height) throw new RangeError(`${depth} of ${this.ledger.height} blocks`);
    const waiting = this.waiting();
    const top = this.ledger.height;
    let returned: Uint8Array[] = [];
    for (let i = 0; i < depth; i++) returned = [...this.ledger.disconnect(), ...returned];
    this.ledger.resubmit(transactions === "forgotten" ? waiting : [...returned, ...waiting]);
    // Listeners hear of it when it is done: what they broadcast then is not lost.
    for (let height = top; height > top - depth; height--) {
      this.deliver(() => {
        this.told = height - 1;
        this.watches.disconnected(height);
      });
    }
    const ids = new Set(returned.map((bytes) => decodeTransaction(bytes).txid));
    for (let i = 0; i <= depth; i++) {
      const again = this.ledger.waiting().filter(({ tx }) => ids.has(tx.txid));
      this.mineOne(transactions === "mined" ? again : []);
    }
  }

  /** All of its state: `SimulatedChain.load` of the text goes on where this one stands. Watches are not part of it. */
  save(): string {
    const blocks: string[][] = [];
    for (let height = 1; height <= this.ledger.height; height++) {
      blocks.push((this.ledger.block(height)?.transactions ?? []).map(hex));
    }
    const saved: Saved = {
      format: FORMAT,
      seed: this.seed,
      minRelayFeePerKvb: String(this.policy.minRelayFeePerKvb),
      made: this.made,
      keys: this.wallet.keyCount,
      kept: [...this.wallet.keptCoins],
      blocks,
      waiting: this.waiting().map(hex),
      tip: this.tip(),
    };
    return `${JSON.stringify(saved)}\n`;
  }

  /** Throws an Error if the text is not what `save` gave. */
  static load(text: string): SimulatedChain {
    let chain: SimulatedChain;
    let tip: string;
    try {
      const saved = JSON.parse(text) as Saved;
      if (saved.format !== FORMAT) throw new Error(`its format is not "${FORMAT}"`);
      tip = saved.tip;
      chain = new SimulatedChain({ seed: saved.seed, minRelayFeePerKvb: BigInt(saved.minRelayFeePerKvb) }, saved);
    } catch (error) {
      throw new Error(`no simulated chain: ${error instanceof Error ? error.message : String(error)}`, {
        cause: error,
      });
    }
    if (chain.tip() !== tip) throw new Error("no simulated chain: its blocks do not lead to its newest one");
    return chain;
  }

  close(): void {
    this.watches.clear();
    this.events.length = 0;
  }

  /** Hash of the newest block, as people write it. */
  tip(): string {
    return txidText(this.ledger.block(this.ledger.height)?.hash ?? new Uint8Array(32));
  }

  private mineOne(entries: ReturnType<Ledger["waiting"]>): void {
    const fees = entries.reduce((sum, { feeSat }) => sum + feeSat, 0n);
    const rewards = fees > 0n ? [{ sat: fees, script: this.wallet.mainScript }] : [];
    const block = this.ledger.mine(entries, rewards, this.made++);
    this.deliver(() => {
      this.told = block.height;
      this.watches.connected(readBlock(block));
    });
  }

  /** One event after the other: what a listener does is told of when it is done. */
  private deliver(event: () => void): void {
    this.events.push(event);
    if (this.isDelivering) return;
    this.isDelivering = true;
    try {
      for (let next = this.events.shift(); next !== undefined; next = this.events.shift()) next();
    } finally {
      this.isDelivering = false;
    }
  }
}
