import { expect } from "vitest";
import { MeterPort } from "../../host/board/meter_port.js";
import type { Engine } from "../../host/engine/engine.js";
import { engineByName } from "../../host/engine/index.js";
import type { EnergyInfo } from "../../host/node/energy_answers.js";
import type { EnergyParameters } from "../../host/node/energy_requests.js";
import type { NodeConfig } from "../../host/node/requests.js";
import { CONFIG, type MakeFlash, TestNetwork, type TestNode } from "./network.js";
import { TestMeter } from "./line_meter.js";

export const INTERVAL_S = 60;
export const LINE: EnergyParameters = {
  ratingMw: 1_200_000_000n,
  intervalS: INTERVAL_S,
  openerOwns: true,
  rentForthMsatPerKwh: 0n,
  rentBackMsatPerKwh: 0n,
  lossForthPpm: 0,
  lossBackPpm: 0,
  lossMaxPpm: 100_000,
  creditLimitMsat: 1_000_000n,
  priceCapMsatPerKwh: 1_000_000n,
  imbalanceSpreadPpm: 0,
  tariffMsatPerKwh: 200_000n,
  holdS: 10,
};
export const ENERGY: NodeConfig = { ...CONFIG, energy: true, energyCreditMsat: 1_000_000n, closeDelayS: 5 };

/** Nodes with line meters of their own, whose clocks are right. */
export class LineNetwork extends TestNetwork {
  private readonly meters = new Map<TestNode, readonly TestMeter[]>();
  /** What the meters of a node run on, by the node's name; V8 where nothing is said. */
  readonly meterEngines = new Map<string, Engine>();
  private readonly startMs = this.nowMs;
  private readonly startUtcS = this.utcS;

  constructor(engine: Engine["name"], seed = "lines") {
    super(engine, seed);
  }

  /** A node with so many line meters. */
  addNode(
    name: string,
    lines: number,
    config: NodeConfig = ENERGY,
    makeFlash?: MakeFlash,
    image?: Uint8Array,
  ): TestNode {
    const meters = Array.from(
      { length: lines },
      (_, i) =>
        new TestMeter(
          this.meterEngines.get(name) ?? engineByName("v8"),
          `${name}${i}`,
          Number(this.startUtcS) * 1000,
          INTERVAL_S,
        ),
    );
    for (const meter of meters) meter.advance(Number(this.nowMs - this.startMs));
    const ports = meters.map((meter) => new MeterPort(meter));
    const node = this.add(name, makeFlash, image, config, ports);
    this.meters.set(node, meters);
    return node;
  }

  meter(node: TestNode, number = 0): TestMeter {
    const meter = this.meters.get(node)?.[number];
    if (meter === undefined) throw new Error(`${node.name} has no meter ${number}`);
    return meter;
  }

  override tick(ms: bigint): void {
    const now = Number(this.nowMs + ms - this.startMs);
    for (const meters of this.meters.values()) for (const meter of meters) meter.advance(now);
    super.tick(ms);
  }

  /** Seconds, one after the other. */
  seconds(count: number): void {
    for (let i = 0; i < count; i++) this.tick(1_000n);
  }

  /** To a second within an interval. */
  toSecond(second: number): void {
    const into = Number(this.utcS % BigInt(INTERVAL_S));
    this.seconds((second - into + INTERVAL_S) % INTERVAL_S);
  }

  /** Start of the interval that goes on, UTC in s. */
  get interval(): number {
    return Number(this.utcS) - (Number(this.utcS) % INTERVAL_S);
  }
}

/** A line's energy at a node; there has to be one. */
export function energyOf(node: TestNode, channel = 0): EnergyInfo {
  const info = node.node.energy(channel);
  if (info === undefined) throw new Error(`${node.name} has no line ${channel}`);
  return info;
}

/** Flow from `node` into the line, of one that is told from node_1 to node_2. */
export const own = (info: EnergyInfo, flow: bigint): bigint => (info.holderIsNode1 ? flow : -flow);

/** Both ends have the same state, and have come to rest. */
export function expectAgreed(a: TestNode, b: TestNode, ab = 0, ba = 0): void {
  const [one, other] = [energyOf(a, ab), energyOf(b, ba)];
  expect(one.holderIsNode1).toBe(!other.holderIsNode1);
  for (const key of [
    "parametersHash",
    "closedUntil",
    "arrearsMsat",
    "totalForthMwh",
    "totalBackMwh",
    "positions",
  ] as const) {
    expect({ [key]: one[key] }).toEqual({ [key]: other[key] });
  }
  const [first, second] = [a.node.channel(ab), b.node.channel(ba)];
  expect([first?.holderMsat, first?.counterpartyMsat]).toEqual([second?.counterpartyMsat, second?.holderMsat]);
  expect([first?.holderNumber, first?.counterpartyNumber]).toEqual([second?.counterpartyNumber, second?.holderNumber]);
}
