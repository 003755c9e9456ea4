import { describe, expect, it } from "vitest";
import type { Machine } from "../../host/link/machine.js";
import { Op, Status } from "../../host/link/protocol.js";
import { whereItRuns } from "../driver/engines.js";
import { BOARDS, engineOf, KEY, makeMachine } from "./board.js";

const RING_BYTES = 1024;

async function withBoard(machine: Machine, body: (machine: Machine) => Promise<void>): Promise<void> {
  try {
    await machine.powerOn();
    await body(machine);
  } finally {
    await machine.discard();
  }
}

const texts = (lines: readonly string[]): string[] => lines.map((line) => line.replace(/^\d+ /, ""));

describe.each(BOARDS)("the log of the board %s", (name) => {
  whereItRuns(engineOf(name), () => {
    it("begins with why the board started, and hears of settings, keys and traps as they come", () =>
      withBoard(makeMachine(name, { key: KEY, rootless: true }), async ({ client }) => {
        const heard: string[] = [];
        client.link.onLog = (line) => heard.push(line);
        expect(texts(await client.logs())).toEqual(["started by power on"]);
        await client.writeSettings({ sealed: Uint8Array.of(1) });
        expect(heard).toHaveLength(1);
        await client.makeKeys();
        await client.makeKeys();
        await expect(client.writeSettings({})).rejects.toMatchObject({ status: Status.board });
        // Told before the response.
        expect(texts(heard)).toEqual(["the settings are new", "keys were made", "settings refused: sealed"]);
        expect(await client.logs()).toEqual([expect.stringContaining("power on"), ...heard]);
      }));

    it("keeps whole lines, the newest, once more was written than there is room for", () =>
      withBoard(makeMachine(name, { key: KEY }), async ({ client }) => {
        const heard: string[] = [];
        client.link.onLog = (line) => heard.push(line);
        for (let i = 0; i < 60; i++) await client.writeSettings({});
        const kept = await client.logs();
        expect(kept).toEqual(heard.slice(-kept.length));
        const bytes = kept.join("\n").length + 1;
        expect(bytes).toBeLessThanOrEqual(RING_BYTES);
        expect(bytes + (heard[0]?.length ?? 0) + 1).toBeGreaterThanOrEqual(RING_BYTES - 1);
      }));

    it("state counts what came over the link and what went wrong", () =>
      withBoard(makeMachine(name, { key: KEY, coverOpen: true }), async (machine) => {
        const { client } = machine;
        const before = await client.state();
        expect(before.get("reset_reason")).toBe(0);
        expect(before.get("inputs")).toBe(1);
        expect(before.get("metrology")).toBe(1);
        expect(before.get("node")).toBe(0);
        machine.stream.write(Uint8Array.of(0, 3, 1, 1, 1, 0));
        await client.writeSettings({ mode: Uint8Array.of(1), sealed: Uint8Array.of(1) });
        await expect(client.link.request(Op.call, Uint8Array.of(0, 4, 0))).rejects.toThrow("arguments");
        const after = await client.state();
        const gone = (figure: string): number => (after.get(figure) ?? 0) - (before.get(figure) ?? 0);
        expect([gone("mode"), gone("sealed"), gone("metrology_traps"), gone("link0_bad_frames")]).toEqual([1, 1, 0, 1]);
        expect(gone("link0_frames_in")).toBe(3);
        // Two responses, the complaint, the line of the log, and the first figures themselves.
        expect(gone("link0_frames_out")).toBe(5);
        expect(after.get("links")).toBe(1);
      }));
  });
});

describe("the log of a board whose module fails", () => {
  whereItRuns("posix", () => {
    it("names the trap and counts it", () =>
      withBoard(makeMachine("posix", { key: KEY }), async ({ client }) => {
        // An endless loop: (func (export "f") (loop (br 0)))
        const loop = "0061736d0100000001040160000003020100070501016600000a0901070003400c000b0b";
        await client.load(Uint8Array.from(Buffer.from(loop, "hex")), "node");
        await expect(client.callNamed("f")).rejects.toMatchObject({ status: Status.trap });
        expect((await client.state()).get("node_traps")).toBe(1);
        expect((await client.logs()).at(-1)).toMatch(/^\d+ node stopped: .+/);
        await client.restart();
        await client.link.ready();
        expect(texts(await client.logs())).toEqual(["started by a restart"]);
      }));
  });
});
