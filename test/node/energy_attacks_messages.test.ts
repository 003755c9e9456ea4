import { describe, expect, it } from "vitest";
import { availableEngines } from "../../host/engine/index.js";
import { decodeMessage, encodeMessage } from "../../host/wire/message.js";
import type { Fields } from "../../host/wire/types.js";
import {
  along,
  begin,
  CREDIT,
  DrillNetwork,
  expectUnmoved,
  gains,
  HALF_MSAT,
  offer,
  priced,
  say,
  swap,
  wealths,
} from "./drills.js";
import { ERR, ERROR, Hostile, WARNING } from "./hostile.js";
import { energyOf, expectAgreed, INTERVAL_S, LINE } from "./lines.js";
import { routeOf, type TestNode } from "./network.js";

// Messages of lines where they do not belong: PROTOCOL.md, "Registry", "Updates" and "Interval close".

const LAPSE = 42001;
const CLOSE = 42003;
const ROLL = 42007;
const MWH = 2_000_000n;
const MOST = 2n ** 63n - 1n;

const lapse = (channel_id: Uint8Array, id: bigint): Uint8Array =>
  encodeMessage({ type: LAPSE, fields: { channel_id, id } });

/** One of each message, with figures at their limits. */
function allOf(channel_id: Uint8Array): Uint8Array[] {
  const close: Fields = {
    channel_id,
    interval_start: 60,
    interval_end: 120,
    sent_at_s: 0xffff_ffff,
    agreed_mwh: MOST,
    metered_mwh: -MOST,
    receipt: new Uint8Array(1_000).fill(0x7c),
  };
  const roll: Fields = { channel_id, interval_end: 120, flow_mwh: -MOST, arrears_msat: MOST };
  return [
    lapse(channel_id, 0n),
    lapse(channel_id, 2n ** 64n - 1n),
    encodeMessage({ type: CLOSE, fields: close }),
    encodeMessage({ type: ROLL, fields: roll }),
  ];
}

const idOf = (node: TestNode, channel: number): Uint8Array =>
  node.node.channel(channel)?.channelId ?? new Uint8Array(32);

/** A swap of the peer's that the honest node keeps until a second part comes. */
const waiting = { totalMwh: 2n * MWH };

describe.each(availableEngines().map(({ name }) => name))("messages of lines on %s", (engine) => {
  function pair() {
    const network = new DrillNetwork(engine, "messages");
    const [honest, peer] = network.row(["honest", "peer"], { creditLimitMsat: CREDIT }) as [TestNode, TestNode];
    honest.node.offer(0, offer(network));
    peer.node.offer(0, offer(network));
    return { network, honest, peer, id: idOf(honest, 0) };
  }

  /** The peer says it: a warning with this code, and the connection is over; connected again, A and energy go on. */
  function expectWarned({ network, honest, peer }: ReturnType<typeof pair>, frame: Uint8Array, code: number): void {
    const before = wealths(honest, peer);
    say(peer, 0, frame);
    network.run();
    expect(honest.told("problem").at(-1)).toMatchObject({
      code,
      message: Buffer.from(frame).readUInt16BE(0),
      channel: 0,
    });
    expect(peer.told("problem").at(-1)).toMatchObject({ message: WARNING, code: 0 });
    expect(honest.node.channel(0)).toMatchObject({ state: "normal", connected: false });
    expect(honest.broadcasts).toEqual([]);
    expect(gains([honest, peer], before)).toEqual([0n, 0n]);
    network.connect(honest, peer);
    network.run();
    network.seconds(20);
    expect(honest.node.channel(0)).toMatchObject({ usable: true, connected: true, htlcs: 0 });
    peer.node.pay({ channel: 0, hops: routeOf(network, 5_000n, [{ node: honest, scid: 0n }]) });
    network.run();
    expect(honest.told("received").at(-1)).toMatchObject({ amountMsat: 5_000n });
    expect(swap(network, along(peer, honest), MWH)).toMatchObject({ kind: "sent" });
    expectAgreed(honest, peer);
  }

  it.each([0n, 7n, 2n ** 64n - 1n])(
    "a lapse of an HTLC that never was (%s): a warning, nothing has changed",
    (htlc) => {
      const drill = pair();
      expectWarned(drill, lapse(drill.id, htlc), ERR.NOT_FOUND);
    },
  );

  it("a lapse of what the other end has offered: a warning, and its rider stays", () => {
    const drill = pair();
    const { network, honest, peer, id } = drill;
    // The honest node's own swap waits at the peer.
    begin(network, along(honest, peer), MWH, waiting);
    network.run();
    expectWarned(drill, lapse(id, 0n), ERR.NOT_FOUND);
    expect(honest.told("failed")).toHaveLength(1);
  });

  it("a lapse of an HTLC without a rider: a warning, the payment goes on", () => {
    const { network, honest, peer, id } = pair();
    // A part of a payment that waits for the rest.
    const whole = { preimage: new Uint8Array(32).fill(5), totalMsat: 9_000n };
    peer.node.pay({ channel: 0, hops: routeOf(network, 5_000n, [{ node: honest, scid: 0n }]), ...whole });
    network.run();
    expect(honest.node.channel(0)?.htlcs).toBe(1);
    say(peer, 0, lapse(id, 0n));
    network.run();
    expect(honest.told("problem").at(-1)).toMatchObject({ code: ERR.STATE, message: LAPSE, channel: 0 });
    network.connect(honest, peer);
    network.run();
    peer.node.pay({ channel: 0, hops: routeOf(network, 4_000n, [{ node: honest, scid: 0n }]), ...whole });
    network.run();
    expect(honest.told("received")).toMatchObject([{ amountMsat: 9_000n }]);
    expectAgreed(honest, peer);
  });

  it("a lapse of an HTLC that pays arrears: a warning, and they are paid", () => {
    const { network, honest, peer, id } = pair();
    network.tap(honest, peer);
    const before = wealths(honest, peer);
    network.change = (from, frame) => {
      // Its addition is irrevocable with this, and its removal under way.
      const owed = energyOf(honest).arrearsMsat !== 0n && honest.node.channel(0)?.htlcs === 1;
      return owed && from === 1 && frame.readUInt16BE(0) === 133 ? [frame, lapse(id, 0n)] : [frame];
    };
    network.meter(honest).send(MWH);
    network.meter(peer).send(-MWH);
    network.toSecond(0);
    network.seconds(10);
    expect(honest.told("problem")[0]).toMatchObject({ code: ERR.STATE, message: LAPSE, channel: 0 });
    network.change = (_, frame) => [frame];
    network.tap(honest, peer);
    network.seconds(2);
    expect(honest.told("received")).toMatchObject([{ amountMsat: priced(MWH), energy: { kind: "arrears" } }]);
    expect(energyOf(honest).arrearsMsat).toBe(0n);
    expect(gains([honest, peer], before)).toEqual([priced(MWH), -priced(MWH)]);
    expectAgreed(honest, peer);
  });

  it("a lapse twice: the second is a warning, and the rider has lapsed once", () => {
    const drill = pair();
    const { network, honest, peer, id } = drill;
    begin(network, along(peer, honest), MWH, waiting);
    network.run();
    network.tap(honest, peer);
    network.change = (from, frame) => (from === 1 && frame.readUInt16BE(0) === LAPSE ? [frame, frame] : [frame]);
    network.seconds(20);
    expect(honest.told("problem")[0]).toMatchObject({ code: ERR.STATE, message: LAPSE, channel: 0 });
    network.change = (_, frame) => [frame];
    network.tap(honest, peer);
    network.seconds(2);
    expect(peer.told("failed")).toHaveLength(1);
    expectAgreed(honest, peer);
    // And one for what is gone is nothing.
    const problems = honest.told("problem").length;
    network.tap(honest, peer).pass(1, lapse(id, 0n));
    network.run();
    expect(honest.told("problem")).toHaveLength(problems);
    expect(honest.node.channel(0)).toMatchObject({ usable: true, htlcs: 0 });
  });

  it("a lapse of an HTLC that is not committed to: a warning, and the swap goes through", () => {
    const drill = pair();
    const { network, honest, peer, id } = drill;
    network.tap(honest, peer);
    network.change = (from, frame) =>
      from === 1 && frame.readUInt16BE(0) === 128 ? [frame, lapse(id, frame.readBigUInt64BE(34))] : [frame];
    begin(network, along(peer, honest), MWH);
    network.run();
    expect(honest.told("problem")[0]).toMatchObject({ code: ERR.STATE, message: LAPSE, channel: 0 });
    network.change = (_, frame) => [frame];
    network.tap(honest, peer);
    network.run();
    expect(peer.told("sent")).toHaveLength(1);
    expectAgreed(honest, peer);
  });

  it("messages about a channel that is not, or is another peer's: an error about that one, and all others go on", () => {
    const network = new DrillNetwork(engine, "third");
    const nodes = network.row(["left", "honest", "right"], { creditLimitMsat: CREDIT });
    const [left, honest, right] = nodes as [TestNode, TestNode, TestNode];
    const before = wealths(...nodes);
    const others = idOf(honest, 1);
    for (const id of [new Uint8Array(32).fill(9), others]) {
      for (const frame of allOf(id)) {
        if (left.lines[0] === undefined) network.connect(left, honest);
        network.run();
        say(left, 0, frame);
        network.run();
        const message = Buffer.from(frame).readUInt16BE(0);
        expect(honest.told("problem").at(-1)).toMatchObject({ code: ERR.NOT_FOUND, message, channel: -1 });
        expect(left.told("problem").at(-1)).toMatchObject({ message: ERROR, code: 0 });
      }
    }
    if (left.lines[0] === undefined) network.connect(left, honest);
    network.run();
    expectUnmoved(nodes, before);
    right.node.offer(0, offer(network));
    expect(swap(network, along(...nodes), MWH)).toMatchObject({ kind: "sent" });
    expectAgreed(honest, right, 1, 0);
  });

  it("messages of lines on a channel without energy, between nodes that know energy: passed over", () => {
    const network = new DrillNetwork(engine, "plain");
    const [honest, peer] = [network.addNode("honest", 1), network.addNode("peer", 1)];
    network.connect(honest, peer);
    network.run();
    network.openChannel(honest, peer, 1_000_000n, false, 400_000_000n);
    const before = wealths(honest, peer);
    for (const frame of allOf(idOf(honest, 0))) {
      say(peer, 0, frame);
      network.run();
      expect(honest.node.channel(0)).toMatchObject({ usable: true, connected: true });
    }
    network.seconds(2 * INTERVAL_S);
    // Of no line nothing is closed.
    expect(honest.told("problem").every(({ message, code }) => message === CLOSE && code === ERR.STATE)).toBe(true);
    expect(honest.told("line receipt")).toEqual([]);
    expectUnmoved([honest, peer], before);
    peer.node.pay({ channel: 0, hops: routeOf(network, 5_000n, [{ node: honest, scid: 0n }]) });
    network.run();
    expect(honest.told("received")).toHaveLength(1);
  });

  it("messages of lines from a peer without the feature: passed over", () => {
    const hostile = new Hostile(engine).open();
    const before = hostile.stored();
    for (const frame of allOf(hostile.channelId)) {
      hostile.line.pass(1, frame);
      hostile.line.run();
      expect(hostile.line.ends[0].open).toBe(true);
    }
    expect(hostile.stored()).toEqual(before);
    hostile.works();
  });

  it("a rider on a channel without energy: passed over, the payment is one of A", () => {
    const hostile = new Hostile(engine).open();
    hostile.pay(hostile.b);
    const message = decodeMessage(hostile.line.upTo(1, 128));
    const energy_rider = { interval_start: 60, kind: 1, hold_s: 10, amount_mwh: MOST };
    hostile.line.pass(1, encodeMessage({ type: 128, fields: message?.fields ?? {}, tlvs: { energy_rider } }));
    hostile.line.run();
    expect(hostile.b.told("sent")).toHaveLength(1);
    expect(hostile.a.told("received")).toHaveLength(1);
    expect(hostile.a.told("received")[0]?.energy).toBeUndefined();
    hostile.works();
  });

  it("messages of a line before it is open: warnings or nothing, and it opens all the same", () => {
    for (const i of allOf(new Uint8Array(32)).keys()) {
      const network = new DrillNetwork(engine, "early");
      const [honest, peer] = [network.addNode("honest", 1), network.addNode("peer", 1)];
      network.connect(honest, peer);
      network.run();
      const energy = { ...LINE, creditLimitMsat: CREDIT };
      honest.node.open({ peer: peer.id, fundingSat: 10_000_000n, pushMsat: HALF_MSAT, feeratePerKw: 253, energy });
      network.run();
      expect(honest.node.channel(0)).toMatchObject({ state: "funded" });
      const frame = allOf(idOf(honest, 0))[i] as Uint8Array;
      say(peer, 0, frame);
      network.run();
      expect(honest.told("problem")[0]).toMatchObject({ code: ERR.STATE, channel: 0 });
      if (peer.lines[0] === undefined) network.connect(honest, peer);
      network.run();
      network.mine(6);
      network.settle();
      expect(honest.node.channel(0)).toMatchObject({ usable: true });
      expect(energyOf(honest)).toMatchObject({ closedUntil: network.interval, suspended: false, arrearsMsat: 0n });
      expectAgreed(honest, peer);
    }
  });

  it("messages of a line that has failed: passed over, and its commitment is published once", () => {
    const { network, honest, peer, id } = pair();
    honest.node.forceClose(0);
    network.run();
    const before = wealths(honest);
    for (const frame of allOf(id)) {
      if (peer.lines[0] === undefined) network.connect(honest, peer);
      network.run();
      if (peer.lines[0] !== undefined) say(peer, 0, frame);
      network.run();
    }
    network.seconds(2 * INTERVAL_S);
    expect(honest.node.channel(0)).toMatchObject({ state: "failed" });
    expect(honest.broadcasts).toHaveLength(1);
    expect(wealths(honest)).toEqual(before);
  });
});
