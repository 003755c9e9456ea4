import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { BoardImage } from "../../host/link/image.js";
import { createImage } from "../../host/link/image.js";
import { POSIX_BOARD } from "../../host/posix/paths.js";
import { projectRoot } from "../../host/root.js";

/** What one run of the command line came to. */
export interface Outcome {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A board that is a process, on an installer's bench: on a serial port, or on a unix socket. */
export class Bench {
  private constructor(
    readonly directory: string,
    readonly address: readonly string[],
    private readonly end: () => Promise<void>,
  ) {}

  static #prepare(image: BoardImage): { directory: string; command: string[] } {
    const directory = mkdtempSync(join(tmpdir(), "tieline-bench-"));
    const flash = join(directory, "flash.img");
    createImage(flash, image);
    return { directory, command: [POSIX_BOARD, "--flash", flash] };
  }

  /** At a pseudo-terminal. */
  static async onPort(image: BoardImage): Promise<Bench> {
    const { directory, command } = Bench.#prepare(image);
    const bridge = join(dirname(fileURLToPath(import.meta.url)), "pty_bridge.py");
    const child = spawn("python3", [bridge, ...command]);
    child.stderr.pipe(process.stderr);
    const [port] = (await once(createInterface(child.stdout), "line")) as [string];
    return new Bench(directory, ["--port", port], async () => {
      const gone = once(child, "exit");
      child.stdin.end();
      await gone;
    });
  }

  /** At a unix socket, which takes one caller after the other. */
  static async onSocket(image: BoardImage, command?: readonly string[]): Promise<Bench> {
    const prepared = Bench.#prepare(image);
    const [program = "", ...args] = command ?? prepared.command;
    const child = spawn(program, args, { stdio: ["pipe", "pipe", "inherit"] });
    const path = join(prepared.directory, "service");
    const server = await serve(path, child);
    return new Bench(prepared.directory, ["--socket", path], async () => {
      const gone = child.exitCode === null && child.signalCode === null ? once(child, "exit") : undefined;
      server.close();
      child.kill("SIGKILL");
      await gone;
    });
  }

  /** Runs `tieline` on this board. */
  tieline(command: string, ...args: string[]): Promise<Outcome> {
    return tieline(command, ...this.address, ...args);
  }

  async close(): Promise<void> {
    await this.end();
    rmSync(this.directory, { recursive: true, force: true });
  }
}

async function serve(path: string, child: ChildProcess): Promise<Server> {
  let caller: Socket | undefined;
  child.stdout?.on("data", (bytes: Buffer) => caller?.write(bytes));
  const server = createServer((socket) => {
    caller = socket;
    socket.on("error", () => undefined);
    socket.on("data", (bytes) => child.stdin?.write(bytes));
    socket.on("close", () => {
      if (caller === socket) caller = undefined;
    });
  });
  server.listen(path);
  await once(server, "listening");
  return server;
}

/** Runs `tieline`; `input` is its standard input. */
export async function tieline(...args: string[]): Promise<Outcome> {
  return started(args, "");
}

export async function started(args: readonly string[], input: string): Promise<Outcome> {
  const child = spawn(process.execPath, [join(projectRoot(), "build/host/cli/main.js"), ...args]);
  let stdout = "";
  let stderr = "";
  child.stdout.on("data", (text: Buffer) => (stdout += text.toString()));
  child.stderr.on("data", (text: Buffer) => (stderr += text.toString()));
  child.stdin.end(input);
  const [status] = (await once(child, "close")) as [number | null];
  return { status, stdout, stderr };
}
