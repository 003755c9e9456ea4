import { createRequire } from "node:module";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { projectRoot } from "../root.js";

/** i32, f32 and f64 are numbers, i64 is a bigint. Integers may be given signed or unsigned, and come back signed. */
export type Wasm3Value = number | bigint;
export type Wasm3Function = (...args: Wasm3Value[]) => Wasm3Value | Wasm3Value[] | undefined;
export type Wasm3Imports = Readonly<Record<string, Readonly<Record<string, (...args: never[]) => unknown>>>>;

export interface Wasm3Options {
  /** Size of the wasm stack (values and locals), bytes. Default 64 KiB. */
  readonly stackBytes?: number;
  /** The most linear memory there may be, bytes; may be less than one 64 KiB page, as on a microcontroller. */
  readonly memoryBytes?: number;
  /**
   * Budget of one call from outside: a function entry costs 1 and so does each turn of a loop. A call made by an import
   * spends from the budget of the call it is made in. Default: unlimited.
   */
  readonly gas?: number | bigint;
  /** How much of the native stack one call from outside may take, bytes. Default 512 KiB; the thread's end is respected
   * in any case. */
  readonly nativeStackBytes?: number;
}

type ValueType = "i32" | "i64" | "f32" | "f64";

export interface Wasm3Import {
  readonly module: string;
  readonly name: string;
  readonly kind: "function";
  readonly params: readonly ValueType[];
  readonly results: readonly ValueType[];
}

export interface Wasm3Export {
  readonly name: string;
  readonly kind: "function" | "table" | "memory" | "global";
  /** Of functions only. */
  readonly params?: readonly ValueType[];
  readonly results?: readonly ValueType[];
}

export interface Wasm3Instance {
  /** The exported functions, bound: they may be taken off and kept, and keep the instance. */
  readonly exports: Readonly<Record<string, Wasm3Function>>;
  /**
   * The linear memory itself, not a copy. The same array until the memory grows, which detaches it (its length becomes
   * 0); then ask again.
   */
  readonly memory: Uint8Array;
  /** Gas spent since the outermost call that runs now, or by the last one. The same call always spends the same. */
  readonly gasUsed: bigint;
  /** Bytes of M3 code the module compiled to; about half of it on a 32-bit machine. */
  readonly codeBytes: number;
  readonly importList: readonly Wasm3Import[];
  readonly exportList: readonly Wasm3Export[];
}

/**
 * - INVALID: not a valid WebAssembly module. PARSE: valid, but wasm3 cannot read it. UNSUPPORTED: it uses what wasm3
 *   lacks. LINK: an import is missing or not a function, or a segment does not fit.
 * - ARGUMENT: wrong number, type or range of a call's arguments, an import's result, or an option.
 * - TRAP: the module trapped; see `kind`. MEMORY: out of memory.
 */
export type Wasm3ErrorCode = "INVALID" | "PARSE" | "UNSUPPORTED" | "LINK" | "ARGUMENT" | "TRAP" | "MEMORY";

export type Wasm3TrapKind =
  | "unreachable"
  | "out-of-bounds"
  | "divide-by-zero"
  | "integer-overflow"
  | "invalid-conversion"
  | "indirect-call-type"
  | "undefined-element"
  | "null-element"
  | "stack-overflow"
  | "gas-exhausted"
  | "native-stack-exhausted"
  | "other";

export interface Wasm3Frame {
  /** Function index, imports counted. */
  readonly index: number;
  readonly name: string;
  /** Byte offset of the instruction in the module. */
  readonly offset: number;
}

export class Wasm3Error extends Error {
  override readonly name = "Wasm3Error";
  /** Of a trap: what happened. */
  readonly kind?: Wasm3TrapKind;
  /** Of a trap: the innermost frames, innermost first. */
  readonly frames?: readonly Wasm3Frame[];

  constructor(
    message: string,
    readonly code: Wasm3ErrorCode,
  ) {
    super(message);
  }
}

export interface Wasm3 {
  /** Compiles all of the module, links it and runs its start function. Throws Wasm3Error, or what an import threw. */
  instantiate(wasm: Uint8Array, imports: Wasm3Imports, options?: Wasm3Options): Wasm3Instance;
}

interface Addon {
  readonly Instance: new (wasm: Uint8Array, imports: Wasm3Imports, options: Wasm3Options) => Wasm3Instance;
  useErrorClass(errorClass: new (message: string, code: Wasm3ErrorCode) => Error): void;
}

let loaded: Wasm3 | { readonly missing: string } | undefined;

/** wasm3, or why it cannot be had: the addon is built by host/setup.mjs where there is a C compiler. */
export function loadWasm3(): Wasm3 | { readonly missing: string } {
  loaded ??= load();
  return loaded;
}

function load(): Wasm3 | { readonly missing: string } {
  const file = join(projectRoot(), "host/wasm3/build/Release/wasm3.node");
  if (!existsSync(file)) return { missing: "the wasm3 addon has not been built" };
  let addon: Addon;
  try {
    addon = createRequire(import.meta.url)(file) as Addon;
  } catch (error) {
    return { missing: `the wasm3 addon cannot be loaded: ${error instanceof Error ? error.message : String(error)}` };
  }
  addon.useErrorClass(Wasm3Error);
  return {
    instantiate(wasm, imports, options = {}) {
      // wasm3 trusts the code it compiles; nothing but a valid module may reach it.
      if (!WebAssembly.validate(wasm)) throw new Wasm3Error("not a valid WebAssembly module", "INVALID");
      return new addon.Instance(wasm, imports, options);
    },
  };
}
