import type { BenchRow } from "../bench.js";
import type { MemoryMap } from "../../link/board_client.js";
import { valueOf } from "../../qemu/figures.js";
import type { PartReport } from "./part.js";

const KB = 1024;
/** What a whole node is to take of a chip. */
const RAM_AIM = 400 * KB;
const FLASH_AIM = 1024 * KB;

const sum = (map: MemoryMap, ...names: string[]): number => names.reduce((all, name) => all + valueOf(map, name), 0);

/** Rows whose baseline is what there may be of all of it: the ratio is a share of that, and the total's is to be 1 at most. */
function rows(what: string, parts: Readonly<Record<string, number>>, most: number): BenchRow[] {
  const total = Object.values(parts).reduce((all, value) => all + value, 0);
  return [
    ...Object.entries(parts).map(([id, value]) => row(`${what}: ${id}`, value, most)),
    row(`${what}: total`, total, most, 1),
  ];
}

function row(id: string, value: number, most: number, aim: number | null = null): BenchRow {
  const ratio = value / most;
  return { id, value, unit: "bytes", baseline: most, ratio, aim, met: aim === null ? null : ratio <= aim };
}

/** What no chip has room for: the compiled code of both modules if nothing of it were ever dropped. */
export const codeRow = ({ allCode }: PartReport): BenchRow =>
  row("RAM: compiled code, all functions", allCode, RAM_AIM);

export function flashRows({ metrology }: PartReport): BenchRow[] {
  return rows(
    "flash",
    {
      "code of wasm3": sum(metrology, "text_wasm3"),
      "code of the cryptography": sum(metrology, "text_crypto"),
      "code of the runtime, C library": sum(metrology, "text_board"),
      "constants, initial data": sum(metrology, "rodata", "data"),
      "signing tables": sum(metrology, "crypto_tables"),
      "metrology.wasm": sum(metrology, "module_image"),
      "node.wasm": sum(metrology, "node_image"),
    },
    FLASH_AIM,
  );
}

/** @param report of a part that was gone through with a small code cache, from its start on */
export function ramRows({ metrology, node }: PartReport): BenchRow[] {
  const heap = {
    "metrology, linear memory": sum(metrology, "linear_memory"),
    "metrology, wasm3's stack": sum(metrology, "wasm_stack"),
    "metrology, wasm3's structures": sum(metrology, "structures"),
    "node, linear memory": sum(node, "linear_memory"),
    "node, wasm3's stack": sum(node, "wasm_stack"),
    "node, wasm3's structures": sum(node, "structures"),
  };
  const fixed = Object.values(heap).reduce((all, value) => all + value, 0);
  const peak = sum(node, "code_cache_peak");
  return rows(
    "RAM",
    {
      "static data": sum(metrology, "data", "bss"),
      "C stack": sum(metrology, "stack"),
      ...heap,
      "compiled code at its peak": peak,
      "heap between blocks": sum(metrology, "heap_extent") - fixed - peak,
    },
    RAM_AIM,
  );
}
