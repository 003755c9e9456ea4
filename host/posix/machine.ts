import { type BoardImage, type Partition, PARTITIONS } from "../link/image.js";
import { Machine, type MachineLines } from "../link/machine.js";
import { POSIX_BOARD, POSIX_SANITIZED } from "./paths.js";

export interface PosixOptions extends BoardImage, MachineLines {
  /** The flash operation, counted from 1 at power-on, in whose middle the power fails. */
  readonly cutAt?: number;
  /** Sectors that fail when they are written; `isSilent`: a cell keeps what it had, and the flash does not say so. */
  readonly badSectors?: readonly {
    readonly partition: Partition;
    readonly sector: number;
    readonly isSilent?: boolean;
  }[];
  /** The supply holds for `up` flash operations, then fails for `down`, and so on. */
  readonly sawtooth?: { readonly up: number; readonly down: number };
  /** The build with the compiler's sanitizers. */
  readonly sanitized?: boolean;
}

/** The C runtime as a process of this machine. */
export class PosixMachine extends Machine {
  cutAt: number | undefined;
  sawtooth: PosixOptions["sawtooth"];
  readonly #badSectors: NonNullable<PosixOptions["badSectors"]>;
  readonly #peers: readonly string[];
  readonly #inputs: string | undefined;
  readonly #program: string;

  constructor(options: PosixOptions) {
    super(options);
    this.cutAt = options.cutAt;
    this.sawtooth = options.sawtooth;
    this.#badSectors = options.badSectors ?? [];
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
      ...(this.sawtooth === undefined ? [] : ["--sawtooth", `${this.sawtooth.up}:${this.sawtooth.down}`]),
      ...this.#badSectors.flatMap(({ partition, sector, isSilent }) => [
        isSilent === true ? "--worn-sector" : "--bad-sector",
        `${PARTITIONS.indexOf(partition)}:${sector}`,
      ]),
    ];
  }
}
