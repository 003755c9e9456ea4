import { secp256k1 } from "@noble/curves/secp256k1.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { expect } from "vitest";
import { onEveryModuleEngine } from "../driver/modules.js";
import { hex, toHex } from "../driver/vectors.js";

const ENTRY = "test/crypto/crypto.entry.ts";

onEveryModuleEngine("crypto: hashes agree with noble", ENTRY, async (module) => {
  const at = (await module.call("data")) as number;
  await module.write(at, hex("616263"));
  expect(await module.call("sha256", 3, at + 64)).toBe(0);
  expect(toHex(await module.read(at + 64, 32))).toBe(toHex(sha256(hex("616263"))));
});

onEveryModuleEngine("crypto: imported keys", ENTRY, async (module) => {
  const at = (await module.call("data")) as number;
  const key = new Uint8Array(32).fill(0x11);
  await module.write(at, key);
  expect(await module.call("import_key", 0, at)).toBe(0);
  expect(await module.call("key_public", 0, at + 64)).toBe(0);
  expect(toHex(await module.read(at + 64, 33))).toBe(toHex(secp256k1.getPublicKey(key, true)));
});
