import { expect, test } from "vitest";
import { benchEnergy } from "../../host/bench/energy/index.js";

test("the quick benchmark of energy has a row of each load and of each kind of bytes", async () => {
  const { results } = await benchEnergy(true);
  const figures = results.map(({ id }) => id.replace(/\/[a-z0-9]+ /, " "));
  expect(figures).toEqual([
    "swaps, 1 hop, 1 at a time : plain",
    "swaps, 1 hop, 6 at a time : plain",
    "swaps, 1 hop, 10 at a time : plain",
    "swaps, 2 hops, 1 at a time : plain",
    "swaps, 2 hops, 6 at a time : plain",
    "intervals closed : plain payments",
    "swap on the wire : plain",
    "swap in the journals : plain",
    "an open position, checkpoint : memory",
    "a pending rider, checkpoint : memory",
    "offering a rider, journal : memory",
  ]);
  for (const { value, baseline, ratio } of results) {
    expect(Math.min(value, baseline, ratio)).toBeGreaterThan(0);
  }
  // Time depends on the machine, bytes do not: a rider and a note are a part of what a payment sends and stores.
  const bytes = results.filter(({ unit }) => unit === "bytes/payment");
  for (const { value, baseline } of bytes) {
    expect(value).toBeGreaterThan(baseline);
    expect(value).toBeLessThan(baseline * 1.5);
  }
  // Measured: as much as POSITION_BYTES and RIDER_BYTES of the firmware say, and in a checkpoint what frames them.
  const held = results.filter(({ unit }) => ["bytes/position", "bytes/rider"].includes(unit));
  expect(held.map(({ baseline }) => baseline)).toEqual([24, 24, 24]);
  for (const { ratio } of held.filter(({ id }) => id.includes("checkpoint"))) {
    expect(ratio).toBeGreaterThanOrEqual(1);
    expect(ratio).toBeLessThan(1.3);
  }
}, 120_000);
