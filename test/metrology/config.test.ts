import { describe, expect, it } from "vitest";
import { encodeConfig } from "../../host/metrology/config.js";
import { onEveryEngine } from "../driver/meters.js";
import { CONFIG, MeterClient, MIDNIGHT, pulseTrain } from "../driver/meter_client.js";

/** The record of CONFIG with some bytes changed. */
function changed(change: (view: DataView) => void): Uint8Array {
  const record = encodeConfig(CONFIG);
  change(new DataView(record.buffer));
  return record;
}

const WRONG: readonly [name: string, record: Uint8Array][] = [
  ["version", changed((view) => view.setUint32(0, 2, true))],
  ["reserved field", changed((view) => view.setUint32(12, 1, true))],
  ["meter constant 0", changed((view) => view.setUint32(4, 0, true))],
  ["meter constant 100,001", changed((view) => view.setUint32(4, 100_001, true))],
  ["interval 4 s", changed((view) => view.setUint32(8, 4, true))],
  ["interval 7 s, no divisor", changed((view) => view.setUint32(8, 7, true))],
  ["interval 0 s", changed((view) => view.setUint32(8, 0, true))],
  ["empty serial", changed((view) => new Uint8Array(view.buffer).fill(0, 16, 40))],
  ["quote in a text", changed((view) => view.setUint8(17, 0x22))],
  ["pipe in a text", changed((view) => view.setUint8(41, 0x7c))],
  ["control character in a text", changed((view) => view.setUint8(65, 0x0a))],
  ["text after the padding", changed((view) => view.setUint8(39, 0x41))],
  ["record too short", encodeConfig(CONFIG).slice(0, 87)],
];

onEveryEngine("a wrong configuration record keeps the meter down", async (open) => {
  const meter = new MeterClient(await open());
  for (const [name, record] of WRONG) {
    expect(await meter.bootRecord(record), name).toBe(-1);
    expect((await meter.driver.call("registers", [])).result, name).toBe(-2);
  }
  expect(await meter.boot()).toBe(0);
});

onEveryEngine("the meter constant cannot change under the registers", async (open) => {
  const meter = new MeterClient(await open());
  await meter.boot();
  await meter.setClock(0, MIDNIGHT);
  await meter.edges(0, pulseTrain(0, 10, 0, 100));
  await meter.driver.restart();
  expect(await meter.boot({ meterConstant: 500 })).toBe(-6);
  expect(await meter.boot({ intervalS: 300 })).toBe(0);
  expect((await meter.registers()).importPulses).toBe(10n);
});

describe("encodeConfig", () => {
  it.each([
    [{ meterConstant: 0 }, /^meter constant/],
    [{ meterConstant: 1.5 }, /^meter constant/],
    [{ intervalS: 7 }, /^interval/],
    [{ serial: "" }, /^serial/],
    [{ serial: 'a"b' }, /^serial/],
    [{ vendor: "Ö" }, /^vendor/],
    [{ model: "x".repeat(25) }, /^model/],
  ])("names the field that is wrong: %j", (change, message) => {
    expect(() => encodeConfig({ ...CONFIG, ...change })).toThrow(message);
  });
});
