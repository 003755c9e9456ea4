import { Entropy } from "../board/entropy.js";
import { generateKey, type KeyStore } from "../board/key_store.js";
import type { LineMeter } from "../board/meter_port.js";
import type { Engine } from "../engine/engine.js";
import type { NodeUnit } from "../node/unit.js";
import type { ScenarioMeter } from "../scenario/meter_control.js";
import type { Scenario } from "../scenario/scenario.js";
import type { MeterProbe } from "../sim/meter_probe.js";
import type { MeterSpec } from "../street/meters.js";
import { StreetTree, type StreetPlace } from "../street/tree.js";
import type { BoardOption } from "./board_option.js";
import { drivenPlace, type BoardPlace } from "./driven_place.js";
import { steppedPlace } from "./stepped_place.js";
import { openBoard, type OpenBoard, type Provisioning } from "./open_board.js";

const SECRET_BYTES = 32;

/**
 * The boards of a street: each stands for a home, its meter and its node, which is what an emulated home would be down to
 * its keys.
 */
export class BoardPlaces {
  private readonly opened = new Map<string, OpenBoard>();
  private readonly places = new Map<string, BoardPlace>();

  /** Opens all boards. Throws Error naming what is wrong with the scenario or an option, or whose board does not answer. */
  constructor(
    scenario: Scenario,
    options: readonly BoardOption[],
    private readonly engine: Engine,
  ) {
    if (scenario.market === undefined) {
      throw new Error(`scenario ${scenario.name} has no market: boards stand for the homes of a street that trades`);
    }
    const tree = new StreetTree(scenario, scenario.market);
    for (const option of options) demandHome(tree, option, options);
    try {
      for (const option of options) {
        this.opened.set(option.name, openBoard(option, provisioningOf(scenario.seed, option.name)));
      }
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** The meter of a place that is a board; undefined: it is none. */
  meter(spec: MeterSpec, keys: KeyStore, probe: MeterProbe | undefined): (ScenarioMeter & LineMeter) | undefined {
    const open = this.opened.get(spec.name);
    if (open === undefined) return undefined;
    const surroundings = { spec, keys, engine: this.engine, probe };
    const place = open.peer === undefined ? drivenPlace(open, surroundings) : steppedPlace(open, surroundings);
    this.places.set(spec.name, place);
    return place.meter;
  }

  /** What runs the node of a place that is a board; undefined: it is none. */
  unitOf({ name }: StreetPlace): (() => NodeUnit) | undefined {
    const place = this.places.get(name);
    return place && (() => place.unit());
  }

  /** Round trips to boards so far. */
  get requests(): number {
    return [...this.opened.values()].reduce((sum, { board }) => sum + board.requests, 0);
  }

  /** Ends boards that are processes, and leaves the others. */
  close(): void {
    for (const open of this.opened.values()) open.close();
    this.opened.clear();
  }
}

/** A board has one meter and the one line that it measures. */
function demandHome(tree: StreetTree, option: BoardOption, options: readonly BoardOption[]): void {
  const { name, text } = option;
  const place = tree.places.find((each) => each.name === name);
  if (place?.meter === undefined) {
    const homes = tree.places.filter(isHome).map((home) => home.name);
    throw new Error(`--board ${text}: the scenario has no meter ${name}; its homes are ${homes.join(", ")}`);
  }
  if (!isHome(place)) throw new Error(`--board ${text}: ${name} has other lines than one to the head, a board has one`);
  if (options.some((other) => other !== option && other.name === name)) {
    throw new Error(`--board ${text}: ${name} has two boards`);
  }
}

const isHome = ({ meter, up, down }: StreetPlace): boolean =>
  meter !== undefined && up !== undefined && down.length === 0;

/** Keys as the emulated meter and node of that name have them. */
export function provisioningOf(seed: string, name: string): Provisioning {
  const node = new Entropy(seed, `node/${name}`);
  return {
    key: generateKey(new Entropy(seed).stream(`key/${name}`)),
    root: node.stream("root").bytes(SECRET_BYTES),
    seed: node.stream("random/0").bytes(SECRET_BYTES),
  };
}
