import { sha256 } from "@noble/hashes/sha2.js";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { derivedSecret, pointOfSecret, revocationPubkey, secretOf } from "../../host/evidence/keys.js";
import { buyBackMsat, imbalanceMsat } from "../../host/evidence/prices.js";
import { type EnergyState, decodeState, encodeState, parametersHash } from "../../host/evidence/state.js";
import { withFulfilled, withRoll } from "../../host/evidence/state.js";
import { PARAMETERS, STATE, T0 } from "./line.js";

const hex = (bytes: Uint8Array | undefined): string => Buffer.from(bytes ?? []).toString("hex");
const fromHex = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, "hex"));

describe("the energy state's bytes", () => {
  it("are those of PROTOCOL.md, field by field", () => {
    const state: EnergyState = {
      parametersHash: new Uint8Array(32).fill(0xab),
      closedUntil: 0x01020304,
      arrearsMsat: -2n,
      totalForthMwh: 0x1122334455667788n,
      totalBackMwh: 5n,
      positions: [{ start: 0x01020304, flowMwh: -1n, promisedMwh: 3n }],
      riders: [{ offeredBy: 2, id: 9n, start: 0x0a0b0c0d, kind: 1, flowMwh: -256n, lapsed: true }],
    };
    const parts = [
      "ab".repeat(32),
      "01020304",
      "fffffffffffffffe",
      "1122334455667788",
      "0000000000000005",
      "0001",
      "01020304ffffffffffffffff0000000000000003",
      "0001",
      "0100000000000000090a0b0c0d01ffffffffffffff0001",
    ];
    expect(hex(encodeState(state))).toBe(parts.join(""));
    expect(decodeState(encodeState(state))).toEqual(state);
  });

  it("say the same when read again", () => {
    expect(decodeState(encodeState(STATE))).toEqual(STATE);
  });

  const position = { start: T0, flowMwh: 1n, promisedMwh: 0n };
  const rider = { offeredBy: 1, id: 3n, start: T0, kind: 0, flowMwh: 1n, lapsed: false } as const;
  const empty: EnergyState = { ...STATE, positions: [], riders: [] };
  it.each<[string, EnergyState]>([
    ["positions[1]", { ...empty, positions: [position, position] }],
    ["positions[1]", { ...empty, positions: [{ ...position, start: T0 + 900 }, position] }],
    ["positions[0]", { ...empty, positions: [{ ...position, start: T0 - 900 }] }],
    ["positions[0]", { ...empty, positions: [{ ...position, flowMwh: 0n }] }],
    ["positions[0].flow_mwh", { ...empty, positions: [{ ...position, flowMwh: -(2n ** 63n) }] }],
    [
      "number of positions",
      { ...empty, positions: Array.from({ length: 17 }, (_, i) => ({ ...position, start: T0 + i })) },
    ],
    ["riders[1]", { ...empty, riders: [rider, rider] }],
    ["riders[1]", { ...empty, riders: [{ ...rider, offeredBy: 2 }, rider] }],
    ["riders[0].kind", { ...empty, riders: [{ ...rider, kind: 3 }] }],
    ["riders[0].flow_mwh", { ...empty, riders: [{ ...rider, flowMwh: 0n }] }],
    ["riders[0].flow_mwh", { ...empty, riders: [{ ...rider, kind: 2 }] }],
    ["arrears_msat", { ...empty, arrearsMsat: -(2n ** 63n) }],
  ])("name %s where they have another form", (field, state) => {
    expect(() => decodeState(encodeState(state))).toThrow(`${field} at byte`);
  });

  it("are whole: no prefix, no more, no flag but 0 and 1", () => {
    const bytes = encodeState(STATE);
    for (let length = 0; length < bytes.length; length++)
      expect(() => decodeState(bytes.subarray(0, length))).toThrow("at byte");
    expect(() => decodeState(Uint8Array.of(...bytes, 0))).toThrow("end of the energy state");
    expect(() => decodeState(Uint8Array.of(...bytes.subarray(0, -1), 2))).toThrow("lapsed");
  });

  it("parameters are hashed with both ends' figures, each in its place", () => {
    const hashes = new Set([
      hex(parametersHash(PARAMETERS)),
      ...[
        { ratingMw: 1n },
        { intervalS: 300 },
        { owner: 2 as const },
        { accounted: 1 as const },
        { meterKeys: [PARAMETERS.meterKeys[1], PARAMETERS.meterKeys[0]] as const },
        { rentsMsatPerKwh: [-2_000n, 10_000n] as const },
        { lossesPpm: [20_000, 30_000] as const },
        { lossMaxPpm: 1 },
        { creditsMsat: [2_000_000n, 1_000_000n] as const },
        { priceCapMsatPerKwh: 1n },
        { imbalanceSpreadPpm: 1 },
        { tariffMsatPerKwh: -200_000n },
        { holdS: 11 },
      ].map((change) => hex(parametersHash({ ...PARAMETERS, ...change }))),
    ]);
    expect(hashes.size).toBe(14);
    const { ratingMw, meterKeys, rentsMsatPerKwh: rents } = PARAMETERS;
    const number = (value: bigint, bytes: number) =>
      BigInt.asUintN(bytes * 8, value)
        .toString(16)
        .padStart(bytes * 2, "0");
    const bytes =
      `${number(ratingMw, 8)}${number(900n, 4)}01${meterKeys.map(hex).join("")}${number(rents[0], 8)}${number(30_000n, 4)}` +
      `${number(rents[1], 8)}${number(20_000n, 4)}${number(50_000n, 4)}${number(1_000_000n, 8)}${number(2_000_000n, 8)}` +
      `${number(500_000n, 8)}${number(100_000n, 4)}${number(200_000n, 8)}${number(10n, 2)}`;
    expect(hex(parametersHash(PARAMETERS))).toBe(hex(sha256(fromHex(bytes))));
  });
});

describe("what changes a state", () => {
  const before: EnergyState = { ...STATE, riders: [] };
  const rider = { offeredBy: 1, start: T0, kind: 0, flowMwh: -26_316n, amountMsat: 5n, boughtBack: false } as const;

  it("a receipt moves its flow, a promise the promised part as well", () => {
    expect(withFulfilled(before, rider, PARAMETERS).positions[0]).toEqual({
      start: T0,
      flowMwh: 10_500_000n,
      promisedMwh: 4_000_000n,
    });
    expect(withFulfilled(before, { ...rider, kind: 1 }, PARAMETERS).positions[0]?.promisedMwh).toBe(3_973_684n);
    const early = withFulfilled({ ...before, closedUntil: 0 }, { ...rider, start: T0 - 900 }, PARAMETERS);
    expect(early.positions.map(({ start }) => start)).toEqual([T0 - 900, T0, T0 + 900]);
  });

  it("a position that comes to nothing is gone", () => {
    const once = { ...before, positions: [{ start: T0, flowMwh: 26_316n, promisedMwh: 0n }] };
    expect(withFulfilled(once, rider, PARAMETERS).positions).toEqual([]);
  });

  it("arrears shrink by what the debtor pays, and grow by what the fulfiller of a lapsed rider owes", () => {
    const paid = (offeredBy: 1 | 2) =>
      withFulfilled(before, { ...rider, offeredBy, kind: 2, flowMwh: 0n, amountMsat: 3_000n }, PARAMETERS).arrearsMsat;
    expect([paid(1), paid(2)]).toEqual([2_000n, 8_000n]);
    const lapsed = (offeredBy: 1 | 2) =>
      withFulfilled(before, { ...rider, offeredBy, boughtBack: true, flowMwh: -1_000_000n }, PARAMETERS).arrearsMsat;
    expect([lapsed(1), lapsed(2)]).toEqual([5_000n - 220_000n, 5_000n + 220_000n]);
  });

  it("a roll closes what begins before it", () => {
    const forth = withRoll(before, T0 + 900, 10n, -6_000n);
    expect([forth.closedUntil, forth.arrearsMsat, forth.totalForthMwh, forth.totalBackMwh]).toEqual([
      T0 + 900,
      -1_000n,
      123_456_799n,
      42n,
    ]);
    expect(forth.positions.map(({ start }) => start)).toEqual([T0 + 900]);
    const back = withRoll(before, T0 + 900, -10n, 0n);
    expect([back.totalForthMwh, back.totalBackMwh]).toEqual([123_456_789n, 52n]);
  });

  it("money stays within 2^62", () => {
    const most = 2n ** 62n;
    const rich = { ...before, arrearsMsat: most - 1n };
    expect(withRoll(rich, T0, 0n, 5n).arrearsMsat).toBe(most);
    expect(withRoll({ ...rich, arrearsMsat: 1n - most }, T0, 0n, -5n).arrearsMsat).toBe(-most);
    expect(buyBackMsat(2n ** 62n, 0n, { ...PARAMETERS, tariffMsatPerKwh: 2n ** 40n })).toBe(most);
  });

  it("who deviates never gains: both directions, tariffs and accounting ends", () => {
    const line = fc.record({
      tariff: fc.bigInt(-(10n ** 9n), 10n ** 9n),
      spread: fc.integer({ min: 0, max: 1_000_000 }),
      accounted: fc.constantFrom(1 as const, 2 as const),
      deviation: fc.bigInt(-(2n ** 50n), 2n ** 50n),
    });
    fc.assert(
      fc.property(line, ({ tariff, spread, accounted, deviation }) => {
        const parameters = { ...PARAMETERS, accounted, imbalanceSpreadPpm: spread, tariffMsatPerKwh: tariff };
        const there = imbalanceMsat(deviation, parameters);
        const back = imbalanceMsat(-deviation, parameters);
        // Going one way and then back costs the accounting end, and gains it nothing.
        const cost = accounted === 1 ? there + back : -(there + back);
        expect(cost).toBeGreaterThanOrEqual(-1n);
        const plain = -deviation * tariff;
        if (there !== 0n) expect(there > 0n).toBe(plain > 0n);
      }),
    );
  });
});

describe("BOLT 3's secrets", () => {
  // Appendix D, "Generation Tests": seed, index, secret.
  it.each([
    ["00".repeat(32), (1n << 48n) - 1n, "02a40c85b6f28da08dfdbe0926c53fab2de6d28c10301f8f7c4073d5e42e3148"],
    ["ff".repeat(32), (1n << 48n) - 1n, "7cc854b54e3e0dcdb010d7a3fee464a9687be6e8db3be6854c475621e007a5dc"],
    ["ff".repeat(32), 0xaaaaaaaaaaan, "56f4008fb007ca9acf0e15b054d5c9fd12ee06cea347914ddbaed70d1c13a528"],
    ["ff".repeat(32), 0x555555555555n, "9015daaeb06dba4ccc05b91b2f73bd54405f2be9f217fbacd3c5ac2e62327d31"],
    ["01".repeat(32), 1n, "915c75942a26bb3a433a8ce2cb0427c29ec6c1775cfc78328b57f6ba7bfeaa9c"],
  ])("of the seed %s at index %d", (seed, index, secret) => {
    const from = { number: (1n << 48n) - 1n, secret: fromHex(seed) };
    expect(hex(derivedSecret(from, (1n << 48n) - 1n - index))).toBe(secret);
  });

  it("follow from those whose index ends in zeros, and from no others", () => {
    const seed = { number: (1n << 48n) - 1n, secret: new Uint8Array(32).fill(7) };
    const of = (number: bigint) => ({ number, secret: derivedSecret(seed, number) ?? new Uint8Array(0) });
    for (let from = 0n; from < 40n; from++) {
      const index = (1n << 48n) - 1n - from;
      const span = index & -index;
      for (let number = 0n; number < 40n; number++) {
        const wanted = (1n << 48n) - 1n - number;
        const follows = wanted >= index && wanted < index + span;
        expect(hex(derivedSecret(of(from), number))).toBe(follows ? hex(of(number).secret) : "");
      }
    }
    expect(secretOf([of(19n), of(17n), of(15n)], 3n)).toEqual(of(3n).secret);
    expect(secretOf([of(19n), of(17n)], 3n)).toBeUndefined();
  });

  // Appendix E, "revocationpubkey", "per_commitment_point".
  it("give points and revocation keys", () => {
    const secret = fromHex("1f1e1d1c1b1a191817161514131211100f0e0d0c0b0a09080706050403020100");
    const point = fromHex("025f7117a78150fe2ef97db7cfc83bd57b2e2c0d0dd25eaf467a4a1c2a45ce1486");
    const base = fromHex("036d6caac248af96f6afa7f904f550253a0f3ef3f5aa2fe6838a95b216691468e2");
    expect(hex(pointOfSecret(secret))).toBe(hex(point));
    expect(hex(revocationPubkey(base, point))).toBe(
      "02916e326636d19c33f13e8c0c3a03dd157f332f3e99c317c141dd865eb01f8ff0",
    );
  });
});
