import { createHmac } from "node:crypto";
import secp256k1 from "secp256k1";

/** HMAC-SHA256 of a label and numbers under the root. */
function derive(root: Uint8Array, label: string, ...numbers: number[]): Uint8Array {
  const hmac = createHmac("sha256", root).update(label, "ascii");
  for (const number of numbers) {
    const word = Buffer.alloc(4);
    word.writeUInt32BE(number >>> 0);
    hmac.update(word);
  }
  return new Uint8Array(hmac.digest());
}

/**
 * The node's long-term keys behind handles (assembly/crypto/keys.ts), all derived from one root secret. PROTOCOL.md,
 * "Keys".
 */
export class KeyRing {
  readonly #root: Uint8Array;
  readonly #keys = new Map<number, Uint8Array>();
  readonly #points = new Map<number, Uint8Array>();

  /** @param root 32 random bytes */
  constructor(root: Uint8Array) {
    if (root.length !== 32) throw new RangeError(`root secret: ${root.length} bytes, not 32`);
    this.#root = new Uint8Array(root);
  }

  /** The private key of a handle; undefined if the handle stands for none. For the crypto unit of the same board. */
  key(handle: number): Uint8Array | undefined {
    const known = this.#keys.get(handle);
    if (known !== undefined) return known;
    if (handle < 0) return undefined;
    for (let attempt = 0; ; attempt++) {
      const key = derive(this.#root, "tieline key", handle, attempt);
      if (!secp256k1.privateKeyVerify(key)) continue;
      this.#keys.set(handle, key);
      return key;
    }
  }

  /** The public point of a handle, 33 bytes: every handshake asks for the node's, so it is multiplied only once. */
  publicKey(handle: number): Uint8Array | undefined {
    const known = this.#points.get(handle);
    if (known !== undefined) return known;
    const key = this.key(handle);
    if (key === undefined) return undefined;
    const point = secp256k1.publicKeyCreate(key, true);
    this.#points.set(handle, point);
    return point;
  }

  /** The secret of a purpose, 32 bytes: it may enter wasm. */
  seed(purpose: number): Uint8Array {
    return derive(this.#root, "tieline seed", purpose);
  }

  /** Puts a key of a test vector in the place of a handle's own. Only test boards offer this to a module. */
  importKey(handle: number, key: Uint8Array): boolean {
    if (handle < 0 || !secp256k1.privateKeyVerify(key)) return false;
    this.#keys.set(handle, new Uint8Array(key));
    this.#points.delete(handle);
    return true;
  }
}
