import type { Exchange, LineClose, PostedOffer, Settlement, Swap, SwapOutcome } from "../../host/street/exchange.js";
import type { StreetMeters } from "../../host/street/meters.js";
import type { DirectionPlan, MarketPlan } from "../../host/scenario/market_plan.js";
import type { StreetEdge, StreetPlace, StreetTree } from "../../host/street/tree.js";

const MILLION = 1_000_000n;
const CLOSE_AFTER_S = 15;

const absolute = (value: bigint): bigint => (value < 0n ? -value : value);
const floor = (product: bigint): bigint => product / MILLION;
const ceil = (product: bigint): bigint => (product <= 0n ? product / MILLION : (product + MILLION - 1n) / MILLION);

interface Line {
  readonly edge: StreetEdge;
  readonly capacityMwh: bigint;
  nearMsat: bigint;
  farMsat: bigint;
  readonly agreed: Map<number, bigint>;
  closedUntilS: number;
}

/**
 * The nodes of a street as bookkeeping: what PROTOCOL.md lets a forwarder and a recipient take, worked out hop by hop as
 * they would, and lines that close by their meters' receipts.
 */
export class ScriptedExchange implements Exchange {
  readonly lines: readonly Line[];
  /** Refuses swaps for a reason of its own, if set. */
  refusal: ((swap: Swap) => string | undefined) | undefined;
  readonly swaps: Swap[] = [];
  readonly problems: string[] = [];
  /** What is left for rebates, msat. */
  private readonly purses = new Map<StreetPlace, bigint>();
  private readonly offers = new Map<StreetPlace, (PostedOffer | undefined)[]>();
  private readonly sold = new Map<string, bigint>();
  /** Energy that a node's meter has signed for, by side and interval. */
  private readonly issued = new Map<string, bigint>();
  private closes: LineClose[] = [];
  private settlements: Settlement[] = [];

  constructor(
    private readonly market: MarketPlan,
    tree: StreetTree,
    private readonly meters: Pick<StreetMeters, "lineMwh" | "own" | "netMwh">,
    private readonly startS: number,
  ) {
    this.lines = tree.edges.map((edge) => ({
      edge,
      capacityMwh: (edge.plan.ratingMw * BigInt(market.intervalS)) / 3600n,
      nearMsat: market.channelSat * 500n,
      farMsat: market.channelSat * 500n,
      agreed: new Map<number, bigint>(),
      closedUntilS: 0,
    }));
  }

  post(place: StreetPlace, at: number, offer: PostedOffer | undefined): void {
    const own = this.offers.get(place) ?? [];
    own[at] = offer;
    this.offers.set(place, own);
  }

  swap(swap: Swap): SwapOutcome {
    this.swaps.push(swap);
    const why = this.refusal?.(swap) ?? this.refused(swap);
    if (why !== undefined) return { done: false, why };
    for (const [i, { step, amountMsat, energyMwh }] of swap.hops.entries()) {
      const rebate = i === 0 ? 0n : amountMsat - (swap.hops[i - 1]?.amountMsat ?? 0n);
      const node = step.away ? step.edge.near : step.edge.far;
      if (rebate > 0n) this.purses.set(node, this.purse(node) - rebate);
      const line = this.line(step.edge);
      const toFar = step.away ? amountMsat : -amountMsat;
      line.nearMsat -= toFar;
      line.farMsat += toFar;
      const flow = step.away ? -energyMwh : energyMwh;
      line.agreed.set(swap.intervalStartS, this.agreedMwh(step.edge, swap.intervalStartS) + flow);
    }
    return { done: true };
  }

  remainingMwh(edge: StreetEdge, away: boolean, intervalStartS: number): bigint {
    const agreed = this.agreedMwh(edge, intervalStartS);
    return this.line(edge).capacityMwh - (away ? agreed : -agreed);
  }

  agreedMwh(edge: StreetEdge, intervalStartS: number): bigint {
    return this.line(edge).agreed.get(intervalStartS) ?? 0n;
  }

  balanceMsat(place: StreetPlace): bigint {
    return this.lines.reduce((sum, { edge, nearMsat, farMsat }) => {
      return sum + (edge.near === place ? nearMsat : 0n) + (edge.far === place ? farMsat : 0n);
    }, 0n);
  }

  totalMsat(): bigint {
    return this.lines.reduce((sum, { nearMsat, farMsat }) => sum + nearMsat + farMsat, 0n);
  }

  endsAgree(): boolean {
    return true;
  }

  tick(_monoMs: number, utcMs: number): void {
    const { intervalS } = this.market;
    const nowS = Math.floor(utcMs / 1000);
    const untilS = nowS - (nowS % intervalS);
    if (nowS < untilS + CLOSE_AFTER_S || untilS < this.startS + intervalS) return;
    for (const line of this.lines) if (line.closedUntilS < untilS) this.close(line, untilS);
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

  private close(line: Line, untilS: number): void {
    const { edge, closedUntilS } = line;
    const { intervalS } = this.market;
    const { tariffMsatPerKwh, spreadPpm } = edge.plan;
    const fromS = untilS - intervalS;
    const agreedMwh = this.agreedMwh(edge, fromS);
    // A line's first close only tells the registers.
    const meteredMwh = closedUntilS === 0 ? 0n : this.meters.lineMwh(edge, fromS, intervalS).farMwh;
    const beyond = closedUntilS === 0 ? 0n : meteredMwh - agreedMwh;
    const spread = BigInt(beyond > 0n ? spreadPpm : -spreadPpm);
    // The price is a whole number of msat per kWh before anything is worth it.
    const owed = floor(absolute(beyond) * floor(tariffMsatPerKwh * (MILLION + spread)));
    const owedMsat = beyond < 0n ? -owed : owed;
    line.closedUntilS = untilS;
    line.nearMsat += owedMsat;
    line.farMsat -= owedMsat;
    this.closes.push({ edge, fromS, untilS, agreedMwh, meteredMwh });
    if (owed > 0n) this.settlements.push({ edge, payer: owedMsat > 0n ? edge.far : edge.near, amountMsat: owed });
  }

  /** Why a swap is refused, by whom. */
  private refused({ from, hops, intervalStartS, kind }: Swap): string | undefined {
    let at = from;
    let holdS = 0;
    for (const [i, { step, amountMsat, energyMwh }] of hops.entries()) {
      const next = step.away ? step.edge.far : step.edge.near;
      if ((step.away ? step.edge.near : step.edge.far) !== at) return `${at.name}: is not on that line`;
      const line = this.line(step.edge);
      if ((step.away ? line.nearMsat : line.farMsat) < amountMsat) return `${at.name}: too little A`;
      const flowAway = energyMwh < 0n === step.away;
      const remaining = this.remainingMwh(step.edge, flowAway, intervalStartS);
      if (absolute(energyMwh) > remaining) return `${at.name}: capacity`;
      if (i > 0 && absolute(energyMwh) > remaining / 4n) return `${at.name}: share of the capacity`;
      // Who passes a rider on lets it lapse two seconds before it does where it came from.
      if (i > 0 && holdS < 3) return `${at.name}: too little time`;
      holdS = i === 0 ? step.edge.plan.holdS : Math.min(holdS - 2, step.edge.plan.holdS);
      if (i > 0) {
        const why = this.forwards(at, hops[i - 1] as Swap["hops"][number], hops[i] as Swap["hops"][number]);
        if (why !== undefined) return `${at.name}: ${why}`;
      }
      at = next;
    }
    const last = hops.at(-1);
    return last === undefined ? "no way" : this.takes(at, last.amountMsat, last.energyMwh, intervalStartS, kind);
  }

  /** What a forwarder asks for: rents of its lines, and energy for their losses. */
  private forwards(
    node: StreetPlace,
    incoming: Swap["hops"][number],
    outgoing: Swap["hops"][number],
  ): string | undefined {
    const bought = incoming.energyMwh > 0n;
    if (bought !== outgoing.energyMwh > 0n) return "riders do not fit";
    const [source, sink] = bought ? [outgoing, incoming] : [incoming, outgoing];
    // The direction in which the energy passes each line.
    const away = ({ step }: Swap["hops"][number]): boolean => (bought ? !step.away : step.away);
    const terms = (hop: Swap["hops"][number]): DirectionPlan =>
      away(hop) ? hop.step.edge.plan.away : hop.step.edge.plan.back;
    let mwh = absolute(source.energyMwh);
    let rentMsat = 0n;
    for (const hop of [source, sink]) {
      if (hop.step.edge.near !== node) continue;
      rentMsat += ceil(mwh * terms(hop).rentMsatPerKwh);
      mwh = floor(mwh * (MILLION - BigInt(terms(hop).lossPpm)));
    }
    if (absolute(sink.energyMwh) > mwh) return "too little energy";
    if (incoming.amountMsat - outgoing.amountMsat < rentMsat) return "too little rent";
    return outgoing.amountMsat - incoming.amountMsat > this.purse(node) ? "nothing left for rebates" : undefined;
  }

  private purse(node: StreetPlace): bigint {
    return this.purses.get(node) ?? this.market.purseSat * 1000n;
  }

  private takes(
    node: StreetPlace,
    amountMsat: bigint,
    energyMwh: bigint,
    intervalStartS: number,
    kind: Swap["kind"],
  ): string | undefined {
    const side = energyMwh > 0n ? "sell" : "buy";
    const mwh = absolute(energyMwh);
    const offers = (this.offers.get(node) ?? []).entries();
    for (const [at, offer] of offers) {
      if (offer?.side !== side || !offer.kinds.includes(kind) || offer.intervalStartS !== intervalStartS) continue;
      const key = `${node.name}/${at}/${intervalStartS}`;
      const sold = this.sold.get(key) ?? 0n;
      if (sold + mwh > offer.mostMwh || amountMsat < ceil(mwh * absolute(offer.msatPerKwh))) continue;
      if (!this.note(node, side, mwh, intervalStartS, kind)) return `${node.name}: its meter signs no note`;
      this.sold.set(key, sold + mwh);
      return undefined;
    }
    return `${node.name}: no such offer`;
  }

  /** Receipts up to what the meter has counted and not signed for yet, promises up to its rating. */
  private note(node: StreetPlace, side: "sell" | "buy", mwh: bigint, startS: number, kind: Swap["kind"]): boolean {
    const meter = this.meters.own(node);
    if (meter === undefined) return true;
    const { intervalS } = this.market;
    const key = `${node.name}/${side}/${startS}`;
    const issued = (this.issued.get(key) ?? 0n) + mwh;
    const rated = (BigInt(meter.config.ratingW ?? 0) * 1000n * BigInt(intervalS)) / 3600n;
    const net = kind === "promise" ? 0n : this.meters.netMwh(meter, startS, intervalS);
    if (issued > (kind === "promise" ? rated : side === "sell" ? -net : net)) return false;
    this.issued.set(key, issued);
    return true;
  }

  private line(edge: StreetEdge): Line {
    return this.lines[edge.index] as Line;
  }
}
