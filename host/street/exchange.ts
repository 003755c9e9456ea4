import type { Side, TradeKind } from "../scenario/market_plan.js";
import type { SwapHop } from "./quote.js";
import type { StreetEdge, StreetPlace } from "./tree.js";

// What the market needs of the nodes of a street. Behind it are Lightning nodes, or, in tests, bookkeeping.

/** What a node posts for one interval. */
export interface PostedOffer {
  readonly side: Side;
  readonly kinds: readonly TradeKind[];
  /** Below zero on side "buy". */
  readonly msatPerKwh: bigint;
  readonly intervalStartS: number;
  readonly mostMwh: bigint;
}

/** One part along one way: all of a swap. */
export interface Swap {
  readonly from: StreetPlace;
  /** Not empty; what each line is to carry. */
  readonly hops: readonly SwapHop[];
  readonly intervalStartS: number;
  readonly kind: TradeKind;
}

/** What became of a swap: "done", or which node refused it and why. */
export type SwapOutcome = { readonly done: true } | { readonly done: false; readonly why: string };

/** An interval, or several, that both ends of a line have closed. Flows are positive away from the head. */
export interface LineClose {
  readonly edge: StreetEdge;
  /** Starts of the first interval and of the one after the last. */
  readonly fromS: number;
  readonly untilS: number;
  readonly agreedMwh: bigint;
  readonly meteredMwh: bigint;
}

/** A that one end of a line has paid the other one for imbalance. */
export interface Settlement {
  readonly edge: StreetEdge;
  readonly payer: StreetPlace;
  readonly amountMsat: bigint;
}

export interface Exchange {
  /** What nodes have told that should not happen. */
  readonly problems: readonly string[];
  /** Posts an offer at one of the node's places, or takes back what is there. */
  post(place: StreetPlace, at: number, offer: PostedOffer | undefined): void;
  /** Makes a swap and waits for what becomes of it. */
  swap(swap: Swap): SwapOutcome;
  /** What a line can still carry in an interval in one direction, mWh. */
  remainingMwh(edge: StreetEdge, away: boolean, intervalStartS: number): bigint;
  /** Net flow agreed on for an interval, mWh, positive away from the head. */
  agreedMwh(edge: StreetEdge, intervalStartS: number): bigint;
  /** A of a node in all its channels, msat. */
  balanceMsat(place: StreetPlace): bigint;
  /** All A that there is, in channels and on the chain, msat. */
  totalMsat(): bigint;
  /** A line's two ends agree on everything: balances, flows, arrears. */
  endsAgree(edge: StreetEdge): boolean;
  /** Time goes on. */
  tick(monoMs: number, utcMs: number): void;
  /** Intervals that were closed since this was asked last. */
  takeCloses(): LineClose[];
  /** Debts of closes that were paid since this was asked last. */
  takeSettlements(): Settlement[];
}
