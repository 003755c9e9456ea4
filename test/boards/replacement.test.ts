import { createHash } from "node:crypto";
import { closeSync, openSync, writeSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { Entropy } from "../../host/board/entropy.js";
import { KeyStore } from "../../host/board/key_store.js";
import { readModule } from "../../host/engine/module_file.js";
import { IMAGE_HEADER_BYTES, signImage } from "../../host/image/image.js";
import { type BoardImage, PARTITION_SECTORS, SECTOR_BYTES } from "../../host/link/image.js";
import type { Machine } from "../../host/link/machine.js";
import { Op, Status } from "../../host/link/protocol.js";
import { COUNTER_INPUT, encodeConfig } from "../../host/metrology/config.js";
import { decodeEvent, decodeRegisters, type Registers } from "../../host/metrology/module.js";
import { PosixMachine } from "../../host/posix/index.js";
import { whereItRuns } from "../driver/engines.js";
import { BOARDS, engineOf, KEY, makeMachine } from "./board.js";

const key = KeyStore.generate(new Entropy("update key"));
const BUILT_IN = readModule("metrology").wasm;
const OPEN = { key: KEY, updateKey: key.publicKey(), coverOpen: true };
const CONFIG = encodeConfig({
  serial: "TL-1",
  vendor: "",
  model: "",
  meterConstant: 1000,
  intervalS: 60,
  inputs: [COUNTER_INPUT, COUNTER_INPUT],
});
const MINUTE_MS = 60_000n;
const MIDNIGHT = 1_750_032_000_000n;
const IMAGES_SECTOR = Object.entries(PARTITION_SECTORS)
  .slice(0, -1)
  .reduce((sum, [, sectors]) => sum + sectors, 0);
const HALF_SECTORS = PARTITION_SECTORS.metrologyImages / 2;

/** The metrology module with a section of its own that means nothing: another module that does the same. */
function variant(name: string): Uint8Array {
  const text = Buffer.from(name, "latin1");
  return Buffer.concat([BUILT_IN, Uint8Array.of(0, text.length + 1, text.length), text]);
}

/** Bytes that are no module, well signed. */
const NONSENSE = new Uint8Array(5000).fill(0x5a);

const image = (version: number, module: Uint8Array, by = key): Uint8Array =>
  signImage({ kind: "metrology", version, module }, by);
const hash = (module: Uint8Array): string => createHash("sha256").update(module).digest("hex");
const builtIn = hash(BUILT_IN);

async function call(machine: Machine, ...args: Parameters<Machine["client"]["call"]>): Promise<number> {
  const { result } = await machine.client.call(...args);
  expect(result, args[0]).toBeGreaterThanOrEqual(0);
  return result;
}

const boot = (machine: Machine): Promise<number> => call(machine, "boot", [CONFIG.length, 0n], CONFIG);

async function registers(machine: Machine): Promise<Registers> {
  return decodeRegisters((await machine.client.call("registers", [])).output);
}

async function running(machine: Machine): Promise<{ hash: string; version: number | undefined }> {
  const { moduleHash } = await machine.client.hello();
  return {
    hash: Buffer.from(moduleHash).toString("hex"),
    version: (await machine.client.state()).get("metrology_version"),
  };
}

async function restart(machine: Machine): Promise<void> {
  await machine.powerOff();
  await machine.powerOn();
}

async function live(machine: Machine, ms: bigint): Promise<void> {
  await boot(machine);
  for (const at of [1_000n, 1_000n + ms]) await call(machine, "tick", [at]);
}

async function withMachine(machine: Machine, body: (machine: Machine) => Promise<void>): Promise<void> {
  try {
    await machine.powerOn();
    await body(machine);
  } finally {
    await machine.discard();
  }
}

/** Changes the flash of a board that is off. */
function overwrite(machine: Machine, at: number, ...bytes: number[]): void {
  const file = openSync(join(machine.directory, "flash.img"), "r+");
  writeSync(file, Uint8Array.from(bytes), 0, bytes.length, at);
  closeSync(file);
}

describe.each(BOARDS)("metrology modules on the board %s", (name) => {
  whereItRuns(engineOf(name), () => {
    const board = (body: (machine: Machine) => Promise<void>, has: BoardImage = OPEN): Promise<void> =>
      withMachine(makeMachine(name, has), body);

    it("are replaced in place: no pulse is lost, receipts go on, and the meter's own log tells of it", () =>
      board(async (machine) => {
        const { client } = machine;
        await boot(machine);
        await call(machine, "set_clock", [0n, MIDNIGHT, "S".charCodeAt(0)]);
        await call(machine, "tamper", [0, 1, 10n]);
        await call(machine, "pulse_counter", [0, 41, 59_000n]);
        const first = await client.call("tick", [MINUTE_MS]);
        expect(first.result).toBeGreaterThan(0);
        // Too few for the meter to save them of its own accord.
        await call(machine, "pulse_counter", [0, 44, MINUTE_MS + 100n]);
        await call(machine, "pulse_counter", [1, 2, MINUTE_MS + 100n]);
        await client.replaceMetrology(image(2, variant("two")));
        // It goes on counting with the old one until then.
        await call(machine, "pulse_counter", [0, 46, MINUTE_MS + 200n]);
        const before = await registers(machine);
        expect([before.importPulses, before.exportPulses]).toEqual([46n, 2n]);
        expect(await running(machine)).toEqual({ hash: builtIn, version: 1 });
        await client.start("metrology");
        expect(await running(machine)).toEqual({ hash: hash(variant("two")), version: 2 });
        await boot(machine);
        const after = await registers(machine);
        for (const field of ["importPulses", "exportPulses", "importMwh", "nextPage"] as const) {
          expect(after[field], field).toBe(before[field]);
        }
        const record = await client.call("record", ["F".charCodeAt(0), 1]);
        expect(Buffer.from(record.output).equals(Buffer.from(first.output))).toBe(true);
        const kinds: string[] = [];
        for (let number = after.newestEvent; number >= 1; number--) {
          kinds.unshift(decodeEvent((await client.call("event", [number])).output).kind);
        }
        expect(kinds).toContain("cover opened");
        expect(kinds.at(-1)).toBe("update");
        const log = (await client.logs()).join("\n");
        expect(log).toMatch(/metrology module is coming: version 2\n/);
        expect(log).toMatch(/metrology runs version 2/);
      }));

    it("stay once one has metered for a minute, and newer ones go to the other half", () =>
      board(async (machine) => {
        const { client } = machine;
        await client.replaceMetrology(image(2, variant("two")));
        await client.restart();
        await client.link.ready();
        expect(await running(machine)).toMatchObject({ version: 2 });
        await live(machine, MINUTE_MS - 1n);
        await expect(client.replaceMetrology(image(3, variant("three")))).rejects.toThrow("a trial");
        await restart(machine);
        await live(machine, MINUTE_MS);
        for (let i = 0; i < 4; i++) await restart(machine);
        expect(await running(machine)).toEqual({ hash: hash(variant("two")), version: 2 });
        for (const version of [1, 2]) {
          await expect(machine.client.replaceMetrology(image(version, variant("x")))).rejects.toThrow(
            "version is not above",
          );
        }
        await machine.client.replaceMetrology(image(3, variant("three")));
        await restart(machine);
        expect(await running(machine)).toEqual({ hash: hash(variant("three")), version: 3 });
        // What is not proven is left after three starts; the one before it is in force again.
        for (let i = 0; i < 3; i++) await restart(machine);
        expect(await running(machine)).toEqual({ hash: hash(variant("two")), version: 2 });
        expect((await machine.client.logs()).join("\n")).toMatch(/given up/);
        // It may come again, mended, and has all its starts.
        await machine.client.replaceMetrology(image(3, variant("mended")));
        for (let i = 0; i < 3; i++) await restart(machine);
        expect(await running(machine)).toEqual({ hash: hash(variant("mended")), version: 3 });
      }));

    it("that cannot run are passed over in the same start", () =>
      board(async (machine) => {
        await machine.client.replaceMetrology(image(2, NONSENSE));
        await restart(machine);
        expect(await running(machine)).toEqual({ hash: builtIn, version: 1 });
        expect((await machine.client.logs()).join("\n")).toMatch(/a metrology module cannot run: .+/);
        await live(machine, MINUTE_MS);
        await machine.client.replaceMetrology(image(2, variant("mended")));
        await restart(machine);
        expect(await running(machine)).toMatchObject({ version: 2 });
      }));

    it("that have rotted in the flash run no more, and older ones are still not taken", () =>
      board(async (machine) => {
        await machine.client.replaceMetrology(image(5, variant("five")));
        await restart(machine);
        await live(machine, MINUTE_MS);
        await machine.powerOff();
        const at = IMAGES_SECTOR * SECTOR_BYTES + IMAGE_HEADER_BYTES + 1000;
        overwrite(machine, at, ~(variant("five")[1000] ?? 0) & 0xff);
        await machine.powerOn();
        expect(await running(machine)).toEqual({ hash: builtIn, version: 1 });
        await expect(machine.client.replaceMetrology(image(4, variant("four")))).rejects.toThrow(
          "version is not above",
        );
        await machine.client.replaceMetrology(image(6, variant("six")));
        await restart(machine);
        expect(await running(machine)).toMatchObject({ version: 6 });
      }));

    it("are refused with the cover closed, at every step", () =>
      board(
        async (machine) => {
          const { client } = machine;
          const good = image(2, variant("two"));
          const closed = { status: Status.board, message: "the cover is closed" };
          await expect(client.replaceMetrology(good)).rejects.toMatchObject(closed);
          for (const op of [Op.metrologyBegin, Op.metrologyData, Op.metrologyEnd]) {
            await expect(client.link.request(op)).rejects.toMatchObject(closed);
          }
          expect(machine.flash("metrologyImages").every((byte) => byte === 0xff)).toBe(true);
          expect((await client.logs()).join("\n")).toMatch(/the cover is closed/);
        },
        { ...OPEN, coverOpen: false },
      ));

    it("are not taken by another key, as an image of the node, changed, cut short or in disorder", () =>
      board(async ({ client }) => {
        const good = image(2, variant("two"));
        const other = KeyStore.generate(new Entropy("another key"));
        await expect(client.replaceMetrology(image(2, variant("two"), other))).rejects.toThrow("not signed");
        const node = signImage({ version: 2, module: variant("two") }, key);
        await expect(client.replaceMetrology(node)).rejects.toThrow("no header of a metrology module");
        await expect(client.update(good)).rejects.toThrow("no header of an image");
        for (let at = 0; at < IMAGE_HEADER_BYTES; at += 5) {
          const changed = good.slice();
          changed[at] = (changed[at] ?? 0) ^ 1;
          await expect(client.replaceMetrology(changed), `byte ${at}`).rejects.toMatchObject({
            status: Status.badRequest,
          });
        }
        const changed = good.slice();
        changed[changed.length - 1] = 0;
        await expect(client.replaceMetrology(changed)).rejects.toThrow("not what was signed");
        const data = (offset: number): Promise<unknown> =>
          client.link.request(
            Op.metrologyData,
            Buffer.concat([Uint8Array.of(offset, 0, 0, 0), NONSENSE.subarray(0, 10)]),
          );
        await expect(data(0)).rejects.toMatchObject({ status: Status.board });
        await client.link.request(Op.metrologyBegin, good.subarray(0, IMAGE_HEADER_BYTES));
        await expect(data(1)).rejects.toThrow("out of order");
        await data(0);
        await expect(data(0)).rejects.toThrow("out of order");
        await expect(client.link.request(Op.metrologyEnd)).rejects.toMatchObject({ status: Status.board });
        await client.start("metrology");
        const { moduleHash } = await client.hello();
        expect(Buffer.from(moduleHash).toString("hex")).toBe(builtIn);
      }));
  });
});

describe("metrology modules while power fails", () => {
  whereItRuns("posix", () => {
    /** One life: a meter that has counted is brought another module, which is tried, proven and started again. */
    async function life(machine: Machine, version: number, module: Uint8Array): Promise<void> {
      await boot(machine);
      await call(machine, "pulse_counter", [0, 7, 100n]);
      await machine.client.replaceMetrology(image(version, module));
      await machine.client.start("metrology");
      await live(machine, MINUTE_MS);
    }

    it("are there whole or not at all, at every flash operation, and no register goes back", async () => {
      let cuts = 0;
      for (let cutAt = 1; ; cutAt++) {
        const machine = new PosixMachine(OPEN);
        let ended = false;
        await withMachine(machine, async () => {
          // A version in force already, with some pulses in the registers.
          await life(machine, 2, variant("two"));
          await call(machine, "save", [MINUTE_MS * 2n]);
          await machine.powerOff();
          machine.cutAt = cutAt;
          await machine.powerOn().catch(() => undefined);
          try {
            await life(machine, 3, variant("three"));
            ended = true;
          } catch {
            cuts++;
          }
          machine.cutAt = undefined;
          await machine.powerOff();
          await machine.powerOn();
          const found = await running(machine);
          expect([hash(variant("two")), hash(variant("three"))]).toContain(found.hash);
          if (ended) expect(found.version).toBe(3);
          await boot(machine);
          const { importPulses } = await registers(machine);
          expect([7n, 14n]).toContain(importPulses);
          if (ended) expect(importPulses).toBe(14n);
          if (found.version === 2) {
            await machine.client.replaceMetrology(image(3, variant("three")));
            await machine.client.start("metrology");
          }
          await live(machine, MINUTE_MS);
          await restart(machine);
          expect(await running(machine)).toMatchObject({ version: 3 });
        });
        if (ended) break;
      }
      // Header and marks erased, a sector for each 4 KB, header, marks, and the journal's own.
      expect(cuts).toBeGreaterThan(12);
    }, 240_000);

    it("a trial is counted before anything of it runs", async () => {
      const machine = new PosixMachine(OPEN);
      await withMachine(machine, async () => {
        await machine.client.replaceMetrology(image(2, variant("two")));
        for (let i = 0; i < 3; i++) await restart(machine);
        expect(await running(machine)).toMatchObject({ version: 2 });
        await restart(machine);
        expect(await running(machine)).toMatchObject({ version: 1 });
        const marks = machine
          .flash("metrologyImages")
          .subarray((HALF_SECTORS - 1) * SECTOR_BYTES)
          .subarray(0, 5);
        expect([...marks]).toEqual([0, 0, 0, 0xff, 0xff]);
      });
    });
  });
});
