import { KeyStore } from "../board/key_store.js";
import { MetrologyBoard } from "../board/metrology_board.js";
import { NorFlash } from "../board/nor_flash.js";
import type { Engine } from "../engine/engine.js";
import type { ModuleFile } from "../engine/module_file.js";
import { FILLS_OUTPUT } from "./abi.js";
import { FLASH_SECTORS, FLASH_SECTOR_BYTES, type DriverOptions, type MeterDriver } from "./driver.js";
import { Metrology } from "./module.js";

/** A meter in this process: the module on `engine` around an emulated board. */
export function openLocalMeter(engine: Engine, file: ModuleFile, options: DriverOptions): MeterDriver {
  const flash = new NorFlash(FLASH_SECTOR_BYTES, FLASH_SECTORS, options.flash);
  const keys = new KeyStore(options.key);
  let module = new Metrology(engine, file, new MetrologyBoard(flash, keys));
  return {
    engine: engine.name,
    call: async (name, args, input) => {
      if (input !== undefined) module.input(input);
      const result = module.call(name, ...args);
      const length = FILLS_OUTPUT.has(name) && result > 0 ? result : 0;
      return { result, output: module.output(length) };
    },
    publicKey: async () => keys.publicKey(),
    flash: async () => flash.image(),
    restart: async () => {
      module = new Metrology(engine, file, new MetrologyBoard(flash, keys));
    },
    close: async () => undefined,
  };
}
