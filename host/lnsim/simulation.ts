import { Entropy } from "../board/entropy.js";
import { SimulatedChain } from "../chain/simulated_chain.js";
import type { Engine } from "../engine/engine.js";
import type { ModuleFile } from "../engine/module_file.js";
import { balancesMsat, checkCommitments, checkEnd, isResolved, pending, StepChecker, Violation } from "./checkers.js";
import { Network } from "./network.js";
import { deliver, tamperOnce } from "./wire.js";

const STEPS = 150;
const HEALING_ROUNDS = 200;

/** What happened in a simulation. */
export interface Summary {
  nodes: number;
  channels: number;
  payments: number;
  sent: number;
  refused: number;
  starts: number;
  powerCuts: number;
}

/**
 * One simulation: nodes, channels and everything that happens follow from the seed. Throws Violation, or whatever the
 * firmware throws.
 */
export function simulate(seed: string, engine: Engine, file: ModuleFile, steps = STEPS): Summary {
  const random = new Entropy("lnsim", seed);
  const chain = new SimulatedChain({ seed });
  const world = { engine, file, chain, nowMs: 1_000n, utcS: 1_800_000_000n };
  const network = new Network(world, random.stream("network"), seed);
  network.open();
  const checker = new StepChecker(network);
  checker.check();
  const startMsat = balancesMsat(network);
  const disturbances = random.stream("disturbances");
  for (let step = 0; step < steps; step++) {
    disturb(network, disturbances);
    checker.check();
  }
  heal(network, checker);
  checkEnd(network, startMsat);
  const { nodes, edges, payments, refused } = network;
  const sum = (values: number[]): number => values.reduce((total, value) => total + value, 0);
  const summary: Summary = {
    nodes: nodes.length,
    channels: edges.length,
    payments: payments.length,
    sent: sum(nodes.map((node) => new Set(node.told("sent").map((event) => String(event.paymentHash))).size)),
    refused,
    starts: sum(nodes.map((node) => node.starts)),
    powerCuts: sum(nodes.map((node) => node.cuts)),
  };
  checkCommitments(network, pick(edges, disturbances));
  return summary;
}

const pick = <T>(items: readonly T[], random: Entropy): T => items[random.below(items.length)] as T;

/** One thing happens. */
function disturb(network: Network, random: Entropy): void {
  const { world, nodes, edges } = network;
  const choice = random.below(100);
  const edge = pick(edges, random);
  const node = pick(nodes, random);
  if (choice < 25) network.pay();
  else if (choice < 70) deliver(edge.wire, 1 + random.below(8));
  else if (choice < 78) for (const each of edges) network.connect(each);
  else if (choice < 81) edge.wire?.cut();
  else if (choice < 84) tamperOnce(edge.wire, random);
  else if (choice < 87) {
    if (node.on) node.powerOff();
    else node.start();
  } else if (choice < 90) {
    const index = random.below(6);
    node.flash.cutAt(
      random.below(4) === 0
        ? { kind: "erase", index: random.below(2), stage: random.below(4) as 0 | 1 | 2 | 3 }
        : { kind: "program", index, bytes: random.below(300) },
    );
  } else if (choice < 94) {
    for (const each of nodes) if (!each.on) each.start();
  } else if (choice < 99) tick(network, BigInt(random.below(random.below(4) === 0 ? 90_000 : 2_000)));
  else world.chain.mineNow(1);
}

function tick({ world, nodes }: Network, ms: bigint): void {
  world.nowMs += ms;
  world.utcS += ms / 1000n;
  for (const node of nodes) node.try((live) => live.tick(world.nowMs, world.utcS));
}

/** No more disturbances: everything is switched on and connected, and time goes on until all is resolved. */
function heal(network: Network, checker: StepChecker): void {
  for (const { flash } of network.nodes) flash.cutAt(undefined);
  for (const edge of network.edges) if (edge.wire !== undefined) edge.wire.tamper = undefined;
  for (let round = 0; round < HEALING_ROUNDS; round++) {
    for (const node of network.nodes) if (!node.on) node.start();
    for (const edge of network.edges) network.connect(edge);
    network.settle();
    tick(network, 1_000n);
    network.settle();
    checker.check();
    if (isResolved(network)) return;
  }
  throw new Violation(`not resolved: ${unresolved(network)}`);
}

function unresolved(network: Network): string {
  const channels = network.edges.flatMap((edge) =>
    ([0, 1] as const).map((end) => {
      const channel = network.channel(edge, end);
      const state = channel && `${channel.htlcs} HTLCs${channel.connected ? "" : ", not connected"}`;
      return `${edge.ends[end].name}/${edge.numbers[end]}: ${state}`;
    }),
  );
  return [...channels, ...pending(network)].join("; ");
}
