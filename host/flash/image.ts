import { createHash } from "node:crypto";
import { readElf } from "./elf.js";

/** Where the ROM maps flash. */
export const FLASH_MAPPED_AT = 0x42000000;
/** The firmware's partition begins where flash does. */
export const FIRMWARE_BYTES = 0x100000;
const HASH_BYTES = 32;
/** Twice this, and the ROM jumps behind it. */
const BOOT_WORD = 0xaedb041d;
const ENTRY_OFFSET = 8;
/** Behind the jump at the entry: this, and the image's length without the hash. */
const NAME_OFFSET = 12;
const NAME = "TLC6";
const LENGTH_OFFSET = 16;
const HEADER_BYTES = 20;

/**
 * The image of an ESP32-C6 as it stands in flash from address 0: what of the ELF file is stored there, and behind it
 * the SHA-256 of that.
 */
export function packImage(elfFile: Uint8Array): Uint8Array {
  const { entry, segments } = readElf(elfFile);
  if (entry !== FLASH_MAPPED_AT + ENTRY_OFFSET) throw new Error(`its entry 0x${entry.toString(16)} is not the ROM's`);
  const placed = segments
    .map(({ storedAt, bytes }) => ({ from: storedAt - FLASH_MAPPED_AT, bytes }))
    .sort((a, b) => a.from - b.from);
  let end = 0;
  for (const { from, bytes } of placed) {
    if (from < end || from + bytes.length > FIRMWARE_BYTES - HASH_BYTES) {
      throw new Error("a segment lies outside of the firmware's partition, or over another one");
    }
    end = from + bytes.length;
  }
  // Loaders write whole words.
  const image = new Uint8Array((end + 3) & ~3).fill(0xff);
  for (const { from, bytes } of placed) image.set(bytes, from);
  const whole = new Uint8Array(image.length + HASH_BYTES);
  whole.set(image);
  whole.set(createHash("sha256").update(image).digest(), image.length);
  checkImage(whole);
  return whole;
}

/** Throws where a file is no whole image of this board. */
export function checkImage(image: Uint8Array): void {
  if (image.length < HEADER_BYTES + HASH_BYTES || image.length > FIRMWARE_BYTES) {
    throw new Error(`${image.length} bytes are no image of an ESP32-C6`);
  }
  const view = new DataView(image.buffer, image.byteOffset, image.byteLength);
  if (view.getUint32(0, true) !== BOOT_WORD || view.getUint32(4, true) !== BOOT_WORD) {
    throw new Error("it does not begin with the words that the chip's ROM wants");
  }
  if (Buffer.from(image.subarray(NAME_OFFSET, NAME_OFFSET + 4)).toString("latin1") !== NAME) {
    throw new Error("it is not this project's firmware");
  }
  const length = view.getUint32(LENGTH_OFFSET, true);
  if (length + HASH_BYTES !== image.length) throw new Error(`it says it has ${length + HASH_BYTES} bytes`);
  const hash = createHash("sha256").update(image.subarray(0, length)).digest();
  if (!hash.equals(image.subarray(length))) throw new Error("its SHA-256 does not hold: it is damaged");
}

/** What a web page with ESP Web Tools needs to flash the board from a browser. */
export function webManifest(version: string, imageName: string): string {
  const manifest = {
    name: "Tieline smart meter",
    version,
    new_install_prompt_erase: true,
    builds: [{ chipFamily: "ESP32-C6", parts: [{ path: imageName, offset: 0 }] }],
  };
  return `${JSON.stringify(manifest, undefined, 2)}\n`;
}
