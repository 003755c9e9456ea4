import { hash } from "node:crypto";
import type { Imports } from "../engine/engine.js";
import { memoryRange } from "../engine/memory_range.js";
import { IMPORT_MODULE, type ImportName } from "../metrology/abi.js";
import type { KeyStore } from "./key_store.js";
import { flashImports } from "./flash_imports.js";
import type { NorFlash } from "./nor_flash.js";

const OK = 0;
const ERR_RANGE = -7;

/** The emulated board behind assembly/metrology/board.ts: flash, key store and hash unit. */
export class MetrologyBoard {
  private readonly digest = new Uint8Array(32);
  private readonly signature = new Uint8Array(64);

  constructor(
    readonly flash: NorFlash,
    readonly keys: KeyStore,
  ) {}

  /**
   * The host functions for one instance of the module.
   * @param wasm the module's bytes, which `module_hash` measures
   * @param memory the instance's linear memory
   */
  imports(wasm: Uint8Array, memory: () => Uint8Array): Imports {
    const moduleHash = sha256(wasm);
    const range = memoryRange(memory);
    const functions: Record<ImportName, (...args: number[]) => number> = {
      sha256: (data = 0, len = 0, digest = 0) => {
        const source = range(data, len);
        const target = range(digest, 32);
        if (source === undefined || target === undefined) return ERR_RANGE;
        target.set(sha256(source));
        return OK;
      },
      sign: (digest = 0, signature = 0) => {
        const source = range(digest, 32);
        const target = range(signature, 64);
        if (source === undefined || target === undefined) return ERR_RANGE;
        this.digest.set(source);
        this.keys.sign(this.digest, this.signature);
        target.set(this.signature);
        return OK;
      },
      module_hash: (digest = 0) => {
        const target = range(digest, 32);
        if (target === undefined) return ERR_RANGE;
        target.set(moduleHash);
        return OK;
      },
      ...flashImports(this.flash, range),
    };
    return { [IMPORT_MODULE]: functions };
  }
}

/** The one-shot form is the fastest for short messages. */
function sha256(data: Uint8Array): Uint8Array {
  return hash("sha256", data, "buffer");
}
