import { crc32 } from "node:zlib";
import fc from "fast-check";
import { expect } from "vitest";
import { onEachLocalEngine } from "../driver/modules.js";

const MAX = 2n ** 64n - 1n;
const ERR_ARGUMENT = -1;
const ERR_OVERFLOW = -5;
const SENTINEL = 0x0123456789abcdefn;

/** Small values, large ones, and the edges of 64 bits. */
const u64 = fc.oneof(
  fc.bigInt(0n, MAX),
  fc.bigInt(0n, 1_000_000n),
  fc.constantFrom(0n, 1n, 2n ** 32n - 1n, 2n ** 32n, 2n ** 63n - 1n, 2n ** 63n, MAX - 1n, MAX),
);

onEachLocalEngine("base/amount agrees with BigInt", "test/base/amount.entry.ts", (module) => {
  const at = module.call("out") as number;
  const view = (): DataView => {
    const bytes = module.memory();
    return new DataView(bytes.buffer, bytes.byteOffset + at, 8);
  };
  /** Code and out-argument of an operation on u64. */
  const apply = (name: string, ...args: bigint[]): [number, bigint] => {
    view().setBigUint64(0, SENTINEL, true);
    const code = module.call(name, ...args.map((arg) => BigInt.asIntN(64, arg))) as number;
    return [code, view().getBigUint64(0, true)];
  };
  const expected = (value: bigint): [number, bigint] =>
    value < 0n || value > MAX ? [ERR_OVERFLOW, SENTINEL] : [0, value];

  fc.assert(
    fc.property(u64, u64, u64, (a, b, c) => {
      expect(apply("add", a, b)).toEqual(expected(a + b));
      expect(apply("sub", a, b)).toEqual(expected(a - b));
      if (c === 0n) {
        expect(apply("mul_div_floor", a, b, c)).toEqual([ERR_ARGUMENT, SENTINEL]);
        expect(apply("mul_div_ceil", a, b, c)).toEqual([ERR_ARGUMENT, SENTINEL]);
      } else {
        expect(apply("mul_div_floor", a, b, c)).toEqual(expected((a * b) / c));
        expect(apply("mul_div_ceil", a, b, c)).toEqual(expected((a * b + c - 1n) / c));
      }
    }),
    { numRuns: 5000 },
  );
});

onEachLocalEngine("base/crc32 agrees with zlib", "test/base/amount.entry.ts", (module) => {
  const at = module.call("data") as number;
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 1024 }), fc.nat(), (bytes, seed) => {
      module.memory().set(bytes, at);
      expect((module.call("crc32", seed, bytes.length) as number) >>> 0).toBe(crc32(bytes, seed));
    }),
  );
});

onEachLocalEngine("base/text writes decimals as BigInt does", "test/base/amount.entry.ts", (module) => {
  const at = module.call("data") as number;
  fc.assert(
    fc.property(u64, fc.integer({ min: 1, max: 20 }), (value, width) => {
      const length = module.call("decimal", BigInt.asIntN(64, value), width) as number;
      expect(Buffer.from(module.memory().slice(at, at + length)).toString()).toBe(
        value.toString().padStart(width, "0"),
      );
    }),
  );
});
