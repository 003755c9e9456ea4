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
}, 120_000);
