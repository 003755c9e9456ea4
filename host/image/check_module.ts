import { Entropy } from "../board/entropy.js";
import { KeyStore } from "../board/key_store.js";
import { MetrologyBoard } from "../board/metrology_board.js";
import { NorFlash } from "../board/nor_flash.js";
import type { FunctionSignature } from "../engine/abi.js";
import type { ModuleFile } from "../engine/module_file.js";
import { v8 } from "../engine/v8.js";
import { EXPORTS, IMPORT_MODULE, IMPORTS } from "../metrology/abi.js";
import { COUNTER_INPUT } from "../metrology/config.js";
import { FLASH_SECTOR_BYTES, FLASH_SECTORS } from "../metrology/driver.js";
import { Metrology } from "../metrology/module.js";
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
import { ImageError, type ImageKind } from "./image.js";

/** All that a node module may ask of a board, by import module. */
const GRANTED: Readonly<Record<string, Readonly<Record<string, FunctionSignature>>>> = {
  [CRYPTO_MODULE]: CRYPTO_IMPORTS,
  [METER_MODULE]: METER_IMPORTS,
  [BOARD_MODULE]: BOARD_IMPORTS,
};

/** What a module of a kind may import and has to export, and what must go well before it is signed. */
const KINDS: Readonly<Record<ImageKind, Kind>> = {
  node: {
    granted: GRANTED,
    exports: Object.keys(NODE_EXPORTS),
    // Asks the module for its interface's version, and finds imports and exports of other signatures.
    run: (file) => new NodeModule(v8, file, { imports: () => ABSENT_CRYPTO }),
  },
  metrology: {
    granted: { [IMPORT_MODULE]: IMPORTS },
    exports: Object.keys(EXPORTS),
    run: meterForAMinute,
  },
};

interface Kind {
  readonly granted: Readonly<Record<string, Readonly<Record<string, FunctionSignature>>>>;
  readonly exports: readonly string[];
  run(file: ModuleFile): void;
}

const MINUTE_MS = 60_000;
/** Some whole minute. */
const MINUTE_UTC_MS = 1_750_000_020_000;

/** A meter's life from an empty flash over a restart: pulses in, a signed record out, registers that stay. */
function meterForAMinute(file: ModuleFile): void {
  const flash = new NorFlash(FLASH_SECTOR_BYTES, FLASH_SECTORS);
  const start = (): Metrology => {
    const meter = new Metrology(v8, file, new MetrologyBoard(flash, KeyStore.generate(new Entropy("image check"))));
    meter.boot(
      {
        serial: "IMAGE",
        vendor: "",
        model: "",
        meterConstant: 1000,
        intervalS: 60,
        inputs: [COUNTER_INPUT, COUNTER_INPUT],
      },
      0,
    );
    return meter;
  };
  const meter = start();
  meter.setClock(0, MINUTE_UTC_MS, "S");
  meter.pulseCounter(0, 7, MINUTE_MS - 1);
  if (meter.registers().importPulses !== 7n) throw new Error("does not count pulses");
  const record = meter.tick(MINUTE_MS);
  if (record === undefined || !record.startsWith("OCMF|")) throw new Error("signs no record at an interval's end");
  meter.pulseCounter(0, 8, MINUTE_MS + 1);
  meter.save(MINUTE_MS + 1);
  if (start().registers().importPulses !== 8n) throw new Error("forgets its registers over a restart");
}

/**
 * Refuses to sign what a board should not run: wasm3 has no validator, so only modules that V8's has passed may ever
 * reach it; they import nothing but what their place is granted, and have the exports of this interface. A metrology
 * module must also meter. Throws ImageError.
 */
export function checkModule(bytes: Uint8Array, imageKind: ImageKind = "node"): void {
  const { granted, exports, run } = KINDS[imageKind];
  const wasm = Uint8Array.from(bytes);
  if (!WebAssembly.validate(wasm)) throw new ImageError("module: not valid WebAssembly");
  const module = new WebAssembly.Module(wasm);
  for (const { module: from, name, kind } of WebAssembly.Module.imports(module)) {
    if (kind !== "function" || granted[from]?.[name] === undefined) {
      throw new ImageError(`module: imports the ${kind} ${from}.${name}, which no ${imageKind} is granted`);
    }
  }
  const exported = new Set(WebAssembly.Module.exports(module).map(({ name, kind }) => `${kind} ${name}`));
  for (const name of exports) {
    if (!exported.has(`function ${name}`)) throw new ImageError(`module: exports no function ${name}`);
  }
  try {
    run({ wasm, sourceMap: NO_SOURCE_MAP });
  } catch (error) {
    throw new ImageError(`module: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}

const NO_SOURCE_MAP = JSON.stringify({ version: 3, sources: [], names: [], mappings: "" });
const ERR_STATE = -2;
const ABSENT_CRYPTO = {
  [CRYPTO_MODULE]: Object.fromEntries(Object.keys(CRYPTO_IMPORTS).map((name) => [name, () => ERR_STATE])),
};
