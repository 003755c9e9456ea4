import { createHash } from "node:crypto";
import type { Entropy } from "../board/entropy.js";
import { ModuleError } from "../engine/errors.js";
import type { ChannelInfo } from "../node/answers.js";
import type { PayHop } from "../node/requests.js";
import { decodeInvoice } from "../decode/invoice.js";
import { SimNode, type World } from "./sim_node.js";
import { MemoryWire, run } from "./wire.js";

const FUNDING_SAT = 1_000_000n;
const CLTV_FINAL = 60;
/** Until channels are in use. */
const CONFIRMATIONS = 3;
/** No node has more than this many channels, and connections. */
const MAX_EDGES = 4;

/** A channel between two nodes, with its number at each, and the wire that they speak over. */
export interface Edge {
  readonly ends: readonly [SimNode, SimNode];
  readonly numbers: readonly [number, number];
  wire: MemoryWire | undefined;
}

/** A payment that was asked for. */
export interface Payment {
  readonly hash: string;
  /** Payer first, payee last. */
  readonly nodes: readonly SimNode[];
  readonly hops: readonly PayHop[];
  /** Number of the part; undefined if power failed while it was asked for. */
  readonly part: number | undefined;
}

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
const unhex = (digits: string): Uint8Array => Uint8Array.from(Buffer.from(digits, "hex"));

/** Nodes, their channels as a connected graph, and what they were asked to pay each other. */
export class Network {
  readonly nodes: SimNode[] = [];
  readonly edges: Edge[] = [];
  readonly payments: Payment[] = [];
  /** Payments that a node refused to begin. */
  refused = 0;

  constructor(
    readonly world: World,
    private readonly random: Entropy,
    seed: string,
  ) {
    world.chain.mineNow(3);
    const count = 2 + random.below(7);
    for (let i = 0; i < count; i++) {
      const node = new SimNode(`n${i}`, world, seed);
      node.start();
      this.nodes.push(node);
    }
  }

  /** Opens channels, undisturbed: every node has one to an earlier node, and a few have more. */
  open(): void {
    this.nodes.forEach((node, i) => {
      if (i > 0) this.openEdge(this.pickOpen(this.nodes.slice(0, i)), node);
    });
    for (let extra = this.random.below(1 + (this.nodes.length >> 1)); extra > 0; extra--) {
      const [a, b] = [this.pickOpen(this.nodes), this.pickOpen(this.nodes)];
      if (a !== b && !this.edges.some(({ ends }) => ends.includes(a) && ends.includes(b))) this.openEdge(a, b);
    }
  }

  /** Lets all wires run until nothing moves. */
  settle(): void {
    const limit = 20_000;
    const wires = this.edges.flatMap(({ wire }) => (wire?.connected === true ? [wire] : []));
    if (run(wires, limit) >= limit) throw new Error("the nodes do not come to rest");
  }

  /** Connects what is not connected, as far as both ends are on. */
  connect(edge: Edge): void {
    if (edge.wire?.connected === true || edge.ends.some((node) => !node.on || node.free === 0)) return;
    const [a, b] = edge.ends;
    edge.wire = this.random.below(2) === 0 ? new MemoryWire(a, b) : new MemoryWire(b, a);
  }

  channel(edge: Edge, end: 0 | 1): ChannelInfo | undefined {
    return edge.ends[end].try((node) => node.channel(edge.numbers[end]));
  }

  /** A payment between random nodes along a random way, by invoice or keysend. */
  pay(): void {
    const way = this.randomWay();
    const [payer, payee] = [way[0]?.from, way.at(-1)?.to];
    if (payer === undefined || payee === undefined || !payer.on || !payee.on) return;
    const amountMsat = BigInt(1 + this.random.below(this.random.below(2) === 0 ? 20_000 : 40_000_000));
    const hops = this.route(way, amountMsat);
    const channel = way[0]?.number ?? 0;
    const nodes = [payer, ...way.map(({ to }) => to)];
    const preimage = this.random.bytes(32);
    let hash = text(createHash("sha256").update(preimage).digest());
    const utcS = this.world.utcS;
    let invoice: { paymentHash: Uint8Array; paymentSecret: Uint8Array } | undefined;
    if (this.random.below(3) > 0) {
      const made = this.attempt(() =>
        payee.try((node) => node.invoice({ amountMsat, description: "simulated", timestampS: utcS, expiryS: 600n })),
      );
      if (made === undefined) return;
      const { payment_hash, payment_secret } = decodeInvoice(made.bolt11);
      hash = payment_hash;
      invoice = { paymentHash: unhex(payment_hash), paymentSecret: unhex(payment_secret) };
    }
    const refused = this.refused;
    const how = invoice === undefined ? { preimage } : { invoice };
    const part = this.attempt(() => payer.try((node) => node.pay({ channel, hops, ...how })));
    if (this.refused === refused) this.payments.push({ hash, nodes, hops, part });
  }

  /** Does it; a refusal is counted, and gives undefined. */
  private attempt<T>(body: () => T): T | undefined {
    try {
      return body();
    } catch (error) {
      if (!(error instanceof ModuleError)) throw error;
      this.refused++;
      return undefined;
    }
  }

  private pickOpen(nodes: readonly SimNode[]): SimNode {
    const open = nodes.filter((node) => this.edges.filter(({ ends }) => ends.includes(node)).length < MAX_EDGES);
    return (open[this.random.below(open.length)] ?? nodes[0]) as SimNode;
  }

  private openEdge(a: SimNode, b: SimNode): void {
    const wire = new MemoryWire(a, b);
    run([wire]);
    const pushMsat = BigInt(1 + this.random.below(9)) * 100_000_000n;
    const anchors = this.random.below(2) === 0;
    const here = a.node.open({ peer: b.nodeId, fundingSat: FUNDING_SAT, pushMsat, feeratePerKw: 253, anchors });
    run([wire]);
    const id = text(a.node.channel(here)?.channelId ?? new Uint8Array(0));
    const there = b.node.channels().find(({ channelId }) => text(channelId) === id);
    if (there === undefined) throw new Error(`${a.name} and ${b.name} do not come to a channel`);
    this.edges.push({ ends: [a, b], numbers: [here, there.channel], wire });
    // A node lets only two channels wait for their confirmations that others have opened.
    for (let i = 0; i < CONFIRMATIONS; i++) {
      this.world.chain.mineNow(1);
      this.settle();
    }
  }

  /** Up to four hops without passing a node twice. */
  private randomWay(): { from: SimNode; to: SimNode; edge: Edge; number: number }[] {
    let at = this.nodes[this.random.below(this.nodes.length)] as SimNode;
    const seen = new Set([at]);
    const way: { from: SimNode; to: SimNode; edge: Edge; number: number }[] = [];
    for (let length = 1 + this.random.below(4); length > 0; length--) {
      const steps = this.edges.flatMap((edge) =>
        ([0, 1] as const)
          .filter((end) => edge.ends[end] === at && !seen.has(edge.ends[1 - end] as SimNode))
          .map((end) => ({ from: at, to: edge.ends[1 - end] as SimNode, edge, number: edge.numbers[end] })),
      );
      const step = steps[this.random.below(Math.max(1, steps.length))];
      if (step === undefined) break;
      way.push(step);
      seen.add(step.to);
      at = step.to;
    }
    return way;
  }

  /** Hops of a way with the fees and deltas that forwarders ask for: default policies, as the first node has them. */
  private route(way: ReturnType<Network["randomWay"]>, amountMsat: bigint): PayHop[] {
    const hops: PayHop[] = [];
    let [amount, cltv] = [amountMsat, this.world.chain.height() + CLTV_FINAL];
    for (const { from, to, edge, number } of [...way].reverse()) {
      const end = edge.ends[0] === from ? 0 : 1;
      const info = this.channel(edge, end) ?? this.channel(edge, end === 0 ? 1 : 0);
      hops.unshift({
        point: to.nodeId,
        shortChannelId: info?.shortChannelId ?? 0n,
        amountMsat: amount,
        cltvExpiry: cltv,
      });
      const policy = from.try((node) => node.policy(number));
      amount += BigInt(policy?.feeBaseMsat ?? 1000);
      amount += (amount * BigInt(policy?.feeProportionalMillionths ?? 0)) / 1_000_000n;
      cltv += policy?.cltvExpiryDelta ?? 80;
    }
    return hops;
  }
}
