// Fields of the records that cross node.wasm's boundary. Numbers are little-endian.

/** Writes a record field by field, in the order in which the fields lie. */
export class RecordWriter {
  private readonly bytes: number[] = [];

  number(value: number | bigint, width: 1 | 2 | 4 | 8): this {
    const limit = 1n << BigInt(8 * width);
    let rest = BigInt(value);
    if (rest < 0n || rest >= limit) throw new RangeError(`${value}: no number of ${width} bytes`);
    for (let i = 0; i < width; i++, rest >>= 8n) this.bytes.push(Number(rest & 0xffn));
    return this;
  }

  /** A signed number of 8 bytes. */
  signed(value: bigint): this {
    if (BigInt.asIntN(64, value) !== value) throw new RangeError(`${value}: no signed number of 8 bytes`);
    return this.number(BigInt.asUintN(64, value), 8);
  }

  /** Bytes, of which there must be `length` if that is given. */
  raw(bytes: Uint8Array, length = bytes.length): this {
    if (bytes.length !== length) throw new RangeError(`${bytes.length} bytes, not ${length}`);
    this.bytes.push(...bytes);
    return this;
  }

  /** Zeros up to offset `at`. */
  pad(at: number): this {
    while (this.bytes.length < at) this.bytes.push(0);
    return this;
  }

  end(): Uint8Array {
    return Uint8Array.from(this.bytes);
  }
}

export const view = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
export const u32 = (bytes: Uint8Array, at: number): number => view(bytes).getUint32(at, true);
export const i32 = (bytes: Uint8Array, at: number): number => view(bytes).getInt32(at, true);
export const u64 = (bytes: Uint8Array, at: number): bigint => view(bytes).getBigUint64(at, true);
export const i64 = (bytes: Uint8Array, at: number): bigint => view(bytes).getBigInt64(at, true);
export const u16 = (bytes: Uint8Array, at: number): number => view(bytes).getUint16(at, true);
export const u8 = (bytes: Uint8Array, at: number): number => view(bytes).getUint8(at);
