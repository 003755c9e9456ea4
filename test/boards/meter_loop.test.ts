import { describe, expect, it } from "vitest";
import type { Edge } from "../../host/board/edge_fifo.js";
import { Entropy } from "../../host/board/entropy.js";
import { KeyStore } from "../../host/board/key_store.js";
import { signImage } from "../../host/image/image.js";
import { whereItRuns } from "../driver/engines.js";
import { compileEntry } from "../driver/entry.js";
import { MIDNIGHT } from "../driver/meter_client.js";
import { engineOf, makeMachine } from "./board.js";
import { CONFIGURATION, FreeBoard, image, STEPPED } from "./free_board.js";

const update = KeyStore.generate(new Entropy("update key"));
const STOPPED = "metrology stopped: [trap] unreachable executed";
/** What the meter may lose with its memory, pulses of one a second (CONFIG's loss bound, and what came with the poll). */
const MOST_LOST = 11;

describe.each(["posix", "posix, sanitized"] as const)("a meter that fails on the board %s", (name) => {
  whereItRuns(engineOf(name), () => {
    it("is booted again at once, and the board starts anew where that happens too often", async () => {
      const { wasm: module } = compileEntry("test/boards/failing_meter.entry.ts");
      const board = new FreeBoard(makeMachine(name, image({ updateKey: update.publicKey(), coverOpen: true })));
      const pulses = async (fromS: number, toS: number): Promise<void> => {
        for (let s = fromS; s < toS; s++) {
          const edges = [100, 200].map((ms, i): Edge => ({ timeMs: s * 1000 + ms, input: 0, level: i === 0 ? 1 : 0 }));
          await board.step((s + 1) * 1000, { edges });
        }
      };
      try {
        expect(await board.machine.powerOn()).toBe("");
        await board.machine.client.replaceMetrology(signImage({ kind: "metrology", version: 2, module }, update));
        await board.machine.powerOff();
        expect(await board.set({ mode: STEPPED, metrology: CONFIGURATION })).toBe("");
        await board.step(0, { utcMs: BigInt(MIDNIGHT) });
        await pulses(0, 69);
        expect((await board.registers()).importPulses).toBe(69n);
        expect(board.log.filter((line) => line === STOPPED)).toEqual([]);
        await pulses(69, 70);
        expect(board.log.filter((line) => line === STOPPED)).toEqual([STOPPED]);
        const { importPulses, clockState, intervalEndUtcMs } = await board.registers();
        expect([clockState, intervalEndUtcMs]).toEqual(["I", MIDNIGHT + 900_000]);
        expect(importPulses).toBeGreaterThanOrEqual(70n - BigInt(MOST_LOST));
        await pulses(70, 119);
        expect((await board.registers()).importPulses).toBe(importPulses + 49n);
        expect((await board.machine.client.state()).get("metrology_restarts")).toBe(1);

        const ready = board.machine.client.link.ready();
        const lost = board.step(120_000).catch((error: unknown) => error);
        expect(await ready).toBe("");
        expect(board.log.filter((line) => line.startsWith("metrology stopped"))).toEqual([
          ...new Array<string>(4).fill(STOPPED),
          "metrology stopped too often: the board starts anew",
        ]);
        await board.step(0);
        expect((await board.registers()).importPulses).toBeGreaterThanOrEqual(importPulses + 49n - BigInt(MOST_LOST));
        await board.machine.powerOff();
        expect(await lost).toBeInstanceOf(Error);
      } finally {
        await board.machine.discard();
      }
    });
  });
});
