import { secp256k1 } from "@noble/curves/secp256k1.js";
import { expect } from "vitest";
import { Entropy } from "../../host/board/entropy.js";
import { onEveryModuleEngine, type TestModule } from "../driver/modules.js";
import { TRANSPORT_MESSAGES } from "../long/counts.js";
import { bytesOf, Ends, ERR, EVENT, type TransportEvent } from "./ends.js";
import { ReferencePeer } from "./reference.js";

const ENTRY = "test/transport/transport.entry.ts";
const KEY = new Uint8Array(32).fill(0x31);
const PUBLIC = secp256k1.getPublicKey(KEY, true);
const MAX_MESSAGE_BYTES = 2560;

/** An end of the module's, and the same from the noble library at the other, as initiator or responder. */
async function withReference(module: TestModule, connection: number, initiator: boolean) {
  const ends = await Ends.of(module);
  expect(await ends.importKey(KEY)).toBe(0);
  const ephemeral = new Uint8Array(32).fill(0x41 + connection);
  const peerKey = new Uint8Array(32).fill(0x51);
  const peer = new ReferencePeer(
    peerKey,
    new Uint8Array(32).fill(0x61),
    initiator ? secp256k1.getPublicKey(peerKey, true) : PUBLIC,
  );
  if (initiator) {
    const actTwo = peer.actTwo(bytesOf(await ends.openInitiator(connection, ephemeral, peer.publicKey)));
    const { events } = await ends.receive(connection, actTwo);
    expect(events.map(({ event }) => event)).toEqual([EVENT.established]);
    expect(peer.finish(events[0]?.bytes ?? new Uint8Array(0))).toEqual(PUBLIC);
  } else {
    expect(await ends.openResponder(connection, ephemeral)).toBe(0);
    const two = await ends.receive(connection, peer.actOne());
    expect(two.events.map(({ event }) => event)).toEqual([EVENT.reply]);
    const three = await ends.receive(connection, peer.actThree(two.events[0]?.bytes ?? new Uint8Array(0)));
    expect(three.events).toEqual([{ event: EVENT.established, length: 0, bytes: new Uint8Array(0) }]);
    expect(await ends.remote(connection)).toEqual(peer.publicKey);
  }
  return { ends, peer };
}

/** What an end takes, and what it has in hand. */
interface Line {
  readonly to: number;
  readonly expected: Uint8Array[];
  readonly bytes: Uint8Array[];
  received: number;
}

const length = (random: Entropy): number => {
  const kind = random.below(10);
  if (kind === 0) return random.below(2) * MAX_MESSAGE_BYTES;
  return random.below(kind < 8 ? 200 : MAX_MESSAGE_BYTES + 1);
};

/** A piece of what lies on the line: a byte, a part of a frame, or all of it. */
async function deliver(ends: Ends, line: Line, random: Entropy): Promise<void> {
  const whole = Buffer.concat(line.bytes);
  const most = Math.min(whole.length, 16_384);
  const kind = random.below(4);
  const size = Math.min(kind === 0 ? 1 + random.below(20) : kind === 1 ? 1 + random.below(1500) : most, most);
  line.bytes.length = 0;
  if (size < whole.length) line.bytes.push(whole.subarray(size));
  const { code, events } = await ends.receive(line.to, Uint8Array.from(whole.subarray(0, size)));
  expect(code).toBe(0);
  for (const { event, bytes } of events) {
    expect(event).toBe(EVENT.message);
    expect(Buffer.compare(bytes, line.expected[line.received++] ?? Buffer.from("none"))).toBe(0);
  }
}

onEveryModuleEngine(
  "transport: two ends talk, in pieces of any size",
  ENTRY,
  async (module) => {
    const ends = await Ends.of(module);
    const random = new Entropy("transport", module.engine);
    const act = bytesOf(await ends.openInitiator(2, random.bytes(32), await ownKey(module, ends)));
    expect(await ends.openResponder(0, random.bytes(32))).toBe(0);
    // Acts a byte at a time.
    const replies: TransportEvent[] = [];
    for (const byte of act) replies.push(...(await ends.receive(0, Uint8Array.of(byte))).events);
    expect(replies.map(({ event, length: bytes }) => [event, bytes])).toEqual([[EVENT.reply, 50]]);
    const [two] = replies.splice(0);
    for (const byte of two?.bytes ?? []) replies.push(...(await ends.receive(2, Uint8Array.of(byte))).events);
    expect(replies.map(({ event, length: bytes }) => [event, bytes])).toEqual([[EVENT.established, 66]]);
    const [three] = replies.splice(0);
    for (const byte of three?.bytes ?? []) replies.push(...(await ends.receive(0, Uint8Array.of(byte))).events);
    expect(replies.map(({ event, length: bytes }) => [event, bytes])).toEqual([[EVENT.established, 0]]);

    const lines: [Line, Line] = [
      { to: 0, expected: [], bytes: [], received: 0 },
      { to: 2, expected: [], bytes: [], received: 0 },
    ];
    const messages = module.engine === "qemu" ? TRANSPORT_MESSAGES.qemu : TRANSPORT_MESSAGES.local;
    for (let count = 0; count < messages;) {
      const line = lines[random.below(2)] ?? lines[0];
      if (line.bytes.length < 12 && random.below(5) < 3) {
        const message = random.bytes(Math.min(length(random), module.engine === "qemu" ? 64 : MAX_MESSAGE_BYTES));
        line.expected.push(message);
        line.bytes.push(bytesOf(await ends.send(2 - line.to, message)));
        count++;
      } else if (line.bytes.length > 0) {
        await deliver(ends, line, random);
      }
    }
    for (const line of lines) {
      while (line.bytes.length > 0) await deliver(ends, line, random);
      expect(line.received).toBe(line.expected.length);
      expect(await ends.call("close", line.to)).toBe(0);
      expect(await ends.call("wiped", line.to)).toBe(1);
    }
  },
  120_000,
);

async function ownKey(module: TestModule, ends: Ends): Promise<Uint8Array> {
  expect(await ends.importKey(KEY)).toBe(0);
  expect(module.engine).toBeDefined();
  return PUBLIC;
}

for (const initiator of [true, false]) {
  onEveryModuleEngine(
    `transport: messages too long are passed over, as ${initiator ? "initiator" : "responder"}`,
    ENTRY,
    async (module) => {
      const { ends, peer } = await withReference(module, 1, initiator);
      const random = new Entropy("long messages", String(initiator));
      const sizes = [2559, 2560, 2561, 0, 2562, 65_535, 1, 5000, 2];
      const few = module.engine === "qemu" ? sizes.slice(0, 5) : sizes;
      const check = async (size: number): Promise<void> => {
        const message = random.bytes(size);
        const { code, events } = await ends.receive(1, peer.seal(message));
        expect(code).toBe(0);
        const event = size <= MAX_MESSAGE_BYTES ? EVENT.message : EVENT.passedOver;
        expect(events.map((one) => [one.event, one.length])).toEqual([[event, size]]);
        if (size <= MAX_MESSAGE_BYTES) expect(Buffer.compare(events[0]?.bytes ?? Buffer.alloc(0), message)).toBe(0);
      };
      for (const size of few) await check(size);
      // Up to the change of keys, so that the message passed over is the one on which it is due.
      for (let i = few.length; i < 499; i++) await check(1);
      await check(4097);
      await check(3);
      // And what is sent is not touched by what is passed over.
      const answer = Uint8Array.of(1, 2, 3);
      expect(peer.open(bytesOf(await ends.send(1, answer)))).toEqual(answer);
    },
    120_000,
  );
}

onEveryModuleEngine(
  "transport: no bit of a frame can be another",
  ENTRY,
  async (module) => {
    const { ends, peer } = await withReference(module, 1, true);
    const frame = peer.seal(Uint8Array.from(Buffer.from("one message, short")));
    await ends.call("save", 1);
    const step = module.engine === "qemu" ? 7 : 1;
    for (let bit = 0; bit < frame.length * 8; bit += step) {
      const damaged = frame.slice();
      damaged[bit >> 3] = (damaged[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      await ends.call("restore", 1);
      const { code, events } = await ends.receive(1, damaged);
      expect([code, events, await ends.call("wiped", 1)], `bit ${bit}`).toEqual([ERR.mac, [], 1]);
    }
    await ends.call("restore", 1);
    expect((await ends.receive(1, frame)).events.map(({ event }) => event)).toEqual([EVENT.message]);
  },
  120_000,
);

/** An act with every bit flipped, one after the other: the code must be one of those that its place allows. */
async function flipAct(ends: Ends, connection: number, act: Uint8Array, step: number): Promise<void> {
  await ends.call("save", connection);
  for (let bit = 0; bit < act.length * 8; bit += step) {
    const damaged = act.slice();
    const at = bit >> 3;
    damaged[at] = (damaged[at] ?? 0) ^ (1 << (bit & 7));
    const isPoint = at > 0 && at < 34 && act.length === 50;
    // Another x may be one of a point, and then only the tag is wrong; the other sign of y always is.
    const valid = isPoint && secp256k1.utils.isValidPublicKey(damaged.slice(1, 34), true);
    const expected = at === 0 ? ERR.version : isPoint && !valid ? ERR.point : ERR.mac;
    await ends.call("restore", connection);
    const { code, events } = await ends.receive(connection, damaged);
    expect([code, events, await ends.call("wiped", connection)], `bit ${bit}`).toEqual([expected, [], 1]);
  }
  await ends.call("restore", connection);
}

onEveryModuleEngine(
  "transport: no bit of an act can be another",
  ENTRY,
  async (module) => {
    const ends = await Ends.of(module);
    await ends.importKey(KEY);
    const step = module.engine === "qemu" ? 13 : 1;
    const key = new Uint8Array(32).fill(0x51);
    const ephemeral = new Uint8Array(32).fill(0x61);
    expect(await ends.openResponder(1, new Uint8Array(32).fill(0x41))).toBe(0);
    const caller = new ReferencePeer(key, ephemeral, PUBLIC);
    const one = caller.actOne();
    await flipAct(ends, 1, one, step);
    const three = caller.actThree((await ends.receive(1, one)).events[0]?.bytes ?? new Uint8Array(0));
    await flipAct(ends, 1, three, step);
    expect((await ends.receive(1, three)).events.map(({ event }) => event)).toEqual([EVENT.established]);

    const called = new ReferencePeer(key, ephemeral, caller.publicKey);
    const act = bytesOf(await ends.openInitiator(0, new Uint8Array(32).fill(0x42), caller.publicKey));
    const two = called.actTwo(act);
    await flipAct(ends, 0, two, step);
    expect((await ends.receive(0, two)).events.map(({ event }) => event)).toEqual([EVENT.established]);
  },
  120_000,
);

onEveryModuleEngine("transport: what is refused changes nothing", ENTRY, async (module) => {
  const ends = await Ends.of(module);
  await ends.importKey(KEY);
  const scalar = new Uint8Array(32).fill(0x41);
  const order = Uint8Array.from(Buffer.from(secp256k1.Point.CURVE().n.toString(16), "hex"));
  for (const connection of [-1, 4, 2 ** 31 - 1]) {
    expect(await ends.openInitiator(connection, scalar, PUBLIC)).toBe(ERR.argument);
    expect(await ends.openResponder(connection, scalar)).toBe(ERR.argument);
    expect((await ends.receiveOnce(connection, new Uint8Array(1))).taken).toBe(ERR.argument);
    expect(await ends.send(connection, scalar)).toBe(ERR.argument);
    expect(await ends.remote(connection)).toBeUndefined();
    expect(await ends.call("close", connection)).toBe(ERR.argument);
  }
  for (const bad of [new Uint8Array(32), order, new Uint8Array(32).fill(0xff)]) {
    expect(await ends.openInitiator(1, bad, PUBLIC)).toBe(ERR.argument);
    expect(await ends.openResponder(1, bad)).toBe(ERR.argument);
    expect(await ends.call("wiped", 1)).toBe(1);
  }
  for (const bad of [new Uint8Array(33), Uint8Array.of(4, ...PUBLIC.slice(1)), new Uint8Array(33).fill(0xff)]) {
    expect(await ends.openInitiator(1, scalar, bad)).toBe(ERR.point);
    expect(await ends.call("wiped", 1)).toBe(1);
  }
  expect((await ends.receiveOnce(1, new Uint8Array(1))).taken).toBe(ERR.state);
  expect(await ends.send(1, scalar)).toBe(ERR.state);
  expect(await ends.call("close", 1)).toBe(ERR.state);
  expect(await ends.call("wiped", 1)).toBe(1);

  // In the middle of a handshake, and of an act.
  expect(await ends.openResponder(1, scalar)).toBe(0);
  expect((await ends.receiveOnce(1, new Uint8Array(20))).taken).toBe(20);
  await ends.call("save", 1);
  expect(await ends.openResponder(1, scalar)).toBe(ERR.state);
  expect(await ends.openInitiator(1, scalar, PUBLIC)).toBe(ERR.state);
  expect(await ends.send(1, scalar)).toBe(ERR.state);
  expect(await ends.remote(1)).toBeUndefined();
  expect(await ends.call("receive", 1, 0, -1)).toBe(ERR.argument);
  expect((await ends.receiveOnce(1, new Uint8Array(0))).taken).toBe(0);
  expect(await ends.call("unchanged", 1)).toBe(1);
  expect(await ends.call("close", 1)).toBe(ERR.truncated);
  expect(await ends.call("wiped", 1)).toBe(1);

  const { peer } = await withReference(module, 2, false);
  await ends.call("save", 2);
  for (const len of [MAX_MESSAGE_BYTES + 1, 65_535, -1]) {
    expect(await ends.call("send", 2, len, 1)).toBe(ERR.capacity);
  }
  expect(await ends.openResponder(2, scalar)).toBe(ERR.state);
  expect(await ends.call("unchanged", 2)).toBe(1);
  expect(peer.open(bytesOf(await ends.send(2, scalar)))).toEqual(scalar);
  // A frame that has only begun.
  expect((await ends.receiveOnce(2, peer.seal(scalar).slice(0, 18))).taken).toBe(18);
  expect(await ends.call("close", 2)).toBe(ERR.truncated);
});
