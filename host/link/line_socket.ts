import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** The host's end of a line that is plugged into an emulated board: a unix socket in a folder of its own. */
export class LineSocket {
  readonly #directory = mkdtempSync(join(tmpdir(), "tieline-line-"));
  /** What the board's options are given. */
  readonly path = join(this.#directory, "line");
  readonly #server: Server;
  readonly #waiting: ((socket: Socket) => void)[] = [];
  #socket: Socket | undefined;

  private constructor(readonly onBytes: (bytes: Uint8Array) => void) {
    this.#server = createServer((socket) => {
      this.#socket?.destroy(); // power was given back: what was plugged in before has gone
      this.#socket = socket;
      socket.on("data", (bytes: Uint8Array) => this.onBytes(bytes));
      socket.on("error", () => undefined); // as a line that is cut: silence
      for (const resolve of this.#waiting.splice(0)) resolve(socket);
    });
  }

  /**
   * Listens, so that a board can be switched on.
   * @param onBytes what the board writes
   */
  static async open(onBytes: (bytes: Uint8Array) => void = () => undefined): Promise<LineSocket> {
    const line = new LineSocket(onBytes);
    await new Promise<void>((resolve, reject) => {
      line.#server.once("error", reject);
      line.#server.listen(line.path, resolve);
    });
    return line;
  }

  /** Resolves once a board is at the other end. */
  connected(): Promise<Socket> {
    const socket = this.#socket;
    return socket === undefined ? new Promise((resolve) => this.#waiting.push(resolve)) : Promise.resolve(socket);
  }

  /** Hands over bytes for the board. Returns false where the line holds back: `drained` then tells when it takes more. */
  write(bytes: Uint8Array): boolean {
    if (this.#socket === undefined) throw new Error("no board is at the other end of the line");
    return this.#socket.write(bytes);
  }

  /** Resolves once what was written has gone out. */
  async drained(): Promise<void> {
    const socket = await this.connected();
    if (socket.writableNeedDrain) await new Promise((resolve) => socket.once("drain", resolve));
  }

  /** Unplugs the line. */
  close(): void {
    this.#socket?.destroy();
    this.#server.close();
    rmSync(this.#directory, { recursive: true, force: true });
  }
}
