import { ECDH, createPublicKey } from "node:crypto";
import type { KeyObject } from "node:crypto";
import { OcmfError } from "./errors.js";

/** Curves of OCMF Table 22, as OpenSSL names them. */
const CURVES = [
  "secp192k1",
  "prime192v1",
  "secp256k1",
  "prime256v1",
  "brainpoolP256r1",
  "secp384r1",
  "brainpoolP384r1",
] as const;
export type CurveName = (typeof CURVES)[number];

/** DER of a SubjectPublicKeyInfo for secp256k1 up to the point: id-ecPublicKey, secp256k1, 66 bytes of bit string. */
const SECP256K1_SPKI_HEAD = Buffer.from("3056301006072a8648ce3d020106052b8104000a034200", "hex");
/** SPKI of brainpoolP384r1, the longest of a named curve; a key that spells out its curve's parameters is longer. */
const MAX_SPKI_BYTES = 124;
/** Longest key text that is looked at, spaces and line ends included. */
const MAX_KEY_CHARS = 1024;

/** The curve of an EC key; `undefined` for other keys and for curves that OCMF does not name. */
export function curveOf(key: KeyObject): CurveName | undefined {
  return CURVES.find((name) => name === key.asymmetricKeyDetails?.namedCurve);
}

/**
 * SubjectPublicKeyInfo (RFC 5480) of a secp256k1 point, always with the point uncompressed: 88 bytes of DER.
 * @param point SEC 1 point, compressed (33 bytes) or uncompressed (65 bytes)
 * @throws OcmfError if the bytes are no point of the curve
 */
export function spkiFromPoint(point: Uint8Array): Uint8Array {
  const compressed = point.length === 33 && (point[0] === 2 || point[0] === 3);
  if (!compressed && !(point.length === 65 && point[0] === 4)) {
    throw new OcmfError("publicKey", "is not a SEC 1 point of 33 or 65 bytes");
  }
  let full: string | Buffer;
  try {
    full = ECDH.convertKey(point, "secp256k1", undefined, undefined, "uncompressed");
  } catch {
    throw new OcmfError("publicKey", "is not a point of the curve secp256k1");
  }
  return new Uint8Array(Buffer.concat([SECP256K1_SPKI_HEAD, Buffer.from(full as Buffer)]));
}

/**
 * SEC 1 point of a key on any of the seven curves.
 * @param spki SubjectPublicKeyInfo, DER
 * @param format "compressed": 1 + n bytes, "uncompressed": 1 + 2n bytes, with n the bytes of a coordinate
 * @throws OcmfError
 */
export function pointFromSpki(spki: Uint8Array, format: "compressed" | "uncompressed" = "uncompressed"): Uint8Array {
  return pointOf(keyFromSpki(spki), format);
}

/** SEC 1 point of a KeyObject; see pointFromSpki. */
export function pointOf(key: KeyObject, format: "compressed" | "uncompressed"): Uint8Array {
  const curve = curveOf(key);
  if (curve === undefined) throw new OcmfError("publicKey", "is not on a curve that OCMF names");
  const der = key.export({ type: "spki", format: "der" });
  if (der.length > MAX_SPKI_BYTES) throw new OcmfError("publicKey", "spells out its curve instead of naming it");
  // Sequence head (2 bytes), algorithm (its length is at 3), bit string head and count of unused bits (3), point. On
  // all seven curves every length fits one byte.
  const point = der.subarray(4 + (der[3] ?? 0) + 3);
  return new Uint8Array(ECDH.convertKey(point, curve, undefined, undefined, format) as Buffer);
}

/**
 * @param spki SubjectPublicKeyInfo, DER, nothing after it
 * @throws OcmfError
 */
export function keyFromSpki(spki: Uint8Array): KeyObject {
  if (spki.length > MAX_SPKI_BYTES) throw new OcmfError("publicKey", `is longer than ${MAX_SPKI_BYTES} bytes`);
  let key: KeyObject;
  try {
    key = createPublicKey({ key: Buffer.from(spki), format: "der", type: "spki" });
  } catch {
    throw new OcmfError("publicKey", "is not a SubjectPublicKeyInfo of an elliptic curve key");
  }
  if (curveOf(key) === undefined) throw new OcmfError("publicKey", "is not on a curve that OCMF names");
  // OpenSSL stops at the end of the structure; whatever follows was not meant to be there.
  if (!key.export({ type: "spki", format: "der" }).equals(spki)) {
    throw new OcmfError("publicKey", "is not DER, or has bytes after its end");
  }
  return key;
}

/**
 * Reads a public key as people pass it around: SPKI DER in hex or base64, or a secp256k1 SEC 1 point in hex.
 * Spaces and line ends between the digits are ignored.
 * @throws OcmfError
 */
export function parsePublicKey(text: string): KeyObject {
  if (text.length > MAX_KEY_CHARS) throw new OcmfError("publicKey", `is longer than ${MAX_KEY_CHARS} characters`);
  const digits = text.replace(/\s+/g, "");
  if (digits === "") throw new OcmfError("publicKey", "is empty");
  if (/^(?:[0-9a-fA-F]{2})+$/.test(digits)) {
    const bytes = Buffer.from(digits, "hex");
    // DER starts with a sequence, 30; a point starts with 02, 03 or 04.
    return keyFromSpki(bytes[0] === 0x30 ? bytes : spkiFromPoint(bytes));
  }
  const bytes = decodeBase64(digits);
  if (bytes === undefined) throw new OcmfError("publicKey", "is neither hex nor base64");
  return keyFromSpki(bytes);
}

/** Strict base64 (RFC 4648 section 4, padded), where Buffer alone would skip what it does not know. */
export function decodeBase64(text: string): Uint8Array | undefined {
  if (text === "" || text.length % 4 !== 0 || !/^[A-Za-z0-9+/]+={0,2}$/.test(text)) return undefined;
  const bytes = Buffer.from(text, "base64");
  return bytes.toString("base64") === text ? bytes : undefined;
}
