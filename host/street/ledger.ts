import type { TradeKind } from "../scenario/market_plan.js";
import type { Quote } from "./quote.js";
import type { StreetTrade } from "./result.js";
import type { StreetPlace, StreetTree } from "./tree.js";

/** A node's sums, of one interval or of all. */
export interface Sums {
  boughtMwh: bigint;
  soldMwh: bigint;
  lostMwh: bigint;
  paidMsat: bigint;
  earnedMsat: bigint;
  rentMsat: bigint;
  rebateMsat: bigint;
  settledMsat: bigint;
}

/** A swap as it was asked for. */
export interface Deal {
  readonly atUtcMs: number;
  readonly kind: TradeKind;
  readonly intervalStartS: number;
  /** Who pays, and who is paid. */
  readonly initiator: StreetPlace;
  readonly recipient: StreetPlace;
  /** Whether the energy goes along with the payment: at prices below zero. */
  readonly given: boolean;
  readonly quote: Quote;
}

const none = (): Sums => ({
  boughtMwh: 0n,
  soldMwh: 0n,
  lostMwh: 0n,
  paidMsat: 0n,
  earnedMsat: 0n,
  rentMsat: 0n,
  rebateMsat: 0n,
  settledMsat: 0n,
});

/** Who bought, sold and kept what: the books of a street, by what its nodes agreed to. */
export class Ledger {
  readonly trades: StreetTrade[] = [];
  private readonly intervals = new Map<number, Map<StreetPlace, Sums>>();
  /** All A that came to a node, less what it gave. */
  private readonly moved = new Map<StreetPlace, bigint>();

  constructor(private readonly tree: StreetTree) {}

  /** A node's sums of an interval. */
  of(place: StreetPlace, intervalStartS: number): Readonly<Sums> {
    return this.sums(place, intervalStartS);
  }

  /** Net energy that a node has bought for an interval, below zero sold, mWh. */
  netMwh(place: StreetPlace, intervalStartS: number): bigint {
    const { boughtMwh, soldMwh } = this.sums(place, intervalStartS);
    return boughtMwh - soldMwh;
  }

  /** What the balance of a node must have changed by since the beginning, msat. */
  movedMsat(place: StreetPlace): bigint {
    return this.moved.get(place) ?? 0n;
  }

  /** Enters a swap. @param status "done", or why there was none: then only the list of trades has it */
  enter(deal: Deal, status: string): void {
    const { initiator, recipient, given, quote, intervalStartS } = deal;
    const [buyer, seller] = given ? [recipient, initiator] : [initiator, recipient];
    this.trades.push({
      atUtcMs: deal.atUtcMs,
      buyer: buyer.name,
      seller: seller.name,
      kind: deal.kind,
      intervalStartUtcMs: intervalStartS * 1000,
      route: [initiator.name, ...quote.hops.map(({ step }) => (step.away ? step.edge.far : step.edge.near).name)],
      energyBoughtMwh: quote.deliveredMwh,
      energySoldMwh: quote.sentMwh,
      paidMsat: quote.paidMsat,
      receivedMsat: quote.receivedMsat,
      status,
    });
    if (status !== "done") return;
    this.sums(buyer, intervalStartS).boughtMwh += quote.deliveredMwh;
    this.sums(seller, intervalStartS).soldMwh += quote.sentMwh;
    this.sums(initiator, intervalStartS).paidMsat += quote.paidMsat;
    this.sums(recipient, intervalStartS).earnedMsat += quote.receivedMsat;
    this.move(initiator, -quote.paidMsat);
    this.move(recipient, quote.receivedMsat);
    for (const { place, rentMsat, lossMwh } of quote.kept) {
      const sums = this.sums(place, intervalStartS);
      if (rentMsat < 0n) sums.rebateMsat -= rentMsat;
      else sums.rentMsat += rentMsat;
      sums.lostMwh += lossMwh;
      this.move(place, rentMsat);
    }
  }

  /** Enters A that was paid for imbalance. @param intervalStartS the interval whose close it followed */
  settle(payer: StreetPlace, payee: StreetPlace, amountMsat: bigint, intervalStartS: number): void {
    this.sums(payer, intervalStartS).settledMsat -= amountMsat;
    this.sums(payee, intervalStartS).settledMsat += amountMsat;
    this.move(payer, -amountMsat);
    this.move(payee, amountMsat);
  }

  /** Sums over all intervals, in the order of the tree's nodes. */
  totals(): readonly Readonly<Sums>[] {
    return this.tree.places.map((place) => {
      const total = none();
      for (const interval of this.intervals.values()) {
        const sums = interval.get(place);
        if (sums === undefined) continue;
        for (const key of Object.keys(total) as (keyof Sums)[]) total[key] += sums[key];
      }
      return total;
    });
  }

  private sums(place: StreetPlace, intervalStartS: number): Sums {
    const interval = this.intervals.get(intervalStartS) ?? new Map<StreetPlace, Sums>();
    this.intervals.set(intervalStartS, interval);
    const sums = interval.get(place) ?? none();
    interval.set(place, sums);
    return sums;
  }

  private move(place: StreetPlace, msat: bigint): void {
    this.moved.set(place, this.movedMsat(place) + msat);
  }
}
