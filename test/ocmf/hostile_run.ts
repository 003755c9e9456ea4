import { expect } from "vitest";
import { inspectReceipts } from "../../host/inspect/receipts.js";
import { readItems } from "../../host/ocmf/items.js";
import { verifyFiles } from "../../host/ocmf/report.js";
import { METER_KEY, keyOf } from "./fixtures.js";
import { GENUINE, Random, hostileFile } from "./hostile.js";
import type { HostileKind } from "./hostile.js";

/** Far above what any input takes; a bound on hanging, not a measure of speed. */
export const BOUND_MS = 2000;
/** Signatures cost more than all the rest; so that many inputs can be tried, one in so many comes with a key. */
const KEYED = 16;

const payloads = new Set(GENUINE.map((record) => record.split("|")[1]));

/** Gives `count` inputs of a kind to the verifier; returns the longest time that one took, ms. */
export function tryInputs(kind: HostileKind, seed: number, count: number): number {
  const random = new Random(seed);
  let slowest = 0;
  for (let run = 0; run < count; run++) {
    const file = { name: "f", bytes: hostileFile(kind, random) };
    const where = () => `seed ${seed}, run ${run}: ${Buffer.from(file.bytes).toString("latin1")}`;
    const key = run % KEYED !== 0 ? {} : { key: run % (2 * KEYED) === 0 ? keyOf() : METER_KEY };
    const started = performance.now();
    try {
      const { exitCode } = verifyFiles([file], { selfSigned: run % 2 === 0, ...key });
      if (run % KEYED === 1) inspectReceipts(file);
      slowest = Math.max(slowest, performance.now() - started);
      if (exitCode !== 0) continue;
    } catch (error) {
      throw new Error(where(), { cause: error });
    }
    const foreign = readItems(file).filter(({ record }) => !payloads.has(record?.payload));
    expect(foreign, where()).toEqual([]);
  }
  return slowest;
}
