import { describe, it } from "vitest";
import type { Instance } from "../../host/engine/engine.js";
import { engineByName, wasm3Missing } from "../../host/engine/index.js";
import { compileEntry } from "./entry.js";

/** One test of a room's internals, through an entry file of its own, on V8 and wasm3. */
export function onEachLocalEngine(title: string, entry: string, body: (module: Instance) => void): void {
  describe(title, () => {
    for (const name of ["v8", "wasm3"] as const) {
      const missing = name === "wasm3" ? wasm3Missing() : undefined;
      if (missing !== undefined && process.env["TIELINE_REQUIRE_ALL"] !== "1") {
        it.skip(`on ${name}: ${missing}`, () => undefined);
        continue;
      }
      it(`on ${name}`, () => {
        const { wasm, sourceMap } = compileEntry(entry);
        body(engineByName(name).instantiate(wasm, {}, sourceMap));
      });
    }
  });
}
