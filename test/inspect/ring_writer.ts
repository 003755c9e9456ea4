import { crc32 } from "node:zlib";

export type EntryBytes = readonly [type: number, payload: Buffer];

/** One ring of sectors, written as format 2 says; the test's own, apart from the firmware and from its reader. */
export class RingWriter {
  private sector = -1;
  private position = 0;
  private sequence = 0;

  /**
   * @param image the partition
   * @param checkpoint what begins each sector
   */
  constructor(
    private readonly image: Buffer,
    private readonly sectorBytes: number,
    private readonly place: { readonly magic: string; readonly first: number; readonly sectors: number },
    private readonly checkpoint: () => readonly EntryBytes[],
  ) {}

  /** Where the next entry goes: sector and offset. */
  get end(): { readonly sector: number; readonly offset: number } {
    return { sector: this.place.first + this.sector, offset: this.position };
  }

  /** Writes entries that belong together into one sector. */
  append(...entries: EntryBytes[]): void {
    const bytes = entries.reduce((sum, [, payload]) => sum + storedBytes(payload), 0);
    if (this.sector < 0 || this.position + bytes > this.sectorBytes) this.begin();
    for (const entry of entries) this.write(entry);
  }

  /** Starts the next sector; `closed` false as if power failed before the end of its checkpoint. */
  begin(closed = true): void {
    this.sector = (this.sector + 1) % this.place.sectors;
    this.sequence++;
    const base = (this.place.first + this.sector) * this.sectorBytes;
    this.image.fill(0xff, base, base + this.sectorBytes);
    const header = Buffer.alloc(24);
    header.write(this.place.magic, "latin1");
    header.writeUInt32LE(this.sequence, 4);
    header.writeUInt32LE(crc32(header.subarray(0, 8)), 8);
    header.copy(header, 12, 0, 12);
    header.copy(this.image, base);
    this.position = header.length;
    for (const entry of this.checkpoint()) this.write(entry);
    if (closed) this.write([0, Buffer.alloc(0)]);
  }

  private write([type, payload]: EntryBytes): void {
    const entry = Buffer.alloc(storedBytes(payload));
    entry.writeUInt16LE(payload.length);
    entry.writeUInt8(type, 2);
    entry.writeUInt8(~type & 0xff, 3);
    payload.copy(entry, 4);
    entry.writeUInt32LE(crc32(entry.subarray(0, -4), this.sequence), entry.length - 4);
    entry.copy(this.image, (this.place.first + this.sector) * this.sectorBytes + this.position);
    this.position += entry.length;
  }
}

function storedBytes(payload: Buffer): number {
  return 8 + Math.ceil(payload.length / 4) * 4;
}
