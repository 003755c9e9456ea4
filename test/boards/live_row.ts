import { expect } from "vitest";
import { Entropy } from "../../host/board/entropy.js";
import { KeyRing } from "../../host/board/key_ring.js";
import type { BoardImage } from "../../host/link/image.js";
import type { Machine } from "../../host/link/machine.js";
import { CONFIG, routeOf, TestNetwork } from "../node/network.js";
import { inProcess, LiveNetwork, type LiveNode, onBoard } from "./live_network.js";

/** Payer, forwarder and recipient. */
export const NAMES = ["payer", "forwarder", "recipient"] as const;
export type Name = (typeof NAMES)[number];
export const AMOUNT_MSAT = 1_000_000n;
const FUNDING_MSAT = 1_000_000_000n;

/** Three nodes in a row with their channels: what their flash holds. */
export interface Scene {
  readonly images: Readonly<Record<Name, Uint8Array>>;
  readonly height: number;
  readonly scid: bigint;
}

const rootOf = (name: Name): Uint8Array => new Entropy(name, "root").bytes(32);

/** Opens the channels, in this process. */
export function scene(): Scene {
  const network = new TestNetwork("v8", "live");
  const [payer, forwarder, recipient] = NAMES.map((name) => network.add(name));
  if (payer === undefined || forwarder === undefined || recipient === undefined) return expect.fail();
  network.connect(payer, forwarder);
  network.connect(forwarder, recipient);
  network.run();
  network.openChannel(payer, forwarder);
  network.openChannel(forwarder, recipient);
  const images = Object.fromEntries(network.nodes.map(({ name, flash }) => [name, flash.image()]));
  return {
    images: images as Scene["images"],
    height: network.height,
    scid: recipient.node.channel(0)?.shortChannelId ?? 0n,
  };
}

/** What a board is given to be one of the three. It has entropy of its own: no two of its lives may draw the same keys. */
export const imageOf = (from: Scene, name: Name): BoardImage => ({
  key: new Uint8Array(32).fill(0x33),
  root: rootOf(name),
  nodeFlash: from.images[name],
});

/** The row, live, one of its nodes on a board. */
export class LiveRow {
  readonly network: LiveNetwork;
  readonly nodes: Readonly<Record<Name, LiveNode>>;

  constructor(
    private readonly scene: Scene,
    victim: Name,
    machine: Machine,
    onCall?: () => void,
  ) {
    this.network = new LiveNetwork(scene.height);
    const nodes = NAMES.map((name) => {
      const keys = new KeyRing(rootOf(name));
      const host = name === victim ? onBoard(machine, onCall) : inProcess(keys, scene.images[name], name);
      return [name, this.network.add(name, keys.publicKey(0) as Uint8Array, host, CONFIG)] as const;
    });
    this.nodes = Object.fromEntries(nodes) as Record<Name, LiveNode>;
  }

  /** Switches on whoever is off. What boot says of the state in its flash: 1, it goes on. */
  async start(): Promise<void> {
    for (const node of this.network.nodes) {
      if (node.isOn) continue;
      await this.network.guard(node, async () => expect(await node.start(), `boot of ${node.name}`).toBe(1));
    }
  }

  /** Lays the lines that are missing. */
  async connect(): Promise<void> {
    const { payer, forwarder, recipient } = this.nodes;
    await this.network.connect({ node: payer, connection: 0 }, { node: forwarder, connection: 0 });
    await this.network.connect({ node: forwarder, connection: 1 }, { node: recipient, connection: 0 });
    await this.network.run();
  }

  async pay(): Promise<void> {
    const { payer, forwarder, recipient } = this.nodes;
    const hops = routeOf({ height: this.scene.height } as never, AMOUNT_MSAT, [
      { node: forwarder as never, scid: 0n },
      { node: recipient as never, scid: this.scene.scid },
    ]);
    await this.network.guard(payer, () => payer.pay({ channel: 0, hops }));
    await this.network.run();
  }

  /**
   * Both ends of both channels agree, nothing is under way, nobody has published anything, and the forwarder has neither
   * lost nor won. Returns what has come to the recipient since the channels were opened.
   */
  async settled(): Promise<bigint> {
    const { payer, forwarder, recipient } = this.nodes;
    const pf = await payer.channel(0);
    const fp = await forwarder.channel(0);
    const fr = await forwarder.channel(1);
    const rf = await recipient.channel(0);
    for (const info of [pf, fp, fr, rf]) expect(info).toMatchObject({ state: "normal", usable: true, htlcs: 0 });
    for (const [one, other] of [
      [pf, fp],
      [fr, rf],
    ] as const) {
      expect([one.holderMsat, one.counterpartyMsat]).toEqual([other.counterpartyMsat, other.holderMsat]);
      expect([one.holderNumber, one.counterpartyNumber]).toEqual([other.counterpartyNumber, other.holderNumber]);
    }
    expect(fp.holderMsat + fr.holderMsat).toBe(FUNDING_MSAT);
    for (const { name, broadcasts, told } of this.network.nodes.map((node) => ({
      name: node.name,
      broadcasts: node.broadcasts,
      told: node.told("problem"),
    }))) {
      expect([name, broadcasts, told]).toEqual([name, [], []]);
    }
    return rf.holderMsat;
  }
}
