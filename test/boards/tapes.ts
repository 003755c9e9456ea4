import { expect } from "vitest";
import { Entropy } from "../../host/board/entropy.js";
import { generateKey } from "../../host/board/key_store.js";
import type { BoardImage } from "../../host/link/image.js";
import { along, DrillNetwork, offer, swap } from "../node/drills.js";
import { INTERVAL_S } from "../node/lines.js";
import { type MakeFlash, routeOf, type TestNode } from "../node/network.js";
import type { NodeConfig } from "../../host/node/requests.js";
import { BoardRandom } from "../../host/board/board_random.js";
import { BoardRecorder, type RecordedCall } from "../../host/trace/board_calls.js";

/** All that one node, with its meter if it has one, was asked for from outside. */
export interface NodeTape {
  readonly name: string;
  readonly calls: readonly RecordedCall[];
  /** What a board is given to go through the same. */
  readonly image: BoardImage;
}

const seedOf = (name: string): Uint8Array => new Entropy(name, "board's seed").bytes(32);

/** Every node of it is recorded. */
class TapedNetwork extends DrillNetwork {
  private readonly recorders = new Map<string, BoardRecorder>();

  constructor(seed: string) {
    super("v8", seed);
  }

  override equip(name: string) {
    return { engine: this.recorder(name).engine("node"), random: new BoardRandom(seedOf(name)) };
  }

  override addNode(
    name: string,
    lines: number,
    config?: NodeConfig,
    makeFlash?: MakeFlash,
    image?: Uint8Array,
  ): TestNode {
    // A board has one meter: whoever has several is no board.
    if (lines === 1) this.meterEngines.set(name, this.recorder(name).engine("metrology"));
    return super.addNode(name, lines, config, makeFlash, image);
  }

  tape(name: string): NodeTape {
    const root = new Entropy(name, "root").bytes(32);
    const key = generateKey(new Entropy(`${name}0`, "meter"));
    return { name, calls: this.recorder(name).calls, image: { root, key, seed: seedOf(name) } };
  }

  private recorder(name: string): BoardRecorder {
    const recorder = this.recorders.get(name) ?? new BoardRecorder();
    this.recorders.set(name, recorder);
    return recorder;
  }
}

/** Payer, forwarder and recipient: channels, a payment, one that fails, a line that breaks, a channel that is closed. */
export function payments(): NodeTape[] {
  const network = new TapedNetwork("taped payments");
  const names = ["payer", "forwarder", "recipient"];
  const [payer, forwarder, recipient] = names.map((name) => network.add(name)) as [TestNode, TestNode, TestNode];
  network.connect(payer, forwarder);
  network.connect(forwarder, recipient);
  network.run();
  network.openChannel(payer, forwarder, 1_000_000n, true);
  network.openChannel(forwarder, recipient);
  const hops = (scid: bigint) =>
    routeOf(network, 3_000_000n, [
      { node: forwarder, scid: 0n },
      { node: recipient, scid },
    ]);
  const scid = recipient.node.channel(0)?.shortChannelId ?? 0n;
  payer.node.pay({ channel: 0, hops: hops(scid) });
  network.run();
  payer.node.pay({ channel: 0, hops: hops(scid + 1n) });
  network.run();
  network.sever(payer, forwarder);
  network.tick(1_000n);
  network.connect(payer, forwarder);
  network.run();
  payer.node.close(0, Uint8Array.from([0, 20, ...new Uint8Array(20).fill(5)]));
  network.run();
  expect(recipient.told("received")).toMatchObject([{ amountMsat: 3_000_000n }]);
  expect(payer.told("failed")).toHaveLength(1);
  expect(payer.node.channel(0)?.state).toBe("closed");
  return names.map((name) => network.tape(name));
}

/** Both ends of a row with lines: energy that is bought in an interval, which is metered and closed. The middle has two meters. */
export function energy(): NodeTape[] {
  const network = new TapedNetwork("taped energy");
  const [home, cabinet, generator] = network.row(["home", "cabinet", "generator"]) as [TestNode, TestNode, TestNode];
  generator.node.offer(0, offer(network));
  const outcome = swap(network, along(home, cabinet, generator), 1_000_000n);
  network.seconds(INTERVAL_S);
  network.meter(generator).send(1_000_000n);
  network.meter(home).send(-1_000_000n);
  network.seconds(INTERVAL_S + 20);
  expect(outcome?.kind).toBe("sent");
  expect(home.told("interval closed").length).toBeGreaterThan(1);
  return ["generator", "home"].map((name) => network.tape(name));
}
