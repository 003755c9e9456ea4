// Where the emulated board's RAM and flash go: what the same firmware would take of a chip. Run as a program, it prints
// the tables, and those of the rooms of node.wasm.

import { fileURLToPath } from "node:url";
import { encodeEdges } from "../board/edge_fifo.js";
import type { BoardClient, MemoryMap } from "../link/board_client.js";
import { encodeConfig } from "../metrology/config.js";
import { callFigures, type Figure, figures, number, table, valueOf } from "./figures.js";
import { QemuMachine } from "./machine.js";
import { qemuMissing } from "./missing.js";
import { formatNodeMap, measureNodeMap } from "./node_map.js";

export interface MapReport {
  readonly flash: readonly Figure[];
  readonly ram: readonly Figure[];
  /** Bytes of the C stack ever used, of what is reserved for it. */
  readonly stackPeak: number;
  readonly functions: number;
  readonly functionsCompiled: number;
  /** Cost of single calls: gas, and instructions of the board's CPU. */
  readonly calls: readonly { readonly name: string; readonly gas: number; readonly instructions: number }[];
}

/** Upper bounds, bytes: what was measured and a few percent more; 9 KB of the RAM are a link to a peer. */
export const BUDGET = { flash: 220_000, ram: 125_000, stackPeak: 3_300 };

const INTERVAL_MS = 900_000;
const MIDNIGHT_MS = 1_782_086_400_000n; // 2026-06-22T00:00:00Z
const EDGES = 512;

/** A typical working life in small: boot, time, pulses on both inputs, three closed and signed intervals. */
async function work(client: BoardClient): Promise<MapReport["calls"]> {
  const calls: MapReport["calls"][number][] = [];
  const measure = async (title: string, ...call: Parameters<BoardClient["call"]>): Promise<void> => {
    const { result } = await client.call(...call);
    if (result < 0) throw new Error(`${call[0]}: ${result}`);
    calls.push({ name: title, ...callFigures(await client.map()) });
  };
  const config = encodeConfig({ serial: "TL1", vendor: "Tieline", model: "map", meterConstant: 1000, intervalS: 900 });
  await measure("boot on empty flash", "boot", [config.length, 0n], config);
  await measure("set_clock", "set_clock", [0n, MIDNIGHT_MS, "S".charCodeAt(0)]);
  for (let interval = 0; interval < 3; interval++) {
    const start = interval * INTERVAL_MS;
    const edges = Array.from({ length: EDGES }, (_, i) => ({
      timeMs: start + 1000 + i * 50,
      input: interval % 2,
      level: (i % 2 === 0 ? 1 : 0) as 0 | 1,
    }));
    const records = encodeEdges(start, edges);
    await measure(`${EDGES} edges`, "pulse_edges", [BigInt(start), edges.length], records);
    await measure("tick that signs a record", "tick", [BigInt(start + INTERVAL_MS)]);
    await measure("tick with nothing to do", "tick", [BigInt(start + INTERVAL_MS)]);
  }
  await measure("registers", "registers", []);
  return calls;
}

/** Runs the board and measures it. */
export async function measureMap(key: Uint8Array): Promise<MapReport> {
  const machine = new QemuMachine({ key, countInstructions: true });
  try {
    const refusal = await machine.powerOn();
    if (refusal !== "") throw new Error(refusal);
    const calls = await work(machine.client);
    const lazy = await machine.client.map();
    const full = await machine.client.map(true);
    const fragments = { name: "heap between blocks", lazy: slack(lazy), full: slack(full) };
    return {
      flash: figures(lazy, full, {
        wasm3: ["text_wasm3"],
        cryptography: ["text_crypto"],
        "runtime and C library": ["text_board"],
        "C constants": ["rodata", "data"],
        "signing tables": ["crypto_tables"],
        "metrology.wasm": ["module_image"],
      }),
      ram: [
        ...figures(lazy, full, {
          "static data": ["data", "bss"],
          "C stack": ["stack"],
          "wasm3 structures": ["structures"],
          "wasm3 stack": ["wasm_stack"],
          "linear memory": ["linear_memory"],
          "compiled code": ["code"],
        }),
        fragments,
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

/** What the heap needed at its fullest beyond what is allocated now. */
const slack = (map: MemoryMap): number => valueOf(map, "heap_extent") - valueOf(map, "heap_live");

export function formatMap(report: MapReport): string {
  return [
    ...table("flash, bytes", report.flash),
    ...table("RAM, bytes", report.ram),
    `C stack used: ${report.stackPeak} bytes`,
    `functions compiled: ${report.functionsCompiled} of ${report.functions}`,
    "",
    `${"call".padEnd(26)}${"gas".padStart(10)}${"instructions".padStart(16)}`,
    ...report.calls.map(
      ({ name, gas, instructions }) => `  ${name.padEnd(24)}${number(gas, 10)}${number(instructions, 16)}`,
    ),
  ].join("\n");
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const missing = qemuMissing();
  if (missing === undefined) {
    console.log(formatMap(await measureMap(new Uint8Array(32).fill(1))));
    console.log(`\n${formatNodeMap(await measureNodeMap())}`);
  } else {
    console.error(missing);
    process.exitCode = 1;
  }
}
