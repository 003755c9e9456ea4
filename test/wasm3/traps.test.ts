import { expect, it } from "vitest";
import { Wasm3Error, type Wasm3Instance } from "../../host/wasm3/index.js";
import { compileEntry } from "../driver/entry.js";
import { describeWasm3, wasm3, wasm3Error } from "./loaded.js";

function start(ask: (level: number) => unknown = () => 0): Wasm3Instance {
  const { wasm } = compileEntry("test/engine/traps.entry.ts");
  return wasm3().instantiate(wasm, { "traps.entry": { ask } });
}

describeWasm3("a trap", () => {
  it.each<[string, string, string, (number | bigint)[]]>([
    ["unreachable", "unreachable executed", "reach", [7]],
    ["out-of-bounds", "out of bounds memory access", "read", [-4]],
    ["divide-by-zero", "integer divide by zero", "divide", [1, 0]],
    ["integer-overflow", "integer overflow", "divide", [-(2 ** 31), -1]],
    ["undefined-element", "undefined element", "indirect", [99]],
    ["null-element", "null table element", "indirect", [0]],
    ["indirect-call-type", "indirect call type mismatch", "mismatch", [1]],
    ["stack-overflow", "stack overflow", "recurse", [1e8]],
  ])("%s is told by kind, words and frames", (kind, message, name, args) => {
    const instance = start();
    const error = wasm3Error(() => instance.exports[name]?.(...args));
    expect(error).toBeInstanceOf(Wasm3Error);
    expect([error.name, error.code, error.kind, error.message]).toEqual(["Wasm3Error", "TRAP", kind, message]);
    expect(error.frames?.[0]).toEqual({ index: expect.any(Number), name, offset: expect.any(Number) });
    expect(error.stack).toContain("traps.test.ts");
  });

  it("has a frame for each call, up to fifty", () => {
    const depth = (levels: number): number | undefined =>
      wasm3Error(() => start().exports["chain"]?.(levels, -1)).frames?.length;
    expect([depth(0), depth(5), depth(49), depth(200)]).toEqual([1, 6, 50, 50]);
  });

  it("leaves nothing behind for the next one", () => {
    const instance: Wasm3Instance = start(() => {
      expect(wasm3Error(() => instance.exports["chain"]?.(3, -1)).frames?.length).toBe(4);
      throw new Error("after a trap of its own");
    });
    const first = wasm3Error(() => instance.exports["chain"]?.(1, -1));
    expect(() => instance.exports["through_host"]?.(1)).toThrow("after a trap of its own");
    const second = wasm3Error(() => instance.exports["chain"]?.(1, -1));
    expect(second.frames).toEqual(first.frames);
  });
});
