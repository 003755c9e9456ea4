import { describe, expect, it } from "vitest";
import { availableEngines, defaultEngine, engineByName, wasm3Missing } from "../../host/engine/index.js";
import type { Instance } from "../../host/engine/engine.js";
import { CALLS_MODULE, callsImports, callsWasm } from "../wasm3/loaded.js";
import { FUNCTION, I32, MEMORY, OP, wasmModule } from "../wasm3/module_builder.js";

describe("the choice of an engine", () => {
  it("is wasm3 if it is there, else V8 with a reason", () => {
    const { engine, reason } = defaultEngine();
    expect(reason).toBe(wasm3Missing());
    expect(engine.name).toBe(reason === undefined ? "wasm3" : "v8");
    expect(availableEngines().map(({ name }) => name)).toEqual(reason === undefined ? ["v8", "wasm3"] : ["v8"]);
    expect(engineByName("v8").name).toBe("v8");
  });
});

describe.each(availableEngines())("$name", (engine) => {
  const start = (): Instance =>
    engine.instantiate(callsWasm(), { [CALLS_MODULE]: { ...callsImports, notify: () => undefined } });

  it("calls exports and imports", () => {
    const instance = start();
    expect(instance.call("add", 2 ** 31 - 1, 1)).toBe(-(2 ** 31));
    expect(instance.call("send_mixed", -1, 2n ** 62n, 3, -(2n ** 62n))).toBe(2n);
    expect(instance.call("call_notify")).toBeUndefined();
  });

  it("refuses what is no exported function", () => {
    for (const name of ["nothing", "memory", "toString", "__proto__", ""]) {
      expect(() => start().call(name)).toThrow(`the module exports no function ${name}`);
    }
  });

  it("refuses arguments in a wrong number or of a wrong type", () => {
    const instance = start();
    expect(() => instance.call("add", 1)).toThrow("add takes 2 arguments, not 1");
    expect(() => instance.call("add", 1, 2, 3)).toThrow("add takes 2 arguments, not 3");
    expect(() => instance.call("add", 1, 2n)).toThrow();
    expect(() => instance.call("echo_i64", 2)).toThrow();
  });

  it("refuses modules without their imports", () => {
    expect(() => engine.instantiate(callsWasm(), {})).toThrow(CALLS_MODULE);
    expect(() => engine.instantiate(callsWasm().subarray(0, 100), {})).toThrow();
  });

  it("lends the memory, and after growth the new one", () => {
    const wasm = wasmModule({
      types: [[[I32], [I32]]],
      functions: [[0, [OP.localGet, 0, OP.memoryGrow, 0]]],
      memory: [1, 3],
      exports: [
        ["grow", FUNCTION, 0],
        ["memory", MEMORY, 0],
      ],
    });
    const instance = engine.instantiate(wasm, {});
    instance.memory()[9] = 99;
    expect(instance.memory()).toBe(instance.memory());
    expect(instance.call("grow", 1)).toBe(1);
    expect(instance.memory().length).toBe(2 * 65536);
    expect(instance.memory()[9]).toBe(99);
    expect(instance.call("grow", 5)).toBe(-1);
    expect(instance.memory().length).toBe(2 * 65536);
  });
});
