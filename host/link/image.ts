// The flash of an emulated board as a file: boards/emulated/layout.h and provision.h say what lies where.

import { closeSync, ftruncateSync, openSync, readSync, writeSync } from "node:fs";
import { crc32 } from "node:zlib";

export const SECTOR_BYTES = 4096;

/** Partitions of a board in the order of boards/board.h, as they follow one another; sectors of each. */
export const PARTITION_SECTORS = {
  metrology: 64,
  node: 128,
  settings: 4,
  slotA: 32,
  slotB: 32,
  metrologyImages: 16,
} as const;
export type Partition = keyof typeof PARTITION_SECTORS;
export const PARTITIONS = Object.keys(PARTITION_SECTORS) as Partition[];

const PROVISION_ADDRESS = 0x20_0000;
const PROVISION_MAGIC = "TLK2";
const SECRET_BYTES = 32;
const POINT_BYTES = 33;
const HAS_KEY = 1;
const HAS_ROOT = 2;
const HAS_UPDATE_KEY = 4;
const HAS_SEED = 8;
const COVER_OPEN = 1;

/** The smallest file that holds everything. */
export const IMAGE_BYTES = PROVISION_ADDRESS + SECTOR_BYTES;

/** The root secret of the node's keys on emulated boards that are given no other. */
export const BOARD_ROOT = new Uint8Array(SECRET_BYTES).fill(0x22);

/** What a board has before its first start. */
export interface BoardImage {
  /** Private key of the metrology module, 32 bytes; without one it does not start. */
  readonly key?: Uint8Array;
  /** Root secret of the node's keys, 32 bytes; BOARD_ROOT if absent. */
  readonly root?: Uint8Array;
  /** Whose node images the board takes: a compressed point, 33 bytes. */
  readonly updateKey?: Uint8Array;
  /** Without a root secret: the board makes its own. */
  readonly rootless?: boolean;
  /** The cover is open. */
  readonly coverOpen?: boolean;
  /** Stands for entropy, 32 bytes, where a test must know what is random. */
  readonly seed?: Uint8Array;
  /** Contents of the metrology partition; erased when absent. */
  readonly flash?: Uint8Array;
  /** Contents of the node's partition; erased when absent. */
  readonly nodeFlash?: Uint8Array;
}

export const partitionBytes = (partition: Partition): number => PARTITION_SECTORS[partition] * SECTOR_BYTES;

function partitionAddress(partition: Partition): number {
  const before = PARTITIONS.slice(0, PARTITIONS.indexOf(partition));
  return before.reduce((sum, name) => sum + partitionBytes(name), 0);
}

function provision(image: BoardImage): Buffer {
  const { key, updateKey, seed } = image;
  const root = image.rootless === true ? undefined : (image.root ?? BOARD_ROOT);
  const field = (bytes: Uint8Array | undefined, name: string, length: number, padding = 0): Uint8Array => {
    if (bytes !== undefined && bytes.length !== length) throw new RangeError(`a ${name} has ${length} bytes`);
    return Buffer.concat([bytes ?? new Uint8Array(length), new Uint8Array(padding)]);
  };
  const has = (bytes: Uint8Array | undefined, bit: number): number => (bytes === undefined ? 0 : bit);
  const content = Buffer.concat([
    Buffer.from(PROVISION_MAGIC, "ascii"),
    Uint8Array.of(
      has(root, HAS_ROOT) | has(key, HAS_KEY) | has(updateKey, HAS_UPDATE_KEY) | has(seed, HAS_SEED),
      ...[image.coverOpen === true ? COVER_OPEN : 0, 0, 0],
    ),
    field(key, "key", SECRET_BYTES),
    field(root, "root secret", SECRET_BYTES),
    field(updateKey, "point", POINT_BYTES, 3),
    field(seed, "seed", SECRET_BYTES),
  ]);
  const crc = Buffer.alloc(4);
  crc.writeUInt32LE(crc32(content));
  return Buffer.concat([content, crc]);
}

/**
 * Creates the file, sparse behind what it holds.
 * @param fileBytes its size, at least IMAGE_BYTES
 */
export function createImage(path: string, image: BoardImage, fileBytes = IMAGE_BYTES): void {
  const end = PARTITIONS.reduce((sum, name) => sum + partitionBytes(name), 0);
  const flash = new Uint8Array(end).fill(0xff);
  const given = { metrology: image.flash, node: image.nodeFlash };
  for (const partition of ["metrology", "node"] as const) {
    const bytes = given[partition];
    if (bytes === undefined) continue;
    if (bytes.length !== partitionBytes(partition)) {
      throw new RangeError(`the partition has ${partitionBytes(partition)} bytes`);
    }
    flash.set(bytes, partitionAddress(partition));
  }
  const record = provision(image);
  const file = openSync(path, "wx", 0o600);
  try {
    ftruncateSync(file, fileBytes);
    writeSync(file, flash, 0, flash.length, 0);
    writeSync(file, record, 0, record.length, PROVISION_ADDRESS);
  } finally {
    closeSync(file);
  }
}

/** A partition as it stands in the file. */
export function readPartition(path: string, partition: Partition = "metrology"): Uint8Array {
  const flash = new Uint8Array(partitionBytes(partition));
  const file = openSync(path, "r");
  try {
    readSync(file, flash, 0, flash.length, partitionAddress(partition));
  } finally {
    closeSync(file);
  }
  return flash;
}
