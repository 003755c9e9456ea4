import { type Wasm3, type Wasm3Function, type Wasm3Options, Wasm3Error } from "../wasm3/index.js";
import type { Engine } from "./engine.js";
import { TrapReporter, WRONG_FUNCTION } from "./source_lines.js";

/** What a call threw, as a Trap if the module trapped; an import's exception as it is. */
function translate(error: unknown, reporter: TrapReporter): unknown {
  if (!(error instanceof Wasm3Error) || error.code !== "TRAP") return error;
  const wrongFunction = error.kind === "null-element" || error.kind === "indirect-call-type";
  return reporter.trap(wrongFunction ? WRONG_FUNCTION : error.message, error.frames ?? [], error);
}

/** An engine on wasm3 whose instances have these limits. */
export function wasm3Engine(wasm3: Wasm3, options: Wasm3Options = {}): Engine {
  return {
    name: "wasm3",
    instantiate(wasm, imports, sourceMap) {
      const reporter = new TrapReporter(wasm, sourceMap);
      let instance;
      try {
        instance = wasm3.instantiate(wasm, imports, options);
      } catch (error) {
        throw translate(error, reporter);
      }
      // Without a prototype, so that "toString" is no export.
      const exports = Object.assign(Object.create(null), instance.exports) as Record<string, Wasm3Function>;
      let view = new Uint8Array(0);
      return {
        call(name, ...args) {
          const callee = exports[name];
          if (callee === undefined) throw new TypeError(`the module exports no function ${name}`);
          try {
            return callee(...args) as number | bigint | undefined;
          } catch (error) {
            throw translate(error, reporter);
          }
        },
        memory() {
          // Growth leaves the old view detached and empty; asking the addon each time would cost more than most calls.
          if (view.length === 0) view = instance.memory as Uint8Array<ArrayBuffer>;
          return view;
        },
      };
    },
  };
}
