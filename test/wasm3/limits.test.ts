import { Worker } from "node:worker_threads";
import { join } from "node:path";
import { expect, it } from "vitest";
import { projectRoot } from "../../host/root.js";
import type { Wasm3Instance, Wasm3Options } from "../../host/wasm3/index.js";
import { compileEntry } from "../driver/entry.js";
import { CALLS_MODULE, callsImports, callsWasm, describeWasm3, wasm3, wasm3Error } from "./loaded.js";
import { FUNCTION, I64, OP, wasmModule } from "./module_builder.js";

const trapsWasm = (): Uint8Array => compileEntry("test/engine/traps.entry.ts").wasm;

function traps(options: Wasm3Options, ask: (level: number) => unknown = () => 0): Wasm3Instance {
  return wasm3().instantiate(trapsWasm(), { "traps.entry": { ask } }, options);
}

function calls(options: Wasm3Options, imports: Record<string, (...args: never[]) => unknown> = {}): Wasm3Instance {
  return wasm3().instantiate(callsWasm(), { [CALLS_MODULE]: { ...callsImports, ...imports } }, options);
}

function gasOf(instance: Wasm3Instance, name: string, ...args: (number | bigint)[]): bigint {
  instance.exports[name]?.(...args);
  return instance.gasUsed;
}

describeWasm3("gas", () => {
  it("is one for a function entry and one for each turn of a loop", () => {
    const instance = calls({});
    expect(gasOf(instance, "echo_i32", 5)).toBe(1n);
    const none = gasOf(instance, "call_notify_times", 0);
    for (const turns of [1, 2, 1000]) {
      expect(gasOf(instance, "call_notify_times", turns)).toBe(none + BigInt(turns));
    }
    // Each level below the first is one more entry.
    expect(gasOf(traps({}), "recurse", 50) - gasOf(traps({}), "recurse", 20)).toBe(30n);
  });

  it("is the same in every run and instance, limited or not", () => {
    const first = traps({});
    const expected = gasOf(first, "spin", 777);
    expect(expected).toBeGreaterThan(776n);
    for (const instance of [first, traps({}), traps({ gas: 5000 }), traps({ gas: 5000n, stackBytes: 4096 })]) {
      expect(gasOf(instance, "spin", 777)).toBe(expected);
    }
  });

  it("suffices to the unit, for every call anew, and stops an endless loop", () => {
    const needed = gasOf(traps({}), "spin", 100);
    const enough = traps({ gas: needed });
    for (let i = 0; i < 3; i++) expect(enough.exports["spin"]?.(100)).toBe(0);

    const short = traps({ gas: needed - 1n });
    const error = wasm3Error(() => short.exports["spin"]?.(100));
    expect([error.code, error.kind, error.message]).toEqual(["TRAP", "gas-exhausted", "gas exhausted"]);
    expect(short.gasUsed).toBe(needed - 1n);
    expect(short.exports["spin"]?.(50)).toBe(0);

    const endless = traps({ gas: 1_000_000 });
    expect(wasm3Error(() => endless.exports["forever"]?.()).kind).toBe("gas-exhausted");
    expect(endless.gasUsed).toBe(1_000_000n);
  });

  it("of 0 lets nothing run", () => {
    expect(wasm3Error(() => calls({ gas: 0 }).exports["echo_i32"]?.(1)).kind).toBe("gas-exhausted");
  });

  it("of one call is shared with the calls its imports make", () => {
    const make = (gas: number): Wasm3Instance => {
      const instance = calls({ gas }, { receive_i32: (level: number) => instance.exports["descend"]?.(level) });
      return instance;
    };
    // One entry for each of 11 levels.
    const enough = make(11);
    expect(enough.exports["descend"]?.(10)).toBe(55);
    expect(enough.gasUsed).toBe(11n);
    expect(wasm3Error(() => make(10).exports["descend"]?.(10)).kind).toBe("gas-exhausted");
  });

  it("is each instance's own, however their calls nest", () => {
    const inner = traps({ gas: 1000 });
    const outer = calls({ gas: 20 }, { notify: () => inner.exports["spin"]?.(500) });
    outer.exports["call_notify_times"]?.(10);
    expect(outer.gasUsed).toBeLessThan(20n);
    expect(inner.gasUsed).toBeGreaterThan(499n);
    expect(wasm3Error(() => outer.exports["call_notify_times"]?.(30)).kind).toBe("gas-exhausted");
    expect(inner.exports["spin"]?.(900)).toBe(0);
  });

  it("also bounds the start function", () => {
    const spinner = wasmModule({
      types: [[[], []]],
      functions: [[0, [0x03, 0x40, 0x0c, 0x00, OP.end]]], // loop br 0 end
      start: 0,
    });
    expect(wasm3Error(() => wasm3().instantiate(spinner, {}, { gas: 100 })).kind).toBe("gas-exhausted");
  });
});

describeWasm3("the wasm stack", () => {
  it("ends a recursion, at a depth that goes by its size", () => {
    const deepest = (stackBytes: number): number => {
      const instance = traps({ stackBytes });
      let depth = 1;
      while (depth < 1e6) {
        try {
          instance.exports["recurse"]?.(depth);
        } catch {
          expect(wasm3Error(() => instance.exports["recurse"]?.(depth)).kind).toBe("stack-overflow");
          return depth;
        }
        depth *= 2;
      }
      return depth;
    };
    const small = deepest(1024);
    expect(small).toBeLessThan(128);
    expect(deepest(16 * 1024)).toBeGreaterThanOrEqual(8 * small);
  });

  it("is not overrun by the arguments of the call that no longer fits", () => {
    // Recurses with 30 arguments until the stack ends: they are written before wasm3 looks whether they fit.
    const many = Array.from({ length: 30 }, () => I64);
    const body = [...many.flatMap((_, i) => [OP.localGet, i]), OP.call, 0];
    const wasm = wasmModule({ types: [[many, []]], functions: [[0, body]], exports: [["f", FUNCTION, 0]] });
    const args = many.map((_, i) => BigInt(i));
    for (let stackBytes = 256; stackBytes < 8192; stackBytes += 8) {
      const instance = wasm3().instantiate(wasm, {}, { stackBytes });
      expect(wasm3Error(() => instance.exports["f"]?.(...args)).kind).toBe("stack-overflow");
    }
  });
});

describeWasm3("the native stack", () => {
  const endless: Wasm3Options = { stackBytes: 64 * 1024 * 1024 };

  it("ends a recursion before the thread's stack does", () => {
    for (const nativeStackBytes of [16 * 1024, 256 * 1024, 2 ** 31]) {
      const instance = traps({ ...endless, nativeStackBytes });
      const error = wasm3Error(() => instance.exports["recurse"]?.(1e7));
      expect([error.kind, error.message]).toEqual(["native-stack-exhausted", "native stack exhausted"]);
      expect(instance.exports["recurse"]?.(10)).toBe(10);
    }
  });

  it("is deeper the more is allowed", () => {
    const depth = (nativeStackBytes: number): bigint => {
      const instance = traps({ ...endless, nativeStackBytes });
      wasm3Error(() => instance.exports["recurse"]?.(1e7));
      return instance.gasUsed;
    };
    expect(depth(200 * 1024)).toBeGreaterThan(depth(100 * 1024) + 100n);
  });

  it("of a worker is respected as well", async () => {
    const script = `
      const { parentPort, workerData } = require("node:worker_threads");
      const { Instance } = require(workerData.addon);
      const imports = { "traps.entry": { ask: () => 0 } };
      const instance = new Instance(workerData.wasm, imports, { stackBytes: 64 << 20, nativeStackBytes: 2 ** 31 });
      try { instance.exports.recurse(1e7); parentPort.postMessage("returned"); }
      catch (error) { parentPort.postMessage(error.kind); }`;
    const addon = join(projectRoot(), "host/wasm3/build/Release/wasm3.node");
    const worker = new Worker(script, { eval: true, workerData: { addon, wasm: trapsWasm() } });
    const message = await new Promise((resolve, reject) => worker.once("message", resolve).once("error", reject));
    await worker.terminate();
    expect(message).toBe("native-stack-exhausted");
  });

  it("is shared by nested calls", () => {
    const instance: Wasm3Instance = calls(
      { nativeStackBytes: 64 * 1024 },
      { receive_i32: (level: number) => instance.exports["descend"]?.(level) },
    );
    expect(instance.exports["descend"]?.(10)).toBe(55);
    expect(wasm3Error(() => instance.exports["descend"]?.(10_000)).kind).toBe("native-stack-exhausted");
  });
});

describeWasm3("options out of range are refused by name", () => {
  it.each(["stackBytes", "memoryBytes", "nativeStackBytes", "gas"] as const)("%s", (name) => {
    for (const value of [-1, NaN, 1.5, "7", null, -1n]) {
      const error = wasm3Error(() => calls({ [name]: value } as unknown as Wasm3Options));
      expect(error.code).toBe("ARGUMENT");
      expect(error.message).toContain(name);
    }
  });
});
