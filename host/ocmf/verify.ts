import { KeyObject, verify } from "node:crypto";
import { OcmfError, findingOf, quote } from "./errors.js";
import type { Finding } from "./errors.js";
import { curveOf, decodeBase64, keyFromSpki, parsePublicKey } from "./key.js";
import type { CurveName } from "./key.js";
import { parseRecord } from "./parse.js";
import type { OcmfRecord, SignatureSection } from "./parse.js";

export { checkChain, verifyChain } from "./chain.js";
export type { ChainProblem, ChainReport } from "./chain.js";

/** OCMF Table 22, names in lower case: the curve of each algorithm. All of them hash with SHA-256. */
const CURVES: ReadonlyMap<string, CurveName> = new Map([
  ["ecdsa-secp192k1-sha256", "secp192k1"],
  ["ecdsa-secp256k1-sha256", "secp256k1"],
  ["ecdsa-secp192r1-sha256", "prime192v1"],
  ["ecdsa-secp256r1-sha256", "prime256v1"],
  ["ecdsa-brainpool256r1-sha256", "brainpoolP256r1"],
  ["ecdsa-secp384r1-sha256", "secp384r1"],
  ["ecdsa-brainpool384r1-sha256", "brainpoolP384r1"],
]);

/** Longest DER signature of the seven curves: two integers of 49 bytes, each with 2 bytes of head, in 2 more. */
const MAX_SIGNATURE_BYTES = 104;

export type Verification = { readonly ok: true } | ({ readonly ok: false } & Finding);

/**
 * Checks the signature of one record: ECDSA over SHA-256 of the payload section's bytes ("Signing and Verification
 * Process"). A high S is accepted, as OCMF does not ask for the low one.
 * @param record a parsed record, or its text
 * @param publicKey SPKI DER (bytes, hex, base64), secp256k1 SEC 1 point in hex, or a KeyObject
 * @returns ok, or the field that stands in the way: one of the record's, "SA", "SD" or "publicKey". Never throws on
 * content.
 */
export function verifyRecord(record: OcmfRecord | string, publicKey: string | Uint8Array | KeyObject): Verification {
  try {
    const { payload, signature } = typeof record === "string" ? parseRecord(record) : record;
    const curve = curveOfAlgorithm(signature.algorithm);
    const key = toKey(publicKey);
    if (curveOf(key) !== curve) {
      throw new OcmfError("publicKey", `is on the curve ${curveOf(key) ?? "?"} while SA asks for ${curve}`);
    }
    if (!verify("sha256", Buffer.from(payload, "utf8"), key, decodeSignature(signature))) {
      throw new OcmfError("SD", "the signature does not fit this payload and public key");
    }
    return { ok: true };
  } catch (error) {
    return { ok: false, ...findingOf(error) };
  }
}

function toKey(key: string | Uint8Array | KeyObject): KeyObject {
  if (key instanceof KeyObject) return key;
  return typeof key === "string" ? parsePublicKey(key) : keyFromSpki(key);
}

/** Case and the P of "brainpoolP256r1" differ between the standard's own tables and the field. */
function curveOfAlgorithm(algorithm: string): CurveName {
  const curve = CURVES.get(algorithm.toLowerCase().replace("brainpoolp", "brainpool"));
  if (curve === undefined) throw new OcmfError("SA", `is no known signature algorithm: ${quote(algorithm)}`);
  return curve;
}

function decodeSignature({ data, encoding }: SignatureSection): Uint8Array {
  if (data.length > 4 * MAX_SIGNATURE_BYTES) throw new OcmfError("SD", "is longer than any ECDSA signature");
  const hex = /^(?:[0-9a-fA-F]{2})+$/.test(data);
  const bytes = encoding === "base64" ? decodeBase64(data) : hex ? Buffer.from(data, "hex") : undefined;
  if (bytes === undefined) throw new OcmfError("SD", `is not ${encoding}: ${quote(data)}`);
  // Said apart from a signature that does not fit: cut-off data is a transport fault, not a forgery.
  if (bytes.length > MAX_SIGNATURE_BYTES || !isSequenceOfTwoIntegers(bytes)) {
    throw new OcmfError("SD", "is not a DER sequence of two integers");
  }
  return bytes;
}

/** Short-form lengths only: a sequence of at most 102 bytes needs no other. */
function isSequenceOfTwoIntegers(der: Uint8Array): boolean {
  if (der[0] !== 0x30 || der[1] !== der.length - 2 || der[2] !== 2) return false;
  const second = 4 + (der[3] ?? 0);
  return der[second] === 2 && second + 2 + (der[second + 1] ?? 0) === der.length;
}
