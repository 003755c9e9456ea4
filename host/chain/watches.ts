import { decodeTransaction } from "../decode/transaction.js";
import { type Block, type Outpoint, type Place, type Subscription, type WatchListener, txidText } from "./chain.js";
import { coinKey } from "./rules.js";

/** A block as watches look at it. */
export interface ReadBlock {
  block: Block;
  txids: readonly string[];
  /** Output spent: which transaction and input of this block spends it. */
  spends: ReadonlyMap<string, { index: number; input: number }>;
}

export function readBlock(block: Block): ReadBlock {
  const spends = new Map<string, { index: number; input: number }>();
  const txids = block.transactions.map((bytes, index) => {
    const tx = decodeTransaction(bytes);
    for (const [input, { txid, output_index }] of tx.inputs.entries()) {
      spends.set(coinKey(txid, output_index), { index, input });
    }
    return tx.txid;
  });
  return { block, txids, spends };
}

interface Spend {
  tx: Uint8Array;
  input: number;
  place: Place;
}

/** One watched output: where its transaction and what spends it stand. */
export class Watch implements Subscription {
  private place: Place | undefined;
  private spend: Spend | undefined;
  private cancelled = false;
  readonly txid: string;
  private readonly key: string;

  constructor(
    readonly outpoint: Outpoint,
    private readonly listener: WatchListener,
    private readonly forget: (watch: Watch) => void,
  ) {
    this.txid = txidText(outpoint.txid);
    this.key = coinKey(this.txid, outpoint.index);
  }

  cancel(): void {
    this.cancelled = true;
    this.forget(this);
  }

  get isCancelled(): boolean {
    return this.cancelled;
  }

  /** Notes what a block has of it, without telling anybody. Returns whether it spends the output. */
  look({ block, txids, spends }: ReadBlock): boolean {
    const index = txids.indexOf(this.txid);
    if (index >= 0) this.place = { height: block.height, index };
    const found = spends.get(this.key);
    if (found === undefined) return false;
    const tx = block.transactions[found.index] ?? new Uint8Array(0);
    this.spend = { tx, input: found.input, place: { height: block.height, index: found.index } };
    return true;
  }

  /** What is known at this height, to one who has been told nothing yet. */
  tellAll(height: number): void {
    this.tellDepth(height);
    if (this.spend !== undefined && !this.cancelled) this.listener.spent(this.spend);
  }

  connected(read: ReadBlock): void {
    const isSpent = this.look(read);
    this.tellDepth(read.block.height);
    if (isSpent && !this.cancelled) this.listener.spent(this.spend);
  }

  /** The block of this height is no longer in the chain. */
  disconnected(height: number): void {
    if (this.spend?.place.height === height) {
      this.spend = undefined;
      if (!this.cancelled) this.listener.spent(undefined);
    }
    if (this.place?.height === height) {
      this.place = undefined;
      if (!this.cancelled) this.listener.depth(0, undefined);
    }
  }

  private tellDepth(height: number): void {
    if (this.place !== undefined && !this.cancelled) this.listener.depth(height - this.place.height + 1, this.place);
  }
}

/** Who wants to know of blocks and outputs, in the order in which they said so. */
export class Watches {
  private readonly watches = new Set<Watch>();
  private readonly blockListeners = new Set<{ listener: (block: Block) => void }>();

  /** One that is told nothing before `activate`. */
  watch(outpoint: Outpoint, listener: WatchListener): Watch {
    return new Watch(outpoint, listener, (gone) => this.watches.delete(gone));
  }

  activate(watch: Watch): void {
    if (!watch.isCancelled) this.watches.add(watch);
  }

  onBlock(listener: (block: Block) => void): Subscription {
    const entry = { listener };
    this.blockListeners.add(entry);
    return { cancel: () => void this.blockListeners.delete(entry) };
  }

  /** The height first, so that who hears of an output knows what height it is. */
  connected(read: ReadBlock): void {
    for (const { listener } of [...this.blockListeners]) listener(read.block);
    for (const watch of [...this.watches]) watch.connected(read);
  }

  disconnected(height: number): void {
    for (const watch of [...this.watches]) watch.disconnected(height);
  }

  clear(): void {
    this.watches.clear();
    this.blockListeners.clear();
  }
}
