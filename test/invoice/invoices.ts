import type { TestModule } from "../driver/modules.js";
import { hex, readVectors, toHex } from "../driver/vectors.js";

// The record of assembly/invoice/record.ts, and what invoices are made of in tests.

export const RECORD_BYTES = 968;
export const ERR = {
  ARGUMENT: -1,
  OVERFLOW: -5,
  TRUNCATED: -9,
  MINIMAL: -10,
  UNKNOWN_EVEN: -12,
  VALUE: -14,
  CAPACITY: -15,
  SIGNATURE: -19,
  CHECKSUM: -21,
  CHAIN: -22,
  DEPENDENCY: -23,
  MISSING: -24,
} as const;

export const ALPHABET = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";
export const typeOf = (letter: string): number => ALPHABET.indexOf(letter);

export interface RecordField {
  /** Letter of the type. */
  readonly type: string;
  readonly valid: boolean;
  readonly groups: number;
  readonly data: string;
}

export interface InvoiceRecord {
  readonly amount_msat: bigint;
  readonly timestamp: bigint;
  readonly expiry_s: bigint;
  readonly min_final_cltv_expiry_delta: bigint;
  readonly payee: string;
  readonly fields: readonly RecordField[];
}

export function parseRecord(bytes: Uint8Array): InvoiceRecord {
  const view = Buffer.from(bytes);
  const fields = Array.from({ length: view.readUInt8(65) }, (_, index) => {
    const at = 72 + index * 8;
    const [start, length] = [view.readUInt16LE(at + 4), view.readUInt16LE(at + 6)];
    return {
      type: ALPHABET[view.readUInt8(at)] ?? "?",
      valid: view.readUInt8(at + 1) === 1,
      groups: view.readUInt16LE(at + 2),
      data: toHex(bytes.subarray(start, start + length)),
    };
  });
  return {
    amount_msat: view.readBigUInt64LE(0),
    timestamp: view.readBigUInt64LE(8),
    expiry_s: view.readBigUInt64LE(16),
    min_final_cltv_expiry_delta: view.readBigUInt64LE(24),
    payee: toHex(bytes.subarray(32, 65)),
    fields,
  };
}

/** Data of the fields of a type that count. */
export const dataOf = (record: InvoiceRecord, type: string): string[] =>
  record.fields.filter((field) => field.type === type && field.valid).map(({ data }) => data);

/** The entry's module: text goes in behind the chain's prefix. */
export class InvoiceModule {
  private constructor(
    readonly module: TestModule,
    private readonly buffer: number,
    private readonly written: number,
    private readonly invoice: number,
  ) {}

  static async open(module: TestModule, key: string): Promise<InvoiceModule> {
    const at = async (name: string): Promise<number> => (await module.call(name)) as number;
    const buffer = await at("buffer");
    await module.write(buffer, hex(key));
    if ((await module.call("import_key")) !== 0) throw new Error("the key was not taken");
    return new InvoiceModule(module, buffer, await at("output"), await at("invoice"));
  }

  async prefix(currency: string): Promise<void> {
    const record = Buffer.alloc(16);
    record[0] = currency.length;
    record.write(currency, 1, "latin1");
    await this.module.write(this.buffer, record);
  }

  async put(bytes: Uint8Array): Promise<void> {
    await this.module.write(this.buffer + 16, bytes);
  }

  async decode(text: string): Promise<number> {
    const bytes = Buffer.from(text, "latin1");
    const [, code] = await Promise.all([this.put(bytes), this.module.call("decode", bytes.length)]);
    return code as number;
  }

  async record(): Promise<InvoiceRecord> {
    return parseRecord(await this.recordBytes());
  }

  recordBytes(): Promise<Uint8Array> {
    return this.module.read(this.invoice, RECORD_BYTES);
  }

  /** The code, or what was written. */
  async encode(
    amount: bigint,
    timestamp: number | bigint,
    fields: readonly [string, Uint8Array][],
  ): Promise<number | string> {
    await this.module.call("begin", BigInt.asIntN(64, amount), BigInt(timestamp));
    for (const [type, data] of fields) {
      await this.put(data);
      const code = (await this.module.call("field", typeOf(type), data.length)) as number;
      if (code !== 0) return code;
    }
    return this.text(await this.module.call("encode"));
  }

  async encodeAgain(): Promise<number | string> {
    return this.text(await this.module.call("encode_again"));
  }

  async text(result: number | bigint | undefined): Promise<number | string> {
    const length = result as number;
    return length < 0 ? length : Buffer.from(await this.module.read(this.written, length)).toString("latin1");
  }

  /** The u64 that lies where amounts are read to. */
  async amount(): Promise<bigint> {
    return Buffer.from(await this.module.read(this.written, 8)).readBigUInt64LE();
  }
}

export interface Hop {
  readonly pubkey: string;
  readonly scid: string;
  readonly fee_base_msat: number;
  readonly fee_ppm: number;
  readonly cltv_delta: number;
}

export interface Valid {
  readonly id: string;
  readonly invoice: string;
  readonly sign_hash: string;
  readonly node_id: string;
  readonly decoded: {
    readonly currency: string;
    readonly amount_msat: string | null;
    readonly timestamp: number;
    readonly routes: readonly (readonly Hop[])[];
    readonly fallbacks: readonly { version: number; program?: string; ignored?: boolean }[];
    readonly payment_secret: string;
    readonly payment_hash: string;
    readonly description_utf8_hex?: string;
    readonly description_hash?: string;
    readonly expiry?: number;
    readonly min_final_cltv_expiry_delta?: number;
    readonly metadata?: string;
    readonly features?: readonly number[];
    readonly skipped?: readonly string[];
  };
}

export interface InvoiceVectors {
  readonly priv_key: string;
  readonly node_id: string;
  readonly valid: readonly Valid[];
  readonly invalid: readonly { id: string; invoice: string }[];
}

export const invoiceVectors = (): InvoiceVectors => readVectors("bolt11_invoices");

export function hopBytes({ pubkey, scid, fee_base_msat, fee_ppm, cltv_delta }: Hop): Buffer {
  const [block = 0n, index = 0n, output = 0n] = scid.split("x").map(BigInt);
  const bytes = Buffer.alloc(51);
  bytes.set(hex(pubkey));
  bytes.writeBigUInt64BE((block << 40n) | (index << 16n) | output, 33);
  bytes.writeUInt32BE(fee_base_msat, 41);
  bytes.writeUInt32BE(fee_ppm, 45);
  bytes.writeUInt16BE(cltv_delta, 49);
  return bytes;
}

/** A big-endian number of as many bytes as it takes. */
export function numberBytes(value: bigint): Buffer {
  const digits = value.toString(16);
  return value === 0n ? Buffer.alloc(0) : Buffer.from(digits.padStart(digits.length + (digits.length % 2), "0"), "hex");
}

export const featureBytes = (bits: readonly number[]): Buffer =>
  numberBytes(bits.reduce((sum, bit) => sum | (1n << BigInt(bit)), 0n));
