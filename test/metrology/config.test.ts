import { describe, expect, it } from "vitest";
import { S0_INPUT, encodeConfig } from "../../host/metrology/config.js";
import { onEveryEngine } from "../driver/meters.js";
import { CONFIG, MeterClient, MIDNIGHT, pulseTrain } from "../driver/meter_client.js";

/** The record of CONFIG with some bytes changed. */
function changed(change: (view: DataView) => void): Uint8Array {
  const record = encodeConfig(CONFIG);
  change(new DataView(record.buffer));
  return record;
}

const WRONG: readonly [name: string, record: Uint8Array][] = [
  ["version", changed((view) => view.setUint32(0, 1, true))],
  ["loss bound 999 ms", changed((view) => view.setUint32(12, 999, true))],
  ["loss bound 60,001 ms", changed((view) => view.setUint32(12, 60_001, true))],
  ["loss bound 0 Wh", changed((view) => view.setUint32(16, 0, true))],
  ["loss bound 1001 Wh", changed((view) => view.setUint32(16, 1001, true))],
  ["filter 3", changed((view) => view.setUint8(28, 3))],
  ["reserved byte of an input", changed((view) => view.setUint8(21, 1))],
  ["meter constant 0", changed((view) => view.setUint32(4, 0, true))],
  ["meter constant 100,001", changed((view) => view.setUint32(4, 100_001, true))],
  ["interval 4 s", changed((view) => view.setUint32(8, 4, true))],
  ["interval 7 s, no divisor", changed((view) => view.setUint32(8, 7, true))],
  ["interval 0 s", changed((view) => view.setUint32(8, 0, true))],
  ["empty serial", changed((view) => new Uint8Array(view.buffer).fill(0, 40, 64))],
  ["quote in a text", changed((view) => view.setUint8(41, 0x22))],
  ["pipe in a text", changed((view) => view.setUint8(65, 0x7c))],
  ["control character in a text", changed((view) => view.setUint8(89, 0x0a))],
  ["text after the padding", changed((view) => view.setUint8(63, 0x41))],
  ["record too short", encodeConfig(CONFIG).slice(0, 111)],
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
    [{ lossBoundMs: 0 }, /^loss bound: 0 ms/],
    [{ lossBoundWh: 2000 }, /^loss bound: 2000 Wh/],
    [{ ratingW: 2 ** 32 }, /^rating/],
    [{ ratingW: -1 }, /^rating/],
    [{ inputs: [S0_INPUT, { ...S0_INPUT, minOnMs: 70_000 }] as const }, /^input 1 minOnMs/],
    [{ serial: "" }, /^serial/],
    [{ serial: 'a"b' }, /^serial/],
    [{ vendor: "Ö" }, /^vendor/],
    [{ model: "x".repeat(25) }, /^model/],
  ])("names the field that is wrong: %j", (change, message) => {
    expect(() => encodeConfig({ ...CONFIG, ...change })).toThrow(message);
  });
});
