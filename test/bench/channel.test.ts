import { expect, test } from "vitest";
import { recordFloor } from "../../host/bench/channel/floor.js";
import { TielineLane } from "../../host/bench/channel/tieline_lane.js";
import { engineByName } from "../../host/engine/index.js";

const balances = (lane: TielineLane): (bigint | undefined)[] =>
  lane.nodes.map(({ node }) => node.channels().reduce((sum, { holderMsat }) => sum + holderMsat, 0n));

test("a load is paid in full and turns around, whatever waits in its queue", async () => {
  const lane = new TielineLane({ engine: engineByName("v8"), hops: 2 });
  const [payer = 0n, , payee = 0n] = balances(lane);
  await lane.load(20, 50);
  const [paid = 0n, , received = 0n] = balances(lane);
  expect([payer - paid, received - payee]).toEqual([20n * 1_001_000n, 20n * 1_000_000n]);
  await lane.load(20, 50);
  expect(balances(lane)[0]).toBe(payer - 20n * 1000n);
  expect(lane.problems()).toEqual([]);
});

test("the floor of a payment is what BOLT 3 has both sides sign and check", async () => {
  const { operations } = await recordFloor(1, 1, 4);
  const count = (name: string): number => operations.filter((operation) => operation.name === name).length / 4;
  // Two commitments a side, of which one has the HTLC's signature. The next payment may begin before the last revocation.
  expect(count("key_sign")).toBeGreaterThanOrEqual(6);
  expect(count("key_sign")).toBeLessThanOrEqual(8);
  expect(count("verify")).toBe(count("key_sign"));
  expect(count("key_ecdh")).toBe(1);
});
