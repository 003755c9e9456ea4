import { secp256k1 } from "@noble/curves/secp256k1.js";
import fc from "fast-check";
import { expect } from "vitest";
import { Entropy } from "../../host/board/entropy.js";
import { onEveryModuleEngine, type TestModule } from "../driver/modules.js";
import * as f from "./frames.js";

const ENTRY = "test/gossip/gossip.entry.ts";
const KEY_NODE = 0;
/** Funding key of channel number 2. */
const CHANNEL = 2;
const KEY_FUNDING_2 = 8 * 3;
const SCID = 0x0123456789abcdefn;
const MAX_U64 = 2n ** 64n - 1n;

const NODE = new Uint8Array(32).fill(0x31);
const FUNDING = new Uint8Array(32).fill(0x71);
const us = new f.Signer(NODE, FUNDING);
const them = f.Signer.of(0x33);
const [first, second] = f.ordered(us, them);
const BOTH = f.join(first.nodeId, second.nodeId);

const runs = (module: TestModule, local: number, qemu: number): { numRuns: number; seed: number } => ({
  numRuns: module.engine === "qemu" ? qemu : local,
  seed: 7,
});

async function start(module: TestModule): Promise<f.Gossip> {
  const gossip = await f.Gossip.of(module);
  for (const [handle, key] of [
    [KEY_NODE, NODE],
    [KEY_FUNDING_2, FUNDING],
  ] as const) {
    await module.write(gossip.data, key);
    expect(await gossip.call("import_key", handle, gossip.data)).toBe(0);
  }
  await gossip.surroundings(f.CHAIN, BOTH);
  return gossip;
}

interface Update {
  readonly timestamp: number;
  readonly messageFlags: number;
  readonly channelFlags: number;
  readonly minimum: bigint;
  readonly maximum: bigint;
  readonly extra: Uint8Array;
  readonly chain: Uint8Array;
}

const UPDATE: Update = {
  timestamp: f.NOW_S,
  messageFlags: 1,
  channelFlags: 0,
  minimum: 1n,
  maximum: 1000n,
  extra: new Uint8Array(0),
  chain: f.CHAIN,
};

/** All of a `channel_update` behind its signature. */
const update = (changes: Partial<Update> = {}): Uint8Array => {
  const all = { ...UPDATE, ...changes };
  return f.join(
    all.chain,
    f.number(8, SCID),
    f.number(4, all.timestamp),
    Uint8Array.of(all.messageFlags, all.channelFlags),
    f.number(2, 40),
    f.number(8, all.minimum),
    f.number(4, 1000),
    f.number(4, 100),
    f.number(8, all.maximum),
    all.extra,
  );
};

const updateOf = (signer: f.Signer, changes: Partial<Update> = {}): Uint8Array =>
  f.signedFrame(f.TYPE.channelUpdate, signer, update(changes));

interface Announcement {
  readonly features: Uint8Array;
  readonly timestamp: number;
  readonly nodeId: Uint8Array;
  readonly addresses: Uint8Array;
}

const nodeAnnouncement = (changes: Partial<Announcement> = {}): Uint8Array => {
  const all = { features: new Uint8Array(0), timestamp: f.NOW_S, nodeId: them.nodeId, addresses: new Uint8Array(0) };
  const { features, timestamp, nodeId, addresses } = { ...all, ...changes };
  const rest = f.join(
    f.bytes(features),
    f.number(4, timestamp),
    nodeId,
    Uint8Array.of(1, 2, 3),
    new Uint8Array(32).fill(0x61),
    f.bytes(addresses),
  );
  return f.signedFrame(f.TYPE.nodeAnnouncement, them, rest);
};

const policy = (signer: f.Signer, direction: number, timestamp = f.NOW_S, chain = f.CHAIN): Uint8Array =>
  f.signedFrame(
    f.TYPE.linePolicy,
    signer,
    f.join(
      chain,
      f.number(8, SCID),
      f.number(4, timestamp),
      Uint8Array.of(direction),
      f.number(8, -250n),
      f.number(4, 30_000),
      f.number(8, 5_000_000n),
    ),
  );

/** A TLV of odd type that nobody knows, so that it is in the stream of any message. */
const extra = fc.uint8Array({ maxLength: 60 }).map((content) => f.join(Uint8Array.of(201, content.length), content));

onEveryModuleEngine("gossip: updates are judged by their bytes", ENTRY, async (module) => {
  const gossip = await start(module);
  const amount = fc.oneof(fc.bigInt(0n, 50n), fc.bigInt(0n, MAX_U64));
  await fc.assert(
    fc.asyncProperty(
      fc.record({
        messageFlags: fc.nat(255),
        channelFlags: fc.nat(255),
        minimum: amount,
        maximum: amount,
        extra: fc.oneof(fc.constant(new Uint8Array(0)), extra),
      }),
      fc.oneof(fc.bigInt(0n, 60n), fc.constant(MAX_U64)),
      fc.boolean(),
      async (changes, capacity, byFirst) => {
        const frame = updateOf(byFirst ? first : second, changes);
        const genuine = ((changes.channelFlags & 1) === 0) === byFirst;
        const unusable =
          (changes.channelFlags & 2) !== 0 || changes.maximum < changes.minimum || changes.maximum > capacity;
        const flags = ((changes.messageFlags & 2) !== 0 ? f.NOT_FORWARDED : 0) | (unusable ? f.NOT_ROUTED : 0);
        const code = await gossip.verify(frame, 0, f.NOW_S, BigInt.asIntN(64, capacity));
        expect(code).toBe(genuine ? flags : f.ERR.signature);
      },
    ),
    runs(module, 300, 20),
  );
});

onEveryModuleEngine("gossip: order in time", ENTRY, async (module) => {
  const gossip = await start(module);
  const ahead = 86_400;
  for (const make of [
    (timestamp: number) => updateOf(first, { timestamp }),
    (timestamp: number) => nodeAnnouncement({ timestamp }),
    (timestamp: number) => policy(first, 1, timestamp),
  ]) {
    const at = async (timestamp: number, last: number, now = f.NOW_S): Promise<number> =>
      gossip.verify(make(timestamp), last, now);
    expect(await at(f.NOW_S, f.NOW_S - 1)).toBe(0);
    expect(await at(f.NOW_S, f.NOW_S)).toBe(f.ERR.replay);
    expect(await at(f.NOW_S, f.NOW_S + 1)).toBe(f.ERR.replay);
    expect(await at(0, 0)).toBe(f.ERR.replay);
    expect(await at(1, 0)).toBe(0);
    expect(await at(f.NOW_S + ahead, 0)).toBe(0);
    expect(await at(f.NOW_S + ahead + 1, 0)).toBe(f.ERR.value);
    // The whole range of 32 bits is time.
    expect(await at(2 ** 32 - 1, 2 ** 32 - 2, 2 ** 32 - 10)).toBe(0);
    expect(await at(2 ** 32 - 1, 0)).toBe(f.ERR.value);
  }
});

onEveryModuleEngine("gossip: another chain, nodes out of order, signatures that are none", ENTRY, async (module) => {
  const gossip = await start(module);
  const other = f.CHAIN.slice();
  other[31] = (other[31] ?? 0) ^ 1;
  expect(await gossip.verify(f.channelAnnouncement(first, second))).toBe(0);
  expect(await gossip.verify(f.channelAnnouncement(first, second, { chain: other }))).toBe(f.ERR.chain);
  expect(await gossip.verify(updateOf(first, { chain: other }))).toBe(f.ERR.chain);
  expect(await gossip.verify(policy(first, 0, f.NOW_S, other))).toBe(f.ERR.chain);
  expect(await gossip.verify(f.channelAnnouncement(second, first))).toBe(f.ERR.order);
  expect(await gossip.verify(f.channelAnnouncement(first, first))).toBe(f.ERR.order);

  // Whoever relays a signature can give it a high S; one form of each message is enough.
  const frame = updateOf(first);
  const s = BigInt(`0x${Buffer.from(frame.slice(34, 66)).toString("hex")}`);
  const high = f.join(frame.slice(0, 34), f.number(32, secp256k1.Point.CURVE().n - s), frame.slice(66));
  expect(await gossip.verify(frame)).toBe(0);
  expect(await gossip.verify(high)).toBe(f.ERR.signature);
  expect(await gossip.verify(f.join(frame.slice(0, 2), new Uint8Array(64), frame.slice(66)))).toBe(f.ERR.signature);

  // 02 and an x that no point of the curve has.
  let x = 0;
  while (secp256k1.utils.isValidPublicKey(f.join(Uint8Array.of(2), f.number(32, x)), true)) x++;
  expect(await gossip.verify(nodeAnnouncement({ nodeId: f.join(Uint8Array.of(2), f.number(32, x)) }))).toBe(
    f.ERR.signature,
  );
});

onEveryModuleEngine("gossip: features that nobody knows are no fault of the message", ENTRY, async (module) => {
  const gossip = await start(module);
  const option = (bit: number): Uint8Array => {
    const features = new Uint8Array((bit >> 3) + 1);
    features[0] = 1 << (bit & 7);
    return features;
  };
  const ours = new Uint8Array(40);
  ours[39] = 1 << 6; // gossip_queries, required of others by bit 6
  for (const [bit, flags] of [
    [6, 0],
    [7, 0],
    [60, f.NOT_ROUTED],
    [61, 0],
    [1000, f.NOT_ROUTED],
    [1001, 0],
  ] as const) {
    await gossip.surroundings(f.CHAIN, BOTH, ours);
    const features = option(bit);
    expect(await gossip.verify(f.channelAnnouncement(first, second, { features })), `${bit}`).toBe(flags);
    expect(await gossip.verify(nodeAnnouncement({ features })), `${bit}`).toBe(flags);
  }
});

onEveryModuleEngine("gossip: addresses", ENTRY, async (module) => {
  const gossip = await start(module);
  const address = (type: number, length: number): Uint8Array =>
    f.join(Uint8Array.of(type), new Uint8Array(length).fill(9));
  const hostname = f.join(Uint8Array.of(5, 4), new Uint8Array(6).fill(0x61));
  const all = f.join(address(1, 6), address(2, 18), address(3, 12), address(4, 37), hostname);
  const verify = (addresses: Uint8Array): Promise<number> => gossip.verify(nodeAnnouncement({ addresses }));
  expect(await verify(all)).toBe(0);
  // At every length that ends between two addresses it is whole, at every other it is not.
  const ends = [0, 7, 26, 39, 77, 85];
  for (let length = 0; length <= all.length; length++) {
    const expected = ends.includes(length) ? 0 : f.ERR.truncated;
    expect(await verify(all.slice(0, length)), `${length}`).toBe(expected);
  }
  expect(await verify(f.join(hostname, hostname))).toBe(f.NOT_FORWARDED);
  // Behind one of unknown type there may be anything.
  for (const type of [0, 6, 255]) {
    expect(await verify(f.join(address(1, 6), Uint8Array.of(type, 1)))).toBe(0);
  }
});

onEveryModuleEngine("gossip: a line's policies are its owner's", ENTRY, async (module) => {
  const gossip = await start(module);
  for (const direction of [0, 1]) {
    expect(await gossip.verify(policy(first, direction))).toBe(0);
    expect(await gossip.verify(policy(second, direction))).toBe(1);
    expect(await gossip.verify(policy(f.Signer.of(0x35), direction))).toBe(f.ERR.signature);
  }
});

onEveryModuleEngine("gossip: what the node signs, the noble library would have signed", ENTRY, async (module) => {
  const gossip = await start(module);
  await fc.assert(
    fc.asyncProperty(fc.nat(2), fc.nat(2 ** 32 - 1), fc.boolean(), extra, async (kind, timestamp, flag, tlv) => {
      const made =
        [
          updateOf(us, { timestamp, channelFlags: flag ? 1 : 0, extra: tlv }),
          f.signedFrame(
            f.TYPE.nodeAnnouncement,
            us,
            f.join(nodeAnnouncement({ timestamp, nodeId: us.nodeId }).slice(66), tlv),
          ),
          policy(us, flag ? 1 : 0, timestamp),
        ][kind] ?? new Uint8Array(0);
      await gossip.frame(f.join(made.slice(0, 2), new Uint8Array(64), made.slice(66)));
      expect(await gossip.call("sign_as_node", made.length)).toBe(0);
      const signed = await module.read(gossip.data, made.length);
      expect(signed).toEqual(made);
      expect(f.holds(signed.slice(2, 66), signed.slice(66), us.nodeId)).toBe(true);
    }),
    runs(module, 200, 15),
  );
  for (const length of [0, 1, 2, 66]) {
    await gossip.frame(updateOf(us));
    expect(await gossip.call("sign_as_node", length)).toBe(f.ERR.length);
    expect(await module.read(gossip.data, 138)).toEqual(updateOf(us));
  }
});

/** Damages a frame that holds, bit by bit behind its type; on the board only some of them. */
async function damage(gossip: f.Gossip, frame: Uint8Array): Promise<void> {
  expect(await gossip.verify(frame)).toBeGreaterThanOrEqual(0);
  const bits = frame.length * 8;
  if (gossip.module.engine === "qemu") {
    for (let bit = 16; bit < bits; bit += 97) {
      expect(await gossip.call("flipped", frame.length, bit, bit + 1, 0, f.NOW_S), `bit ${bit}`).toBe(0);
    }
  } else {
    expect(await gossip.call("flipped", frame.length, 16, bits, 0, f.NOW_S)).toBe(0);
  }
  expect(await gossip.verify(frame)).toBeGreaterThanOrEqual(0);
}

onEveryModuleEngine("gossip: no bit can be another", ENTRY, async (module) => {
  const gossip = await start(module);
  const random = new Entropy("gossip");
  const tlv = f.join(Uint8Array.of(201, 20), random.bytes(20));
  await damage(gossip, f.channelAnnouncement(first, second, { extra: tlv, features: Uint8Array.of(0x80) }));
  await damage(
    gossip,
    nodeAnnouncement({ features: Uint8Array.of(2), addresses: f.join(Uint8Array.of(1), random.bytes(6)) }),
  );
  await damage(gossip, updateOf(second, { channelFlags: 1, extra: tlv }));
  await damage(gossip, policy(first, 1));
});

onEveryModuleEngine("gossip: two ends announce their channel", ENTRY, async (module) => {
  const gossip = await start(module);
  const at = gossip.context + 256;
  const ourSide = us === first ? 0 : 1;
  // Context as make_announcement takes it: the peer's keys behind ours.
  const keys = f.join(us.nodeId, them.nodeId, us.fundingKey, them.fundingKey);
  await module.write(gossip.context, f.join(f.CHAIN, keys));
  expect(await gossip.call("side")).toBe(ourSide);
  const length = await gossip.call("make_announcement", SCID);
  const complete = f.channelAnnouncement(first, second);
  const rest = complete.slice(258);
  expect(await module.read(gossip.data, length)).toEqual(f.join(complete.slice(0, 2), new Uint8Array(256), rest));

  expect(await gossip.call("sign_channel", length, -1, at)).toBe(f.ERR.argument);
  expect(await gossip.call("sign_channel", 258, CHANNEL, at)).toBe(f.ERR.length);
  expect(await gossip.call("sign_channel", length, CHANNEL, at)).toBe(0);
  expect(await module.read(at, 128)).toEqual(f.join(us.sign(rest), us.signFunding(rest)));
  await gossip.call("put_signatures", ourSide, at);

  const message = (scid: bigint, node: Uint8Array, bitcoin: Uint8Array): Uint8Array =>
    f.join(f.number(2, f.TYPE.announcementSignatures), new Uint8Array(32), f.number(8, scid), node, bitcoin);
  const good = message(SCID, them.sign(rest), them.signFunding(rest));
  const before = await module.read(gossip.data, length);
  const add = async (signatures: Uint8Array): Promise<number> => {
    await module.write(gossip.data + 4096, signatures);
    return gossip.call("add_signatures", length, signatures.length, 1 - ourSide);
  };
  expect(await add(message(SCID + 1n, them.sign(rest), them.signFunding(rest)))).toBe(f.ERR.value);
  expect(await add(message(SCID, them.signFunding(rest), them.signFunding(rest)))).toBe(f.ERR.signature);
  expect(await add(message(SCID, them.sign(rest), them.sign(rest)))).toBe(f.ERR.signature);
  expect(await add(message(SCID, us.sign(rest), us.signFunding(rest)))).toBe(f.ERR.signature);
  expect(await module.read(gossip.data, length)).toEqual(before);

  expect(await add(good)).toBe(0);
  expect(await module.read(gossip.data, length)).toEqual(complete);
  await gossip.surroundings(f.CHAIN, BOTH);
  expect(await gossip.verify(complete)).toBe(0);
});
