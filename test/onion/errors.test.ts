import { hmac } from "@noble/hashes/hmac.js";
import { sha256 } from "@noble/hashes/sha2.js";
import fc from "fast-check";
import { expect } from "vitest";
import { onEveryModuleEngine } from "../driver/modules.js";
import { hex, toHex } from "../driver/vectors.js";
import { ENTRY, FAILURE, joined, OnionClient, PACKET } from "./client.js";
import { keyNamed, node, NODES, runs, scalars } from "./fixtures.js";
import { attributeError, keyOf, rawError, routeSecrets, wrapError } from "./sphinx.js";

const failures = fc.record({
  session: scalars,
  hops: fc.integer({ min: 1, max: 20 }),
  where: fc.nat(19),
  message: fc.oneof(
    fc.uint8Array({ minLength: 2, maxLength: 40 }),
    fc.uint8Array({ minLength: 250, maxLength: 262 }),
    fc.uint8Array({ minLength: 900, maxLength: 1024 }),
  ),
  holdTimes: fc.array(fc.integer({ min: 0, max: 0xffffffff }), { minLength: 20, maxLength: 20 }),
  attributed: fc.boolean(),
});

onEveryModuleEngine("onion errors: from any hop to the origin, as BOLT 4 makes them", ENTRY, async (module) => {
  const client = await OnionClient.open(module);
  await fc.assert(
    fc.asyncProperty(failures, async ({ session, hops, where, message, holdTimes, attributed }) => {
      const failing = where % hops;
      const points = Array.from({ length: hops }, (_, i) => node(i).point);
      const secrets = routeSecrets(session, points).slice(0, failing + 1);
      const made = await client.makeError(secrets[failing] as Uint8Array, message);
      expect(toHex(made.packet)).toBe(toHex(rawError(secrets[failing] as Uint8Array, message)));
      let { packet } = made;
      let data: Uint8Array = new Uint8Array(920);
      for (let hop = failing; hop >= 0; hop--) {
        const secret = secrets[hop] as Uint8Array;
        const hold = holdTimes[hop] ?? 0;
        if (attributed) {
          const expected = attributeError(secret, packet, hold, data);
          data = await client.attribute(secret, packet, hold | 0, data);
          expect(toHex(data)).toBe(toHex(expected));
        }
        const wrapped = await client.wrapError(secret, packet);
        expect(toHex(wrapped)).toBe(toHex(wrapError(secret, packet)));
        packet = wrapped;
      }
      const unwrapped = await client.unwrapError(session, points, packet, attributed ? data : undefined);
      const expectedHolds = attributed ? holdTimes.slice(0, failing + 1) : [];
      expect(unwrapped).toEqual({ code: failing, message, holdTimes: expectedHolds });
      expect(await client.call("clean")).toBe(1);
    }),
    { seed: 4, numRuns: runs(module.engine, 40) },
  );
});

onEveryModuleEngine("onion errors: whoever spoils one is found between two hops", ENTRY, async (module) => {
  const client = await OnionClient.open(module);
  await fc.assert(
    fc.asyncProperty(failures, fc.nat(), fc.boolean(), async (failure, bit, inData) => {
      const { session, hops, message, holdTimes } = failure;
      const failing = hops - 1;
      const spoiler = failure.where % hops;
      const points = Array.from({ length: hops }, (_, i) => node(i).point);
      const secrets = routeSecrets(session, points);
      let packet = rawError(secrets[failing] as Uint8Array, message);
      let data: Uint8Array = new Uint8Array(920);
      for (let hop = failing; hop >= 0; hop--) {
        const secret = secrets[hop] as Uint8Array;
        data = attributeError(secret, packet, holdTimes[hop] ?? 0, data);
        packet = wrapError(secret, packet);
        if (hop === spoiler) {
          // In the data, a bit of the spoiler's own HMACs and hold time may be one that this route does not use.
          const target = inData ? data : packet;
          const at = inData ? 0 : (bit >> 3) % packet.length;
          target[at] = (target[at] ?? 0) ^ (1 << (bit & 7));
        }
      }
      const unwrapped = await client.unwrapError(session, points, packet, data);
      expect(unwrapped.holdTimes).toEqual(holdTimes.slice(0, spoiler));
      // The packet itself has its own HMAC, and only that of the failing hop.
      expect(unwrapped.code).toBe(inData ? failing : -16);
      expect(toHex(unwrapped.message)).toBe(inData ? toHex(message) : "");
      expect(await client.call("clean")).toBe(1);
    }),
    { seed: 4, numRuns: runs(module.engine, 40) },
  );
});

onEveryModuleEngine("onion errors: limits", ENTRY, async (module) => {
  const client = await OnionClient.open(module);
  const session = keyNamed("session");
  const secret = keyNamed("secret");
  for (const [length, code] of [
    [1, -13],
    [2, 292],
    [256, 292],
    [257, 1060],
    [1024, 1060],
    [1025, -13],
  ] as const) {
    expect((await client.makeError(secret, new Uint8Array(length))).code, String(length)).toBe(code);
  }
  const points = NODES.map(({ point }) => point);
  const packet = new Uint8Array(292).fill(1);
  const nothing = { message: new Uint8Array(0), holdTimes: [] };
  expect(await client.unwrapError(session, points, packet)).toEqual({ code: -16, ...nothing });
  expect(await client.unwrapError(session, points, packet.slice(0, 35))).toEqual({ code: -13, ...nothing });
  expect(await client.unwrapError(session, points, packet.slice(0, 36))).toEqual({ code: -16, ...nothing });
  expect(await client.unwrapError(session, points, new Uint8Array(1060))).toEqual({ code: -16, ...nothing });
  expect(await client.unwrapError(session, points, new Uint8Array(1061))).toEqual({ code: -13, ...nothing });
  expect(await client.unwrapError(session, points, packet, undefined, 28)).toEqual({ code: -1, ...nothing });
  expect(await client.unwrapError(session, points, packet, undefined, 0)).toEqual({ code: -1, ...nothing });
  expect(await client.unwrapError(session, points, packet, new Uint8Array(920), 21)).toEqual({ code: -15, ...nothing });
  expect(await client.unwrapError(new Uint8Array(32), points, packet)).toEqual({ code: -4, ...nothing });
  const bad = points.map((point, i) => (i === 26 ? point.map(() => 5) : point));
  expect(await client.unwrapError(session, bad, packet)).toEqual({ code: -18, ...nothing });

  // The last of 27 is heard as any other.
  const secrets = routeSecrets(session, points);
  const arrived = wrapAll(secrets, rawError(secrets[26] as Uint8Array, hex("2002")));
  const heard = await client.unwrapError(session, points, arrived);
  expect(heard).toEqual({ code: 26, message: hex("2002"), holdTimes: [] });
});

const wrapAll = (secrets: readonly Uint8Array[], raw: Uint8Array): Uint8Array =>
  [...secrets].reverse().reduce((packet, secret) => wrapError(secret, packet), raw);

onEveryModuleEngine("onion errors: packets of any length and form, with a valid HMAC", ENTRY, async (module) => {
  const client = await OnionClient.open(module);
  const points = [node(0).point, node(1).point];
  const form = fc.record({
    covered: fc.oneof(fc.uint8Array({ minLength: 4, maxLength: 60 }), fc.uint8Array({ minLength: 4, maxLength: 1028 })),
    claimed: fc.oneof(fc.nat(70), fc.nat(0xffff)),
  });
  await fc.assert(
    fc.asyncProperty(scalars, form, async (session, { covered, claimed }) => {
      covered.set([claimed >> 8, claimed & 255]);
      const secrets = routeSecrets(session, points);
      const raw = joined([hmac(sha256, keyOf("um", secrets[1] as Uint8Array), covered), covered]);
      // Whoever claims more than its packet holds, with both lengths, has said nothing.
      const message = claimed <= covered.length - 4 ? covered.slice(2, 2 + claimed) : new Uint8Array(0);
      const unwrapped = await client.unwrapError(session, points, wrapAll(secrets, raw));
      expect(unwrapped).toEqual({ code: 1, message, holdTimes: [] });
    }),
    { seed: 4, numRuns: runs(module.engine, 100) },
  );
});

onEveryModuleEngine("onion errors: attribution reaches as far as every hop takes part", ENTRY, async (module) => {
  const client = await OnionClient.open(module);
  const session = keyNamed("session");
  const points = [0, 1, 2, 3, 4].map((i) => node(i).point);
  const secrets = routeSecrets(session, points);
  for (let silent = 0; silent < 5; silent++) {
    let packet = rawError(secrets[4] as Uint8Array, hex("2002"));
    let data: Uint8Array = new Uint8Array(920);
    for (let hop = 4; hop >= 0; hop--) {
      const secret = secrets[hop] as Uint8Array;
      // A hop that knows nothing of it passes nothing on.
      data = hop === silent ? new Uint8Array(920) : await client.attribute(secret, packet, hop + 1, data);
      packet = wrapError(secret, packet);
    }
    const unwrapped = await client.unwrapError(session, points, packet, data);
    expect(unwrapped).toEqual({ code: 4, message: hex("2002"), holdTimes: [1, 2, 3, 4].slice(0, silent) });
  }
});

onEveryModuleEngine("onion errors: what answers an onion that is refused", ENTRY, async (module) => {
  const client = await OnionClient.open(module);
  const packet = new Uint8Array(PACKET).fill(9);
  const hash = toHex(sha256(packet));
  const answer = async (code: number, blinded = false): Promise<string> =>
    toHex(await client.refuse(code, blinded, packet, 0x1234n, 0x56));
  const text = (code: number): string => code.toString(16).padStart(4, "0");
  expect(await answer(-17)).toBe(text(FAILURE.version) + hash);
  expect(await answer(-16)).toBe(text(FAILURE.hmac) + hash);
  expect(await answer(-18)).toBe(text(FAILURE.key) + hash);
  for (const code of [-9, -10, -11, -12, -13, -14, -23, -24]) {
    expect(await answer(code), String(code)).toBe(`${text(FAILURE.payload)}fd12340056`);
  }
  for (const code of [-2, -4, -15, -20]) expect(await answer(code), String(code)).toBe("2002");
  for (const code of [-16, -17, -18, -12]) expect(await answer(code, true)).toBe(text(FAILURE.blinding) + hash);
});
