import { closeSync, existsSync, fdatasyncSync, openSync, writeSync } from "node:fs";
import { FlashFile } from "../board/flash_file.js";
import { NorFlash } from "../board/nor_flash.js";

/**
 * A flash whose contents stand in a file at once: each program and erase is written through, so a process that is killed
 * loses nothing. `sync` makes them safe from a power cut too; it is called before anything that depends on them is sent.
 */
export class DurableFlash extends NorFlash {
  private dirty = false;

  private constructor(
    private readonly file: number,
    sectorBytes: number,
    sectors: number,
    image: Uint8Array,
  ) {
    super(sectorBytes, sectors, image);
  }

  /** Opens the file, or makes one of an erased flash. Throws an Error naming it if it has another size. */
  static open(path: string, sectorBytes: number, sectors: number): DurableFlash {
    const file = new FlashFile(path);
    if (!existsSync(path)) file.save(new NorFlash(sectorBytes, sectors));
    // What is loaded is a Buffer, whose slices share its memory: the flash wants a copy.
    const image = new Uint8Array(file.load(sectorBytes, sectors) ?? []);
    return new DurableFlash(openSync(path, "r+"), sectorBytes, sectors, image);
  }

  override program(offset: number, data: Uint8Array): boolean {
    return super.program(offset, data) && this.writeThrough(offset, data.length);
  }

  override erase(sector: number): boolean {
    return super.erase(sector) && this.writeThrough(sector * this.sectorBytes, this.sectorBytes);
  }

  /** Waits until all that was written is on the medium. Throws if it cannot be. */
  sync(): void {
    if (!this.dirty) return;
    fdatasyncSync(this.file);
    this.dirty = false;
  }

  close(): void {
    this.sync();
    closeSync(this.file);
  }

  /** False, as of a part that fails, if the file cannot be written: the firmware then stops before it sends. */
  private writeThrough(offset: number, length: number): boolean {
    this.dirty = true;
    try {
      for (let at = offset; at < offset + length;) {
        at += writeSync(this.file, this.bytes, at, offset + length - at, at);
      }
      return true;
    } catch {
      return false;
    }
  }
}
