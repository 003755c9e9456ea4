import type { Engine } from "../../engine/engine.js";
import { availableEngines } from "../../engine/index.js";
import type { BenchResult, BenchRow } from "../bench.js";
import { startLdk } from "../lightning/ldk.js";
import { recordFloor } from "./floor.js";
import { growth, journal } from "./growth.js";
import type { Lane, LinkName } from "./lane.js";
import { LdkLane } from "./ldk_lane.js";
import { type AsyncWorkload, rateRow, timeInTurn } from "./rows.js";
import { TielineLane } from "./tieline_lane.js";

const ROUNDS = 3;
const LINKS: readonly LinkName[] = ["memory", "TCP"];
const HOPS = [1, 2] as const;
/** Payments that are there to be made at a time, and those of a round. */
const LOADS: readonly (readonly [concurrent: number, payments: number])[] = [
  [1, 6],
  [10, 20],
  [50, 50],
];

/** Time of this project's nodes over that of bare cryptography, and over that of LDK's nodes. */
const FLOOR_AIM = { v8: 2, wasm3: 4 } as const;
const LDK_AIM = 0.5;

/**
 * Payments per second between nodes of this project in one process, each with its journal on emulated flash: spontaneous
 * ones of 1,000 sat, over channels with anchors, forwarded once or not at all, in turns in either direction. Beside them
 * the bare cryptography that they need, and LDK's nodes (compiled to WebAssembly as well) under the same load, which
 * store nothing. A channel takes 12 HTLCs of a side and a forwarder 6 of a peer: of 10 or 50 concurrent payments the rest
 * waits in a queue, at LDK's nodes as well. A payment counts as made when its preimage is back at the payer.
 */
export async function benchChannel(): Promise<BenchResult> {
  await startLdk();
  const results: BenchRow[] = [];
  for (const link of LINKS) {
    for (const hops of HOPS) {
      for (const [concurrent, payments] of LOADS) results.push(...(await compareAll(link, hops, concurrent, payments)));
    }
  }
  for (const engine of availableEngines()) results.push(...(await growth(engine)));
  const [first] = availableEngines();
  if (first !== undefined) results.push(...(await journal(first)));
  return { name: "channel", results };
}

async function compareAll(link: LinkName, hops: number, concurrent: number, payments: number): Promise<BenchRow[]> {
  const engines: readonly Engine[] = availableEngines();
  const lanes = new Map<string, Lane>(engines.map((engine) => [engine.name, new TielineLane({ engine, hops })]));
  lanes.set("LDK", new LdkLane(hops));
  if (link === "TCP") for (const lane of lanes.values()) await lane.useTcp();
  const floor = await recordFloor(hops, concurrent, payments);
  const workloads: AsyncWorkload[] = [...lanes].map(([name, lane]) => ({
    name,
    count: payments,
    run: () => lane.load(payments, concurrent),
  }));
  const times = await timeInTurn([...workloads, { name: "floor", count: payments, run: floor.run }], ROUNDS);
  for (const [name, lane] of lanes) {
    if (lane.problems().length > 0) throw new Error(`${name}: ${JSON.stringify(lane.problems())}`);
    await lane.close();
  }
  const what = `${link}, ${hops === 1 ? "1 hop" : `${hops} hops`}, ${concurrent} at a time`;
  const rows = engines.map(({ name }) => rateRow(`${what}/${name}`, times, name, "floor", FLOOR_AIM[name]));
  return [...rows, rateRow(`${what}/v8 : LDK`, times, "v8", "LDK", LDK_AIM)];
}
