import { VirtualClock } from "../board/clock.js";
import { Entropy } from "../board/entropy.js";
import { KeyStore } from "../board/key_store.js";
import { cutLossMwh, resolutionMwh, type EnergyBalance } from "./balance.js";
import { flowAt } from "./feeder.js";
import type { ScenarioMeter } from "./meter_control.js";
import type { Action, ClockState, MeterPlan, Scenario } from "./scenario.js";
import { offsetText } from "./units.js";

/** Makes the meter of a plan around its key. */
export type OpenMeter = (plan: MeterPlan, keys: KeyStore) => ScenarioMeter;

interface Place {
  readonly name: string;
  readonly plan: MeterPlan;
  readonly meter: ScenarioMeter;
  readonly noise: Entropy;
  /** Power that the running step would have without a cut, mW. */
  stepMw: number;
  /** Power that flowed last, mW. */
  flowedMw: number;
  powered: boolean;
  /** What the clock_steps since the last setting add up to. */
  clockErrorMs: number;
  clockState: ClockState;
}

/**
 * A scenario in virtual time. Power is constant within a step except where an event cuts it; the head carries the
 * homes and the losses of the lines.
 */
export class Simulation {
  readonly meters: readonly { readonly name: string; readonly meter: ScenarioMeter }[];
  readonly clock: VirtualClock;
  readonly endMs: number;
  private readonly places: ReadonlyMap<string, Place>;
  private lostMwMs = 0n;
  private cutsMwh = 0n;
  private nextAction = 0;

  constructor(
    readonly scenario: Scenario,
    openMeter: OpenMeter,
  ) {
    const entropy = new Entropy(scenario.seed);
    const places = scenario.meters.map((plan): Place => {
      const keys = KeyStore.generate(entropy.stream(`key/${plan.name}`));
      return {
        name: plan.name,
        plan,
        meter: openMeter(plan, keys),
        noise: entropy.stream(`load/${plan.name}`),
        stepMw: 0,
        flowedMw: 0,
        powered: true,
        clockErrorMs: 0,
        clockState: "S",
      };
    });
    this.meters = places;
    this.places = new Map(places.map((place) => [place.name, place]));
    this.clock = new VirtualClock(scenario.startUtcMs);
    this.endMs = scenario.durationMs;
    for (const { meter } of places) meter.start(scenario.startUtcMs);
  }

  get finished(): boolean {
    return this.clock.monoMs >= this.endMs;
  }

  /** Receipts of all meters so far. */
  get receipts(): number {
    return this.meters.reduce((sum, { meter }) => sum + meter.receipts.length, 0);
  }

  /** How many events have begun. */
  get eventsDone(): number {
    return new Set(this.scenario.actions.slice(0, this.nextAction).map(({ event }) => event.index)).size;
  }

  /** One step of virtual time. */
  step(): void {
    const fromMs = this.clock.monoMs;
    const toMs = Math.min(fromMs + this.scenario.stepMs, this.endMs);
    for (const place of this.places.values()) place.stepMw = powerIn(place, fromMs, toMs);
    while (this.clock.monoMs < toMs) {
      this.act();
      this.flow(Math.min(this.scenario.actions[this.nextAction]?.atMs ?? toMs, toMs));
    }
  }

  /** The street's energy: what its meters say beside what really was lost in the lines. */
  balance(): EnergyBalance {
    const net = ({ meter }: Place): bigint => meter.registers().importMwh - meter.registers().exportMwh;
    const head = this.place(this.scenario.root.name);
    const homes = [...this.places.values()].filter((place) => place !== head);
    return {
      headMwh: net(head),
      homesMwh: homes.reduce((sum, home) => sum + net(home), 0n),
      lostMwh: this.lostMwMs / 3_600_000n,
      resolutionMwh: this.meters.reduce((sum, { meter }) => sum + resolutionMwh(meter), 0n),
      cutsMwh: this.cutsMwh,
    };
  }

  /** Does what is due now. */
  private act(): void {
    const { actions } = this.scenario;
    for (let action = actions[this.nextAction]; action !== undefined; action = actions[this.nextAction]) {
      if (action.atMs > this.clock.monoMs) return;
      const due = action;
      naming(due, () => this.perform(due));
      this.nextAction++;
    }
  }

  /** Lets energy flow until `toMs`. A dark home neither takes nor gives: its inverter needs the grid. */
  private flow(toMs: number): void {
    const ownMw = ({ powered, stepMw }: Place): number => (powered ? stepMw : 0);
    const { root } = this.scenario;
    const { powerMw, lostMw } = flowAt(root, (name) => {
      const place = this.places.get(name);
      return place === undefined ? 0 : ownMw(place);
    });
    this.lostMwMs += BigInt(lostMw) * BigInt(toMs - this.clock.monoMs);
    for (const place of this.places.values()) {
      place.flowedMw = place.name === root.name ? powerMw : ownMw(place);
      place.meter.run(place.flowedMw, toMs);
    }
    this.clock.advanceTo(toMs);
  }

  private perform(action: Action): void {
    const place = this.place(action.meter);
    const { meter } = place;
    switch (action.kind) {
      case "cut":
        this.cutsMwh += cutLossMwh(place.flowedMw, meter);
        meter.cutPower();
        place.powered = false;
        break;
      case "restore":
        meter.restorePower();
        place.powered = true;
        break;
      case "resync":
        // Where the next cut came first, the setting after that one will do.
        if (place.powered) this.setClock(place, 0, "S");
        break;
      case "clock_step":
        this.setClock(place, place.clockErrorMs + action.stepMs, place.clockState);
        break;
      case "clock_sync":
        this.setClock(place, 0, action.state);
        break;
      case "tamper":
        meter.tamper(action.what, action.active);
        break;
      case "transaction":
        meter.transaction(action.tx, action.identification, action.tariff);
    }
  }

  private setClock(place: Place, errorMs: number, state: ClockState): void {
    place.clockErrorMs = errorMs;
    place.clockState = state;
    place.meter.setClock(this.clock.utcMs + errorMs, state);
  }

  private place(name: string): Place {
    const place = this.places.get(name);
    if (place === undefined) throw new Error(`there is no meter ${name}`);
    return place;
  }
}

/**
 * Net power of a home in a step, mW. Both numbers are drawn in every step, so that a roof or a power cut does not change
 * what the load draws after it.
 */
export function powerIn({ plan, noise }: Pick<Place, "plan" | "noise">, fromMs: number, toMs: number): number {
  const { load, generation, noisePercent, cloudsPercent } = plan;
  const loadPercent = 100 - noisePercent + noise.below(2 * noisePercent + 1);
  const generationPercent = 100 - cloudsPercent + noise.below(cloudsPercent + 1);
  const loadMw = Math.round((load.meanMw(fromMs, toMs) * loadPercent) / 100);
  return loadMw - Math.round((generation.meanMw(fromMs, toMs) * generationPercent) / 100);
}

/** An error that comes of an event says which. */
function naming(action: Action, act: () => void): void {
  try {
    act();
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const { atMs, meter, event } = action;
    const what = `events[${event.index}] (${event.kind}, ${meter}, ${offsetText(atMs)})`;
    throw new Error(`${what}: ${message}`, { cause: error });
  }
}
