import { afterEach, beforeAll, describe, expect, it } from "vitest";
import type { Machine } from "../../host/link/machine.js";
import type { RecordedCall } from "../../host/trace/board_calls.js";
import { replay } from "../../host/trace/board_replay.js";
import { whereItRuns } from "../driver/engines.js";
import { LONG, NODE_TAPE_CALLS } from "../long/counts.js";
import { engineOf, makeMachine } from "./board.js";
import { energy, type NodeTape, payments } from "./tapes.js";

const NAMES = ["payer", "forwarder", "recipient", "generator", "home"];

let tapes: NodeTape[];
beforeAll(() => {
  tapes = [...payments(), ...energy()];
});

const tapeOf = (name: string): NodeTape => tapes.find((tape) => tape.name === name) ?? expect.fail();

describe.each(["posix", "qemu"] as const)("nodes of a network, each as its tape, on %s", (board) => {
  let machine: Machine | undefined;
  afterEach(async () => machine?.discard());

  const play = async ({ image }: NodeTape, calls: readonly RecordedCall[]): Promise<string[]> => {
    machine = makeMachine(board, image);
    expect(await machine.powerOn()).toBe("");
    await machine.client.start("node");
    return replay(machine.client, calls);
  };

  whereItRuns(engineOf(board), () => {
    it.each(NAMES)(
      "the %s",
      async (name) => {
        const tape = tapeOf(name);
        expect(tape.calls.length).toBeGreaterThan(40);
        const most = NODE_TAPE_CALLS[board];
        expect(await play(tape, tape.calls.slice(0, most))).toEqual([]);
      },
      LONG ? 3_600_000 : 240_000,
    );

    it("tells where one byte is another", async () => {
      const tape = tapeOf("payer");
      const calls = tape.calls.slice(0, 30);
      const at = calls.findIndex(({ outputs }) => outputs[0]?.kind === "send");
      const call = calls[at] ?? expect.fail();
      const [output, ...others] = call.outputs;
      if (output?.kind !== "send") return expect.fail();
      const bytes = output.bytes.slice();
      bytes[7] = (bytes[7] ?? 0) ^ 1;
      const changed = calls.map((one, i) => (i === at ? { ...one, outputs: [{ ...output, bytes }, ...others] } : one));
      const differences = await play(tape, changed);
      expect(differences).toHaveLength(1);
      expect(differences[0]).toMatch(`call ${at}, node ${call.name}(`);
    });
  });
});
