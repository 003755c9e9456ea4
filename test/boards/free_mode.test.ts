import { describe, expect, it } from "vitest";
import { encodeStep } from "../../host/link/board_client.js";
import { Op, Status } from "../../host/link/protocol.js";
import { encodeTexts } from "../../host/metrology/module.js";
import { bootRecord } from "../../host/node/requests.js";
import { parseRecord } from "../../host/ocmf/parse.js";
import { whereItRuns } from "../driver/engines.js";
import { CONFIG as METER, MIDNIGHT } from "../driver/meter_client.js";
import { CONFIG, START_HEIGHT } from "../node/network.js";
import { engineOf, makeMachine } from "./board.js";
import { CONFIGURATION, FREE, FreeBoard, image, STEPPED } from "./free_board.js";

const NODE = bootRecord(CONFIG, START_HEIGHT, 0n, 0n);
const ERR_STATE = -2;
const refused = (message: RegExp): object => ({
  status: Status.badRequest,
  message: expect.stringMatching(message) as string,
});

describe.each(["posix", "posix, sanitized"] as const)("free mode of the board %s", (name) => {
  whereItRuns(engineOf(name), () => {
    async function withBoard(body: (board: FreeBoard) => Promise<void>): Promise<void> {
      const board = new FreeBoard(makeMachine(name, image()));
      try {
        await body(board);
      } finally {
        await board.machine.discard();
      }
    }

    it("needs a configuration that the meter takes, and else the board is driven", () =>
      withBoard(async (board) => {
        for (const [settings, ready] of [
          [{ mode: Uint8Array.of(3), metrology: CONFIGURATION }, "the settings have an unknown mode"],
          [{ mode: STEPPED, node: NODE }, "the settings have no configuration of the meter"],
          [{ mode: STEPPED, metrology: CONFIGURATION.subarray(1) }, "the meter refuses its configuration"],
          [{ mode: FREE, metrology: new Uint8Array(0) }, "the meter refuses its configuration"],
        ] as const) {
          expect(await board.set(settings)).toBe(ready);
          await expect(board.step(0)).rejects.toMatchObject(refused(/time of its own/));
          const { result } = await board.machine.client.call("boot", [CONFIGURATION.length, 0n], CONFIGURATION);
          expect(result).toBe(0);
          await board.machine.powerOff();
        }
      }));

    it("leaves the modules to the board, and to a host reading and what an operator says", () =>
      withBoard(async (board) => {
        expect(await board.set({ mode: STEPPED, metrology: CONFIGURATION, node: NODE })).toBe("");
        const { client } = board.machine;
        await board.step(500);
        const own = refused(/^in free mode the board/);
        for (const [call, args] of [
          ["boot", [0, 0n]],
          ["tick", [9n]],
          ["pulse_edges", [0n, 0]],
          ["pulse_counter", [0, 9, 0n]],
          ["tamper", [0, 1, 0n]],
          ["note", [0, 900, 1n, 0n]],
          ["in_buffer", []],
        ] as const) {
          await expect(client.call(call, args), call).rejects.toMatchObject(own);
        }
        await expect(client.callNode("boot", [NODE.length], NODE)).rejects.toMatchObject(own);
        await expect(client.callNode("tick", [1n, 1n])).rejects.toMatchObject(own);
        for (const place of ["metrology", "node"] as const) {
          await expect(client.callNamed("abi", [], [], place)).rejects.toMatchObject(own);
          await expect(client.start(place)).rejects.toMatchObject(own);
          await expect(client.load(Uint8Array.of(0, 0x61, 0x73, 0x6d), place)).rejects.toMatchObject(own);
        }
        // Without links to peers all connections are the host's.
        expect((await client.callNode("connect", [0, 0])).result).toBe(0);
        expect((await client.callNode("disconnect", [0])).result).toBe(0);

        // Its own time, whatever the host takes it for; and pulses before it count.
        const begin = encodeTexts("somebody", "");
        expect((await client.call("transaction", [66, begin.length, 0n], begin)).result).toBe(ERR_STATE);
        expect((await client.call("set_clock", [77_777n, BigInt(MIDNIGHT), 83])).result).toBe(0);
        const pulse = [510, 600].map((timeMs, i) => ({ timeMs, input: 0, level: i === 0 ? 1 : 0 }) as const);
        await board.step(1000, { edges: pulse });
        expect((await client.call("transaction", [66, begin.length, 0n], begin)).result).toBe(0);
        expect(board.records).toHaveLength(1);
        await board.step(METER.intervalS * 1000 + 499);
        expect(board.records).toHaveLength(1);
        await board.step(METER.intervalS * 1000 + 500);
        expect(board.records).toHaveLength(1); // the meter is polled at whole seconds
        await board.step(METER.intervalS * 1000 + 10_000);
        expect(board.records).toHaveLength(2);
        expect(parseRecord(board.records[1] ?? "").tieline?.pulses[0]).toBe(1n);
      }));

    it("takes no step that goes back or does not add up", () =>
      withBoard(async (board) => {
        expect(await board.set({ mode: STEPPED, metrology: CONFIGURATION })).toBe("");
        const { client } = board.machine;
        await board.step(5000);
        const edge = (timeMs: number, input = 0, level = 1) => ({ timeMs, input, level }) as never;
        const step = (rest: object, us = 6_000_000n): Promise<unknown> => client.step({ us, ...rest });
        await expect(step({}, 4_999_999n)).rejects.toMatchObject(refused(/go back/));
        await expect(step({}, 1n << 63n)).rejects.toMatchObject(refused(/go back/));
        await expect(step({ tamper: 4 })).rejects.toMatchObject(refused(/tamper/));
        await expect(step({ written: [0] })).rejects.toMatchObject(refused(/links/));
        for (const edges of [[edge(6001)], [edge(10), edge(9)], [edge(5, 2)], [edge(5, 0, 2)]]) {
          await expect(step({ edges })).rejects.toMatchObject(refused(/edges/));
        }
        const good = encodeStep({ us: 6_000_000n, edges: [edge(1)] });
        for (const torn of [good.subarray(0, 17), good.subarray(0, -1), Buffer.concat([good, Uint8Array.of(0)])]) {
          await expect(client.link.request(Op.step, torn)).rejects.toMatchObject(refused(/step/));
        }
        for (const utcMs of [-1n, 4_102_444_800_000n])
          await expect(step({ utcMs })).rejects.toMatchObject(refused(/no time of day/));
        // Nothing of all that has reached the meter.
        expect(await board.registers()).toMatchObject({ importPulses: 0n, clockState: "" });
        expect(await board.step(6000)).toBe(10_000);
        // A change waits for the next whole second.
        expect(await board.step(6300, { tamper: 1 })).toBe(7000);
        expect(await board.step(6999)).toBe(7000);
        expect(await board.step(7000)).toBe(10_000);
        expect(board.log).toEqual([]);
      }));

    it("is one of a meter alone without a node, whose place stays the host's", () =>
      withBoard(async (board) => {
        expect(await board.set({ mode: STEPPED, metrology: CONFIGURATION })).toBe("");
        await board.step(1000);
        await board.machine.client.start("node");
        expect((await board.machine.client.callNode("boot", [NODE.length], NODE)).result).toBe(0);
      }));
  });
});
