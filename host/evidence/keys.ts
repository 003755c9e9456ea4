import { createHash } from "node:crypto";
import secp256k1 from "secp256k1";
import type { RevealedSecret } from "./bundle.js";

// Keys and secrets of commitments. BOLT 3, "Key Derivation", "Per-commitment Secret Requirements". Points have 33 bytes.

const COMMITMENTS = 1n << 48n;
const SECRET_BITS = 48n;

const sha256 = (...parts: Uint8Array[]): Uint8Array =>
  new Uint8Array(createHash("sha256").update(Buffer.concat(parts)).digest());

export const isPoint = (bytes: Uint8Array): boolean => bytes.length === 33 && secp256k1.publicKeyVerify(bytes);

/** basepoint + SHA256(per_commitment_point || basepoint) x G. */
export const derivedPubkey = (basepoint: Uint8Array, point: Uint8Array): Uint8Array =>
  secp256k1.publicKeyTweakAdd(basepoint, sha256(point, basepoint));

/** The key that both the counterparty's revocation_basepoint and the holder's secret are needed for. */
export function revocationPubkey(revocationBasepoint: Uint8Array, point: Uint8Array): Uint8Array {
  return secp256k1.publicKeyCombine([
    secp256k1.publicKeyTweakMul(revocationBasepoint, sha256(revocationBasepoint, point)),
    secp256k1.publicKeyTweakMul(point, sha256(point, revocationBasepoint)),
  ]);
}

/** The point of a per_commitment_secret; undefined if it is no private key. */
export const pointOfSecret = (secret: Uint8Array): Uint8Array | undefined =>
  secp256k1.privateKeyVerify(secret) ? secp256k1.publicKeyCreate(secret, true) : undefined;

/** Lower 48 bits of SHA-256 of both payment_basepoints, the opener's first: commitment numbers are XORed with them. */
export function obscuringFactor(openerPaymentBasepoint: Uint8Array, accepterPaymentBasepoint: Uint8Array): bigint {
  const hash = sha256(openerPaymentBasepoint, accepterPaymentBasepoint);
  return BigInt(`0x${Buffer.from(hash.subarray(26)).toString("hex")}`);
}

/**
 * The secret of commitment `number` that follows from that of another one; undefined if none does. Secrets are numbered
 * down from 2^48 - 1, and one whose index ends in zeros gives all with the same beginning.
 */
export function derivedSecret(from: RevealedSecret, number: bigint): Uint8Array | undefined {
  const known = COMMITMENTS - 1n - from.number;
  const wanted = COMMITMENTS - 1n - number;
  const difference = known ^ wanted;
  if (known !== 0n && difference >= (known & -known)) return undefined;
  let derived: Uint8Array = Uint8Array.from(from.secret);
  for (let bit = SECRET_BITS - 1n; bit >= 0n; bit--) {
    if (((difference >> bit) & 1n) === 0n) continue;
    const byte = Number(bit >> 3n);
    derived[byte] = (derived[byte] ?? 0) ^ (1 << Number(bit & 7n));
    derived = sha256(derived);
  }
  return derived;
}

/** The secret of a commitment by what is revealed; undefined if it is not. */
export function secretOf(revealed: readonly RevealedSecret[], number: bigint): Uint8Array | undefined {
  for (const secret of revealed) {
    const found = derivedSecret(secret, number);
    if (found !== undefined) return found;
  }
  return undefined;
}
