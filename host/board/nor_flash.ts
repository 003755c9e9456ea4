import type { FlashOperation } from "./power_cut.js";

/** NOR flash: programming only clears bits, erasing sets a whole sector to 0xFF. */
export class NorFlash {
  protected readonly bytes: Uint8Array;
  /** Erase cycles of each sector since it was made; an image does not carry them. */
  readonly eraseCounts: Uint32Array;
  /** What was accepted so far: programs, their bytes, erases. Refused calls do not count. */
  programOps = 0;
  programBytes = 0;
  eraseOps = 0;
  private operations: FlashOperation[] | undefined;

  /**
   * @param sectorBytes bytes per erase sector
   * @param sectors number of sectors
   * @param image initial contents, sectors x sectorBytes; erased when absent
   */
  constructor(
    readonly sectorBytes: number,
    readonly sectors: number,
    image?: Uint8Array,
  ) {
    const size = sectorBytes * sectors;
    if (image !== undefined && image.length !== size) {
      throw new RangeError(`flash image: ${image.length} bytes, expected ${sectors} x ${sectorBytes} = ${size}`);
    }
    this.bytes = image?.slice() ?? new Uint8Array(size).fill(0xff);
    this.eraseCounts = new Uint32Array(sectors);
  }

  get size(): number {
    return this.bytes.length;
  }

  /** A copy of the whole contents. */
  image(): Uint8Array {
    return this.bytes.slice();
  }

  /** A list to which every accepted operation is added from now on, instead of to an earlier one. */
  record(): readonly FlashOperation[] {
    return (this.operations = []);
  }

  /** Copies `target.length` bytes at `offset`; false if the range leaves the flash. */
  read(offset: number, target: Uint8Array): boolean {
    if (!this.contains(offset, target.length)) return false;
    target.set(this.bytes.subarray(offset, offset + target.length));
    return true;
  }

  /** Whether `length` bytes at `offset` are within one sector, as a program must be. */
  programmable(offset: number, length: number): boolean {
    return this.contains(offset, length) && (offset % this.sectorBytes) + length <= this.sectorBytes;
  }

  /** Clears bits; false, with nothing changed, if the range leaves the flash or crosses a sector's end. */
  program(offset: number, data: Uint8Array): boolean {
    if (!this.programmable(offset, data.length)) return false;
    this.countProgram(offset, data.length);
    for (let i = 0; i < data.length; i++) this.bytes[offset + i] = (this.bytes[offset + i] ?? 0) & (data[i] ?? 0);
    return true;
  }

  /** Sets a sector to 0xFF; false if there is no such sector. */
  erase(sector: number): boolean {
    if (!this.hasSector(sector)) return false;
    this.countErase(sector);
    this.bytes.fill(0xff, sector * this.sectorBytes, (sector + 1) * this.sectorBytes);
    return true;
  }

  protected hasSector(sector: number): boolean {
    return Number.isInteger(sector) && sector >= 0 && sector < this.sectors;
  }

  protected countProgram(offset: number, length: number): void {
    this.programOps++;
    this.programBytes += length;
    this.operations?.push({ kind: "program", offset, length });
  }

  protected countErase(sector: number): void {
    this.eraseOps++;
    this.eraseCounts[sector] = (this.eraseCounts[sector] ?? 0) + 1;
    this.operations?.push({ kind: "erase", sector });
  }

  private contains(offset: number, length: number): boolean {
    return offset >= 0 && length >= 0 && offset + length <= this.bytes.length;
  }
}
