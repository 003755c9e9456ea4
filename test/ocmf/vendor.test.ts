import { Entropy } from "../../host/board/entropy.js";
import { KeyStore } from "../../host/board/key_store.js";
import { engineByName } from "../../host/engine/index.js";
import { readMetrology } from "../../host/metrology/module.js";
import { spkiFromPoint } from "../../host/ocmf/key.js";
import { EmulatedMeter } from "../../host/sim/emulated_meter.js";
import { CONFIG, MIDNIGHT } from "../driver/meter_client.js";
import { createRequire } from "node:module";
import { beforeAll, describe, expect, it } from "vitest";
import { verifyRecord } from "../../host/ocmf/verify.js";
import {
  CURVES,
  METER_KEY,
  METER_RECORD,
  SMALL_CURVES,
  keyOf,
  ownChain,
  ownPayload,
  ownTransactions,
  signRecord,
  signSmall,
} from "./fixtures.js";
import type { Algorithm } from "./fixtures.js";

// Another vendor's verifier over another crypto library: our records must hold there, and what fails here must fail
// there. The packages are CommonJS with types of their own; this is what is used of them.
interface Verifier {
  parseAndVerify(record: string, key: unknown): Promise<{ verified: boolean; value?: { payloadData: unknown } }>;
}
interface Crypto {
  decodeEcPublicKey(spki: Uint8Array, format: "spki-der"): Promise<unknown>;
}
const load = createRequire(import.meta.url);

let verifier: Verifier;
let crypto: Crypto;
beforeAll(() => {
  const { Crypto } = load("@road-labs/ocmf-crypto-noble") as { Crypto: new () => Crypto };
  const { Verifier } = load("@road-labs/ocmf") as { Verifier: new (crypto: Crypto) => Verifier };
  crypto = new Crypto();
  verifier = new Verifier(crypto);
});

/** Both verdicts on a record: [theirs, ours]. */
async function verdicts(record: string, key: string): Promise<[boolean, boolean]> {
  const theirs = await verifier.parseAndVerify(
    record,
    await crypto.decodeEcPublicKey(Buffer.from(key, "hex"), "spki-der"),
  );
  return [theirs.verified, verifyRecord(record, key).ok];
}

describe("another vendor's verifier and ours", () => {
  it("accept the record of a meter in the field, and refuse it once a digit of RV differs", async () => {
    expect(await verdicts(METER_RECORD, METER_KEY)).toEqual([true, true]);
    for (const value of ["3.989", "3.888", "2.988"]) {
      expect(await verdicts(METER_RECORD.replace("3.988", value), METER_KEY), value).toEqual([false, false]);
    }
  });

  it("accept our records of both contexts, and refuse them altered", async () => {
    for (const record of [...ownChain(3), ...ownTransactions("BTE")]) {
      expect(await verdicts(record, keyOf())).toEqual([true, true]);
      expect(await verdicts(record.replace('"Q":0', '"Q":4'), keyOf())).toEqual([false, false]);
    }
  });

  it.each(Object.keys(CURVES) as Algorithm[])("accept %s", async (algorithm) => {
    const record = signRecord(ownPayload(), algorithm);
    expect(await verdicts(record, keyOf(algorithm))).toEqual([true, true]);
    expect(await verdicts(record.replace('"C":1000', '"C":1001'), keyOf(algorithm))).toEqual([false, false]);
  });

  it.each(SMALL_CURVES)("accept %s", async (algorithm, curve) => {
    const { record, key } = signSmall(algorithm, curve, ownPayload());
    expect(await verdicts(record, key)).toEqual([true, true]);
    expect(await verdicts(record.replace('"C":1000', '"C":1001'), key)).toEqual([false, false]);
  });

  it("accept what the firmware signs, of both contexts", async () => {
    const keys = KeyStore.generate(new Entropy("vendor"));
    const meter = new EmulatedMeter(engineByName("v8"), readMetrology(), keys, CONFIG);
    meter.start(MIDNIGHT);
    meter.run(4_000_000, 600_000);
    meter.transaction("B", "card 17", "day");
    meter.run(-4_000_000, 3_000_000);
    meter.transaction("R");
    meter.run(4_000_000, 3_600_000);
    const key = Buffer.from(spkiFromPoint(meter.publicKey())).toString("hex");
    expect(meter.receipts).toHaveLength(6);
    for (const record of meter.receipts) expect(await verdicts(record, key)).toEqual([true, true]);
  });
});
