import { chmodSync, rmSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { Lines } from "./lines.js";
import {
  type Json,
  RPC_CODES,
  RpcError,
  errorReply,
  idOf,
  lineOf,
  parseLine,
  readRequest,
  requestsOf,
  resultReply,
} from "./rpc.js";

/** What carries out a method. Throws RpcError for what the caller is to know. */
export type Dispatch = (
  method: string,
  params: readonly unknown[] | Readonly<Record<string, unknown>>,
) => Json | Promise<Json>;

/** Longest path that a Unix socket can have on every system, bytes. */
const MAX_PATH_BYTES = 103;

/**
 * JSON-RPC 2.0 over a Unix socket, a request or batch a line, any number of clients. Requests of one client run side by
 * side: a payment that waits holds up nobody, and replies come in the order in which they are ready.
 */
export class ControlServer {
  private readonly sockets = new Set<Socket>();
  private readonly pending = new Set<Promise<void>>();

  private constructor(
    private readonly server: Server,
    private readonly dispatch: Dispatch,
    private readonly onDefect: (error: unknown) => void,
  ) {}

  /**
   * Takes the place of a socket that an earlier process left behind: who calls holds the folder's lock.
   *
   * @param onDefect told of every error that is no RpcError
   */
  static async listen(path: string, dispatch: Dispatch, onDefect: (error: unknown) => void): Promise<ControlServer> {
    if (Buffer.byteLength(path) > MAX_PATH_BYTES) {
      throw new Error(`${path}: too long for a socket, at most ${MAX_PATH_BYTES} bytes`);
    }
    rmSync(path, { force: true });
    const server = createServer();
    const control = new ControlServer(server, dispatch, onDefect);
    server.on("connection", (socket) => {
      control.serve(socket);
    });
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(path, resolve);
    });
    // Whoever may write to it can spend.
    chmodSync(path, 0o600);
    return control;
  }

  /** Takes no more clients and requests, lets those under way be answered, then ends. The socket file goes with it. */
  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => {
      this.server.close(() => {
        resolve();
      });
    });
    for (const socket of this.sockets) socket.pause();
    await Promise.all(this.pending);
    for (const socket of this.sockets) socket.end();
    const grace = setTimeout(() => {
      for (const socket of this.sockets) socket.destroy();
    }, 1000);
    await closed;
    clearTimeout(grace);
  }

  private serve(socket: Socket): void {
    const lines = new Lines();
    this.sockets.add(socket);
    socket.on("close", () => this.sockets.delete(socket));
    // A client that has gone is no matter of ours.
    socket.on("error", () => socket.destroy());
    socket.on("data", (chunk: Buffer) => {
      let complete: string[];
      try {
        complete = lines.push(chunk);
      } catch (error) {
        const reply = new RpcError(RPC_CODES.REQUEST, (error as Error).message, { field: "request", place: null });
        socket.end(lineOf(errorReply(null, reply)));
        return;
      }
      for (const line of complete) this.begin(socket, line);
    });
  }

  private begin(socket: Socket, line: string): void {
    const work = this.answer(line).then((reply) => {
      if (reply !== undefined && socket.writable) socket.write(lineOf(reply));
    });
    this.pending.add(work);
    void work.finally(() => this.pending.delete(work));
  }

  private async answer(line: string): Promise<Json | undefined> {
    try {
      const { batch, entries } = requestsOf(parseLine(line));
      const replies = await Promise.all(entries.map((entry) => this.carryOut(entry)));
      const present = replies.filter((reply) => reply !== undefined);
      return batch ? (present.length === 0 ? undefined : present) : present[0];
    } catch (error) {
      return errorReply(null, this.told(error));
    }
  }

  private async carryOut(entry: unknown): Promise<Json | undefined> {
    try {
      const { id, method, params } = readRequest(entry);
      try {
        const result = await this.dispatch(method, params);
        return id === undefined ? undefined : resultReply(id, result);
      } catch (error) {
        const told = this.told(error);
        return id === undefined ? undefined : errorReply(id, told);
      }
    } catch (error) {
      return errorReply(idOf(entry), this.told(error));
    }
  }

  private told(error: unknown): RpcError {
    if (error instanceof RpcError) return error;
    this.onDefect(error);
    return new RpcError(
      RPC_CODES.INTERNAL,
      `internal error: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}
