import { loadWasm3 } from "../wasm3/index.js";
import type { Engine } from "./engine.js";
import { v8 } from "./v8.js";
import { wasm3Engine } from "./wasm3.js";

/** Why there is no wasm3 here; undefined if there is. */
export function wasm3Missing(): string | undefined {
  const wasm3 = loadWasm3();
  return "missing" in wasm3 ? wasm3.missing : undefined;
}

export function engineByName(name: Engine["name"]): Engine {
  if (name === "v8") return v8;
  const wasm3 = loadWasm3();
  if ("missing" in wasm3) throw new Error(wasm3.missing);
  return wasm3Engine(wasm3);
}

/** wasm3, as on the boards, if it is there; else V8, and the reason. */
export function defaultEngine(): { readonly engine: Engine; readonly reason: string | undefined } {
  const reason = wasm3Missing();
  return { engine: engineByName(reason === undefined ? "wasm3" : "v8"), reason };
}

/** Every engine that can run here. */
export function availableEngines(): readonly Engine[] {
  return wasm3Missing() === undefined ? [v8, engineByName("wasm3")] : [v8];
}
