import { expect } from "vitest";
import { Entropy } from "../../host/board/entropy.js";
import type { LdkOptions } from "../../host/bench/lightning/ldk_config.js";
import { type LdkHop, LdkNode, type LdkSaved } from "../../host/bench/lightning/ldk_node.js";
import { SimulatedChain } from "../../host/chain/simulated_chain.js";
import { decodeInvoice } from "../../host/decode/invoice.js";
import { engineByName } from "../../host/engine/index.js";
import { SimNode, type World } from "../../host/lnsim/sim_node.js";
import { MemoryWire, type Party, run } from "../../host/lnsim/wire.js";
import { readNode } from "../../host/node/module.js";
import type { ChannelInfo } from "../../host/node/answers.js";
import type { PayHop, PayRequest } from "../../host/node/requests.js";

import { ldkParty } from "./wire.js";

export type AnyNode = LdkNode | SimNode;

/** Blocks that the last HTLC of a payment has, and that each forwarder has besides. */
const FINAL_DELTA = 60;
const FORWARD_DELTA = 50;
/** What a forwarder takes: LDK as configured, Tieline by its default policy. */
export const FORWARD_FEE_MSAT = 1000n;

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
const unhex = (digits: string): Uint8Array => Uint8Array.from(Buffer.from(digits, "hex"));

const party = (node: AnyNode): Party => (node instanceof LdkNode ? ldkParty(node) : node);

/** The channel that a node of this project has with a peer. */
export function channelOf(node: SimNode, peer: Uint8Array): ChannelInfo {
  const found = node.node.channels().find((channel) => text(channel.peer) === text(peer));
  if (found === undefined) throw new Error(`${node.name} has no channel with this peer`);
  return found;
}

/** The number by which the channel from one node to the next is named in an onion. */
function shortChannelId(from: AnyNode, to: AnyNode): bigint {
  return from instanceof LdkNode ? from.shortChannelId(to.nodeId) : channelOf(from, to.nodeId).shortChannelId;
}

/** A route along nodes that have channels with each other, first the payer, that delivers an amount. */
export function ldkHops(nodes: readonly AnyNode[], amountMsat: bigint): LdkHop[] {
  return nodes.slice(1).map((node, i) => {
    const forwarders = nodes.length - 2 - i;
    return {
      point: node.nodeId,
      shortChannelId: shortChannelId(nodes[i] as AnyNode, node),
      amountMsat: amountMsat + FORWARD_FEE_MSAT * BigInt(forwarders),
      cltvDelta: FINAL_DELTA + FORWARD_DELTA * forwarders,
    };
  });
}

export const tielineHops = (nodes: readonly AnyNode[], amountMsat: bigint, height: number): PayHop[] =>
  ldkHops(nodes, amountMsat).map(({ cltvDelta, ...hop }) => ({ ...hop, cltvExpiry: height + cltvDelta }));

/** LDK's nodes and this project's on one chain, with wires in memory between them. */
export class TielineWorld {
  readonly chain = new SimulatedChain({ seed: "tieline and ldk" });
  private readonly world: World;
  private readonly nodes: AnyNode[] = [];
  wires: MemoryWire[] = [];
  private payments = 0;

  constructor(private readonly options: LdkOptions = {}) {
    this.chain.mineNow(10);
    this.world = {
      engine: engineByName("v8"),
      file: readNode(),
      chain: this.chain,
      nowMs: 1_000n,
      utcS: 1_800_000_000n,
    };
  }

  ldk(seed: number, saved?: LdkSaved): LdkNode {
    const node = new LdkNode(seed, this.chain, this.options, saved);
    this.nodes.push(node);
    return node;
  }

  tieline(name: string): SimNode {
    const node = new SimNode(name, this.world, "tieline and ldk");
    node.start();
    this.nodes.push(node);
    return node;
  }

  /** Switches an LDK node off and on again. */
  restartLdk(node: LdkNode, seed: number): LdkNode {
    this.nodes.splice(this.nodes.indexOf(node), 1);
    return this.ldk(seed, node.stop());
  }

  connect(caller: AnyNode, called: AnyNode): MemoryWire {
    const wire = new MemoryWire(party(caller), party(called));
    this.wires.push(wire);
    this.run();
    return wire;
  }

  /** Delivers what is under way, and mines. */
  settle(blocks = 0): void {
    this.run();
    for (let i = 0; i < blocks; i++) {
      this.chain.mineNow(1);
      this.run();
    }
  }

  run(limit?: number): number {
    this.wires = this.wires.filter((wire) => wire.connected);
    return run(this.wires, limit);
  }

  /** A second goes by for this project's nodes. */
  tick(): void {
    this.world.nowMs += 1000n;
    this.world.utcS += 1n;
    for (const node of this.nodes) {
      if (node instanceof SimNode) node.try((live) => live.tick(this.world.nowMs, this.world.utcS));
    }
    this.run();
  }

  /** What any node complains of. */
  problems(): unknown[] {
    return this.nodes.flatMap<unknown>((node) =>
      node instanceof LdkNode ? [...node.closed] : [...node.told("problem"), ...node.refusals],
    );
  }

  /** Pays by invoice along nodes, each with a channel to the next. @returns payment hash */
  pay(route: readonly AnyNode[], amountMsat: bigint): string {
    const [payer, payee] = [route[0], route.at(-1)];
    if (payer === undefined || payee === undefined) throw new Error("no route");
    const description = `payment ${this.payments++}`;
    const { utcS: timestampS } = this.world;
    const bolt11 =
      payee instanceof LdkNode
        ? payee.invoice(amountMsat, description)
        : payee.node.invoice({ amountMsat, description, timestampS }).bolt11;
    if (payer instanceof LdkNode) return payer.pay(bolt11, ldkHops(route, amountMsat));
    const { payment_hash: hash, payment_secret: secret } = decodeInvoice(bolt11);
    this.send(payer, route, amountMsat, {
      invoice: {
        paymentHash: unhex(hash),
        paymentSecret: unhex(secret),
      },
    });
    return hash;
  }

  /** @returns payment hash */
  keysend(route: readonly AnyNode[], amountMsat: bigint): string {
    const preimage = new Entropy("keysend", String(this.payments++)).bytes(32);
    const payer = route[0];
    if (payer === undefined) throw new Error("no route");
    if (payer instanceof LdkNode) return payer.keysend(preimage, ldkHops(route, amountMsat));
    const part = this.send(payer, route, amountMsat, { preimage });
    return text(payer.node.payment(part)?.paymentHash ?? new Uint8Array(0));
  }

  private send(payer: SimNode, route: readonly AnyNode[], amountMsat: bigint, how: Partial<PayRequest>): number {
    return payer.node.pay({
      channel: channelOf(payer, (route[1] as AnyNode).nodeId).channel,
      hops: tielineHops(route, amountMsat, this.chain.height()),
      ...how,
    });
  }

  /** "sent", "failed" or "pending", as the payer has it, and what the payee has got. */
  outcome(payer: AnyNode, payee: AnyNode, paymentHash: string): [string, bigint] {
    const state =
      payer instanceof LdkNode
        ? (payer.payments.get(paymentHash) ?? "pending")
        : (payer.events
            .filter((event) => event.kind === "sent" || event.kind === "failed")
            .find((event) => text(event.paymentHash) === paymentHash)?.kind ?? "pending");
    const receivedMsat =
      payee instanceof LdkNode
        ? (payee.received.get(paymentHash) ?? 0n)
        : (payee.told("received").find((event) => text(event.paymentHash) === paymentHash)?.amountMsat ?? 0n);
    return [state, receivedMsat];
  }

  /** By invoice and keysend, a small and a large amount, each way. */
  payBothWays(one: AnyNode, two: AnyNode): void {
    for (const route of [
      [one, two],
      [two, one],
    ] as const) {
      for (const amountMsat of [20_000n, 5_000_000n]) {
        for (const how of ["pay", "keysend"] as const) {
          const hash = this[how](route, amountMsat);
          this.settle();
          const outcome = this.outcome(route[0], route[1], hash);
          expect([how, amountMsat, ...outcome, this.problems()]).toEqual([how, amountMsat, "sent", amountMsat, []]);
        }
      }
    }
  }

  /** Both have closed by agreement, and the chain has taken their transaction. */
  expectClosed(ldk: LdkNode, tieline: SimNode): void {
    this.settle();
    expect(tieline.told("problem")).toEqual([]);
    expect(tieline.refusals).toEqual([]);
    expect(this.chain.waiting()).toHaveLength(1);
    this.settle(1);
    expect(this.chain.waiting()).toHaveLength(0);
    expect(ldk.channels()).toEqual([]);
    expect(ldk.closed.map((reason) => /Cooperative/.test(reason))).toEqual([true]);
    expect(tieline.node.channels().map(({ state }) => state)).not.toContain("failed");
  }
}
