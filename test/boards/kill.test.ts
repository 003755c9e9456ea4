import { beforeAll, describe, expect, it } from "vitest";
import { Entropy } from "../../host/board/entropy.js";
import { QemuMachine } from "../../host/qemu/machine.js";
import { KILLS, LONG } from "../long/counts.js";
import { whereItRuns } from "../driver/engines.js";
import { CONFIG, MIDNIGHT, pulseTrain } from "../driver/meter_client.js";
import { meterOf } from "./board_meter.js";
import { AMOUNT_MSAT, imageOf, LiveRow, type Scene, scene } from "./live_row.js";

// The emulated board forwards payments and meters, and its process is killed at any instant of that, again and again, on the
// same flash file. Its registers never go back, its node boots, and its channels go on.

const SEED = "kill";
const PULSES = 20;
const LOSS_BOUND_MS = 10_000;
/** The latest call that is killed, a little more than there are in a round. */
const CALLS = 70;
/** The longest that one call of the board is let run, ms. */
const CALL_MS = 12;

describe("a board that is killed while it forwards and meters", () => {
  let from: Scene;
  beforeAll(() => {
    from = scene();
  });
  whereItRuns("qemu", () => {
    it(
      `${KILLS} times: registers never go back, the node boots, channels are reestablished`,
      async () => {
        const entropy = new Entropy(SEED);
        const machine = new QemuMachine(imageOf(from, "forwarder"));
        try {
          /** Calls until the board is killed, and how long that one runs. */
          let fuse = { calls: Infinity, ms: 0 };
          let killed: Promise<void> | undefined;
          const kill = (): void => {
            if (--fuse.calls !== 0) return;
            killed = new Promise((resolve) => setTimeout(() => resolve(machine.powerOff()), fuse.ms));
          };
          const row = new LiveRow(from, "forwarder", machine, kill);
          const { payer, forwarder } = row.nodes;
          // Whatever goes wrong once the board is killed is its end.
          row.network.onCrash = (node) => node === forwarder && fuse.calls <= 0;
          const meter = meterOf(machine);
          const call = async <T>(body: () => Promise<T>): Promise<T | undefined> => {
            kill();
            return body().catch((error: unknown) => {
              if (fuse.calls > 0) throw error;
              return undefined;
            });
          };
          let [saved, kept, inWork, payments] = [0n, 0n, 0, 0];

          /** Power comes: what was counted and saved is there. */
          const powerOn = async (): Promise<void> => {
            expect(await machine.powerOn()).toBe("");
            expect(await meter.boot()).toBe(0);
            const { importPulses } = await meter.registers();
            expect(importPulses).toBeGreaterThanOrEqual(saved);
            expect(importPulses).toBeGreaterThanOrEqual(kept);
            kept = importPulses;
            await row.start();
            await row.connect();
            await row.network.seconds(1);
            for (const channel of [0, 1]) expect((await forwarder.channel(channel)).usable).toBe(true);
          };

          for (let round = 0; round < KILLS; round++) {
            await powerOn();
            fuse = { calls: 1 + entropy.below(CALLS), ms: entropy.below(CALL_MS) };
            await call(() => meter.setClock(0, MIDNIGHT + round * 3_600_000));
            let [now, total] = [0, kept];
            while (killed === undefined) {
              if (payer.isOn && forwarder.isOn) {
                await row.pay();
                payments++;
              }
              const edges = pulseTrain(0, PULSES, now + 50, 100);
              const taken = await call(() => meter.edges(now, edges));
              if (taken !== undefined) expect(taken).toBe(edges.length);
              total += BigInt(PULSES);
              now += LOSS_BOUND_MS + 3000;
              // Once this has come back, all of them are in flash.
              const ticked = await call(() => meter.tick(now));
              if (ticked !== undefined) {
                expect(ticked).not.toBeLessThan(0);
                saved = total;
              }
              if (now > CONFIG.intervalS * 500) return expect.fail("the board was not killed");
            }
            await killed;
            killed = undefined;
            fuse = { calls: Infinity, ms: 0 };
            if (forwarder.isOn) forwarder.off();
            else inWork++;
            await row.network.run();
          }
          await powerOn();
          await row.network.seconds(2);
          const came = await row.settled();
          expect(came % AMOUNT_MSAT).toBe(0n);
          expect(came).toBeGreaterThan(0n);
          expect(came).toBeLessThanOrEqual(BigInt(payments) * AMOUNT_MSAT);
          // Most were in the middle of a call of the node.
          expect(inWork).toBeGreaterThan(KILLS / 3);
        } finally {
          await machine.discard();
        }
      },
      LONG ? 7_200_000 : 600_000,
    );
  });
});
