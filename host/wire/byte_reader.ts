import { WireError, type WireErrorCode } from "./errors.js";

/** Reads big-endian fields off a range of bytes; knows the name of what it reads, for the errors. */
export class ByteReader {
  private readonly view: DataView;
  private readonly path: string[] = [];
  private fieldAt: number;

  constructor(
    private readonly bytes: Uint8Array,
    private position = 0,
    private end = bytes.length,
  ) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.fieldAt = position;
  }

  /** Offset of the next byte. */
  get offset(): number {
    return this.position;
  }

  get left(): number {
    return this.end - this.position;
  }

  fail(code: WireErrorCode): never {
    throw new WireError(code, this.path.join("."), this.fieldAt);
  }

  /** Runs `body` as the reading of a field of this name. */
  within<T>(name: string, body: () => T): T {
    const before = this.fieldAt;
    this.path.push(name);
    this.fieldAt = this.position;
    const value = body();
    this.path.pop();
    this.fieldAt = before;
    return value;
  }

  /** Runs `body` on the next `length` bytes alone, which it must use up. */
  range<T>(length: number, body: () => T): T {
    const outer = this.end;
    if (length > this.left) this.fail("ERR_TRUNCATED");
    this.end = this.position + length;
    const value = body();
    if (this.left !== 0) this.fail("ERR_LENGTH");
    this.end = outer;
    return value;
  }

  take(length: number): Uint8Array {
    return this.bytes.slice(this.skip(length), this.position);
  }

  uint(width: 1 | 2 | 4): number {
    const at = this.skip(width);
    return width === 1 ? this.view.getUint8(at) : width === 2 ? this.view.getUint16(at) : this.view.getUint32(at);
  }

  u64(): bigint {
    return this.view.getBigUint64(this.skip(8));
  }

  /** BOLT 1, Appendix A. */
  bigsize(): bigint {
    const first = this.uint(1);
    if (first < 0xfd) return BigInt(first);
    const [value, least] =
      first === 0xfd
        ? [BigInt(this.uint(2)), 0xfdn]
        : first === 0xfe
          ? [BigInt(this.uint(4)), 0x1_0000n]
          : [this.u64(), 0x1_0000_0000n];
    if (value < least) this.fail("ERR_MINIMAL");
    return value;
  }

  /** All that is left, as a truncated integer of at most `width` bytes. BOLT 1, "Fundamental Types". */
  truncated(width: number): bigint {
    if (this.left > width) this.fail("ERR_LENGTH");
    const bytes = this.take(this.left);
    if (bytes[0] === 0) this.fail("ERR_MINIMAL");
    return bytes.length === 0 ? 0n : BigInt(`0x${Buffer.from(bytes).toString("hex")}`);
  }

  /** All that is left, as a signed integer in the shortest of 1, 2, 4 and 8 bytes. BOLT 1, Appendix D. */
  signed(): bigint {
    const width = this.left;
    if (![1, 2, 4, 8].includes(width)) this.fail("ERR_LENGTH");
    const unsigned = BigInt(`0x${Buffer.from(this.take(width)).toString("hex")}`);
    const value = BigInt.asIntN(8 * width, unsigned);
    if (width > 1 && BigInt.asIntN(4 * width, value) === value) this.fail("ERR_MINIMAL");
    return value;
  }

  private skip(length: number): number {
    if (length > this.left) this.fail("ERR_TRUNCATED");
    const at = this.position;
    this.position += length;
    return at;
  }
}
