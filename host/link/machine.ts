import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Duplex } from "node:stream";
import { BoardClient } from "./board_client.js";
import { type BoardImage, createImage, type Partition, readPartition } from "./image.js";
import { Link } from "./link.js";

/** Where util-linux is at hand, the kernel ends the board even if this process is killed outright. */
const TIED_TO_PARENT = existsSync("/usr/bin/setpriv") ? ["/usr/bin/setpriv", "--pdeathsig", "KILL"] : [];

/** Boards that are not discarded yet: none may outlive this process. */
const machines = new Set<Machine>();
process.once("exit", () => {
  for (const machine of machines) machine.abandon();
});

/** Lines that are plugged into a board: unix sockets that the host listens on, before the board is switched on. */
export interface MachineLines {
  /** Links to peers, from link 1 on. */
  readonly peers?: readonly string[];
  /** The inputs: each byte says how all lines are from then on. */
  readonly inputs?: string;
}

/** Bits of a byte for a board's inputs: boards/emulated/inputs.h. */
export const InputBit = { import: 1, export: 2, cover: 4, magnet: 8, supplyFails: 16 } as const;

/** One board that a process emulates, with its flash file. Power can be cut and given back; the flash stays. */
export abstract class Machine {
  /** Holds the board's flash file. */
  readonly directory = mkdtempSync(join(tmpdir(), "tieline-board-"));
  protected readonly flashFile = join(this.directory, "flash.img");
  #child: ChildProcessWithoutNullStreams | undefined;
  #client: BoardClient | undefined;
  #stream: Duplex | undefined;

  constructor(image: BoardImage, fileBytes?: number) {
    machines.add(this);
    try {
      createImage(this.flashFile, image, fileBytes);
    } catch (error) {
      this.abandon();
      throw error;
    }
  }

  /** The program and its arguments. */
  protected abstract command(): readonly string[];

  /** What is run, for who starts it in another way than `powerOn`: the service link is on its standard input and output. */
  get commandLine(): readonly [string, ...string[]] {
    return [...TIED_TO_PARENT, ...this.command()] as [string, ...string[]];
  }

  get client(): BoardClient {
    if (this.#client === undefined) throw new Error("the emulated board is off");
    return this.#client;
  }

  /** The byte stream under the client, to send what no client would. */
  get stream(): Duplex {
    if (this.#stream === undefined) throw new Error("the emulated board is off");
    return this.#stream;
  }

  /** A copy of a partition. Works with power on or off. */
  flash(partition: Partition = "metrology"): Uint8Array {
    return readPartition(this.flashFile, partition);
  }

  /** Resolves, once the board has started, with "" or the reason why its metrology module cannot run. */
  async powerOn(): Promise<string> {
    if (this.#child !== undefined) throw new Error("the emulated board is already on");
    const [command, ...args] = this.commandLine;
    const child = spawn(command, args, { stdio: "pipe" });
    this.#child = child;
    let complaints = "";
    child.stderr.on("data", (bytes: Buffer) => (complaints += bytes.toString("utf8")));
    child.stdin.on("error", () => undefined); // its end is told by the other stream
    const stream = Duplex.from({ readable: child.stdout, writable: child.stdin });
    const link = new Link(stream);
    child.once("error", (error) => link.close(error));
    this.#stream = stream;
    this.#client = new BoardClient(link);
    try {
      return await link.ready();
    } catch (error) {
      await this.powerOff();
      throw new Error(`the emulated board does not start. ${complaints}`.trim(), { cause: error });
    }
  }

  /** Cuts the power: whatever the board was doing stops in the middle. */
  async powerOff(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    this.#client?.link.close();
    this.#client = undefined;
    this.#stream = undefined;
    if (child === undefined || child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGKILL");
    await ended;
  }

  /** Cuts the power and removes the flash file. */
  async discard(): Promise<void> {
    await this.powerOff();
    this.abandon();
  }

  /** As `discard`, without waiting. */
  abandon(): void {
    machines.delete(this);
    this.#child?.kill("SIGKILL");
    rmSync(this.directory, { recursive: true, force: true });
  }
}
