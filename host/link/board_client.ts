import type { FunctionSignature } from "../engine/abi.js";
import { type ExportName, EXPORTS, FILLS_OUTPUT, INPUT_BYTES } from "../metrology/abi.js";
import type { CallResult } from "../metrology/driver.js";
import type { Link } from "./link.js";
import { LINK_VERSION, Op } from "./protocol.js";

export interface Hello {
  readonly abiVersion: number;
  /** SHA-256 of the metrology module that is built into the firmware. */
  readonly moduleHash: Uint8Array;
  readonly publicKey: Uint8Array;
  readonly board: string;
}

/** Figures of the MAP operation by name: bytes unless the name says otherwise. */
export type MemoryMap = ReadonlyMap<string, number>;

const HASH_BYTES = 32;
const PUBLIC_KEY_BYTES = 33;
const CHUNK_BYTES = 4096;
const EXPORT_NAMES = Object.keys(EXPORTS) as ExportName[];

const view = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

function words(...values: number[]): Uint8Array {
  const bytes = Buffer.alloc(4 * values.length);
  values.forEach((value, i) => bytes.writeUInt32LE(value >>> 0, 4 * i));
  return bytes;
}

/** Arguments as a call carries them: i32 in 4 bytes, i64 in 8, little-endian. */
export function encodeArguments(params: FunctionSignature["params"], args: readonly (number | bigint)[]): Uint8Array {
  if (args.length !== params.length) throw new RangeError(`${params.length} arguments expected, ${args.length} given`);
  const parts = params.map((type, i) => {
    const bytes = Buffer.alloc(type === "i64" ? 8 : 4);
    const value = BigInt.asUintN(64, BigInt(args[i] ?? 0));
    if (type === "i64") bytes.writeBigUInt64LE(value);
    else bytes.writeUInt32LE(Number(value & 0xffff_ffffn));
    return bytes;
  });
  return Buffer.concat(parts);
}

/** The operations of boards/LINK.md, typed. */
export class BoardClient {
  constructor(readonly link: Link) {}

  async hello(): Promise<Hello> {
    const payload = await this.link.request(Op.hello);
    const [linkVersion, abiVersion = 0] = payload;
    if (linkVersion !== LINK_VERSION) throw new Error(`the board speaks link version ${linkVersion}`);
    const publicKeyAt = 2 + HASH_BYTES;
    const boardAt = publicKeyAt + PUBLIC_KEY_BYTES;
    return {
      abiVersion,
      moduleHash: payload.slice(2, publicKeyAt),
      publicKey: payload.slice(publicKeyAt, boardAt),
      board: Buffer.from(payload.subarray(boardAt)).toString("ascii"),
    };
  }

  /** Calls an export of the metrology module. Rejects with LinkError, also for a trap. */
  async call(
    name: ExportName,
    args: readonly (number | bigint)[],
    input: Uint8Array = new Uint8Array(),
  ): Promise<CallResult> {
    if (input.length > INPUT_BYTES) throw new RangeError(`the input buffer takes ${INPUT_BYTES} bytes`);
    const number = Uint8Array.of(EXPORT_NAMES.indexOf(name));
    const request = Buffer.concat([number, encodeArguments(EXPORTS[name].params, args), input]);
    const payload = await this.link.request(Op.call, request);
    return {
      result: view(payload).getInt32(0, true),
      output: FILLS_OUTPUT.has(name) ? payload.slice(4) : new Uint8Array(),
    };
  }

  /** Calls any export of whichever module is loaded. i32 results are numbers, i64 bigints. */
  async callNamed(
    name: string,
    params: FunctionSignature["params"] = [],
    args: readonly (number | bigint)[] = [],
  ): Promise<number | bigint | undefined> {
    const bytes = Buffer.from(name, "utf8");
    const request = Buffer.concat([Uint8Array.of(bytes.length), bytes, encodeArguments(params, args)]);
    const payload = await this.link.request(Op.callNamed, request);
    const type = String.fromCharCode(payload[0] ?? 0);
    if (type === "v") return undefined;
    return type === "I" ? view(payload).getBigInt64(1, true) : view(payload).getInt32(1, true);
  }

  /** Replaces the running module by `wasm` until the board restarts. */
  async load(wasm: Uint8Array): Promise<void> {
    for (let offset = 0; offset < wasm.length; offset += CHUNK_BYTES) {
      const chunk = wasm.subarray(offset, offset + CHUNK_BYTES);
      await this.link.request(Op.load, Buffer.concat([words(wasm.length, offset), chunk]));
    }
  }

  /** @param compileAll compile every function first, instead of those that calls have needed so far. */
  async map(compileAll = false): Promise<MemoryMap> {
    const payload = await this.link.request(Op.map, Uint8Array.of(compileAll ? 1 : 0));
    const figures = new Map<string, number>();
    for (let at = 0; at < payload.length;) {
      const valueAt = at + 1 + (payload[at] ?? 0);
      figures.set(
        Buffer.from(payload.subarray(at + 1, valueAt)).toString("ascii"),
        view(payload).getUint32(valueAt, true),
      );
      at = valueAt + 4;
    }
    return figures;
  }

  flashRead(offset: number, length: number): Promise<Uint8Array> {
    return this.#readInPieces(Op.flashRead, offset, length);
  }

  /** Reads a loaded module's linear memory. */
  memoryRead(address: number, length: number): Promise<Uint8Array> {
    return this.#readInPieces(Op.memoryRead, address, length);
  }

  /** Writes a loaded module's linear memory. */
  async memoryWrite(address: number, bytes: Uint8Array): Promise<void> {
    const pieces: Promise<Uint8Array>[] = [];
    for (let done = 0; done < bytes.length; done += CHUNK_BYTES) {
      const piece = bytes.subarray(done, done + CHUNK_BYTES);
      pieces.push(this.link.request(Op.memoryWrite, Buffer.concat([words(address + done), piece])));
    }
    await Promise.all(pieces);
  }

  /** Starts the firmware anew; a READY event follows. */
  async restart(): Promise<void> {
    await this.link.request(Op.restart);
  }

  async powerOff(): Promise<void> {
    await this.link.request(Op.powerOff);
  }

  /** All pieces are asked for at once, so that no request made later comes between them. */
  async #readInPieces(op: Op, at: number, length: number): Promise<Uint8Array> {
    const pieces: Promise<Uint8Array>[] = [];
    for (let done = 0; done < length; done += CHUNK_BYTES) {
      pieces.push(this.link.request(op, words(at + done, Math.min(CHUNK_BYTES, length - done))));
    }
    return Uint8Array.from(Buffer.concat(await Promise.all(pieces)));
  }
}
