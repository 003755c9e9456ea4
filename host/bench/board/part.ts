import { NODE_EXPORTS, type NodeExportName } from "../../node/abi.js";
import { readNode } from "../../node/module.js";
import { CryptoCosts } from "../../qemu/crypto_costs.js";
import { callFigures, valueOf } from "../../qemu/figures.js";
import { QemuMachine } from "../../qemu/machine.js";
import type { BoardClient, MemoryMap } from "../../link/board_client.js";
import type { ImportCall, RecordedCall } from "../../trace/board_calls.js";
import { replay } from "../../trace/board_replay.js";
import type { Chapter, Part } from "./story.js";

/** Instructions of calls, and of the bare cryptography in them. */
export interface Cost {
  readonly instructions: number;
  readonly floor: number;
}

export interface PartReport {
  readonly swap: Cost;
  /** The node's share in closing an interval, and the tick in which its meter signs the receipt for it. */
  readonly closing: Cost;
  readonly tick: Cost;
  /** What the board said at the end of it, of each module. */
  readonly metrology: MemoryMap;
  readonly node: MemoryMap;
  /** Bytes of compiled code of both with every function compiled; 0 if that was not tried. */
  readonly allCode: number;
}

/** Compiled code that stays between calls where nothing is to be dropped. */
export const EVERYTHING = 1 << 20;

const MEASURED: readonly Chapter[] = ["second swap", "interval"];

/**
 * Lets a board go through a node's part and measures it.
 * @param cache bytes of compiled code that stay between calls
 * @param severalLines the board has one meter: where the part has more lines the module runs as one under test, which has
 * that meter for each of them
 */
export async function measurePart(part: Part, cache: number, severalLines = false): Promise<PartReport> {
  const machine = new QemuMachine({ ...part.image, countInstructions: true });
  try {
    const refusal = await machine.powerOn();
    if (refusal !== "") throw new Error(refusal);
    const { client } = machine;
    await client.codeCache(cache);
    const run = severalLines ? await underTest(client) : await builtIn(client);
    const sums = new Map<string, { instructions: number; crypto: ImportCall[] }>();
    for (const { chapter, calls } of part.chapters) {
      await run(calls, async (call) => {
        if (!MEASURED.includes(chapter) || !isWork(call)) return;
        const title = call.place === "metrology" ? "tick" : chapter;
        const sum = sums.get(title) ?? { instructions: 0, crypto: [] };
        sum.instructions += callFigures(await client.map(false, call.place)).instructions;
        sum.crypto.push(...call.crypto);
        sums.set(title, sum);
      });
    }
    const [metrology, node] = [await client.map(), await client.map(false, "node")];
    const all = cache === EVERYTHING ? [await client.map(true), await client.map(true, "node")] : [];
    if (cache === EVERYTHING && valueOf(node, "code_drops") > 0) throw new Error("compiled code was dropped");
    await client.codeCache(EVERYTHING);
    const costs = await CryptoCosts.on(client);
    const cost = async (title: string): Promise<Cost> => {
      const sum = sums.get(title);
      if (sum === undefined) throw new Error(`no ${title}`);
      return { instructions: sum.instructions, floor: await costs.total(sum.crypto) };
    };
    return {
      swap: await cost("second swap"),
      closing: await cost("interval"),
      tick: await cost("tick"),
      metrology,
      node,
      allCode: all.reduce((sum, map) => sum + valueOf(map, "code"), 0),
    };
  } finally {
    await machine.discard();
  }
}

/** Calls in which nothing happens say nothing about what does. */
const isWork = ({ crypto, outputs }: RecordedCall): boolean => crypto.length > 0 || outputs.length > 0;

type Run = (calls: readonly RecordedCall[], after: (call: RecordedCall) => Promise<void>) => Promise<void>;

async function builtIn(client: BoardClient): Promise<Run> {
  await client.start("node");
  return async (calls, after) => {
    const differences = await replay(client, calls, after);
    if (differences.length > 0) throw new Error(differences[0]);
  };
}

/** The same module by LOAD and by names. What it puts out is not compared: the recorded results are. */
async function underTest(client: BoardClient): Promise<Run> {
  await client.load(readNode().wasm);
  const inputAt = Number(await client.callNamed("in_buffer"));
  return async (calls, after) => {
    for (const call of calls) {
      const { place, name, args, input, result } = call;
      if (place === "metrology") {
        await builtInCall(client, call, after);
        continue;
      }
      if (["in_buffer", "out_buffer"].includes(name)) continue;
      await client.memoryWrite(inputAt, input);
      const got = await client.callNamed(name, NODE_EXPORTS[name as NodeExportName].params, args);
      if (got !== result) throw new Error(`${name}(${args.join(", ")}): ${got} instead of ${result}`);
      await after(call);
    }
  };
}

async function builtInCall(client: BoardClient, call: RecordedCall, after: (call: RecordedCall) => Promise<void>) {
  const differences = await replay(client, [call], after);
  if (differences.length > 0) throw new Error(differences[0]);
}
