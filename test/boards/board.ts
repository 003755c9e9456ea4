import { afterAll, beforeAll, describe } from "vitest";
import { QemuMachine, type MachineOptions } from "../../host/qemu/machine.js";
import { whereItRuns } from "../driver/engines.js";

/** The private key of the tests' boards. */
export const KEY = new Uint8Array(32).fill(0x42);

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
