import { crc32 } from "node:zlib";
import fc from "fast-check";
import { expect } from "vitest";
import { onEveryModuleEngine } from "../driver/modules.js";

const ENTRY = "test/base/amount.entry.ts";
const MAX = 2n ** 64n - 1n;
const ERR_ARGUMENT = -1;
const ERR_OVERFLOW = -5;
const SENTINEL = 0x0123456789abcdefn;

const RUNS = 5000;
/** The emulated board takes some 4 ms for a run: all of them would take it twenty seconds. */
const QEMU_RUNS = 1000;

/** Small values, large ones, and the edges of 64 bits. */
const u64 = fc.oneof(
  fc.bigInt(0n, MAX),
  fc.bigInt(0n, 1_000_000n),
  fc.constantFrom(0n, 1n, 2n ** 32n - 1n, 2n ** 32n, 2n ** 63n - 1n, 2n ** 63n, MAX - 1n, MAX),
);

onEveryModuleEngine("base/amount agrees with BigInt", ENTRY, async (module) => {
  const at = (await module.call("out")) as number;
  const sentinel = Buffer.alloc(8);
  sentinel.writeBigUInt64LE(SENTINEL);
  /** Code and out-argument of an operation on u64. */
  const apply = async (name: string, ...args: bigint[]): Promise<[number, bigint]> => {
    const [, code, out] = await Promise.all([
      module.write(at, sentinel),
      module.call(name, ...args.map((arg) => BigInt.asIntN(64, arg))),
      module.read(at, 8),
    ]);
    return [code as number, Buffer.from(out).readBigUInt64LE()];
  };
  const expected = (value: bigint): [number, bigint] =>
    value < 0n || value > MAX ? [ERR_OVERFLOW, SENTINEL] : [0, value];
  const quotient = (dividend: bigint, divisor: bigint): [number, bigint] =>
    divisor === 0n ? [ERR_ARGUMENT, SENTINEL] : expected(dividend / divisor);

  await fc.assert(
    fc.asyncProperty(u64, u64, u64, async (a, b, c) => {
      const results = await Promise.all([
        apply("add", a, b),
        apply("sub", a, b),
        apply("mul_div_floor", a, b, c),
        apply("mul_div_ceil", a, b, c),
      ]);
      expect(results).toEqual([expected(a + b), expected(a - b), quotient(a * b, c), quotient(a * b + c - 1n, c)]);
    }),
    { numRuns: module.engine === "qemu" ? QEMU_RUNS : RUNS },
  );
});

onEveryModuleEngine("base/crc32 agrees with zlib", ENTRY, async (module) => {
  const at = (await module.call("data")) as number;
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 1024 }), fc.nat(), async (bytes, seed) => {
      const [, crc] = await Promise.all([module.write(at, bytes), module.call("crc32", seed, bytes.length)]);
      expect((crc as number) >>> 0).toBe(crc32(bytes, seed));
    }),
  );
});

onEveryModuleEngine("base/text writes decimals as BigInt does", ENTRY, async (module) => {
  const at = (await module.call("data")) as number;
  await fc.assert(
    fc.asyncProperty(u64, fc.integer({ min: 1, max: 20 }), async (value, width) => {
      const length = (await module.call("decimal", BigInt.asIntN(64, value), width)) as number;
      expect(Buffer.from(await module.read(at, length)).toString()).toBe(value.toString().padStart(width, "0"));
    }),
  );
});
