import type { Engine } from "../../engine/engine.js";
import { availableEngines } from "../../engine/index.js";
import type { BenchResult, BenchRow } from "../bench.js";
import { benchCommitment } from "./commitment.js";
import { benchOnion } from "./onion.js";
import { benchTransport } from "./transport.js";

/** What each room of node.wasm has to measure, on one engine: a file of this folder each. */
const PARTS: readonly ((engine: Engine) => Promise<BenchRow[]>)[] = [benchTransport, benchOnion, benchCommitment];

/** The Lightning rooms of node.wasm beside the bare cryptography that they need, and beside other implementations. */
export async function benchLightning(): Promise<BenchResult> {
  const results: BenchRow[] = [];
  for (const part of PARTS) {
    for (const engine of availableEngines()) results.push(...(await part(engine)));
  }
  return { name: "lightning", results };
}
