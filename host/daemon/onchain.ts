import { type Refusal, type Subscription, outpointOf, txidText } from "../chain/chain.js";
import { decodeTransaction } from "../decode/transaction.js";
import type { Context } from "./context.js";
import { hexText } from "./context.js";

/** A transaction's own id, whatever its witness, as people write it. */
export const txidOf = (transaction: Uint8Array): string => decodeTransaction(transaction).txid;

/** Blocks before an outpoint was first watched that are looked at too, in case that was not written down at once. */
const SPARE_BLOCKS = 144;
/** Refusals after which trying again may help: the same transaction may pass in a later block. */
const LATER: readonly Refusal["reason"][] = ["lock_time", "sequence", "missing_inputs", "fee", "other"];

/** Between node and chain: blocks and watched outputs one way, transactions the other. */
export class Onchain {
  private readonly watches = new Map<number, { readonly outpoint: string; readonly subscription: Subscription }>();
  private readonly blocks: Subscription;
  /** Not accepted yet, by txid. */
  private readonly waiting = new Map<string, Uint8Array>();
  private readonly underWay = new Set<Promise<string | undefined>>();
  private readonly accepted = new Set<string>();
  /** Transactions that the node had published, by the outpoint that they spend first. */
  private readonly published = new Map<string, string>();

  /** Ids of transactions in the chain that spend a channel's funding output. */
  private readonly closings = new Map<number, string>();

  /** @param onBlock called after the node knows of a block */
  constructor(
    private readonly context: Context,
    onBlock: () => void,
  ) {
    const { chain, node, log } = context;
    this.blocks = chain.onBlock(({ height }) => {
      log.debug(`block ${height}`);
      context.act("block", () => {
        node.block(height);
      });
      for (const transaction of [...this.waiting.values()]) void this.broadcast(transaction);
      onBlock();
    });
  }

  /** The id of what was published to spend this channel's funding output; undefined if nothing was by us. */
  spenderOf(fundingTxid: Uint8Array, vout: number): string | undefined {
    return this.published.get(`${txidText(fundingTxid)}:${vout}`);
  }

  /** The id of the transaction in the chain that has closed a channel; undefined while none has. */
  closedBy(channel: number): string | undefined {
    return this.closings.get(channel);
  }

  /** As the node asks for it. */
  watch(channel: number, outpoint: Uint8Array, script: Uint8Array): void {
    const { chain, node, book, log, act } = this.context;
    const known = this.watches.get(channel);
    const name = hexText(outpoint);
    if (known?.outpoint === name) return;
    known?.subscription.cancel();
    this.closings.delete(channel);
    const subscription = chain.watch(
      outpointOf(outpoint),
      script,
      {
        depth: (depth, place) => {
          act("funding depth", () => {
            // How deep a funding lies that a closed channel had is no matter any more.
            if ([undefined, "none", "closed"].includes(node.channel(channel)?.state)) return;
            node.fundingDepth(channel, depth, place?.height ?? 0, place?.index ?? 0);
          });
        },
        spent: (spend) => {
          this.closings.delete(channel);
          if (spend === undefined) return;
          const txid = txidOf(spend.tx);
          this.closings.set(channel, txid);
          log.info(`channel ${channel}: funding output spent by ${txid}`);
          act("funding spent", () => {
            node.fundingSpent(channel, spend.tx);
          });
        },
      },
      Math.max(0, book.watchedSince(name, chain.height()) - SPARE_BLOCKS),
    );
    this.watches.set(channel, { outpoint: name, subscription });
  }

  /**
   * Publishes, and tries again with each block until it is accepted.
   *
   * @returns the chain's refusal, or undefined if it has accepted; it never rejects
   */
  broadcast(transaction: Uint8Array): Promise<string | undefined> {
    const { txid, inputs } = decodeTransaction(transaction);
    const [first] = inputs;
    if (first !== undefined) this.published.set(`${first.txid}:${first.output_index}`, txid);
    this.waiting.set(txid, transaction);
    const attempt = this.attempt(txid, transaction);
    this.underWay.add(attempt);
    void attempt.finally(() => this.underWay.delete(attempt));
    return attempt;
  }

  /** Waits until the chain has answered to all that was published. */
  async answered(): Promise<void> {
    await Promise.all(this.underWay);
  }

  private async attempt(txid: string, transaction: Uint8Array): Promise<string | undefined> {
    const { chain, log } = this.context;
    let refusal: Refusal | undefined;
    try {
      refusal = await chain.broadcast(transaction);
    } catch (error) {
      log.warn(`transaction ${txid}: ${(error as Error).message}`);
      return (error as Error).message;
    }
    if (refusal === undefined || refusal.reason === "known") {
      this.waiting.delete(txid);
      if (!this.accepted.has(txid)) log.info(`transaction ${txid}: published`);
      this.accepted.add(txid);
      return undefined;
    }
    log.warn(`transaction ${txid}: refused, ${refusal.reason}: ${refusal.detail}`);
    if (!LATER.includes(refusal.reason)) this.waiting.delete(txid);
    return `${refusal.reason}, ${refusal.detail}`;
  }

  stop(): void {
    this.blocks.cancel();
    for (const { subscription } of this.watches.values()) subscription.cancel();
  }
}
