import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { WasmReader } from "../../host/engine/wasm_reader.js";
import type { FunctionSignature } from "../../host/engine/abi.js";
import { EXPORTS, IMPORTS, IMPORT_MODULE } from "../../host/metrology/abi.js";
import { readMetrology } from "../../host/metrology/module.js";
import { projectRoot } from "../../host/root.js";

type Signatures = Readonly<Record<string, FunctionSignature>>;

const read = (path: string): string => readFileSync(join(projectRoot(), path), "utf8");

/** AssemblyScript types as they cross the boundary of a 32-bit module. */
const WASM_TYPE: Readonly<Record<string, "i32" | "i64">> = {
  i32: "i32",
  u32: "i32",
  usize: "i32",
  i64: "i64",
  u64: "i64",
};

/** Signatures of the functions that a source file declares with the given keyword. */
function declared(source: string, keyword: string): Record<string, FunctionSignature> {
  const pattern = new RegExp(`^export ${keyword} (\\w+)\\(([^)]*)\\): (\\w+)`, "gm");
  const functions = [...source.matchAll(pattern)].map(([, name = "", parameters = "", result = ""]) => {
    const params = parameters
      .split(",")
      .filter((parameter) => parameter.trim() !== "")
      .map((parameter) => WASM_TYPE[parameter.split(":")[1]?.trim() ?? ""]);
    return [name, { params, result: WASM_TYPE[result] }] as const;
  });
  return Object.fromEntries(functions) as Record<string, FunctionSignature>;
}

/** Signatures of a module's functions, which WebAssembly.Module does not list. */
function wasmFunctions(wasm: Uint8Array): { imports: Signatures; exports: Signatures } {
  const reader = new WasmReader(wasm);
  const valueType = (): "i32" | "i64" => {
    const code = reader.byte();
    if (code !== 0x7f && code !== 0x7e) throw new Error(`value type ${code}`);
    return code === 0x7f ? "i32" : "i64";
  };
  const types: FunctionSignature[] = [];
  const functions: FunctionSignature[] = [];
  const imports: Record<string, FunctionSignature> = {};
  const exports: Record<string, FunctionSignature> = {};
  const at = (list: FunctionSignature[], index: number): FunctionSignature => list[index] ?? expect.fail(`no ${index}`);
  reader.sections((section) => {
    if (section === 1) {
      reader.list(() => {
        reader.byte(); // 0x60, a function type
        const params = reader.list(valueType);
        const [result] = reader.list(valueType);
        types.push({ params, result });
      });
    } else if (section === 2) {
      reader.list(() => {
        expect(reader.name()).toBe(IMPORT_MODULE);
        const field = reader.name();
        expect(reader.byte(), `${field} is a function`).toBe(0);
        imports[field] = at(types, reader.u32());
        functions.push(imports[field]);
      });
    } else if (section === 3) {
      reader.list(() => functions.push(at(types, reader.u32())));
    } else if (section === 7) {
      reader.list(() => {
        const field = reader.name();
        const kind = reader.byte();
        const index = reader.u32();
        if (kind === 0) exports[field] = at(functions, index);
        else expect(field).toBe("memory");
      });
    }
  });
  return { imports, exports };
}

/** X(name, "i(iI)") lines of a list in the C table, in wasm3's letters: i = i32, I = i64. */
function cTable(source: string, list: "METROLOGY_IMPORTS" | "METROLOGY_EXPORTS"): [string, FunctionSignature][] {
  const letter = { i: "i32", I: "i64" } as const;
  const [, lines = ""] = new RegExp(`#define ${list}\\(X\\)((?:.*\\\\\n)*.*)`).exec(source) ?? [];
  return [...lines.matchAll(/X\((\w+), "([iIv])\(([iI]*)\)"/g)].map(([, name = "", result = "", params = ""]) => [
    name,
    {
      params: [...params].map((code) => letter[code as "i" | "I"]),
      result: result === "v" ? undefined : letter[result as "i" | "I"],
    },
  ]);
}

describe("the interface of metrology.wasm is the same on all sides", () => {
  const { imports, exports } = wasmFunctions(readMetrology().wasm);
  const entries = (signatures: Signatures): [string, FunctionSignature][] => Object.entries(signatures);

  it("imports: board.ts, host and C table, in one order", () => {
    expect(entries(declared(read("assembly/metrology/board.ts"), "declare function"))).toEqual(entries(IMPORTS));
    expect(cTable(read("boards/runtime/metrology_abi.h"), "METROLOGY_IMPORTS")).toEqual(entries(IMPORTS));
  });

  it("imports: the wasm uses all of them and no other", () => {
    expect(imports).toEqual(IMPORTS);
  });

  it("exports: index.ts, host and C table, in one order", () => {
    const [, list = ""] = /export \{([^}]*)\}/.exec(read("assembly/metrology/index.ts")) ?? [];
    const names = list.split(",").map((name) => name.trim());
    expect(names.filter((name) => name !== "")).toEqual(Object.keys(EXPORTS));
    expect(cTable(read("boards/runtime/metrology_abi.h"), "METROLOGY_EXPORTS")).toEqual(entries(EXPORTS));
  });

  it("exports: the wasm has all of them and no other", () => {
    expect(exports).toEqual(EXPORTS);
  });
});
