import { secp256k1 } from "@noble/curves/secp256k1.js";
import { expect } from "vitest";
import { NODE_INPUT_BYTES } from "../../host/node/abi.js";
import { KeyRing } from "../../host/board/key_ring.js";
import { onEveryModuleEngine, TEST_ROOT } from "../driver/modules.js";
import { ERR, EVENT } from "./ends.js";
import { ReferencePeer } from "./reference.js";

const ENTRY = "test/transport/node.entry.ts";
const EPHEMERAL = new Uint8Array(32).fill(0x41);

onEveryModuleEngine("transport: the node module's exports", ENTRY, async (module) => {
  const call = async (name: string, ...args: number[]): Promise<number> => (await module.call(name, ...args)) as number;
  const input = await call("in_buffer");
  const output = await call("out_buffer");
  /** The last `transport_receive`: event, length and bytes. */
  const event = async (): Promise<[number, number, Uint8Array]> => {
    const header = Buffer.from(await module.read(output, 8));
    const length = header.readUInt32LE(4);
    return [header.readUInt32LE(0), length, await module.read(output + 8, Math.min(length, 5000))];
  };
  const own = secp256k1.getPublicKey(new KeyRing(TEST_ROOT).key(0) ?? EPHEMERAL, true);
  const peerKey = new Uint8Array(32).fill(0x51);
  const peer = new ReferencePeer(peerKey, new Uint8Array(32).fill(0x61), secp256k1.getPublicKey(peerKey, true));

  await module.write(input, Uint8Array.from([...EPHEMERAL, ...peer.publicKey]));
  expect(await call("transport_open", 3, 1)).toBe(50);
  expect(await module.read(input, 32)).toEqual(new Uint8Array(32));
  const actTwo = peer.actTwo(await module.read(output, 50));
  expect(await call("transport_remote", 3)).toBe(ERR.state);
  // Not from the beginning of the input.
  await module.write(input + 100, actTwo);
  expect(await call("transport_receive", 3, 100, 50)).toBe(50);
  const [established, length, actThree] = await event();
  expect([established, length]).toEqual([EVENT.established, 66]);
  expect(peer.finish(actThree)).toEqual(own);
  expect(await call("transport_remote", 3)).toBe(33);
  expect(await module.read(output, 33)).toEqual(peer.publicKey);

  // The largest message, both ways.
  const large = new Uint8Array(2560).fill(0x77);
  await module.write(input, large);
  expect(await call("transport_send", 3, 2560)).toBe(2560 + 34);
  expect(Buffer.compare(peer.open(await module.read(output, 2560 + 34)), large)).toBe(0);
  expect(await call("transport_send", 3, 4097)).toBe(ERR.capacity);
  expect(await call("transport_send", 3, -1)).toBe(ERR.capacity);
  await module.write(input, peer.seal(large));
  expect(await call("transport_receive", 3, 0, 2560 + 34)).toBe(2560 + 34);
  const read = await event();
  expect(read.slice(0, 2)).toEqual([EVENT.message, 2560]);
  expect(Buffer.compare(read[2], large)).toBe(0);

  // Three messages at once, the last one cut.
  const frames = ["one", "", "three"].map((text) => peer.seal(Uint8Array.from(Buffer.from(text))));
  const all = Buffer.concat(frames);
  await module.write(input, all);
  expect(await call("transport_receive", 3, 0, all.length - 1)).toBe(37);
  expect(await event()).toEqual([EVENT.message, 3, Uint8Array.from(Buffer.from("one"))]);
  expect(await call("transport_receive", 3, 37, all.length - 1 - 37)).toBe(34);
  expect(await event()).toEqual([EVENT.message, 0, new Uint8Array(0)]);
  expect(await call("transport_receive", 3, 71, all.length - 1 - 71)).toBe(38);
  expect(await event()).toEqual([EVENT.nothing, 0, new Uint8Array(0)]);
  expect(await call("transport_receive", 3, all.length - 1, 1)).toBe(1);
  expect(await event()).toEqual([EVENT.message, 5, Uint8Array.from(Buffer.from("three"))]);

  for (const [from, len] of [
    [0, NODE_INPUT_BYTES + 1],
    [1, NODE_INPUT_BYTES],
    [NODE_INPUT_BYTES + 1, 0],
    [-1, 1],
    [0, -1],
    [2 ** 31 - 1, 2 ** 31 - 1],
  ] as const) {
    expect(await call("transport_receive", 3, from, len), `${from} ${len}`).toBe(ERR.argument);
  }
  expect(await call("transport_receive", 3, NODE_INPUT_BYTES, 0)).toBe(0);
  expect(await call("transport_close", 3)).toBe(0);
  expect(await call("transport_close", 3)).toBe(ERR.state);

  await module.write(input, EPHEMERAL);
  expect(await call("transport_open", 4, 0)).toBe(ERR.argument);
  expect(await module.read(input, 32)).toEqual(new Uint8Array(32));
  await module.write(input, EPHEMERAL);
  expect(await call("transport_open", 0, 0)).toBe(0);
  await module.write(input, new ReferencePeer(peerKey, EPHEMERAL, own).actOne());
  expect(await call("transport_receive", 0, 0, 50)).toBe(50);
  expect((await event()).slice(0, 2)).toEqual([EVENT.reply, 50]);
  expect(await call("transport_close", 0)).toBe(0);
});
