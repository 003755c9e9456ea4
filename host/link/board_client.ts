import type { Edge } from "../board/edge_fifo.js";
import type { FunctionSignature } from "../engine/abi.js";
import { type ExportName, EXPORTS, FILLS_OUTPUT, INPUT_BYTES } from "../metrology/abi.js";
import { IMAGE_HEADER_BYTES } from "../image/image.js";
import type { CallResult } from "../metrology/driver.js";
import type { Link } from "./link.js";
import { type NodeExportName, NODE_EXPORTS, NODE_INPUT_BYTES } from "../node/abi.js";
import { type Partition, PARTITIONS } from "./image.js";
import { nodeOutput, type NodeOutput } from "./node_output.js";
import { decodeSettings, encodeSettings, type Settings } from "./settings.js";
import { LINK_VERSION, Op, Place, type PlaceName } from "./protocol.js";

export interface Hello {
  readonly abiVersion: number;
  readonly nodeAbiVersion: number;
  /** SHA-256 of the metrology module that runs. */
  readonly moduleHash: Uint8Array;
  /** SHA-256 of the node module; zeros while none was started. */
  readonly nodeHash: Uint8Array;
  readonly publicKey: Uint8Array;
  readonly board: string;
}

const SLOTS = ["built-in", "A", "B"] as const;
export type Slot = (typeof SLOTS)[number];

/** Images of the node module on a board. */
export interface Images {
  readonly running: Slot;
  readonly runningVersion: number;
  /** What runs without a trial. */
  readonly active: Slot;
  readonly trial: Slot | undefined;
  /** Starts that the trial has had. */
  readonly tries: number;
  /** The highest version that ever stayed, 0 for none. */
  readonly confirmedVersion: number;
}

/** What an emulated board's inputs and clock do up to a moment: the operation STEP. */
export interface Step {
  /** The moment, us of the board's monotonic time: not before the last step's. */
  readonly us: bigint;
  /** UTC at it, ms, if the board is to be told. */
  readonly utcMs?: bigint | undefined;
  /** Which tamper inputs are active from then on, if that changes; bit 0: the cover, bit 1: a magnet. */
  readonly tamper?: number | undefined;
  /** Bytes written to each link to a peer since power-on. */
  readonly written?: readonly number[];
  /** Edges before the moment, in order of time. */
  readonly edges?: readonly Edge[];
}

/** What a board says when a step is done. */
export interface Idle {
  /** It wants the next step by then, us, unless something happens before. */
  readonly dueUs: bigint;
  /** Bytes it has written to each link to a peer since power-on. */
  readonly written: readonly number[];
}

/** Request of a STEP. */
export function encodeStep({ us, utcMs = NO_UTC, tamper = NO_TAMPER, written = [], edges = [] }: Step): Uint8Array {
  const head = Buffer.alloc(STEP_HEAD_BYTES);
  head.writeBigUInt64LE(us);
  head.writeBigInt64LE(utcMs, 8);
  head.writeUInt8(tamper, 16);
  head.writeUInt8(written.length, 17);
  const rest = Buffer.alloc(2 + STEP_EDGE_BYTES * edges.length);
  rest.writeUInt16LE(edges.length);
  edges.forEach(({ timeMs, input, level }, i) => {
    const at = 2 + STEP_EDGE_BYTES * i;
    rest.writeUInt32LE(timeMs % 2 ** 32, at);
    rest.writeUInt8(input, at + 4);
    rest.writeUInt8(level, at + 5);
  });
  return Buffer.concat([head, words(...written), rest]);
}

/** Response to a STEP. */
export function decodeIdle(payload: Uint8Array): Idle {
  const from = view(payload);
  const written = Array.from({ length: from.getUint8(8) }, (_, link) => from.getUint32(9 + 4 * link, true));
  return { dueUs: from.getBigUint64(0, true), written };
}

/** Figures of MAP and STATE by name; of MAP bytes unless the name says otherwise. */
export type MemoryMap = ReadonlyMap<string, number>;

const HASH_BYTES = 32;
const PUBLIC_KEY_BYTES = 33;
const CHUNK_BYTES = 4096;
const STEP_HEAD_BYTES = 18;
const STEP_EDGE_BYTES = 6;
/** What a step does not change. */
const NO_UTC = -(2n ** 63n);
const NO_TAMPER = 0xff;
/** Result of a call of the node: what it put out came in this order. */
export interface NodeCallResult extends CallResult {
  readonly outputs: readonly NodeOutput[];
}

const EXPORT_NAMES = Object.keys(EXPORTS) as ExportName[];
const NODE_EXPORT_NAMES = Object.keys(NODE_EXPORTS) as NodeExportName[];

const view = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

function words(...values: number[]): Uint8Array {
  const bytes = Buffer.alloc(4 * values.length);
  values.forEach((value, i) => bytes.writeUInt32LE(value >>> 0, 4 * i));
  return bytes;
}

/** Named figures as MAP and STATE send them. */
function figures(payload: Uint8Array): MemoryMap {
  const values = new Map<string, number>();
  for (let at = 0; at < payload.length;) {
    const valueAt = at + 1 + (payload[at] ?? 0);
    const name = Buffer.from(payload.subarray(at + 1, valueAt)).toString("ascii");
    values.set(name, view(payload).getUint32(valueAt, true));
    at = valueAt + 4;
  }
  return values;
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

/** The response to HELLO, read. */
export function readHello(payload: Uint8Array): Hello {
  const [linkVersion, abiVersion = 0, nodeAbiVersion = 0] = payload;
  if (linkVersion !== LINK_VERSION) throw new Error(`the board speaks link version ${linkVersion}`);
  const nodeHashAt = 3 + HASH_BYTES;
  const publicKeyAt = nodeHashAt + HASH_BYTES;
  const boardAt = publicKeyAt + PUBLIC_KEY_BYTES;
  return {
    abiVersion,
    nodeAbiVersion,
    moduleHash: payload.slice(3, nodeHashAt),
    nodeHash: payload.slice(nodeHashAt, publicKeyAt),
    publicKey: payload.slice(publicKeyAt, boardAt),
    board: Buffer.from(payload.subarray(boardAt)).toString("ascii"),
  };
}

/** The request of a CALL of metrology. */
export function callRequest(name: ExportName, args: readonly (number | bigint)[], input: Uint8Array): Uint8Array {
  if (input.length > INPUT_BYTES) throw new RangeError(`the input buffer takes ${INPUT_BYTES} bytes`);
  const number = Uint8Array.of(Place.metrology, EXPORT_NAMES.indexOf(name));
  return Buffer.concat([number, encodeArguments(EXPORTS[name].params, args), input]);
}

/** The request of a CALL of the node. @param outputBytes so much of the output buffer is wanted */
export function nodeCallRequest(
  name: NodeExportName,
  args: readonly (number | bigint)[],
  input: Uint8Array,
  outputBytes: number,
): Uint8Array {
  if (input.length > NODE_INPUT_BYTES) throw new RangeError(`the input buffer takes ${NODE_INPUT_BYTES} bytes`);
  const head = Uint8Array.of(Place.node, outputBytes & 0xff, outputBytes >> 8, NODE_EXPORT_NAMES.indexOf(name));
  return Buffer.concat([head, encodeArguments(NODE_EXPORTS[name].params, args), input]);
}

/** The response to a CALL. @param hasOutput whether what follows the result is wanted */
export const readCall = (payload: Uint8Array, hasOutput: boolean): CallResult => ({
  result: view(payload).getInt32(0, true),
  output: hasOutput ? payload.slice(4) : new Uint8Array(),
});

/** The operations of boards/LINK.md, typed. */
export class BoardClient {
  constructor(readonly link: Link) {}

  async hello(): Promise<Hello> {
    return readHello(await this.link.request(Op.hello));
  }

  /** Calls an export of the metrology module. Rejects with LinkError, also for a trap. */
  async call(
    name: ExportName,
    args: readonly (number | bigint)[],
    input: Uint8Array = new Uint8Array(),
  ): Promise<CallResult> {
    const payload = await this.link.request(Op.call, callRequest(name, args, input));
    return readCall(payload, FILLS_OUTPUT.has(name));
  }

  /**
   * Calls an export of the node module. Rejects with LinkError, also for a trap: what had come out of the module by then
   * is in it.
   * @param outputBytes so much of the output buffer is wanted
   */
  async callNode(
    name: NodeExportName,
    args: readonly (number | bigint)[],
    input: Uint8Array = new Uint8Array(),
    outputBytes = 0,
  ): Promise<NodeCallResult> {
    const request = nodeCallRequest(name, args, input, outputBytes);
    const { payload, outputs } = await this.link.requestWithOutputs(Op.call, request);
    return { ...readCall(payload, true), outputs: outputs.map(nodeOutput) };
  }

  /** Starts a place's built-in module, anew if it runs or has trapped. */
  async start(place: PlaceName): Promise<void> {
    await this.link.request(Op.start, Uint8Array.of(Place[place]));
  }

  /** Sets how much compiled code may stay between calls, until the board restarts. */
  async codeCache(bytes: number): Promise<void> {
    await this.link.request(Op.codeCache, words(bytes));
  }

  /** What the board is set up for, by field. */
  async settings(): Promise<Settings> {
    return decodeSettings(await this.link.request(Op.settingsRead));
  }

  /** Replaces them. Rejects with LinkError where the board is sealed and its cover closed. */
  async writeSettings(settings: Settings): Promise<void> {
    await this.link.request(Op.settingsWrite, encodeSettings(settings));
  }

  /** Makes the keys that the board does not have yet. */
  async makeKeys(): Promise<{ readonly metrology: boolean; readonly node: boolean }> {
    const [made = 0] = await this.link.request(Op.keysMake);
    return { metrology: (made & 1) !== 0, node: (made & 2) !== 0 };
  }

  /** Brings the board an image of the node module (host/image), which it tries from its next start on. */
  update(image: Uint8Array, onProgress?: (bytes: number) => void): Promise<void> {
    return this.#bring([Op.imageBegin, Op.imageData, Op.imageEnd], image, onProgress);
  }

  /**
   * Brings the board a metrology module, which it tries from the meter's next start on: `start("metrology")` or `restart`.
   * Rejects with LinkError where the cover is closed.
   */
  replaceMetrology(image: Uint8Array, onProgress?: (bytes: number) => void): Promise<void> {
    return this.#bring([Op.metrologyBegin, Op.metrologyData, Op.metrologyEnd], image, onProgress);
  }

  async #bring(
    [begin, data, end]: readonly [Op, Op, Op],
    image: Uint8Array,
    onProgress?: (bytes: number) => void,
  ): Promise<void> {
    await this.link.request(begin, image.subarray(0, IMAGE_HEADER_BYTES));
    const module = image.subarray(IMAGE_HEADER_BYTES);
    for (let offset = 0; offset < module.length; offset += CHUNK_BYTES) {
      const chunk = module.subarray(offset, offset + CHUNK_BYTES);
      await this.link.request(data, Buffer.concat([words(offset), chunk]));
      onProgress?.(IMAGE_HEADER_BYTES + offset + chunk.length);
    }
    await this.link.request(end);
  }

  /** Which image of the node module runs, which one is in force, which one is on trial. */
  async images(): Promise<Images> {
    const payload = await this.link.request(Op.images);
    const slot = (at: number): Slot => SLOTS[payload[at] ?? 0] ?? "built-in";
    return {
      runningVersion: view(payload).getUint32(0, true),
      confirmedVersion: view(payload).getUint32(4, true),
      running: slot(8),
      active: slot(9),
      trial: payload[10] === 0 ? undefined : slot(10),
      tries: payload[11] ?? 0,
    };
  }

  /** Calls any export of the module in a place. i32 results are numbers, i64 bigints. */
  async callNamed(
    name: string,
    params: FunctionSignature["params"] = [],
    args: readonly (number | bigint)[] = [],
    place: PlaceName = "node",
  ): Promise<number | bigint | undefined> {
    const bytes = Buffer.from(name, "utf8");
    const request = Buffer.concat([Uint8Array.of(Place[place], bytes.length), bytes, encodeArguments(params, args)]);
    const payload = await this.link.request(Op.callNamed, request);
    const type = String.fromCharCode(payload[0] ?? 0);
    if (type === "v") return undefined;
    return type === "I" ? view(payload).getBigInt64(1, true) : view(payload).getInt32(1, true);
  }

  /** Puts a module under test into a place until the board restarts, or the place's own is started. */
  async load(wasm: Uint8Array, place: PlaceName = "node"): Promise<void> {
    const head = Uint8Array.of(Place[place]);
    for (let offset = 0; offset < wasm.length; offset += CHUNK_BYTES) {
      const chunk = wasm.subarray(offset, offset + CHUNK_BYTES);
      await this.link.request(Op.load, Buffer.concat([head, words(wasm.length, offset), chunk]));
    }
  }

  /**
   * Figures of the board and of a place's module.
   * @param compileAll compile every function first, instead of those that calls have needed so far.
   */
  async map(compileAll = false, place: PlaceName = "metrology"): Promise<MemoryMap> {
    return figures(await this.link.request(Op.map, Uint8Array.of(compileAll ? 1 : 0, Place[place])));
  }

  /** The board's log since it was started, as far as there is room: lines "seconds text", oldest first. */
  async logs(): Promise<readonly string[]> {
    const text = Buffer.from(await this.link.request(Op.logs)).toString("utf8");
    return text.split("\n").slice(0, -1);
  }

  /** Figures of the board's life since it was started: boards/runtime/state.c. */
  async state(): Promise<MemoryMap> {
    return figures(await this.link.request(Op.state));
  }

  flashRead(offset: number, length: number, partition: Partition = "metrology"): Promise<Uint8Array> {
    return this.#readInPieces(Op.flashRead, PARTITIONS.indexOf(partition), offset, length);
  }

  /** Reads the linear memory of a module under test. */
  memoryRead(address: number, length: number, place: PlaceName = "node"): Promise<Uint8Array> {
    return this.#readInPieces(Op.memoryRead, Place[place], address, length);
  }

  /** Writes the linear memory of a module under test. */
  async memoryWrite(address: number, bytes: Uint8Array, place: PlaceName = "node"): Promise<void> {
    const head = Uint8Array.of(Place[place]);
    const pieces: Promise<Uint8Array>[] = [];
    for (let done = 0; done < bytes.length; done += CHUNK_BYTES) {
      const piece = bytes.subarray(done, done + CHUNK_BYTES);
      pieces.push(this.link.request(Op.memoryWrite, Buffer.concat([head, words(address + done), piece])));
    }
    await Promise.all(pieces);
  }

  /** Takes a board in stepped mode to a moment. What it puts out meanwhile has gone to the link's listener by then. */
  async step(step: Step): Promise<Idle> {
    return decodeIdle(await this.link.request(Op.step, encodeStep(step)));
  }

  /** Starts the firmware anew; a READY event follows. */
  async restart(): Promise<void> {
    await this.link.request(Op.restart);
  }

  /** As `restart`; resolves with the READY event's text. Rejects where the board does not come back. */
  async restartAndWait(timeoutMs = 20_000): Promise<string> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        reject(new Error(`the board does not come back within ${timeoutMs} ms`));
      }, timeoutMs);
    });
    try {
      const [text] = await Promise.all([Promise.race([this.link.ready(), late]), this.restart()]);
      return text;
    } finally {
      clearTimeout(timer);
    }
  }

  async powerOff(): Promise<void> {
    await this.link.request(Op.powerOff);
  }

  /** All pieces are asked for at once, so that no request made later comes between them. */
  async #readInPieces(op: Op, where: number, at: number, length: number): Promise<Uint8Array> {
    const pieces: Promise<Uint8Array>[] = [];
    for (let done = 0; done < length; done += CHUNK_BYTES) {
      const range = words(at + done, Math.min(CHUNK_BYTES, length - done));
      pieces.push(this.link.request(op, Buffer.concat([Uint8Array.of(where), range])));
    }
    return Uint8Array.from(Buffer.concat(await Promise.all(pieces)));
  }
}
