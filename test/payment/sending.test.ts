import { sha256 } from "@noble/hashes/sha2.js";
import { expect } from "vitest";
import { node } from "../onion/fixtures.js";
import { peelOnion, rawError, routeSecrets, wrapError } from "../onion/sphinx.js";
import { encodeTlvs } from "../onion/tlv.js";
import {
  CHANNEL_STATE,
  ERR,
  HEIGHT,
  MARK,
  RESULT,
  Room,
  type Route,
  STATE,
  finalPayload,
  forwardPayload,
  named,
  plain,
  onEngines,
} from "./room.js";

const PREIMAGE = named("what is paid for");
const HASH = sha256(PREIMAGE);
const SECRET = named("payment secret");
const SESSION = named("session of this part");
const HOPS = [node(0), node(1), node(2)];
const ROUTE: Route = {
  channel: 0,
  hash: HASH,
  secret: SECRET,
  totalMsat: 3_000_000n,
  hops: [
    { point: node(0).point, amountMsat: 1_002_000n, cltvExpiry: HEIGHT + 120 },
    { point: node(1).point, shortChannelId: 0x10002n, amountMsat: 1_001_000n, cltvExpiry: HEIGHT + 80 },
    { point: node(2).point, shortChannelId: 0x20003n, amountMsat: 1_000_000n, cltvExpiry: HEIGHT + 40 },
  ],
};

function open(make: () => Room): Room {
  const room = make();
  for (const n of [0, 1]) room.channel(n);
  return room;
}

/** Sends the route and returns part and slot. */
function send(room: Room, route: Route = ROUTE, session = SESSION): { part: number; slot: number } {
  const part = room.send(route, session);
  expect(part).toBeGreaterThan(0);
  const slot = room.offered(route.channel ?? 0).at(-1);
  if (slot === undefined) throw new Error("nothing was offered");
  return { part, slot };
}

/** The error packet that the first hop returns if hop `hop` fails the part with this message. */
function errorFrom(hop: number, message: Uint8Array, session = SESSION): Uint8Array {
  const secrets = routeSecrets(
    session,
    HOPS.map(({ point }) => point),
  );
  let packet = rawError(secrets[hop] as Uint8Array, message);
  for (let i = hop; i >= 0; i--) packet = wrapError(secrets[i] as Uint8Array, packet);
  return packet;
}

const without = (route: Route, i: number): Route["hops"] => route.hops.filter((_, k) => k !== i);

/** The record of the part, as command PAYMENT would show it. */
function partRecord(room: Room, part: number): Buffer {
  const place = room.call("part_find", part);
  expect(place).toBeGreaterThanOrEqual(0);
  const at = room.call("part_at", place);
  return Buffer.from(room.memory.subarray(at, at + 168));
}

onEngines("payment: a part along a route", {
  "every hop reads what the route says of it": (make) => {
    const room = open(make);
    const { slot } = send(room);
    const sent = room.slot(0, slot);
    expect(sent).toMatchObject({
      state: STATE.proposed,
      amountMsat: 1_002_000n,
      cltvExpiry: HEIGHT + 120,
      hash: HASH,
    });
    const expected = [
      forwardPayload(0x10002n, 1_001_000n, HEIGHT + 80),
      forwardPayload(0x20003n, 1_000_000n, HEIGHT + 40),
      finalPayload(1_000_000n, HEIGHT + 40, SECRET, 3_000_000n),
    ];
    let packet: Uint8Array | undefined = room.blob(sent.blob);
    for (const [i, { key }] of HOPS.entries()) {
      const peeled = peelOnion(key, HASH, packet as Uint8Array);
      expect(peeled.payload).toEqual(expected[i]);
      packet = peeled.next;
    }
    expect(packet).toBeUndefined();
    expect(room.get(32, 4096)).toEqual(Buffer.alloc(32));
  },
  "one hop, and metadata of any length": (make) => {
    for (const length of [1, 100, 180, 187, 188, 189, 600]) {
      const room = open(make);
      const metadata = Uint8Array.from({ length }, (_, i) => i & 255);
      const hops = [{ point: node(0).point, amountMsat: 5000n, cltvExpiry: HEIGHT + 20 }];
      const { slot } = send(room, { ...ROUTE, hops, metadata });
      const { payload, next } = peelOnion(node(0).key, HASH, room.blob(room.slot(0, slot).blob));
      expect(next).toBeUndefined();
      const plain = finalPayload(5000n, HEIGHT + 20, SECRET, 3_000_000n);
      expect(payload).toEqual(Uint8Array.from([...plain, ...encodeTlvs([{ type: 16n, value: metadata }])]));
    }
  },
  "keysend: the preimage goes with it": (make) => {
    const room = open(make);
    const { slot } = send(room, { ...ROUTE, hash: new Uint8Array(32), secret: PREIMAGE, keysend: true, totalMsat: 0n });
    const sent = room.slot(0, slot);
    expect(sent.hash).toEqual(HASH);
    let packet = room.blob(sent.blob);
    for (const { key } of HOPS.slice(0, 2)) packet = peelOnion(key, HASH, packet).next as Uint8Array;
    const { payload } = peelOnion(node(2).key, HASH, packet);
    expect(payload).toEqual(finalPayload(1_000_000n, HEIGHT + 40, undefined, 0n, PREIMAGE));
  },
  "several parts of one payment over two channels have numbers and ends of their own": (make) => {
    const room = open(make);
    const first = send(room, ROUTE, named("session 1"));
    const second = send(room, { ...ROUTE, channel: 1 }, named("session 2"));
    expect([first.part, second.part]).toEqual([1, 2]);
    expect(room.slot(1, second.slot).hash).toEqual(HASH);
    room.fulfil(1, second.slot, PREIMAGE);
    room.settle();
    expect(room.events()).toMatchObject([{ kind: "sent", part: 2, hash: HASH, amountMsat: 1_002_000n }]);
    room.fail(0, first.slot, errorFrom(2, Uint8Array.of(0, 23), named("session 1")));
    room.settle();
    expect(room.events()).toMatchObject([{ kind: "failed", part: 1 }]);
  },
  "what is no route changes nothing": (make) => {
    const room = open(make);
    const before = room.snapshot();
    const [first, second, third] = ROUTE.hops as [Route["hops"][0], Route["hops"][0], Route["hops"][0]];
    const point = new Uint8Array(33).fill(5);
    const cases: [Partial<Route>, number][] = [
      [{ channel: 4 }, ERR.ARGUMENT],
      [{ hops: [] }, ERR.ARGUMENT],
      [{ hops: Array.from({ length: 9 }, () => first) }, ERR.ARGUMENT],
      [{ hops: [second, first] }, ERR.VALUE],
      [{ hops: [{ ...first, cltvExpiry: HEIGHT + 79 }, second] }, ERR.VALUE],
      [{ hops: [{ ...first, cltvExpiry: 500_000_000 }] }, ERR.VALUE],
      [{ hops: [{ ...first, amountMsat: 0n }] }, ERR.VALUE],
      [{ totalMsat: 999_999n }, ERR.VALUE],
      [{ hops: [first, { ...second, point }, third] }, ERR.POINT],
      [{ hops: [{ ...first, cltvExpiry: HEIGHT }] }, ERR.EXPIRED],
      [{ metadata: new Uint8Array(1200) }, ERR.CAPACITY],
      [{ channel: 2 }, ERR.STATE],
    ];
    for (const [change, code] of cases) {
      expect(room.send({ ...ROUTE, ...change }), JSON.stringify(Object.keys(change))).toBe(code);
      expect(room.get(32, 4096)).toEqual(Buffer.alloc(32));
    }
    const record = Room.routeRecord(ROUTE);
    expect(room.sendRecord(record.slice(0, 79))).toBe(ERR.TRUNCATED);
    expect(room.sendRecord(record.slice(0, -1))).toBe(ERR.TRUNCATED);
    expect(room.sendRecord(Uint8Array.from([...record, 0]))).toBe(ERR.LENGTH);
    expect(room.sendRecord(record.map((byte, i) => (i === 5 ? 4 : byte)))).toBe(ERR.ARGUMENT);
    expect(room.send(ROUTE, new Uint8Array(32))).toBe(-4);
    expect(room.snapshot()).toEqual(before);
    expect(without(ROUTE, 0)).toHaveLength(2);
    expect(room.send({ ...ROUTE, hops: without(ROUTE, 0) })).toBe(1);
  },
  "what the channel does not take changes nothing": (make) => {
    const room = open(make);
    room.setChannel(0, CHANNEL_STATE.normal, MARK.ready | MARK.peerReady | MARK.shutdown);
    const before = room.snapshot();
    expect(room.send(ROUTE)).toBe(ERR.STATE);
    expect(room.snapshot()).toEqual(before);
    room.setChannel(0, CHANNEL_STATE.normal);
    for (let i = 0; i < 16; i++) room.call("blob_new", room.put(new Uint8Array(8)), 8);
    expect(room.send(ROUTE)).toBe(ERR.CAPACITY);
  },
  "places of parts that have ended are used again once they were told": (make) => {
    const room = open(make);
    const go = (): number => room.send(ROUTE);
    for (let k = 0; k < 24; k++) {
      const { slot } = send(room);
      room.fail(0, slot);
      room.settle();
    }
    expect(go()).toBe(ERR.CAPACITY);
    expect(room.events().map(({ part }) => part)).toEqual(Array.from({ length: 24 }, (_, i) => i + 1));
    expect(go()).toBe(25);
    expect(room.call("part_find", 1)).toBe(-1);
    expect(room.call("part_find", 25)).toBe(0);
    expect(room.call("part_find", 2)).toBe(1);
  },
});

onEngines("payment: the end of a part", {
  "sent: the preimage counts before the HTLC is removed, and is told once": (make) => {
    const room = open(make);
    const { part, slot } = send(room);
    room.fulfil(0, slot, PREIMAGE);
    room.settle();
    const [event, ...others] = room.events();
    expect(others).toEqual([]);
    expect(event).toMatchObject({ kind: "sent", part, amountMsat: 1_002_000n, hash: HASH });
    expect(Uint8Array.from(event?.rest ?? [])).toEqual(plain(PREIMAGE));
    const record = partRecord(room, part);
    expect(record[0]).toBe(2);
    expect(Uint8Array.from(record.subarray(64, 96))).toEqual(PREIMAGE);
    expect(record.subarray(136, 168)).toEqual(Buffer.alloc(32));
    room.setState(0, slot, STATE.removed);
    room.settle();
    expect(room.offered(0)).toEqual([]);
    expect(room.events()).toEqual([]);
  },
  "failed by any hop: which one, code and data": (make) => {
    for (const hop of [0, 1, 2]) {
      const room = open(make);
      const { part, slot } = send(room);
      const message = Uint8Array.from([0x10, 0x0c, 0, 0, 0, 0, 0, 0, 0, 7, 0, 0]);
      room.fail(0, slot, errorFrom(hop, message), STATE.removeProposed);
      expect(room.settle()).toBe(false);
      room.setState(0, slot, STATE.removed);
      room.settle();
      const [event] = room.events();
      expect(event).toMatchObject({ kind: "failed", part, hash: HASH });
      expect(event?.rest.readInt32LE(0)).toBe(hop);
      expect(event?.rest.readUInt16LE(4)).toBe(0x100c);
      expect(Uint8Array.from(event?.rest.subarray(8) ?? [])).toEqual(message.slice(2));
      expect(room.offered(0)).toEqual([]);
      expect(room.blobs()).toEqual([]);
      const record = partRecord(room, part);
      expect([record[0], record.readInt8(3), record.readUInt16LE(4)]).toEqual([3, hop, 0x100c]);
      expect(record.subarray(136, 168)).toEqual(Buffer.alloc(32));
    }
  },
  "long data are cut, a message without a code has none": (make) => {
    for (const [message, code, data] of [
      [Uint8Array.from({ length: 200 }, (_, i) => i), 0x0001, 40],
      [Uint8Array.of(0x40), 0, 0],
      [Uint8Array.of(0x40, 0x0f), 0x400f, 0],
    ] as const) {
      const room = open(make);
      const { slot } = send(room);
      room.fail(0, slot, errorFrom(1, message));
      room.settle();
      const [event] = room.events();
      expect(event?.rest.readInt32LE(0)).toBe(1);
      expect(event?.rest.readUInt16LE(4)).toBe(code);
      expect(Uint8Array.from(event?.rest.subarray(8) ?? [])).toEqual(message.slice(2, 2 + data));
    }
  },
  "an error that no hop owns, of any length, or that was lost": (make) => {
    for (const packet of [
      new Uint8Array(292).fill(3),
      new Uint8Array(1),
      new Uint8Array(1400).fill(9),
      errorFrom(1, Uint8Array.of(0, 23), named("another session")),
      undefined,
    ]) {
      const room = open(make);
      const { part, slot } = send(room);
      room.fail(0, slot, packet);
      room.settle();
      const [event] = room.events();
      expect(event).toMatchObject({ kind: "failed", part });
      expect([event?.rest.readInt32LE(0), event?.rest.readUInt16LE(4), event?.rest.readUInt16LE(6)]).toEqual([
        -2, 0, 0,
      ]);
    }
  },
  "the first hop could not read the onion": (make) => {
    const room = open(make);
    const { slot } = send(room);
    const hash = sha256(room.blob(room.slot(0, slot).blob));
    room.failMalformed(0, slot, 0xc005);
    room.settle();
    const [event] = room.events();
    expect([event?.rest.readInt32LE(0), event?.rest.readUInt16LE(4)]).toEqual([0, 0xc005]);
    expect(Uint8Array.from(event?.rest.subarray(8) ?? [])).toEqual(hash);
  },
  "the channel failed before the HTLC was signed": (make) => {
    const room = open(make);
    const { part } = send(room);
    room.setChannel(0, CHANNEL_STATE.failed);
    room.settle();
    const [event] = room.events();
    expect(event).toMatchObject({ kind: "failed", part });
    expect([event?.rest.readInt32LE(0), event?.rest.readUInt16LE(4)]).toEqual([-1, 0x1007]);
    expect(room.slot(0, 0).result).toBe(RESULT.none);
  },
});
