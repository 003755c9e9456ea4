import { describe, expect, it } from "vitest";
import { availableEngines } from "../../host/engine/index.js";
import type { NodeConfig, PayHop } from "../../host/node/requests.js";
import { decodeMessage } from "../../host/wire/message.js";
import { Between } from "./between.js";
import { ENERGY, INTERVAL_S as DELIVERY_S, LINE, LineNetwork } from "./lines.js";
import { OTHER_CHAIN, TestNetwork, type TestNode } from "./network.js";
import { BOTH, Crossing, RATE } from "./two_chains.js";

// What one chain's channel may not take from the other one: onions, energy, dust limits, heights. PROTOCOL.md, "Two chains".

const AMOUNT = 1_000_000n;
const PREIMAGE = new Uint8Array(32).fill(0x5a);
const [OPEN_CHANNEL, ACCEPT_CHANNEL, ADD] = [32, 33, 128];
/** Where in open_channel, and in update_add_htlc, with their types of two bytes. */
const CHAIN_HASH_AT = 2;
const ONION_AT = 2 + 32 + 8 + 8 + 32 + 4;
const ERR_VALUE = -14;
const REQUIRED_CHANNEL_FEATURE_MISSING = 0x4009;
/** On both chains, with line meters and dust limits of its own. */
const LINES: NodeConfig = {
  ...ENERGY,
  secondChain: { chainHash: OTHER_CHAIN, blockIntervalS: 150, dustLimitSat: 700 },
};

/** Somebody who reads what two nodes say to each other. */
function between(a: TestNode, b: TestNode): Between {
  const line = new Between(a, b);
  line.connect();
  line.run();
  return line;
}

/** Fields of a message by name. */
function fieldsOf(frame: Buffer): Readonly<Record<string, unknown>> {
  const message = decodeMessage(frame);
  if (message === undefined) throw new Error("no message");
  return message.fields;
}

/** Two nodes with a channel on each chain, whose numbers are the chains', and somebody between them. */
function twins(engine: "v8" | "wasm3") {
  const network = new TestNetwork(engine);
  const [y, x] = [network.add("y", undefined, undefined, BOTH), network.add("x", undefined, undefined, BOTH)];
  network.connect(y, x);
  network.run();
  network.openChannel(y, x);
  y.node.open({ peer: x.id, fundingSat: 1_000_000n, feeratePerKw: 253, chain: 1 });
  network.run();
  network.mine(6, true);
  network.sever(y, x);
  const line = between(y, x);
  expect(x.node.channels().map(({ chain, usable }) => [chain, usable])).toEqual([
    [0, true],
    [1, true],
  ]);
  return { network, y, x, line };
}

describe.each(availableEngines().map(({ name }) => name))("limits between two chains on %s", (engine) => {
  it.each([
    ["first", 0],
    ["second", 1],
  ])(
    "an onion that came on the %s chain is not taken again, on neither, whatever the other one's height",
    (_, first) => {
      const { network, y, x, line } = twins(engine);
      /** One of two parts over a channel; of the onion that it comes with, or of this one in its place. */
      const send = (chain: number, onion?: Buffer): Buffer => {
        const height = chain === 0 ? network.height : network.otherHeight;
        const hops = [{ point: x.id, shortChannelId: 0n, amountMsat: AMOUNT, cltvExpiry: height + 40 }];
        y.node.pay({ channel: chain, hops, preimage: PREIMAGE, totalMsat: 2n * AMOUNT });
        const add = line.upTo(0, ADD);
        onion?.copy(add, ONION_AT);
        line.pass(0, add);
        line.run();
        return Buffer.from(add.subarray(ONION_AT));
      };
      const goesBack = (): void => {
        network.tick(61_000n);
        line.run();
        expect(x.node.channels().map(({ htlcs }) => htlcs)).toEqual([0, 0]);
      };
      const onion = send(first);
      expect(x.node.channel(first)).toMatchObject({ htlcs: 1 });
      goesBack();
      const failed = y.told("failed").length;
      for (const chain of [1 - first, first, 1 - first]) {
        send(chain, onion);
        expect(x.node.channels().map(({ htlcs }) => htlcs)).toEqual([0, 0]);
      }
      expect(y.told("failed")).toHaveLength(failed + 3);
      // Another onion of the same payment is taken on either.
      for (const chain of [0, 1]) {
        send(chain);
        expect(x.node.channel(chain)).toMatchObject({ htlcs: 1 });
        goesBack();
      }
      expect(x.told("received")).toEqual([]);
    },
  );

  it("a line on the second chain is refused by whoever is asked for one, and taken on the first", () => {
    const network = new LineNetwork(engine, "asked");
    const [y, x] = [network.addNode("y", 1, LINES), network.addNode("x", 1, LINES)];
    network.connect(y, x);
    network.run();
    network.sever(y, x);
    const line = between(y, x);
    for (const second of [true, false]) {
      y.node.open({ peer: x.id, fundingSat: 1_000_000n, feeratePerKw: 253, energy: LINE });
      const open = line.upTo(0, OPEN_CHANNEL);
      if (second) open.set(OTHER_CHAIN, CHAIN_HASH_AT);
      line.pass(0, open);
      line.run();
      const refused = { code: ERR_VALUE, message: OPEN_CHANNEL };
      expect(x.told("problem")).toMatchObject([refused]);
      expect(x.node.channels().map(({ chain }) => chain)).toEqual(second ? [] : [0]);
      expect(y.node.channels()).toHaveLength(second ? 0 : 1);
    }
  });

  it("dust limits are those of the channel's chain, in open_channel and in accept_channel", () => {
    const network = new TestNetwork(engine);
    const other = { ...BOTH, secondChain: { chainHash: OTHER_CHAIN, dustLimitSat: 800 } };
    const [y, x] = [network.add("y", undefined, undefined, other), network.add("x", undefined, undefined, BOTH)];
    network.connect(y, x);
    network.run();
    network.sever(y, x);
    const line = between(y, x);
    for (const [chain, opener, accepter] of [
      [1, 800n, 700n],
      [0, 354n, 354n],
    ] as const) {
      y.node.open({ peer: x.id, fundingSat: 1_000_000n, feeratePerKw: 253, chain });
      const open = line.upTo(0, OPEN_CHANNEL);
      expect(fieldsOf(open)).toMatchObject({ dust_limit_satoshis: opener });
      line.pass(0, open);
      const accept = line.upTo(1, ACCEPT_CHANNEL);
      expect(fieldsOf(accept)).toMatchObject({ dust_limit_satoshis: accepter });
      line.pass(1, accept);
      line.run();
    }
  });

  it("a route is sent until its last HTLC is due, one that crosses until its first is: by the payer's chain", () => {
    const { network, a, x, b } = new Crossing(engine);
    const back = (blocks: number, last = 20): PayHop[] => [
      { point: x.id, shortChannelId: 0n, amountMsat: AMOUNT, cltvExpiry: network.otherHeight + blocks },
      {
        point: a.id,
        shortChannelId: x.node.channel(0)?.shortChannelId ?? 0n,
        amountMsat: AMOUNT,
        cltvExpiry: network.height + last,
      },
    ];
    const pay = (node: TestNode, hops: readonly PayHop[], crosses: boolean): void => {
      node.node.pay({ channel: 0, hops, crosses });
      network.run();
    };
    // What the last one is due at is no height of the payer's chain.
    expect(() => {
      pay(b, back(0), true);
    }).toThrow("ERR_EXPIRED");
    pay(b, back(40, -20), true);
    // It may be sent, but by when it would be it is too late.
    pay(b, back(1), true);
    expect(b.told("failed")).toMatchObject([{ hop: 0 }, { hop: -1 }]);
    // On one chain what is due first is the last one, whatever the others have left.
    const here = (blocks: number): PayHop[] =>
      back(0).map((hop, i) => ({ ...hop, cltvExpiry: network.height + (i === 0 ? 40 : blocks) }));
    expect(() => {
      pay(a, here(0), false);
    }).toThrow("ERR_EXPIRED");
    pay(a, here(1), false);
    expect(a.told("failed")).toMatchObject([{ hop: 0 }]);
  });

  it("energy that is to go out over a channel that is no line comes back, on the second chain and on the first", () => {
    const network = new LineNetwork(engine, "crossing");
    const [y, x] = [network.addNode("y", 1, LINES), network.addNode("x", 1, LINES)];
    const b = network.addNode("b", 0, { ...ENERGY, chainHash: OTHER_CHAIN });
    const c = network.addNode("c", 0);
    for (const other of [y, b, c]) network.connect(x, other);
    network.run();
    const [line] = network.openChannel(y, x, 1_000_000n, false, 500_000_000n, LINE);
    const second = x.node.open({
      peer: b.id,
      fundingSat: 1_000_000n,
      pushMsat: 500_000_000n,
      feeratePerKw: 253,
      chain: 1,
    });
    network.run();
    network.mine(6, true);
    const [plain] = network.openChannel(x, c, 1_000_000n, false, 500_000_000n);
    x.node.rate(0, 1, RATE);
    network.toSecond(10);
    network.seconds(DELIVERY_S);
    /** As on one chain, as no route with energy is of two; the first HTLC has more blocks left than any chain has. */
    const pay = (to: TestNode, out: number, expiry: number): void => {
      const rest = { amountMsat: AMOUNT, energyMwh: 1_000n };
      y.node.pay({
        channel: line,
        hops: [
          { ...rest, point: x.id, shortChannelId: 0n, cltvExpiry: expiry + 60 },
          {
            ...rest,
            point: to.id,
            shortChannelId: x.node.channel(out)?.shortChannelId ?? 0n,
            amountMsat: 1_000n,
            cltvExpiry: expiry,
          },
        ],
        energy: { intervalStart: network.interval + DELIVERY_S, kind: "promise" },
      });
      network.run();
    };
    pay(b, second, network.otherHeight + 60);
    pay(c, plain, network.height + 60);
    expect(y.told("failed")).toMatchObject([0, 1].map(() => ({ hop: 0, code: REQUIRED_CHANNEL_FEATURE_MISSING })));
    expect([...b.told("received"), ...c.told("received"), ...network.nodes.flatMap((n) => n.told("problem"))]).toEqual(
      [],
    );
    expect(y.node.energy(line)?.positions).toEqual([]);
    expect(x.node.channels().map(({ htlcs, state }) => [htlcs, state])).toEqual([0, 1, 2].map(() => [0, "normal"]));
  });
});
