import type { FunctionSignature } from "../engine/abi.js";
import { v8 } from "../engine/v8.js";
import {
  BOARD_IMPORTS,
  BOARD_MODULE,
  CRYPTO_IMPORTS,
  CRYPTO_MODULE,
  METER_IMPORTS,
  METER_MODULE,
  NODE_EXPORTS,
} from "../node/abi.js";
import { NodeModule } from "../node/module.js";
import { ImageError } from "./image.js";

/** All that a node module may ask of a board, by import module. */
const GRANTED: Readonly<Record<string, Readonly<Record<string, FunctionSignature>>>> = {
  [CRYPTO_MODULE]: CRYPTO_IMPORTS,
  [METER_MODULE]: METER_IMPORTS,
  [BOARD_MODULE]: BOARD_IMPORTS,
};

/**
 * Refuses to sign what a board should not run: wasm3 has no validator, so only modules that V8's has passed may ever
 * reach it; they import nothing but what a node is granted, and have the exports of this interface. Throws ImageError.
 */
export function checkModule(bytes: Uint8Array): void {
  const wasm = Uint8Array.from(bytes);
  if (!WebAssembly.validate(wasm)) throw new ImageError("module: not valid WebAssembly");
  const module = new WebAssembly.Module(wasm);
  for (const { module: from, name, kind } of WebAssembly.Module.imports(module)) {
    if (kind !== "function" || GRANTED[from]?.[name] === undefined) {
      throw new ImageError(`module: imports the ${kind} ${from}.${name}, which no node is granted`);
    }
  }
  const exported = new Set(WebAssembly.Module.exports(module).map(({ name, kind }) => `${kind} ${name}`));
  for (const name of Object.keys(NODE_EXPORTS)) {
    if (!exported.has(`function ${name}`)) throw new ImageError(`module: exports no function ${name}`);
  }
  try {
    // Asks the module for its interface's version, and finds imports and exports of other signatures.
    new NodeModule(v8, { wasm, sourceMap: NO_SOURCE_MAP }, { imports: () => ABSENT_CRYPTO });
  } catch (error) {
    throw new ImageError(`module: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}

const NO_SOURCE_MAP = JSON.stringify({ version: 3, sources: [], names: [], mappings: "" });
const ERR_STATE = -2;
const ABSENT_CRYPTO = {
  [CRYPTO_MODULE]: Object.fromEntries(Object.keys(CRYPTO_IMPORTS).map((name) => [name, () => ERR_STATE])),
};
