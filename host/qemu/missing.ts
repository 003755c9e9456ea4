import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { BOARD_ELF, METROLOGY_WASM, NODE_WASM, QEMU } from "./paths.js";

const REMEDY = 'Run "npm run setup:boards".';

/** What keeps the emulated board from running, and how to get it; `undefined` if nothing does. */
export function qemuMissing(): string | undefined {
  if (spawnSync(QEMU, ["--version"], { stdio: "ignore" }).status !== 0) return `${QEMU} is not installed. ${REMEDY}`;
  return staleFirmware(BOARD_ELF);
}

/** Why a board's program is not the one to run. Firmware around other modules would make every comparison worthless. */
export function staleFirmware(program: string): string | undefined {
  if (!existsSync(program)) return `The firmware of the emulated board is not built. ${REMEDY}`;
  const firmware = readFileSync(program);
  for (const wasm of [METROLOGY_WASM, NODE_WASM]) {
    if (!firmware.includes(readFileSync(wasm))) {
      return `The firmware of the emulated board holds an older ${wasm} than build/. ${REMEDY}`;
    }
  }
  return undefined;
}
