import { secp256k1 } from "@noble/curves/secp256k1.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { expect } from "vitest";
import { KeyRing } from "../../host/board/key_ring.js";
import { onEveryModuleEngine, TEST_ROOT } from "../driver/modules.js";
import { toHex } from "../driver/vectors.js";
import { ENTRY, ERR_ARGUMENT, ERR_NOT_FOUND, ERR_VALUE, Room, SECRETS_BYTES } from "./records.js";

const COUNT = 1n << 48n;
const STORE = 10_240;
const SEED_SHACHAIN = 0x100;

/** Secret of a commitment number, by BOLT 3's generate_from_seed. */
function secretAt(seed: Uint8Array, number: bigint): Uint8Array {
  const index = COUNT - 1n - number;
  let secret = seed.slice();
  for (let bit = 47; bit >= 0; bit--) {
    if (((index >> BigInt(bit)) & 1n) === 0n) continue;
    secret[bit >> 3] = (secret[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    secret = Uint8Array.from(sha256(secret));
  }
  return secret;
}

const shown = (result: Uint8Array | number): string | number => (typeof result === "number" ? result : toHex(result));

onEveryModuleEngine("chain: a store of many per-commitment secrets", ENTRY, async (module) => {
  const room = await Room.open(module);
  const seed = sha256(Buffer.from("shachain"));
  const count = module.engine === "qemu" ? 40 : 300;
  const store = room.base + STORE;
  await room.call("secrets_begin", store);
  for (let number = 0; number < count; number++) {
    // One of another chain, and one that is out of its turn; every other secret is tested by nothing before it.
    const wrong = [secretAt(sha256(seed), BigInt(number)), secretAt(seed, BigInt(number + 1))];
    if (number % 2 === 1) {
      const before = await room.read(STORE, SECRETS_BYTES);
      for (const secret of wrong) {
        expect(await room.call("secrets_add", store, await room.place(secret))).toBe(ERR_VALUE);
      }
      expect(await room.read(STORE, SECRETS_BYTES)).toEqual(before);
    }
    expect(await room.call("secrets_add", store, await room.place(secretAt(seed, BigInt(number))))).toBe(0);
  }
  for (let number = 0; number < count; number++) {
    const known = await room.bytes(32, "secrets_get", store, BigInt(number));
    expect(shown(known)).toBe(toHex(secretAt(seed, BigInt(number))));
  }
  for (const number of [BigInt(count), COUNT - 1n, COUNT, (1n << 64n) - 1n]) {
    expect(await room.bytes(32, "secrets_get", store, BigInt.asIntN(64, number))).toBe(ERR_NOT_FOUND);
  }
});

onEveryModuleEngine("chain: a store of per-commitment secrets at its end", ENTRY, async (module) => {
  const room = await Room.open(module);
  const seed = sha256(Buffer.from("last"));
  const store = room.base + STORE;
  // As it is when all but the last four have been given: entry b holds the newest index that ends in b zeros.
  const left = 4n;
  const state = Buffer.alloc(SECRETS_BYTES);
  state.writeBigUInt64LE(COUNT - left);
  for (let entry = 0n; entry < 48n; entry++) {
    let index = 1n << entry;
    while (index < left) index += 1n << (entry + 1n);
    state.set(secretAt(seed, COUNT - 1n - index), 8 + 32 * Number(entry));
  }
  await room.write(STORE, state);
  for (const number of [0n, 1n, 77n, (1n << 47n) - 1n, 1n << 47n, COUNT - 5n]) {
    expect(shown(await room.bytes(32, "secrets_get", store, number))).toBe(toHex(secretAt(seed, number)));
  }
  for (let number = COUNT - left; number < COUNT; number++) {
    const wrong = await room.place(sha256(secretAt(seed, number)));
    if (number % 2n === 1n) expect(await room.call("secrets_add", store, wrong)).toBe(ERR_VALUE);
    expect(await room.call("secrets_add", store, await room.place(secretAt(seed, number)))).toBe(0);
  }
  expect(await room.call("secrets_add", store, await room.place(seed))).toBe(ERR_ARGUMENT);
  for (const number of [0n, 12_345n, COUNT - 2n, COUNT - 1n]) {
    expect(shown(await room.bytes(32, "secrets_get", store, number))).toBe(toHex(secretAt(seed, number)));
  }
  expect(await room.bytes(32, "shachain_secret", await room.place(seed), COUNT)).toBe(ERR_ARGUMENT);
});

onEveryModuleEngine("chain: the holder's own per-commitment secrets and points", ENTRY, async (module) => {
  const room = await Room.open(module);
  const keys = new KeyRing(TEST_ROOT);
  for (const channel of [0, 5]) {
    for (const number of [0n, 1n, 42n, COUNT - 1n]) {
      const secret = secretAt(keys.seed(SEED_SHACHAIN + channel), number);
      expect(shown(await room.bytes(32, "holder_secret", channel, number))).toBe(toHex(secret));
      const point = toHex(secp256k1.getPublicKey(secret, true));
      expect(shown(await room.bytes(33, "holder_point", channel, number))).toBe(point);
    }
  }
  expect(await room.bytes(32, "holder_secret", 0, COUNT)).toBe(ERR_ARGUMENT);
  expect(await room.bytes(33, "holder_point", 0, COUNT)).toBe(ERR_ARGUMENT);
});
