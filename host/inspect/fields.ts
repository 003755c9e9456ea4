/** Reads little-endian fields of a payload one after the other. The payload's length is the caller's to check. */
export class Fields {
  private at = 0;
  private readonly view: Buffer;

  constructor(bytes: Uint8Array) {
    this.view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  u8(): number {
    return this.view.readUInt8(this.move(1));
  }

  u16(): number {
    return this.view.readUInt16LE(this.move(2));
  }

  u32(): number {
    return this.view.readUInt32LE(this.move(4));
  }

  u64(): bigint {
    return this.view.readBigUInt64LE(this.move(8));
  }

  i64(): bigint {
    return this.view.readBigInt64LE(this.move(8));
  }

  bytes(length: number): Uint8Array {
    const at = this.move(length);
    return this.view.subarray(at, at + length);
  }

  hex(length: number): string {
    return Buffer.from(this.bytes(length)).toString("hex");
  }

  /** One character; what is no printable ASCII becomes "?". */
  letter(): string {
    const code = this.u8();
    return code >= 0x20 && code <= 0x7e ? String.fromCharCode(code) : "?";
  }

  skip(length: number): void {
    this.move(length);
  }

  private move(length: number): number {
    const at = this.at;
    this.at += length;
    return at;
  }
}

/** Last millisecond of the year 9999: later times have no place in a receipt. */
const MAX_UTC_MS = 253_402_300_799_999n;

/** "2026-06-21T00:15:00.000Z"; null for 0 (unknown) and for what is no time since 1970. */
export function utcText(utcMs: bigint): string | null {
  return utcMs <= 0n || utcMs > MAX_UTC_MS ? null : new Date(Number(utcMs)).toISOString();
}

/** Printable ASCII without " \ |: what may stand between JSON quotes of a record. */
export function isRecordText(bytes: Uint8Array): boolean {
  return bytes.every((byte) => byte >= 0x20 && byte <= 0x7e && byte !== 0x22 && byte !== 0x5c && byte !== 0x7c);
}

/** A zero-padded text field; null if it holds anything that is not text. */
export function paddedText(field: Uint8Array): string | null {
  const end = field.indexOf(0);
  const text = end === -1 ? field : field.subarray(0, end);
  const padding = field.subarray(text.length);
  return isRecordText(text) && padding.every((byte) => byte === 0) ? Buffer.from(text).toString("latin1") : null;
}
