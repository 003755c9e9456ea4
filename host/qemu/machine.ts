import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Duplex } from "node:stream";
import { BoardClient } from "../link/board_client.js";
import { Link } from "../link/link.js";
import type { DriverOptions } from "../metrology/driver.js";
import { createImage, readPartition } from "./image.js";
import { BOARD_ELF, QEMU } from "./paths.js";

/** The root secret of the node's keys, on every emulated board: boards/qemu_virt/keystore.c. */
export const BOARD_ROOT = new Uint8Array(32).fill(0x22);

/** Where util-linux is at hand, the kernel ends the emulator even if this process is killed outright. */
const TIED_TO_PARENT = existsSync("/usr/bin/setpriv") ? ["/usr/bin/setpriv", "--pdeathsig", "KILL"] : [];

export interface MachineOptions extends Partial<DriverOptions> {
  /** Let one instruction be one nanosecond of the board's clock: its time then counts instructions. */
  readonly countInstructions?: boolean;
}

/** Boards that are not discarded yet: none may outlive this process. */
const machines = new Set<Machine>();
process.once("exit", () => {
  for (const machine of machines) machine.abandon();
});

/** One emulated board with its flash file. Power can be cut and given back; the flash stays. */
export class Machine {
  /** Holds the board's flash file. */
  readonly directory = mkdtempSync(join(tmpdir(), "tieline-qemu-"));
  readonly #flashFile = join(this.directory, "pflash.img");
  readonly #countInstructions: boolean;
  #child: ChildProcessWithoutNullStreams | undefined;
  #client: BoardClient | undefined;
  #stream: Duplex | undefined;

  constructor(options: MachineOptions) {
    this.#countInstructions = options.countInstructions ?? false;
    machines.add(this);
    try {
      createImage(this.#flashFile, options);
    } catch (error) {
      this.abandon();
      throw error;
    }
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

  /** A copy of the metrology partition. Works with power on or off. */
  flash(): Uint8Array {
    return readPartition(this.#flashFile);
  }

  /** Resolves, once the board has started, with "" or the reason why its module cannot run. */
  async powerOn(): Promise<string> {
    if (this.#child !== undefined) throw new Error("the emulated board is already on");
    const [command = QEMU, ...args] = [...TIED_TO_PARENT, QEMU, ...this.#arguments()];
    const child = spawn(command, args, { stdio: "pipe" });
    this.#child = child;
    let complaints = "";
    child.stderr.on("data", (bytes: Buffer) => (complaints += bytes.toString("utf8")));
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

  #arguments(): string[] {
    return [
      ...["-M", "virt", "-cpu", "sifive-e31", "-m", "32M", "-nodefaults", "-display", "none"],
      ...["-bios", BOARD_ELF],
      ...["-drive", `if=pflash,unit=1,format=raw,file=${this.#flashFile}`],
      ...["-chardev", "stdio,id=link,signal=off", "-serial", "chardev:link"],
      ...(this.#countInstructions ? ["-icount", "shift=0"] : []),
    ];
  }
}
