import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { WasmReader } from "../../host/engine/wasm_reader.js";
import { readMetrology } from "../../host/metrology/module.js";
import { readNode } from "../../host/node/module.js";
import { projectRoot } from "../../host/root.js";

const compiler = spawnSync("cc", ["--version"]).status === 0;
const SLOT_BYTES = 4;
/** Kept free at the end: boards/runtime/module.c, VALUE_STACK_SPARE_BYTES. */
const SPARE_BYTES = 256;

const MODULES = { node: readNode, metrology: readMetrology };

/** A constant of the C runtime. */
const constant = (file: string, name: string): number => {
  const source = readFileSync(join(projectRoot(), "boards/runtime", file), "utf8");
  return Number(new RegExp(`#define ${name} (\\d+)`).exec(source)?.[1]);
};

/** Slots of each function, imports first. */
function slotsOf(wasm: Uint8Array, name: string, program: string): number[] {
  const path = join(projectRoot(), `build/${name}.wasm`);
  expect(Buffer.compare(readFileSync(path), wasm)).toBe(0);
  const { stdout, status } = spawnSync(program, [path], { encoding: "utf8" });
  expect(status, stdout.split("\n").slice(-3).join(" ")).toBe(0);
  return stdout.trim().split("\n").map(Number);
}

interface Calls {
  /** For each function of the module the functions that it may call, imports included. */
  readonly of: ReadonlyMap<number, ReadonlySet<number>>;
  readonly exported: readonly number[];
}

/** What stands behind an opcode: so many numbers to be passed over, for those that have any. */
const IMMEDIATES = new Map<number, number>([
  ...[0x02, 0x03, 0x04, 0x0c, 0x0d, 0x20, 0x21, 0x22, 0x23, 0x24, 0x3f, 0x40, 0x41, 0x42].map((op) => [op, 1] as const),
  ...Array.from({ length: 0x3e - 0x28 + 1 }, (_, i) => [0x28 + i, 2] as const),
]);
const [BR_TABLE, CALL, CALL_INDIRECT, PREFIX, END] = [0x0e, 0x10, 0x11, 0xfc, 0x0b];
/** memory.copy and memory.fill, behind the prefix. */
const BULK = new Map([
  [10, 2],
  [11, 1],
]);

/** Every call that stands in the code; one through the table may go to any function in it of that type. */
function callsOf(wasm: Uint8Array): Calls {
  const reader = new WasmReader(wasm);
  const numbers = (count: number): void => void Array.from({ length: count }, () => reader.u32());
  const types: number[] = [];
  const exported: number[] = [];
  const table: number[] = [];
  const of = new Map<number, Set<number>>();
  let imports = 0;
  const body = (): void => {
    const length = reader.u32();
    const end = reader.position + length;
    const calls = new Set<number>();
    reader.list(() => [reader.u32(), reader.byte()]);
    while (reader.position < end) {
      const op = reader.byte();
      if (op === CALL) calls.add(reader.u32());
      else if (op === CALL_INDIRECT) {
        const type = reader.u32();
        reader.u32();
        for (const target of table) if (types[target] === type) calls.add(target);
      } else if (op === BR_TABLE) numbers(reader.u32() + 1);
      else if (op === PREFIX) {
        const bulk = reader.u32();
        const count = BULK.get(bulk);
        if (count === undefined) throw new Error(`unknown operation 0xfc ${bulk}`);
        numbers(count);
      } else numbers(IMMEDIATES.get(op) ?? 0);
    }
    expect(reader.position).toBe(end);
    of.set(imports + of.size, calls);
  };
  reader.sections((section) => {
    if (section === 2) {
      reader.list(() => {
        reader.name();
        reader.name();
        expect(reader.byte(), "an import that is no function").toBe(0);
        types.push(reader.u32());
        imports++;
      });
    } else if (section === 3) {
      reader.list(() => types.push(reader.u32()));
    } else if (section === 7) {
      reader.list(() => {
        reader.name();
        const kind = reader.byte();
        const index = reader.u32();
        if (kind === 0) exported.push(index);
      });
    } else if (section === 9) {
      reader.list(() => {
        expect(reader.u32(), "a segment that is not of the one table").toBe(0);
        while (reader.byte() !== END);
        table.push(...reader.list(() => reader.u32()));
      });
    } else if (section === 10) {
      reader.list(body);
    }
  });
  return { of, exported };
}

/** Most slots that functions in a chain of calls take together, from `from` on. Throws where one calls itself. */
function deepest(from: number, calls: Calls, slots: readonly number[], known = new Map<number, number>()): number {
  const before = known.get(from);
  if (before !== undefined) {
    if (Number.isNaN(before)) throw new Error(`function ${from} calls itself`);
    return before;
  }
  known.set(from, NaN);
  const below = [...(calls.of.get(from) ?? [])].map((callee) => deepest(callee, calls, slots, known));
  const all = (slots[from] as number) + Math.max(0, ...below);
  known.set(from, all);
  return all;
}

// A value stack that ends too early would stop a module in the midst of what it does.
describe.skipIf(!compiler)("the value stack that boards give a module", () => {
  const directory = mkdtempSync(join(tmpdir(), "tieline-value-stack-"));
  const program = join(directory, "slots");
  afterAll(() => rmSync(directory, { recursive: true, force: true }));

  beforeAll(() => {
    const wasm3 = join(projectRoot(), "node_modules/react-native-webassembly/cpp");
    const flags = readFileSync(join(projectRoot(), "boards/Makefile"), "utf8").match(/-Dd_m3\w+=\d+/g) ?? [];
    expect(flags).toContain("-Dd_m3HasFloat=0");
    const parts = ["bind", "code", "compile", "core", "env", "exec", "function", "module", "parse"];
    const sources = parts.map((part) => join(wasm3, `m3_${part}.c`));
    const own = join(projectRoot(), "test/boards/value_stack_harness.c");
    const built = spawnSync("cc", ["-w", "-O0", `-I${wasm3}`, ...flags, "-o", program, own, ...sources], {
      encoding: "utf8",
    });
    expect(built.stderr).toBe("");
  });

  it.each(["node", "metrology"] as const)("holds the deepest chain of calls: %s", (name) => {
    const { wasm } = MODULES[name]();
    const slots = slotsOf(wasm, name, program);
    const calls = callsOf(wasm);
    expect(slots.length).toBe(calls.of.size + Math.min(...calls.of.keys()));
    const bytes = SLOT_BYTES * Math.max(...calls.exported.map((index) => deepest(index, calls, slots)));
    expect(bytes).toBeGreaterThan(1_000);
    expect(bytes + SPARE_BYTES).toBeLessThanOrEqual(constant(`${name}.c`, "VALUE_STACK_BYTES"));
  });
});
