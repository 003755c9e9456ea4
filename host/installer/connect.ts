import { connect } from "node:net";
import type { Duplex } from "node:stream";
import { SerialPort } from "serialport";
import { BoardClient } from "../link/board_client.js";
import { Link } from "../link/link.js";
import { Op } from "../link/protocol.js";

/** Where a board's service link is. */
export interface BoardAddress {
  /** Serial port: /dev/ttyUSB0, COM3. */
  readonly port?: string;
  readonly baud?: number;
  /** Unix socket of an emulated board, or of a bridge to one that is far away. */
  readonly socket?: string;
}

/** What the boards' UARTs are set to. */
export const SERVICE_BAUD = 115_200;
/** Line noise may eat a question: how often it is asked, and how long an answer may take. */
const TRIES = 4;
const ANSWER_MS = 2_500;

/** A board that somebody stands in front of. */
export interface Connection {
  readonly client: BoardClient;
  close(): Promise<void>;
}

function openPort(path: string, baudRate: number): Promise<Duplex> {
  const port = new SerialPort({ path, baudRate, autoOpen: false });
  return new Promise((resolve, reject) => {
    port.open((error) => {
      if (error) reject(new Error(`${path}: cannot be opened: ${error.message}`));
      else resolve(port);
    });
  });
}

function openSocket(path: string): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    const socket = connect(path);
    socket.once("error", (error) => {
      reject(new Error(`${path}: cannot be opened: ${error.message}`));
    });
    socket.once("connect", () => {
      resolve(socket);
    });
  });
}

/**
 * Opens the service link of a board that runs. Rejects where there is no such port, or nothing that speaks this protocol
 * answers. Asking for the settings changes nothing, so that it may be repeated.
 */
export async function connectBoard(
  { port, baud = SERVICE_BAUD, socket }: BoardAddress,
  answerMs = ANSWER_MS,
): Promise<Connection> {
  if ((port === undefined) === (socket === undefined)) throw new Error("give either --port or --socket");
  const place = port ?? socket ?? "";
  const stream = port === undefined ? await openSocket(place) : await openPort(place, baud);
  const link = new Link(stream);
  const close = (): Promise<void> =>
    new Promise((resolve) => {
      link.close();
      if (stream.destroyed) {
        resolve();
        return;
      }
      stream.once("close", () => {
        resolve();
      });
      if (stream instanceof SerialPort && stream.isOpen) stream.close();
      else stream.destroy();
    });
  for (let tries = 1; ; tries++) {
    try {
      await link.request(Op.settingsRead, undefined, answerMs);
      return { client: new BoardClient(link), close };
    } catch (error) {
      if (tries < TRIES && error instanceof Error && /no response/.test(error.message)) continue;
      await close();
      throw new Error(`${place}: no board answers: ${error instanceof Error ? error.message : String(error)}`, {
        cause: error,
      });
    }
  }
}
