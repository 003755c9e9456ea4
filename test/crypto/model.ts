// What assembly/crypto/crypto.ts says each import does, on a copy of a module's memory, by libraries that share nothing
// with those of the host and the boards.

import { chacha20, chacha20poly1305 } from "@noble/ciphers/chacha.js";
import { secp256k1 } from "@noble/curves/secp256k1.js";
import { extract, expand } from "@noble/hashes/hkdf.js";
import { hmac } from "@noble/hashes/hmac.js";
import { ripemd160 } from "@noble/hashes/legacy.js";
import { sha256 } from "@noble/hashes/sha2.js";
import type { CryptoImportName } from "../../host/node/abi.js";

export const OK = 0;
export const ERR_STATE = -2;
export const ERR_CRYPTO = -4;
export const ERR_RANGE = -7;
export const ERR_MAC = -16;

const { Point } = secp256k1;
export const ORDER = Point.Fn.ORDER;
const TAG = 16;

export const toScalar = (value: bigint): Uint8Array =>
  Uint8Array.from(Buffer.from(BigInt.asUintN(256, value).toString(16).padStart(64, "0"), "hex"));
export const fromScalar = (bytes: Uint8Array): bigint => BigInt(`0x${Buffer.from(bytes).toString("hex")}`);

/** Thrown where an import answers with a code. */
class Refusal extends Error {
  constructor(readonly code: number) {
    super(`${code}`);
  }
}

const refuse = (code: number): never => {
  throw new Refusal(code);
};

/** A scalar of `least` or more, below the group order. */
const scalar = (bytes: Uint8Array, least = 1n): bigint => {
  const value = fromScalar(bytes);
  return value >= least && value < ORDER ? value : refuse(ERR_CRYPTO);
};
const nonZero = (value: bigint): bigint => (value % ORDER === 0n ? refuse(ERR_CRYPTO) : value % ORDER);

type CurvePoint = InstanceType<typeof Point>;
const point = (bytes: Uint8Array): CurvePoint => {
  try {
    return Point.fromBytes(bytes);
  } catch {
    return refuse(ERR_CRYPTO);
  }
};
const compressed = (p: CurvePoint): Uint8Array => (p.is0() ? refuse(ERR_CRYPTO) : p.toBytes(true));
const times = (p: CurvePoint, factor: bigint): CurvePoint => (factor === 0n ? Point.ZERO : p.multiply(factor));

const sign = (key: bigint, digest: Uint8Array, format: "compact" | "recovered"): Uint8Array =>
  secp256k1.sign(digest, toScalar(key), { prehash: false, lowS: true, format });

function verify(key: Uint8Array, digest: Uint8Array, signature: Uint8Array): void {
  point(key);
  let holds = false;
  try {
    holds = secp256k1.verify(signature, digest, key, { prehash: false, lowS: true });
  } catch {
    // noble throws where r or s is no scalar
  }
  if (!holds) refuse(ERR_CRYPTO);
}

function recover(digest: Uint8Array, signature: Uint8Array, id: number): Uint8Array {
  if (id < 0 || id > 3) refuse(ERR_CRYPTO);
  try {
    return secp256k1.recoverPublicKey(Uint8Array.of(id, ...signature), digest, { prehash: false });
  } catch {
    return refuse(ERR_CRYPTO);
  }
}

/** The board's state behind the imports, and the module's memory. */
export class Model {
  private stream: Uint8Array = new Uint8Array();

  /** @param keys the private key of a handle that is not negative */
  constructor(
    readonly memory: Uint8Array,
    private readonly keys: (handle: number) => Uint8Array,
    private readonly seeds: (purpose: number) => Uint8Array,
  ) {}

  /** Does to `memory` what the import does, and returns its code. */
  call(name: CryptoImportName, args: readonly number[]): number {
    const before = this.memory.slice();
    try {
      return this.imports[name](...args);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      this.memory.set(before);
      return error.code;
    }
  }

  private read(at: number, length: number): Uint8Array {
    const start = at >>> 0;
    const end = start + (length >>> 0);
    return end > this.memory.length ? refuse(ERR_RANGE) : this.memory.slice(start, end);
  }

  private write(at: number, bytes: Uint8Array): number {
    this.read(at, bytes.length);
    this.memory.set(bytes, at >>> 0);
    return OK;
  }

  private key(handle: number): bigint {
    return handle < 0 ? refuse(ERR_STATE) : fromScalar(this.keys(handle));
  }

  /** All ranges are checked before anything else is looked at. */
  private readonly imports: Record<CryptoImportName, (...args: number[]) => number> = {
    sha256: (data = 0, len = 0, digest = 0) => this.write(digest, sha256(this.read(data, len))),
    sha256d: (data = 0, len = 0, digest = 0) => this.write(digest, sha256(sha256(this.read(data, len)))),
    sha256_update: (data = 0, len = 0) => {
      this.stream = Uint8Array.of(...this.stream, ...this.read(data, len));
      return OK;
    },
    sha256_final: (digest = 0) => {
      this.write(digest, sha256(this.stream));
      this.stream = new Uint8Array();
      return OK;
    },
    ripemd160: (data = 0, len = 0, digest = 0) => this.write(digest, ripemd160(this.read(data, len))),
    hmac_sha256: (key = 0, keyLen = 0, data = 0, len = 0, mac = 0) =>
      this.write(mac, hmac(sha256, this.read(key, keyLen), this.read(data, len))),
    hkdf_sha256: (salt = 0, ikm = 0, ikmLen = 0, okm = 0) => {
      const extracted = extract(sha256, this.read(ikm, ikmLen), this.read(salt, 32));
      return this.write(okm, expand(sha256, extracted, new Uint8Array(0), 64));
    },
    chacha20: (key = 0, nonce = 0, data = 0, len = 0) =>
      this.write(data, chacha20(this.read(key, 32), this.read(nonce, 12), this.read(data, len))),
    aead_seal: (key = 0, nonce = 0, ad = 0, adLen = 0, data = 0, len = 0) => {
      if (len < 0) refuse(ERR_RANGE);
      const cipher = chacha20poly1305(this.read(key, 32), this.read(nonce, 12), this.read(ad, adLen));
      this.read(data, len + TAG);
      return this.write(data, cipher.encrypt(this.read(data, len)));
    },
    aead_open: (key = 0, nonce = 0, ad = 0, adLen = 0, data = 0, len = 0) => {
      const cipher = chacha20poly1305(this.read(key, 32), this.read(nonce, 12), this.read(ad, adLen));
      const sealed = this.read(data, len);
      let text: Uint8Array;
      try {
        text = cipher.decrypt(sealed);
      } catch {
        return ERR_MAC;
      }
      return this.write(data, text);
    },
    key_public: (handle = 0, target = 0) => {
      const key = this.key(handle);
      return this.write(target, compressed(Point.BASE.multiply(key)));
    },
    key_ecdh: (handle = 0, other = 0, secret = 0) => {
      const key = this.key(handle);
      const bytes = this.read(other, 33);
      this.read(secret, 32);
      return this.write(secret, sha256(compressed(point(bytes).multiply(key))));
    },
    key_sign: (handle = 0, factor = 0, summand = 0, digest = 0, signature = 0) => {
      let key = this.key(handle);
      const factorBytes = factor === 0 ? undefined : this.read(factor, 32);
      const summandBytes = summand === 0 ? undefined : this.read(summand, 32);
      const message = this.read(digest, 32);
      this.read(signature, 64);
      if (factorBytes !== undefined) key = nonZero(key * scalar(factorBytes));
      if (summandBytes !== undefined) key = nonZero(key + scalar(summandBytes, 0n));
      return this.write(signature, sign(key, message, "compact"));
    },
    key_sign_recoverable: (handle = 0, digest = 0, signature = 0) => {
      const key = this.key(handle);
      const message = this.read(digest, 32);
      this.read(signature, 65);
      const [id = 0, ...made] = sign(key, message, "recovered");
      return this.write(signature, Uint8Array.of(...made, id));
    },
    key_seed: (purpose = 0, secret = 0) => this.write(secret, this.seeds(purpose)),
    scalar_public: (at = 0, target = 0) => {
      const bytes = this.read(at, 32);
      this.read(target, 33);
      return this.write(target, compressed(Point.BASE.multiply(scalar(bytes))));
    },
    scalar_ecdh: (at = 0, other = 0, secret = 0) => {
      const [key, bytes] = [this.read(at, 32), this.read(other, 33)];
      this.read(secret, 32);
      return this.write(secret, sha256(compressed(point(bytes).multiply(scalar(key)))));
    },
    scalar_add: (a = 0, b = 0, sum = 0) => {
      const [x, y] = [this.read(a, 32), this.read(b, 32)];
      this.read(sum, 32);
      return this.write(sum, toScalar(nonZero(scalar(x) + scalar(y, 0n))));
    },
    scalar_mul: (a = 0, b = 0, product = 0) => {
      const [x, y] = [this.read(a, 32), this.read(b, 32)];
      this.read(product, 32);
      return this.write(product, toScalar(nonZero(scalar(x) * scalar(y))));
    },
    point_mul: (at = 0, factor = 0, product = 0) => {
      const [p, k] = [this.read(at, 33), this.read(factor, 32)];
      this.read(product, 33);
      return this.write(product, compressed(point(p).multiply(scalar(k))));
    },
    point_add: (a = 0, b = 0, sum = 0) => {
      const [p, q] = [this.read(a, 33), this.read(b, 33)];
      this.read(sum, 33);
      return this.write(sum, compressed(point(p).add(point(q))));
    },
    point_add_scalar: (at = 0, summand = 0, sum = 0) => {
      const [p, k] = [this.read(at, 33), this.read(summand, 32)];
      this.read(sum, 33);
      return this.write(sum, compressed(point(p).add(times(Point.BASE, scalar(k, 0n)))));
    },
    verify: (at = 0, digest = 0, signature = 0) => {
      verify(this.read(at, 33), this.read(digest, 32), this.read(signature, 64));
      return OK;
    },
    recover: (digest = 0, signature = 0, id = 0, target = 0) => {
      const [message, made] = [this.read(digest, 32), this.read(signature, 64)];
      this.read(target, 33);
      return this.write(target, recover(message, made, id));
    },
  };
}
