import { describe, expect, it } from "vitest";
import type { Edge } from "../../host/board/edge_fifo.js";
import { Entropy } from "../../host/board/entropy.js";
import { KeyStore } from "../../host/board/key_store.js";
import { engineByName } from "../../host/engine/index.js";
import { type MeterConfig, encodeConfig } from "../../host/metrology/config.js";
import { readMetrology } from "../../host/metrology/module.js";
import { EmulatedMeter } from "../../host/sim/emulated_meter.js";
import { whereItRuns } from "../driver/engines.js";
import { CONFIG, MIDNIGHT } from "../driver/meter_client.js";
import { type BoardName, BOARDS, engineOf, KEY, makeMachine } from "./board.js";
import { before, FreeBoard, image, STEPPED } from "./free_board.js";

const MINUTE = 60_000;
const UNPOWERED = { power: () => undefined, tamper: () => undefined, recordSigned: () => undefined };

/** Power in mW until a time in ms, and what else happens then. */
interface Leg {
  readonly mw: number;
  readonly toMs: number;
  readonly then?: { readonly utcMs?: number; readonly cover?: boolean; readonly magnet?: boolean };
}

const DAY: readonly Leg[] = [
  { mw: 2_300_000, toMs: 7_300, then: { utcMs: MIDNIGHT + 5 * MINUTE } },
  { mw: 11_000_000, toMs: 14 * MINUTE + 250 },
  { mw: -4_000_000, toMs: 31 * MINUTE + 999, then: { cover: true } },
  { mw: -7_500_000, toMs: 31 * MINUTE + 1_500, then: { magnet: true } },
  // Shortly after an interval's end, and shortly before one, with pulses on both sides before the next poll.
  { mw: 22_000_000, toMs: 7_300 + 35 * MINUTE + 200, then: { cover: false } },
  { mw: 22_000_000, toMs: 7_300 + 40 * MINUTE - 200, then: { cover: true } },
  { mw: 22_000_000, toMs: 41 * MINUTE },
  { mw: 0, toMs: 47 * MINUTE, then: { cover: false, utcMs: MIDNIGHT + 53 * MINUTE } },
  { mw: 900_000, toMs: 61 * MINUTE, then: { magnet: false } },
  { mw: 22_000_000, toMs: 100 * MINUTE },
];

/** The legs on an emulated meter; what came to its terminals, by leg. */
function emulate(config: MeterConfig, legs: readonly Leg[]): { meter: EmulatedMeter; edges: Edge[][] } {
  const edges: Edge[][] = [];
  const probe = {
    ...UNPOWERED,
    edge: (timeMs: number, input: number, level: 0 | 1): void => void edges.at(-1)?.push({ timeMs, input, level }),
  };
  const options = {
    probe,
    flash: { eraseMs: 0 },
    line: { bounce: { edges: 2, withinMs: 3 } },
    entropy: new Entropy("loop"),
  };
  const meter = new EmulatedMeter(engineByName("v8"), readMetrology(), new KeyStore(KEY), config, options);
  meter.start();
  for (const { mw, toMs, then = {} } of legs) {
    edges.push([]);
    meter.run(mw, toMs);
    if (then.utcMs !== undefined) meter.setClock(then.utcMs, "S");
    if (then.cover !== undefined) meter.tamper("cover", then.cover);
    if (then.magnet !== undefined) meter.tamper("magnet", then.magnet);
  }
  return { meter, edges };
}

/** The same on a board that is stepped as an emulated meter's main loop polls. */
async function steer(board: FreeBoard, legs: readonly Leg[], edges: readonly Edge[][]): Promise<void> {
  const waiting: Edge[] = [];
  let dueMs = await board.step(0);
  let tamper = 0;
  for (const [leg, { toMs, then = {} }] of legs.entries()) {
    waiting.push(...(edges[leg] ?? []));
    let nowMs: number;
    do {
      const edgeMs = waiting[0]?.timeMs ?? toMs;
      const nextMs = Math.min(dueMs, edgeMs - (edgeMs % 1000) + 1000, toMs);
      const polls = nextMs < toMs || nextMs === dueMs || nextMs % 1000 === 0;
      nowMs = nextMs;
      if (polls) dueMs = await board.step(nowMs, { edges: before(waiting, nowMs) });
    } while (nowMs < toMs);
    if (then.cover !== undefined) tamper = then.cover ? tamper | 1 : tamper & ~1;
    if (then.magnet !== undefined) tamper = then.magnet ? tamper | 2 : tamper & ~2;
    const utcMs = then.utcMs === undefined ? undefined : BigInt(then.utcMs);
    dueMs = await board.step(nowMs, { utcMs, tamper });
  }
}

async function withFreeBoard(name: BoardName, body: (board: FreeBoard) => Promise<void>): Promise<void> {
  const machine = makeMachine(name, image());
  try {
    await body(new FreeBoard(machine));
  } finally {
    await machine.discard();
  }
}

describe.each(BOARDS)("a stepped meter on the board %s", (name) => {
  whereItRuns(engineOf(name), () => {
    it("signs the records that an emulated meter signs of the same edges", () =>
      withFreeBoard(name, async (board) => {
        const config = { ...CONFIG, intervalS: 300 };
        const legs = name === "qemu" ? DAY.slice(0, 4) : DAY;
        const { meter, edges } = emulate(config, legs);
        expect(await board.set({ mode: STEPPED, metrology: encodeConfig(config) })).toBe("");
        await steer(board, legs, edges);
        expect(board.records.length).toBe(name === "qemu" ? 6 : 20);
        expect(board.records).toEqual(meter.receipts);
        expect(await board.registers()).toEqual(meter.registers());
        for (let number = 1; number <= meter.registers().newestEvent; number++) {
          const { output } = await board.machine.client.call("event", [number]);
          expect(Buffer.from(output).toString("hex"), `event ${number}`).toBe(
            Buffer.from(meter.module().output(meter.module().call("event", number))).toString("hex"),
          );
        }
        expect(board.log).toEqual([]);
      }));
  });
});
