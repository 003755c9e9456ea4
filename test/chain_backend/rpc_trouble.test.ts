import { type Server, createServer } from "node:http";
import { afterEach, describe, expect, it } from "vitest";
import { type Block, sha256d, txidText } from "../../host/chain/chain.js";
import { RpcChain } from "../../host/chain/rpc_chain.js";
import { SimulatedChain } from "../../host/chain/simulated_chain.js";
import { decodeTransaction } from "../../host/decode/transaction.js";
import { p2wpkh, publicKey, secretOf } from "../chain/model.js";

// A node of JSON-RPC over a simulated chain, which can do what a real one seldom does: be away, be slow, change its chain
// between two requests, or say what is not so.

class FakeNode {
  readonly chain = new SimulatedChain({ seed: "fake" });
  private server: Server | undefined;
  /** Answers with an error of its own while true. */
  isAway = false;
  /** Called before each answer. */
  before: (method: string) => void = () => undefined;
  /** Changes an answer. */
  change: (method: string, result: unknown) => unknown = (_, result) => result;
  url = "";

  async start(): Promise<this> {
    const server = createServer((request, response) => {
      let text = "";
      request.on("data", (part: Buffer) => (text += part.toString()));
      request.on("end", () => {
        const { method, params } = JSON.parse(text) as { method: string; params: unknown[] };
        this.before(method);
        if (this.isAway) {
          response.statusCode = 500;
          response.end(JSON.stringify({ result: null, error: { code: -28, message: "Loading block index" } }));
        } else {
          response.end(JSON.stringify({ result: this.change(method, this.answer(method, params)), error: null }));
        }
      });
    });
    this.server = server;
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    if (address === null || typeof address === "string") throw new Error("no address");
    this.url = `http://127.0.0.1:${address.port}`;
    return this;
  }

  stop(): void {
    this.server?.closeAllConnections();
    this.server?.close();
  }

  private answer(method: string, [first]: unknown[]): unknown {
    if (method === "getbestblockhash") return this.chain.tip();
    if (method === "getblockhash") return txidText(this.block(Number(first)).hash);
    if (method === "getblockheader") return this.header(String(first));
    if (method === "getblock") return this.whole(String(first));
    if (method === "gettxout") return null;
    throw new Error(`${method} is not served`);
  }

  private block(height: number): Block {
    const block = this.chain.block(height);
    if (block === undefined) throw new Error(`no block ${height}`);
    return block;
  }

  /** Blocks of all branches, as nodes keep them. */
  private readonly known = new Map<string, Block>();

  note(): void {
    for (let height = 0; height <= this.chain.height(); height++) {
      const block = this.block(height);
      this.known.set(txidText(block.hash), block);
    }
  }

  private header(hash: string): { height: number; confirmations: number; previousblockhash: string } {
    this.note();
    const block = this.known.get(hash);
    if (block === undefined) throw new Error(`no block ${hash}`);
    const isIn = txidText(this.chain.block(block.height)?.hash ?? new Uint8Array(32)) === hash;
    return {
      height: block.height,
      confirmations: isIn ? this.chain.height() - block.height + 1 : -1,
      previousblockhash: txidText(block.header.slice(4, 36)),
    };
  }

  private whole(hash: string): unknown {
    this.note();
    const block = this.known.get(hash);
    if (block === undefined) throw new Error(`no block ${hash}`);
    const view = new DataView(block.header.slice().buffer);
    return {
      hash,
      height: block.height,
      version: view.getInt32(0, true),
      previousblockhash: txidText(block.header.slice(4, 36)),
      merkleroot: txidText(block.header.slice(36, 68)),
      time: view.getUint32(68, true),
      bits: view.getUint32(72, true).toString(16),
      nonce: view.getUint32(76, true),
      tx: block.transactions.map((tx) => {
        const { txid, inputs } = decodeTransaction(tx);
        const vin = inputs.map((input) => ({ txid: input.txid, vout: input.output_index }));
        return { txid, hex: Buffer.from(tx).toString("hex"), vin };
      }),
    };
  }
}

let node: FakeNode | undefined;
afterEach(() => node?.stop());

const open = async (): Promise<FakeNode> => (node = await new FakeNode().start());
const SCRIPT = p2wpkh(publicKey(secretOf(0, "script")));

describe("chain behind a full node: trouble", () => {
  it("a watch that is begun while the node is away begins when it is back", async () => {
    const fake = await open();
    const { tx, txid } = fake.chain.fundNow(SCRIPT, 10_000n, 1000);
    fake.chain.submit(tx);
    fake.chain.mineNow(1);
    const problems: string[] = [];
    const chain = await RpcChain.connect({ url: fake.url, onProblem: ({ message }) => problems.push(message) });
    fake.isAway = true;
    const heard: number[] = [];
    const listener = { depth: (depth: number) => void heard.push(depth), spent: () => undefined };
    chain.watch({ txid, index: 0 }, SCRIPT, listener, 1);
    await expect(chain.poll()).rejects.toThrow(/getbestblockhash at 127.*Loading/);
    expect(problems[0]).toMatch(/getblockhash at 127.*Loading/);
    fake.isAway = false;
    fake.chain.mineNow(1);
    await chain.poll();
    expect(heard).toEqual([1, 2]);
    chain.close();
  });

  it("a watch that is cancelled before it has begun is told nothing", async () => {
    const fake = await open();
    const { tx, txid } = fake.chain.fundNow(SCRIPT, 10_000n, 1000);
    const chain = await RpcChain.connect({ url: fake.url });
    const heard: number[] = [];
    const listener = { depth: (depth: number) => void heard.push(depth), spent: () => undefined };
    chain.watch({ txid, index: 0 }, SCRIPT, listener, 1).cancel();
    fake.chain.submit(tx);
    fake.chain.mineNow(2);
    await chain.poll();
    expect(heard).toEqual([]);
    chain.close();
  });

  it("a chain that changes between two requests is followed all the same", async () => {
    const fake = await open();
    fake.chain.mineNow(2);
    const chain = await RpcChain.connect({ url: fake.url });
    const heights: number[] = [];
    const links: boolean[] = [];
    let last: Uint8Array | undefined;
    chain.onBlock(({ height, hash, header }) => {
      heights.push(height);
      const previous = Buffer.from(header.subarray(4, 36));
      links.push(last === undefined || height !== (heights.at(-2) ?? 0) + 1 || previous.equals(last));
      last = hash;
    });
    fake.chain.mineNow(3);
    let changes = 2;
    fake.before = (method) => {
      // Just before a block is asked for, it is no longer in the chain.
      fake.note();
      if (method === "getblockhash" && changes-- > 0) fake.chain.reorganise(3, "mined");
    };
    await chain.poll();
    fake.before = () => undefined;
    await chain.poll();
    expect(chain.height()).toBe(fake.chain.height());
    expect(heights.at(-1)).toBe(chain.height());
    expect(txidText(last ?? new Uint8Array(0))).toBe(fake.chain.tip());
    expect(links.every(Boolean)).toBe(true);
    chain.close();
  });

  it("a block that is not the one of its hash is not believed", async () => {
    const fake = await open();
    const chain = await RpcChain.connect({ url: fake.url });
    fake.chain.mineNow(1);
    fake.change = (method, result) => (method === "getblock" ? { ...(result as object), nonce: 1 } : result);
    await expect(chain.poll()).rejects.toThrow(/getblock at 127.*another hash/);
    expect(chain.height()).toBe(1);
    expect(sha256d(fake.chain.block(2)?.header ?? new Uint8Array(0))).toEqual(fake.chain.block(2)?.hash);
    chain.close();
  });

  it("nothing is told once it is closed", async () => {
    const fake = await open();
    const chain = await RpcChain.connect({ url: fake.url });
    let heard = 0;
    chain.onBlock(() => heard++);
    fake.chain.mineNow(3);
    const polled = chain.poll();
    chain.close();
    await polled;
    await chain.poll();
    expect(heard).toBe(0);
  });
});
