import { closeSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from "node:fs";
import type { NorFlash } from "./nor_flash.js";

/**
 * A flash's contents in a file, the bare image. Wear and marginal bits are not in it: what is loaded is a part in good
 * order.
 */
export class FlashFile {
  constructor(readonly path: string) {}

  /**
   * The image, or undefined if there is no such file. Throws an Error naming the file if it has another size or cannot
   * be read.
   */
  load(sectorBytes: number, sectors: number): Uint8Array | undefined {
    let image: Uint8Array;
    try {
      image = readFileSync(this.path);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
      throw new Error(`flash file ${this.path}: ${(error as Error).message}`, { cause: error });
    }
    const size = sectorBytes * sectors;
    if (image.length !== size) {
      throw new Error(
        `flash file ${this.path}: ${image.length} bytes, expected ${sectors} sectors of ${sectorBytes} = ${size}`,
      );
    }
    return image;
  }

  /** Replaces the file's contents as a whole: whoever opens it sees the old image or the new one. */
  save(flash: NorFlash): void {
    const partial = `${this.path}.partial`;
    try {
      const file = openSync(partial, "w");
      try {
        const image = flash.image();
        for (let at = 0; at < image.length;) at += writeSync(file, image, at);
        fsyncSync(file);
      } finally {
        closeSync(file);
      }
      renameSync(partial, this.path);
    } catch (error) {
      throw new Error(`flash file ${this.path}: ${(error as Error).message}`, { cause: error });
    }
  }
}
