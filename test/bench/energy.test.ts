import { expect, test } from "vitest";
import { Row } from "../../host/bench/energy/row.js";
import { engineByName } from "../../host/engine/index.js";

const balances = (row: Row): bigint[] =>
  row.nodes.map(({ node }) => node.channels().reduce((sum, { holderMsat }) => sum + holderMsat, 0n));

test("a row's swaps move A and energy as far as its plain payments move A, and come back", () => {
  const [swaps, plain] = [new Row(engineByName("v8"), 2, true), new Row(engineByName("v8"), 2, false)];
  const before = balances(swaps);
  for (const row of [swaps, plain]) row.load(5, 3);
  expect(balances(swaps)).toEqual(balances(plain));
  expect((before[0] ?? 0n) - (balances(swaps)[0] ?? 0n)).toBe(5_000_000n);
  const flows = swaps.nodes.map(({ node }) =>
    node.energy(0)?.positions.map(({ flowMwh }) => (flowMwh < 0n ? -flowMwh : flowMwh)),
  );
  expect(flows).toEqual([[5000n], [5000n], [5000n]]);
  swaps.load(5, 5);
  expect(balances(swaps)).toEqual(before);
  expect(swaps.nodes.map(({ node }) => node.energy(0)?.positions)).toEqual([[], [], []]);
});

test("what a load sends is more with energy, by its riders and notes", () => {
  const bytes = [true, false].map((energy) => {
    const row = new Row(engineByName("v8"), 1, energy);
    return row.sentBy(() => row.load(2, 1));
  });
  expect(bytes[0]).toBeGreaterThan(bytes[1] ?? 0);
});
