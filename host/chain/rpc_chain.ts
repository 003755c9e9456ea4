import { decodeTransaction } from "../decode/transaction.js";
import {
  type Block,
  type Chain,
  ChainError,
  type FundingTransaction,
  type Outpoint,
  type Refusal,
  type Subscription,
  type WatchListener,
  sha256d,
  txidFromText,
  txidText,
} from "./chain.js";
import { RpcClient, type RpcOptions } from "./rpc_client.js";
import { refusalOf } from "./rpc_refusals.js";
import { coinKey } from "./rules.js";
import { type ReadBlock, type Watch, Watches } from "./watches.js";

const SAT_PER_COIN = 1e8;
const NOT_FOUND = -5;
/** As many blocks as a node makes within a few seconds, so that no answer takes too long. */
const MINED_AT_ONCE = 200;

/** What polls: a daemon's clock, or a test's. */
export interface PollClock {
  every(ms: number, action: () => void): { cancel(): void };
}

export interface RpcChainOptions extends RpcOptions {
  /** Without one, nothing is noticed but at `poll` and `mine`. */
  clock?: PollClock;
  pollMs?: number;
  /** Instead of the hash of the node's genesis block. */
  chainHash?: Uint8Array;
  /** Hears why a poll failed; the next one tries again. */
  onProblem?: (error: Error) => void;
}

/** The parts that are used of what `getblock` says at verbosity 2. */
interface BlockAnswer {
  hash: string;
  height: number;
  version: number;
  merkleroot: string;
  time: number;
  nonce: number;
  bits: string;
  previousblockhash?: string;
  tx: { txid: string; hex: string; vin: { txid?: string; vout?: number }[] }[];
}

interface Tip {
  height: number;
  hash: string;
}

const toSat = (coins: number): bigint => BigInt(Math.round(coins * SAT_PER_COIN));
const unhex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, "hex"));

/** A chain behind the JSON-RPC of a bitcoind-compatible full node with a wallet. No index of transactions is needed. */
export class RpcChain implements Chain {
  private readonly watches = new Watches();
  private readonly timer: { cancel(): void } | undefined;
  /** What is under way; the next thing waits for it, so that events stay in order. */
  private busy: Promise<void> = Promise.resolve();
  /** Watches that could not be begun. */
  private readonly unfinished: (() => void)[] = [];
  private readonly problem: (error: Error) => void;
  /** Address that mined blocks pay to; a new one each time would cost the node more than the blocks. */
  private miner: string | undefined;
  private isPolling = false;
  private isClosed = false;

  private constructor(
    private readonly rpc: RpcClient,
    readonly chainHash: Uint8Array,
    private tip: Tip,
    options: RpcChainOptions,
  ) {
    const problem = options.onProblem ?? ((): void => undefined);
    this.timer = options.clock?.every(options.pollMs ?? 1000, () => {
      // A node that is slow is not asked faster.
      if (!this.isPolling) this.poll().catch(problem);
    });
    this.problem = problem;
  }

  /** Rejects with a ChainError if there is no such node, or it is no such chain. */
  static async connect(options: RpcChainOptions): Promise<RpcChain> {
    const rpc = new RpcClient(options);
    const genesis = txidFromText(await rpc.call<string>("getblockhash", 0));
    const hash = await rpc.call<string>("getbestblockhash");
    const { height } = await rpc.call<Tip>("getblockheader", hash);
    return new RpcChain(rpc, options.chainHash ?? genesis, { height, hash }, options);
  }

  height(): number {
    return this.tip.height;
  }

  async fund(script: Uint8Array, amountSat: bigint, feeratePerKw: number): Promise<FundingTransaction> {
    const feeRate = Number(((feeratePerKw * 4) / SAT_PER_COIN).toFixed(8));
    const bare = withoutInputs(script, amountSat);
    const options = { feeRate, changePosition: 1, lockUnspents: true };
    const funded = await this.rpc.call<{ hex: string; fee: number }>("fundrawtransaction", bare, options, false);
    const signed = await this.rpc.call<{ hex: string; complete: boolean }>("signrawtransactionwithwallet", funded.hex);
    const tx = unhex(signed.hex);
    if (!signed.complete) {
      await this.release(tx);
      throw new ChainError(`signrawtransactionwithwallet at ${this.rpc.place}: the wallet cannot sign all inputs`);
    }
    return { tx, txid: txidFromText(decodeTransaction(tx).txid), vout: 0, feeSat: toSat(funded.fee) };
  }

  async release(tx: Uint8Array): Promise<void> {
    const inputs = decodeTransaction(tx).inputs.map(({ txid, output_index }) => ({ txid, vout: output_index }));
    await this.rpc.call("lockunspent", true, inputs);
  }

  async broadcast(tx: Uint8Array): Promise<Refusal | undefined> {
    const text = Buffer.from(tx).toString("hex");
    try {
      await this.rpc.call("getmempoolentry", decodeTransaction(tx).txid);
      return { reason: "known", detail: "it waits already" };
    } catch (error) {
      // It does not wait yet, or is no transaction: what the node says of it counts.
      if (error instanceof ChainError && error.code !== NOT_FOUND) throw error;
    }
    try {
      // 0: no limit to the fee, which is for the caller to judge.
      await this.rpc.call("sendrawtransaction", text, 0);
      return undefined;
    } catch (error) {
      const refused = error instanceof ChainError ? refusalOf(error) : undefined;
      if (refused === undefined) throw error;
      return refused;
    }
  }

  watch(outpoint: Outpoint, _script: Uint8Array, listener: WatchListener, since?: number): Subscription {
    const watch = this.watches.watch(outpoint, listener);
    const begin = async (): Promise<void> => {
      await this.lookBack(watch, outpoint, since);
      if (this.isClosed) return;
      this.watches.activate(watch);
      watch.tellAll(this.tip.height);
    };
    // Until it has been looked back once, a watch is worth nothing: the next poll tries again.
    const attempt = (): void => {
      this.inTurn(begin).catch((error: unknown) => {
        this.problem(error instanceof Error ? error : new Error(String(error)));
        if (!this.isClosed) this.unfinished.push(attempt);
      });
    };
    attempt();
    return watch;
  }

  onBlock(listener: (block: Block) => void): Subscription {
    return this.watches.onBlock(listener);
  }

  async newAddressScript(): Promise<Uint8Array> {
    const address = await this.rpc.call<string>("getnewaddress", "", "bech32");
    const { scriptPubKey } = await this.rpc.call<{ scriptPubKey: string }>("validateaddress", address);
    return unhex(scriptPubKey);
  }

  async balanceSat(): Promise<bigint> {
    const coins = await this.rpc.call<{ amount: number; spendable: boolean }[]>("listunspent", 1);
    return coins.reduce((sum, { amount, spendable }) => (spendable ? sum + toSat(amount) : sum), 0n);
  }

  /** Rejects where blocks cannot be had for nothing. */
  async mine(blocks: number): Promise<void> {
    this.miner ??= await this.rpc.call<string>("getnewaddress", "", "bech32");
    for (let left = blocks; left > 0; left -= MINED_AT_ONCE) {
      await this.rpc.call("generatetoaddress", Math.min(left, MINED_AT_ONCE), this.miner);
    }
    await this.poll();
  }

  /** Looks for new blocks now; listeners have heard of them when this resolves. */
  async poll(): Promise<void> {
    for (const attempt of this.unfinished.splice(0)) attempt();
    this.isPolling = true;
    try {
      await this.inTurn(() => this.follow());
    } finally {
      this.isPolling = false;
    }
  }

  close(): void {
    this.isClosed = true;
    this.timer?.cancel();
    this.watches.clear();
  }

  /** After whatever is under way, however that ends. */
  private inTurn(action: () => Promise<void>): Promise<void> {
    const result = this.busy.then(() => (this.isClosed ? undefined : action()));
    this.busy = result.catch(() => undefined);
    return result;
  }

  /** Goes from the tip that is known to the node's: back to the last common block, then forth. */
  private async follow(): Promise<void> {
    const best = await this.rpc.call<string>("getbestblockhash");
    while (this.tip.hash !== best && !this.isClosed) {
      const mine = await this.rpc.call<{ confirmations: number; previousblockhash?: string }>(
        "getblockheader",
        this.tip.hash,
      );
      // Blocks that are not in the best chain have -1 confirmations.
      if (mine.confirmations < 0 && mine.previousblockhash !== undefined) {
        const gone = this.tip.height;
        this.tip = { height: gone - 1, hash: mine.previousblockhash };
        this.watches.disconnected(gone);
        continue;
      }
      // The chain may have become a shorter one since it was asked for its best block.
      if (mine.confirmations === 1) break;
      const read = await this.read(this.tip.height + 1);
      // It may have become another one since.
      if (!Buffer.from(read.block.header.subarray(4, 36)).equals(txidFromText(this.tip.hash))) continue;
      if (this.isClosed) return;
      this.tip = { height: read.block.height, hash: txidText(read.block.hash) };
      this.watches.connected(read);
    }
  }

  /** What the chain up to the known tip has of an output. */
  private async lookBack(watch: Watch, outpoint: Outpoint, since: number | undefined): Promise<void> {
    const { height } = this.tip;
    if (since === undefined) {
      type Unspent = { confirmations: number; bestblock: string } | null;
      const unspent = await this.rpc.call<Unspent>("gettxout", txidText(outpoint.txid), outpoint.index, false);
      if (unspent !== null && unspent.confirmations > 0) {
        const best = await this.rpc.call<Tip>("getblockheader", unspent.bestblock);
        const at = best.height - unspent.confirmations + 1;
        // A block that listeners have not been told of yet will be looked at when they are.
        if (at <= height) watch.look(await this.read(at));
        return;
      }
    }
    for (let at = Math.max(0, since ?? height); at <= height; at++) watch.look(await this.read(at));
  }

  private async read(height: number): Promise<ReadBlock> {
    const hash = await this.rpc.call<string>("getblockhash", height);
    const answer = await this.rpc.call<BlockAnswer>("getblock", hash, 2);
    const header = headerOf(answer);
    if (txidText(sha256d(header)) !== hash) {
      throw new ChainError(`getblock at ${this.rpc.place}: the header of ${hash} has another hash`);
    }
    const spends = new Map<string, { index: number; input: number }>();
    for (const [index, { vin }] of answer.tx.entries()) {
      for (const [input, { txid, vout }] of vin.entries()) {
        if (txid !== undefined && vout !== undefined) spends.set(coinKey(txid, vout), { index, input });
      }
    }
    const block = { height, hash: txidFromText(hash), header, transactions: answer.tx.map(({ hex }) => unhex(hex)) };
    return { block, txids: answer.tx.map(({ txid }) => txid), spends };
  }
}

/** The 80 bytes of a header from its parts. */
function headerOf(block: BlockAnswer): Uint8Array {
  const bytes = new Uint8Array(80);
  const view = new DataView(bytes.buffer);
  view.setInt32(0, block.version, true);
  if (block.previousblockhash !== undefined) bytes.set(txidFromText(block.previousblockhash), 4);
  bytes.set(txidFromText(block.merkleroot), 36);
  view.setUint32(68, block.time, true);
  view.setUint32(72, parseInt(block.bits, 16), true);
  view.setUint32(76, block.nonce, true);
  return bytes;
}

/** A transaction with one output and no inputs yet, hexadecimal. */
function withoutInputs(script: Uint8Array, amountSat: bigint): string {
  if (script.length > 0xfc) throw new ChainError(`fund: a script of ${script.length} bytes`);
  const bytes = Buffer.alloc(4 + 1 + 1 + 8 + 1 + script.length + 4);
  bytes.writeUInt32LE(2, 0);
  bytes.writeUInt8(1, 5);
  bytes.writeBigUInt64LE(amountSat, 6);
  bytes.writeUInt8(script.length, 14);
  bytes.set(script, 15);
  return bytes.toString("hex");
}
