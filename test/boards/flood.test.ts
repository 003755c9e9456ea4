import { describe, expect, it } from "vitest";
import { Entropy } from "../../host/board/entropy.js";
import { LineSocket } from "../../host/link/line_socket.js";
import { InputBit } from "../../host/link/machine.js";
import { PeerLink } from "../../host/link/peer_link.js";
import { whereItRuns } from "../driver/engines.js";
import { LONG } from "../long/counts.js";
import { BOARDS, engineOf, KEY, makeMachine } from "./board.js";
import { FREE_SETTINGS, FreeBoard, sleep, until } from "./free_board.js";

const FLOOD_MS = LONG ? 60_000 : 2500;

describe.each(BOARDS)("the board %s in free mode", (name) => {
  whereItRuns(engineOf(name), () => {
    it(
      "counts its pulses and answers under garbage at full speed on both links, and connects afterwards",
      async () => {
        const inputs = await LineSocket.open();
        let link: PeerLink | undefined;
        const peer = await LineSocket.open((bytes) => link?.feed(bytes));
        const board = new FreeBoard(makeMachine(name, { key: KEY, peers: [peer.path], inputs: inputs.path }));
        try {
          expect(await board.set(FREE_SETTINGS)).toBe("");
          await Promise.all([inputs.connected(), peer.connected()]);
          const { stream, client } = board.machine;
          let restarts = 0;
          client.link.ready().then(
            () => restarts++,
            () => undefined,
          );
          const random = new Entropy(name, "flood");
          const noise = Array.from({ length: 4 }, () => random.bytes(8192));
          let over = false;
          let flooded = 0;
          const floods = [
            async (bytes: Uint8Array): Promise<void> => {
              if (!stream.write(bytes)) await new Promise((resolve) => stream.once("drain", resolve));
            },
            async (bytes: Uint8Array): Promise<void> => {
              if (!peer.write(bytes)) await peer.drained();
            },
          ].map(async (write, kind) => {
            for (let i = kind; !over; i++) {
              const bytes = noise[i % noise.length] ?? new Uint8Array();
              await write(bytes);
              flooded += bytes.length;
            }
          });
          let pulses = 0n;
          const started = performance.now();
          let answers = 0;
          const asked = (async () => {
            while (!over) {
              await board.registers();
              answers++;
            }
          })();
          while (performance.now() - started < FLOOD_MS || answers < 2) {
            inputs.write(Uint8Array.of(InputBit.import | InputBit.export));
            inputs.write(Uint8Array.of(0));
            pulses++;
            await sleep(25);
          }
          over = true;
          await Promise.all([...floods, asked]);
          await until("all pulses are counted", async () => {
            const { importPulses, exportPulses } = await board.registers();
            return importPulses === pulses && exportPulses === pulses;
          });
          expect(flooded).toBeGreaterThan(100_000);
          expect(restarts).toBe(0);
          expect(board.log.filter((line) => line.includes("lost"))).toEqual([]);
          // The noise is over: the other end of the line finds the board.
          let connections = 0;
          link = new PeerLink({
            session: 1,
            nowUs: () => BigInt(Math.floor(performance.now() * 1000)),
            write: (bytes) => void peer.write(bytes),
            onConnect: () => connections++,
            onReceive: () => undefined,
            onDisconnect: () => undefined,
          });
          peer.write(Uint8Array.of(0));
          await until("the peer is connected", () => {
            link?.poll();
            return connections === 1;
          });
        } finally {
          await board.machine.discard();
          for (const line of [inputs, peer]) line.close();
        }
      },
      FLOOD_MS + 90_000,
    );
  });
});
