import { HTLC_BYTES, encodeChannel, encodeCommitment, encodeHtlc } from "../../host/bench/lightning/channel_records.js";
import type { Channel, Commitment } from "../../host/bench/lightning/channel_records.js";
import type { TestModule } from "../driver/modules.js";
import { LONG } from "../long/counts.js";

/** For tests with random input: a run of their own length. */
export const TIMEOUT_MS = LONG ? 3_600_000 : 120_000;

export const ENTRY = "test/chain/chain.entry.ts";

export const ERR_ARGUMENT = -1;
export const ERR_STATE = -2;
export const ERR_CRYPTO = -4;
export const ERR_OVERFLOW = -5;
export const ERR_NOT_FOUND = -8;
export const ERR_TRUNCATED = -9;
export const ERR_MINIMAL = -10;
export const ERR_LENGTH = -13;
export const ERR_VALUE = -14;
export const ERR_CAPACITY = -15;
export const ERR_SIGNATURE = -19;
export const ERR_MISSING = -24;

/** Size of a store of per-commitment secrets. */
export const SECRETS_BYTES = 8 + 49 * 32;

export const HOLDER = 0;
export const COUNTERPARTY = 1;
export const ANCHORS = 1;
export const ENERGY = 2;

/** First key handles of two channels: the same channel as either end has it. */
export const KEYS_A = 8;
export const KEYS_B = 16;

// Where things lie in the entry's data.
const CHANNEL = 0;
const COMMITMENT = 432;
const HTLCS = 640;
const SIGNATURES = 2048;
const ITEMS = 3712;
const RECORD = 3776;
const SCRIPTS = 3904;
const OUT = 4096;
const TX = 8192;
const OUT_BYTES = 4096;

/** A u64 that an export returned. */
export const u64 = (value: number | bigint | undefined): bigint => BigInt.asUintN(64, value as bigint);

/** A one-output transaction that takes an output of a commitment. */
export interface Spend {
  script: Uint8Array;
  feeSat: bigint;
  secret?: Uint8Array | undefined;
  preimage?: Uint8Array | undefined;
  /** 36 bytes, and the amount, of an HTLC transaction's output. */
  outpoint?: Uint8Array;
  amountSat?: bigint;
}

export interface Closing {
  balancesMsat: readonly [bigint, bigint];
  feeSat: bigint;
  dustLimitSat: bigint;
  payer: number;
  kind: number;
  locktime: number;
  omitted: number;
  scripts: readonly [Uint8Array, Uint8Array];
}

/** The room on one engine, over the exports of its entry. */
export class Room {
  private constructor(
    readonly module: TestModule,
    readonly base: number,
  ) {}

  static async open(module: TestModule): Promise<Room> {
    return new Room(module, (await module.call("data")) as number);
  }

  async call(name: string, ...args: (number | bigint)[]): Promise<number> {
    return (await this.module.call(name, ...args)) as number;
  }

  write(at: number, bytes: Uint8Array): Promise<void> {
    return this.module.write(this.base + at, bytes);
  }

  read(at: number, length: number): Promise<Uint8Array> {
    return this.module.read(this.base + at, length);
  }

  /** Address of free memory, filled with these bytes. */
  async place(bytes: Uint8Array, at = TX): Promise<number> {
    await this.write(at, bytes);
    return this.base + at;
  }

  async importKeys(first: number, keys: readonly Uint8Array[]): Promise<number[]> {
    const codes: number[] = [];
    for (const [i, key] of keys.entries()) {
      codes.push(await this.call("import_key", first + i, await this.place(key, ITEMS)));
    }
    return codes;
  }

  async build(channel: Channel, commitment: Commitment): Promise<number> {
    const { htlcs } = commitment;
    const addresses = htlcs.map((_, i) => this.base + HTLCS + i * HTLC_BYTES);
    await this.write(CHANNEL, encodeChannel(channel));
    await this.write(COMMITMENT, encodeCommitment(commitment, addresses));
    if (htlcs.length > 0) await this.write(HTLCS, Buffer.concat(htlcs.map(encodeHtlc)));
    return this.call("commitment_build", this.base + CHANNEL, this.base + COMMITMENT);
  }

  /** The signature and the HTLC signatures, of 64 bytes each; or a code. */
  async sign(): Promise<Uint8Array[] | number> {
    const count = await this.call("commitment_sign", this.base + SIGNATURES);
    if (count < 0) return count;
    const bytes = await this.read(SIGNATURES, 64 * (count + 1));
    return Array.from({ length: count + 1 }, (_, i) => bytes.slice(64 * i, 64 * (i + 1)));
  }

  async check(signatures: readonly Uint8Array[]): Promise<number> {
    await this.write(SIGNATURES, Buffer.concat(signatures));
    const at = this.base + SIGNATURES;
    return this.call("commitment_check", at, at + 64, signatures.length - 1);
  }

  async fundingSigned(signature: Uint8Array, capacity = OUT_BYTES): Promise<Uint8Array | number> {
    const at = await this.place(signature, ITEMS);
    return this.result(await this.call("funding_signed", at, this.base + OUT, capacity));
  }

  async htlcSigned(position: number, signature: Uint8Array, preimage?: Uint8Array): Promise<Uint8Array | number> {
    const at = await this.place(signature, SIGNATURES);
    const item = preimage === undefined ? 0 : await this.place(preimage, ITEMS);
    return this.result(await this.call("htlc_signed", position, at, item, this.base + OUT, OUT_BYTES));
  }

  async spend(position: number | undefined, spend: Spend): Promise<Uint8Array | number> {
    const record = Buffer.alloc(72);
    record.writeUInt32LE(await this.place(spend.script, SCRIPTS), 0);
    record.writeInt32LE(spend.script.length, 4);
    record.writeBigUInt64LE(spend.feeSat, 8);
    if (spend.secret !== undefined) record.writeUInt32LE(await this.place(spend.secret, ITEMS), 16);
    if (spend.preimage !== undefined) record.writeUInt32LE(await this.place(spend.preimage, ITEMS + 32), 20);
    if (spend.outpoint !== undefined) record.set(spend.outpoint, 24);
    record.writeBigUInt64LE(spend.amountSat ?? 0n, 64);
    const at = await this.place(record, RECORD);
    return this.result(
      position === undefined
        ? await this.call("spend_second_stage", at, this.base + OUT, OUT_BYTES)
        : await this.call("spend_commitment", position, at, this.base + OUT, OUT_BYTES),
    );
  }

  async buildClosing(channel: Channel, closing: Closing): Promise<number> {
    const record = Buffer.alloc(64);
    closing.balancesMsat.forEach((msat, i) => record.writeBigUInt64LE(msat, 8 * i));
    record.writeBigUInt64LE(closing.feeSat, 16);
    record.writeBigUInt64LE(closing.dustLimitSat, 24);
    [closing.payer, closing.kind, closing.locktime, closing.omitted].forEach((value, i) =>
      record.writeUInt32LE(value, 32 + 4 * i),
    );
    for (const [i, script] of closing.scripts.entries()) {
      record.writeUInt32LE(await this.place(script, SCRIPTS + 96 * i), 48 + 4 * i);
      record.writeInt32LE(script.length, 56 + 4 * i);
    }
    await this.write(CHANNEL, encodeChannel(channel));
    return this.call("closing_build", this.base + CHANNEL, await this.place(record, RECORD));
  }

  /** What stands, without witness. */
  async unsignedTx(): Promise<Uint8Array> {
    return this.read(OUT, await this.call("unsigned_tx", this.base + OUT));
  }

  /** Calls an export whose last argument is where `length` bytes of result go; the bytes, or the code. */
  async bytes(length: number, name: string, ...args: (number | bigint)[]): Promise<Uint8Array | number> {
    const code = await this.call(name, ...args, this.base + OUT);
    return code < 0 ? code : this.read(OUT, length);
  }

  private result(length: number): Promise<Uint8Array> | number {
    return length < 0 ? length : this.read(OUT, length);
  }
}
