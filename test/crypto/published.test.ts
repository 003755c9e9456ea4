import { secp256k1 } from "@noble/curves/secp256k1.js";
import { sha256 } from "@noble/hashes/sha2.js";
import libsecp256k1 from "secp256k1";
import { expect } from "vitest";
import { KeyRing } from "../../host/board/key_ring.js";
import { CRYPTO_IMPORTS, type CryptoImportName } from "../../host/node/abi.js";
import { onEveryModuleEngine, TEST_ROOT, type TestModule } from "../driver/modules.js";
import { hex, toHex } from "../driver/vectors.js";
import { toScalar } from "./model.js";

// Results that were published by others, so that this project's libraries and its oracle cannot be wrong together.

const ENTRY = "test/crypto/crypto.entry.ts";
const NAMES = Object.keys(CRYPTO_IMPORTS) as CryptoImportName[];
const SLOT = 256;
const ascii = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, "ascii"));
const repeated = (byte: number, count: number): Uint8Array => new Uint8Array(count).fill(byte);
/** Bytes that count up from `first`. */
const rising = (first: number, count: number): Uint8Array => Uint8Array.from({ length: count }, (_, i) => first + i);

/** Arguments in slots of their own; a number stands as it is. `slot(i)` is the address of the i-th. */
async function call(module: TestModule, name: CryptoImportName, args: (Uint8Array | number)[]): Promise<number> {
  const base = (await module.call("data")) as number;
  const numbers = args.map((arg, i) => (typeof arg === "number" ? arg : base + SLOT * i));
  for (const [i, arg] of args.entries()) if (typeof arg !== "number") await module.write(base + SLOT * i, arg);
  const padded = [...numbers, 0, 0, 0, 0, 0, 0].slice(0, 6);
  return (await module.call("call_import", NAMES.indexOf(name), ...padded)) as number;
}

/** What then lies where the i-th argument was, in hex. */
const result = async (module: TestModule, i: number, length: number): Promise<string> =>
  toHex(await module.read(((await module.call("data")) as number) + SLOT * i, length));

const EMPTY = new Uint8Array(0);

onEveryModuleEngine("crypto: published hashes", ENTRY, async (module) => {
  const vectors = [
    // FIPS 180-2, appendix B.1 and B.2
    ["sha256", "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"],
    [
      "sha256",
      "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
      "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1",
    ],
    // Dobbertin, Bosselaers, Preneel: RIPEMD-160, test values
    ["ripemd160", "", "9c1185a5c5e9fc54612808977ee8f548b2258d31"],
    ["ripemd160", "abc", "8eb208f7e05d987a9b044a8e98c6b087f15a0bfc"],
  ] as const;
  for (const [name, text, digest] of vectors) {
    expect(await call(module, name, [ascii(text), text.length, EMPTY])).toBe(0);
    expect(await result(module, 2, digest.length / 2)).toBe(digest);
  }
});

onEveryModuleEngine("crypto: RFC 4231 (HMAC-SHA256), RFC 5869 (HKDF)", ENTRY, async (module) => {
  const macs = [
    // RFC 4231, 4.2, 4.3, 4.7
    [repeated(0x0b, 20), "Hi There", "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"],
    [ascii("Jefe"), "what do ya want for nothing?", "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"],
    [
      repeated(0xaa, 131),
      "Test Using Larger Than Block-Size Key - Hash Key First",
      "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
    ],
  ] as const;
  for (const [key, text, mac] of macs) {
    expect(await call(module, "hmac_sha256", [key, key.length, ascii(text), text.length, EMPTY])).toBe(0);
    expect(await result(module, 4, 32)).toBe(mac);
  }
  // RFC 5869, A.3: no salt, which is one of zeros, no info, and the first 42 bytes
  expect(await call(module, "hkdf_sha256", [repeated(0, 32), repeated(0x0b, 22), 22, EMPTY])).toBe(0);
  expect(await result(module, 3, 42)).toBe(
    "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8",
  );
});

onEveryModuleEngine("crypto: RFC 8439 (ChaCha20, ChaCha20-Poly1305)", ENTRY, async (module) => {
  // A.1, test vector 1: the keystream of block 0
  expect(await call(module, "chacha20", [repeated(0, 32), repeated(0, 12), repeated(0, 64), 64])).toBe(0);
  expect(await result(module, 2, 64)).toBe(
    "76b8e0ada0f13d90405d6ae55386bd28bdd219b8a08ded1aa836efcc8b770dc7" +
      "da41597c5157488d7724e03fb8d84a376a43b8f41518a11cc387b669b2ee6586",
  );
  // 2.8.2
  const text =
    "Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, sunscreen would be it.";
  const [key, nonce, ad] = [rising(0x80, 32), hex("070000004041424344454647"), hex("50515253c0c1c2c3c4c5c6c7")];
  expect(await call(module, "aead_seal", [key, nonce, ad, ad.length, ascii(text), text.length])).toBe(0);
  const sealed = await result(module, 4, text.length + 16);
  expect(sealed.slice(0, 32)).toBe("d31a8d34648e60db7b86afbc53ef7ec2");
  expect(sealed.slice(-32)).toBe("1ae10b594f09e26a7e902ecbd0600691");
  expect(await call(module, "aead_open", [key, nonce, ad, ad.length, hex(sealed), text.length + 16])).toBe(0);
  expect(await result(module, 4, text.length)).toBe(toHex(ascii(text)));
});

onEveryModuleEngine("crypto: published signatures by RFC 6979 over secp256k1", ENTRY, async (module) => {
  const at = (await module.call("data")) as number;
  // From the tests of CoreBitcoin, which many wallets have taken over: private key, text, r || s
  const vectors = [
    [
      1n,
      "Satoshi Nakamoto",
      "934b1ea10a4b3c1757e2b0c017d0b6143ce3c9a7e6a4a49860d7a6ab210ee3d8" +
        "2442ce9d2b916064108014783e923ec36b49743e2ffa1c4496f01a512aafd9e5",
    ],
    [
      1n,
      "All those moments will be lost in time, like tears in rain. Time to die...",
      "8600dbd41e348fe5c9465ab92d23e3db8b98b873beecd930736488696438cb6b" +
        "547fe64427496db33bf66019dacbf0039c04199abb0122918601db38a72cfc21",
    ],
  ] as const;
  for (const [key, text, signature] of vectors) {
    await module.write(at, toScalar(key));
    expect(await module.call("import_key", 3, at)).toBe(0);
    const digest = sha256(ascii(text));
    expect(await call(module, "key_sign", [3, 0, 0, digest, EMPTY])).toBe(0);
    expect(await result(module, 4, 64)).toBe(signature);
  }
});

onEveryModuleEngine("crypto: a digest beyond the group order is signed and verified", ENTRY, async (module) => {
  // The nonce comes from the digest as it is, as in libsecp256k1; the RFC would take it modulo the order first. Either
  // makes a signature that holds, and no hash is known that would show the difference.
  const digest = repeated(0xff, 32);
  expect(await call(module, "key_sign", [8, 0, 0, digest, EMPTY])).toBe(0);
  const signature = hex(await result(module, 4, 64));
  expect(await call(module, "key_public", [8, EMPTY])).toBe(0);
  const point = hex(await result(module, 1, 33));
  expect(secp256k1.verify(signature, digest, point, { prehash: false, lowS: true })).toBe(true);
  expect(await call(module, "verify", [point, digest, signature])).toBe(0);
  const key = new KeyRing(TEST_ROOT).key(8) ?? expect.fail();
  expect(signature).toEqual(libsecp256k1.ecdsaSign(digest, key).signature);
});
