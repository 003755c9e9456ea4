import { createConnection, type Socket } from "node:net";
import { Lines } from "./lines.js";
import { type Json, RpcError, isObject, lineOf, parseLine } from "./rpc.js";

interface Waiting {
  resolve(result: unknown): void;
  reject(error: Error): void;
}

/** One connection to a control socket. Calls may run side by side. */
export class ControlClient {
  private readonly waiting = new Map<number, Waiting>();
  private nextId = 1;
  private ended: Error | undefined;

  private constructor(private readonly socket: Socket) {
    const lines = new Lines();
    socket.on("data", (chunk: Buffer) => {
      try {
        for (const line of lines.push(chunk)) this.settle(parseLine(line));
      } catch (error) {
        this.end(error as Error);
        socket.destroy();
      }
    });
    socket.on("error", (error) => {
      this.end(error);
    });
    socket.on("close", () => {
      this.end(new Error("the other side closed the control socket"));
    });
  }

  /** Throws an Error with the system's code (ENOENT, ECONNREFUSED) if nobody listens there. */
  static connect(path: string): Promise<ControlClient> {
    return new Promise((resolve, reject) => {
      const socket = createConnection(path);
      socket.once("error", reject);
      socket.once("connect", () => {
        socket.off("error", reject);
        resolve(new ControlClient(socket));
      });
    });
  }

  /** The result; throws RpcError for an error reply, Error if the connection ends before one. */
  call(method: string, params: Json = {}): Promise<unknown> {
    if (this.ended !== undefined) return Promise.reject(this.ended);
    const id = this.nextId++;
    return new Promise((resolve, reject) => {
      this.waiting.set(id, { resolve, reject });
      this.socket.write(lineOf({ jsonrpc: "2.0", id, method, params }));
    });
  }

  /** Calls that wait are given up. */
  close(): void {
    this.end(new Error("closed"));
    this.socket.destroy();
  }

  private settle(reply: unknown): void {
    if (!isObject(reply)) throw new Error("a reply that is no object");
    const { id, error, result } = reply;
    // A reply without an id answers what the server could not read: it holds for the connection.
    if (typeof id !== "number") throw new Error(isObject(error) ? String(error["message"]) : "a reply without an id");
    const waiting = this.waiting.get(id);
    this.waiting.delete(id);
    if (isObject(error)) {
      waiting?.reject(new RpcError(Number(error["code"]), String(error["message"]), error["data"] as Json));
    } else {
      waiting?.resolve(result);
    }
  }

  private end(error: Error): void {
    this.ended ??= error;
    for (const { reject } of this.waiting.values()) reject(this.ended);
    this.waiting.clear();
  }
}
