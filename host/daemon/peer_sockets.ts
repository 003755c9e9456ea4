import { type Server, type Socket, createConnection, createServer } from "node:net";
import type { Address } from "./parameters.js";

/** What a connection tells. Each `connection` is a number from 0, reused after `closed`. */
export interface SocketEvents {
  /** Somebody has dialled us, or our own dial (`remote` given) went through. */
  opened(connection: number, remote: Uint8Array | undefined, address: Address): void;
  received(connection: number, bytes: Uint8Array): void;
  closed(connection: number): void;
}

/** Bytes that may wait for a peer that does not read; then it is given up. */
const MAX_BACKLOG = 4 << 20;
const DIAL_MS = 10_000;

/** TCP to and from peers: a fixed number of connections, as many as the firmware has. */
export class PeerSockets {
  private readonly sockets: (Socket | undefined)[];
  private server: Server | undefined;

  constructor(
    connections: number,
    private readonly events: SocketEvents,
  ) {
    this.sockets = new Array<Socket | undefined>(connections).fill(undefined);
  }

  /** Listens; returns the address with the port that it got. Throws an Error naming the address. */
  async listen({ host, port }: Address): Promise<Address> {
    const server = createServer({ noDelay: true }, (socket) => {
      this.accept(socket);
    });
    await new Promise<void>((resolve, reject) => {
      server.once("error", (error) => {
        reject(new Error(`--listen ${host}:${port}: ${error.message}`, { cause: error }));
      });
      server.listen(port, host, resolve);
    });
    this.server = server;
    const bound = server.address();
    return { host, port: typeof bound === "object" && bound !== null ? bound.port : port };
  }

  /** The number of a connection to `address`, once it stands. Throws an Error if it does not come to be. */
  dial(remote: Uint8Array, address: Address): Promise<number> {
    const connection = this.free();
    if (connection === undefined) return Promise.reject(new Error("every connection is taken"));
    const socket = createConnection({ host: address.host, port: address.port, noDelay: true });
    this.sockets[connection] = socket;
    return new Promise((resolve, reject) => {
      socket.setTimeout(DIAL_MS, () => socket.destroy(new Error("no answer")));
      const fail = (error: Error): void => {
        this.release(connection, socket);
        reject(new Error(`${address.host}:${address.port}: ${error.message}`, { cause: error }));
      };
      socket.once("error", fail);
      socket.once("connect", () => {
        socket.off("error", fail);
        socket.setTimeout(0);
        this.serve(connection, socket, remote, address);
        resolve(connection);
      });
    });
  }

  send(connection: number, bytes: Uint8Array): void {
    const socket = this.sockets[connection];
    if (socket === undefined || !socket.writable) return;
    // The range may be the module's own memory: it is copied before the event loop goes on.
    socket.write(Buffer.from(bytes));
    if (socket.writableLength > MAX_BACKLOG) socket.destroy();
  }

  /** What was sent before still goes out. `closed` is told later. */
  hangUp(connection: number): void {
    this.sockets[connection]?.end();
    this.sockets[connection]?.destroySoon();
  }

  /** Takes no more and hangs up all. */
  async close(): Promise<void> {
    const { server } = this;
    const closed =
      server === undefined
        ? Promise.resolve()
        : new Promise<void>((resolve) => {
            server.close(() => {
              resolve();
            });
          });
    for (const socket of this.sockets) socket?.destroySoon();
    await closed;
  }

  private accept(socket: Socket): void {
    const connection = this.free();
    if (connection === undefined) {
      socket.destroy();
      return;
    }
    const { remoteAddress: host = "", remotePort: port = 0 } = socket;
    this.sockets[connection] = socket;
    this.serve(connection, socket, undefined, { host, port });
  }

  private serve(connection: number, socket: Socket, remote: Uint8Array | undefined, address: Address): void {
    // Its end follows as "close", which is all that matters.
    socket.on("error", () => socket.destroy());
    socket.on("data", (bytes: Buffer) => {
      this.events.received(connection, bytes);
    });
    socket.on("close", () => {
      this.release(connection, socket);
      this.events.closed(connection);
    });
    this.events.opened(connection, remote, address);
  }

  private free(): number | undefined {
    const index = this.sockets.indexOf(undefined);
    return index < 0 ? undefined : index;
  }

  private release(connection: number, socket: Socket): void {
    if (this.sockets[connection] === socket) this.sockets[connection] = undefined;
  }
}
