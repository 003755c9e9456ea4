import { SimulatedChain } from "../chain/simulated_chain.js";
import type { NodeEvent } from "../node/node_event.js";
import type { Edge, Network, Payment } from "./network.js";
import type { SimNode } from "./sim_node.js";

// What must hold of a simulated network, whatever happens to it. A checker throws Violation.

export class Violation extends Error {
  override readonly name = "Violation";
}

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

function demand(holds: boolean, what: string): void {
  if (!holds) throw new Violation(what);
}

interface Seen {
  holder: bigint;
  counterparty: bigint;
}

/** What is checked after every step. Keeps the highest commitment numbers that it has seen. */
export class StepChecker {
  private readonly seen = new Map<Edge, [Seen, Seen]>();
  private readonly heard = new Map<SimNode, number>();

  constructor(private readonly network: Network) {}

  check(): void {
    for (const edge of this.network.edges) this.checkEdge(edge);
    for (const node of this.network.nodes) this.checkNode(node);
  }

  /**
   * Money of a channel is conserved, no commitment number goes back, and what one end has been signed is what the other end
   * has signed last or the one before: a node that forgot what it had sent would break this.
   */
  private checkEdge(edge: Edge): void {
    const seen = this.seen.get(edge) ?? [
      { holder: 0n, counterparty: 0n },
      { holder: 0n, counterparty: 0n },
    ];
    this.seen.set(edge, seen);
    for (const end of [0, 1] as const) {
      const channel = this.network.channel(edge, end);
      if (channel === undefined) continue;
      const name = `${edge.ends[end].name}'s channel ${edge.numbers[end]}`;
      demand(channel.state === "normal", `${name} is ${channel.state}, fault ${channel.fault}`);
      const sumMsat = channel.holderMsat + channel.counterpartyMsat;
      demand(sumMsat === channel.fundingSat * 1000n, `${name} holds ${sumMsat} msat of ${channel.fundingSat} sat`);
      const { holderNumber, counterpartyNumber } = channel;
      const before = seen[end];
      demand(holderNumber >= before.holder, `${name}: its commitment went back to ${holderNumber}`);
      demand(counterpartyNumber >= before.counterparty, `${name}: it signs ${counterpartyNumber} again`);
      before.holder = holderNumber;
      before.counterparty = counterpartyNumber;
    }
    for (const end of [0, 1] as const) {
      const [signed, holds] = [seen[end].counterparty, seen[1 - end]?.holder ?? 0n];
      const both = edge.ends.every((node) => node.on);
      const ahead = signed - holds;
      demand(
        !both || (ahead >= 0n && ahead <= 1n),
        `${edge.ends[end].name} has signed commitment ${signed}, its peer holds ${holds}`,
      );
    }
  }

  private checkNode(node: SimNode): void {
    for (const event of node.events.slice(this.heard.get(node) ?? 0)) {
      if (event.kind === "problem" && event.channel >= 0) throw new Violation(`${node.name}: ${problemText(event)}`);
    }
    this.heard.set(node, node.events.length);
    demand(node.refusals.length === 0, `${node.name}: the chain refuses ${node.refusals.join("; ")}`);
    const info = node.try((live) => live.info());
    if (info !== undefined) {
      const { journalBytes, journalSectorBytes } = info;
      demand(journalBytes <= journalSectorBytes, `${node.name}: journal of ${journalBytes} bytes`);
    }
  }
}

function problemText(event: NodeEvent): string {
  return JSON.stringify(event, (_, value: unknown) => {
    if (value instanceof Uint8Array) return text(value);
    return typeof value === "bigint" ? String(value) : value;
  });
}

/** Whether nothing is under way any more: no HTLC anywhere, and every payment that was begun has its result. */
export function isResolved(network: Network): boolean {
  const quiet = network.edges.every((edge) =>
    ([0, 1] as const).every((end) => {
      const channel = network.channel(edge, end);
      return channel?.htlcs === 0 && channel.connected;
    }),
  );
  return quiet && network.payments.every((payment) => payment.part === undefined || resultOf(payment) !== "pending");
}

/** Payments whose payer has not been told their result, and what it says of them. */
export const pending = (network: Network): string[] =>
  network.payments
    .filter((payment) => payment.part !== undefined && resultOf(payment) === "pending")
    .map(({ hash, nodes: [payer], part }) => {
      const info = part === undefined ? undefined : payer?.try((node) => node.payment(part));
      return `${payer?.name}'s part ${part}, ${hash}: ${info?.state}${info && text(info.paymentHash) !== hash ? ", of another payment" : ""}`;
    });

/** What the payer was told. Throws Violation if it was told both. */
function resultOf({ hash, nodes }: Payment): "sent" | "failed" | "pending" {
  const results = new Set(
    nodes[0]?.events
      .filter((event) => event.kind === "sent" || event.kind === "failed")
      .filter(({ paymentHash }) => text(paymentHash) === hash)
      .map(({ kind }) => kind),
  );
  demand(results.size <= 1, `payment ${hash} was told as sent and as failed`);
  return results.values().next().value ?? "pending";
}

function receivedMsat({ hash, nodes }: Payment): bigint {
  const amounts = new Set<bigint>();
  for (const event of nodes.at(-1)?.events ?? []) {
    if (event.kind === "received" && text(event.paymentHash) === hash) amounts.add(event.amountMsat);
  }
  demand(amounts.size <= 1, `payment ${hash} was received as ${[...amounts].join(" and ")} msat`);
  return amounts.values().next().value ?? 0n;
}

/** What every node has in its channels, msat. */
export function balancesMsat(network: Network): Map<SimNode, bigint> {
  const balances = new Map(network.nodes.map((node) => [node, 0n]));
  for (const edge of network.edges) {
    for (const end of [0, 1] as const) {
      const node = edge.ends[end];
      balances.set(node, (balances.get(node) ?? 0n) + (network.channel(edge, end)?.holderMsat ?? 0n));
    }
  }
  return balances;
}

/**
 * Once all is healed and at rest: both ends of a channel agree, everything is resolved, and every node has exactly what
 * payments that were told as sent have brought it or cost it: none is lost, none is made twice.
 */
export function checkEnd(network: Network, startMsat: ReadonlyMap<SimNode, bigint>): void {
  for (const edge of network.edges) {
    const [a, b] = [network.channel(edge, 0), network.channel(edge, 1)];
    const name = `channel of ${edge.ends.map((node) => node.name).join(" and ")}`;
    demand(a !== undefined && b !== undefined, `${name} is gone`);
    if (a === undefined || b === undefined) continue;
    demand(a.htlcs === 0 && b.htlcs === 0, `${name}: ${a.htlcs} and ${b.htlcs} HTLCs are left`);
    demand(a.usable && b.usable, `${name} is not usable: ${a.state}, ${b.state}`);
    demand(
      a.holderMsat === b.counterpartyMsat && a.counterpartyMsat === b.holderMsat,
      `${name}: ${a.holderMsat} and ${b.counterpartyMsat} msat`,
    );
    demand(
      a.holderNumber === b.counterpartyNumber && b.holderNumber === a.counterpartyNumber,
      `${name}: commitments ${a.holderNumber}/${b.counterpartyNumber}, ${b.holderNumber}/${a.counterpartyNumber}`,
    );
  }
  const expected = new Map(startMsat);
  const give = (node: SimNode | undefined, msat: bigint): void => {
    if (node !== undefined) expected.set(node, (expected.get(node) ?? 0n) + msat);
  };
  for (const payment of network.payments) {
    const { hash, nodes, hops, part } = payment;
    const result = resultOf(payment);
    const received = receivedMsat(payment);
    demand(result !== "pending" || part === undefined, `payment ${hash} has no result`);
    const delivered = hops.at(-1)?.amountMsat ?? 0n;
    demand(
      result === "sent" ? received === delivered : received === 0n,
      `payment ${hash} of ${delivered} msat: ${result}, received ${received}`,
    );
    if (result !== "sent") continue;
    give(nodes[0], -(hops[0]?.amountMsat ?? 0n));
    hops.forEach((hop, i) => give(nodes[i + 1], hop.amountMsat - (hops[i + 1]?.amountMsat ?? 0n)));
  }
  for (const [node, msat] of balancesMsat(network)) {
    demand(msat === expected.get(node), `${node.name} has ${msat} msat, not ${expected.get(node)}`);
  }
}

/**
 * Both ends of a channel publish their commitment, each on a chain of its own: its script interpreter takes both signatures
 * only if the peer has signed the very same bytes. The network is of no use afterwards.
 */
export function checkCommitments(network: Network, edge: Edge): void {
  const saved = network.world.chain.save();
  for (const end of [0, 1] as const) {
    const node = edge.ends[end];
    const chain = SimulatedChain.load(saved);
    let published = 0;
    node.onBroadcast = (transaction) => {
      published++;
      const refusal = chain.submit(transaction);
      demand(refusal === undefined, `${node.name}'s commitment is refused: ${refusal?.reason}, ${refusal?.detail}`);
    };
    node.node.forceClose(edge.numbers[end]);
    demand(published === 1, `${node.name} publishes ${published} commitments`);
  }
}
