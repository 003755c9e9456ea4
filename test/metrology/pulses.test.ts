import { expect } from "vitest";
import { COUNTER_INPUT, S0_INPUT } from "../../host/metrology/config.js";
import { onEveryEngine } from "../driver/meters.js";
import { MeterClient, MIDNIGHT, pulseTrain } from "../driver/meter_client.js";

onEveryEngine("pulses of both inputs are counted at their leading edge", async (open) => {
  const meter = new MeterClient(await open());
  expect(await meter.boot()).toBe(0);
  expect(await meter.setClock(0, MIDNIGHT)).toBe(0);
  const edges = [...pulseTrain(0, 120, 1000, 100), ...pulseTrain(1, 7, 20_000, 100)];
  expect(await meter.edges(1000, edges)).toBe(edges.length);
  const registers = await meter.registers();
  expect(registers).toMatchObject({ importPulses: 120n, exportPulses: 7n, importMwh: 120_000n });
  expect(registers.exportMwh).toBe(7_000n);
});

onEveryEngine("an edge that repeats the level it has counts nothing", async (open) => {
  const meter = new MeterClient(await open());
  const raw = { filter: "edge", minOnMs: 0, minOffMs: 0, minPeriodMs: 0 } as const;
  await meter.boot({ inputs: [raw, raw] });
  const level = (timeMs: number, level: 0 | 1) => ({ timeMs, input: 0, level });
  expect(await meter.edges(0, [level(1, 0), level(2, 1), level(3, 1), level(4, 0), level(5, 0), level(6, 1)])).toBe(6);
  expect((await meter.registers()).importPulses).toBe(2n);
  // The level outlives the batch.
  expect(await meter.edges(7, [level(7, 1), level(8, 0), level(9, 1)])).toBe(3);
  expect((await meter.registers()).importPulses).toBe(3n);
});

onEveryEngine("a batch that crosses the interval's end is taken up to it", async (open) => {
  const meter = new MeterClient(await open());
  await meter.boot();
  await meter.setClock(0, MIDNIGHT);
  const before = pulseTrain(0, 3, 899_000, 100);
  const after = pulseTrain(0, 2, 900_000, 100);
  expect(await meter.edges(899_000, [...before, ...after])).toBe(before.length);
  expect(await meter.edges(900_000, after)).toBe(0);
  const [record, ...more] = await meter.drain(900_000);
  expect(more).toEqual([]);
  expect(record).toContain('"P":[3,0]');
  expect(record).toContain('"TM":"2026-06-22T00:15:00,000+0000 S","RV":0.003000');
  expect(await meter.edges(900_000, after)).toBe(after.length);
  expect((await meter.registers()).importPulses).toBe(5n);
});

onEveryEngine("the loss bound of a batch counts from its first pulse", async (open) => {
  const meter = new MeterClient(await open());
  await meter.boot({ lossBoundMs: 10_000, lossBoundWh: 1000 });
  await meter.setClock(0, MIDNIGHT);
  const edges = [...pulseTrain(0, 1, 1000, 100), ...pulseTrain(0, 1, 9000, 100)];
  expect(await meter.edges(1000, edges)).toBe(edges.length);
  expect(await meter.drain(11_500)).toEqual([]);
  await meter.driver.restart();
  await meter.boot({ lossBoundMs: 10_000, lossBoundWh: 1000 });
  expect((await meter.registers()).importPulses).toBe(2n);
});

onEveryEngine("a 16-bit counter is extended over its wrap", async (open) => {
  const meter = new MeterClient(await open());
  await meter.boot({ inputs: [COUNTER_INPUT, COUNTER_INPUT] });
  expect(await meter.counter(0, 65_535, 1000)).toBe(65_535);
  expect(await meter.counter(0, 0, 2000)).toBe(1);
  expect(await meter.counter(0, 0, 3000)).toBe(0);
  expect(await meter.counter(0, 65_534, 4000)).toBe(65_534);
  expect(await meter.counter(1, 12, 5000)).toBe(12);
  const { importPulses, exportPulses } = await meter.registers();
  expect([importPulses, exportPulses]).toEqual([131_070n, 12n]);
});

onEveryEngine("bad arguments are refused by code and change nothing", async (open) => {
  const meter = new MeterClient(await open());
  const none = { timeMs: 5, input: 0, level: 1 as const };
  // Before boot.
  expect(await meter.edges(0, [none])).toBe(-2);
  expect(await meter.tick(0)).toBe(-2);
  expect(await meter.counter(0, 1, 0)).toBe(-2);
  expect(await meter.setClock(0, MIDNIGHT)).toBe(-2);
  await meter.boot({ inputs: [S0_INPUT, COUNTER_INPUT] });
  expect(await meter.edges(0, [none, { timeMs: 6, input: 2, level: 1 }])).toBe(-1);
  expect(await meter.edges(-1, [{ timeMs: 5, input: 0, level: 1 }])).toBe(-1);
  expect((await meter.driver.call("pulse_edges", [0n, 1025])).result).toBe(-1);
  expect((await meter.driver.call("pulse_edges", [0n, -1])).result).toBe(-1);
  expect((await meter.driver.call("pulse_edges", [2n ** 62n, 0])).result).toBe(-1);
  for (const [input, value] of [
    [-1, 5],
    [2, 5],
    [1, -1],
    [1, 65_536],
  ] as const) {
    expect(await meter.counter(input, value, 0)).toBe(-1);
  }
  expect(await meter.setClock(0, MIDNIGHT, "R")).toBe(-1);
  expect(await meter.setClock(0, -1)).toBe(-1);
  expect(await meter.counter(0, 5, 0)).toBe(-1); // not configured for a counter
  expect(await meter.setClock(0, Date.UTC(2100, 0, 1))).toBe(-1);
  expect((await meter.driver.call("tick", [-1n])).result).toBe(-1);
  const { importPulses, exportPulses, clockState } = await meter.registers();
  expect([importPulses, exportPulses, clockState]).toEqual([0n, 0n, ""]);
});
