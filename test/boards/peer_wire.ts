import { createServer, type Server, type Socket } from "node:net";

/** The host's end of a link to a peer: a unix socket that a board connects to, anew after each start. */
export class PeerWire {
  readonly #server: Server;
  #socket: Socket | undefined;
  #arrived: Uint8Array[] = [];
  #received = 0;
  #written = 0;
  #changed: () => void = () => undefined;

  private constructor(server: Server) {
    this.#server = server;
    server.on("connection", (socket) => {
      this.#socket = socket;
      this.#arrived = [];
      this.#received = this.#written = 0;
      socket.on("error", () => undefined);
      socket.on("data", (bytes: Uint8Array) => {
        this.#arrived.push(bytes);
        this.#received += bytes.length;
        this.#changed();
      });
    });
  }

  static listen(path: string): Promise<PeerWire> {
    const server = createServer();
    return new Promise((resolve, reject) => {
      server.once("error", reject);
      server.listen(path, () => resolve(new PeerWire(server)));
    });
  }

  /** Bytes written to the board since it has connected. */
  get written(): number {
    return this.#written;
  }

  write(bytes: Uint8Array): void {
    this.#written += bytes.length;
    this.#socket?.write(bytes);
  }

  /** Resolves with what has come, once the board has written `total` bytes in all. */
  async take(total: number): Promise<Uint8Array> {
    while (this.#received < total) await new Promise<void>((resolve) => (this.#changed = resolve));
    return Buffer.concat(this.#arrived.splice(0));
  }

  close(): void {
    this.#socket?.destroy();
    this.#server.close();
  }
}
