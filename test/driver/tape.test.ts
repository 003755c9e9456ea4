import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { engineByName } from "../../host/engine/index.js";
import type { ModuleFile } from "../../host/engine/module_file.js";
import type { Machine } from "../../host/link/machine.js";
import { PosixMachine } from "../../host/posix/index.js";
import { QemuMachine } from "../../host/qemu/machine.js";
import { whereItRuns } from "./engines.js";
import { compileEntry } from "./entry.js";
import { withImport } from "./import_names.js";
import { type Piece, type Tape, TapeRecorder } from "./tape.js";
import { replayTape } from "./tape_replay.js";

const ENTRY = "test/base/amount.entry.ts";

/** `piece` with a bit of one of its bytes changed. */
function flipped(piece: Piece, index: number): Piece {
  const bytes = piece.bytes.slice();
  bytes[index] = (bytes[index] ?? 0) ^ 1;
  return { at: piece.at, bytes };
}

const withStep = (tape: Tape, number: number, change: Partial<Tape["steps"][number]>): Tape => ({
  ...tape,
  steps: tape.steps.map((step, i) => (i === number ? { ...step, ...change } : step)),
});

describe.each(["posix", "qemu"] as const)("a tape on %s", (engine) => {
  let file: ModuleFile;
  let tape: Tape;
  let machine: Machine | undefined;
  beforeAll(() => {
    file = compileEntry(ENTRY);
    const recorder = new TapeRecorder(100, 1);
    const instance = recorder.record(engineByName("v8").instantiate(file.wasm, {}, file.sourceMap));
    const at = instance.call("data") as number;
    for (const value of [1234567n, 7n]) {
      instance.memory().fill(0x55, at, at + 40);
      expect(instance.call("decimal", value, 12)).toBe(12);
    }
    expect(() => instance.call("decimal", 7n, 33)).toThrow();
    // What comes after a trap is no part of it.
    expect(instance.call("decimal", 7n, 2)).toBe(2);
    tape = recorder.tapes[0] as Tape;
  });
  afterEach(async () => machine?.discard());

  whereItRuns(engine, () => {
    it("passes as it was recorded, and fails where one byte is another", async () => {
      machine = engine === "qemu" ? new QemuMachine({}) : new PosixMachine({});
      await machine.powerOn();
      const { client } = machine;
      const play = async (changed: Tape): Promise<string | undefined> => replayTape(client, file.wasm, changed);
      expect(tape.steps.map(({ name }) => name)).toEqual(["data", "decimal", "decimal", "decimal"]);
      expect(await play(tape)).toBeUndefined();
      const untrapped = { ...tape, steps: tape.steps.slice(0, 3) };
      expect(await play(untrapped)).toBeUndefined();

      const [, first] = tape.steps;
      const [wrote, changed] = [first?.writes[0], first?.changed[0]];
      if (wrote === undefined || changed === undefined) return expect.fail();
      expect(wrote.bytes).toEqual(new Uint8Array(40).fill(0x55));
      for (const index of changed.bytes.keys()) {
        const difference = await play(withStep(tape, 1, { changed: [flipped(changed, index)] }));
        expect(difference).toMatch(new RegExp(`^call 1, decimal.*byte ${changed.at + index} of memory is `));
      }
      expect(await play(withStep(tape, 1, { result: 13 }))).toMatch("gives 12 instead of 13");
      expect(await play(withStep(tape, 1, { args: [1234568n, 12] }))).toMatch("of memory is");
      expect(await play(withStep(tape, 3, { result: 33 }))).toMatch("is refused");
      // What the host writes shows where no call writes over it, in all of memory at the end.
      expect(await play(withStep(untrapped, 1, { writes: [flipped(wrote, 39)] }))).toMatch(
        `after the last call: byte ${wrote.at + 39} of memory is`,
      );
      const memory = flipped({ at: 0, bytes: tape.memory }, tape.memory.length - 1).bytes;
      expect(await play({ ...untrapped, memory })).toMatch(`after the last call: byte ${memory.length - 1} of memory`);
    });
  });
});

describe("an import that is taken from elsewhere", () => {
  const leave = { module: "env", field: "leave" };
  /** Exports `go`, which calls the import. */
  const wasm = Uint8Array.from([
    ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...[1, 5, 1, 0x60, 0, 1, 0x7f],
    ...[2, 13, 1, 3, ...Buffer.from("env"), 5, ...Buffer.from("leave"), 0, 0],
    ...[3, 2, 1, 0],
    ...[5, 3, 1, 0, 1],
    ...[7, 15, 2, 2, ...Buffer.from("go"), 0, 1, 6, ...Buffer.from("memory"), 2, 0],
    ...[10, 6, 1, 4, 0, 0x10, 0, 0x0b],
  ]);

  it("is that one's function, whatever the length of its name", () => {
    const long = "a name much longer than the one before it ".repeat(8);
    for (const field of ["x", long]) {
      const changed = withImport(wasm, leave, { module: "elsewhere", field });
      const imports = { env: { leave: () => 1 }, elsewhere: { [field]: () => 2 } };
      expect(engineByName("v8").instantiate(changed, imports).call("go")).toBe(2);
      expect(engineByName("v8").instantiate(wasm, imports).call("go")).toBe(1);
    }
  });

  it("has to be there", () => {
    expect(() => withImport(wasm, { module: "env", field: "come" }, leave)).toThrow("does not import come from env");
    expect(() => withImport(wasm.subarray(0, 15), leave, leave)).toThrow("imports nothing");
  });
});
