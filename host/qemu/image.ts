// The flash bank of the emulated board as a file: boards/qemu_virt/pflash.c and keystore.c say what lies where.

import { closeSync, ftruncateSync, openSync, readSync, writeSync } from "node:fs";
import { crc32 } from "node:zlib";
import { type DriverOptions, FLASH_SECTOR_BYTES, FLASH_SECTORS } from "../metrology/driver.js";

/** QEMU takes a flash file of exactly this size only. */
const BANK_BYTES = 32 * 1024 * 1024;
/** Erase block; sector n of the metrology partition is the beginning of block n. */
const BLOCK_BYTES = 256 * 1024;
const KEY_BLOCK = 100;
const KEY_MAGIC = "TLK1";
const KEY_BYTES = 32;

const PARTITION_BYTES = FLASH_SECTORS * FLASH_SECTOR_BYTES;

function keyRecord(key: Uint8Array): Buffer {
  if (key.length !== KEY_BYTES) throw new RangeError(`a key has ${KEY_BYTES} bytes`);
  const content = Buffer.concat([Buffer.from(KEY_MAGIC, "ascii"), key]);
  const crc = Buffer.alloc(4);
  crc.writeUInt32LE(crc32(content));
  return Buffer.concat([content, crc]);
}

/** Creates the file, sparse: only the partition's sectors and the key take up space. */
export function createImage(path: string, options: Partial<DriverOptions>): void {
  const flash = options.flash ?? new Uint8Array(PARTITION_BYTES).fill(0xff);
  if (flash.length !== PARTITION_BYTES) throw new RangeError(`the partition has ${PARTITION_BYTES} bytes`);
  const file = openSync(path, "wx", 0o600);
  try {
    ftruncateSync(file, BANK_BYTES);
    for (let sector = 0; sector < FLASH_SECTORS; sector++) {
      writeSync(file, flash, sector * FLASH_SECTOR_BYTES, FLASH_SECTOR_BYTES, sector * BLOCK_BYTES);
    }
    if (options.key !== undefined) writeSync(file, keyRecord(options.key), 0, undefined, KEY_BLOCK * BLOCK_BYTES);
  } finally {
    closeSync(file);
  }
}

/** The metrology partition as it stands in the file. */
export function readPartition(path: string): Uint8Array {
  const flash = new Uint8Array(PARTITION_BYTES);
  const file = openSync(path, "r");
  try {
    for (let sector = 0; sector < FLASH_SECTORS; sector++) {
      readSync(file, flash, sector * FLASH_SECTOR_BYTES, FLASH_SECTOR_BYTES, sector * BLOCK_BYTES);
    }
  } finally {
    closeSync(file);
  }
  return flash;
}
