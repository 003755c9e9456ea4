// The market of a scenario: what market.ts makes of a document's `market` and host/street runs.

export interface MarketPlan {
  /** Delivery interval, s, of market and meters. */
  readonly intervalS: number;
  /** Funding of each line's channel, of which each end has half at the start, sat. */
  readonly channelSat: bigint;
  /** What a node may give up in rebates, sat. */
  readonly purseSat: bigint;
  /** Forecasts are wrong by up to this much, up and down. */
  readonly forecastErrorPercent: number;
  /** One for each line of the feeder, by the name of its far end. */
  readonly lines: ReadonlyMap<string, LinePlan>;
  readonly offers: readonly OfferPlan[];
}

/** What the owner of a line, the end nearer to the head, states when it opens the channel. */
export interface LinePlan {
  readonly ratingMw: bigint;
  /** For energy that flows away from the head. */
  readonly away: DirectionPlan;
  /** For energy that flows towards the head. */
  readonly back: DirectionPlan;
  /** What sending less receiving meter may differ by. */
  readonly lossMaxPpm: number;
  readonly creditMsat: bigint;
  readonly priceCapMsatPerKwh: bigint;
  readonly tariffMsatPerKwh: bigint;
  readonly spreadPpm: number;
  readonly holdS: number;
}

export interface DirectionPlan {
  /** Below zero: a rebate. */
  readonly rentMsatPerKwh: bigint;
  readonly lossPpm: number;
}

export type Side = "sell" | "buy";
export type TradeKind = "promise" | "receipt";

export interface OfferPlan {
  readonly node: string;
  readonly side: Side;
  readonly kinds: readonly TradeKind[];
  /** At most so much in an interval; undefined: what lines and meters allow. */
  readonly powerMw: bigint | undefined;
  /** The price in force at a time of day, ms since midnight; undefined: no offer then. */
  readonly priceAt: (dayMs: number) => bigint | undefined;
}
