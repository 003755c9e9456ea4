import { expect } from "vitest";
import { decodeMessage, encodeMessage } from "../../host/wire/message.js";
import type { Fields } from "../../host/wire/types.js";
import { toHex } from "../driver/vectors.js";
import { Between } from "./between.js";
import { routeOf, TestNetwork, type TestNode } from "./network.js";

export const WARNING = 1;
export const ERROR = 17;

export const ERR = {
  STATE: -2,
  OVERFLOW: -5,
  NOT_FOUND: -8,
  ORDER: -11,
  LENGTH: -13,
  VALUE: -14,
  CAPACITY: -15,
  SIGNATURE: -19,
  CHAIN: -22,
  MISSING: -24,
  EXPIRED: -25,
} as const;

/** The connection of the node under test to its hostile peer. */
const LINE = 1;

/**
 * Node a, its honest neighbour c with a channel of its own, and b, whose every word somebody may change before a hears it:
 * to a it is b who says so. Channel 0 is that with c.
 */
export class Hostile {
  readonly network: TestNetwork;
  readonly a: TestNode;
  readonly b: TestNode;
  readonly c: TestNode;
  line: Between;

  constructor(engine: "v8" | "wasm3") {
    this.network = new TestNetwork(engine);
    this.a = this.network.add("a");
    this.b = this.network.add("b");
    this.c = this.network.add("c");
    this.network.connect(this.a, this.c);
    this.network.run();
    this.network.openChannel(this.a, this.c);
    this.line = new Between(this.a, this.b, [LINE, 0]);
    this.reconnect();
  }

  reconnect(): void {
    this.line.connect();
    this.line.run();
  }

  /** A channel of a million satoshi, of which the opener keeps 600,000. Number 1 at a. */
  open(opener: TestNode = this.a): this {
    const peer = opener === this.a ? this.b : this.a;
    opener.node.open({ peer: peer.id, fundingSat: 1_000_000n, pushMsat: 400_000_000n, feeratePerKw: 253 });
    this.line.run();
    this.network.mine(6);
    this.line.run();
    expect(this.a.node.channel(1)).toMatchObject({ usable: true });
    return this;
  }

  get channelId(): Uint8Array {
    return this.a.node.channel(1)?.channelId ?? new Uint8Array(32);
  }

  /** Keysend between the two, not delivered yet. */
  pay(from: TestNode, amountMsat = 1_000_000n): void {
    const to = from === this.a ? this.b : this.a;
    const channel = from === this.a ? 1 : 0;
    from.node.pay({ channel, hops: routeOf(this.network, amountMsat, [{ node: to, scid: 0n }]) });
  }

  /** A message about the channel, or (with a channel_id of its own) another. */
  message(type: number, fields: Fields): Buffer {
    return Buffer.from(encodeMessage({ type, fields: { channel_id: this.channelId, ...fields } }));
  }

  /** What a has said since the last call, and is then passed on. */
  heard(): ReturnType<typeof decodeMessage>[] {
    return this.line.ends[0].said.map((frame) => decodeMessage(frame));
  }

  /** What of the channel a refused message may not change. */
  stored(): unknown {
    const info = this.a.node.channel(1);
    return (
      info && [
        info.state,
        info.holderMsat,
        info.counterpartyMsat,
        info.holderNumber,
        info.counterpartyNumber,
        info.feeratePerKw,
      ]
    );
  }

  /** Says it to a in b's name: a tells of this code and answers with a message of this type about this channel. */
  refuses(frame: Uint8Array, code: number, answer: number, channelId: Uint8Array, channel: number): void {
    this.line.ends[0].said.length = 0;
    this.line.pass(1, frame);
    expect(this.a.told("problem").at(-1)).toMatchObject({ code, channel, message: decodeType(frame) });
    const said = this.heard().at(-1);
    expect([said?.type, toHex((said?.fields["channel_id"] as Uint8Array | undefined) ?? new Uint8Array())]).toEqual([
      answer,
      toHex(channelId),
    ]);
  }

  /** A warning, the end of the connection, and nothing else: connected again, both go on. */
  warns(frame: Uint8Array, code: number): void {
    const before = this.stored();
    this.refuses(frame, code, WARNING, this.channelId, 1);
    expect(this.line.ends[0].open).toBe(false);
    expect(this.stored()).toEqual(before);
    this.reconnect();
    expect(this.a.broadcasts).toEqual([]);
    this.works();
  }

  /** An error; the channel has failed, its latest commitment is published, and it stays so. */
  fails(frame: Uint8Array, code: number): void {
    this.refuses(frame, code, ERROR, this.channelId, 1);
    expect(this.a.node.channel(1)).toMatchObject({ state: "failed", fault: code });
    expect(this.a.broadcasts).toHaveLength(1);
    this.line.run();
    this.reconnect();
    expect(this.a.node.channel(1)?.state).toBe("failed");
    this.neighbourWorks();
  }

  /** Payments go through both ways, and to the neighbour. */
  works(): void {
    const [ours, theirs] = [this.a.told("sent").length, this.b.told("sent").length];
    this.pay(this.a);
    this.line.run();
    this.pay(this.b);
    this.line.run();
    expect(this.a.told("sent").length).toBeGreaterThan(ours);
    expect(this.b.told("sent").length).toBeGreaterThan(theirs);
    const [one, other] = [this.a.node.channel(1), this.b.node.channel(0)];
    expect(one).toMatchObject({ usable: true, htlcs: 0 });
    expect([other?.counterpartyMsat, other?.holderMsat]).toEqual([one?.holderMsat, one?.counterpartyMsat]);
    this.neighbourWorks();
  }

  /** The channel that the peer has no part in is as it was. */
  neighbourWorks(): void {
    const before = this.a.told("sent").length;
    this.a.node.pay({ channel: 0, hops: routeOf(this.network, 5_000_000n, [{ node: this.c, scid: 0n }]) });
    this.network.run();
    expect(this.a.told("sent")).toHaveLength(before + 1);
    expect(this.a.node.channel(0)).toMatchObject({ usable: true, connected: true, htlcs: 0 });
  }
}

const decodeType = (frame: Uint8Array): number => Buffer.from(frame).readUInt16BE(0);

/** A copy with one bit turned. */
export function turned(frame: Uint8Array, at: number): Buffer {
  const copy = Buffer.from(frame);
  copy[at] = (copy[at] ?? 0) ^ 1;
  return copy;
}
