import { createPublicKey, generateKeyPairSync } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { keyFromSpki, parsePublicKey, pointFromSpki, pointOf, spkiFromPoint } from "../../host/ocmf/key.js";
import { verifyFiles } from "../../host/ocmf/report.js";
import { verifyRecord } from "../../host/ocmf/verify.js";
import {
  CURVES,
  METER_KEY,
  METER_RECORD,
  SMALL_CURVES,
  keyOf,
  ownPayload,
  pointHex,
  signRecord,
  signSmall,
  signatureOf,
} from "./fixtures.js";
import type { Algorithm } from "./fixtures.js";

const ALGORITHMS = Object.keys(CURVES) as Algorithm[];
const OWN = signRecord(ownPayload());
const ORDER = CURVES["ECDSA-secp256k1-SHA256"].signer.Point.Fn.ORDER;

describe("a signature", () => {
  it("of a meter in the field holds", () => {
    expect(verifyRecord(METER_RECORD, METER_KEY)).toEqual({ ok: true });
  });

  it("of a meter in the field does not hold once a digit of RV differs", () => {
    expect(verifyRecord(METER_RECORD.replace("3.988", "3.989"), METER_KEY)).toMatchObject({ ok: false, field: "SD" });
  });

  it("of a meter in the field does not hold with any bit of the payload flipped", () => {
    const bytes = Buffer.from(METER_RECORD);
    const end = METER_RECORD.lastIndexOf("|");
    expect(verifyFiles([{ name: "f", bytes }], { key: METER_KEY }).exitCode).toBe(0);
    for (let at = 5; at < end; at++) {
      for (let bit = 0; bit < 8; bit++) {
        const flipped = Buffer.from(bytes);
        flipped[at] = (bytes[at] ?? 0) ^ (1 << bit);
        const report = verifyFiles([{ name: "f", bytes: flipped }], { key: METER_KEY });
        expect(report.exitCode, `byte ${at}, bit ${bit}`).toBe(1);
        expect(report.records.every(({ state }) => state === "invalid")).toBe(true);
      }
    }
  });

  it.each([ownPayload(), ownPayload({ page: "T1", reason: "B", identification: "04" })])(
    "of ours does not hold with a bit of any byte of the payload flipped: case %#",
    (payload) => {
      const bytes = Buffer.from(signRecord(payload));
      expect(verifyFiles([{ name: "f", bytes }], { key: keyOf() }).exitCode).toBe(0);
      for (let at = 5; at < 5 + payload.length; at++) {
        const flipped = Buffer.from(bytes);
        flipped[at] = (bytes[at] ?? 0) ^ (1 << (at % 8));
        expect(verifyFiles([{ name: "f", bytes: flipped }], { key: keyOf() }).exitCode, `byte ${at}`).toBe(1);
      }
    },
  );

  it.each(ALGORITHMS)("by an independent signer holds: %s", (algorithm) => {
    const record = signRecord(ownPayload(), algorithm);
    expect(verifyRecord(record, keyOf(algorithm))).toEqual({ ok: true });
    expect(verifyRecord(record.replace('"F1"', '"F2"'), keyOf(algorithm))).toMatchObject({ ok: false, field: "SD" });
    expect(verifyRecord(record, keyOf(algorithm, 8))).toMatchObject({ ok: false, field: "SD" });
  });

  it.each(SMALL_CURVES)("on a curve without an independent signer holds: %s", (algorithm, curve) => {
    const { record, key } = signSmall(algorithm, curve, ownPayload());
    expect(verifyRecord(record, key)).toEqual({ ok: true });
    expect(verifyRecord(record.replace('"F1"', '"F2"'), key)).toMatchObject({ ok: false, field: "SD" });
  });

  it("holds for any text and key, and not with a character changed", () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 40 }), fc.integer({ min: 1, max: 250 }), fc.nat(), (id, seed, place) => {
        const text = JSON.stringify(id.replaceAll("|", "/"));
        const payload = ownPayload().replace('"Tieline metrology"', () => text);
        const record = signRecord(payload, "ECDSA-secp256k1-SHA256", seed);
        expect(verifyRecord(record, keyOf("ECDSA-secp256k1-SHA256", seed))).toEqual({ ok: true });
        const at = 5 + (place % payload.length);
        const other = record[at] === "0" ? "1" : "0";
        const changed = record.slice(0, at) + other + record.slice(at + 1);
        expect(verifyRecord(changed, keyOf("ECDSA-secp256k1-SHA256", seed)).ok).toBe(false);
      }),
      { numRuns: 100 },
    );
  });

  it("with a high S holds, as with the low one", () => {
    const { Signature } = CURVES["ECDSA-secp256k1-SHA256"].signer;
    const low = Signature.fromBytes(new Uint8Array(signatureOf(ownPayload())), "der");
    const high = new Signature(low.r, ORDER - low.s);
    expect(high.hasHighS()).toBe(true);
    const record = `OCMF|${ownPayload()}|{"SA":"ECDSA-secp256k1-SHA256","SD":"${high.toHex("der")}"}`;
    expect(verifyRecord(record, keyOf())).toEqual({ ok: true });
  });

  it("may be base64, and the algorithm left out for secp256r1", () => {
    const sd = signatureOf(ownPayload(), "ECDSA-secp256r1-SHA256").toString("base64");
    const record = `OCMF|${ownPayload()}|{"SE":"base64","SM":"application/x-der","SD":"${sd}"}`;
    expect(verifyRecord(record, keyOf("ECDSA-secp256r1-SHA256"))).toEqual({ ok: true });
    expect(verifyRecord(record.replace('"SE":"base64",', ""), keyOf("ECDSA-secp256r1-SHA256"))).toMatchObject({
      field: "SD",
      message: expect.stringContaining("is not hex") as string,
    });
  });

  it("names brainpool with or without its P", () => {
    const record = signRecord(ownPayload(), "ECDSA-brainpool256r1-SHA256");
    const key = keyOf("ECDSA-brainpool256r1-SHA256");
    expect(verifyRecord(record.replace("brainpool256r1", "brainpoolP256r1"), key)).toEqual({ ok: true });
  });

  it.each([
    [OWN.replace("secp256k1", "secp521r1"), keyOf(), "SA", "is no known signature algorithm"],
    [OWN.replace("ECDSA-", "RSA-"), keyOf(), "SA", "is no known signature algorithm"],
    [
      OWN.replace("secp256k1", "secp256r1"),
      keyOf(),
      "publicKey",
      "is on the curve secp256k1 while SA asks for prime256v1",
    ],
    [OWN.replace(/"SD":"30../, '"SD":"3000'), keyOf(), "SD", "is not a DER sequence"],
    [OWN.replace(/"SD":".*"/, '"SD":""'), keyOf(), "SD", "is not hex"],
    [OWN.replace(/"SD":".*"/, `"SD":"${"00".repeat(900)}"`), keyOf(), "SD", "is longer than any"],
    [OWN.replace(/..("\})$/, "$1"), keyOf(), "SD", "is not a DER sequence"],
    [OWN, "zz", "publicKey", "is neither hex nor base64"],
    [OWN, "", "publicKey", "is empty"],
    [OWN, "30", "publicKey", "is not a SubjectPublicKeyInfo"],
    [OWN, "05".repeat(33), "publicKey", "is not a SEC 1 point"],
    [OWN, `04${"11".repeat(64)}`, "publicKey", "is not a point of the curve"],
    [OWN, `${keyOf()}00`, "publicKey", "is not DER, or has bytes after its end"],
    [OWN, `30${"00".repeat(200)}`, "publicKey", "is longer than 124 bytes"],
    [OWN, "A".repeat(2000), "publicKey", "is longer than"],
    ["nonsense", keyOf(), "header", "is not"],
  ])("says what is in its way: case %#", (record, key, field, message) => {
    const verification = verifyRecord(record, key);
    expect(verification).toMatchObject({ ok: false, field });
    expect("message" in verification && verification.message.slice(0, message.length)).toBe(message);
  });

  it("of garbage is refused and never thrown at", () => {
    const keys = fc.oneof(fc.constant(keyOf()), fc.string(), fc.uint8Array({ maxLength: 130 }));
    const sd = fc.oneof(
      fc.string(),
      fc.uint8Array({ maxLength: 110 }).map((bytes) => Buffer.from(bytes).toString("hex")),
    );
    fc.assert(
      fc.property(fc.json(), sd, keys, (payload, data, key) => {
        const record = OWN.replace(/"SD":".*"/, () => `"SD":${JSON.stringify(data)}`);
        expect(verifyRecord(record, key).ok).toBe(false);
        expect(verifyRecord(`OCMF|${payload}|{"SD":${JSON.stringify(data)}}`, key).ok).toBe(false);
      }),
      { numRuns: 2000 },
    );
  });
});

describe("a public key", () => {
  it.each(ALGORITHMS)("goes from SPKI to its point: %s", (algorithm) => {
    const spki = Buffer.from(keyOf(algorithm), "hex");
    expect(Buffer.from(pointFromSpki(spki)).toString("hex")).toBe(pointHex(algorithm, 7, false));
    expect(Buffer.from(pointFromSpki(spki, "compressed")).toString("hex")).toBe(pointHex(algorithm, 7, true));
  });

  it("goes from either form of its point to the same SPKI", () => {
    for (const compressed of [true, false]) {
      const point = Buffer.from(pointHex("ECDSA-secp256k1-SHA256", 7, compressed), "hex");
      expect(Buffer.from(spkiFromPoint(point)).toString("hex").toUpperCase()).toBe(keyOf());
    }
  });

  it("is the same key in every notation", () => {
    const spki = Buffer.from(keyOf(), "hex");
    const key = createPublicKey({ key: spki, format: "der", type: "spki" });
    const notations = [
      keyOf(),
      keyOf().toLowerCase(),
      ` ${keyOf().replace(/../g, "$& ")}\n`,
      spki.toString("base64"),
      pointHex(),
      pointHex("ECDSA-secp256k1-SHA256", 7, false),
    ];
    for (const notation of notations) expect(parsePublicKey(notation).equals(key), notation).toBe(true);
  });

  it("on another kind of curve is refused", () => {
    const { publicKey } = generateKeyPairSync("ed25519");
    expect(() => keyFromSpki(publicKey.export({ type: "spki", format: "der" }))).toThrow(
      "not on a curve that OCMF names",
    );
    // Equal to secp256k1, yet a key that brings its own parameters is no key of a named curve.
    const explicit = generateKeyPairSync("ec", { namedCurve: "secp256k1", paramEncoding: "explicit" }).publicKey;
    const spki = explicit.export({ type: "spki", format: "der" });
    expect(() => keyFromSpki(spki)).toThrow("is longer than 124 bytes");
    expect(() => pointOf(explicit, "compressed")).toThrow("spells out its curve");
  });
});
