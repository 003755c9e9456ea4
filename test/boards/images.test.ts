import { createHash } from "node:crypto";
import { closeSync, openSync, writeSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { Entropy } from "../../host/board/entropy.js";
import { KeyStore } from "../../host/board/key_store.js";
import { readModule } from "../../host/engine/module_file.js";
import { IMAGE_HEADER_BYTES, signImage } from "../../host/image/image.js";
import { PARTITION_SECTORS, SECTOR_BYTES } from "../../host/link/image.js";
import type { Machine } from "../../host/link/machine.js";
import { Op, Status } from "../../host/link/protocol.js";
import { bootRecord } from "../../host/node/requests.js";
import { PosixMachine } from "../../host/posix/index.js";
import { whereItRuns } from "../driver/engines.js";
import { CONFIG } from "../node/network.js";
import { BOARDS, engineOf, KEY, makeMachine } from "./board.js";

const key = KeyStore.generate(new Entropy("update key"));
const BUILT_IN = readModule("node").wasm;
const BOARD = { key: KEY, updateKey: key.publicKey() };
const PROOF_MS = 60_000n;
const SLOT_A_SECTOR = PARTITION_SECTORS.metrology + PARTITION_SECTORS.node + PARTITION_SECTORS.settings;

/** The node module with a section of its own that means nothing: another module that does the same. */
function variant(name: string): Uint8Array {
  const text = Buffer.from(name, "latin1");
  return Buffer.concat([BUILT_IN, Uint8Array.of(0, text.length + 1, text.length), text]);
}

/** Bytes that are no module, well signed. */
const NONSENSE = new Uint8Array(5000).fill(0x5a);

const image = (version: number, module: Uint8Array, by = key): Uint8Array => signImage({ version, module }, by);
const hash = (module: Uint8Array): string => createHash("sha256").update(module).digest("hex");

async function restart(machine: Machine): Promise<void> {
  await machine.powerOff();
  await machine.powerOn();
}

/** The node's module as it runs after `start`, and the slot that it came from. */
async function running(machine: Machine): Promise<{ hash: string; slot: string; version: number }> {
  await machine.client.start("node");
  const { running: slot, runningVersion: version } = await machine.client.images();
  return { hash: Buffer.from((await machine.client.hello()).nodeHash).toString("hex"), slot, version };
}

/** Lets the node live through `ms` of its own time. */
async function live(machine: Machine, ms: bigint): Promise<void> {
  const record = bootRecord(CONFIG, 100, 0n, 0n);
  expect((await machine.client.callNode("boot", [record.length], record)).result).toBeGreaterThanOrEqual(0);
  for (const at of [1_000n, 1_000n + ms]) {
    expect((await machine.client.callNode("tick", [at, 0n])).result).toBe(0);
  }
}

async function withMachine(machine: Machine, body: (machine: Machine) => Promise<void>): Promise<void> {
  try {
    await machine.powerOn();
    await body(machine);
  } finally {
    await machine.discard();
  }
}

describe.each(BOARDS)("images of the node on the board %s", (name) => {
  whereItRuns(engineOf(name), () => {
    const board = (body: (machine: Machine) => Promise<void>, has: object = BOARD): Promise<void> =>
      withMachine(makeMachine(name, { ...BOARD, ...has }), body);
    const builtIn = { hash: hash(BUILT_IN), slot: "built-in", version: 1 };

    it("are tried from the next start on, and stay once the node has gone on for a minute", () =>
      board(async (machine) => {
        await machine.client.update(image(2, variant("two")));
        expect(await running(machine)).toEqual(builtIn);
        await restart(machine);
        const second = { hash: hash(variant("two")), slot: "A", version: 2 };
        expect(await running(machine)).toEqual(second);
        await live(machine, PROOF_MS - 1n);
        expect(await machine.client.images()).toMatchObject({ trial: "A", active: "built-in", tries: 1 });
        await restart(machine);
        await running(machine);
        await live(machine, PROOF_MS);
        const stays = { trial: undefined, active: "A", tries: 0, confirmedVersion: 2 };
        expect(await machine.client.images()).toMatchObject(stays);
        for (let i = 0; i < 4; i++) await restart(machine);
        expect(await running(machine)).toEqual(second);
        await machine.client.update(image(3, variant("three")));
        await restart(machine);
        expect(await running(machine)).toEqual({ hash: hash(variant("three")), slot: "B", version: 3 });
      }));

    it("are given up after three starts without one that went well, and what was in force runs again", () =>
      board(async (machine) => {
        await machine.client.update(image(2, NONSENSE));
        for (let tries = 1; tries <= 3; tries++) {
          await restart(machine);
          await expect(machine.client.start("node")).rejects.toMatchObject({ status: Status.stopped });
          expect(await machine.client.images()).toMatchObject({ running: "A", trial: "A", tries });
        }
        await restart(machine);
        expect(await running(machine)).toEqual(builtIn);
        expect(await machine.client.images()).toMatchObject({ trial: undefined, tries: 0, confirmedVersion: 0 });
        await machine.client.update(image(2, variant("mended")));
        await restart(machine);
        expect(await running(machine)).toMatchObject({ version: 2 });
      }));

    it("are taken neither twice nor of an older version, nor while one is on trial", () =>
      board(async (machine) => {
        const refuses = (version: number, message: RegExp): Promise<void> =>
          expect(machine.client.update(image(version, variant("other")))).rejects.toThrow(message);
        await refuses(1, /version is not above/);
        await machine.client.update(image(5, variant("five")));
        await restart(machine);
        await running(machine);
        await refuses(6, /a trial/);
        await live(machine, PROOF_MS);
        for (const version of [1, 4, 5]) await refuses(version, /version is not above/);
        await machine.client.update(image(6, variant("six")));
      }));

    it("that have rotted in the flash run no more, and older ones are still not taken", () =>
      board(async (machine) => {
        await machine.client.update(image(5, variant("five")));
        await restart(machine);
        await running(machine);
        await live(machine, PROOF_MS);
        await machine.powerOff();
        const file = openSync(join(machine.directory, "flash.img"), "r+");
        const rotten = ~(variant("five")[1000] ?? 0) & 0xff;
        writeSync(file, Uint8Array.of(rotten), 0, 1, SLOT_A_SECTOR * SECTOR_BYTES + IMAGE_HEADER_BYTES + 1000);
        closeSync(file);
        await machine.powerOn();
        expect(await running(machine)).toEqual(builtIn);
        expect(await machine.client.images()).toMatchObject({ confirmedVersion: 5 });
        await expect(machine.client.update(image(5, variant("five")))).rejects.toThrow("version is not above");
        await machine.client.update(image(6, variant("six")));
        await restart(machine);
        expect(await running(machine)).toEqual({ hash: hash(variant("six")), slot: "B", version: 6 });
      }));

    it("are not taken by another key, changed, cut short or in disorder, and nothing changes", () =>
      board(async (machine) => {
        const { client } = machine;
        const good = image(2, variant("two"));
        const other = KeyStore.generate(new Entropy("another key"));
        await expect(client.update(image(2, variant("two"), other))).rejects.toThrow("not signed by the update key");
        for (let at = 0; at < IMAGE_HEADER_BYTES; at += 3) {
          const changed = good.slice();
          changed[at] = (changed[at] ?? 0) ^ 1;
          await expect(client.update(changed), `byte ${at}`).rejects.toMatchObject({ status: Status.badRequest });
        }
        const changed = good.slice();
        changed[changed.length - 1] = 0;
        await expect(client.update(changed)).rejects.toThrow("not what was signed");
        const begin = (): Promise<unknown> => client.link.request(Op.imageBegin, good.subarray(0, IMAGE_HEADER_BYTES));
        const data = (offset: number, bytes: Uint8Array): Promise<unknown> =>
          client.link.request(Op.imageData, Buffer.concat([Uint8Array.of(offset, 0, 0, 0), bytes]));
        await expect(data(0, NONSENSE.subarray(0, 10))).rejects.toMatchObject({ status: Status.board });
        await begin();
        await expect(data(1, NONSENSE.subarray(0, 10))).rejects.toThrow("out of order");
        await data(0, NONSENSE.subarray(0, 10));
        await expect(data(0, NONSENSE.subarray(0, 10))).rejects.toThrow("out of order");
        await expect(client.link.request(Op.imageEnd)).rejects.toMatchObject({ status: Status.board });
        await expect(client.link.request(Op.imageBegin, good.subarray(0, 111))).rejects.toThrow("no header");
        await restart(machine);
        expect(await running(machine)).toEqual(builtIn);
        expect(await machine.client.images()).toMatchObject({ trial: undefined });
      }));

    it("are not taken where there is no update key", () =>
      board(
        async (machine) => {
          await expect(machine.client.update(image(2, variant("two")))).rejects.toThrow("no update key");
        },
        { updateKey: undefined },
      ));
  });
});

describe("images while power fails", () => {
  whereItRuns("posix", () => {
    it("are there whole or not at all, at every flash operation of a transfer, a trial and its end", async () => {
      const good = image(2, variant("two"));
      let cuts = 0;
      for (let cutAt = 1; ; cutAt++) {
        const machine = new PosixMachine(BOARD);
        machine.cutAt = cutAt;
        let ended = false;
        await withMachine(machine, async () => {
          try {
            await machine.client.update(good);
            ended = true;
          } catch {
            cuts++;
          }
          machine.cutAt = undefined;
          await restart(machine);
          const { slot, hash: found } = await running(machine);
          // A transfer that was cut leaves the built-in module, one whose end was stored is tried.
          expect([hash(BUILT_IN), hash(variant("two"))]).toContain(found);
          expect(slot).toBe(found === hash(BUILT_IN) ? "built-in" : "A");
          if (ended) expect(slot).toBe("A");
          else {
            if (slot === "A") return;
            await machine.client.update(good);
            await restart(machine);
            expect(await running(machine)).toMatchObject({ slot: "A", version: 2 });
          }
        });
        if (ended) break;
      }
      // Sectors are erased and programmed, then the header and the settings.
      expect(cuts).toBeGreaterThan(2 * Math.ceil(good.length / SECTOR_BYTES));
    }, 240_000);

    it("a start is counted before anything of it runs", async () => {
      const machine = new PosixMachine(BOARD);
      await withMachine(machine, async () => {
        await machine.client.update(image(2, NONSENSE));
        // Power fails while the start is being counted, again and again: that is no start, and the built-in module waits.
        for (let i = 0; i < 5; i++) {
          await machine.powerOff();
          machine.cutAt = 1;
          await machine.powerOn().catch(() => undefined);
        }
        machine.cutAt = undefined;
        for (let tries = 1; tries <= 3; tries++) {
          await restart(machine);
          expect((await machine.client.images()).running).toBe("A");
        }
        await restart(machine);
        expect((await machine.client.images()).running).toBe("built-in");
      });
    });
  });
});
