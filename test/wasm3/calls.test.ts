import { expect, it } from "vitest";
import type { Wasm3Instance } from "../../host/wasm3/index.js";
import { CALLS_MODULE, callsImports, callsWasm, describeWasm3, wasm3, wasm3Error } from "./loaded.js";

function start(imports: Partial<Record<keyof typeof callsImports, (...args: never[]) => unknown>> = {}): Wasm3Instance {
  return wasm3().instantiate(callsWasm(), { [CALLS_MODULE]: { ...callsImports, ...imports } });
}

/** Calls an export that must be there. */
function call(instance: Wasm3Instance, name: string, ...args: (number | bigint)[]): unknown {
  const callee = instance.exports[name];
  if (callee === undefined) throw new Error(`no export ${name}`);
  return callee(...args);
}

const I32_VALUES = [0, 1, -1, 2 ** 31 - 1, -(2 ** 31)];
const I64_VALUES = [0n, 1n, -1n, 2n ** 53n + 1n, 2n ** 63n - 1n, -(2n ** 63n)];

describeWasm3("values cross the border unharmed", () => {
  it("i32 as number, in and out of exports and imports", () => {
    const seen: number[] = [];
    const instance = start({ receive_i32: (value: number) => (seen.push(value), value) });
    for (const value of I32_VALUES) {
      expect(call(instance, "echo_i32", value)).toBe(value);
      expect(call(instance, "send_i32", value)).toBe(value);
    }
    expect(seen).toEqual(I32_VALUES);
  });

  it("i64 as bigint, in and out of exports and imports", () => {
    const seen: bigint[] = [];
    const instance = start({ receive_i64: (value: bigint) => (seen.push(value), value) });
    for (const value of I64_VALUES) {
      expect(call(instance, "echo_i64", value)).toBe(value);
      expect(call(instance, "send_i64", value)).toBe(value);
    }
    expect(seen).toEqual(I64_VALUES);
  });

  it("unsigned readings of the same bits, which come back signed", () => {
    const instance = start({ receive_i32: () => 0xffff_fffe, receive_i64: () => 2n ** 64n - 2n });
    expect(call(instance, "echo_i32", 2 ** 32 - 1)).toBe(-1);
    expect(call(instance, "echo_i64", 2n ** 64n - 1n)).toBe(-1n);
    expect(call(instance, "send_i32", 0)).toBe(-2);
    expect(call(instance, "send_i64", 0n)).toBe(-2n);
  });

  it("floats, f32 rounded", () => {
    const instance = start();
    expect(call(instance, "echo_f64", Math.PI)).toBe(Math.PI);
    expect(call(instance, "echo_f32", Math.PI)).toBe(Math.fround(Math.PI));
    expect(call(instance, "echo_f64", NaN)).toBeNaN();
    expect(call(instance, "echo_f64", -0)).toBe(-0);
  });

  it("mixed arguments in their order", () => {
    const seen: unknown[] = [];
    const instance = start({ mix: (...args: (number | bigint)[]) => (seen.push(...args), -5n) });
    expect(call(instance, "send_mixed", -1, 2n ** 62n, 3, -(2n ** 62n))).toBe(-5n);
    expect(seen).toEqual([-1, 2n ** 62n, 3, -(2n ** 62n)]);
  });

  it("nothing as undefined", () => {
    expect(call(start(), "call_notify")).toBeUndefined();
  });

  it("an import that is exported again can be called", () => {
    expect(call(start({ mix: () => 77n }), "mix", 1, 2n, 3, 4n)).toBe(77n);
  });
});

describeWasm3("the module's interface is listed", () => {
  it("imports and exports with kinds and signatures", () => {
    const instance = start();
    expect(instance.importList).toContainEqual({
      module: CALLS_MODULE,
      name: "mix",
      kind: "function",
      params: ["i32", "i64", "i32", "i64"],
      results: ["i64"],
    });
    expect(instance.importList.map(({ name }) => name).sort()).toEqual(Object.keys(callsImports).sort());
    expect(instance.exportList).toContainEqual({
      name: "echo_f32",
      kind: "function",
      params: ["f32"],
      results: ["f32"],
    });
    expect(instance.exportList).toContainEqual({ name: "call_notify", kind: "function", params: [], results: [] });
    expect(instance.exportList).toContainEqual({ name: "memory", kind: "memory" });
    const functions = instance.exportList.filter(({ kind }) => kind === "function").map(({ name }) => name);
    expect(Object.keys(instance.exports)).toEqual(functions);
    expect(instance.codeBytes).toBeGreaterThan(400);
  });
});

describeWasm3("wrong arguments are refused by name", () => {
  it.each<[string, string, unknown[]]>([
    ["add takes 2 arguments, not 1", "add", [1]],
    ["add takes 2 arguments, not 3", "add", [1, 2, 3]],
    ["argument 2 of add is a string, which is not an i32", "add", [1, "2"]],
    ["argument 2 of add is 1.5, which is not an i32", "add", [1, 1.5]],
    ["argument 1 of add is NaN, which is not an i32", "add", [NaN, 1]],
    ["argument 1 of add is 4294967296, which is not an i32", "add", [2 ** 32, 1]],
    ["argument 1 of add is -2147483649, which is not an i32", "add", [-(2 ** 31) - 1, 1]],
    ["argument 1 of add is undefined, which is not an i32", "add", [undefined, 1]],
    ["argument 1 of add is a bigint, which is not an i32", "add", [1n, 1]],
    ["argument 1 of echo_i64 is 1, which is not an i64", "echo_i64", [1]],
    ["argument 1 of echo_i64 is a bigint, which is not an i64", "echo_i64", [2n ** 64n]],
    ["argument 1 of echo_i64 is a bigint, which is not an i64", "echo_i64", [-(2n ** 63n) - 1n]],
  ])("%s", (message, name, args) => {
    const instance = start();
    const error = wasm3Error(() => call(instance, name, ...(args as number[])));
    expect(error.code).toBe("ARGUMENT");
    expect(error.message).toBe(message);
    expect(call(instance, "add", 1, 2)).toBe(3);
  });

  it("also where an import returns them", () => {
    const instance = start({ receive_i32: () => undefined, receive_i64: () => 5 });
    expect(wasm3Error(() => call(instance, "send_i32", 1)).message).toBe(
      `import ${CALLS_MODULE}.receive_i32 returned undefined, which is not an i32`,
    );
    expect(wasm3Error(() => call(instance, "send_i64", 1n)).message).toBe(
      `import ${CALLS_MODULE}.receive_i64 returned 5, which is not an i64`,
    );
    expect(call(instance, "add", 1, 2)).toBe(3);
  });
});

describeWasm3("exceptions of imports", () => {
  it("reach the caller as they were thrown, and the instance goes on", () => {
    const thrown: unknown[] = [new RangeError("from the host"), "a bare string", undefined, { an: "object" }];
    for (const value of thrown) {
      const instance = start({
        notify: () => {
          throw value;
        },
      });
      let caught: unknown = "nothing";
      try {
        call(instance, "around_notify", 5n, 6);
      } catch (error) {
        caught = error;
      }
      expect(caught).toBe(value);
      expect(call(instance, "get_kept")).toBe(21n);
      expect(call(instance, "add", 1, 2)).toBe(3);
    }
  });
});

describeWasm3("imports may call back", () => {
  it("into the same instance, without harm to the frames under way", () => {
    const instance: Wasm3Instance = start({
      notify: () => {
        expect(call(instance, "send_mixed", 1, 2n, 3, 4n)).toBe(10n);
        expect(call(instance, "add", 20, 22)).toBe(42);
      },
    });
    // 3a + b = 21, kept likewise: 21 + 5 - 6 + 21
    expect(call(instance, "around_notify", 5n, 6)).toBe(41n);
  });

  it("into the same instance, level after level", () => {
    const instance: Wasm3Instance = start({ receive_i32: (level: number) => call(instance, "descend", level) });
    expect(call(instance, "descend", 100)).toBe(5050);
    expect(call(instance, "descend", 100)).toBe(5050);
  });

  it("into another instance and from there back", () => {
    const first: Wasm3Instance = start({ receive_i32: (level: number) => call(second, "descend", level) });
    const second: Wasm3Instance = start({ receive_i32: (level: number) => call(first, "descend", level) });
    expect(call(first, "descend", 60)).toBe(1830);
  });

  it("and survive what the inner call throws", () => {
    const instance: Wasm3Instance = start({
      receive_i32: () => {
        throw new Error("stop");
      },
      notify: () => {
        expect(() => call(instance, "send_i32", 1)).toThrow("stop");
      },
    });
    expect(call(instance, "around_notify", 5n, 6)).toBe(41n);
  });
});
