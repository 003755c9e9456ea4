import { describe, expect, it } from "vitest";
import { availableEngines } from "../../host/engine/index.js";
import { decodeMessage, encodeMessage } from "../../host/wire/message.js";
import type { Fields } from "../../host/wire/types.js";
import { along, CREDIT, DrillNetwork, gains, offer, swap, wealths } from "./drills.js";
import { ERR } from "./hostile.js";
import { energyOf, expectAgreed, INTERVAL_S } from "./lines.js";
import { routeOf, type TestNode } from "./network.js";

// Closes and rolls that are not what meters have counted: PROTOCOL.md, "Interval close". A close that is not taken is as good
// as not there: the channel goes on, and the next good one counts. A roll is an update: a wrong one is a warning.

const CLOSE = 42003;
const ROLL = 42007;
const MOST = 2n ** 63n - 1n;
const SENT_MWH = 1_000_000n;
const ERR_SUSPENDED = -27;
const ERR_TRUNCATED = -9;

const text = (bytes: unknown): string => Buffer.from(bytes as Uint8Array).toString();
const bytes = (string: string): Uint8Array => new Uint8Array(Buffer.from(string));
const u32 = (value: unknown): number => Number(value);

/** What a close says instead, and with which code it is refused. */
type Case = readonly [what: string, change: (fields: Fields, drill: Drill) => Fields, code: number];

const part = (part: string) => (receipt: unknown) => {
  const [head, payload, signature] = text(receipt).split("|") as [string, string, string];
  if (part === "reading") return bytes([head, payload.replace(/"RV":\d/, '"RV":9'), signature].join("|"));
  if (part === "history") return bytes([head, payload.replace(/"H":"...../, '"H":"00000'), signature].join("|"));
  const at = signature.indexOf('"SD":"') + 40;
  const digit = signature[at] === "0" ? "1" : "0";
  return bytes([head, payload, signature.slice(0, at) + digit + signature.slice(at + 1)].join("|"));
};

const REFUSED: readonly Case[] = [
  ["an interval earlier", (f) => ({ interval_start: u32(f["interval_start"]) - INTERVAL_S }), ERR.STATE],
  ["an interval later", (f) => ({ interval_start: u32(f["interval_start"]) + INTERVAL_S }), ERR.STATE],
  ["a start of 2^32 - 1", () => ({ interval_start: 0xffff_ffff }), ERR.STATE],
  ["an end 20 s later than its receipt", (f) => ({ interval_end: u32(f["interval_end"]) + 20 }), ERR.VALUE],
  ["an end in the future", (f) => ({ interval_end: u32(f["interval_end"]) + INTERVAL_S }), ERR.VALUE],
  ["an end of 2^32 - 1", () => ({ interval_end: 0xffff_ffff }), ERR.VALUE],
  ["a time 31 s ago", (f) => ({ sent_at_s: u32(f["sent_at_s"]) - 31 }), ERR_SUSPENDED],
  ["a time 31 s ahead", (f) => ({ sent_at_s: u32(f["sent_at_s"]) + 31 }), ERR_SUSPENDED],
  ["a time of 0", () => ({ sent_at_s: 0 }), ERR_SUSPENDED],
  ["a time of 2^32 - 1", () => ({ sent_at_s: 0xffff_ffff }), ERR_SUSPENDED],
  ["a unit more", (f) => ({ metered_mwh: (f["metered_mwh"] as bigint) + 1n }), ERR.VALUE],
  ["the other sign", (f) => ({ metered_mwh: -(f["metered_mwh"] as bigint) }), ERR.VALUE],
  ["2^63 - 1 mWh", () => ({ metered_mwh: MOST }), ERR.VALUE],
  ["1 - 2^63 mWh", () => ({ metered_mwh: -MOST }), ERR.VALUE],
  ["a receipt with another reading", (f) => ({ receipt: part("reading")(f["receipt"]) }), ERR.VALUE],
  ["a receipt of another past", (f) => ({ receipt: part("history")(f["receipt"]) }), ERR.SIGNATURE],
  ["a receipt with another signature", (f) => ({ receipt: part("signature")(f["receipt"]) }), ERR.SIGNATURE],
  ["no receipt", () => ({ receipt: new Uint8Array(0) }), ERR_TRUNCATED],
  ["half a receipt", (f) => ({ receipt: (f["receipt"] as Uint8Array).slice(0, 300) }), ERR_TRUNCATED],
  ["2,300 bytes of zeros", () => ({ receipt: new Uint8Array(2_300) }), ERR.VALUE],
  ["another meter's receipt", (_, { honest }) => ({ receipt: bytes(honest.receipts().at(-1) ?? "") }), ERR.SIGNATURE],
  ["its last receipt, replayed", (_, { peer }) => ({ receipt: bytes(peer.receipts().at(-2) ?? "") }), ERR.EXPIRED],
  [
    "its last close, replayed with a new end",
    (f, { peer }) => ({ metered_mwh: 0n, agreed_mwh: f["agreed_mwh"], receipt: bytes(peer.receipts().at(-2) ?? "") }),
    ERR.EXPIRED,
  ],
];

interface End {
  readonly node: TestNode;
  /** All fiscal records of its meter. */
  receipts(): string[];
}

/** An honest node and a peer whose closes and rolls are changed; energy flows from the one to the other. */
class Drill {
  readonly network: DrillNetwork;
  readonly honest: End;
  readonly peer: End;
  /** What the honest node had when energy began to flow. */
  readonly before: readonly bigint[];
  readonly closedUntil: number;

  /** @param isNode1 the honest node is node_1, so that the peer does not roll */
  constructor(engine: "v8" | "wasm3", isNode1: boolean) {
    this.network = new DrillNetwork(engine, "closes");
    const [one, other] = this.network.row(["one", "other"], { creditLimitMsat: CREDIT }) as [TestNode, TestNode];
    const end = (node: TestNode): End => ({
      node,
      receipts: () => {
        const meter = this.network.meter(node);
        return Array.from({ length: meter.nextPage() - 1 }, (_, i) => meter.fiscalRecord(i + 1) ?? "");
      },
    });
    const [honest, peer] = energyOf(one).holderIsNode1 === isNode1 ? [one, other] : [other, one];
    [this.honest, this.peer] = [end(honest), end(peer)];
    this.network.tap(honest, peer);
    this.closedUntil = energyOf(honest).closedUntil;
    this.before = wealths(honest, peer);
    this.network.meter(honest).send(SENT_MWH);
    this.network.meter(peer).send(-SENT_MWH);
  }

  /** Changes fields of messages of a type, as often as they come, until the next call. */
  spoil(type: number, change: (fields: Fields) => Fields): { count: number } {
    const spoilt = { count: 0 };
    this.network.change = (from, frame) => {
      if (from === 0 || frame.readUInt16BE(0) !== type) return [frame];
      spoilt.count++;
      const fields = decodeMessage(frame)?.fields ?? {};
      return [encodeMessage({ type, fields: { ...fields, ...change(fields) } })];
    };
    return spoilt;
  }

  /** To where both have closed, or have tried to. */
  close(): void {
    this.network.toSecond(0);
    this.network.seconds(7);
  }

  /** Nothing has been closed; A goes on, and once the peer says what is so the line is closed as if nothing had been. */
  expectGoesOn(): void {
    const { network, honest, peer, closedUntil } = this;
    expect(honest.node.node.energy(0)).toMatchObject({ closedUntil, arrearsMsat: 0n, counterpartyClose: undefined });
    expect(honest.node.node.channel(0)).toMatchObject({ usable: true, connected: true });
    peer.node.node.pay({ channel: 0, hops: routeOf(network, 5_000n, [{ node: honest.node, scid: 0n }]) });
    network.run();
    expect(honest.node.told("received")).toHaveLength(1);
    this.expectCloses(5_000n);
  }

  expectCloses(more = 0n): void {
    const { network, honest, peer } = this;
    network.change = (_, frame) => [frame];
    network.seconds(2 * INTERVAL_S);
    expect(energyOf(honest.node).closedUntil).toBe(network.interval);
    const worth = (SENT_MWH * energyOf(honest.node).tariffMsatPerKwh) / 1_000_000n;
    expect(gains([honest.node, peer.node], this.before)).toEqual([worth + more, -worth - more]);
    expectAgreed(honest.node, peer.node);
  }
}

describe.each(availableEngines().map(({ name }) => name))("wrong closes of intervals on %s", (engine) => {
  it.each(REFUSED)("a close with %s: not taken, and the line is closed by the next good one", (_, change, code) => {
    const drill = new Drill(engine, true);
    const spoilt = drill.spoil(CLOSE, (fields) => change(fields, drill));
    drill.close();
    expect(spoilt.count).toBeGreaterThan(0);
    const problems = drill.honest.node.told("problem");
    expect(problems.map(({ code, message, channel }) => [code, message, channel])).toEqual(
      Array.from({ length: spoilt.count }, () => [code, CLOSE, 0]),
    );
    expect(energyOf(drill.honest.node).suspended).toBe(code === ERR_SUSPENDED);
    drill.expectGoesOn();
  });

  it("a close whose agreed energy is made up: what the honest end has agreed on counts", () => {
    for (const agreed_mwh of [MOST, -MOST, 1n]) {
      const drill = new Drill(engine, true);
      drill.spoil(CLOSE, () => ({ agreed_mwh }));
      drill.close();
      drill.expectCloses();
      expect(drill.honest.node.told("interval closed").every(({ agreedMwh }) => agreedMwh === 0n)).toBe(true);
      expect(drill.honest.node.told("problem")).toEqual([]);
    }
  });

  it("a close of -2^63 mWh: no such message, a warning, and the channel goes on", () => {
    const drill = new Drill(engine, true);
    drill.network.change = (from, frame) => {
      if (from === 0 || frame.readUInt16BE(0) !== CLOSE) return [frame];
      const spoilt = Buffer.from(frame);
      spoilt.writeBigInt64BE(-(2n ** 63n), 54);
      return [spoilt];
    };
    drill.close();
    const { closedUntil } = drill;
    expect(drill.honest.node.told("problem")[0]).toMatchObject({ code: ERR.VALUE });
    expect(energyOf(drill.honest.node)).toMatchObject({ closedUntil, arrearsMsat: 0n, counterpartyClose: undefined });
    expect(drill.honest.node.node.channel(0)).toMatchObject({ state: "normal", connected: false });
    drill.network.change = (_, frame) => [frame];
    drill.network.tap(drill.honest.node, drill.peer.node);
    drill.expectCloses();
  });

  it("a close of intervals that are closed already is nothing, however often it comes", () => {
    const drill = new Drill(engine, true);
    let last: Uint8Array = new Uint8Array(0);
    drill.network.change = (from, frame) => {
      if (from === 1 && frame.readUInt16BE(0) === CLOSE) last = frame;
      return [frame];
    };
    drill.close();
    drill.network.seconds(2);
    const state = energyOf(drill.honest.node);
    const line = drill.network.tap(drill.honest.node, drill.peer.node);
    expect(last.length).toBeGreaterThan(0);
    for (let i = 0; i < 5; i++) {
      line.pass(1, last);
      drill.network.run();
    }
    expect(energyOf(drill.honest.node)).toEqual(state);
    expect(drill.honest.node.told("problem")).toEqual([]);
    drill.expectCloses();
  });
});

/** What a roll says instead of what both have closed. */
const ROLLS: readonly (readonly [what: string, change: (fields: Fields) => Fields])[] = [
  ["another end", (f) => ({ interval_end: u32(f["interval_end"]) + INTERVAL_S })],
  ["an end of 2^32 - 1", () => ({ interval_end: 0xffff_ffff })],
  ["an end of 0", () => ({ interval_end: 0 })],
  ["a unit more of energy", (f) => ({ flow_mwh: (f["flow_mwh"] as bigint) + 1n })],
  ["2^63 - 1 mWh", () => ({ flow_mwh: MOST })],
  ["1 - 2^63 mWh", () => ({ flow_mwh: -MOST })],
  ["a msat more in its favour", (f) => ({ arrears_msat: (f["arrears_msat"] as bigint) - 1n })],
  ["2^63 - 1 msat", () => ({ arrears_msat: MOST })],
  ["1 - 2^63 msat", () => ({ arrears_msat: -MOST })],
];

describe.each(availableEngines().map(({ name }) => name))("wrong rolls on %s", (engine) => {
  it.each(ROLLS)("node_1 rolls with %s: refused with a warning, and the honest roll counts", (_, change) => {
    const drill = new Drill(engine, false);
    const { network, honest, peer, closedUntil } = drill;
    const spoilt = drill.spoil(ROLL, change);
    drill.close();
    expect(spoilt.count).toBe(1);
    expect(honest.node.told("problem")).toMatchObject([{ code: ERR.VALUE, message: ROLL, channel: 0 }]);
    expect(energyOf(honest.node)).toMatchObject({ closedUntil, arrearsMsat: 0n });
    expect(honest.node.broadcasts).toEqual([]);
    network.change = (_, frame) => [frame];
    network.tap(honest.node, peer.node);
    drill.expectCloses();
  });

  it("node_2 rolls, or node_1 rolls what nobody has closed, or twice: refused with a warning", () => {
    for (const isNode1 of [true, false]) {
      const drill = new Drill(engine, isNode1);
      const { network, honest, peer, closedUntil } = drill;
      const channel_id = honest.node.node.channel(0)?.channelId ?? new Uint8Array(32);
      const line = network.tap(honest.node, peer.node);
      const fields = { channel_id, interval_end: closedUntil + INTERVAL_S, flow_mwh: 0n, arrears_msat: 0n };
      line.pass(1, encodeMessage({ type: ROLL, fields }));
      network.run();
      expect(honest.node.told("problem")[0]).toMatchObject({ code: ERR.STATE, message: ROLL, channel: 0 });
      expect(energyOf(honest.node)).toMatchObject({ closedUntil, arrearsMsat: 0n });
      network.tap(honest.node, peer.node);
      drill.close();
      drill.expectCloses();
    }
    const drill = new Drill(engine, false);
    drill.network.change = (from, frame) => (from === 1 && frame.readUInt16BE(0) === ROLL ? [frame, frame] : [frame]);
    drill.close();
    expect(drill.honest.node.told("problem")[0]).toMatchObject({ code: ERR.STATE, message: ROLL, channel: 0 });
    drill.network.change = (_, frame) => [frame];
    drill.network.tap(drill.honest.node, drill.peer.node);
    drill.expectCloses();
  });

  it("swaps go through behind all that", () => {
    const drill = new Drill(engine, true);
    drill.close();
    drill.expectCloses();
    drill.honest.node.node.offer(0, offer(drill.network));
    expect(swap(drill.network, along(drill.peer.node, drill.honest.node), 1_000_000n)).toMatchObject({ kind: "sent" });
  });
});
