import { DecodeError } from "./errors.js";

export const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

/** Reads fields from bytes one after the other. Every error names the field and the byte where it begins. */
export class Reader {
  private cursor = 0;

  /**
   * @param base offset of the first byte in what the user gave
   */
  constructor(
    readonly bytes: Uint8Array,
    readonly base = 0,
  ) {}

  get left(): number {
    return this.bytes.length - this.cursor;
  }

  get offset(): number {
    return this.base + this.cursor;
  }

  fail(field: string, reason: string, offset = this.offset): never {
    throw new DecodeError(field, `byte ${offset}`, reason);
  }

  take(field: string, length: number): Uint8Array {
    if (length > this.left) this.fail(field, `needs ${length} bytes, ${this.left} are left`);
    this.cursor += length;
    return this.bytes.subarray(this.cursor - length, this.cursor);
  }

  hex(field: string, length: number): string {
    return hexOf(this.take(field, length));
  }

  u8(field: string): number {
    return this.view(field, 1).getUint8(0);
  }

  u16(field: string): number {
    return this.view(field, 2).getUint16(0);
  }

  u32(field: string): number {
    return this.view(field, 4).getUint32(0);
  }

  u64(field: string): bigint {
    return this.view(field, 8).getBigUint64(0);
  }

  u16le(field: string): number {
    return this.view(field, 2).getUint16(0, true);
  }

  u32le(field: string): number {
    return this.view(field, 4).getUint32(0, true);
  }

  u64le(field: string): bigint {
    return this.view(field, 8).getBigUint64(0, true);
  }

  /** BOLT 1, "Type-Length-Value Format". */
  bigsize(field: string): bigint {
    const start = this.offset;
    const first = this.u8(field);
    if (first < 0xfd) return BigInt(first);
    const [value, least] =
      first === 0xfd
        ? [BigInt(this.u16(field)), 0xfdn]
        : first === 0xfe
          ? [BigInt(this.u32(field)), 0x1_0000n]
          : [this.u64(field), 0x1_0000_0000n];
    if (value < least) this.fail(field, "BigSize is not in its shortest form", start);
    return value;
  }

  end(field: string): void {
    if (this.left > 0) this.fail(field, `${this.left} bytes are left over`);
  }

  private view(field: string, length: number): DataView {
    const bytes = this.take(field, length);
    return new DataView(bytes.buffer, bytes.byteOffset, length);
  }
}
