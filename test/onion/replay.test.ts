import fc from "fast-check";
import { expect } from "vitest";
import { onEveryModuleEngine } from "../driver/modules.js";
import { toHex } from "../driver/vectors.js";
import { ENTRY, OnionClient } from "./client.js";
import { keyNamed, runs } from "./fixtures.js";

const CAPACITY = 256;

onEveryModuleEngine("onion replay: the table against a map that forgets at expiry", ENTRY, async (module) => {
  const client = await OnionClient.open(module);
  const table = await client.call("table");
  const step = fc.record({
    onion: fc.nat(60),
    life: fc.integer({ min: -3, max: 40 }),
    later: fc.oneof(
      { weight: 5, arbitrary: fc.constant(0) },
      { weight: 1, arbitrary: fc.integer({ min: 1, max: 12 }) },
    ),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 50, maxLength: 120 }), async (steps) => {
      await module.write(table, new Uint8Array(CAPACITY * 12));
      const model = new Map<number, number>();
      let height = 800_000;
      for (const { onion, life, later } of steps) {
        height += later;
        for (const [known, expiry] of model) if (expiry < height) model.delete(known);
        const expiry = height + life;
        const expected = life < 0 ? -25 : model.has(onion) ? -20 : 0;
        const before = expected < 0 ? toHex(await module.read(table, CAPACITY * 12)) : "";
        const code = await client.admit(keyNamed(`onion ${onion}`), expiry, height);
        expect(Math.min(code, 0)).toBe(expected);
        if (expected === 0) model.set(onion, expiry);
        else expect(toHex(await module.read(table, CAPACITY * 12))).toBe(before);
      }
    }),
    { seed: 4, numRuns: runs(module.engine, 40) },
  );
});

onEveryModuleEngine("onion replay: a full table refuses until an entry's time has passed", ENTRY, async (module) => {
  const client = await OnionClient.open(module);
  const height = 100;
  const places = new Set<number>();
  for (let i = 0; i < CAPACITY; i++) places.add(await client.admit(keyNamed(`onion ${i}`), height + 1 + i, height));
  // Each entry has a place of its own: those are all there are.
  expect([...places].sort((a, b) => a - b)).toEqual(Array.from({ length: CAPACITY }, (_, i) => i));
  expect(await client.admit(keyNamed("new"), 999, height)).toBe(-15);
  expect(await client.admit(keyNamed("onion 255"), 999, height)).toBe(-20);
  expect(await client.admit(keyNamed("new"), 999, height + 1)).toBe(-15);
  expect(await client.admit(keyNamed("onion 0"), 999, height + 1)).toBe(-20);
  expect(await client.admit(keyNamed("new"), 999, height + 2)).toBeGreaterThanOrEqual(0);
  expect(await client.admit(keyNamed("other"), 999, height + 2)).toBe(-15);
  // What was stored is all that there is to restore.
  const table = await client.call("table");
  const stored = await module.read(table, CAPACITY * 12);
  await module.write(table, new Uint8Array(CAPACITY * 12));
  expect(await client.admit(keyNamed("onion 9"), 999, height + 2)).toBeGreaterThanOrEqual(0);
  await module.write(table, stored);
  expect(await client.admit(keyNamed("onion 9"), 999, height + 2)).toBe(-20);
  expect(await client.admit(keyNamed("onion 9"), 0xffffffff | 0, height + 11)).toBeGreaterThanOrEqual(0);
  expect(await client.admit(keyNamed("onion 9"), 0xffffffff | 0, 0xffffffff | 0)).toBe(-20);
});
