import { createHash } from "node:crypto";
import { Reader, hexOf } from "./reader.js";

// Transactions with segregated witness. BIP 144; weight as in BIP 141.

export interface Input {
  readonly txid: string;
  readonly output_index: number;
  readonly script: Uint8Array;
  readonly sequence: number;
  readonly witness: readonly Uint8Array[];
}

export interface Output {
  readonly amount_sat: bigint;
  readonly script: Uint8Array;
}

export interface Transaction {
  readonly txid: string;
  readonly wtxid: string;
  readonly version: number;
  readonly segwit: boolean;
  readonly size: number;
  readonly weight: number;
  readonly inputs: readonly Input[];
  readonly outputs: readonly Output[];
  readonly locktime: number;
}

const MAX_SAT = 2_100_000_000_000_000n;
/** An input takes 41 bytes at least, an output 9, a witness item 1: a greater count cannot be true. */
const INPUT_BYTES = 41;
const OUTPUT_BYTES = 9;

/** Number of things that follow, by their least size. */
function count(reader: Reader, field: string, least: number): number {
  const start = reader.offset;
  const first = reader.u8(field);
  const value =
    first < 0xfd
      ? BigInt(first)
      : first === 0xfd
        ? BigInt(reader.u16le(field))
        : first === 0xfe
          ? BigInt(reader.u32le(field))
          : reader.u64le(field);
  if (value < (first < 0xfd ? 0n : first === 0xfd ? 0xfdn : first === 0xfe ? 0x1_0000n : 0x1_0000_0000n)) {
    reader.fail(field, "is not in its shortest form", start);
  }
  if (value * BigInt(least) > BigInt(reader.left)) {
    reader.fail(field, `${value}, which does not fit into the ${reader.left} bytes that are left`, start);
  }
  return Number(value);
}

const array = <T>(length: number, item: (index: number) => T): T[] => Array.from({ length }, (_, index) => item(index));

const reversed = (bytes: Uint8Array): string => hexOf(Uint8Array.from(bytes).reverse());

function hash256(...parts: Uint8Array[]): string {
  const inner = createHash("sha256").update(Buffer.concat(parts)).digest();
  return reversed(createHash("sha256").update(inner).digest());
}

/** Throws DecodeError, naming field and byte, unless `bytes` are one whole transaction. */
export function decodeTransaction(bytes: Uint8Array): Transaction {
  const reader = new Reader(bytes);
  const version = reader.u32le("version");
  const segwit = bytes[4] === 0 && bytes[5] === 1;
  if (segwit) reader.take("flag", 2);
  const bodyFrom = reader.offset;
  const inputCount = count(reader, "input count", INPUT_BYTES);
  if (inputCount === 0) reader.fail("input count", "0: a transaction has inputs", bodyFrom);
  const inputs = array(inputCount, (index) => {
    const at = `input ${index}`;
    return {
      txid: reversed(reader.take(`${at} txid`, 32)),
      output_index: reader.u32le(`${at} output index`),
      script: reader.take(`${at} script`, count(reader, `${at} script length`, 1)),
      sequence: reader.u32le(`${at} sequence`),
    };
  });
  const outputs = array(count(reader, "output count", OUTPUT_BYTES), (index) => {
    const at = `output ${index}`;
    const start = reader.offset;
    const amount_sat = reader.u64le(`${at} amount`);
    if (amount_sat > MAX_SAT) reader.fail(`${at} amount`, `${amount_sat} satoshi: more than there can be`, start);
    return { amount_sat, script: reader.take(`${at} script`, count(reader, `${at} script length`, 1)) };
  });
  const bodyTo = reader.offset;
  const witnesses = inputs.map((_, index) => {
    if (!segwit) return [];
    const field = `input ${index} witness`;
    return array(count(reader, `${field} count`, 1), (item) =>
      reader.take(`${field} item ${item}`, count(reader, `${field} item ${item} length`, 1)),
    );
  });
  if (segwit && witnesses.every((witness) => witness.length === 0)) {
    reader.fail("witness", "none, though the flag says that there is one", bodyTo);
  }
  const lockAt = reader.offset;
  const locktime = reader.u32le("locktime");
  reader.end("end of the transaction");
  const stripped = [bytes.subarray(0, 4), bytes.subarray(bodyFrom, bodyTo), bytes.subarray(lockAt)];
  const strippedSize = stripped.reduce((sum, part) => sum + part.length, 0);
  return {
    txid: hash256(...stripped),
    wtxid: hash256(bytes),
    version,
    segwit,
    size: bytes.length,
    weight: strippedSize * 3 + bytes.length,
    inputs: inputs.map((input, index) => ({ ...input, witness: witnesses[index] ?? [] })),
    outputs,
    locktime,
  };
}
