import { createCipheriv, createDecipheriv, createHash, createHmac, hash, type Hash } from "node:crypto";
import secp256k1 from "secp256k1";
import type { Imports } from "../engine/engine.js";
import { memoryRange } from "../engine/memory_range.js";
import { CRYPTO_MODULE, type CryptoImportName } from "../node/abi.js";
import type { KeyRing } from "./key_ring.js";

const OK = 0;
const ERR_STATE = -2;
const ERR_CRYPTO = -4;
const ERR_RANGE = -7;
const ERR_MAC = -16;

const SCALAR = 32;
const POINT = 33;
const SIGNATURE = 64;
const NONCE = 12;
const TAG = 16;
const AEAD = { authTagLength: TAG };
const NOTHING = new Uint8Array(0);

/**
 * The crypto unit of an emulated board behind assembly/crypto/crypto.ts: secp256k1 by libsecp256k1, everything else by
 * OpenSSL through node:crypto.
 */
export class NodeCrypto {
  private stream: Hash | undefined;

  constructor(readonly keys: KeyRing) {}

  /** @param memory the linear memory of the instance that imports it */
  imports(memory: () => Uint8Array): Imports {
    const range = memoryRange(memory);
    /** Writes what `compute` makes of the inputs; ERR_RANGE if any range is outside, ERR_CRYPTO if it throws. */
    const into = (
      target: Uint8Array | undefined,
      inputs: readonly (Uint8Array | undefined)[],
      compute: (...inputs: Uint8Array[]) => Uint8Array,
    ): number => {
      if (target === undefined || inputs.includes(undefined)) return ERR_RANGE;
      try {
        target.set(compute(...(inputs as Uint8Array[])));
        return OK;
      } catch {
        // libsecp256k1's wrapper throws where an input is no scalar or point.
        return ERR_CRYPTO;
      }
    };
    const scalar = (at: number): Uint8Array | undefined => range(at, SCALAR);
    const point = (at: number): Uint8Array | undefined => range(at, POINT);
    const signature = (at: number): Uint8Array | undefined => range(at, SIGNATURE);

    const functions: Record<CryptoImportName, (...args: number[]) => number> = {
      sha256: (data = 0, len = 0, digest = 0) => into(scalar(digest), [range(data, len)], sha256),
      sha256d: (data = 0, len = 0, digest = 0) =>
        into(scalar(digest), [range(data, len)], (bytes) => sha256(sha256(bytes))),
      sha256_update: (data = 0, len = 0) => {
        const source = range(data, len);
        if (source === undefined) return ERR_RANGE;
        this.stream ??= createHash("sha256");
        this.stream.update(source);
        return OK;
      },
      sha256_final: (digest = 0) => {
        const target = scalar(digest);
        if (target === undefined) return ERR_RANGE;
        target.set((this.stream ?? createHash("sha256")).digest());
        this.stream = undefined;
        return OK;
      },
      ripemd160: (data = 0, len = 0, digest = 0) =>
        into(range(digest, 20), [range(data, len)], (bytes) => hash("ripemd160", bytes, "buffer")),
      hmac_sha256: (key = 0, keyLen = 0, data = 0, len = 0, mac = 0) =>
        into(scalar(mac), [range(key, keyLen), range(data, len)], hmac),
      hkdf_sha256: (salt = 0, ikm = 0, ikmLen = 0, okm = 0) =>
        into(range(okm, 64), [scalar(salt), range(ikm, ikmLen)], (saltBytes, ikmBytes) => hkdf2(saltBytes, ikmBytes)),
      chacha20: (key = 0, nonce = 0, data = 0, len = 0) => {
        const bytes = range(data, len);
        return into(bytes, [scalar(key), range(nonce, NONCE), bytes], (secret, number, text) => {
          const iv = Buffer.alloc(16); // OpenSSL takes the block counter, here 0, in front of the nonce
          iv.set(number, 4);
          return createCipheriv("chacha20", secret, iv).update(text);
        });
      },
      aead_seal: (key = 0, nonce = 0, ad = 0, adLen = 0, data = 0, len = 0) => {
        const secret = scalar(key);
        const number = range(nonce, NONCE);
        const header = (ad | adLen) === 0 ? NOTHING : range(ad, adLen);
        const sealed = len < 0 ? undefined : range(data, len + TAG);
        if (secret === undefined || number === undefined || header === undefined || sealed === undefined) {
          return ERR_RANGE;
        }
        const cipher = createCipheriv("chacha20-poly1305", secret, number, AEAD);
        if (adLen !== 0) cipher.setAAD(header, { plaintextLength: len });
        const text = cipher.update(sealed.subarray(0, len));
        cipher.final();
        sealed.set(text);
        sealed.set(cipher.getAuthTag(), len);
        return OK;
      },
      aead_open: (key = 0, nonce = 0, ad = 0, adLen = 0, data = 0, len = 0) => {
        const secret = scalar(key);
        const number = range(nonce, NONCE);
        const header = (ad | adLen) === 0 ? NOTHING : range(ad, adLen);
        const sealed = range(data, len);
        if (secret === undefined || number === undefined || header === undefined || sealed === undefined) {
          return ERR_RANGE;
        }
        if (len < TAG) return ERR_MAC;
        const cipher = createDecipheriv("chacha20-poly1305", secret, number, AEAD);
        if (adLen !== 0) cipher.setAAD(header, { plaintextLength: len - TAG });
        cipher.setAuthTag(sealed.subarray(len - TAG));
        const text = cipher.update(sealed.subarray(0, len - TAG));
        try {
          cipher.final();
        } catch {
          return ERR_MAC;
        }
        sealed.set(text);
        return OK;
      },
      key_public: (handle = 0, target = 0) => {
        const made = this.keys.publicKey(handle);
        return made === undefined ? ERR_STATE : into(point(target), [], () => made);
      },
      key_ecdh: (handle = 0, other = 0, secret = 0) =>
        this.withKey(handle, (key) => into(scalar(secret), [point(other)], (p) => secp256k1.ecdh(p, key))),
      key_sign: (handle = 0, factor = 0, summand = 0, digest = 0, target = 0) =>
        this.withKey(handle, (key) => {
          const parts = [scalar(digest), ...[factor, summand].filter((at) => at !== 0).map(scalar)];
          return into(signature(target), parts, (message, ...tweaks) => {
            let used = key;
            if (factor !== 0) used = secp256k1.privateKeyTweakMul(new Uint8Array(used), tweaks.shift() as Uint8Array);
            if (summand !== 0) used = secp256k1.privateKeyTweakAdd(new Uint8Array(used), tweaks.shift() as Uint8Array);
            return secp256k1.ecdsaSign(message, used).signature;
          });
        }),
      key_sign_recoverable: (handle = 0, digest = 0, target = 0) =>
        this.withKey(handle, (key) =>
          into(range(target, SIGNATURE + 1), [scalar(digest)], (message) => {
            const { signature: made, recid } = secp256k1.ecdsaSign(message, key);
            return Uint8Array.from([...made, recid]);
          }),
        ),
      key_seed: (purpose = 0, secret = 0) => into(scalar(secret), [], () => this.keys.seed(purpose)),
      scalar_public: (at = 0, target = 0) =>
        into(point(target), [scalar(at)], (key) => secp256k1.publicKeyCreate(key, true)),
      scalar_ecdh: (at = 0, other = 0, secret = 0) =>
        into(scalar(secret), [scalar(at), point(other)], (key, p) => secp256k1.ecdh(p, key)),
      scalar_add: (a = 0, b = 0, sum = 0) =>
        into(scalar(sum), [scalar(a), scalar(b)], (x, y) => secp256k1.privateKeyTweakAdd(checked(x), y)),
      scalar_mul: (a = 0, b = 0, product = 0) =>
        into(scalar(product), [scalar(a), scalar(b)], (x, y) => secp256k1.privateKeyTweakMul(checked(x), y)),
      point_mul: (at = 0, factor = 0, product = 0) =>
        into(point(product), [point(at), scalar(factor)], (p, k) => secp256k1.publicKeyTweakMul(p, k, true)),
      point_add: (a = 0, b = 0, sum = 0) =>
        into(point(sum), [point(a), point(b)], (p, q) => secp256k1.publicKeyCombine([p, q], true)),
      point_add_scalar: (at = 0, summand = 0, sum = 0) =>
        into(point(sum), [point(at), scalar(summand)], (p, k) => secp256k1.publicKeyTweakAdd(p, k, true)),
      verify: (at = 0, digest = 0, made = 0) => {
        const [key, message, bytes] = [point(at), scalar(digest), signature(made)];
        if (key === undefined || message === undefined || bytes === undefined) return ERR_RANGE;
        try {
          return secp256k1.ecdsaVerify(bytes, message, key) ? OK : ERR_CRYPTO;
        } catch {
          return ERR_CRYPTO;
        }
      },
      recover: (digest = 0, made = 0, recoveryId = 0, target = 0) =>
        into(point(target), [scalar(digest), signature(made)], (message, bytes) =>
          secp256k1.ecdsaRecover(bytes, recoveryId, message, true),
        ),
    };
    return { [CRYPTO_MODULE]: functions };
  }

  private withKey(handle: number, use: (key: Uint8Array) => number): number {
    const key = this.keys.key(handle);
    return key === undefined ? ERR_STATE : use(key);
  }
}

/** A copy of a scalar. libsecp256k1's tweaks would take one beyond the group order modulo the order, and 0 as it is. */
function checked(scalar: Uint8Array): Uint8Array {
  if (!secp256k1.privateKeyVerify(scalar)) throw new RangeError("no scalar");
  return new Uint8Array(scalar);
}

/** The one-shot form is the fastest for short messages. */
const sha256 = (data: Uint8Array): Uint8Array => hash("sha256", data, "buffer");

const hmac = (key: Uint8Array, ...parts: Uint8Array[]): Buffer => {
  const mac = createHmac("sha256", key);
  for (const part of parts) mac.update(part);
  return mac.digest();
};

/** From its HMACs: OpenSSL's own HKDF takes twice as long. */
function hkdf2(salt: Uint8Array, ikm: Uint8Array): Uint8Array {
  const extracted = hmac(salt, ikm);
  const first = hmac(extracted, Uint8Array.of(1));
  return Buffer.concat([first, hmac(extracted, first, Uint8Array.of(2))]);
}
