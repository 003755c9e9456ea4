import { expect, it } from "vitest";
import type { Wasm3Imports } from "../../host/wasm3/index.js";
import { CALLS_MODULE, callsImports, callsWasm, describeWasm3, wasm3, wasm3Error } from "./loaded.js";
import { FUNCTION, GLOBAL, I32, I64, MEMORY, OP, TABLE, V128, wasmModule } from "./module_builder.js";

/** [code, message] of the error that instantiating throws. */
function refusal(wasm: Uint8Array, imports: Wasm3Imports = {}): [string, string] {
  const error = wasm3Error(() => wasm3().instantiate(wasm, imports));
  return [error.code, error.message];
}

describeWasm3("modules that are not valid are refused", () => {
  it("whatever is wrong with them", () => {
    const good = callsWasm();
    const imports = { [CALLS_MODULE]: callsImports };
    expect(wasm3().instantiate(good, imports).exports["add"]?.(1, 2)).toBe(3);
    const broken = [new Uint8Array(0), good.subarray(0, good.length - 1), good.map((byte, i) => (i === 4 ? 2 : byte))];
    for (const wasm of broken) expect(refusal(wasm, imports)).toEqual(["INVALID", "not a valid WebAssembly module"]);
  });

  it("or with the bytes' type", () => {
    for (const wasm of ["text", [0, 97], undefined]) {
      expect(() => wasm3().instantiate(wasm as unknown as Uint8Array, {})).toThrow();
    }
  });

  it("though every bit of a good one is flipped in turn, the process lives", () => {
    const good = callsWasm();
    const imports = { [CALLS_MODULE]: callsImports };
    let valid = 0;
    for (let bit = 0; bit < good.length * 8; bit += 3) {
      const wasm = Uint8Array.from(good);
      wasm[bit >> 3] = (wasm[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      try {
        const instance = wasm3().instantiate(wasm, imports, { gas: 1000 });
        valid++;
        instance.exports["send_mixed"]?.(1, 2n, 3, 4n);
      } catch (error) {
        expect(error).toBeInstanceOf(Error);
      }
    }
    expect(valid).toBeGreaterThan(50);
  });
});

describeWasm3("imports that do not fit are refused by name", () => {
  it("if they are missing or no functions", () => {
    const { mix, ...rest } = callsImports;
    expect(mix).toBeDefined();
    const message = `import ${CALLS_MODULE}.mix is not a function`;
    expect(refusal(callsWasm(), { [CALLS_MODULE]: rest })).toEqual(["LINK", message]);
    const odd = { ...callsImports, mix: 5 } as unknown as typeof callsImports;
    expect(refusal(callsWasm(), { [CALLS_MODULE]: odd })).toEqual(["LINK", message]);
    expect(refusal(callsWasm())[1]).toContain(`import ${CALLS_MODULE}.`);
  });

  it("with what a getter threw", () => {
    const imports = {
      get [CALLS_MODULE](): never {
        throw new Error("not today");
      },
    };
    expect(() => wasm3().instantiate(callsWasm(), imports)).toThrow("not today");
  });

  it.each([
    ["memory", [MEMORY, 0, 1]],
    ["global", [GLOBAL, I32, 0]],
    ["table", [TABLE, 0x70, 0, 1]],
  ])("if the module wants a %s", (kind, what) => {
    const wasm = wasmModule({ types: [], imports: [["outer", "thing", what]] });
    expect(refusal(wasm)).toEqual(["UNSUPPORTED", `import outer.thing is a ${kind}; wasm3 can import functions only`]);
  });

  it("if they have more results than one", () => {
    const wasm = wasmModule({ types: [[[], [I32, I32]]], imports: [["outer", "pair", [FUNCTION, 0]]] });
    const imports = { outer: { pair: () => [1, 2] } };
    expect(refusal(wasm, imports)).toEqual(["UNSUPPORTED", "import outer.pair has more than one result"]);
  });
});

describeWasm3("what wasm3 lacks is refused before anything runs", () => {
  it.each([
    ["SIMD in a body", [[], []], [0xfd, 0x0c, ...new Array<number>(16).fill(0), OP.drop]],
    ["SIMD in a signature", [[V128], []], []],
    ["tail calls", [[], []], [0x12, 0x00]],
    ["memory.init", [[], []], [0x41, 0, 0x41, 0, 0x41, 0, 0xfc, 0x08, 0, 0]],
  ])("%s", (_, type, body) => {
    let ran = false;
    const wasm = wasmModule({
      types: [type as [number[], number[]], [[], []]],
      imports: [["outer", "run", [FUNCTION, 1]]],
      functions: [
        [0, body],
        [1, [OP.call, 0]],
      ],
      memory: [1, 1],
      start: 2,
    });
    const [code] = refusal(wasm, {
      outer: {
        run: () => {
          ran = true;
        },
      },
    });
    expect(["UNSUPPORTED", "PARSE", "INVALID"]).toContain(code);
    expect(ran).toBe(false);
  });

  it("passive data, misplaced data, long signatures", () => {
    const module = { types: [], memory: [1, 1] } as const;
    expect(refusal(wasmModule({ ...module, data: [1, 1, 2, 65, 66] }))[0]).toMatch(/UNSUPPORTED|PARSE/);
    const beyond = [1, 0, OP.i32Const, 0xff, 0xff, 0x03, OP.end, 2, 1, 2];
    expect(refusal(wasmModule({ ...module, data: beyond }))).toEqual([
      "LINK",
      "cannot load the module: data segment out of bounds",
    ]);
    const many = Array.from({ length: 33 }, () => I64);
    const wide = wasmModule({ types: [[many, []]], functions: [[0, []]], exports: [["wide", FUNCTION, 0]] });
    expect(refusal(wide)).toEqual(["UNSUPPORTED", "function wide has more than 32 parameters or results"]);
  });
});

describeWasm3("the rest of the format is honoured", () => {
  it("the start function runs once, imports linked", () => {
    let runs = 0;
    const wasm = wasmModule({
      types: [[[], []]],
      imports: [["outer", "run", [FUNCTION, 0]]],
      functions: [
        [0, [OP.call, 0]],
        [0, []],
      ],
      exports: [["nothing", FUNCTION, 2]],
      start: 1,
    });
    const imports = { outer: { run: () => void runs++ } };
    const instance = wasm3().instantiate(wasm, imports);
    instance.exports["nothing"]?.();
    instance.exports["nothing"]?.();
    expect(runs).toBe(1);
  });

  it("an exception in the start function is the caller's", () => {
    const wasm = wasmModule({
      types: [[[], []]],
      imports: [["outer", "run", [FUNCTION, 0]]],
      functions: [[0, [OP.call, 0]]],
      start: 1,
    });
    const run = (): void => {
      throw new TypeError("not ready");
    };
    expect(() => wasm3().instantiate(wasm, { outer: { run } })).toThrow(new TypeError("not ready"));
  });

  it("several results come as an array, one function under several names as several exports", () => {
    const names = ["a", "b", "c", "d", "e"];
    const wasm = wasmModule({
      types: [
        [
          [I32, I64],
          [I64, I32],
        ],
      ],
      functions: [[0, [OP.localGet, 1, OP.localGet, 0]]],
      exports: names.map((name) => [name, FUNCTION, 0] as const),
    });
    const instance = wasm3().instantiate(wasm, {});
    expect(Object.keys(instance.exports)).toEqual(names);
    for (const name of names) expect(instance.exports[name]?.(-3, 2n ** 40n)).toEqual([2n ** 40n, -3]);
  });

  it("the bytes may be changed afterwards", () => {
    const wasm = Uint8Array.from(callsWasm());
    const instance = wasm3().instantiate(wasm, { [CALLS_MODULE]: callsImports });
    wasm.fill(0xff);
    expect(instance.exports["send_mixed"]?.(1, 2n, 3, 4n)).toBe(10n);
  });
});
