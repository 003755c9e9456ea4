import { describe, expect, it } from "vitest";
import { PosixMachine } from "../../host/posix/index.js";
import type { RecordedCall } from "../../host/trace/board_calls.js";
import { replay } from "../../host/trace/board_replay.js";
import { whereItRuns } from "../driver/engines.js";
import { story } from "./story.js";

/** Every so many flash operations the power is cut. */
const EVERY = 3;
const MOST = 2000;

describe("power that fails in the middle of a flash operation", () => {
  whereItRuns("posix", () => {
    it("leaves two journals from which both modules boot", async () => {
      const { calls, image } = story();
      const boots = calls.filter(({ name }) => name === "boot");
      expect(boots.map(({ place }) => place).sort()).toEqual(["metrology", "node"]);
      const boot = async (machine: PosixMachine, place: RecordedCall["place"]): Promise<number> => {
        const { client } = machine;
        const call = boots.find((one) => one.place === place) ?? expect.fail();
        const { result } =
          place === "node"
            ? await client.callNode("boot", call.args, call.input)
            : await client.call("boot", call.args, call.input);
        return result;
      };
      let cuts = 0;
      let registers = 0n;
      let known = 0;
      for (let cutAt = 1; cutAt < MOST; cutAt += EVERY) {
        const machine = new PosixMachine({ ...image, cutAt });
        try {
          expect(await machine.powerOn()).toBe("");
          await machine.client.start("node");
          const outcome = await replay(machine.client, calls).catch((error: unknown) => error);
          if (Array.isArray(outcome)) {
            // All of it took fewer operations.
            expect(outcome).toEqual([]);
            break;
          }
          expect(outcome).toMatchObject({ message: "the board closed the link" });
          cuts++;
          await machine.powerOff();
          machine.cutAt = undefined;
          expect(await machine.powerOn()).toBe("");
          await machine.client.start("node");
          expect(await boot(machine, "metrology"), `cut at ${cutAt}`).toBe(0);
          const goesOn = await boot(machine, "node");
          expect([0, 1], `what boot says after the cut at ${cutAt}`).toContain(goesOn);
          expect(goesOn, "what was there is not forgotten").toBeGreaterThanOrEqual(known);
          known = goesOn;
          // The later the cut, the more was counted before.
          const { output } = await machine.client.call("registers", []);
          const exported = Buffer.from(output).readBigUInt64LE(8);
          expect(exported).toBeGreaterThanOrEqual(registers);
          registers = exported;
        } finally {
          await machine.discard();
        }
      }
      expect(cuts).toBeGreaterThan(20);
      expect([known, registers]).toEqual([1, 1_000_000n]); // pulses of 10 mWh
    }, 120_000);
  });
});
