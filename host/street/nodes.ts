import { MeterPort, type LineMeter } from "../board/meter_port.js";
import { SimulatedChain } from "../chain/simulated_chain.js";
import type { Engine } from "../engine/engine.js";
import type { ModuleFile } from "../engine/module_file.js";
import { SimNode, type World } from "../lnsim/sim_node.js";
import { MemoryWire, run } from "../lnsim/wire.js";
import type { ChannelInfo } from "../node/answers.js";
import type { EnergyInfo } from "../node/energy_answers.js";
import type { EnergyParameters } from "../node/energy_requests.js";
import type { NodeEvent } from "../node/node_event.js";
import type { NodeUnit } from "../node/unit.js";
import type { MarketPlan } from "../scenario/market_plan.js";
import type { ScenarioMeter } from "../scenario/meter_control.js";
import type { StreetMeters } from "./meters.js";
import type { StreetEdge, StreetPlace, StreetTree } from "./tree.js";

const FEERATE_PER_KW = 253;
/** Confirmations until channels are in use. */
const CONFIRMATIONS = 6;
/** Messages after which nodes that do not come to rest are a defect. */
const MOST_MESSAGES = 200_000;
const MSAT_PER_SAT = 1000n;
const FIRST_MS = 1_000n;

/** What the nodes run on. */
export interface NodeRuntime {
  readonly engine: Engine;
  readonly file: ModuleFile;
  readonly seed: string;
  /** What runs a place's node at each start, where that is not the engine. */
  readonly unitOf?: (place: StreetPlace) => (() => NodeUnit) | undefined;
}

export type End = "near" | "far";

/** A channel that is a line, and its number at both ends. */
interface Channel {
  readonly nearNumber: number;
  readonly farNumber: number;
}

const same = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0;

/** The nodes of a street, switched on, with a channel for each line: wires in memory, one simulated chain. */
export class StreetNodes {
  /** What nodes have told that should not happen, by name. */
  readonly problems: string[] = [];
  private readonly world: World;
  private readonly nodes = new Map<StreetPlace, SimNode>();
  private readonly channels: Channel[] = [];
  private readonly wires: MemoryWire[] = [];

  /**
   * @param told what a node tells, at once
   * Throws if a channel does not come about.
   */
  constructor(
    private readonly market: MarketPlan,
    private readonly tree: StreetTree,
    private readonly meters: StreetMeters<ScenarioMeter & LineMeter>,
    startUtcMs: number,
    { engine, file, seed, unitOf }: NodeRuntime,
    told: (place: StreetPlace, event: NodeEvent) => void,
  ) {
    const chain = new SimulatedChain({ seed });
    this.world = { engine, file, chain, nowMs: FIRST_MS, utcS: BigInt(startUtcMs / 1000) };
    chain.mineNow(3);
    for (const place of tree.places) {
      const ports = meters.of(place).map(({ meter }) => new MeterPort(meter));
      const config = { energy: true, energyCreditMsat: place.up?.plan.creditMsat ?? 0n };
      const unit = unitOf?.(place);
      const node = new SimNode(place.name, this.world, seed, { meters: ports, config, ...(unit && { unit }) });
      node.onEvent = (event) => {
        if (event.kind === "problem") {
          this.problems.push(`${place.name}: problem ${event.code} with message ${event.message} ${event.text}`);
        }
        told(place, event);
      };
      node.start();
      this.nodes.set(place, node);
    }
    for (const edge of tree.edges) this.open(edge);
    for (let i = 0; i < CONFIRMATIONS; i++) {
      chain.mineNow(1);
      this.settle();
    }
    for (const edge of tree.edges) this.demandUsable(edge);
  }

  /** The simulated node of a place. */
  of(place: StreetPlace): SimNode {
    const node = this.nodes.get(place);
    if (node === undefined) throw new Error(`there is no node ${place.name}`);
    return node;
  }

  /** A line's channel as one of its ends has it. */
  channel(edge: StreetEdge, end: End): ChannelInfo {
    const info = this.of(edge[end]).node.channel(this.number(edge, end));
    if (info === undefined) throw new Error(`${lineName(edge)}: the channel is gone`);
    return info;
  }

  /** A line's energy as one of its ends has it. */
  energy(edge: StreetEdge, end: End): EnergyInfo {
    const info = this.of(edge[end]).node.energy(this.number(edge, end));
    if (info === undefined) throw new Error(`${lineName(edge)}: the channel is no line`);
    return info;
  }

  /** A channel's number at one of its ends. */
  number(edge: StreetEdge, end: End): number {
    const channel = this.channels[edge.index];
    if (channel === undefined) throw new Error(`${lineName(edge)}: there is no channel`);
    return end === "near" ? channel.nearNumber : channel.farNumber;
  }

  /** The line of a node's channel. */
  edgeOf(place: StreetPlace, number: number): StreetEdge | undefined {
    return this.tree.edges.find((edge, i) => {
      // While channels are being opened there are not all of them.
      if (this.channels[i] === undefined) return false;
      const end = endAt(edge, place);
      return end !== undefined && this.number(edge, end) === number;
    });
  }

  /** Whether the near end is node_1 of BOLT 7. */
  nearIsFirst({ near, far }: StreetEdge): boolean {
    return Buffer.compare(this.of(near).nodeId, this.of(far).nodeId) < 0;
  }

  get height(): number {
    return this.world.chain.height();
  }

  /** Outputs on the chain that are no channel's, sat. */
  get unfundedSat(): bigint {
    const funded = this.tree.edges.reduce((sum, edge) => sum + this.channel(edge, "near").fundingSat, 0n);
    return this.world.chain.supplySat() - funded;
  }

  /** Lets all wires run until nothing moves. */
  settle(): void {
    if (run(this.wires, MOST_MESSAGES) >= MOST_MESSAGES) throw new Error("the nodes do not come to rest");
  }

  /** Time goes on for all nodes. */
  tick(monoMs: number, utcMs: number): void {
    this.world.nowMs = FIRST_MS + BigInt(monoMs);
    this.world.utcS = BigInt(Math.floor(utcMs / 1000));
    for (const node of this.nodes.values()) {
      node.node.tick(this.world.nowMs, this.world.utcS);
      this.settle();
    }
  }

  private open(edge: StreetEdge): void {
    const [near, far] = [this.of(edge.near), this.of(edge.far)];
    this.wires.push(new MemoryWire(near, far));
    this.settle();
    const { channelSat } = this.market;
    const nearNumber = near.node.open({
      peer: far.nodeId,
      fundingSat: channelSat,
      pushMsat: (channelSat / 2n) * MSAT_PER_SAT,
      feeratePerKw: FEERATE_PER_KW,
      anchors: true,
      energy: this.parameters(edge),
    });
    this.settle();
    const id = near.node.channel(nearNumber)?.channelId;
    const there = far.node.channels().find(({ channelId }) => id !== undefined && same(channelId, id));
    if (there === undefined) throw new Error(`${lineName(edge)}: no channel comes about: ${this.why()}`);
    this.channels.push({ nearNumber, farNumber: there.channel });
  }

  /** The near end opens, owns the line, and has the energy counted at the far one. */
  private parameters(edge: StreetEdge): EnergyParameters {
    const { plan, near } = edge;
    return {
      ratingMw: plan.ratingMw,
      intervalS: this.market.intervalS,
      openerOwns: true,
      rentForthMsatPerKwh: plan.away.rentMsatPerKwh,
      rentBackMsatPerKwh: plan.back.rentMsatPerKwh,
      lossForthPpm: plan.away.lossPpm,
      lossBackPpm: plan.back.lossPpm,
      lossMaxPpm: plan.lossMaxPpm,
      creditLimitMsat: plan.creditMsat,
      priceCapMsatPerKwh: plan.priceCapMsatPerKwh,
      imbalanceSpreadPpm: plan.spreadPpm,
      tariffMsatPerKwh: plan.tariffMsatPerKwh,
      holdS: plan.holdS,
      meter: this.meters.of(near).findIndex((meter) => meter.edge === edge),
    };
  }

  private demandUsable(edge: StreetEdge): void {
    const [near, far] = [this.channel(edge, "near"), this.channel(edge, "far")];
    if (near.usable && far.usable && this.energy(edge, "near").intervalS === this.market.intervalS) return;
    throw new Error(`${lineName(edge)}: the channel is ${near.state} and ${far.state}: ${this.why()}`);
  }

  private why(): string {
    return this.problems.length === 0 ? "the nodes say nothing" : this.problems.join("; ");
  }
}

/** Which end of a line a node is. */
export function endAt(edge: StreetEdge, place: StreetPlace): End | undefined {
  return edge.near === place ? "near" : edge.far === place ? "far" : undefined;
}

const lineName = ({ near, far }: StreetEdge): string => `${near.name} - ${far.name}`;
