import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { BOARD_ELF, METROLOGY_WASM, QEMU } from "./paths.js";

const REMEDY = 'Run "npm run setup:boards".';

/** What keeps the emulated board from running, and how to get it; `undefined` if nothing does. */
export function qemuMissing(): string | undefined {
  if (spawnSync(QEMU, ["--version"], { stdio: "ignore" }).status !== 0) return `${QEMU} is not installed. ${REMEDY}`;
  if (!existsSync(BOARD_ELF)) return `The firmware of the emulated board is not built. ${REMEDY}`;
  // Firmware around another module would make every comparison with other engines worthless.
  if (!readFileSync(BOARD_ELF).includes(readFileSync(METROLOGY_WASM))) {
    return `The firmware of the emulated board holds an older metrology.wasm than build/. ${REMEDY}`;
  }
  return undefined;
}
