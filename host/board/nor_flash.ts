/** NOR flash: programming only clears bits, erasing sets a whole sector to 0xFF. */
export class NorFlash {
  private readonly bytes: Uint8Array;
  /** Erase cycles of each sector. */
  readonly eraseCounts: Uint32Array;

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

  /** Copies `target.length` bytes at `offset`; false if the range leaves the flash. */
  read(offset: number, target: Uint8Array): boolean {
    if (!this.contains(offset, target.length)) return false;
    target.set(this.bytes.subarray(offset, offset + target.length));
    return true;
  }

  /** Clears bits; false, with nothing changed, if the range leaves the flash or crosses a sector's end. */
  program(offset: number, data: Uint8Array): boolean {
    if (!this.contains(offset, data.length)) return false;
    if ((offset % this.sectorBytes) + data.length > this.sectorBytes) return false;
    for (let i = 0; i < data.length; i++) this.bytes[offset + i] = (this.bytes[offset + i] ?? 0) & (data[i] ?? 0);
    return true;
  }

  erase(sector: number): boolean {
    if (!Number.isInteger(sector) || sector < 0 || sector >= this.sectors) return false;
    this.bytes.fill(0xff, sector * this.sectorBytes, (sector + 1) * this.sectorBytes);
    this.eraseCounts[sector] = (this.eraseCounts[sector] ?? 0) + 1;
    return true;
  }

  private contains(offset: number, length: number): boolean {
    return offset >= 0 && length >= 0 && offset + length <= this.bytes.length;
  }
}
