/** Collects big-endian fields. Values outside a field's range are a RangeError: they are the caller's. */
export class ByteWriter {
  private readonly parts: Uint8Array[] = [];

  bytes(part: Uint8Array): void {
    this.parts.push(part);
  }

  /** Unsigned, of 1 to 8 bytes. */
  uint(width: number, value: number | bigint): void {
    const number = BigInt(value);
    if (number < 0n || number >> BigInt(8 * width) !== 0n) throw new RangeError(`${value}: not a u${8 * width}`);
    this.bytes(bigEndian(number, width));
  }

  /** Two's complement, of 1 to 8 bytes. */
  int(width: number, value: bigint): void {
    if (BigInt.asIntN(8 * width, value) !== value) throw new RangeError(`${value}: not an s${8 * width}`);
    this.bytes(bigEndian(BigInt.asUintN(8 * width, value), width));
  }

  bigsize(value: number | bigint): void {
    const number = BigInt(value);
    if (number < 0xfdn) return this.uint(1, number);
    const width = number < 0x1_0000n ? 2 : number < 0x1_0000_0000n ? 4 : 8;
    this.uint(1, width === 2 ? 0xfd : width === 4 ? 0xfe : 0xff);
    this.uint(width, number);
  }

  /** Without leading zeros. */
  truncated(width: number, value: number | bigint): void {
    const number = BigInt(value);
    const digits = number === 0n ? "" : number.toString(16);
    const length = (digits.length + 1) >> 1;
    if (number < 0n || length > width) throw new RangeError(`${value}: not a tu${8 * width}`);
    this.bytes(bigEndian(number, length));
  }

  /** In the fewest of 1, 2, 4 and 8 bytes. */
  signed(value: bigint): void {
    this.int([1, 2, 4].find((width) => BigInt.asIntN(8 * width, value) === value) ?? 8, value);
  }

  finish(): Uint8Array {
    return Uint8Array.from(Buffer.concat(this.parts));
  }
}

const bigEndian = (value: bigint, width: number): Uint8Array =>
  Uint8Array.from({ length: width }, (_, i) => Number((value >> BigInt(8 * (width - 1 - i))) & 0xffn));
