import { describe, expect, it } from "vitest";
import { Entropy } from "../../host/board/entropy.js";
import { availableEngines } from "../../host/engine/index.js";
import { decodeMessage, encodeMessage } from "../../host/wire/message.js";
import { ReferencePeer } from "../transport/reference.js";
import { hex, toHex } from "../driver/vectors.js";
import { CONFIG } from "./network.js";
import { ERR, ERROR, Hostile, turned, WARNING } from "./hostile.js";
import { type Change, u16, u32, u64 } from "../driver/spoil.js";

// A peer that misbehaves outside of a channel, or while one is opened. The channel with a neighbour goes on.

const ZEROS = new Uint8Array(32);
const OPEN = 32;
const INIT = encodeMessage({
  type: 16,
  fields: { globalfeatures: new Uint8Array(0), features: hex("200008825102") },
  tlvs: { networks: { chains: [CONFIG.chainHash] } },
});

const flip =
  (at: number): Change =>
  (frame) =>
    void frame.set(turned(frame, at));

/** What an open_channel may not say, by where it stands in it. */
const OPENINGS: readonly (readonly [string, Change, number])[] = [
  ["of another chain", flip(2), ERR.CHAIN],
  ["of too little", u64(66, 9_999n), ERR.VALUE],
  ["of 2^64 - 1 satoshi", u64(66, 0xffff_ffff_ffff_ffffn), ERR.VALUE],
  ["that gives away more than there is", u64(74, 1_000_000_001n), ERR.VALUE],
  ["that gives away what the fee takes", u64(74, 999_900_000n), ERR.OVERFLOW],
  ["with a dust limit below what outputs hold", u64(82, 353n), ERR.VALUE],
  ["with a reserve below the dust limit", u64(98, 353n), ERR.VALUE],
  ["with a reserve of everything", u64(98, 1_000_000n), ERR.VALUE],
  ["with a feerate of 0", u32(114, 0), ERR.VALUE],
  ["with a feerate of 2^32 - 1", u32(114, 0xffff_ffff), ERR.VALUE],
  ["with a delay of 2^16 - 1 blocks", u16(118, 0xffff), ERR.VALUE],
  ["without HTLCs", u16(120, 0), ERR.VALUE],
  ["with more HTLCs than a transaction takes", u16(120, 484), ERR.VALUE],
];

/** The frame with which b opens a channel, on its way. */
function opening(hostile: Hostile): Buffer {
  const { a, b } = hostile;
  b.node.open({ peer: a.id, fundingSat: 1_000_000n, pushMsat: 400_000_000n, feeratePerKw: 253 });
  return hostile.line.upTo(1, OPEN);
}
const temporaryId = (frame: Buffer): Buffer => frame.subarray(34, 66);

/** b gone for good, and its bytes with it: a frame of a peer that a test speaks for by itself. */
function stranger(hostile: Hostile): { readonly say: (message: Uint8Array) => void; readonly heard: number[] } {
  const { a } = hostile;
  const random = new Entropy("stranger");
  const peer = new ReferencePeer(random.bytes(32), random.bytes(32), a.id);
  hostile.line.drop();
  const heard: number[] = [];
  let established = false;
  const say = (message: Uint8Array): void => {
    a.node.receive(3, peer.seal(message));
  };
  const onSend = a.onSend.bind(a);
  a.onSend = (connection, bytes) => {
    if (connection !== 3) return onSend(connection, bytes);
    if (established) return void heard.push(decodeMessage(peer.open(bytes)).type);
    established = true;
    a.node.receive(3, peer.actThree(bytes));
  };
  a.node.connect(3);
  a.node.receive(3, peer.actOne());
  expect(heard).toEqual([16]);
  return { say, heard };
}

describe.each(availableEngines().map(({ name }) => name))("a hostile peer, on %s", (engine) => {
  it.each(OPENINGS)("open_channel %s: an error about it, and the next one is taken", (_, spoil, code) => {
    const hostile = new Hostile(engine);
    const frame = opening(hostile);
    const spoilt = Buffer.from(frame);
    spoil(spoilt);
    hostile.refuses(spoilt, code, ERROR, temporaryId(frame), -1);
    expect(hostile.a.node.channels()).toHaveLength(1);
    expect(hostile.line.ends[0].open).toBe(true);
    hostile.line.ends[0].said.length = 0;
    hostile.line.pass(1, frame);
    hostile.line.run();
    expect(hostile.a.node.channel(1)?.state).toBe("funded");
    hostile.neighbourWorks();
  });

  it("open_channel before the one that it has begun is funded", () => {
    const hostile = new Hostile(engine);
    const frame = opening(hostile);
    hostile.line.pass(1, turned(frame, 65));
    hostile.refuses(frame, ERR.CAPACITY, ERROR, temporaryId(frame), -1);
    expect(hostile.a.node.channels().map(({ state }) => state)).toEqual(["normal", "accepted"]);
    // It goes with the connection, as nothing was paid for it.
    hostile.line.drop();
    expect(hostile.a.node.channels()).toHaveLength(1);
    hostile.neighbourWorks();
  });

  it("open_channel under the id of a channel that it has", () => {
    const hostile = new Hostile(engine).open();
    const frame = opening(hostile);
    frame.set(hostile.channelId, 34);
    hostile.refuses(frame, ERR.VALUE, ERROR, hostile.channelId, -1);
    expect(hostile.a.node.channels()).toHaveLength(2);
    hostile.neighbourWorks();
  });

  it("funding_created with a wrong signature: an error, and the channel is forgotten", () => {
    const hostile = new Hostile(engine);
    const id = Buffer.from(temporaryId(opening(hostile)));
    hostile.line.drop();
    hostile.reconnect();
    const open = opening(hostile);
    hostile.line.pass(1, open);
    const created = hostile.line.upTo(1, 34);
    expect(created.subarray(2, 34)).not.toEqual(id);
    hostile.refuses(turned(created, 80), ERR.SIGNATURE, ERROR, temporaryId(open), 1);
    expect(hostile.a.node.channels()).toHaveLength(1);
    expect(hostile.a.watched.has(1)).toBe(false);
    hostile.neighbourWorks();
  });

  it("funding_created with the outpoint of another channel: an error, and the first one goes on", () => {
    const hostile = new Hostile(engine);
    hostile.open(hostile.b);
    const { a, b, network } = hostile;
    const first = a.node.channel(1);
    // b means to fund both with one transaction output.
    network.onEvent = (node, event) => {
      if (event.kind === "funding needed") node.node.fund(event.channel, first?.fundingTxid ?? ZEROS, 1);
    };
    b.node.open({ peer: a.id, fundingSat: 1_000_000n, pushMsat: 400_000_000n, feeratePerKw: 253 });
    const created = hostile.line.upTo(1, 34);
    hostile.refuses(created, ERR.VALUE, ERROR, created.subarray(2, 34), 2);
    expect(a.node.channels()).toHaveLength(2);
    expect(a.node.channel(1)).toMatchObject({ usable: true, channelId: first?.channelId });
    hostile.neighbourWorks();
  });

  it.each([33, 34, 35, 36, 38, 39, 128, 130, 131, 132, 133, 134, 135, 136])(
    "message %i of a channel that is not known: an error about it, and the connection goes on",
    (type) => {
      const hostile = new Hostile(engine).open();
      const id = new Uint8Array(32).fill(9);
      // All zeros behind the id is a well-formed one of most types; points and lengths are made good.
      const points: Readonly<Record<number, readonly number[]>> = { 36: [34], 133: [66], 136: [82] };
      const lengths: Readonly<Record<number, number>> = {
        33: 2 + 32 + 8 * 4 + 4 + 2 + 2 + 6 * 33,
        34: 132,
        35: 98,
        36: 67,
        38: 36,
        39: 106,
        128: 1452,
        130: 74,
        131: 44,
        132: 100,
        133: 99,
        134: 38,
        135: 76,
        136: 115,
      };
      const frame = Buffer.alloc(lengths[type] ?? 0);
      frame.writeUInt16BE(type);
      frame.set(id, 2);
      for (const at of points[type] ?? []) frame.set(hostile.b.id, at);
      if (type === 33) for (let i = 0; i < 6; i++) frame.set(hostile.b.id, 74 + 33 * i);
      if (type === 135) frame.writeUInt16BE(0x8000, 74);
      hostile.refuses(frame, ERR.NOT_FOUND, ERROR, id, -1);
      expect(hostile.line.ends[0].open).toBe(true);
      hostile.line.ends[0].said.length = 0;
      hostile.works();
    },
  );

  it.each([18, 32, 34, 38, 128, 132, 136, 256])("message %i before init ends the connection, unread", (type) => {
    const hostile = new Hostile(engine).open();
    const { say } = stranger(hostile);
    const frame = Buffer.alloc(1000);
    frame.writeUInt16BE(type);
    say(frame);
    expect(hostile.a.node.info().connections[3]?.state).toBe("free");
    expect(hostile.a.node.channels()).toHaveLength(2);
    hostile.reconnect();
    hostile.works();
  });

  it("init twice: a warning, and the connection ends", () => {
    const hostile = new Hostile(engine).open();
    const before = hostile.stored();
    hostile.refuses(INIT, ERR.STATE, WARNING, ZEROS, -1);
    expect(hostile.line.ends[0].open).toBe(false);
    expect(hostile.stored()).toEqual(before);
    hostile.reconnect();
    hostile.works();
  });

  it("thousands of pings are answered one by one, and nothing is written for them", () => {
    const hostile = new Hostile(engine).open();
    const writes = hostile.a.flash.programOps;
    const ping = encodeMessage({ type: 18, fields: { num_pong_bytes: 1n, ignored: new Uint8Array(0) } });
    for (let i = 0; i < 3000; i++) hostile.line.pass(1, ping);
    const { said } = hostile.line.ends[0];
    expect(said.map((frame) => frame.readUInt16BE(0))).toEqual(Array.from({ length: 3000 }, () => 19));
    expect(hostile.a.flash.programOps).toBe(writes);
    said.length = 0;
    hostile.works();
  });

  it("messages of up to 64 KB are passed over, and what follows is heard", () => {
    const hostile = new Hostile(engine).open();
    const { say, heard } = stranger(hostile);
    say(INIT);
    expect(hostile.a.node.info().connections[3]?.state).toBe("ready");
    const ping = encodeMessage({ type: 18, fields: { num_pong_bytes: 1n, ignored: new Uint8Array(0) } });
    for (const length of [4097, 5121, 32_768, 65_535]) {
      for (const type of [18, 128, 32, 32_769]) {
        const long = Buffer.alloc(length);
        long.writeUInt16BE(type);
        say(long);
        say(ping);
      }
    }
    expect(heard.slice(1)).toEqual(Array.from({ length: 16 }, () => 19));
    expect(hostile.a.node.channels()).toHaveLength(2);
    hostile.reconnect();
    hostile.works();
    expect(toHex(hostile.a.node.info().nodeId)).toBe(toHex(hostile.a.id));
  });
});
