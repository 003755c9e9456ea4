import { decodeInvoice } from "../../decode/invoice.js";
import type { Engine } from "../../engine/engine.js";
import { MemoryWire, type Party, run } from "../../lnsim/wire.js";
import type { PayHop } from "../../node/requests.js";
import { AMOUNT_MSAT, FEE_MSAT, FINAL_DELTA, FORWARD_DELTA, FUNDING_SAT, Lane, PUSH_MSAT } from "./lane.js";
import { BenchNode, HEIGHT, UTC_S } from "./tieline_node.js";

export interface TielineLaneOptions {
  readonly engine: Engine;
  /** 1 or 2. */
  readonly hops: number;
  /** Channels between the first two nodes, of which the first one is paid over. */
  readonly channels?: number;
  /** Notes the cryptography. */
  readonly records?: boolean;
}

/** Both ends of a channel between neighbours: its number there. */
type Ends = readonly [number, number];

/** Nodes of this project in a row. */
export class TielineLane extends Lane {
  readonly nodes: readonly BenchNode[];
  private readonly channels: Ends[] = [];
  private readonly ways: readonly [readonly PayHop[], readonly PayHop[]];
  private readonly all: readonly Party[];
  private confirmed = 0;
  /** HTLCs that stay, of the payee's. */
  private held = 0;

  constructor({ engine, hops, channels = 1, records = false }: TielineLaneOptions) {
    super();
    this.nodes = Array.from({ length: hops + 1 }, (_, i) => new BenchNode(engine, `node ${i}`, records));
    for (const node of this.nodes) node.onSettled = this.onSettled;
    this.all = this.nodes.map((node) => this.watched(node));
    for (let i = 0; i < hops; i++) {
      this.wires.push(new MemoryWire(this.all[i] as Party, this.all[i + 1] as Party));
      run(this.wires);
      this.channels.push(this.open(i));
    }
    for (let i = 1; i < channels; i++) this.open(0);
    const forth = this.nodes.map((_, i) => i);
    this.ways = [this.route(forth), this.route([...forth].reverse())];
  }

  /** Leaves `count` HTLCs of the last node's pending with the first one: parts of a payment that is never complete. */
  hold(count: number): void {
    const [payee, payer] = [this.nodes[0], this.nodes.at(-1)];
    if (payee === undefined || payer === undefined) throw new Error("no nodes");
    const totalMsat = AMOUNT_MSAT * 100n;
    const made = payee.node.invoice({ amountMsat: totalMsat, description: "never complete", timestampS: UTC_S });
    const invoice = decodeInvoice(made.bolt11);
    const paymentSecret = Uint8Array.from(Buffer.from(invoice.payment_secret, "hex"));
    for (let i = 0; i < count; i++) {
      const hops = [{ ...(this.ways[1][0] as PayHop), amountMsat: AMOUNT_MSAT }];
      payer.node.pay({
        channel: this.channelOf(false),
        hops,
        totalMsat,
        invoice: { paymentHash: made.paymentHash, paymentSecret },
      });
      run(this.wires);
    }
    if (this.htlcs() !== count) throw new Error(`${this.htlcs()} HTLCs are pending, not ${count}`);
    this.held = count;
  }

  protected override ready(): boolean {
    return this.nodes.every(({ node }) => node.channels().every(({ connected }) => connected));
  }

  protected override parties(): readonly Party[] {
    return this.all;
  }

  problems(): unknown[] {
    return this.nodes.flatMap(({ problems }) => problems);
  }

  protected override htlcs(): number {
    const htlcs = this.payer.node.channel(this.channelOf(this.forth))?.htlcs ?? 0;
    return htlcs - this.held;
  }

  protected override pay(): void {
    this.payer.node.pay({ channel: this.channelOf(this.forth), hops: this.ways[this.forth ? 0 : 1] });
  }

  private get payer(): BenchNode {
    return (this.forth ? this.nodes[0] : this.nodes.at(-1)) as BenchNode;
  }

  /** The payer's channel. */
  private channelOf(forth: boolean): number {
    return forth ? (this.channels[0]?.[0] ?? 0) : (this.channels.at(-1)?.[1] ?? 0);
  }

  /** Opens a channel from one node to the next and has it confirmed. */
  private open(from: number): Ends {
    const [one, two] = [this.nodes[from] as BenchNode, this.nodes[from + 1] as BenchNode];
    const number = one.node.open({
      peer: two.nodeId,
      fundingSat: FUNDING_SAT,
      pushMsat: PUSH_MSAT,
      feeratePerKw: 253,
      anchors: true,
    });
    run(this.wires);
    const txid = Buffer.from(one.node.channel(number)?.fundingTxid ?? new Uint8Array(0));
    const other = two.node.channels().find(({ fundingTxid }) => txid.equals(fundingTxid));
    const ends: Ends = [number, other?.channel ?? -1];
    const index = ++this.confirmed;
    for (const [node, channel] of [
      [one, ends[0]],
      [two, ends[1]],
    ] as const) {
      node.node.fundingDepth(channel, 6, HEIGHT - 6, index);
    }
    run(this.wires);
    if (one.node.channel(ends[0])?.usable !== true) throw new Error(`no channel: ${JSON.stringify(this.problems())}`);
    return ends;
  }

  /** Along nodes by their places. */
  private route(places: readonly number[]): PayHop[] {
    return places.slice(1).map((place, i) => {
      const forwarders = places.length - 2 - i;
      const before = places[i] as number;
      const ends = this.channels[Math.min(before, place)] as Ends;
      const mine = this.nodes[before]?.node.channel(before < place ? ends[0] : ends[1]);
      return {
        point: (this.nodes[place] as BenchNode).nodeId,
        shortChannelId: mine?.shortChannelId ?? 0n,
        amountMsat: AMOUNT_MSAT + FEE_MSAT * BigInt(forwarders),
        cltvExpiry: HEIGHT + FINAL_DELTA + FORWARD_DELTA * forwarders,
      };
    });
  }
}
