import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { Trap, type Instance } from "../../host/engine/engine.js";
import { availableEngines } from "../../host/engine/index.js";
import { wasm3Engine } from "../../host/engine/wasm3.js";
import { projectRoot } from "../../host/root.js";
import type { Wasm3Options } from "../../host/wasm3/index.js";
import { compileEntry } from "../driver/entry.js";
import { describeWasm3, wasm3 } from "../wasm3/loaded.js";

const ENTRY = "test/engine/traps.entry.ts";
const MODULE = "traps.entry";
const source = readFileSync(join(projectRoot(), ENTRY), "utf8").split("\n");

/** "file:line" of the line marked with this comment. */
function marked(mark: string): string {
  const line = source.findIndex((text) => text.endsWith(`// trap: ${mark}`));
  if (line < 0) throw new Error(`no line of ${ENTRY} is marked ${mark}`);
  return `${ENTRY}:${line + 1}`;
}

type Call = readonly [string, ...(number | bigint)[]];

function trapOf(instance: Instance, [name, ...args]: Call): Trap {
  try {
    instance.call(name, ...args);
  } catch (error) {
    if (error instanceof Trap) return error;
    throw error;
  }
  throw new Error(`${name} did not trap`);
}

const withoutColumns = (message: string): string => message.replace(/(\.ts:\d+):\d+/g, "$1");

/** What traps, its cause, and the lines: the innermost first, then its callers. */
const TRAPS: readonly (readonly [call: Call, cause: string, lines: readonly string[]])[] = [
  [["reach", 7], "unreachable executed", ["unreachable"]],
  [["checked", 10], "unreachable executed", ["assert"]],
  [["read", -1], "out of bounds memory access", ["read"]],
  [["read", 65533], "out of bounds memory access", ["read"]],
  [["write", 65529, 1n], "out of bounds memory access", ["write"]],
  [["divide", 1, 0], "integer divide by zero", ["divide"]],
  [["divide", -(2 ** 31), -1], "integer overflow", ["divide"]],
  [["remainder", 1n, 0n], "integer divide by zero", ["remainder"]],
  [["indirect", 99], "undefined element", ["indirect"]],
  [["indirect", 0], "null function or signature mismatch", ["indirect"]],
  [["mismatch", 1], "null function or signature mismatch", ["mismatch"]],
  [["spin", 70000], "out of bounds memory access", ["spin"]],
  [["chain", 0, -1], "out of bounds memory access", ["chain end"]],
  [["chain", 2, -1], "out of bounds memory access", ["chain end", "chain link", "chain link"]],
  [["recurse", 1e8], "stack overflow", ["recurse", "recurse", "recurse", "recurse", "recurse"]],
];

describe.each(availableEngines())("on $name", (engine) => {
  const { wasm, sourceMap } = compileEntry(ENTRY);
  const start = (ask: (level: number) => number = () => 0, map: string | undefined = sourceMap): Instance =>
    engine.instantiate(wasm, { [MODULE]: { ask } }, map);

  it.each(TRAPS)("%o traps: %s, line %o", (call, cause, lines) => {
    const [innermost = "", ...callers] = lines;
    const from = callers.length > 0 ? ` (called from ${callers.map(marked).join(", ")})` : "";
    const instance = start();
    expect(withoutColumns(trapOf(instance, call).message)).toBe(`${cause} at ${marked(innermost)}${from}`);
    // A trap ends the call and nothing else.
    expect(instance.call("divide", 84, 2)).toBe(42);
  });

  it("what does not trap does not throw", () => {
    const instance = start();
    expect(instance.call("reach", 8)).toBe(8);
    expect(instance.call("checked", 9)).toBe(10);
    expect(instance.call("read", 65532)).toBe(0);
    expect(instance.call("spin", 65536)).toBe(instance.memory().reduce((sum, byte) => sum + byte, 0));
    expect(instance.call("chain", 3, 0)).toBe(7);
    const index = instance.call("table_entry") as number;
    expect(index).toBe(1);
    expect(instance.call("indirect", index)).toBe(index);
    expect(instance.call("mismatch", instance.call("other_entry") as number)).toBe(index);
  });

  it("names the inner call's line when an import's call traps", () => {
    const instance: Instance = start(() => instance.call("divide", 1, 0) as number);
    expect(trapOf(instance, ["through_host", 1]).message).toMatch(`integer divide by zero at ${marked("divide")}:`);
  });

  it("passes an import's exception on as it is, a RangeError too", () => {
    const thrown = new RangeError("Maximum call stack size exceeded");
    const instance = start(() => {
      throw thrown;
    });
    expect(() => instance.call("through_host", 1)).toThrow(thrown);
    let caught: unknown;
    try {
      instance.call("through_host", 1);
    } catch (error) {
      caught = error;
    }
    expect(caught).toBe(thrown);
  });

  it("names function and offset without a source map", () => {
    const instance = engine.instantiate(wasm, { [MODULE]: { ask: () => 0 } });
    expect(trapOf(instance, ["divide", 1, 0]).message).toMatch(
      /^integer divide by zero at wasm-function\[\d+\]:0x[0-9a-f]+$/,
    );
  });
});

describeWasm3("V8 and wasm3 agree to the byte", () => {
  it.each(TRAPS)("on where %o traps: %s", (call) => {
    const { wasm, sourceMap } = compileEntry(ENTRY);
    for (const map of [sourceMap, undefined]) {
      const messages = availableEngines().map((engine) =>
        trapOf(engine.instantiate(wasm, { [MODULE]: { ask: () => 0 } }, map), call),
      );
      expect(messages.length).toBe(2);
      expect(messages[1]?.message).toBe(messages[0]?.message);
    }
  });
});

describeWasm3("limits that only wasm3 has", () => {
  const limited = (options: Wasm3Options): Instance => {
    const { wasm, sourceMap } = compileEntry(ENTRY);
    return wasm3Engine(wasm3(), options).instantiate(wasm, { [MODULE]: { ask: () => 0 } }, sourceMap);
  };

  it("gas, with the line of the loop", () => {
    expect(withoutColumns(trapOf(limited({ gas: 500 }), ["spin", 1000]).message)).toMatch(
      `gas exhausted at ${ENTRY}:${Number(marked("spin").split(":")[1])}`,
    );
  });

  it("native stack, with the line of the call", () => {
    const instance = limited({ stackBytes: 1 << 24, nativeStackBytes: 1 << 15 });
    expect(withoutColumns(trapOf(instance, ["recurse", 1e6]).message)).toContain(
      `(called from ${marked("recurse")}, ${marked("recurse")}`,
    );
  });
});
