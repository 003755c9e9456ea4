import { beforeAll, describe, expect, it } from "vitest";
import { SECTOR_BYTES } from "../../host/link/image.js";
import type { Machine } from "../../host/link/machine.js";
import { PosixMachine, type PosixOptions } from "../../host/posix/index.js";
import { whereItRuns } from "../driver/engines.js";
import { CONFIG, type MeterClient, MIDNIGHT, pulseTrain } from "../driver/meter_client.js";
import { KEY } from "./board.js";
import { meterOf } from "./board_meter.js";
import { AMOUNT_MSAT, imageOf, LiveRow, type Scene, scene } from "./live_row.js";

const INTERVAL_MS = CONFIG.intervalS * 1000;
const INTERVALS = 40;
const PULSES = 7;
const LIVES = 4;
const STEPS = 25;
const LOSS_BOUND_MS = 10_000;
const ERR_FLASH = -3;
/** The node's journal turns by groups of sectors. */
const GROUP_SECTORS = 16;
/** Of a chip's partition, and those that the event log has of them. */
const CHIP_SECTORS = 256;
const LOG_SECTORS = [16, 17, 18, 19, 20, 21, 22, 23];
/** "TLE1" */
const LOG_MAGIC = 0x31454c54;

async function withBoard<T>(options: PosixOptions, body: (machine: PosixMachine) => Promise<T>): Promise<T> {
  const machine = new PosixMachine(options);
  try {
    expect(await machine.powerOn()).toBe("");
    return await body(machine);
  } finally {
    await machine.discard();
  }
}

/** Pulses of some intervals, each of which is closed: the receipts. */
async function metered(meter: MeterClient, from: number, to: number): Promise<string[]> {
  const receipts: string[] = [];
  for (let i = from; i < to; i++) {
    const edges = pulseTrain(0, PULSES, i * INTERVAL_MS + 100, 1000);
    expect(await meter.edges(i * INTERVAL_MS, edges)).toBe(edges.length);
    receipts.push(...(await meter.drain((i + 1) * INTERVAL_MS)));
  }
  return receipts;
}

interface Life {
  readonly receipts: string[];
  readonly imported: bigint;
  readonly flash: Uint8Array;
}

/** A meter's days on a board: what it issues, its registers once its power has been away, and its flash then. */
async function life(machine: Machine): Promise<Life> {
  const meter = meterOf(machine);
  expect(await meter.boot()).toBe(0);
  expect(await meter.setClock(0, MIDNIGHT)).toBe(0);
  const receipts = await metered(meter, 0, INTERVALS);
  await meter.driver.restart();
  expect(await meter.boot({}, 0)).toBe(0);
  return { receipts, imported: (await meter.registers()).importPulses, flash: machine.flash() };
}

const sectorOf = (flash: Uint8Array, sector: number): Buffer =>
  Buffer.from(flash.subarray(sector * SECTOR_BYTES, (sector + 1) * SECTOR_BYTES));
const ERASED = Buffer.alloc(SECTOR_BYTES, 0xff);
const bad = (...sectors: number[]) => sectors.map((sector) => ({ partition: "metrology", sector }) as const);
const worn = (...sectors: number[]) => bad(...sectors).map((one) => ({ ...one, isSilent: true }));

describe("sectors of a board that fail", () => {
  let sound: Awaited<ReturnType<typeof life>>;
  let from: Scene;
  beforeAll(async () => {
    from = scene();
  });
  whereItRuns("posix", () => {
    // The state's journal is in sectors 0 to 3.
    it.each([
      ["the first of the journal refuses", bad(0)],
      ["two of the journal refuse", bad(0, 1)],
      ["the first of the journal is worn out", worn(0)],
      ["one of the journal refuses, another is worn out", [...bad(0), ...worn(1)]],
    ])("%s: the meter issues and remembers the same", async (_, badSectors) => {
      sound ??= await withBoard({ key: KEY }, life);
      expect(sound.imported).toBe(BigInt(INTERVALS * PULSES));
      expect(sound.receipts).toHaveLength(INTERVALS);
      const found = await withBoard({ key: KEY, badSectors }, life);
      expect(found.imported).toBe(sound.imported);
      expect(found.receipts).toHaveLength(INTERVALS);
      // The failing sectors are ones that a sound life writes.
      for (const { sector, ...rest } of badSectors) {
        expect(sectorOf(sound.flash, sector).equals(ERASED), `sector ${sector} of a sound life`).toBe(false);
        const left = sectorOf(found.flash, sector);
        if ("isSilent" in rest) expect(left.equals(sectorOf(sound.flash, sector)), `sector ${sector}`).toBe(false);
        else expect(left.equals(ERASED), `sector ${sector}`).toBe(true);
      }
    });

    it.each([
      ["all but two of the log refuse", bad(16, 17, 18, 20, 21, 22)],
      ["all but two of the log are worn out", worn(16, 18, 19, 20, 21, 23)],
    ])("%s: a meter with a chip's partition issues, remembers and logs", async (_, badSectors) => {
      const flash = new Uint8Array(CHIP_SECTORS * SECTOR_BYTES).fill(0xff);
      const found = await withBoard({ key: KEY, flash, badSectors }, async (machine) => ({
        ...(await life(machine)),
        events: await meterOf(machine).events(),
        log: await machine.client.flashRead((LOG_SECTORS[0] ?? 0) * SECTOR_BYTES, LOG_SECTORS.length * SECTOR_BYTES),
      }));
      expect(found.imported).toBe(BigInt(INTERVALS * PULSES));
      expect(found.receipts).toHaveLength(INTERVALS);
      expect(found.events.map(({ kind }) => kind)).toEqual(["power up", "clock set", "power down", "power up"]);
      // Only the two that are left have a log.
      const good = LOG_SECTORS.filter((sector) => badSectors.every((one) => one.sector !== sector));
      const begun = LOG_SECTORS.filter((_, i) => sectorOf(found.log, i).readUInt32LE(0) === LOG_MAGIC);
      expect(begun.length).toBeGreaterThan(0);
      if (!badSectors.some((one) => "isSilent" in one)) expect(good).toEqual(expect.arrayContaining(begun));
    });

    it.each([false, true])(
      "the node's next ones: payments go on, and a restart finds them (silent: %s)",
      async (isSilent) => {
        // Where the journal goes on, and the beginning of what it would turn to.
        const written = from.images.forwarder;
        const here = Math.floor(written.findLastIndex((byte) => byte !== 0xff) / SECTOR_BYTES);
        const next = here - (here % GROUP_SECTORS) + GROUP_SECTORS;
        const badSectors = [here, here + 1, next].map((sector) => ({ partition: "node", sector, isSilent }) as const);
        await withBoard({ ...imageOf(from, "forwarder"), badSectors }, async (machine) => {
          const row = new LiveRow(from, "forwarder", machine);
          await row.start();
          await row.connect();
          await row.network.seconds(1);
          for (let payments = 1; payments <= 2; payments++) {
            await row.pay();
            expect(await row.settled()).toBe(BigInt(payments) * AMOUNT_MSAT);
            await machine.powerOff();
            row.nodes.forwarder.off();
            await row.network.run();
            await machine.powerOn();
            await row.start();
            await row.connect();
            await row.network.seconds(1);
            expect(await row.settled()).toBe(BigInt(payments) * AMOUNT_MSAT);
          }
          // The bad ones were met: the journal has moved on behind them.
          expect(written[(next + GROUP_SECTORS) * SECTOR_BYTES]).toBe(0xff);
          expect(machine.flash("node")[(next + GROUP_SECTORS) * SECTOR_BYTES]).not.toBe(0xff);
        });
      },
    );
  });
});

describe("a supply that falls and rises", () => {
  let from: Scene;
  beforeAll(() => {
    from = scene();
  });
  whereItRuns("posix", () => {
    it.each([
      [20, 12],
      [30, 40],
    ])("holds for %i flash operations, fails for %i: the meter loses nothing that it was to keep", async (up, down) => {
      await withBoard({ key: KEY, sawtooth: { up, down } }, async (machine) => {
        const meter = meterOf(machine);
        let refused = 0;
        const patiently = async (body: () => Promise<number>): Promise<number> => {
          for (let tries = 0; tries < 200; tries++) {
            const code = await body();
            if (code !== ERR_FLASH) return code;
            refused++;
          }
          return expect.fail("the flash is refused for ever");
        };
        const boot = (): Promise<number> => patiently(() => meter.boot());
        const tick = async (ms: number): Promise<number> => {
          const record = await meter.tick(ms);
          return typeof record === "string" ? record.length : record;
        };
        expect(await boot()).toBe(0);
        let total = 0n;
        let registers = 0n;
        for (let life = 0; life < LIVES; life++) {
          expect(await patiently(() => meter.setClock(0, MIDNIGHT + life * 40 * INTERVAL_MS))).toBe(0);
          let now = 0;
          for (let i = 0; i < STEPS; i++) {
            const edges = pulseTrain(0, PULSES, now + 100, 500);
            expect(await meter.edges(now, edges), "counting goes on").toBe(edges.length);
            total += BigInt(PULSES);
            expect((await meter.registers()).importPulses).toBe(total);
            now += LOSS_BOUND_MS + 5000;
            while ((await patiently(() => tick(now))) > 0);
          }
          // A moment ago all was saved that the bound wants: what came later may go with the power.
          const late = pulseTrain(0, 3, now + 10, 200);
          expect(await meter.edges(now, late)).toBe(late.length);
          total += 3n;
          await meter.driver.restart();
          expect(await boot()).toBe(0);
          registers = (await meter.registers()).importPulses;
          expect(registers).toBeGreaterThanOrEqual(total - 3n);
          expect(registers).toBeLessThanOrEqual(total);
          total = registers;
        }
        expect(registers).toBeGreaterThanOrEqual(BigInt(LIVES * STEPS * PULSES));
        expect(refused).toBeGreaterThan(0);
      });
    });

    it.each([
      [250, 40],
      [400, 90],
    ])("holds for %i, fails for %i: the node starts anew, and no payment is made in part", async (up, down) => {
      await withBoard({ ...imageOf(from, "forwarder"), sawtooth: { up, down } }, async (machine) => {
        const row = new LiveRow(from, "forwarder", machine);
        const { payer, forwarder, recipient } = row.nodes;
        let deaths = 0;
        row.network.onCrash = (node, error) => {
          if (node !== forwarder || !(error instanceof Error) || !error.message.endsWith(`code ${ERR_FLASH}`))
            return false;
          return ++deaths > 0;
        };
        const recover = async (): Promise<void> => {
          for (let tries = 0; tries < 60; tries++) {
            await row.start();
            await row.connect();
            await row.network.seconds(1);
            if (forwarder.isOn) return;
          }
          expect.fail("the node does not come up again");
        };
        for (let payments = 0; payments < 25 && deaths < 12; payments++) {
          await recover();
          await row.pay();
        }
        // The supply holds again.
        machine.sawtooth = undefined;
        await machine.powerOff();
        if (forwarder.isOn) forwarder.off();
        await row.network.run();
        await machine.powerOn();
        await recover();
        await row.network.seconds(2);
        const came = await row.settled();
        expect(deaths).toBeGreaterThan(1);
        expect(came % AMOUNT_MSAT).toBe(0n);
        expect(came).toBeGreaterThan(0n);
        const of = (events: readonly { readonly hash?: Uint8Array }[]): number =>
          new Set(events.map((event) => JSON.stringify(event, (_, v: unknown) => (typeof v === "bigint" ? `${v}` : v))))
            .size;
        expect(BigInt(of(recipient.told("received") as never)) * AMOUNT_MSAT).toBe(came);
        expect(BigInt(of(payer.told("sent") as never)) * AMOUNT_MSAT).toBe(came);
      });
    });
  });
});
