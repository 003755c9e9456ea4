import { createHash } from "node:crypto";
import { BlockingStream, StreamEnded, type StreamTarget } from "../link/blocking_stream.js";
import type { BoardImage } from "../link/image.js";
import type { Machine } from "../link/machine.js";
import { BoardSilent, SyncBoard } from "../link/sync_board.js";
import { ABI_VERSION } from "../metrology/abi.js";
import { readMetrology } from "../metrology/module.js";
import { NODE_ABI_VERSION } from "../node/abi.js";
import { posixMissing, PosixMachine } from "../posix/index.js";
import { qemuMissing } from "../qemu/index.js";
import { QemuMachine } from "../qemu/machine.js";
import type { BoardOption, BoardSource } from "./board_option.js";

/** Of the ESP32-C6's links. */
const BAUD = 115_200;
/** A board that runs already says hello at once. */
const HELLO_MS = 5_000;
const ANSWER_MS = 120_000;

/** What a board is given before its first start; those with a flash of their own keep what they have. */
export type Provisioning = Required<Pick<BoardImage, "key" | "root" | "seed">>;

/** A board whose service link is open and whose modules are this project's. */
export interface OpenBoard {
  readonly option: BoardOption;
  readonly board: SyncBoard;
  /** Compressed point of its metrology key, 33 bytes. */
  readonly publicKey: Uint8Array;
  close(): void;
}

/** Starts a board, or finds the one that runs. Throws Error naming it and what is wrong. */
export function openBoard(option: BoardOption, provisioning: Provisioning): OpenBoard {
  const { source } = option;
  const machine = emulated(source, provisioning);
  const stream = new BlockingStream(machine === undefined ? targetOf(source) : ownProcess(machine));
  const close = (): void => {
    stream.close();
    machine?.abandon();
  };
  try {
    stream.opened(HELLO_MS);
    const board = new SyncBoard(stream, machine === undefined ? HELLO_MS : ANSWER_MS);
    const refusal = machine === undefined ? found(board) : board.ready();
    if (refusal !== "") throw new Error(`it does not start its metrology module: ${refusal}`);
    return { option, board, publicKey: checked(board), close };
  } catch (error) {
    close();
    const isSilent = error instanceof BoardSilent || error instanceof StreamEnded;
    const why = isSilent ? `the board does not answer: ${error.message}` : (error as Error).message;
    throw new Error(`--board ${option.text}: ${why}`, { cause: error });
  }
}

function emulated({ kind }: BoardSource, image: BoardImage): Machine | undefined {
  if (kind !== "qemu" && kind !== "posix") return undefined;
  const missing = kind === "qemu" ? qemuMissing() : posixMissing();
  if (missing !== undefined) throw new Error(missing);
  return kind === "qemu" ? new QemuMachine(image) : new PosixMachine(image);
}

function ownProcess({ commandLine }: Machine): StreamTarget {
  const [command, ...args] = commandLine;
  return { kind: "process", command, args };
}

function targetOf(source: BoardSource): StreamTarget {
  if (source.kind === "serial") return { kind: "serial", path: source.service, baudRate: BAUD };
  if (source.kind === "socket") return socketOf(source.service);
  throw new TypeError(`${source.kind} is a process of its own`);
}

/** HOST:PORT, or the path of a unix socket. */
function socketOf(address: string): StreamTarget {
  const [, host, port] = /^([^/]+):(\d{1,5})$/.exec(address) ?? [];
  if (host === undefined) return { kind: "socket", path: address, withinMs: 0 };
  return { kind: "socket", host, port: Number(port), withinMs: 0 };
}

/** A board that is there already is to begin anew, driven: the message of its READY event. */
function found(board: SyncBoard): string {
  board.hello();
  board.writeSettings({ mode: Uint8Array.of(0) });
  return board.restart();
}

/** Makes sure that the board runs this project's modules: its public key. */
function checked(board: SyncBoard): Uint8Array {
  const { abiVersion, nodeAbiVersion, moduleHash, publicKey } = board.hello();
  if (abiVersion !== ABI_VERSION)
    throw new Error(`its metrology module has interface ${abiVersion}, not ${ABI_VERSION}`);
  if (nodeAbiVersion !== NODE_ABI_VERSION) {
    throw new Error(`its node module has interface ${nodeAbiVersion}, not ${NODE_ABI_VERSION}`);
  }
  if (!createHash("sha256").update(readMetrology().wasm).digest().equals(moduleHash)) {
    throw new Error("it measures with another module than build/metrology.wasm");
  }
  return publicKey;
}
