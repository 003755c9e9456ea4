import { afterAll, beforeAll, describe } from "vitest";
import type { BoardImage } from "../../host/link/image.js";
import type { Machine, MachineLines } from "../../host/link/machine.js";
import { PosixMachine } from "../../host/posix/index.js";
import { QemuMachine, type MachineOptions } from "../../host/qemu/machine.js";
import { type MeterEngineName, whereItRuns } from "../driver/engines.js";

/** The private key of the tests' boards. */
export const KEY = new Uint8Array(32).fill(0x42);

/** Boards of one firmware: processes, without and with the compiler's sanitizers, and the emulated one. */
export const BOARDS = ["posix", "posix, sanitized", "qemu"] as const;
export type BoardName = (typeof BOARDS)[number];

export const engineOf = (name: BoardName): MeterEngineName => (name === "qemu" ? "qemu" : "posix");

export const makeMachine = (name: BoardName, image: BoardImage & MachineLines): Machine =>
  name === "qemu" ? new QemuMachine(image) : new PosixMachine({ ...image, sanitized: name !== "posix" });

/** Tests of the emulated board itself. */
export function describeBoard(title: string, body: () => void): void {
  describe(title, () => whereItRuns("qemu", body));
}

/** One board for the tests of a `describeBoard`; each test that wears it out restarts it. */
export function useMachine(options: MachineOptions = { key: KEY }): () => QemuMachine {
  let machine: QemuMachine | undefined;
  beforeAll(async () => {
    machine = new QemuMachine(options);
    await machine.powerOn();
  });
  afterAll(async () => machine?.discard());
  return () => {
    if (machine === undefined) throw new Error("the board was not started");
    return machine;
  };
}
