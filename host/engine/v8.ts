import { instantiateSync, type Imports as LoaderImports } from "@assemblyscript/loader";
import type { Engine } from "./engine.js";
import { TrapReporter, WRONG_FUNCTION, type WasmFrame } from "./source_lines.js";

const STACK_OVERFLOW = "stack overflow";

/** V8's words for traps, and those used here, which are wasm3's. */
const CAUSES: readonly (readonly [RegExp, string])[] = [
  [/unreachable/, "unreachable executed"],
  [/memory access out of bounds/, "out of bounds memory access"],
  [/(divide|remainder) by zero/, "integer divide by zero"],
  [/divide result unrepresentable/, "integer overflow"],
  [/float unrepresentable/, "invalid conversion to integer"],
  [/table index is out of bounds/, "undefined element"],
  [/null function or function signature mismatch/, WRONG_FUNCTION],
  [/Maximum call stack size exceeded/, STACK_OVERFLOW],
];

/** The frames of the call that trapped: those at the top of the stack, up to the JavaScript that called the module. */
function wasmFrames(error: Error): WasmFrame[] {
  const frames: WasmFrame[] = [];
  for (const line of (error.stack ?? "").split("\n").filter((text) => /^ +at /.test(text))) {
    const found = /wasm-function\[(\d+)\]:0x([0-9a-f]+)/.exec(line);
    if (found === null) break;
    frames.push({ index: Number(found[1]), offset: parseInt(found[2] ?? "", 16) });
  }
  return frames;
}

/** What a call threw, as a Trap if the module trapped; an import's exception as it is. */
function translate(error: unknown, reporter: TrapReporter): unknown {
  // The engine's own stack overflow is a RangeError, and so is one of an import, which has its own frame on top.
  if (!(error instanceof WebAssembly.RuntimeError || error instanceof RangeError)) return error;
  const frames = wasmFrames(error);
  if (frames.length === 0) return error;
  const cause = CAUSES.find(([pattern]) => pattern.test(error.message))?.[1] ?? error.message;
  // V8 counts the function that found no room as entered, wasm3 does not.
  return reporter.trap(cause, cause === STACK_OVERFLOW ? frames.slice(1) : frames, error);
}

/** Compiling takes far longer than instantiating, and a street has many meters of one module. */
const compiled = new WeakMap<Uint8Array, WebAssembly.Module>();

function compile(wasm: Uint8Array): WebAssembly.Module {
  const module = compiled.get(wasm) ?? new WebAssembly.Module(wasm);
  compiled.set(wasm, module);
  return module;
}

export const v8: Engine = {
  name: "v8",
  instantiate(wasm, imports, sourceMap) {
    const reporter = new TrapReporter(wasm, sourceMap);
    let instance: WebAssembly.Instance;
    try {
      ({ instance } = instantiateSync(compile(wasm), imports as unknown as LoaderImports));
    } catch (error) {
      throw translate(error, reporter);
    }
    const { exports } = instance;
    const memory = exports["memory"] as WebAssembly.Memory | undefined;
    let view = new Uint8Array(0);
    return {
      call(name, ...args) {
        const callee = exports[name];
        if (typeof callee !== "function") throw new TypeError(`the module exports no function ${name}`);
        // JavaScript's WebAssembly would make zeros of missing arguments.
        if (callee.length !== args.length) {
          throw new TypeError(`${name} takes ${callee.length} arguments, not ${args.length}`);
        }
        try {
          return (callee as (...values: (number | bigint)[]) => number | bigint | undefined)(...args);
        } catch (error) {
          throw translate(error, reporter);
        }
      },
      memory() {
        // Growth leaves the old buffer detached and empty.
        if (memory !== undefined && view.buffer !== memory.buffer) view = new Uint8Array(memory.buffer);
        return view;
      },
    };
  },
};
