import { createHash, generateKeyPairSync, sign } from "node:crypto";
import { brainpoolP256r1, brainpoolP384r1 } from "@noble/curves/misc.js";
import { p256, p384 } from "@noble/curves/nist.js";
import { secp256k1 } from "@noble/curves/secp256k1.js";

/** A record of a meter in the field, and its key: published with the S.A.F.E. Transparenzsoftware (ocmf_sec.xml). */
export const METER_RECORD =
  'OCMF|{"FV" : "1.0","GI" : "Nano CH-10311C","GS" : "048939","GV" : "v017","PG" : "T6","MV" : "DZG",' +
  '"MM" : "DVH4013","MS" : "1DZG0033016911","IS" : true,"IL" : "VERIFIED",' +
  '"IF" : ["RFID_NONE","OCPP_NONE","ISO15118_NONE","PLMN_NONE"],"IT" : "EMAID","ID" : "0410006a345b84",' +
  '"CT" : "CBIDC","CI" : "CI","RD" : [{"TM" : "2021-07-20T17:37:52,000+0200 I","TX" : "B","RV" : "       3.988",' +
  '"RI" : "01-00:01.08.00.FF","RU" : "kWh","RT" : "AC","EF" : "","ST" : "G"}]}|' +
  '{"SA" : "ECDSA-secp256k1-SHA256","SD" : "30450220501BF43CD2E173ED9503EC176DA94951F3CDEF5B71322884FA7C9471C379E3' +
  'C3022100B2BC2A9550AA1B555D6B98AC244085C6CBDEF4FB23D1DEA6628A8ADCB958D461"}';
export const METER_KEY =
  "3056301006072A8648CE3D020106052B8104000A03420004D408079EC190B8CD7348E42A55D604DAC9090A5B3640F759F95F2F3EFC108BB0" +
  "5575E39DB68402C1077CF991F2AE376BE4DFA63A64B6EB250180B3E0AAD5A144";

/** DER of SubjectPublicKeyInfo up to the uncompressed point, and the signer: none of it from the code under test. */
export const CURVES = {
  "ECDSA-secp256k1-SHA256": { head: "3056301006072a8648ce3d020106052b8104000a034200", signer: secp256k1 },
  "ECDSA-secp256r1-SHA256": { head: "3059301306072a8648ce3d020106082a8648ce3d030107034200", signer: p256 },
  "ECDSA-secp384r1-SHA256": { head: "3076301006072a8648ce3d020106052b81040022036200", signer: p384 },
  "ECDSA-brainpool256r1-SHA256": {
    head: "305a301406072a8648ce3d020106092b2403030208010107034200",
    signer: brainpoolP256r1,
  },
  "ECDSA-brainpool384r1-SHA256": {
    head: "307a301406072a8648ce3d020106092b240303020801010b036200",
    signer: brainpoolP384r1,
  },
} as const;
export type Algorithm = keyof typeof CURVES;

const OURS: Algorithm = "ECDSA-secp256k1-SHA256";

export function secretOf(algorithm: Algorithm, seed: number): Uint8Array {
  return new Uint8Array(CURVES[algorithm].signer.lengths.secretKey ?? 32).fill(seed);
}

/** SPKI in upper-case hex. */
export function keyOf(algorithm: Algorithm = OURS, seed = 7): string {
  return (CURVES[algorithm].head + pointHex(algorithm, seed, false)).toUpperCase();
}

export function pointHex(algorithm: Algorithm = OURS, seed = 7, compressed = true): string {
  const point = CURVES[algorithm].signer.getPublicKey(secretOf(algorithm, seed), compressed);
  return Buffer.from(point).toString("hex");
}

export function sha256(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}

export function signatureOf(payload: string, algorithm: Algorithm = OURS, seed = 7): Buffer {
  const options = { prehash: false, lowS: true, format: "der" } as const;
  return Buffer.from(CURVES[algorithm].signer.sign(sha256(payload), secretOf(algorithm, seed), options));
}

/** The whole record around a payload. */
export function signRecord(payload: string, algorithm: Algorithm = OURS, seed = 7): string {
  const sd = signatureOf(payload, algorithm, seed).toString("hex").toUpperCase();
  return `OCMF|${payload}|{"SA":"${algorithm}","SD":"${sd}"}`;
}

/** The two curves of OCMF for which the signing library has no parameters, as OpenSSL names them. */
export const SMALL_CURVES = [
  ["ECDSA-secp192k1-SHA256", "secp192k1"],
  ["ECDSA-secp192r1-SHA256", "prime192v1"],
] as const;

/** A record signed by OpenSSL with a new key, and the key: SPKI in hex. */
export function signSmall(algorithm: string, namedCurve: string, payload: string) {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve });
  const sd = sign("sha256", Buffer.from(payload), privateKey).toString("hex");
  const key = publicKey.export({ type: "spki", format: "der" }).toString("hex");
  return { record: `OCMF|${payload}|{"SA":"${algorithm}","SD":"${sd}"}`, key };
}

/** SHA-256 of the metrology module of the meters made here. */
export const MODULE_HASH = "0123456789abcdef".repeat(4);

export interface OwnRecord {
  page: string;
  /** Delivery interval since 2026-06-21T00:00Z, of 15 minutes. */
  interval: number;
  pulses: readonly [number | bigint, number | bigint];
  previous: string | undefined;
  serial: string;
  constant: number;
  /** RV of the import register in place of what the pulses give. */
  importKwh: string;
  status: string;
  errorFlags: string;
  quality: number;
  clock: string;
  /** Both make a record of a transaction; TX and the identification. */
  reason: string;
  identification: string;
  tariff: string;
  intervalS: number;
}

export function ownPayload(change: Partial<OwnRecord> = {}): string {
  const record = {
    page: "F1",
    interval: 1,
    pulses: [123, 0] as const,
    serial: "TL0000000001",
    constant: 1000,
    status: "G",
    errorFlags: "",
    quality: 0,
    clock: "S",
    identification: "",
    tariff: "",
    intervalS: change.reason === undefined ? 900 : 0,
    ...change,
  };
  const time = new Date(Date.UTC(2026, 5, 21) + record.interval * 900_000).toISOString();
  const tm = `"TM":"${time.slice(0, 19)},${time.slice(20, 23)}+0000 ${record.clock}"`;
  const tx = change.reason === undefined ? "" : `,"TX":"${change.reason}"`;
  const assigned = record.identification !== "";
  const assignment =
    change.reason === undefined
      ? ""
      : `"IS":${assigned},"IL":"${assigned ? "HEARSAY" : "NONE"}","IF":[],"IT":"${assigned ? "LOCAL" : "NONE"}",` +
        `"ID":"${record.identification}","TT":"${record.tariff}",`;
  const [importKwh, exportKwh] = record.pulses.map((pulses) => {
    const digits = ((BigInt(pulses) * 1_000_000n) / BigInt(record.constant)).toString().padStart(7, "0");
    return `${digits.slice(0, -6)}.${digits.slice(-6)}`;
  });
  const hash = change.previous === undefined ? "0".repeat(64) : sha256(change.previous).toString("hex");
  return (
    `{"FV":"1.3","GI":"Tieline metrology","GS":"${record.serial}","GV":"0.2.0","PG":"${record.page}","MV":"Tieline",` +
    `"MM":"T1","MS":"${record.serial}","CF":"${MODULE_HASH.slice(0, 24)}",${assignment}"RD":[{${tm}${tx},` +
    `"RV":${change.importKwh ?? importKwh},"RI":"01-00:01.08.00*FF","RU":"kWh","RT":"AC",` +
    `"EF":"${record.errorFlags}","ST":"${record.status}"},{${tm}${tx},"RV":${exportKwh},` +
    `"RI":"01-00:02.08.00*FF","RU":"kWh","ST":"${record.status}"}],"U":{"C":${record.constant},` +
    `"P":[${record.pulses.join(",")}],"I":${record.intervalS},"Q":${record.quality},"B":[10,10],"H":"${hash}"}}`
  );
}

/** Records F1 to F`count` of one Tieline meter, each naming the one before. */
export function ownChain(count: number, change: (page: number) => Partial<OwnRecord> = () => ({}), seed = 7): string[] {
  return chainOf("F", count, change, seed);
}

/** Records T1 onwards of one Tieline meter, one for each letter of `reasons`. */
export function ownTransactions(
  reasons: string,
  change: (page: number) => Partial<OwnRecord> = () => ({}),
  seed = 7,
): string[] {
  const letter = (page: number) => ({ reason: reasons[page - 1] ?? "", identification: "0410006a345b84" });
  return chainOf("T", reasons.length, (page) => ({ ...letter(page), ...change(page) }), seed);
}

function chainOf(context: string, count: number, change: (page: number) => Partial<OwnRecord>, seed: number): string[] {
  const lines: string[] = [];
  for (let page = 1; page <= count; page++) {
    const previous = lines.at(-1);
    const payload = ownPayload({
      page: `${context}${page}`,
      interval: page,
      pulses: [page * 123, page * 7],
      ...(previous !== undefined && { previous }),
      ...change(page),
    });
    lines.push(signRecord(payload, OURS, seed));
  }
  return lines;
}
