import type { LineMeter } from "../board/meter_port.js";
import { ModuleError } from "../engine/errors.js";
import type { NodeEvent } from "../node/node_event.js";
import type { PayHop } from "../node/requests.js";
import type { MarketPlan } from "../scenario/market_plan.js";
import type { ScenarioMeter } from "../scenario/meter_control.js";
import { evidenceFiles } from "./evidence.js";
import type { Exchange, LineClose, PostedOffer, Settlement, Swap, SwapOutcome } from "./exchange.js";
import type { StreetMeters } from "./meters.js";
import { endAt, StreetNodes, type End, type NodeRuntime } from "./nodes.js";
import { endOf, type Step, type StreetEdge, type StreetPlace, type StreetTree } from "./tree.js";

/** Blocks that a recipient's HTLC has left. */
const CLTV_FINAL = 60;
const MSAT_PER_SAT = 1000n;

/** The end of a line at which a step begins. */
const sender = ({ away }: Step): End => (away ? "near" : "far");

/** The nodes of a street as the market needs them: node.wasm for each place, a channel for each line. */
export class LightningExchange implements Exchange {
  readonly nodes: StreetNodes;
  private closes: LineClose[] = [];
  private settlements: Settlement[] = [];

  /** Switches the nodes on, opens all channels and fills the purses. Throws if a channel does not come about. */
  constructor(
    private readonly market: MarketPlan,
    private readonly tree: StreetTree,
    private readonly meters: StreetMeters<ScenarioMeter & LineMeter>,
    startUtcMs: number,
    runtime: NodeRuntime,
  ) {
    this.nodes = new StreetNodes(market, tree, meters, startUtcMs, runtime, (place, event) => this.told(place, event));
    for (const place of tree.places) {
      if (place.down.length > 0) this.nodes.of(place).node.purse(market.purseSat * MSAT_PER_SAT);
    }
  }

  /** What the ends of all lines could show a judge, as files by name. */
  evidence(): Map<string, string> {
    return evidenceFiles(this.nodes, this.tree, this.meters);
  }

  get problems(): readonly string[] {
    return this.nodes.problems;
  }

  post(place: StreetPlace, at: number, offer: PostedOffer | undefined): void {
    const own = this.meters.own(place);
    const meter = own === undefined ? 0 : this.meters.of(place).indexOf(own);
    this.nodes.of(place).node.offer(
      at,
      offer && {
        side: offer.side,
        receipts: offer.kinds.includes("receipt"),
        promises: offer.kinds.includes("promise"),
        meter,
        fromS: offer.intervalStartS,
        untilS: offer.intervalStartS + this.market.intervalS,
        priceMsatPerKwh: offer.msatPerKwh,
        maxMwh: offer.mostMwh,
      },
    );
  }

  swap({ from, hops, intervalStartS, kind }: Swap): SwapOutcome {
    const payer = this.nodes.of(from);
    const [first] = hops;
    if (first === undefined) return { done: false, why: "there is no way" };
    const before = payer.events.length;
    let part: number;
    try {
      part = payer.node.pay({
        channel: this.nodes.number(first.step.edge, sender(first.step)),
        hops: this.payHops(hops),
        energy: { intervalStart: intervalStartS, kind },
      });
    } catch (error) {
      if (!(error instanceof ModuleError)) throw error;
      return { done: false, why: `${from.name}: ${error.message}` };
    }
    this.nodes.settle();
    for (const event of payer.events.slice(before)) {
      if (event.kind === "sent" && event.part === part) return { done: true };
      if (event.kind !== "failed" || event.part !== part) continue;
      const at = event.hop < 0 ? undefined : hops[event.hop];
      const where = at === undefined ? from.name : endOf(at.step).name;
      return { done: false, why: `${where}: failure 0x${event.code.toString(16).padStart(4, "0")}` };
    }
    return { done: false, why: `${from.name}: no answer` };
  }

  remainingMwh(edge: StreetEdge, away: boolean, intervalStartS: number): bigint {
    const agreed = this.agreedMwh(edge, intervalStartS);
    return this.nodes.energy(edge, "near").capacityMwh - (away ? agreed : -agreed);
  }

  agreedMwh(edge: StreetEdge, intervalStartS: number): bigint {
    const { positions } = this.nodes.energy(edge, "near");
    const flow = positions.find(({ start }) => start === intervalStartS)?.flowMwh ?? 0n;
    return this.nodes.nearIsFirst(edge) ? flow : -flow;
  }

  balanceMsat(place: StreetPlace): bigint {
    return this.tree.edges.reduce((sum, edge) => {
      const end = endAt(edge, place);
      return end === undefined ? sum : sum + this.nodes.channel(edge, end).holderMsat;
    }, 0n);
  }

  totalMsat(): bigint {
    const inChannels = this.tree.places.reduce((sum, place) => sum + this.balanceMsat(place), 0n);
    return inChannels + this.nodes.unfundedSat * MSAT_PER_SAT;
  }

  endsAgree(edge: StreetEdge): boolean {
    const [near, far] = [this.nodes.channel(edge, "near"), this.nodes.channel(edge, "far")];
    const [here, there] = [this.nodes.energy(edge, "near"), this.nodes.energy(edge, "far")];
    return (
      near.holderMsat === far.counterpartyMsat &&
      near.counterpartyMsat === far.holderMsat &&
      near.htlcs === 0 &&
      far.htlcs === 0 &&
      here.closedUntil === there.closedUntil &&
      here.arrearsMsat === there.arrearsMsat &&
      here.totalForthMwh === there.totalForthMwh &&
      here.totalBackMwh === there.totalBackMwh &&
      !here.disputed &&
      !there.disputed
    );
  }

  tick(monoMs: number, utcMs: number): void {
    this.nodes.tick(monoMs, utcMs);
  }

  takeCloses(): LineClose[] {
    const { closes } = this;
    this.closes = [];
    return closes;
  }

  takeSettlements(): Settlement[] {
    const { settlements } = this;
    this.settlements = [];
    return settlements;
  }

  /** Hops of a swap, with the deltas that forwarders ask for. */
  private payHops(hops: Swap["hops"]): PayHop[] {
    let cltvExpiry = this.nodes.height + CLTV_FINAL;
    const made: PayHop[] = [];
    for (const [i, { step, amountMsat, energyMwh }] of [...hops.entries()].reverse()) {
      made.unshift({
        point: this.nodes.of(endOf(step)).nodeId,
        shortChannelId: this.nodes.channel(step.edge, "near").shortChannelId,
        amountMsat,
        cltvExpiry,
        energyMwh,
      });
      // Who forwards over a line wants its blocks; the first one is our own.
      if (i > 0) cltvExpiry += this.delta(step);
    }
    return made;
  }

  private delta({ edge, away }: Step): number {
    const end = away ? "near" : "far";
    return this.nodes.of(edge[end]).node.policy(this.nodes.number(edge, end)).cltvExpiryDelta;
  }

  private told(place: StreetPlace, event: NodeEvent): void {
    if (event.kind === "interval closed") this.closed(place, event);
    if (event.kind === "dispute") {
      this.nodes.problems.push(`${place.name}: meters differ, ${event.ownMwh} and ${event.theirMwh} mWh`);
    }
    if (event.kind === "sent" && event.energy?.kind === "arrears") this.paid(place, event.part, event.amountMsat);
  }

  /** One end's word is enough: `endsAgree` looks whether it is the other one's too. */
  private closed(place: StreetPlace, event: Extract<NodeEvent, { kind: "interval closed" }>): void {
    const edge = this.nodes.edgeOf(place, event.channel);
    if (edge === undefined || edge.near !== place) return;
    const sign = this.nodes.nearIsFirst(edge) ? 1n : -1n;
    this.closes.push({
      edge,
      fromS: event.start,
      untilS: event.until,
      agreedMwh: sign * event.agreedMwh,
      meteredMwh: sign * event.meteredMwh,
    });
  }

  private paid(place: StreetPlace, part: number, amountMsat: bigint): void {
    const number = this.nodes.of(place).node.payment(part)?.channel;
    const edge = number === undefined ? undefined : this.nodes.edgeOf(place, number);
    if (edge === undefined) throw new Error(`${place.name} has paid arrears over no line`);
    this.settlements.push({ edge, payer: place, amountMsat });
  }
}
