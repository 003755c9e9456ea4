import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { setImmediate } from "node:timers/promises";
import { expect, it } from "vitest";
import type { Wasm3Instance, Wasm3Options } from "../../host/wasm3/index.js";
import { compileEntry } from "../driver/entry.js";
import { CALLS_MODULE, callsImports, callsWasm, describeWasm3, wasm3, wasm3Error } from "./loaded.js";
import { FUNCTION, I32, MEMORY, OP, wasmModule } from "./module_builder.js";

const PAGE = 65536;

/**
 * grow(pages); grow_and_ask(pages), which calls an import afterwards; recurse() without end; ask_below(depth), which
 * calls the import that many frames deep. 1 to 4 pages.
 */
const GROWING = wasmModule({
  types: [
    [[I32], [I32]],
    [[], []],
    [[I32], []],
  ],
  imports: [["host", "ask", [FUNCTION, 1]]],
  functions: [
    [0, [OP.localGet, 0, OP.memoryGrow, 0]],
    [0, [OP.localGet, 0, OP.memoryGrow, 0, OP.call, 0]],
    [1, [OP.call, 3]],
    [
      2,
      [
        OP.localGet,
        0,
        OP.if,
        OP.empty,
        OP.localGet,
        0,
        OP.i32Const,
        1,
        OP.i32Sub,
        OP.call,
        4,
        OP.else,
        OP.call,
        0,
        OP.end,
      ],
    ],
  ],
  memory: [1, 4],
  exports: [
    ["grow", FUNCTION, 1],
    ["grow_and_ask", FUNCTION, 2],
    ["recurse", FUNCTION, 3],
    ["ask_below", FUNCTION, 4],
    ["memory", MEMORY, 0],
  ],
});

function growing(ask: () => void = () => undefined, options: Wasm3Options = {}): Wasm3Instance {
  return wasm3().instantiate(GROWING, { host: { ask } }, options);
}

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

/** Finalizers of native objects run after the collection, between turns of the event loop. */
async function collectGarbage(): Promise<void> {
  for (let i = 0; i < 4; i++) {
    collect();
    await setImmediate();
  }
}

describeWasm3("the linear memory", () => {
  it("is the module's own, without a copy", () => {
    const { wasm } = compileEntry("test/engine/traps.entry.ts");
    const instance = wasm3().instantiate(wasm, { "traps.entry": { ask: () => 0 } });
    const { memory } = instance;
    expect(instance.memory).toBe(memory);
    expect(memory.length).toBe(PAGE);
    new DataView(memory.buffer).setInt32(1000, -123456, true);
    expect(instance.exports["read"]?.(1000)).toBe(-123456);
    instance.exports["write"]?.(2000, 0x0102030405060708n);
    expect([...memory.subarray(2000, 2008)]).toEqual([8, 7, 6, 5, 4, 3, 2, 1]);
  });

  it("is one view until it grows, which detaches the view and keeps the bytes", () => {
    const instance = growing();
    const before = instance.memory;
    before[7] = 77;
    expect(instance.exports["grow"]?.(0)).toBe(1);
    expect(instance.memory).toBe(before);
    expect(instance.exports["grow"]?.(2)).toBe(1);
    expect(before.length).toBe(0);
    expect(instance.memory.length).toBe(3 * PAGE);
    expect(instance.memory[7]).toBe(77);
    expect(instance.memory.subarray(PAGE).every((byte) => byte === 0)).toBe(true);
  });

  it("is up to date in an import that is called after growth", () => {
    const lengths: number[] = [];
    const instance: Wasm3Instance = growing(() => lengths.push(view.length, instance.memory.length));
    const view = instance.memory;
    instance.exports["grow_and_ask"]?.(1);
    expect(lengths).toEqual([0, 2 * PAGE]);
  });

  it("may grow in a nested call, and the stack keeps its limit", () => {
    const instance: Wasm3Instance = growing(() => expect(instance.exports["grow"]?.(1)).toBe(1), { stackBytes: 4096 });
    const deepest = (): bigint => {
      expect(wasm3Error(() => instance.exports["recurse"]?.()).kind).toBe("stack-overflow");
      return instance.gasUsed;
    };
    const before = deepest();
    instance.exports["ask_below"]?.(30);
    expect(instance.memory.length).toBe(2 * PAGE);
    expect(deepest()).toBe(before);
  });

  it("does not grow beyond its maximum, nor by a count that wraps", () => {
    const instance = growing();
    const view = instance.memory;
    for (const pages of [4, 65536, 2 ** 31, -1, -2]) expect(instance.exports["grow"]?.(pages)).toBe(-1);
    expect(instance.memory).toBe(view);
    expect(view.length).toBe(PAGE);
  });

  it("may be limited to less than a page", () => {
    const { wasm } = compileEntry("test/engine/traps.entry.ts");
    const instance = wasm3().instantiate(wasm, { "traps.entry": { ask: () => 0 } }, { memoryBytes: 5000 });
    expect(instance.memory.length).toBe(5000);
    expect(instance.exports["read"]?.(4996)).toBe(0);
    expect(wasm3Error(() => instance.exports["read"]?.(4997)).kind).toBe("out-of-bounds");
    const limited = growing(() => undefined, { memoryBytes: 5000 });
    expect(limited.exports["grow"]?.(1)).toBe(-1);
    expect(limited.memory.length).toBe(5000);
  });

  it("is empty in a module without one", () => {
    const wasm = wasmModule({ types: [[[], []]], functions: [[0, []]], exports: [["f", FUNCTION, 0]] });
    expect(wasm3().instantiate(wasm, {}).memory.length).toBe(0);
  });
});

describeWasm3("garbage collection", () => {
  const make = (): Wasm3Instance => wasm3().instantiate(callsWasm(), { [CALLS_MODULE]: callsImports });

  it("leaves a view alone whose instance is gone", async () => {
    const views = Array.from({ length: 20 }, (_, i) => make().memory.fill(i));
    await collectGarbage();
    // Whoever had the freed bytes would have written to them by now.
    Array.from({ length: 40 }, () => make().memory.fill(0xee));
    await collectGarbage();
    expect(views.every((view, i) => view.length === PAGE && view.every((byte) => byte === i))).toBe(true);
  });

  it("leaves an export alone whose instance is gone", async () => {
    const adders = Array.from({ length: 20 }, () => make().exports["send_i32"]);
    await collectGarbage();
    expect(adders.map((send, i) => send?.(i))).toEqual(adders.map((_, i) => i));
  });

  it("takes an instance whose imports refer to it", async () => {
    const cycle = (): WeakRef<Wasm3Instance> => {
      const instance: Wasm3Instance = wasm3().instantiate(callsWasm(), {
        [CALLS_MODULE]: { ...callsImports, notify: () => instance.memory.fill(1) },
      });
      instance.exports["call_notify"]?.();
      return new WeakRef(instance);
    };
    const references = Array.from({ length: 10 }, cycle);
    await collectGarbage();
    expect(references.filter((reference) => reference.deref() !== undefined)).toEqual([]);
  });

  it("gives memory back", async () => {
    const churn = async (rounds: number): Promise<number> => {
      for (let i = 0; i < rounds; i++) {
        const instance = make();
        instance.memory.fill(1);
        wasm3Error(() => instance.exports["add"]?.(1));
        expect(() => wasm3().instantiate(callsWasm(), { [CALLS_MODULE]: {} })).toThrow("is not a function");
        if (i % 100 === 99) await collectGarbage();
      }
      return process.memoryUsage.rss();
    };
    const settled = await churn(600);
    // 600 instances of 64 KiB memory and 64 KiB stack each would be 80 MB.
    expect((await churn(600)) - settled).toBeLessThan(30e6);
  });
});
