import type { BoardImage } from "../link/image.js";
import { Machine, type MachineLines } from "../link/machine.js";
import { BOARD_ELF, QEMU } from "./paths.js";

/** QEMU takes a flash file of exactly this size only. */
const BANK_BYTES = 32 * 1024 * 1024;

export interface MachineOptions extends BoardImage, MachineLines {
  /** Let one instruction be one nanosecond of the board's clock: its time then counts instructions. */
  readonly countInstructions?: boolean;
}

/** One emulated RV32 board. */
export class QemuMachine extends Machine {
  readonly #countInstructions: boolean;
  readonly #peer: string | undefined;
  readonly #inputs: string | undefined;

  constructor(options: MachineOptions) {
    if ((options.peers?.length ?? 0) > 1) throw new RangeError("the emulated board has one link to a peer");
    super(options, BANK_BYTES);
    this.#peer = options.peers?.[0];
    this.#inputs = options.inputs;
    this.#countInstructions = options.countInstructions ?? false;
  }

  protected override command(): string[] {
    return [
      QEMU,
      ...["-M", "virt", "-cpu", "sifive-e31", "-m", "32M", "-nodefaults", "-display", "none"],
      ...["-bios", BOARD_ELF],
      ...["-drive", `if=pflash,unit=1,format=raw,file=${this.flashFile}`],
      ...["-chardev", "stdio,id=link,signal=off", "-serial", "chardev:link"],
      ...this.#card(),
      ...(this.#countInstructions ? ["-icount", "shift=0"] : []),
    ];
  }

  /** The card with two more UARTs, if there is a line to plug in. */
  #card(): string[] {
    const lines = { peer: this.#peer, inputs: this.#inputs };
    if (lines.peer === undefined && lines.inputs === undefined) return [];
    const chardevs = Object.entries(lines).flatMap(([id, path]) => [
      "-chardev",
      path === undefined ? `null,id=${id}` : `socket,id=${id},path=${path}`,
    ]);
    return [...chardevs, "-device", "pci-serial-2x,chardev1=peer,chardev2=inputs"];
  }
}
