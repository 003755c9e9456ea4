import { join } from "node:path";
import { projectRoot } from "../root.js";

/** The program that emulates the board. */
export const QEMU = "qemu-system-riscv32";
export const BOARD_ELF = join(projectRoot(), "build/boards/qemu_virt/board.elf");
export const METROLOGY_WASM = join(projectRoot(), "build/metrology.wasm");
export const NODE_WASM = join(projectRoot(), "build/node.wasm");
