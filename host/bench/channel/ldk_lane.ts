import { createHash } from "node:crypto";
import { SimulatedChain } from "../../chain/simulated_chain.js";
import { MemoryWire, type Party, run } from "../../lnsim/wire.js";
import { type LdkHop, LdkNode } from "../lightning/ldk_node.js";
import { AMOUNT_MSAT, FEE_MSAT, FINAL_DELTA, FORWARD_DELTA, FUNDING_SAT, Lane, PUSH_MSAT } from "./lane.js";
import { ldkParty } from "./lines.js";

/** LDK's nodes in a row. They take more HTLCs than the load has, and store nothing. Only after `startLdk`. */
export class LdkLane extends Lane {
  private readonly nodes: readonly LdkNode[];
  private readonly all: readonly Party[];
  private readonly ways: readonly [readonly LdkHop[], readonly LdkHop[]];
  private payments = 0;

  /** @param hops 1 or 2 */
  constructor(hops: number) {
    super();
    const chain = new SimulatedChain({ seed: "channel benchmark" });
    chain.mineNow(10);
    this.nodes = Array.from({ length: hops + 1 }, (_, i) => new LdkNode(10 * i + 1, chain, { anchors: true }));
    for (const node of this.nodes) node.onSettled = this.onSettled;
    this.all = this.nodes.map((node) => this.watched(ldkParty(node)));
    for (let i = 0; i < hops; i++) {
      this.wires.push(new MemoryWire(this.all[i] as Party, this.all[i + 1] as Party));
      run(this.wires);
      const [from, to] = [this.nodes[i] as LdkNode, this.nodes[i + 1] as LdkNode];
      from.openChannel(to.nodeId, FUNDING_SAT, PUSH_MSAT);
      run(this.wires);
      for (let block = 0; block < 6; block++) {
        chain.mineNow(1);
        run(this.wires);
      }
    }
    this.ways = [this.route(this.nodes), this.route([...this.nodes].reverse())];
  }

  protected override ready(): boolean {
    return this.nodes.slice(1).every((node, i) => {
      const before = this.nodes[i] as LdkNode;
      return node.usable(before.nodeId) && before.usable(node.nodeId);
    });
  }

  protected override parties(): readonly Party[] {
    return this.all;
  }

  problems(): unknown[] {
    return this.nodes.flatMap(({ closed }) => closed);
  }

  protected override htlcs(): number {
    return 0;
  }

  protected override pay(): void {
    const payer = (this.forth ? this.nodes[0] : this.nodes.at(-1)) as LdkNode;
    const preimage = createHash("sha256").update(`payment ${this.payments++}`).digest();
    payer.keysend(Uint8Array.from(preimage), this.ways[this.forth ? 0 : 1]);
  }

  private route(nodes: readonly LdkNode[]): LdkHop[] {
    return nodes.slice(1).map((node, i) => {
      const forwarders = nodes.length - 2 - i;
      return {
        point: node.nodeId,
        shortChannelId: (nodes[i] as LdkNode).shortChannelId(node.nodeId),
        amountMsat: AMOUNT_MSAT + FEE_MSAT * BigInt(forwarders),
        cltvDelta: FINAL_DELTA + FORWARD_DELTA * forwarders,
      };
    });
  }
}
