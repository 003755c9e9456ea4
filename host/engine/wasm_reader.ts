const HEADER_BYTES = 8;

/** Reads a valid module's sections, just far enough for what WebAssembly.Module does not tell. */
export class WasmReader {
  private at = HEADER_BYTES;

  constructor(private readonly wasm: Uint8Array) {}

  get position(): number {
    return this.at;
  }

  byte(): number {
    return this.wasm[this.at++] ?? 0;
  }

  /** An unsigned LEB128 number of 32 bits. */
  u32(): number {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = this.byte();
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value >>> 0;
    }
  }

  name(): string {
    const length = this.u32();
    this.at += length;
    return Buffer.from(this.wasm.subarray(this.at - length, this.at)).toString();
  }

  skip(length: number): void {
    this.at += length;
  }

  /** A vector: its count, then its items. */
  list<T>(item: () => T): T[] {
    return Array.from({ length: this.u32() }, item);
  }

  /** Hands each section's number to `visit`, which reads as much of it as it likes. */
  sections(visit: (section: number) => void): void {
    while (this.at < this.wasm.length) {
      const section = this.byte();
      const length = this.u32();
      const end = this.at + length;
      visit(section);
      this.at = end;
    }
  }
}
