import { beforeAll, expect } from "vitest";
import type { NodeModule } from "../../host/node/module.js";
import type { ModuleFile } from "../../host/engine/module_file.js";
import type { EnergyOffer, EnergyParameters } from "../../host/node/energy_requests.js";
import type { NodeEvent } from "../../host/node/node_event.js";
import type { EnergyKind } from "../../host/node/requests.js";
import { encodeMessage } from "../../host/wire/message.js";
import { compileEntry } from "../driver/entry.js";
import { Between } from "./between.js";
import { energyOf, INTERVAL_S, LINE, LineNetwork, own } from "./lines.js";
import type { TestNode } from "./network.js";

// What drills of attacks on lines have in common: nodes in a row, swaps along lines without losses, attackers, and what
// everybody has before and after.

export const FUNDING_SAT = 10_000_000n;
export const HALF_MSAT = 5_000_000_000n;
/** What energy is offered for; also the tariff, so that who swaps at it has gained nothing and lost nothing. */
export const PRICE = LINE.tariffMsatPerKwh;
export const CREDIT = 100_000_000n;
export const TEMPORARY_CHANNEL_FAILURE = 0x1007;
export const TEMPORARY_NODE_FAILURE = 0x2002;

export const ceilDiv = (a: bigint, b: bigint): bigint => (a + b - 1n) / b;
export const size = (value: bigint): bigint => (value < 0n ? -value : value);
export const priced = (mwh: bigint): bigint => ceilDiv(size(mwh) * PRICE, 1_000_000n);

/** What the attackers' firmware has beside the exports of node.wasm: attacker.entry.ts. */
export type Misdeed =
  | "keep_swaps"
  | "fulfil"
  | "fail"
  | "send_on"
  | "offer_by_hand"
  | "believe"
  | "lapse_state"
  | "newest"
  | "remember"
  | "claim";

const attackersFirmware = (): ModuleFile => compileEntry("test/node/attacker.entry.ts", "node");

/** To be called once at the top of a file with attackers: compiles their firmware before the clock of its tests starts. */
export function withAttackers(): void {
  beforeAll(() => void attackersFirmware(), 600_000);
}

/** A network in which some nodes' firmware is another one. */
export class DrillNetwork extends LineNetwork {
  /** @param attackers names of those who have an attacker's firmware */
  constructor(engine: "v8" | "wasm3", seed: string, attackers: readonly string[] = []) {
    super(engine, seed);
    for (const name of attackers) this.files.set(name, attackersFirmware());
  }

  private between: Between | undefined;
  /** What of a message of node `from` (0: the first of `tap`) its peer gets to hear: nothing, this, or others. */
  change: (from: number, frame: Buffer) => readonly Uint8Array[] = (_, frame) => [frame];

  /**
   * Connects two nodes anew, through somebody who has the keys of both and changes what they say: whoever he hears it from is
   * the attacker, though his firmware is as it was.
   * @param connections numbers of that line at both
   */
  tap(a: TestNode, b: TestNode, connections: readonly [number, number] = [0, 0]): Between {
    this.between?.drop();
    this.sever(a, b);
    this.between = new Between(a, b, connections);
    this.between.connect();
    this.run();
    return this.between;
  }

  override step(): boolean {
    if (super.step()) return true;
    const line = this.between;
    if (line === undefined) return false;
    for (const from of [0, 1]) {
      const frame = line.take(from);
      // Nothing to say: the line may be down.
      if (frame === undefined) line.step(from);
      else for (const changed of this.change(from, frame)) line.pass(from, changed);
      if (frame !== undefined) return true;
    }
    return false;
  }

  /** Nodes in a row, each with a line to the next one that the one before it owns; all have closed once. */
  row(names: readonly string[], change: Partial<EnergyParameters> = {}): TestNode[] {
    const last = names.length - 1;
    const nodes = names.map((name, i) => this.addNode(name, i === 0 || i === last ? 1 : 2));
    for (const [i, to] of nodes.slice(1).entries()) this.join(nodes[i] as TestNode, to, change);
    this.settle();
    return nodes;
  }

  /** A line from one node to another: its number at each. */
  join(from: TestNode, to: TestNode, change: Partial<EnergyParameters> = {}): [number, number] {
    if (!this.areConnected(from, to)) this.connect(from, to);
    this.run();
    return this.openChannel(from, to, FUNDING_SAT, false, HALF_MSAT, { ...LINE, creditLimitMsat: CREDIT, ...change });
  }

  /** Until all lines have closed for the first time. */
  settle(): void {
    this.toSecond(10);
    this.seconds(INTERVAL_S);
  }

  private areConnected(a: TestNode, b: TestNode): boolean {
    return a.lines.some((line) => line?.ends.some(({ node }) => node === b));
  }
}

/** Does something that only an attacker's firmware can: what it answers. */
export function misdeed(node: TestNode, name: Misdeed, input: Uint8Array, ...args: (number | bigint)[]): number {
  const live = node.node;
  const module = live["module"] as NodeModule;
  module.input(input);
  return live["call"](() => Number(module["instance"].call(name, ...args) ?? 0));
}

/** Keeps back what a node says on one of its connections, until the function that it returns is called. */
export function holdBack(network: LineNetwork, node: TestNode, connection: number): () => void {
  const waiting: Uint8Array[] = [];
  const { onSend } = node;
  node.onSend = (number, bytes) => {
    if (number === connection) waiting.push(bytes);
    else onSend.call(node, number, bytes);
  };
  return () => {
    node.onSend = onSend;
    for (const bytes of waiting) network.send(node, connection, bytes);
  };
}

/** Says a message in the name of a node, on a connection that it has. */
export function say(node: TestNode, connection: number, frame: Parameters<typeof encodeMessage>[0] | Uint8Array): void {
  const bytes = frame instanceof Uint8Array ? frame : encodeMessage(frame);
  const module = node.node["module"];
  module.input(bytes);
  node.onSend(connection, module.output(module.expect("transport_send", connection, bytes.length)));
}

export const offer = (network: LineNetwork, change: Partial<EnergyOffer> = {}): EnergyOffer => ({
  side: "sell",
  receipts: true,
  promises: true,
  meter: 0,
  fromS: network.interval,
  untilS: network.interval + 100 * INTERVAL_S,
  priceMsatPerKwh: PRICE,
  maxMwh: 1_000_000_000n,
  ...change,
});

/** A step of a way, over the line that has the number `channel` at `from`. */
export interface Step {
  readonly to: TestNode;
  readonly channel: number;
  readonly from: TestNode;
}

/** The way along a row of nodes, from its first to its last. */
export const along = (...nodes: readonly TestNode[]): Step[] =>
  nodes.slice(1).map((to, i) => ({ from: nodes[i] as TestNode, to, channel: i === 0 ? 0 : 1 }));

export interface Swap {
  readonly preimage?: Uint8Array;
  /** Of the next interval unless given. */
  readonly start?: number;
  readonly kind?: "receipt" | "promise";
  /** Riders and amounts of each hop, payer's first, in place of the same at the price. */
  readonly riders?: readonly bigint[];
  readonly amounts?: readonly bigint[];
  /** It is one part of a whole. */
  readonly totalMwh?: bigint;
}

/** Begins a swap of `mwh` along a way without losses. Nothing arrives before the network runs. */
export function begin(network: LineNetwork, steps: readonly Step[], mwh: bigint, swap: Swap = {}): void {
  const { totalMwh, preimage } = swap;
  (steps[0]?.from as TestNode).node.pay({
    channel: steps[0]?.channel ?? 0,
    hops: steps.map(({ from, to, channel }, i) => ({
      point: to.id,
      shortChannelId: from.node.channel(channel)?.shortChannelId ?? 0n,
      amountMsat: swap.amounts?.[i] ?? priced(mwh),
      energyMwh: swap.riders?.[i] ?? mwh,
      cltvExpiry: network.height + 20 + 40 * (steps.length - 1 - i),
    })),
    energy: {
      intervalStart: swap.start ?? network.interval + INTERVAL_S,
      kind: swap.kind ?? "promise",
      ...(totalMwh !== undefined && { totalMwh }),
    },
    ...(preimage && { preimage }),
    ...(totalMwh !== undefined && { totalMsat: priced(totalMwh) }),
  });
}

/** As `begin`, and what it came to; undefined if it is under way still. */
export function swap(
  network: LineNetwork,
  steps: readonly Step[],
  mwh: bigint,
  how: Swap = {},
): Extract<NodeEvent, { kind: "sent" | "failed" }> | undefined {
  const payer = steps[0]?.from as TestNode;
  const before = payer.events.length;
  begin(network, steps, mwh, how);
  network.run();
  const events = payer.events.slice(before);
  return events.find((event) => event.kind === "sent" || event.kind === "failed");
}

/**
 * What a node has, msat: its A in all channels, arrears that it is owed, and the energy that it is to get less what it is to
 * give, at the price of imbalance without spread. Only at rest: what is in flight does not count.
 */
export function wealth(node: TestNode): bigint {
  let sum = 0n;
  for (const { channel, holderMsat } of node.node.channels()) {
    sum += holderMsat;
    const info = node.node.energy(channel);
    if (info === undefined) continue;
    sum -= own(info, info.arrearsMsat);
    for (const { flowMwh } of info.positions) sum -= (own(info, flowMwh) * info.tariffMsatPerKwh) / 1_000_000n;
  }
  return sum;
}

export const wealths = (...nodes: readonly TestNode[]): bigint[] => nodes.map(wealth);

/** What each has more than before. */
export const gains = (nodes: readonly TestNode[], before: readonly bigint[]): bigint[] =>
  nodes.map((node, i) => wealth(node) - (before[i] ?? 0n));

/** Energy of an interval that is agreed to go from a node into a line. */
export function agreedMwh(node: TestNode, channel: number, start: number): bigint {
  const info = energyOf(node, channel);
  return own(info, info.positions.find((position) => position.start === start)?.flowMwh ?? 0n);
}

/** Arrears that a node owes on a line; below zero: is owed. */
export function owes(node: TestNode, channel: number): bigint {
  const info = energyOf(node, channel);
  return own(info, info.arrearsMsat);
}

/** Nothing has moved, neither A nor energy: not even a HTLC is left. */
export function expectUnmoved(nodes: readonly TestNode[], before: readonly bigint[]): void {
  expect(gains(nodes, before)).toEqual(nodes.map(() => 0n));
  for (const node of nodes) {
    for (const { channel, htlcs } of node.node.channels()) {
      expect(htlcs).toBe(0);
      expect(node.node.energy(channel)?.positions ?? []).toEqual([]);
    }
  }
}

export const NO_INPUT = new Uint8Array(0);

const KINDS: readonly EnergyKind[] = ["receipt", "promise", "arrears"];

/** A rider as the firmware has it: assembly/energy/rider.ts. */
export function rider(start: number, kind: EnergyKind, mwh: bigint, holdS = LINE.holdS - 3): Uint8Array {
  const record = Buffer.alloc(24);
  record.writeUInt32LE(start, 0);
  record.writeUInt8(KINDS.indexOf(kind), 4);
  record.writeBigInt64LE(mwh, 8);
  record.writeUInt16LE(holdS, 16);
  return record;
}
