import type { MarketPlan, OfferPlan, TradeKind } from "../scenario/market_plan.js";
import type { Exchange } from "./exchange.js";
import type { Deal, Ledger } from "./ledger.js";
import { type Quote, quoteBought, quoteGiven, valueCeil } from "./quote.js";
import type { PostedPrice } from "./result.js";
import type { Step, StreetPlace, StreetTree } from "./tree.js";

/** What is less than this is left to the close of the interval, mWh. */
const LEAST_MWH = 1000n;
/** A need that is larger than what one swap may take of a line is met by several, up to so many with one offer. */
const MAX_SWAPS = 16;
/** Swaps that come in over one channel may hold so much of what is left of the next line: a quarter. */
const SHARE = 4n;
/** Places for offers that a node has for an interval, and intervals that are dealt in at a time. */
const OFFERS_AN_INTERVAL = 4;
const DAY_MS = 86_400_000;
const MILLION = 1_000_000n;
const MW_S_PER_MWH = 3600n;

/** What a node has or lacks for an interval. */
export interface Need {
  readonly place: StreetPlace;
  /** Positive: to be bought; negative: to be sold. */
  readonly netMwh: bigint;
  /** At most so much can be sold to, or bought by, others through this node's offers. */
  readonly sellMwh: bigint;
  readonly buyMwh: bigint;
}

/** An offer that stands, with what is left of it. */
interface Standing {
  readonly place: StreetPlace;
  readonly plan: OfferPlan;
  readonly msatPerKwh: bigint;
  /** What its size allows, in the interval. */
  leftMwh: bigint;
}

/** How an offer would serve somebody. */
interface Candidate {
  readonly standing: Standing;
  readonly way: readonly Step[];
}

/** The dealing of a street: who posts what, and who takes which offer. One interval after the other. */
export class Trading {
  private readonly standing = new Map<number, Standing[]>();

  constructor(
    private readonly tree: StreetTree,
    private readonly market: MarketPlan,
    private readonly exchange: Exchange,
    private readonly ledger: Ledger,
  ) {}

  /** Offers for an interval are posted at their nodes, in place of those of the interval before the last. */
  post(intervalStartS: number): void {
    const slot = (intervalStartS / this.market.intervalS) % 2;
    const posted: Standing[] = [];
    for (const place of this.tree.places) {
      const plans = this.market.offers.filter(({ node }) => node === place.name);
      for (let i = 0; i < Math.min(plans.length, OFFERS_AN_INTERVAL); i++) {
        const plan = plans[i] as OfferPlan;
        const msatPerKwh = plan.priceAt((intervalStartS * 1000) % DAY_MS);
        const stands = msatPerKwh !== undefined && (plan.side === "sell" || msatPerKwh < 0n);
        const mostMwh = this.mostMwh(place, plan);
        const offer = stands ? { side: plan.side, kinds: plan.kinds, msatPerKwh, intervalStartS, mostMwh } : undefined;
        this.exchange.post(place, slot * OFFERS_AN_INTERVAL + i, offer);
        if (msatPerKwh !== undefined) posted.push({ place, plan, msatPerKwh, leftMwh: mostMwh });
      }
    }
    this.standing.set(intervalStartS, posted);
  }

  /** What nodes have posted for an interval, and what they would buy for. */
  prices(intervalStartS: number): PostedPrice[] {
    return (this.standing.get(intervalStartS) ?? []).map(({ place, plan, msatPerKwh }) => ({
      node: place.name,
      side: plan.side,
      msatPerKwh,
    }));
  }

  /** One round of dealing: who needs energy buys, who buys cheaply what is left, and what is too much is given away. */
  round(intervalStartS: number, kind: TradeKind, needs: readonly Need[], atUtcMs: number): void {
    const session = { intervalStartS, kind, atUtcMs, open: new Map(needs.map((need) => [need.place, { ...need }])) };
    for (const need of needs) if (need.netMwh > 0n && !this.waits(session, need.place)) this.buy(session, need.place);
    for (const need of needs) this.buyCheap(session, need.place);
    for (const need of needs) if (need.netMwh < 0n) this.give(session, need.place);
  }

  /** Who has offered to be paid for taking a promise waits for somebody to pay. */
  private waits({ intervalStartS, kind }: Session, place: StreetPlace): boolean {
    return kind === "promise" && this.offers(intervalStartS, kind, "buy").some((offer) => offer.place === place);
  }

  /** Buys what a node needs, from the cheapest offers first, as long as they are cheaper than imbalance. */
  private buy(session: Session, buyer: StreetPlace): void {
    const limit = this.limitOf(buyer, session.intervalStartS);
    const needMwh = (): bigint => session.open.get(buyer)?.netMwh ?? 0n;
    this.buyFrom(session, buyer, limit, needMwh, (mwh) => this.take(session, buyer, mwh));
  }

  /** Buys what others have left at no more than the price that a node buys at, whether it needs it or not. */
  private buyCheap(session: Session, buyer: StreetPlace): void {
    // A home's price to buy at is its limit for what it needs; the head takes what there is.
    if (buyer !== this.tree.head) return;
    const buying = (this.standing.get(session.intervalStartS) ?? []).filter(
      ({ place, plan, msatPerKwh }) =>
        place === buyer && plan.side === "buy" && msatPerKwh >= 0n && plan.kinds.includes(session.kind),
    );
    for (const standing of buying) {
      this.buyFrom(
        session,
        buyer,
        standing.msatPerKwh,
        () => standing.leftMwh,
        (mwh) => (standing.leftMwh -= mwh),
      );
    }
  }

  private buyFrom(
    session: Session,
    buyer: StreetPlace,
    limit: bigint,
    needMwh: () => bigint,
    bought: (mwh: bigint) => void,
  ): void {
    const { intervalStartS, kind } = session;
    if (needMwh() < LEAST_MWH) return;
    const cost = ({ way, standing }: Candidate): bigint => quoteBought(way, needMwh(), standing.msatPerKwh).paidMsat;
    for (const { standing, way } of sorted(this.candidates(buyer, intervalStartS, kind, "sell"), cost)) {
      for (let swaps = 0; swaps < MAX_SWAPS && needMwh() >= LEAST_MWH; swaps++) {
        const left = least(standing.leftMwh, session.open.get(standing.place)?.sellMwh ?? 0n);
        const quote = this.fitting(needMwh(), left, session, (mwh) => quoteBought(way, mwh, standing.msatPerKwh));
        if (quote === undefined || quote.paidMsat > valueCeil(quote.deliveredMwh, limit)) break;
        if (!this.deal(session, buyer, standing, quote, false)) break;
        bought(quote.deliveredMwh);
      }
    }
  }

  /** Pays for what a node has too much of to be taken, where that costs least. */
  private give(session: Session, giver: StreetPlace): void {
    const { intervalStartS, kind } = session;
    // What it generates and has not sold; what it has bought too much of is none of its own.
    const restMwh = (): bigint => {
      const { netMwh = 0n, sellMwh = 0n } = session.open.get(giver) ?? {};
      return least(-netMwh, sellMwh);
    };
    if (restMwh() < LEAST_MWH) return;
    const cost = ({ way, standing }: Candidate): bigint => quoteGiven(way, restMwh(), standing.msatPerKwh).paidMsat;
    for (const { standing, way } of sorted(this.candidates(giver, intervalStartS, kind, "buy"), cost)) {
      for (let swaps = 0; swaps < MAX_SWAPS && restMwh() >= LEAST_MWH; swaps++) {
        const left = least(standing.leftMwh, session.open.get(standing.place)?.buyMwh ?? 0n);
        const quote = this.fitting(restMwh(), left, session, (mwh) => quoteGiven(way, mwh, standing.msatPerKwh));
        if (quote === undefined || !this.deal(session, giver, standing, quote, true)) break;
      }
    }
  }

  /** Makes one swap and enters what became of it. */
  private deal(session: Session, initiator: StreetPlace, standing: Standing, quote: Quote, given: boolean): boolean {
    const { intervalStartS, kind, atUtcMs } = session;
    const deal: Deal = { atUtcMs, kind, intervalStartS, initiator, recipient: standing.place, given, quote };
    const outcome = this.exchange.swap({ from: initiator, hops: quote.hops, intervalStartS, kind });
    this.ledger.enter(deal, outcome.done ? "done" : outcome.why);
    if (!outcome.done) return false;
    standing.leftMwh -= given ? quote.deliveredMwh : quote.sentMwh;
    if (given) {
      this.take(session, standing.place, quote.deliveredMwh);
      this.take(session, initiator, -quote.sentMwh);
    } else {
      this.take(session, standing.place, -quote.sentMwh);
    }
    return true;
  }

  /** Energy has come to a node (below zero: gone from it) in this round. */
  private take({ open }: Session, place: StreetPlace, mwh: bigint): void {
    const need = open.get(place);
    if (need === undefined) return;
    need.netMwh -= mwh;
    if (mwh < 0n) need.sellMwh += mwh;
    else need.buyMwh -= mwh;
  }

  /**
   * The largest swap that offer, lines and their shares let through.
   * @param wantedMwh what is wanted at the initiator's end
   * @param leftMwh what is left at the recipient's end
   */
  private fitting(
    wantedMwh: bigint,
    leftMwh: bigint,
    { intervalStartS }: Session,
    quoted: (mwh: bigint) => Quote,
  ): Quote | undefined {
    let mwh = wantedMwh;
    // Each turn shrinks it to the line that lets least through; rents and losses hardly change by it.
    for (let turn = 0; turn < 8 && mwh >= LEAST_MWH; turn++) {
      const quote = quoted(mwh);
      let [most, carried] = [1n, 1n];
      const bound = (limit: bigint, energy: bigint): void => {
        if (energy > limit && limit * carried < most * energy) [most, carried] = [limit, energy];
      };
      quote.hops.forEach(({ step, energyMwh }, i) => {
        const energy = energyMwh < 0n ? -energyMwh : energyMwh;
        const towards = energyMwh < 0n ? step.away : !step.away;
        const remaining = this.exchange.remainingMwh(step.edge, towards, intervalStartS);
        bound(i === 0 ? remaining : remaining / SHARE, energy);
        if (i === quote.hops.length - 1) bound(leftMwh, energy);
      });
      if (most === carried) return quote;
      mwh = least((mwh * most) / carried, mwh - 1n);
    }
    return undefined;
  }

  /** Offers of others that may serve a node, each with the way to it. */
  private candidates(place: StreetPlace, intervalStartS: number, kind: TradeKind, side: "sell" | "buy"): Candidate[] {
    return this.offers(intervalStartS, kind, side)
      .filter((standing) => standing.place !== place)
      .map((standing) => ({ standing, way: this.tree.way(place, standing.place) }));
  }

  /** Posted offers. */
  private offers(intervalStartS: number, kind: TradeKind, side: "sell" | "buy"): Standing[] {
    return (this.standing.get(intervalStartS) ?? []).filter(
      ({ plan, msatPerKwh }) => plan.side === side && plan.kinds.includes(kind) && (side === "sell" || msatPerKwh < 0n),
    );
  }

  /** What a node pays at most, delivered: its own price to buy at, or what imbalance would cost it. */
  private limitOf(place: StreetPlace, intervalStartS: number): bigint {
    const own = (this.standing.get(intervalStartS) ?? [])
      .filter((standing) => standing.place === place && standing.plan.side === "buy" && standing.msatPerKwh >= 0n)
      .map(({ msatPerKwh }) => msatPerKwh);
    const [first] = own;
    if (first !== undefined) return own.reduce((most, price) => (price > most ? price : most), first);
    return place.up === undefined ? 0n : imbalancePrice(place.up.plan);
  }

  /** The size of an offer: its power, or what the node's lines carry. */
  private mostMwh(place: StreetPlace, { powerMw }: OfferPlan): bigint {
    const lines = place.up === undefined ? place.down : [place.up];
    const lineMw = lines.reduce((sum, { plan }) => sum + plan.ratingMw, 0n);
    return ((powerMw ?? lineMw) * BigInt(this.market.intervalS)) / MW_S_PER_MWH;
  }
}

/** A round of dealing, and what nodes still have and lack in it. */
interface Session {
  readonly intervalStartS: number;
  readonly kind: TradeKind;
  readonly atUtcMs: number;
  readonly open: ReadonlyMap<StreetPlace, { -readonly [K in keyof Need]: Need[K] }>;
}

/** What a kWh costs that nobody has agreed to. */
const imbalancePrice = (terms: { readonly tariffMsatPerKwh: bigint; readonly spreadPpm: number }): bigint =>
  (terms.tariffMsatPerKwh * (MILLION + BigInt(terms.spreadPpm))) / MILLION;

const least = (a: bigint, b: bigint): bigint => (a < b ? a : b);

/** The cheapest first; of two that cost the same the one that was posted first. */
function sorted(candidates: readonly Candidate[], cost: (candidate: Candidate) => bigint): Candidate[] {
  return candidates
    .map((candidate) => ({ candidate, msat: cost(candidate) }))
    .sort((a, b) => (a.msat < b.msat ? -1 : a.msat > b.msat ? 1 : 0))
    .map(({ candidate }) => candidate);
}
