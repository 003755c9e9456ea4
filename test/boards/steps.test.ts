import { describe, expect, it } from "vitest";
import type { Edge } from "../../host/board/edge_fifo.js";
import { LineSocket } from "../../host/link/line_socket.js";
import type { Machine } from "../../host/link/machine.js";
import { Status } from "../../host/link/protocol.js";
import { encodeConfig } from "../../host/metrology/config.js";
import { parseRecord } from "../../host/ocmf/parse.js";
import { PosixMachine } from "../../host/posix/index.js";
import { whereItRuns } from "../driver/engines.js";
import { CONFIG, MIDNIGHT } from "../driver/meter_client.js";
import { before, CONFIGURATION, FreeBoard, image, STEPPED } from "./free_board.js";

const POLL_MS = 10_000;

/** A pulse a second. */
const pulses = (fromS: number, toS: number): Edge[] =>
  Array.from({ length: toS - fromS }, (_, i) =>
    [100, 200].map((ms, at): Edge => ({ timeMs: (fromS + i) * 1000 + ms, input: 0, level: at === 0 ? 1 : 0 })),
  ).flat();

async function withBoard<T>(machine: Machine, body: (board: FreeBoard) => Promise<T>): Promise<T> {
  try {
    return await body(new FreeBoard(machine));
  } finally {
    await machine.discard();
  }
}

/** Records of intervals of `intervalS` until `endMs`; `next` says where the board is taken to, from what it wants. */
const metered = (intervalS: number, endMs: number, next: (wantedMs: number, nowMs: number) => number) =>
  withBoard(new PosixMachine(image()), async (board) => {
    const metrology = encodeConfig({ ...CONFIG, intervalS });
    expect(await board.set({ mode: STEPPED, metrology })).toBe("");
    let wanted = await board.step(0, { utcMs: BigInt(MIDNIGHT) });
    const waiting = pulses(0, endMs / 1000);
    for (let now = 0; now < endMs;) {
      now = next(wanted, now);
      wanted = await board.step(now, { edges: before(waiting, now) });
    }
    return board.records;
  });

describe("steps of a board", () => {
  whereItRuns("posix", () => {
    it.each([8, 45])(
      "intervals of %i s, which end between the board's polls, are metered to the second",
      async (intervalS) => {
        const endMs = 2 * intervalS * POLL_MS;
        const records = await metered(intervalS, endMs, (wantedMs) => wantedMs);
        const found = records.map((record) => {
          const { tieline } = parseRecord(record);
          return [tieline?.pulses[0], tieline?.intervalS];
        });
        const count = endMs / 1000 / intervalS;
        expect(found).toEqual(
          Array.from({ length: count }, (_, i) => [BigInt((i + 1) * intervalS), BigInt(intervalS)]),
        );
        // And they are the same whoever steps how.
        expect(await metered(intervalS, endMs, (_, nowMs) => nowMs + 1000)).toEqual(records);
      },
    );

    it("one whose peer's bytes do not come is done but for those, is told apart, and is repeated", async () => {
      const peer = await LineSocket.open();
      try {
        await withBoard(new PosixMachine({ ...image(), peers: [peer.path] }), async (board) => {
          expect(await board.set({ mode: STEPPED, metrology: CONFIGURATION })).toBe("");
          await board.step(0, { utcMs: BigInt(MIDNIGHT), written: [0] });
          const edges = pulses(0, 5);
          const missing = board.step(5000, { edges, written: [3] });
          await expect(missing).rejects.toMatchObject({ status: Status.board });
          expect((await board.registers()).importPulses).toBe(5n);
          peer.write(Uint8Array.of(0, 0, 0));
          expect(await board.step(5000, { written: [3] })).toBe(POLL_MS);
          expect((await board.registers()).importPulses).toBe(5n);
          await expect(board.step(4999, { written: [3] })).rejects.toMatchObject({ status: Status.badRequest });
        });
      } finally {
        peer.close();
      }
    });
  });
});
