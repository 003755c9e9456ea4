import { afterAll, beforeAll, describe, it } from "vitest";
import { qemuMissing } from "../../host/qemu/index.js";
import { Machine, type MachineOptions } from "../../host/qemu/machine.js";

/** The private key of the tests' boards. */
export const KEY = new Uint8Array(32).fill(0x42);

/**
 * Tests that need the emulated board. Where it cannot run they are skipped under a title that says why, or fail if
 * TIELINE_REQUIRE_ALL=1 says that every engine must be there.
 */
export function describeBoard(title: string, body: () => void): void {
  const missing = qemuMissing();
  if (missing === undefined) {
    describe(title, body);
  } else if (process.env["TIELINE_REQUIRE_ALL"] === "1") {
    describe(title, () => {
      it("runs on qemu", () => {
        throw new Error(missing);
      });
    });
  } else {
    describe(title, () => {
      it.skip(`on qemu: ${missing}`, () => undefined);
    });
  }
}

/** One board for the tests of a `describeBoard`; each test that wears it out restarts it. */
export function useMachine(options: MachineOptions = { key: KEY }): () => Machine {
  let machine: Machine | undefined;
  beforeAll(async () => {
    machine = new Machine(options);
    await machine.powerOn();
  });
  afterAll(async () => machine?.discard());
  return () => {
    if (machine === undefined) throw new Error("the board was not started");
    return machine;
  };
}
