import { secp256k1 } from "@noble/curves/secp256k1.js";
import fc from "fast-check";
import { expect } from "vitest";
import { onEveryModuleEngine } from "../driver/modules.js";
import { hex, toHex } from "../driver/vectors.js";
import { ENTRY, joined, OnionClient, PACKET } from "./client.js";
import { keyNamed, node, NODES, routes, runs } from "./fixtures.js";
import { blindHop, buildOnion, framed, peelOnion, sealOnion } from "./sphinx.js";

onEveryModuleEngine(
  "onion: what is built is what BOLT 4 builds, and every hop peels its payload",
  ENTRY,
  async (module) => {
    const client = await OnionClient.open(module);
    let filled = 0;
    await fc.assert(
      fc.asyncProperty(routes, async (route) => {
        const points = route.nodes.map(({ point }) => point);
        const all = joined(route.framed);
        if (all.length + 32 * points.length === 1300) filled++;
        const built = await client.build(route.session, route.hash, points, all);
        expect(built.code).toBe(0);
        expect(toHex(built.packet)).toBe(toHex(buildOnion(route.session, route.hash, points, route.framed)));
        let packet = built.packet;
        for (const [i, { key }] of route.nodes.entries()) {
          await client.importKey(0, key);
          const peeled = await client.peel(packet, route.hash);
          const expected = peelOnion(key, route.hash, packet);
          expect(toHex(peeled.payload)).toBe(toHex(route.payloads[i] as Uint8Array));
          expect(toHex(peeled.secret)).toBe(toHex(expected.secret));
          expect(peeled.final).toBe(i === points.length - 1);
          if (expected.next !== undefined) expect(toHex(peeled.next)).toBe(toHex(expected.next));
          packet = peeled.next;
        }
        expect(await client.call("clean")).toBe(1);
      }),
      { seed: 4, numRuns: runs(module.engine, 40) },
    );
    if (module.engine !== "qemu") expect(filled).toBeGreaterThan(3);
  },
);

onEveryModuleEngine("onion: 27 hops, and no more", ENTRY, async (module) => {
  const client = await OnionClient.open(module);
  const session = keyNamed("session");
  const hash = keyNamed("hash");
  const points = NODES.map(({ point }) => point);
  const payloads = points.map((_, i) => framed(new Uint8Array(12 + (i % 4)).fill(i)));
  const built = await client.build(session, hash, points, joined(payloads));
  expect(built.code).toBe(0);
  expect(toHex(built.packet)).toBe(toHex(buildOnion(session, hash, points, payloads)));
  let packet = built.packet;
  for (const [i, { key }] of NODES.entries()) {
    await client.importKey(0, key);
    const peeled = await client.peel(packet, hash, undefined, true);
    expect(peeled.payload[0]).toBe(i);
    packet = peeled.next;
  }
  for (const hops of [0, 28, -1, 0x7fffffff]) {
    const refused = await client.build(session, hash, points, joined(payloads), hops);
    expect(refused.code, String(hops)).toBe(-1);
    expect(toHex(refused.packet)).toBe(toHex(packet));
  }
});

onEveryModuleEngine("onion: what cannot be built leaves the packet as it was", ENTRY, async (module) => {
  const client = await OnionClient.open(module);
  const session = keyNamed("session");
  const hash = keyNamed("hash");
  const two = [node(0).point, node(1).point];
  const fit = joined([framed(new Uint8Array(100)), framed(new Uint8Array(1300 - 101 - 64 - 3))]);
  const { code, packet } = await client.build(session, hash, two, fit);
  expect(code).toBe(0);
  const order = hex("fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141");
  const offCurve = new Uint8Array(33).fill(0xff).fill(2, 0, 1);
  const small = framed(new Uint8Array(2));
  const cases: readonly (readonly [string, number, Uint8Array, readonly Uint8Array[], Uint8Array])[] = [
    ["a byte too much", -15, session, two, joined([framed(new Uint8Array(101)), fit.slice(101)])],
    ["no payloads", -9, session, two, new Uint8Array(0)],
    ["one payload missing", -9, session, two, small],
    ["a byte of the last missing", -9, session, two, fit.slice(0, -1)],
    ["a payload left over", -13, session, two, joined([small, small, small])],
    ["length 0", -13, session, two, joined([small, hex("00")])],
    ["length 1", -13, session, two, joined([hex("0100"), small])],
    ["a length of three bytes for one", -10, session, two, joined([small, hex("fd00020000")])],
    ["a length beyond all", -9, session, two, joined([small, hex("ffffffffffffffffff0000")])],
    ["session key 0", -4, new Uint8Array(32), two, fit],
    ["session key of the group's order", -4, order, two, fit],
    ["first point off the curve", -18, session, [offCurve, node(1).point], fit],
    ["last point off the curve", -18, session, [node(0).point, offCurve], fit],
    ["an uncompressed prefix", -18, session, [node(0).point, node(1).point.map((b, i) => (i === 0 ? 4 : b))], fit],
  ];
  for (const [what, expected, key, points, payloads] of cases) {
    const refused = await client.build(key, hash, points, payloads);
    expect(refused.code, what).toBe(expected);
    expect(toHex(refused.packet), what).toBe(toHex(packet));
    expect(await client.call("clean"), what).toBe(1);
  }
});

/** The code for a packet of which a bit was flipped. */
function codeOf(packet: Uint8Array): number {
  if (packet[0] !== 0) return -17;
  return secp256k1.utils.isValidPublicKey(packet.slice(1, 34), true) ? -16 : -18;
}

onEveryModuleEngine("onion: any flipped bit is found, and nothing changes", ENTRY, async (module) => {
  const client = await OnionClient.open(module);
  const hash = keyNamed("hash");
  const { key, point } = node(3);
  await client.importKey(0, key);
  const payloads = [framed(new Uint8Array(30).fill(7)), framed(new Uint8Array(300).fill(8))];
  const packet = buildOnion(keyNamed("session"), hash, [point, node(4).point], payloads);
  const before = await client.peel(packet, hash);
  expect(before.code).toBe(30);
  const kept = keyNamed("kept");
  const seen = new Set<number>();
  const flip = async (bit: number): Promise<void> => {
    const all = joined([packet, hash]);
    all[bit >> 3] = (all[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    const bad = all.slice(0, PACKET);
    await client.write(0, kept);
    const peeled = await client.peel(bad, all.slice(PACKET));
    expect(peeled.code, `bit ${bit}`).toBe(codeOf(bad));
    expect(toHex(peeled.secret), `bit ${bit}`).toBe(toHex(kept));
    expect(toHex(peeled.next), `bit ${bit}`).toBe(toHex(before.next));
    expect(peeled.final).toBe(false);
    expect(await client.call("clean")).toBe(1);
    seen.add(peeled.code);
  };
  // All bits of version and point, the edges of all fields, and others at random.
  const stride = module.engine === "qemu" ? 5 : 1;
  for (let bit = 0; bit < 8 * 34; bit += stride) await flip(bit);
  for (const byte of [34, 35, 1333, 1334, 1365, 1366, 1397]) for (const bit of [0, 7]) await flip(8 * byte + bit);
  await fc.assert(fc.asyncProperty(fc.integer({ min: 8 * 34, max: 8 * (PACKET + 32) - 1 }), flip), {
    seed: 4,
    numRuns: runs(module.engine, 400),
  });
  expect([...seen].sort()).toEqual([-16, -17, -18]);
});

onEveryModuleEngine("onion: lengths inside a valid packet", ENTRY, async (module) => {
  const client = await OnionClient.open(module);
  const hash = keyNamed("hash");
  const { key, point } = node(5);
  await client.importKey(0, key);
  const cases: readonly (readonly [string, number])[] = [
    ["00", -13],
    ["01aa", -13],
    ["02aaaa", 2],
    ["fd00fc", -10],
    ["fd00fd", 0xfd],
    ["fd04f1", 1265],
    ["fd04f2", -9],
    ["fd0514", -9],
    ["fdffff", -9],
    ["fe0000ffff", -10],
    ["fe00010000", -9],
    ["ff00000000ffffffff", -10],
    ["ff8000000000000000", -9],
  ];
  for (const [start, expected] of cases) {
    const plain = new Uint8Array(1300);
    plain.set(hex(start));
    const packet = sealOnion(keyNamed("session"), hash, point, plain);
    await client.write(0, new Uint8Array(32));
    const peeled = await client.peel(packet, hash);
    expect(peeled.code, start).toBe(expected);
    // This failure is encrypted: its secret is known.
    expect(
      peeled.secret.some((byte) => byte !== 0),
      start,
    ).toBe(true);
    if (expected > 0) expect(peeled.final, start).toBe(true);
  }
  // The last hop is where all of the next HMAC is zero.
  for (let at = 0; at < 32; at += module.engine === "qemu" ? 8 : 1) {
    const plain = new Uint8Array(1300);
    plain.set(hex("02aaaa"));
    plain[3 + at] = 1;
    const peeled = await client.peel(sealOnion(keyNamed("session"), hash, point, plain), hash);
    expect(peeled.final, `byte ${at}`).toBe(false);
    expect(peeled.next[1334 + at], `byte ${at}`).toBe(1);
  }
});

onEveryModuleEngine("onion: sent to blinded nodes", ENTRY, async (module) => {
  const client = await OnionClient.open(module);
  const hash = keyNamed("hash");
  await fc.assert(
    fc.asyncProperty(fc.nat(26), fc.nat(1000), async (first, salt) => {
      const blinded = blindHop(keyNamed(`path ${salt}`), node(first).point, hex("0102030405"));
      const points = [blinded.blindedNodeId, node(first + 1).point];
      const payloads = [framed(new Uint8Array(20).fill(1)), framed(new Uint8Array(20).fill(2))];
      const packet = buildOnion(keyNamed(`session ${salt}`), hash, points, payloads);
      const { key } = node(first);
      await client.importKey(0, key);
      const peeled = await client.peel(packet, hash, blinded.pathKey);
      const expected = peelOnion(key, hash, packet, blinded.pathKey);
      expect(peeled.code).toBe(20);
      expect(toHex(peeled.next)).toBe(toHex(expected.next as Uint8Array));
      expect(toHex(peeled.secret)).toBe(toHex(expected.secret));
      expect(await client.call("clean")).toBe(1);
      // Without the path key, or with another, it is not for this node; and it may be no point.
      expect((await client.peel(packet, hash)).code).toBe(-16);
      expect((await client.peel(packet, hash, node(9).point)).code).toBe(-16);
      expect((await client.peel(packet, hash, new Uint8Array(33).fill(5))).code).toBe(-18);
      expect(await client.call("clean")).toBe(1);
    }),
    { seed: 4, numRuns: runs(module.engine, 20) },
  );
});
