import type { NodeConfig, PayHop, Policy } from "../../host/node/requests.js";
import { CONFIG, type MakeFlash, OTHER_CHAIN, TestNetwork, type TestNode } from "./network.js";

/** Chain 1 has a block every ten minutes, chain 2 one every two and a half. */
export const INTERVAL_S = 600;
export const OTHER_INTERVAL_S = 150;
export const FUNDING_MSAT = 1_000_000_000n;
/** 7 msat of chain 1 for 3 of chain 2. */
export const RATE = { num: 7n, den: 3n };

/** On chain 1, on both, on chain 2. */
export const FIRST: NodeConfig = { ...CONFIG, blockIntervalS: INTERVAL_S, energy: true };
export const BOTH: NodeConfig = {
  ...FIRST,
  secondChain: { chainHash: OTHER_CHAIN, blockIntervalS: OTHER_INTERVAL_S, dustLimitSat: 700 },
};
export const SECOND: NodeConfig = { ...CONFIG, chainHash: OTHER_CHAIN, prefix: "rltc", energy: true };

export const ceil = (a: bigint, b: bigint, c: bigint): bigint => (a * b + c - 1n) / c;

/** What has to come in over one chain for an amount and its fee that go out over the other one. */
export function asked(amountMsat: bigint, policy: Policy, rate = RATE): bigint {
  const fee = BigInt(policy.feeBaseMsat) + (amountMsat * BigInt(policy.feeProportionalMillionths)) / 1_000_000n;
  return ceil(amountMsat + fee, rate.num, rate.den);
}

/** What nodes' flash holds, and where the chains are. */
export interface Scene {
  readonly images: readonly [Uint8Array, Uint8Array, Uint8Array];
  readonly height: number;
  readonly otherHeight: number;
}

/** a on chain 1, x on both, b on chain 2; a channel of 1,000,000 sat, half of it pushed, on each chain. */
export class Crossing {
  readonly network: TestNetwork;
  readonly a: TestNode;
  readonly x: TestNode;
  readonly b: TestNode;

  constructor(engine: "v8" | "wasm3", makeFlash?: MakeFlash, scene?: Scene) {
    this.network = new TestNetwork(engine, scene ? "later" : "first");
    if (scene) Object.assign(this.network, { height: scene.height, otherHeight: scene.otherHeight });
    const add = (name: string, config: NodeConfig, at: 0 | 1 | 2): TestNode =>
      this.network.add(name, makeFlash, scene?.images[at], config);
    [this.a, this.x, this.b] = [add("a", FIRST, 0), add("x", BOTH, 1), add("b", SECOND, 2)];
    if (scene) return;
    const { a, x, b, network } = this;
    this.connect();
    network.openChannel(a, x, 1_000_000n, false, FUNDING_MSAT / 2n);
    x.node.open({ peer: b.id, fundingSat: 1_000_000n, pushMsat: FUNDING_MSAT / 2n, feeratePerKw: 253, chain: 1 });
    network.run();
    network.mine(6, true);
    x.node.rate(0, 1, RATE);
  }

  /** Lays the lines that are missing. */
  connect(): void {
    const { a, x, b, network } = this;
    const joined = (one: TestNode, other: TestNode): boolean =>
      one.node.info().connections.some(({ peer }) => peer !== undefined && Buffer.compare(peer, other.id) === 0);
    if (!joined(a, x)) network.connect(a, x);
    if (!joined(x, b)) network.connect(x, b);
    network.run();
  }

  scene(): Scene {
    const { a, x, b, network } = this;
    return {
      images: [a.flash.image(), x.flash.image(), b.flash.image()],
      height: network.height,
      otherHeight: network.otherHeight,
    };
  }

  /** From a to b by x: `blocks` that a's HTLC has left on chain 1, `otherBlocks` that b's has on chain 2. */
  route(amountMsat: bigint, blocks = 100, otherBlocks = 60): [PayHop, PayHop] {
    const { x, b, network } = this;
    return [
      {
        point: x.id,
        shortChannelId: 0n,
        amountMsat: asked(amountMsat, x.node.policy(1)),
        cltvExpiry: network.height + blocks,
      },
      {
        point: b.id,
        shortChannelId: x.node.channel(1)?.shortChannelId ?? 0n,
        amountMsat,
        cltvExpiry: network.otherHeight + otherBlocks,
      },
    ];
  }

  /** A part of a keysend along a route that crosses: its number. */
  pay(hops: readonly PayHop[], how: { preimage?: Uint8Array; totalMsat?: bigint } = {}): number {
    const part = this.a.node.pay({ channel: 0, hops, crosses: true, ...how });
    this.network.run();
    return part;
  }

  /** What a, x on chain 1, x on chain 2 and b have, with nothing under way and both ends of both channels agreed. */
  settled(): [bigint, bigint, bigint, bigint] {
    const infos = [this.a.node.channel(0), this.x.node.channel(0), this.x.node.channel(1), this.b.node.channel(0)];
    const [ax, xa, xb, bx] = infos.map((info) => {
      if (info?.state !== "normal" || info.htlcs !== 0) throw new Error(`not settled: ${info?.state}, ${info?.htlcs}`);
      return info;
    }) as [NonNullable<(typeof infos)[0]>, ...NonNullable<(typeof infos)[0]>[]];
    if (ax.holderMsat !== xa?.counterpartyMsat || xb?.holderMsat !== bx?.counterpartyMsat || bx === undefined) {
      throw new Error("the ends do not agree");
    }
    return [ax.holderMsat, xa.holderMsat, xb?.holderMsat ?? 0n, bx.holderMsat];
  }
}
