import { readFileSync } from "node:fs";
import { join } from "node:path";
import { projectRoot } from "../root.js";

/** A wasm file and its source map. */
export interface ModuleFile {
  readonly wasm: Uint8Array;
  readonly sourceMap: string;
}

/** build/NAME.wasm of this project. */
export function readModule(name: "metrology" | "node" | "rooms"): ModuleFile {
  const file = join(projectRoot(), `build/${name}.wasm`);
  return { wasm: readFileSync(file), sourceMap: readFileSync(`${file}.map`, "utf8") };
}
