import { describe, expect, it } from "vitest";
import type { BoardImage } from "../../host/link/image.js";
import { LineSocket } from "../../host/link/line_socket.js";
import { InputBit, type Machine } from "../../host/link/machine.js";
import { Status } from "../../host/link/protocol.js";
import { whereItRuns } from "../driver/engines.js";
import { CONFIGURATION, FREE, FreeBoard } from "./free_board.js";
import { BOARDS, engineOf, KEY, makeMachine } from "./board.js";

const SEALED = { sealed: Uint8Array.of(1) };
const REFUSED_SEALED = "the board is sealed and its cover is closed";

describe.each(BOARDS)("the inputs of the board %s", (name) => {
  whereItRuns(engineOf(name), () => {
    async function withInputs(image: BoardImage, body: (machine: Machine, line: LineSocket) => Promise<void>) {
      const line = await LineSocket.open();
      const machine = makeMachine(name, { key: KEY, ...image, inputs: line.path });
      try {
        expect(await machine.powerOn()).toBe("");
        await line.connected();
        await body(machine, line);
      } finally {
        await machine.discard();
        line.close();
      }
    }

    /** Tries until the board has seen what its inputs say: they and the service link are different lines. */
    async function outcome(machine: Machine, expected: string): Promise<void> {
      let last = "";
      for (let tries = 0; tries < 300 && last !== expected; tries++) {
        last = await machine.client.writeSettings(SEALED).then(
          () => "written",
          (error: unknown) => (error as Error).message,
        );
        if (last !== expected) await new Promise((resolve) => setTimeout(resolve, 10));
      }
      expect(last).toBe(expected);
    }

    it("open and close the cover", () =>
      withInputs({}, async (machine, line) => {
        await machine.client.writeSettings(SEALED);
        await outcome(machine, REFUSED_SEALED);
        line.write(Uint8Array.of(InputBit.magnet));
        line.write(Uint8Array.of(InputBit.cover));
        await outcome(machine, "written");
        line.write(Uint8Array.of(InputBit.import | InputBit.export | InputBit.magnet));
        await outcome(machine, REFUSED_SEALED);
      }));

    it("are what was provisioned until they say otherwise", () =>
      withInputs({ coverOpen: true }, async (machine, line) => {
        await machine.client.writeSettings(SEALED);
        await outcome(machine, "written");
        line.write(Uint8Array.of(0));
        await outcome(machine, REFUSED_SEALED);
      }));

    it("keep the flash from being written while the supply fails", () =>
      withInputs({ coverOpen: true, rootless: true }, async (machine, line) => {
        await machine.client.writeSettings(SEALED);
        line.write(Uint8Array.of(InputBit.cover | InputBit.supplyFails));
        await outcome(machine, "the settings cannot be stored");
        await expect(machine.client.makeKeys()).rejects.toMatchObject({ status: Status.board });
        expect(await machine.client.settings()).toEqual(SEALED);
        line.write(Uint8Array.of(InputBit.cover));
        await outcome(machine, "written");
        // The line stays plugged in over a restart.
        line.write(Uint8Array.of(0));
        await outcome(machine, REFUSED_SEALED);
        const ready = machine.client.link.ready();
        await machine.client.restart();
        expect(await ready).toBe("");
        await outcome(machine, "written"); // as provisioned
        line.write(Uint8Array.of(0));
        await outcome(machine, REFUSED_SEALED);
      }));

    it("lose edges where more come than their queue holds, and say so", () =>
      withInputs({}, async (machine, line) => {
        const board = new FreeBoard(machine);
        await machine.client.writeSettings({ mode: FREE, metrology: CONFIGURATION });
        const ready = machine.client.link.ready();
        await machine.client.restart();
        expect(await ready).toBe("");
        board.listen();
        line.write(Uint8Array.from({ length: 4000 }, (_, i) => (i % 2 === 0 ? InputBit.import : 0)));
        const LOST = "edges were lost: their queue was full";
        for (let tries = 0; tries < 500 && !board.log.includes(LOST); tries++) await board.registers();
        expect(board.log).toContain(LOST);
      }));
  });
});
