import type { BoardImage } from "../link/image.js";
import { Machine } from "../link/machine.js";
import { BOARD_ELF, QEMU } from "./paths.js";

/** QEMU takes a flash file of exactly this size only. */
const BANK_BYTES = 32 * 1024 * 1024;

export interface MachineOptions extends BoardImage {
  /** Let one instruction be one nanosecond of the board's clock: its time then counts instructions. */
  readonly countInstructions?: boolean;
}

/** One emulated RV32 board. */
export class QemuMachine extends Machine {
  readonly #countInstructions: boolean;

  constructor(options: MachineOptions) {
    super(options, BANK_BYTES);
    this.#countInstructions = options.countInstructions ?? false;
  }

  protected override command(): string[] {
    return [
      QEMU,
      ...["-M", "virt", "-cpu", "sifive-e31", "-m", "32M", "-nodefaults", "-display", "none"],
      ...["-bios", BOARD_ELF],
      ...["-drive", `if=pflash,unit=1,format=raw,file=${this.flashFile}`],
      ...["-chardev", "stdio,id=link,signal=off", "-serial", "chardev:link"],
      ...(this.#countInstructions ? ["-icount", "shift=0"] : []),
    ];
  }
}
