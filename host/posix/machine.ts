import type { BoardImage } from "../link/image.js";
import { Machine, type MachineLines } from "../link/machine.js";
import { POSIX_BOARD, POSIX_SANITIZED } from "./paths.js";

export interface PosixOptions extends BoardImage, MachineLines {
  /** The flash operation, counted from 1 at power-on, in whose middle the power fails. */
  readonly cutAt?: number;
  /** The build with the compiler's sanitizers. */
  readonly sanitized?: boolean;
}

/** The C runtime as a process of this machine. */
export class PosixMachine extends Machine {
  cutAt: number | undefined;
  readonly #peers: readonly string[];
  readonly #inputs: string | undefined;
  readonly #program: string;

  constructor(options: PosixOptions) {
    super(options);
    this.cutAt = options.cutAt;
    this.#peers = options.peers ?? [];
    this.#inputs = options.inputs;
    this.#program = options.sanitized === true ? POSIX_SANITIZED : POSIX_BOARD;
  }

  protected override command(): string[] {
    return [
      this.#program,
      ...["--flash", this.flashFile],
      ...this.#peers.flatMap((path) => ["--peer", path]),
      ...(this.#inputs === undefined ? [] : ["--inputs", this.#inputs]),
      ...(this.cutAt === undefined ? [] : ["--cut-at", `${this.cutAt}`]),
    ];
  }
}
