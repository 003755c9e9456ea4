import { expect } from "vitest";
import { KeyRing } from "../../host/board/key_ring.js";
import { onEveryModuleEngine, TEST_ROOT } from "../driver/modules.js";
import * as f from "./frames.js";

const ENTRY = "test/gossip/node.entry.ts";
const ERR_UNKNOWN_EVEN = -12;
const CHANNEL = 5;
const KEY_FUNDING_5 = 8 * 6;

onEveryModuleEngine("gossip: the node module's exports", ENTRY, async (module) => {
  const call = async (name: string, ...args: (number | bigint)[]): Promise<number> =>
    (await module.call(name, ...args)) as number;
  const input = await call("in_buffer");
  const output = await call("out_buffer");
  const keys = new KeyRing(TEST_ROOT);
  const none = new Uint8Array(32);
  const us = new f.Signer(keys.key(0) ?? none, keys.key(KEY_FUNDING_5) ?? none);
  const them = f.Signer.of(0x33);
  const [first, second] = f.ordered(us, them);
  const nodes = f.join(first.nodeId, second.nodeId);
  const verify = async (frame: Uint8Array, last = 0, capacityMsat = -1n): Promise<number> => {
    await module.write(input, f.join(f.CHAIN, nodes, new Uint8Array(40), frame));
    return call("gossip_verify", frame.length, last, f.NOW_S, capacityMsat);
  };
  const sign = async (frame: Uint8Array, side = 0, channel = 0): Promise<Uint8Array | number> => {
    await module.write(input, frame);
    const code = await call("gossip_sign", frame.length, side, channel);
    return code < 0 ? code : module.read(output, code);
  };

  const whole = f.channelAnnouncement(first, second);
  const side = us === first ? 0 : 1;
  const halves = [0, 1, 2, 3].map((index) => whole.slice(2 + 64 * index, 66 + 64 * index));
  const unsigned = f.join(
    whole.slice(0, 2),
    ...halves.map((half, index) => (index % 2 === side ? new Uint8Array(64) : half)),
    whole.slice(258),
  );
  expect(await verify(unsigned)).toBe(f.ERR.signature);
  expect(await sign(unsigned, side, CHANNEL)).toEqual(whole);
  expect(await verify(whole)).toBe(0);
  expect(await sign(unsigned, 2, CHANNEL)).toBe(f.ERR.argument);
  expect(await sign(unsigned, -1, CHANNEL)).toBe(f.ERR.argument);
  expect(await sign(unsigned, side, -1)).toBe(f.ERR.argument);
  expect(await sign(unsigned.slice(0, 300), side, CHANNEL)).toBe(f.ERR.truncated);

  const rest = (head: Uint8Array, tail: Uint8Array): Uint8Array =>
    f.join(f.CHAIN, f.number(8, 77), f.number(4, f.NOW_S), head, tail);
  const update = f.signedFrame(
    f.TYPE.channelUpdate,
    us,
    rest(Uint8Array.of(1, side), f.join(f.number(2, 40), f.number(8, 1), new Uint8Array(8), f.number(8, 5000))),
  );
  const policy = f.signedFrame(
    f.TYPE.linePolicy,
    us,
    rest(Uint8Array.of(1 - side), f.join(f.number(8, -5), f.number(4, 20_000), f.number(8, 1))),
  );
  const node = f.signedFrame(
    f.TYPE.nodeAnnouncement,
    us,
    f.join(f.bytes(new Uint8Array(0)), f.number(4, f.NOW_S), us.nodeId, new Uint8Array(35), f.bytes(new Uint8Array(0))),
  );
  for (const [frame, code] of [
    [update, 0],
    [policy, side],
    [node, 0],
  ] as const) {
    expect(await sign(f.join(frame.slice(0, 2), new Uint8Array(64), frame.slice(66)))).toEqual(frame);
    expect(await verify(frame)).toBe(code);
    expect(await verify(frame, f.NOW_S)).toBe(f.ERR.replay);
  }
  expect(await verify(update, 0, 5000n)).toBe(0);
  expect(await verify(update, 0, 4999n)).toBe(f.NOT_ROUTED);

  // A ping is no gossip, nor is a message that nobody knows.
  const ping = Uint8Array.of(0, 18, 0, 0, 0, 0);
  expect(await verify(ping)).toBe(ERR_UNKNOWN_EVEN);
  expect(await sign(ping)).toBe(ERR_UNKNOWN_EVEN);
  expect(await sign(Uint8Array.of(0x7f, 0xff, 1))).toBe(ERR_UNKNOWN_EVEN);
  for (const length of [4097, -1]) {
    expect(await call("gossip_verify", length, 0, 0, 0n)).toBe(f.ERR.argument);
    expect(await call("gossip_sign", length, 0, 0)).toBe(f.ERR.argument);
  }
});
