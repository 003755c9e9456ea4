import type { MemoryRange } from "../engine/memory_range.js";
import type { NorFlash } from "./nor_flash.js";

const OK = 0;
const ERR_FLASH = -3;
const ERR_RANGE = -7;

/** The five flash functions that either module imports, each over a partition of its own. */
export const flashImports = (flash: NorFlash, range: MemoryRange) => ({
  flash_sector_bytes: (): number => flash.sectorBytes,
  flash_sectors: (): number => flash.sectors,
  flash_read: (offset = 0, data = 0, len = 0): number => {
    const target = range(data, len);
    return target !== undefined && flash.read(offset, target) ? OK : ERR_RANGE;
  },
  flash_program: (offset = 0, data = 0, len = 0): number => {
    const source = range(data, len);
    if (source === undefined || !flash.programmable(offset, len)) return ERR_RANGE;
    return flash.program(offset, source) ? OK : ERR_FLASH;
  },
  flash_erase: (sector = 0): number => (flash.erase(sector) ? OK : ERR_FLASH),
});
