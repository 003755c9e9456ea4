import { createHash } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
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
import type { BoardOption } from "./board_option.js";

/** Of the ESP32-C6's links. */
const BAUD = 115_200;
/** A board that runs already says hello at once. */
const HELLO_MS = 5_000;
const OPEN_MS = 20_000;

/** What a board is given before its first start; those with a flash of their own keep what they have. */
export type Provisioning = Required<Pick<BoardImage, "key" | "root" | "seed">>;

/** A board whose service link is open and whose modules are this project's. */
export interface OpenBoard {
  readonly option: BoardOption;
  readonly board: SyncBoard;
  /** Its link to a peer; undefined: it is driven. */
  readonly peer: BlockingStream | undefined;
  /** Compressed point of its metrology key, 33 bytes. */
  readonly publicKey: Uint8Array;
  close(): void;
}

/** Starts a board, or finds the one that runs. Throws Error naming it and what is wrong. */
export function openBoard(option: BoardOption, provisioning: Provisioning): OpenBoard {
  const closers: (() => void)[] = [];
  const close = (): void => {
    for (const closer of closers.splice(0).reverse()) closer();
  };
  const opened = (target: StreamTarget): BlockingStream => {
    const stream = new BlockingStream(target);
    closers.push(() => stream.close());
    stream.opened(OPEN_MS);
    return stream;
  };
  try {
    const { source } = option;
    if ("service" in source) {
      const peer = source.peer === undefined ? undefined : opened(targetOf(source.kind, source.peer));
      const board = new SyncBoard(opened(targetOf(source.kind, source.service)));
      demandStart(found(board));
      return { option, board, peer, publicKey: checked(board), close };
    }
    const folder = mkdtempSync(join(tmpdir(), "tieline-peer-"));
    closers.push(() => rmSync(folder, { recursive: true, force: true }));
    const path = source.driven ? undefined : join(folder, "peer");
    const peer = path === undefined ? undefined : opened({ kind: "listen", path });
    const machine = emulated(source.kind, { ...provisioning, ...(path !== undefined && { peers: [path] }) });
    closers.push(() => machine.abandon());
    const [command, ...args] = machine.commandLine;
    const board = new SyncBoard(opened({ kind: "process", command, args }));
    demandStart(board.ready());
    return { option, board, peer, publicKey: checked(board), close };
  } catch (error) {
    close();
    const isSilent = error instanceof BoardSilent || error instanceof StreamEnded;
    const why = isSilent ? `the board does not answer: ${error.message}` : (error as Error).message;
    throw new Error(`--board ${option.text}: ${why}`, { cause: error });
  }
}

function emulated(kind: "qemu" | "posix", options: BoardImage & { readonly peers?: readonly string[] }): Machine {
  const missing = kind === "qemu" ? qemuMissing() : posixMissing();
  if (missing !== undefined) throw new Error(missing);
  return kind === "qemu" ? new QemuMachine(options) : new PosixMachine(options);
}

function demandStart(refusal: string): void {
  if (refusal !== "") throw new Error(`it does not start its metrology module: ${refusal}`);
}

const targetOf = (kind: "serial" | "socket", where: string): StreamTarget =>
  kind === "serial" ? { kind, path: where, baudRate: BAUD } : socketOf(where);

/** HOST:PORT, or the path of a unix socket. */
function socketOf(address: string): StreamTarget {
  const [, host, port] = /^([^/]+):(\d{1,5})$/.exec(address) ?? [];
  if (host === undefined) return { kind: "socket", path: address, withinMs: 0 };
  return { kind: "socket", host, port: Number(port), withinMs: 0 };
}

/** A board that is there already is to begin anew, driven: the message of its READY event. */
function found(board: SyncBoard): string {
  const { answerMs } = board;
  board.answerMs = HELLO_MS;
  board.hello();
  board.answerMs = answerMs;
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
