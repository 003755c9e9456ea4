import { expect } from "vitest";
import { Trap } from "../../host/engine/engine.js";
import { onEveryModuleEngine } from "../driver/modules.js";

const ENTRY = "test/base/amount.entry.ts";
const MEMORY_BYTES = 65536;

onEveryModuleEngine("a test's module keeps what is written to its memory", ENTRY, async (module) => {
  const image = Uint8Array.from({ length: MEMORY_BYTES }, (_, i) => (i * 5) ^ (i >> 7));
  await module.write(0, image);
  expect(await module.read(0, MEMORY_BYTES)).toEqual(image);
  await expect(module.read(MEMORY_BYTES - 1, 2)).rejects.toThrow();
  await expect(module.write(MEMORY_BYTES - 1, Uint8Array.of(0, 0))).rejects.toThrow();
  expect(await module.read(MEMORY_BYTES - 1, 1)).toEqual(image.slice(-1));
});

onEveryModuleEngine("a test's module is asked in order, without waiting", ENTRY, async (module) => {
  const at = (await module.call("data")) as number;
  const texts = await Promise.all(
    Array.from({ length: 20 }, async (_, i) => {
      const [, bytes] = await Promise.all([module.call("decimal", BigInt(i), 2), module.read(at, 2)]);
      return Buffer.from(bytes).toString();
    }),
  );
  expect(texts).toEqual(Array.from({ length: 20 }, (_, i) => i.toString().padStart(2, "0")));
});

onEveryModuleEngine("a test's module traps with a Trap", ENTRY, async (module) => {
  expect(await module.call("decimal", 7n, 32)).toBe(32);
  await expect(module.call("decimal", 7n, 33)).rejects.toThrow(Trap);
});
