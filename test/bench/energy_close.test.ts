import { expect, test } from "vitest";
import { Row } from "../../host/bench/energy/row.js";
import { engineByName } from "../../host/engine/index.js";

test("a line's interval is closed with what flowed in it, and who owes pays that", () => {
  const row = new Row(engineByName("v8"), 1, true);
  // The first close tells registers alone.
  row.passInterval();
  row.closeInterval();
  const balance = (): bigint => row.nodes[0]?.node.channels()[0]?.holderMsat ?? 0n;
  const energy = (): bigint[] =>
    row.nodes.map(({ node }) => {
      const { totalForthMwh, totalBackMwh } = node.energy(0) ?? { totalForthMwh: 0n, totalBackMwh: 0n };
      return totalForthMwh + totalBackMwh;
    });
  const [before, flowed] = [balance(), energy()];
  for (let i = 0; i < 3; i++) {
    row.passInterval();
    row.closeInterval();
  }
  // 0.1 kWh each, which the first node gave, at 200 sat.
  expect(balance() - before).toBe(3n * 20_000n);
  expect(energy()).toEqual(flowed.map((mwh) => mwh + 300_000n));
});
