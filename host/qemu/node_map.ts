// What the rooms of node.wasm take of a chip's RAM, and the instructions of their main calls beside those of the
// cryptography in them. The emulated board has no flash and lines for a whole node, so that it runs rooms.wasm.

import { KeyRing } from "../board/key_ring.js";
import { NodeCrypto } from "../board/node_crypto.js";
import type { Imports, Instance } from "../engine/engine.js";
import { v8 } from "../engine/v8.js";
import type { BoardClient } from "../link/board_client.js";
import { BOARD_ROOT } from "../link/image.js";
import { CRYPTO_MODULE, NODE_EXPORTS, type CryptoImportName } from "../node/abi.js";
import { ModuleError } from "../engine/errors.js";
import { readRooms } from "../node/module.js";
import type { ImportCall } from "../trace/board_calls.js";
import { CryptoCosts } from "./crypto_costs.js";
import { callFigures, type Figure, figures, number, table, valueOf } from "./figures.js";
import { QemuMachine } from "./machine.js";
import { type CallResult, type NodeCall, nodeWork } from "./node_work.js";

export interface NodeCallReport {
  readonly name: string;
  readonly gas: number;
  /** Of the board's CPU: the call as it is, and the bare imports in it. */
  readonly instructions: number;
  readonly floor: number;
}

export interface NodeMapReport {
  readonly wasmBytes: number;
  readonly ram: readonly Figure[];
  /** Bytes of the C stack ever used, of what is reserved for it. */
  readonly stackPeak: number;
  readonly functions: number;
  readonly functionsCompiled: number;
  readonly calls: readonly NodeCallReport[];
}

/** Upper bounds, bytes and instructions by the name of the call: what was measured and about 15 % more. */
export const NODE_BUDGET = {
  ram: 168_000,
  stackPeak: 8_100,
  instructions: {
    "handshake as responder": 13_750_000,
    "handshake as initiator": 13_750_000,
    "message of 1,400 bytes, sent": 136_000,
    "message of 1,400 bytes, received": 151_000,
    "onion built, 3 hops": 14_400_000,
    "onion peeled": 5_440_000,
    "commitment with 0 HTLCs": 10_640_000,
    "commitment with 6 HTLCs": 33_500_000,
    "commitment with 24 HTLCs": 86_800_000,
  } as Readonly<Record<string, number>>,
};

/** wasm3's value stack for the node: boards/runtime/node.c. */
const NODE_STACK_BYTES = 8192;

/** rooms.wasm on the board, and once more on V8, where it can be seen which imports a call makes. */
class Twin {
  private readonly calls: ImportCall[] = [];
  private readonly local: Instance;
  private readonly inputAt: number;
  private readonly outputAt: number;

  constructor(private readonly client: BoardClient) {
    const { wasm, sourceMap } = readRooms();
    const crypto = new NodeCrypto(new KeyRing(BOARD_ROOT)).imports(() => this.local.memory());
    this.local = v8.instantiate(wasm, this.watched(crypto), sourceMap);
    this.inputAt = this.local.call("in_buffer") as number;
    this.outputAt = this.local.call("out_buffer") as number;
  }

  /** Calls both; they must agree. Returns the result, output bytes, what it cost on the board, and the imports in it. */
  async call({ name, args, input }: NodeCall, outputBytes: number): Promise<CallResult> {
    this.local.memory().set(input, this.inputAt);
    await this.client.memoryWrite(this.inputAt, input);
    this.calls.length = 0;
    const expected = this.local.call(name, ...args) as number;
    const result = await this.client.callNamed(name, NODE_EXPORTS[name].params, args);
    if (result !== expected) throw new Error(`${name}: ${result} on the board, ${expected} on V8`);
    if (expected < 0) throw new ModuleError(name, expected);
    const cost = callFigures(await this.client.map(false, "node"));
    const output = this.local.memory().slice(this.outputAt, this.outputAt + outputBytes);
    const onBoard = await this.client.memoryRead(this.outputAt, outputBytes);
    if (Buffer.compare(output, onBoard) !== 0) throw new Error(`${name}: another output on the board than on V8`);
    return { result: expected, output, ...cost, imports: [...this.calls] };
  }

  private watched(imports: Imports): Imports {
    const functions = Object.entries(imports[CRYPTO_MODULE] ?? {}).map(([name, call]) => {
      const watched = (...args: number[]): number => {
        this.calls.push({ name: name as CryptoImportName, args });
        return (call as (...args: number[]) => number)(...args);
      };
      return [name, watched] as const;
    });
    return { [CRYPTO_MODULE]: Object.fromEntries(functions) };
  }
}

/** Runs rooms.wasm on the board and measures it. */
export async function measureNodeMap(): Promise<NodeMapReport> {
  const machine = new QemuMachine({ countInstructions: true });
  try {
    await machine.powerOn(); // without a key: the metrology module stays down
    const { client } = machine;
    const { wasm } = readRooms();
    await client.load(wasm);
    const twin = new Twin(client);
    // Functions are compiled when they are first called; that is not what a call costs.
    await nodeWork((_, call, outputBytes) => twin.call(call, outputBytes));
    const sums = new Map<string, { gas: number; instructions: number; imports: ImportCall[] }>();
    await nodeWork(async (title, call, outputBytes) => {
      const made = await twin.call(call, outputBytes);
      if (title !== undefined) {
        const sum = sums.get(title) ?? { gas: 0, instructions: 0, imports: [] };
        sum.gas += made.gas;
        sum.instructions += made.instructions;
        sum.imports.push(...made.imports);
        sums.set(title, sum);
      }
      return made;
    });
    const lazy = await client.map(false, "node");
    const memoryBytes = (await client.callNamed("memory_bytes")) as number;
    const full = await client.map(true, "node");
    const costs = await CryptoCosts.on(client);
    const calls: NodeCallReport[] = [];
    for (const [name, { gas, instructions, imports }] of sums) {
      calls.push({ name, gas, instructions, floor: await costs.total(imports) });
    }
    return {
      wasmBytes: wasm.length,
      ram: [
        ...figures(lazy, full, { "wasm3 structures": ["structures"] }),
        // The board gives a module under test a larger one; this is what the node gets.
        { name: "wasm3 stack", lazy: NODE_STACK_BYTES, full: NODE_STACK_BYTES },
        // The board gives a loaded module whole pages; this is what it uses of them.
        { name: "linear memory", lazy: memoryBytes, full: memoryBytes },
        ...figures(lazy, full, { "compiled code": ["code"] }),
      ],
      stackPeak: valueOf(full, "stack_peak"),
      functions: valueOf(full, "functions"),
      functionsCompiled: valueOf(lazy, "functions_compiled"),
      calls,
    };
  } finally {
    await machine.discard();
  }
}

export function formatNodeMap(report: NodeMapReport): string {
  return [
    `rooms of node.wasm: ${report.wasmBytes.toLocaleString("en-US")} bytes of flash`,
    "",
    ...table("RAM for it, bytes", report.ram),
    `C stack used: ${report.stackPeak} bytes`,
    `functions compiled: ${report.functionsCompiled} of ${report.functions}`,
    "",
    `${"call".padEnd(34)}${"gas".padStart(8)}${"instructions".padStart(14)}${"cryptography".padStart(14)}${"ratio".padStart(8)}`,
    ...report.calls.map(({ name, gas, instructions, floor }) => {
      const ratio = (instructions / floor).toFixed(2).padStart(8);
      return `  ${name.padEnd(32)}${number(gas, 8)}${number(instructions, 14)}${number(floor, 14)}${ratio}`;
    }),
  ].join("\n");
}
