import { VirtualClock } from "../board/clock.js";
import { Entropy } from "../board/entropy.js";
import type { ScenarioMeter } from "../scenario/meter_control.js";
import type { MarketPlan } from "../scenario/market_plan.js";
import type { Scenario } from "../scenario/scenario.js";
import { powerIn } from "../scenario/simulation.js";
import type { Exchange, LineClose } from "./exchange.js";
import { Ledger } from "./ledger.js";
import { StreetMeters, type OpenMeter } from "./meters.js";
import { Trading, type Need } from "./trading.js";
import { StreetTree, type StreetEdge, type StreetPlace } from "./tree.js";

/** Promises for an interval are dealt in so long before it begins. */
const GATE_MS = 60_000;
/** Receipts of an interval are dealt in so long after its end: the meters have signed it. */
const LATE_MS = 3_000;
/** From then on after its end an interval is closed, second by second as long as a line is open. */
const CLOSE_FROM_MS = 15_000;
const CLOSE_UNTIL_MS = 55_000;
/** Nodes are told the time at least so often: they expect to hear of their peers within a minute. */
const TICK_MS = 30_000;
const SECOND_MS = 1_000;

/** Makes the nodes of a street around their meters, with a channel for each line. */
export type OpenExchange<M extends ScenarioMeter> = (
  tree: StreetTree,
  meters: StreetMeters<M>,
  startUtcMs: number,
) => Exchange;

/** What a node had in its channels when the intervals up to one had been closed. */
export interface Snapshot {
  readonly intervalStartS: number;
  readonly balancesMsat: readonly bigint[];
}

/**
 * A street that trades, in virtual time. It begins one interval before the scenario, in which nothing flows: so its first
 * meters' receipts are there, and what is dealt in before the first interval has a time to be dealt in. It ends a minute
 * after the scenario, once the last interval is closed.
 */
export class StreetSimulation<M extends ScenarioMeter = ScenarioMeter> {
  readonly tree: StreetTree;
  readonly meters: StreetMeters<M>;
  readonly exchange: Exchange;
  readonly ledger: Ledger;
  readonly trading: Trading;
  readonly clock: VirtualClock;
  readonly endMs: number;
  readonly startMsat: bigint;
  readonly closes: LineClose[] = [];
  readonly snapshots: Snapshot[] = [];
  /** What is wrong with the books while it runs. */
  readonly problems: string[] = [];
  private readonly firstBalances: readonly bigint[];
  private readonly noise: ReadonlyMap<StreetPlace, Entropy>;
  private readonly doubts: ReadonlyMap<StreetPlace, Entropy>;
  private powers = new Map<StreetPlace, number>();
  private nextTickMs = 0;
  private readonly closedUntilS = new Map<StreetEdge, number>();

  constructor(
    readonly scenario: Scenario,
    readonly market: MarketPlan,
    openMeter: OpenMeter<M>,
    openExchange: OpenExchange<M>,
  ) {
    const entropy = new Entropy(scenario.seed);
    const leadMs = market.intervalS * 1000;
    this.clock = new VirtualClock(scenario.startUtcMs - leadMs);
    this.endMs = leadMs + scenario.durationMs + CLOSE_UNTIL_MS;
    this.tree = new StreetTree(scenario, market);
    this.meters = new StreetMeters(this.tree, entropy, openMeter);
    this.meters.start(this.clock.startUtcMs);
    this.exchange = openExchange(this.tree, this.meters, this.clock.startUtcMs);
    this.ledger = new Ledger(this.tree);
    this.trading = new Trading(this.tree, market, this.exchange, this.ledger);
    const streams = (kind: string): Map<StreetPlace, Entropy> =>
      new Map(this.tree.places.map((place) => [place, entropy.stream(`${kind}/${place.name}`)]));
    this.noise = streams("load");
    this.doubts = streams("forecast");
    this.startMsat = this.exchange.totalMsat();
    this.firstBalances = this.tree.places.map((place) => this.exchange.balanceMsat(place));
  }

  get finished(): boolean {
    return this.clock.monoMs >= this.endMs;
  }

  get receipts(): number {
    return this.meters.all.reduce((sum, { meter }) => sum + meter.receipts.length, 0);
  }

  /** Starts of the intervals that are traded, UTC in s. */
  get intervalStarts(): number[] {
    const { startUtcMs, durationMs } = this.scenario;
    const { intervalS } = this.market;
    return Array.from({ length: durationMs / 1000 / intervalS }, (_, i) => startUtcMs / 1000 + i * intervalS);
  }

  /** One step of virtual time. */
  step(): void {
    const leadMs = this.market.intervalS * 1000;
    const fromMs = this.clock.monoMs;
    const { stepMs, durationMs } = this.scenario;
    const bounds = [leadMs, leadMs + durationMs, this.endMs].filter((at) => at > fromMs);
    const toMs = Math.min(fromMs - (fromMs % stepMs) + stepMs, ...bounds);
    const [fromScenarioMs, toScenarioMs] = [fromMs - leadMs, toMs - leadMs];
    const flows = fromScenarioMs >= 0 && toScenarioMs <= durationMs;
    this.powers = new Map();
    for (const [place, noise] of flows ? this.noise : []) {
      if (place.meter === undefined) continue;
      this.powers.set(place, powerIn({ plan: place.meter, noise }, fromScenarioMs, toScenarioMs));
    }
    while (this.clock.monoMs < toMs) {
      const nextMs = Math.min(toMs, this.nextActionMs());
      this.meters.run((place) => this.powers.get(place) ?? 0, nextMs);
      this.clock.advanceTo(nextMs);
      this.act();
    }
  }

  /** When something is next to be done, after now. */
  private nextActionMs(): number {
    const now = this.clock.monoMs;
    const intervalMs = this.market.intervalS * 1000;
    const base = now - (now % intervalMs);
    const second = now - (now % SECOND_MS) + SECOND_MS;
    const isClosing = second >= base + CLOSE_FROM_MS && second < base + CLOSE_UNTIL_MS && this.openLines().length > 0;
    const fixed = [LATE_MS, CLOSE_FROM_MS, CLOSE_UNTIL_MS, intervalMs - GATE_MS, intervalMs].map((at) => base + at);
    return Math.min(...[...fixed, this.nextTickMs, isClosing ? second : Infinity].filter((at) => at > now));
  }

  /** Lines of which an interval that has ended is not closed yet. */
  private openLines(): StreetEdge[] {
    const { intervalS } = this.market;
    const nowS = Math.floor(this.clock.utcMs / 1000);
    const startS = nowS - (nowS % intervalS);
    return this.tree.edges.filter((edge) => (this.closedUntilS.get(edge) ?? 0) < startS);
  }

  private act(): void {
    const { monoMs, utcMs } = this.clock;
    const { intervalS } = this.market;
    const intervalMs = intervalS * 1000;
    const offset = monoMs % intervalMs;
    const startS = (utcMs - offset) / 1000;
    const { startUtcMs, durationMs } = this.scenario;
    const [firstS, endS] = [startUtcMs / 1000, (startUtcMs + durationMs) / 1000];
    this.exchange.tick(monoMs, utcMs);
    this.nextTickMs = monoMs + TICK_MS;
    this.takeCloses();
    if (offset === intervalMs - GATE_MS && startS + intervalS < endS) this.sellAhead(startS, startS + intervalS);
    if (offset === LATE_MS && startS > firstS) this.sellLate(startS - intervalS);
    if (offset === CLOSE_UNTIL_MS && startS > firstS) this.balance(startS - intervalS);
  }

  /**
   * Promises for an interval, by forecasts: as the running interval has been so far, give or take an error. What a forecast
   * may be off by is not dealt in ahead: what is lacking can still be had afterwards, what is too much brings nothing.
   */
  private sellAhead(runningS: number, startS: number): void {
    const { intervalS, forecastErrorPercent } = this.market;
    const soFarS = intervalS - GATE_MS / 1000;
    const needs = this.traders().map(({ place, meter }): Need => {
      const soFarMwh = this.meters.netSinceMwh(meter, runningS);
      const error = (this.doubts.get(place)?.below(2 * forecastErrorPercent + 1) ?? 0) - forecastErrorPercent;
      const forecastMwh = (soFarMwh * BigInt(intervalS * (100 + error))) / BigInt(soFarS * 100);
      const netMwh = (forecastMwh * BigInt(100 - forecastErrorPercent)) / 100n;
      // No meter promises more than its rating. The head is the slack: it has as much, and needs none.
      const ratedMwh = (BigInt(meter.config.ratingW ?? 0) * 1000n * BigInt(intervalS)) / 3600n;
      if (place === this.tree.head) return { place, netMwh: 0n, sellMwh: ratedMwh, buyMwh: ratedMwh };
      const most = (mwh: bigint): bigint => (mwh < 0n ? 0n : mwh < ratedMwh ? mwh : ratedMwh);
      return { place, netMwh, sellMwh: most(-netMwh), buyMwh: most(netMwh) };
    });
    this.trading.post(startS);
    this.trading.round(startS, "promise", needs, this.clock.utcMs);
  }

  /** Receipts of an interval that has ended: by what the meters have counted, less what has been dealt in already. */
  private sellLate(startS: number): void {
    const { intervalS } = this.market;
    const needs = this.traders().map(({ place, meter }): Need => {
      const meteredMwh = this.meters.netMwh(meter, startS, intervalS);
      const { boughtMwh, soldMwh } = this.ledger.of(place, startS);
      const [sellMwh, buyMwh] = [-meteredMwh - soldMwh, meteredMwh - boughtMwh].map((mwh) => (mwh > 0n ? mwh : 0n));
      const netMwh = place === this.tree.head ? 0n : meteredMwh - (boughtMwh - soldMwh);
      return { place, netMwh, sellMwh: sellMwh ?? 0n, buyMwh: buyMwh ?? 0n };
    });
    this.trading.round(startS, "receipt", needs, this.clock.utcMs);
  }

  /** Nodes with energy of their own, and their meters. */
  private traders(): { readonly place: StreetPlace; readonly meter: ReturnType<StreetMeters<M>["of"]>[number] }[] {
    return this.tree.places.flatMap((place) => {
      const meter = this.meters.own(place);
      return meter === undefined ? [] : [{ place, meter }];
    });
  }

  /** Enters what lines have closed, and what was paid for it. */
  private takeCloses(): void {
    const { intervalS } = this.market;
    for (const close of this.exchange.takeCloses()) {
      this.closes.push(close);
      this.closedUntilS.set(close.edge, close.untilS);
    }
    for (const { edge, payer, amountMsat } of this.exchange.takeSettlements()) {
      const payee = payer === edge.near ? edge.far : edge.near;
      const untilS = this.closedUntilS.get(edge) ?? this.scenario.startUtcMs / 1000;
      this.ledger.settle(payer, payee, amountMsat, untilS - intervalS);
    }
  }

  /** The time in which an interval is closed is over: its balances are noted. */
  private balance(intervalStartS: number): void {
    const balancesMsat = this.tree.places.map((place) => this.exchange.balanceMsat(place));
    this.snapshots.push({ intervalStartS, balancesMsat });
    for (const edge of this.openLines()) this.problems.push(`${edge.near.name} - ${edge.far.name}: interval left open`);
  }

  /** Nodes whose balance is not what their trades have brought and cost them. */
  moneyDiffers(): string[] {
    return this.tree.places.flatMap((place, i) => {
      const expected = (this.firstBalances[i] ?? 0n) + this.ledger.movedMsat(place);
      return this.exchange.balanceMsat(place) === expected ? [] : [place.name];
    });
  }
}
