import { expect } from "vitest";
import { Entropy } from "../../host/board/entropy.js";
import { onEveryModuleEngine } from "../driver/modules.js";

const ENTRY = "test/store/digest.entry.ts";
const BLOCK_BYTES = 64;
const KEY_BYTES = 272;
const RUNS = 200;
const QEMU_RUNS = 30;
const MODULUS = 2n ** 64n;

/** The definition, in numbers that do not end at 64 bits: a sum for each half, of which the upper 32 bits count. */
function expected(block: Buffer, keys: Buffer): bigint {
  if (block.every((byte) => byte === 0)) return 0n;
  const key = (i: number): bigint => keys.readBigUInt64LE(8 * i);
  const half = (which: 0 | 1): bigint => {
    let sum = key(32 + which);
    for (let i = 0; 4 * i < block.length; i++) {
      sum += BigInt(block.readUInt32LE(4 * i)) * key(4 * (i >> 1) + 2 * which + (i & 1));
    }
    return (sum % MODULUS) >> 32n;
  };
  return (half(0) << 32n) | half(1);
}

onEveryModuleEngine("digests say whether a block has changed", ENTRY, async (module) => {
  const random = new Entropy("digests", "");
  const [blockAt, keysAt] = [(await module.call("block")) as number, (await module.call("keys")) as number];
  const digest = async (block: Buffer): Promise<bigint> => {
    await module.write(blockAt, block);
    return BigInt.asUintN(64, (await module.call("digest", block.length)) as bigint);
  };
  for (let run = 0; run < (module.engine === "qemu" ? QEMU_RUNS : RUNS); run++) {
    const keys = Buffer.from(random.bytes(KEY_BYTES));
    await module.write(keysAt, keys);
    const block = Buffer.from(random.bytes(8 + 8 * random.below(BLOCK_BYTES / 8)));
    // Most of a real one is zeros.
    for (let at = 0; at < block.length; at += 4) if (run % 2 === 1 && random.below(3) > 0) block.writeUInt32LE(0, at);
    const before = await digest(block);
    expect(before).toBe(expected(block, keys));
    const bit = random.below(8 * block.length);
    block.writeUInt8((block[bit >> 3] as number) ^ (1 << (bit & 7)), bit >> 3);
    const after = await digest(block);
    expect(after).toBe(expected(block, keys));
    expect(after, `bit ${bit}`).not.toBe(before);
    expect(await digest(Buffer.alloc(block.length))).toBe(0n);
  }
});
