// What a street that trades came to: the one shape that the summary, the files and the report are made of. Money is in
// msat, energy in mWh, times are UTC. All sums of a node are from 0 but those
// that say otherwise.

/** What a node is to the market: its part in the tree of lines. */
export type NodeKind = "head" | "cabinet" | "home" | "solar";

export interface StreetNode {
  readonly name: string;
  readonly kind: NodeKind;
}

/** A line, from the head's side to the side further away. */
export interface StreetLine {
  readonly from: string;
  readonly to: string;
  readonly ratingMw: bigint;
}

/** A price that a node has posted for an interval. */
export interface PostedPrice {
  readonly node: string;
  /** "buy": below zero, what the node takes for taking energy; the price is negative. */
  readonly side: "sell" | "buy";
  readonly msatPerKwh: bigint;
}

/** What a node did in an interval, or in all of them. */
export interface NodeFigures {
  readonly name: string;
  /** Energy that swaps brought to it or took from it, as agreed. */
  readonly boughtMwh: bigint;
  readonly soldMwh: bigint;
  /** What it kept of what it forwarded, for the losses that its lines' policies declare. */
  readonly lostMwh: bigint;
  /** Energy that came to it, as metered at its lines' accounting points, beyond what was agreed. */
  readonly imbalanceMwh: bigint;
  /** A for energy bought (or, below zero, for energy given away), rents on the way included. */
  readonly paidMsat: bigint;
  /** A for energy sold (or, below zero, for energy taken). */
  readonly earnedMsat: bigint;
  /** A kept of what was forwarded. */
  readonly rentMsat: bigint;
  /** A given up where a rent was negative: to whom flows against the stream. */
  readonly rebateMsat: bigint;
  /** A that closes of intervals brought it (from 0) or cost it (below 0) for imbalance. */
  readonly settledMsat: bigint;
  /** A in all its channels at the end. */
  readonly balanceMsat: bigint;
}

/** What a line carried in an interval, or in all of them, `from` to `to` positive. */
export interface LineFigures {
  /** Net flow of riders at the accounting point. */
  readonly agreedMwh: bigint;
  /** Net flow as metered at the accounting point. */
  readonly meteredMwh: bigint;
  /** What went in at one end and did not come out at the other, as metered. */
  readonly lostMwh: bigint;
  /** |agreed| over what the rating allows. */
  readonly useOfRatingPpm: number;
}

export interface StreetInterval {
  readonly startUtcMs: number;
  readonly prices: readonly PostedPrice[];
  /** In the order of StreetResult.nodes. */
  readonly nodes: readonly NodeFigures[];
  /** In the order of StreetResult.lines. */
  readonly lines: readonly LineFigures[];
}

/** A swap of energy for A that a node has initiated. */
export interface StreetTrade {
  readonly atUtcMs: number;
  /** Who gets the energy. At prices below zero the seller has initiated. */
  readonly buyer: string;
  readonly seller: string;
  readonly kind: "promise" | "receipt";
  readonly intervalStartUtcMs: number;
  /** Names from the initiator to the recipient. */
  readonly route: readonly string[];
  /** What reached the buyer, what left the seller. */
  readonly energyBoughtMwh: bigint;
  readonly energySoldMwh: bigint;
  /** What the initiator paid, what the recipient got. */
  readonly paidMsat: bigint;
  readonly receivedMsat: bigint;
  /** "done", or why it failed. */
  readonly status: string;
}

export interface StreetTotals {
  readonly trades: number;
  readonly failedTrades: number;
  /** In the order of StreetResult.nodes. */
  readonly nodes: readonly NodeFigures[];
  /** In the order of StreetResult.lines; the use of the rating is the greatest of all intervals. */
  readonly lines: readonly LineFigures[];
}

export interface Conservation {
  /** A in all channels and in outputs on the chain, before the first interval and after the last. */
  readonly startMsat: bigint;
  readonly endMsat: bigint;
  /** Nodes whose balance is not what their trades brought and cost them; empty if all are. */
  readonly moneyDiffers: readonly string[];
  readonly moneyHolds: boolean;
  /**
   * As metered at the ends of the lines: what nodes put in, what they took (a cabinet, whose meters' pulses do not end
   * together, as well), what lines did not pass on.
   */
  readonly generatedMwh: bigint;
  readonly consumedMwh: bigint;
  readonly lostMwh: bigint;
  /** What the lines have lost in truth, and how far the meters' resolution may be from it. */
  readonly physicalLostMwh: bigint;
  readonly resolutionMwh: bigint;
  /** Generation is consumption and losses, to the mWh, and the losses are the true ones to the meters' resolution. */
  readonly energyHolds: boolean;
  /** Nodes at which sold - bought - kept for losses is not what riders say on their lines; empty if all agree. */
  readonly flowsDiffer: readonly string[];
  readonly flowsHold: boolean;
  /** What else was found wrong: a line that was not closed, ends that do not agree, a receipt that does not verify. */
  readonly problems: readonly string[];
  /** All of the above. */
  readonly holds: boolean;
}

export interface StreetResult {
  readonly name: string;
  readonly description: string;
  readonly startUtcMs: number;
  readonly intervalS: number;
  readonly seed: string;
  readonly nodes: readonly StreetNode[];
  readonly lines: readonly StreetLine[];
  readonly intervals: readonly StreetInterval[];
  readonly trades: readonly StreetTrade[];
  readonly totals: StreetTotals;
  readonly conservation: Conservation;
}
