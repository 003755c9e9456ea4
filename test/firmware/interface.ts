import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import { WasmReader } from "../../host/engine/wasm_reader.js";
import type { FunctionSignature } from "../../host/engine/abi.js";
import { projectRoot } from "../../host/root.js";

export type Signatures = Readonly<Record<string, FunctionSignature>>;

export const read = (path: string): string => readFileSync(join(projectRoot(), path), "utf8");

/** AssemblyScript types as they cross the boundary of a 32-bit module. */
const WASM_TYPE: Readonly<Record<string, "i32" | "i64">> = {
  i32: "i32",
  u32: "i32",
  usize: "i32",
  i64: "i64",
  u64: "i64",
};

/** Signatures of the functions that a source file declares with the given keyword. */
export function declared(source: string, keyword: string): Record<string, FunctionSignature> {
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

/**
 * Signatures of a module's functions, which WebAssembly.Module does not list. Imports are listed by their module's name;
 * there must be none but those of `importModules`.
 */
export function wasmFunctions(
  wasm: Uint8Array,
  ...importModules: string[]
): { readonly imports: Readonly<Record<string, Signatures>>; readonly exports: Signatures } {
  const reader = new WasmReader(wasm);
  const valueType = (): "i32" | "i64" => {
    const code = reader.byte();
    if (code !== 0x7f && code !== 0x7e) throw new Error(`value type ${code}`);
    return code === 0x7f ? "i32" : "i64";
  };
  const types: FunctionSignature[] = [];
  const functions: FunctionSignature[] = [];
  const imports: Record<string, Record<string, FunctionSignature>> = {};
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
        const from = reader.name();
        expect(importModules).toContain(from);
        const field = reader.name();
        expect(reader.byte(), `${field} is a function`).toBe(0);
        const signature = at(types, reader.u32());
        (imports[from] ??= {})[field] = signature;
        functions.push(signature);
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
export function cTable(source: string, list: string): [string, FunctionSignature][] {
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

/** Names that an index.ts exports, in its order. */
export const exported = (source: string): string[] =>
  [...source.matchAll(/export \{([^}]*)\}/g)].flatMap(([, list = ""]) =>
    list
      .split(",")
      .map((name) => name.trim())
      .filter((name) => name !== ""),
  );
