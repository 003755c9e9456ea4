import { createCipheriv, createDecipheriv, createHash, createHmac, hash } from "node:crypto";
import secp256k1 from "secp256k1";
import type { KeyRing } from "../board/key_ring.js";
import { NodeCrypto } from "../board/node_crypto.js";
import type { Imports } from "../engine/engine.js";
import { CRYPTO_MODULE, type CryptoImportName } from "../node/abi.js";

/** One call of the crypto unit, to be done again without module, import and copying: the library's own call. */
export interface Operation {
  readonly name: CryptoImportName;
  /** The same for two calls that compute the same. */
  readonly identity: string;
  readonly run: () => void;
}

/**
 * A crypto unit that notes every call, with copies of the very bytes that it was given. What it notes
 * is the floor of a benchmark: the cryptography that the work cannot do without.
 */
export class RecordingCrypto extends NodeCrypto {
  operations: Operation[] = [];
  private readonly pieces: Uint8Array[] = [];

  override imports(memory: () => Uint8Array): Imports {
    const inner = super.imports(memory);
    const recorded = Object.entries(inner[CRYPTO_MODULE] ?? {}).map(([name, perform]) => [
      name,
      (...args: number[]) => {
        this.note(name as CryptoImportName, args, memory());
        return (perform as (...values: number[]) => number)(...args);
      },
    ]);
    return { ...inner, [CRYPTO_MODULE]: Object.fromEntries(recorded) as Imports[string] };
  }

  private note(name: CryptoImportName, args: readonly number[], memory: Uint8Array): void {
    const own = name.startsWith("key_") ? (args[0] ?? 0) : undefined;
    const inputs: Uint8Array[] = [];
    const take = (at: number, length: number): Uint8Array => {
      const bytes = memory.slice(at, at + length);
      inputs.push(bytes);
      return bytes;
    };
    if (name === "sha256_final") inputs.push(...this.pieces);
    const run = this.bare(name, args, take, this.keys);
    if (run === undefined) return;
    const bytes = inputs.map((input) => Buffer.from(input).toString("hex"));
    this.operations.push({ name, identity: [name, own ?? "", ...bytes].join("/"), run });
  }

  /** The bare operation; undefined for one that costs nothing. */
  private bare(
    name: CryptoImportName,
    args: readonly number[],
    take: (at: number, length: number) => Uint8Array,
    keys: KeyRing,
  ): (() => void) | undefined {
    const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0] = args;
    const key = (): Uint8Array => {
      const found = keys.key(a);
      if (found === undefined) throw new Error(`there is no key ${a}`);
      return found;
    };
    switch (name) {
      case "sha256": {
        const data = take(a, b);
        return () => hash("sha256", data, "buffer");
      }
      case "sha256d": {
        const data = take(a, b);
        return () => hash("sha256", hash("sha256", data, "buffer"), "buffer");
      }
      case "sha256_update":
        this.pieces.push(take(a, b));
        return undefined;
      case "sha256_final": {
        const pieces = this.pieces.splice(0);
        return () => {
          const stream = createHash("sha256");
          for (const piece of pieces) stream.update(piece);
          stream.digest();
        };
      }
      case "ripemd160": {
        const data = take(a, b);
        return () => hash("ripemd160", data, "buffer");
      }
      case "hmac_sha256": {
        const [secret, data] = [take(a, b), take(c, d)];
        return () => createHmac("sha256", secret).update(data).digest();
      }
      case "hkdf_sha256": {
        const [salt, ikm] = [take(a, 32), take(b, c)];
        return () => {
          const extracted = createHmac("sha256", salt).update(ikm).digest();
          const first = createHmac("sha256", extracted).update(Uint8Array.of(1)).digest();
          createHmac("sha256", extracted).update(first).update(Uint8Array.of(2)).digest();
        };
      }
      case "chacha20": {
        const [secret, nonce, data] = [take(a, 32), take(b, 12), take(c, d)];
        const iv = Buffer.concat([new Uint8Array(4), nonce]);
        return () => createCipheriv("chacha20", secret, iv).update(data);
      }
      case "aead_seal": {
        const [secret, nonce, ad, data] = [take(a, 32), take(b, 12), take(c, d), take(e, f)];
        return () => {
          const cipher = createCipheriv("chacha20-poly1305", secret, nonce, { authTagLength: 16 });
          if (ad.length > 0) cipher.setAAD(ad, { plaintextLength: data.length });
          cipher.update(data);
          cipher.final();
          cipher.getAuthTag();
        };
      }
      case "aead_open": {
        const [secret, nonce, ad, sealed] = [take(a, 32), take(b, 12), take(c, d), take(e, f)];
        const length = f - 16;
        return () => {
          const cipher = createDecipheriv("chacha20-poly1305", secret, nonce, { authTagLength: 16 });
          if (ad.length > 0) cipher.setAAD(ad, { plaintextLength: length });
          cipher.setAuthTag(sealed.subarray(length));
          cipher.update(sealed.subarray(0, length));
          cipher.final();
        };
      }
      case "key_public": // known to the board
      case "key_seed":
        return undefined;
      case "key_ecdh": {
        const [secret, point] = [key(), take(b, 33)];
        return () => secp256k1.ecdh(point, secret);
      }
      case "key_sign": {
        const secret = key();
        const factor = b === 0 ? undefined : take(b, 32);
        const summand = c === 0 ? undefined : take(c, 32);
        const message = take(d, 32);
        return () => {
          let used = secret;
          if (factor !== undefined) used = secp256k1.privateKeyTweakMul(used.slice(), factor);
          if (summand !== undefined) used = secp256k1.privateKeyTweakAdd(used.slice(), summand);
          secp256k1.ecdsaSign(message, used);
        };
      }
      case "key_sign_recoverable": {
        const [secret, message] = [key(), take(b, 32)];
        return () => secp256k1.ecdsaSign(message, secret);
      }
      case "scalar_public": {
        const secret = take(a, 32);
        return () => secp256k1.publicKeyCreate(secret, true);
      }
      case "scalar_ecdh": {
        const [secret, point] = [take(a, 32), take(b, 33)];
        return () => secp256k1.ecdh(point, secret);
      }
      case "scalar_add": {
        const [x, y] = [take(a, 32), take(b, 32)];
        return () => secp256k1.privateKeyTweakAdd(x.slice(), y);
      }
      case "scalar_mul": {
        const [x, y] = [take(a, 32), take(b, 32)];
        return () => secp256k1.privateKeyTweakMul(x.slice(), y);
      }
      case "point_mul": {
        const [point, scalar] = [take(a, 33), take(b, 32)];
        return () => secp256k1.publicKeyTweakMul(point, scalar, true);
      }
      case "point_add": {
        const points = [take(a, 33), take(b, 33)];
        return () => secp256k1.publicKeyCombine(points, true);
      }
      case "point_add_scalar": {
        const [point, scalar] = [take(a, 33), take(b, 32)];
        return () => secp256k1.publicKeyTweakAdd(point, scalar, true);
      }
      case "verify": {
        const [point, message, signature] = [take(a, 33), take(b, 32), take(c, 64)];
        return () => secp256k1.ecdsaVerify(signature, message, point);
      }
      case "recover": {
        const [message, signature] = [take(a, 32), take(b, 64)];
        return () => secp256k1.ecdsaRecover(signature, c, message, true);
      }
    }
  }
}

/** The operations without those that compute what an earlier one has computed already: what the work needs at least. */
export function distinct(operations: readonly Operation[]): Operation[] {
  const seen = new Set<string>();
  return operations.filter(({ identity }) => !seen.has(identity) && seen.add(identity));
}

/** Does all operations once. */
export function runAll(operations: readonly Operation[]): void {
  for (const { run } of operations) run();
}
