import { existsSync } from "node:fs";
import { expect, it } from "vitest";
import { Status } from "../../host/link/protocol.js";
import { FLASH_SECTOR_BYTES, FLASH_SECTORS } from "../../host/metrology/driver.js";
import { openQemuMeter } from "../../host/qemu/index.js";
import { QemuMachine } from "../../host/qemu/machine.js";
import { CONFIG, MeterClient, MIDNIGHT, pulseTrain } from "../driver/meter_client.js";
import { describeBoard, KEY } from "./board.js";

describeBoard("the emulated board's power", () => {
  it("stays on without a key, and says so", async () => {
    const machine = new QemuMachine({});
    try {
      const message = "no metrology key is provisioned";
      expect(await machine.powerOn()).toBe(message);
      await expect(machine.client.hello()).rejects.toMatchObject({ status: Status.stopped, message });
      await expect(machine.client.call("abi", [])).rejects.toMatchObject({ status: Status.stopped, message });
    } finally {
      await machine.discard();
    }
  });

  it("refuses a key that is no scalar", async () => {
    await expect(openQemuMeter({ key: new Uint8Array(32) })).rejects.toThrow("no metrology key is provisioned");
    await expect(openQemuMeter({ key: new Uint8Array(31) })).rejects.toThrow("a key has 32 bytes");
  });

  it("starts on the flash it is given", async () => {
    const flash = Uint8Array.from({ length: FLASH_SECTORS * FLASH_SECTOR_BYTES }, (_, i) => (i * 13) >> 3);
    const machine = new QemuMachine({ key: KEY, flash });
    try {
      await machine.powerOn();
      // The first sectors and the last bytes, over the link.
      for (const [offset, length] of [
        [0, 3 * FLASH_SECTOR_BYTES],
        [flash.length - 100, 100],
      ] as const) {
        expect(await machine.client.flashRead(offset, length)).toEqual(flash.slice(offset, offset + length));
      }
      await machine.powerOff();
      expect(machine.flash()).toEqual(flash);
    } finally {
      await machine.discard();
    }
  });

  it("can be cut and given back: registers are where they were", async () => {
    const driver = await openQemuMeter({ key: KEY });
    try {
      const meter = new MeterClient(driver);
      expect(await meter.boot()).toBe(0);
      await meter.setClock(0, MIDNIGHT);
      await meter.edges(0, pulseTrain(0, 40, 10, 1000));
      expect(await meter.drain(CONFIG.intervalS * 1000)).toHaveLength(1);
      const flash = await driver.flash();
      await driver.restart();
      expect(await driver.flash()).toEqual(flash);
      expect(await meter.boot()).toBe(0);
      expect((await meter.registers()).importPulses).toBe(40n);
    } finally {
      await driver.close();
    }
  });

  it("ends when the board switches itself off, and leaves nothing behind when it is discarded", async () => {
    const machine = new QemuMachine({ key: KEY });
    await machine.powerOn();
    const { client } = machine;
    await client.powerOff();
    await expect(client.hello()).rejects.toThrow();
    await machine.discard();
    expect(existsSync(machine.directory)).toBe(false);
  });
});
