import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Chain, outpointOf } from "../../host/chain/chain.js";
import { RpcChain } from "../../host/chain/rpc_chain.js";
import { SimulatedChain } from "../../host/chain/simulated_chain.js";
import { NETWORKS } from "../../host/daemon/networks.js";
import { decodeTransaction } from "../../host/decode/transaction.js";
import type { Engine } from "../../host/engine/engine.js";
import type { NodeEvent } from "../../host/node/node_event.js";
import type { NodeConfig } from "../../host/node/requests.js";
import { FullNode, whereFullNodeRuns } from "../driver/full_node.js";
import { invoiceOf, TestNetwork, type TestNode } from "./network.js";
import { asked, RATE } from "./two_chains.js";

const same = (a: Uint8Array, b: Uint8Array | undefined): boolean => b !== undefined && Buffer.compare(a, b) === 0;

/** Nodes on chains that execute their scripts: funded, published and followed there. */
class ChainNetwork extends TestNetwork {
  private readonly jobs: (() => Promise<void>)[] = [];
  private readonly made = new Map<string, Uint8Array>();
  readonly published: { readonly chain: Chain; readonly txid: string }[] = [];

  constructor(
    engine: Engine["name"],
    private readonly chains: readonly Chain[],
  ) {
    super(engine);
  }

  override heightOf(chainHash: Uint8Array | undefined): number {
    return this.chains.find((chain) => same(chain.chainHash, chainHash))?.height() ?? 0;
  }

  join(name: string, config: NodeConfig): TestNode {
    const node = this.add(name, undefined, undefined, config);
    for (const number of config.secondChain === undefined ? [0] : [0, 1]) {
      this.chainOf(node, number).onBlock(({ height }) => node.node.block(height, number));
    }
    node.onBroadcast = (transaction, number) => {
      this.jobs.push(() => this.publish(this.chainOf(node, number), transaction));
    };
    node.onWatch = (channel, outpoint, script, number) => {
      this.chainOf(node, number).watch(
        outpointOf(outpoint),
        script,
        {
          depth: (depth, place) => node.node.fundingDepth(channel, depth, place?.height ?? 0, place?.index ?? 0),
          spent: (spend) => spend && node.node.fundingSpent(channel, spend.tx),
        },
        1,
      );
    };
    return node;
  }

  override onEvent(node: TestNode, event: NodeEvent): void {
    if (event.kind === "funding needed") {
      const chain = this.chainOf(node, event.chain);
      this.jobs.push(async () => {
        const { tx, txid, vout } = await chain.fund(event.script, event.amountSat, 1_000);
        this.made.set(`${node.name} ${event.channel}`, tx);
        node.node.fund(event.channel, txid, vout);
      });
    } else if (event.kind === "funding signed") {
      const number = node.node.channel(event.channel)?.chain ?? -1;
      const tx = this.made.get(`${node.name} ${event.channel}`) ?? new Uint8Array();
      this.jobs.push(() => this.publish(this.chainOf(node, number), tx));
    }
  }

  /** Until nobody has anything to do. */
  async settle(): Promise<void> {
    for (;;) {
      this.run();
      const job = this.jobs.shift();
      if (job === undefined) return;
      await job();
    }
  }

  async grow(chain: Chain, blocks: number): Promise<void> {
    for (let i = 0; i < blocks; i++) {
      await chain.mine(1);
      await this.settle();
    }
  }

  private chainOf(node: TestNode, number: number): Chain {
    const { chainHash, secondChain } = node.config;
    const hash = number === 0 ? chainHash : secondChain?.chainHash;
    const chain = this.chains.find((each) => same(each.chainHash, hash));
    if (chain === undefined) throw new Error(`${node.name} is on no chain ${number}`);
    return chain;
  }

  private async publish(chain: Chain, tx: Uint8Array): Promise<void> {
    const refusal = await chain.broadcast(tx);
    // Both ends publish a closing transaction.
    if (refusal !== undefined) expect(refusal.reason).toBe("known");
    else this.published.push({ chain, txid: decodeTransaction(tx).txid });
  }
}

describe("a node on a simulated chain and on a full node's", () => {
  whereFullNodeRuns(() => {
    let full: FullNode;
    beforeAll(async () => {
      full = await FullNode.start();
    }, 60_000);
    afterAll(async () => {
      await full?.stop();
    });

    it("opens on both, forwards from one to the other, closes both where they are", { timeout: 120_000 }, async () => {
      const simulated = new SimulatedChain({ seed: "two chains" });
      const litecoin = await RpcChain.connect(full.options);
      const { chainHash, prefix } = NETWORKS["litecoin-regtest"];
      expect(litecoin.chainHash).toEqual(chainHash);
      const first: NodeConfig = { chainHash: simulated.chainHash, prefix: "bcrt", blockIntervalS: 600 };
      const network = new ChainNetwork("v8", [simulated, litecoin]);
      await simulated.mine(3);
      const a = network.join("a", first);
      const x = network.join("x", { ...first, secondChain: { chainHash, blockIntervalS: 150 } });
      const b = network.join("b", { chainHash, prefix });
      network.connect(a, x);
      network.connect(x, b);
      network.run();
      a.node.open({ peer: x.id, fundingSat: 1_000_000n, feeratePerKw: 253 });
      await network.settle();
      x.node.open({ peer: b.id, fundingSat: 500_000n, feeratePerKw: 253, chain: 1 });
      await network.settle();
      expect(network.published.map(({ chain }) => chain)).toEqual([simulated, litecoin]);
      expect(await full.rpc.call<string[]>("getrawmempool")).toEqual([network.published[1]?.txid]);
      await network.grow(simulated, 6);
      expect([x.node.channel(0)?.usable, x.node.channel(1)?.usable]).toEqual([true, false]);
      await network.grow(litecoin, 6);
      expect(x.node.channel(1)).toMatchObject({ chain: 1, usable: true, depth: 6 });
      expect(x.node.info()).toMatchObject({ height: simulated.height(), secondHeight: litecoin.height() });

      x.node.rate(0, 1, RATE);
      const amountMsat = 30_000_000n;
      const cost = asked(amountMsat, x.node.policy(1));
      const { bolt11 } = b.node.invoice({ amountMsat, description: "", timestampS: network.utcS });
      expect(bolt11).toMatch(/^lnrltc/);
      a.node.pay({
        channel: 0,
        crosses: true,
        invoice: invoiceOf(bolt11),
        hops: [
          { point: x.id, shortChannelId: 0n, amountMsat: cost, cltvExpiry: simulated.height() + 100 },
          {
            point: b.id,
            shortChannelId: x.node.channel(1)?.shortChannelId ?? 0n,
            amountMsat,
            cltvExpiry: litecoin.height() + 60,
          },
        ],
      });
      await network.settle();
      expect(a.told("sent")).toMatchObject([{ amountMsat: cost }]);
      expect(b.told("received")).toMatchObject([{ amountMsat }]);

      x.node.close(0, await simulated.newAddressScript());
      x.node.close(1, await litecoin.newAddressScript());
      await network.settle();
      const [mutual, mutualThere] = network.published.slice(2);
      expect([mutual?.chain, mutualThere?.chain]).toEqual([simulated, litecoin]);
      expect(await full.rpc.call<string[]>("getrawmempool")).toEqual([mutualThere?.txid]);
      await network.grow(litecoin, 1);
      expect([x.node.channel(0)?.state, x.node.channel(1)?.state]).toEqual(["closed", undefined]);
      await network.grow(simulated, 1);
      expect([a, x, b].map(({ node }) => node.channels())).toEqual([[], [], []]);
      const best = await full.rpc.call<{ tx: string[] }>(
        "getblock",
        await full.rpc.call<string>("getbestblockhash"),
        1,
      );
      expect(best.tx).toContain(mutualThere?.txid);
      const block = simulated.block(simulated.height());
      expect(block?.transactions.map((tx) => decodeTransaction(tx).txid)).toContain(mutual?.txid);
      expect([a, x, b].flatMap((node) => node.told("problem"))).toEqual([]);
    });
  });
});
