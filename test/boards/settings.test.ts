import secp256k1 from "secp256k1";
import { describe, expect, it } from "vitest";
import type { BoardImage } from "../../host/link/image.js";
import type { Machine } from "../../host/link/machine.js";
import { Op, Status } from "../../host/link/protocol.js";
import { PosixMachine } from "../../host/posix/index.js";
import { whereItRuns } from "../driver/engines.js";
import { BOARDS, engineOf, KEY, makeMachine } from "./board.js";

const bytes = (length: number, fill: number): Uint8Array => new Uint8Array(length).fill(fill);
const FIRST = { mode: bytes(1, 0), metrology: bytes(112, 3), node: bytes(90, 4), peers: bytes(66, 5) };
const SEALED = { sealed: bytes(1, 1), metrology: bytes(112, 6) };

async function withBoard(machine: Machine, body: (machine: Machine) => Promise<void>): Promise<void> {
  try {
    await machine.powerOn();
    await body(machine);
  } finally {
    await machine.discard();
  }
}

async function again(machine: Machine): Promise<void> {
  await machine.powerOff();
  await machine.powerOn();
}

describe.each(BOARDS)("settings of the board %s", (name) => {
  whereItRuns(engineOf(name), () => {
    const board = (image: BoardImage, body: (machine: Machine) => Promise<void>): Promise<void> =>
      withBoard(makeMachine(name, image), body);

    it("are what was written last, also after many writes and without power in between", () =>
      board({ key: KEY }, async (machine) => {
        expect(await machine.client.settings()).toEqual({});
        await machine.client.writeSettings(FIRST);
        expect(await machine.client.settings()).toEqual(FIRST);
        for (let i = 0; i < 9; i++) {
          await machine.client.writeSettings({ metrology: bytes(112, i) });
          if (i % 3 === 0) await again(machine);
          expect(await machine.client.settings()).toEqual({ metrology: bytes(112, i) });
        }
        await machine.client.writeSettings({});
        await again(machine);
        expect(await machine.client.settings()).toEqual({});
      }));

    it("stay as they are once the board is sealed", () =>
      board({ key: KEY }, async (machine) => {
        await machine.client.writeSettings(SEALED);
        const message = "the board is sealed and its cover is closed";
        for (const settings of [FIRST, {}]) {
          await expect(machine.client.writeSettings(settings)).rejects.toMatchObject({ status: Status.board, message });
        }
        await again(machine);
        expect(await machine.client.settings()).toEqual(SEALED);
      }));

    it("can be changed with the cover open, seal or no seal", () =>
      board({ key: KEY, coverOpen: true }, async (machine) => {
        await machine.client.writeSettings(SEALED);
        await machine.client.writeSettings(FIRST);
        expect(await machine.client.settings()).toEqual(FIRST);
      }));

    it("are no list with unknown or torn fields, two of a kind, or too many bytes", () =>
      board({ key: KEY }, async (machine) => {
        await machine.client.writeSettings(FIRST);
        const refuses = async (list: number[], message: string): Promise<void> => {
          const written = machine.client.link.rawRequest(Op.settingsWrite, Uint8Array.from(list));
          await expect(written).rejects.toMatchObject({ status: Status.badRequest, message });
        };
        for (const list of [
          [1],
          [1, 1],
          [1, 1, 0],
          [3, 2, 0, 1],
          [3, 255, 255],
          [0, 1, 0, 1],
          [7, 1, 0, 1],
          [255, 0, 0],
          [6, 4, 0, 1, 0, 0, 0],
          [1, 1, 0, 0, 1, 1, 0, 0],
          [1, 2, 0, 0, 0],
          [2, 0, 0],
          [5, 32, 0, ...bytes(32, 1)],
        ]) {
          await refuses(list, "it is no list of settings");
        }
        await refuses([3, 0xfe, 3, ...bytes(1022, 1)], "the list is too long");
        expect(await machine.client.settings()).toEqual(FIRST);
        await machine.client.writeSettings({ node: bytes(1021, 1) });
        expect(await machine.client.settings()).toEqual({ node: bytes(1021, 1) });
      }));

    it("keys are made once", () =>
      board({ rootless: true, seed: bytes(32, 9) }, async (machine) => {
        await expect(machine.client.hello()).rejects.toMatchObject({ status: Status.stopped });
        expect(await machine.client.makeKeys()).toEqual({ metrology: true, node: true });
        await machine.client.start("metrology");
        const { publicKey } = await machine.client.hello();
        expect(secp256k1.publicKeyVerify(publicKey)).toBe(true);
        expect(await machine.client.makeKeys()).toEqual({ metrology: false, node: false });
        await again(machine);
        expect((await machine.client.hello()).publicKey).toEqual(publicKey);
      }));
  });
});

describe("settings while power fails", () => {
  whereItRuns("posix", () => {
    it("are the old ones or the new ones", async () => {
      let [old, other] = [0, 0];
      // Each write erases a sector and programs it.
      for (let cutAt = 1; cutAt <= 8; cutAt++) {
        await withBoard(new PosixMachine({ key: KEY, cutAt }), async (machine) => {
          const written = [FIRST, { mode: bytes(1, 1) }, SEALED, FIRST];
          let done = 0;
          const failed = async (): Promise<unknown> => {
            for (const settings of [{ node: bytes(9, 9) }, { mode: bytes(1, 1) }, { node: bytes(900, 1) }, FIRST]) {
              await machine.client.writeSettings(settings);
              written[done++] = settings as never;
            }
            return undefined;
          };
          const outcome = await failed().catch((error: unknown) => error);
          expect(outcome, `cut at ${cutAt}`).toBeInstanceOf(Error);
          (machine as PosixMachine).cutAt = undefined;
          await again(machine);
          expect(await machine.client.settings(), `cut at ${cutAt}`).toEqual(done === 0 ? {} : written[done - 1]);
          if (done === 0) old++;
          else other++;
        });
      }
      expect([old, other]).toEqual([2, 6]);
    });
  });
});
