import {
  type Block,
  type Chain,
  ChainError,
  type FundingTransaction,
  type Outpoint,
  type Refusal,
  type RefusalReason,
  type Subscription,
  type WatchListener,
  txidFromText,
  txidText,
} from "../chain/chain.js";
import { Watches, readBlock } from "../chain/watches.js";
import type { Clock, Timer } from "./clock.js";
import { bytesOf, hexText, sameBytes } from "./context.js";
import { ControlClient } from "./control_client.js";
import { type Json, RpcError } from "./rpc.js";

/** Wait between two attempts to reach the chain again, ms. */
const RETRY_MS = 1000;
const NOTHING = new Uint8Array(0);

interface BlockReply {
  readonly height: number;
  readonly hash: string;
  readonly header: string;
  readonly transactions: readonly string[];
}

/**
 * The chain that another process serves (`tieline chain`): its blocks are fetched as they come and kept here, so watching
 * is our own. While it cannot be reached, calls fail and it is tried again.
 */
export class RemoteChain implements Chain {
  private readonly watches = new Watches();
  private readonly events: (() => void)[] = [];
  /** From the genesis block on, as far as listeners have been told. */
  private readonly blocks: Block[] = [];
  private isDelivering = false;
  private isClosed = false;
  private retry: Timer | undefined;

  private constructor(
    private readonly path: string,
    readonly chainHash: Uint8Array,
    private client: ControlClient,
    private readonly clock: Clock,
    private readonly onTrouble: (message: string) => void,
  ) {}

  /**
   * Throws ChainError if nobody listens at `path`.
   *
   * @param onTrouble told when the chain is lost later on
   */
  static async connect(path: string, clock: Clock, onTrouble: (message: string) => void): Promise<RemoteChain> {
    const client = await reach(path);
    const { chain_hash, tip } = (await client.call("getinfo")) as { chain_hash: string; tip: string };
    const chain = new RemoteChain(path, bytesOf(chain_hash), client, clock, onTrouble);
    await chain.catchUp();
    void chain.follow(tip);
    return chain;
  }

  height(): number {
    return this.blocks.length - 1;
  }

  async fund(script: Uint8Array, amountSat: bigint, feeratePerKw: number): Promise<FundingTransaction> {
    const reply = await this.call("fund", { script: hexText(script), amount: amountSat, feerate: feeratePerKw });
    const { tx, txid, vout, fee_sat } = reply as { tx: string; txid: string; vout: number; fee_sat: string };
    return { tx: bytesOf(tx), txid: txidFromText(txid), vout, feeSat: BigInt(fee_sat) };
  }

  async release(tx: Uint8Array): Promise<void> {
    await this.call("release", { tx: hexText(tx) });
  }

  async broadcast(tx: Uint8Array): Promise<Refusal | undefined> {
    const { reason, detail } = (await this.call("broadcast", { tx: hexText(tx) })) as Partial<Record<string, string>>;
    return reason === undefined ? undefined : { reason: reason as RefusalReason, detail: detail ?? "" };
  }

  watch(outpoint: Outpoint, _script: Uint8Array, listener: WatchListener, since?: number): Subscription {
    const watch = this.watches.watch(outpoint, listener);
    this.deliver(() => {
      for (const block of this.blocks.slice(Math.max(0, since ?? 0))) watch.look(readBlock(block));
      this.watches.activate(watch);
      watch.tellAll(this.height());
    });
    return watch;
  }

  onBlock(listener: (block: Block) => void): Subscription {
    return this.watches.onBlock(listener);
  }

  async newAddressScript(): Promise<Uint8Array> {
    return bytesOf(((await this.call("newscript")) as { script: string }).script);
  }

  async balanceSat(): Promise<bigint> {
    return BigInt(((await this.call("getinfo")) as { balance_sat: string }).balance_sat);
  }

  async mine(blocks: number): Promise<void> {
    await this.call("mine", { blocks });
  }

  close(): void {
    this.isClosed = true;
    this.retry?.cancel();
    this.watches.clear();
    this.events.length = 0;
    this.client.close();
  }

  private async call(method: string, params: Json = {}): Promise<unknown> {
    try {
      return await this.client.call(method, params);
    } catch (error) {
      throw new ChainError(`${method}: ${(error as Error).message}`, error instanceof RpcError ? error.code : 0);
    }
  }

  /** Waits for blocks, one request after the other, as long as the chain answers. */
  private async follow(tip: string): Promise<void> {
    try {
      for (let known = tip; !this.isClosed;) {
        const reply = (await this.client.call("waitblock", { tip: known })) as { tip: string };
        if (reply.tip !== known) await this.catchUp();
        known = txidText(this.blocks.at(-1)?.hash ?? NOTHING);
      }
    } catch (error) {
      if (this.isClosed) return;
      this.onTrouble(`${this.path}: ${(error as Error).message}`);
      this.client.close();
      this.again();
    }
  }

  private again(): void {
    this.retry = this.clock.after(RETRY_MS, () => {
      reach(this.path).then(
        (client) => {
          if (this.isClosed) {
            client.close();
            return;
          }
          this.client = client;
          // What it says of its newest block is compared with what is known here.
          void this.follow(txidText(this.blocks.at(-1)?.hash ?? NOTHING));
        },
        () => {
          if (!this.isClosed) this.again();
        },
      );
    });
  }

  /** Fetches what is new; what is no longer in the chain is taken off first. */
  private async catchUp(): Promise<void> {
    const { height } = (await this.client.call("getinfo")) as { height: number };
    while (this.blocks.length > 0) {
      const own = this.blocks.at(-1);
      const theirs = this.blocks.length - 1 <= height ? await this.fetch(this.blocks.length - 1) : undefined;
      if (own === undefined || (theirs !== undefined && sameBytes(theirs.hash, own.hash))) break;
      this.disconnect();
    }
    while (this.blocks.length <= height) {
      const block = await this.fetch(this.blocks.length);
      const previous = this.blocks.at(-1);
      // Another branch has come up meanwhile: the next reply of waitblock leads here again.
      if (previous !== undefined && !sameBytes(block.header.subarray(4, 36), previous.hash)) return;
      this.blocks.push(block);
      this.deliver(() => {
        this.watches.connected(readBlock(block));
      });
    }
  }

  private disconnect(): void {
    const gone = this.blocks.pop();
    if (gone === undefined) return;
    this.deliver(() => {
      this.watches.disconnected(gone.height);
    });
  }

  private async fetch(height: number): Promise<Block> {
    const reply = (await this.client.call("getblock", { height })) as BlockReply;
    return {
      height: reply.height,
      hash: txidFromText(reply.hash),
      header: bytesOf(reply.header),
      transactions: reply.transactions.map(bytesOf),
    };
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

async function reach(path: string): Promise<ControlClient> {
  try {
    return await ControlClient.connect(path);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? (error as Error).message;
    throw new ChainError(`no chain at ${path} (${code}): start it with tieline chain`);
  }
}
