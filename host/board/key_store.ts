import secp256k1 from "secp256k1";
import type { Entropy } from "./entropy.js";

/** Holds one private key and signs with it; the key itself cannot be read. secp256k1 by libsecp256k1. */
export class KeyStore {
  readonly #key: Uint8Array;

  /** @param key 32 bytes, 1 <= key < n */
  constructor(key: Uint8Array) {
    if (key.length !== 32 || !secp256k1.privateKeyVerify(key)) {
      throw new RangeError("key: not a valid secp256k1 private key of 32 bytes");
    }
    this.#key = key.slice();
  }

  static generate(entropy: Entropy): KeyStore {
    return new KeyStore(generateKey(entropy));
  }

  /** Compressed public key, 33 bytes (SEC 1). */
  publicKey(): Uint8Array {
    return secp256k1.publicKeyCreate(this.#key, true);
  }

  /** r and s, 64 bytes, over a 32-byte digest: RFC 6979, low-S. Written into `signature`. */
  sign(digest: Uint8Array, signature: Uint8Array): void {
    secp256k1.ecdsaSign(digest, this.#key, undefined, signature);
  }
}

/** A private key: 32 random bytes below the group order. */
export function generateKey(entropy: Entropy): Uint8Array {
  for (;;) {
    const key = entropy.bytes(32);
    if (secp256k1.privateKeyVerify(key)) return key;
  }
}
