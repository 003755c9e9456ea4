import { beforeAll, describe, expect, it } from "vitest";
import type { Edge } from "../../host/board/edge_fifo.js";
import { Entropy } from "../../host/board/entropy.js";
import { KeyStore } from "../../host/board/key_store.js";
import { signImage } from "../../host/image/image.js";
import { LineSocket } from "../../host/link/line_socket.js";
import { InputBit } from "../../host/link/machine.js";
import { encodeConfig } from "../../host/metrology/config.js";
import { bootRecord, type NodeConfig } from "../../host/node/requests.js";
import { spkiFromPoint } from "../../host/ocmf/key.js";
import { parseRecord } from "../../host/ocmf/parse.js";
import { verifyChain, verifyRecord } from "../../host/ocmf/verify.js";
import { whereItRuns } from "../driver/engines.js";
import { compileEntry } from "../driver/entry.js";
import { CONFIG as METER } from "../driver/meter_client.js";
import { CONFIG, START_HEIGHT } from "../node/network.js";
import { type BoardName, BOARDS, engineOf, makeMachine } from "./board.js";
import { CONFIGURATION, FREE, FreeBoard, image, STEPPED } from "./free_board.js";

const TRAPPED = "node stopped: [trap] unreachable executed";
const RAN_AWAY = "node stopped: [trap] gas exhausted";
/** What makes failing_node.entry.ts fail each time. An emulated board takes too long to run out of gas. */
const alwaysFails = (name: BoardName): Partial<NodeConfig> => ({ feeratePerKw: name === "qemu" ? 9998 : 9999 });
const failure = (name: BoardName): string => (name === "qemu" ? TRAPPED : RAN_AWAY);

const update = KeyStore.generate(new Entropy("update key"));
const BOARD = image({ updateKey: update.publicKey() });
const record = (config: Partial<NodeConfig> = {}): Uint8Array =>
  bootRecord({ ...CONFIG, ...config }, START_HEIGHT, 0n, 0n);
let nodeImage: Uint8Array;

beforeAll(() => {
  const module = compileEntry("test/boards/failing_node.entry.ts", "node").wasm;
  nodeImage = signImage({ kind: "node", version: 2, module }, update);
}, 600_000);

/** A stepped board whose node fails, with a pulse every second. */
class Failing extends FreeBoard {
  /** When the node has stopped, s. */
  readonly failedAt: number[] = [];
  pulses = 0n;
  #s = 0;

  /** Steps on, second by second. */
  async until(s: number): Promise<void> {
    while (this.#s < s) {
      const before = this.#s++ * 1000;
      const edges = [100, 200].map((ms, i): Edge => ({ timeMs: before + ms, input: 0, level: i === 0 ? 1 : 0 }));
      const stops = this.stops.length;
      await this.step(this.#s * 1000, { edges });
      if (this.stops.length > stops) this.failedAt.push(this.#s);
      this.pulses++;
    }
  }

  async lives(): Promise<void> {
    expect((await this.command("INFO")).length).toBeGreaterThan(33);
  }
}

describe.each(BOARDS)("a node that fails on the board %s", (name) => {
  async function withFailing(config: Partial<NodeConfig>, body: (board: Failing) => Promise<void>): Promise<void> {
    const board = new Failing(makeMachine(name, BOARD));
    try {
      const settings = { mode: STEPPED, metrology: CONFIGURATION, node: record(config) };
      expect(await board.set(settings, nodeImage)).toBe("");
      await body(board);
    } finally {
      await board.machine.discard();
    }
  }

  whereItRuns(engineOf(name), () => {
    // It takes a stepped board long, and an emulated one too long.
    it.each(name === "qemu" ? [] : [name])(
      "is started again after pauses that grow, and are short once it has run well",
      () =>
        withFailing({}, async (board) => {
          await board.until(99);
          expect(await board.machine.client.images()).toMatchObject({ running: "A", active: "A", trial: undefined });
          // Paused for 1, 2, 4, 8 s, and each time stopped again in its first second.
          expect(board.failedAt).toEqual([70, 72, 75, 80, 89]);
          await expect(board.machine.client.callNode("command", [6, 0])).rejects.toThrow("unreachable");
          await board.until(110);
          await board.lives();
          await board.until(802);
          expect(board.failedAt.slice(5)).toEqual([800]);
          expect(board.stops).toEqual([...new Array<string>(5).fill(TRAPPED), RAN_AWAY]);
          await board.lives();
          expect((await board.registers()).importPulses).toBe(board.pulses);
        }),
    );

    it("is not tried for ever while its image is on trial", () =>
      withFailing(alwaysFails(name), async (board) => {
        await board.until(12);
        expect(board.failedAt).toEqual([1, 3, 6]);
        expect(board.stops).toEqual(new Array<string>(3).fill(failure(name)));
        const images = await board.machine.client.images();
        expect(images).toMatchObject({ running: "built-in", active: "built-in", trial: undefined });
        await board.lives();
        expect((await board.registers()).importPulses).toBe(board.pulses);
      }));

    // The sanitizers have seen it all by then.
    it.each(name === "posix, sanitized" ? [] : [name])(
      "costs the meter no pulse in real time, while records are signed",
      async () => {
        const line = await LineSocket.open();
        const board = new FreeBoard(makeMachine(name, { ...BOARD, inputs: line.path }));
        try {
          const input = { filter: "edge", minOnMs: 0, minOffMs: 0, minPeriodMs: 0 } as const;
          const metrology = encodeConfig({ ...METER, intervalS: 5, inputs: [input, input] });
          expect(await board.set({ mode: FREE, metrology, node: record(alwaysFails(name)) }, nodeImage)).toBe("");
          await line.connected();
          let [imported, exported] = [0, 0];
          // The meter itself says when it is enough: two records, the node's failures all behind it.
          while (board.records.length < 2 || board.stops.length < 3) {
            line.write(Uint8Array.of(InputBit.import, 0, InputBit.import | InputBit.export, InputBit.import, 0));
            imported += 2;
            exported += 1;
            await new Promise((resolve) => setTimeout(resolve, 50));
          }
          const counted = { importPulses: BigInt(imported), exportPulses: BigInt(exported) };
          await expect.poll(() => board.registers(), { timeout: 20_000 }).toMatchObject(counted);
          expect(board.stops).toEqual(new Array<string>(3).fill(failure(name)));
          const { publicKey } = await board.machine.client.hello();
          for (const text of board.records) expect(verifyRecord(text, spkiFromPoint(publicKey))).toEqual({ ok: true });
          expect(verifyChain(board.records.map(parseRecord))).toEqual([]);
        } finally {
          await board.machine.discard();
          line.close();
        }
      },
    );
  });
});
