import { describe } from "vitest";
import { loadWasm3, Wasm3Error, type Wasm3 } from "../../host/wasm3/index.js";
import { compileEntry } from "../driver/entry.js";

const loaded = loadWasm3();

/** wasm3 for the tests; only inside `describeWasm3`. */
export function wasm3(): Wasm3 {
  if ("missing" in loaded) throw new Error(loaded.missing);
  return loaded;
}

/** Tests that need the addon: skipped by name where it could not be built, a failure where everything is required. */
export function describeWasm3(title: string, body: () => void): void {
  const skip = "missing" in loaded && process.env["TIELINE_REQUIRE_ALL"] !== "1";
  describe.skipIf(skip)(skip ? `${title}: ${loaded.missing}` : title, body);
}

export const CALLS_MODULE = "calls.entry";

export const callsWasm = (): Uint8Array => compileEntry("test/wasm3/calls.entry.ts").wasm;

/** Imports of calls.entry.ts that do the least. */
export const callsImports = {
  receive_i32: (value: number): number => value,
  receive_i64: (value: bigint): bigint => value,
  notify: (): void => undefined,
  mix: (a: number, b: bigint, c: number, d: bigint): bigint => BigInt(a) + b + BigInt(c) + d,
};

/** What the call throws, which must be a Wasm3Error. */
export function wasm3Error(call: () => unknown): Wasm3Error {
  try {
    call();
  } catch (error) {
    if (error instanceof Wasm3Error) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
}
