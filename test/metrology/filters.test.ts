import { expect } from "vitest";
import type { Edge } from "../../host/board/edge_fifo.js";
import { COUNTER_INPUT, LED_INPUT, S0_INPUT } from "../../host/metrology/config.js";
import { onEveryEngine } from "../driver/meters.js";
import { MeterClient, MIDNIGHT } from "../driver/meter_client.js";

/** Levels of input 0 at times: on at even places, off at odd ones. */
function levels(...timesMs: number[]): Edge[] {
  return timesMs.map((timeMs, i) => ({ timeMs, input: 0, level: i % 2 === 0 ? 1 : 0 }));
}

/** Pulses that a meter counts of edges, in one batch; `until` is when time is told at the end. */
async function counted(meter: MeterClient, edges: readonly Edge[], until: number): Promise<number> {
  await meter.driver.restart();
  expect(await meter.boot({ inputs: [S0_INPUT, LED_INPUT], lossBoundMs: 1000 })).toBe(0);
  const before = (await meter.registers()).importPulses;
  expect(await meter.edges(0, edges)).toBe(edges.length);
  expect(await meter.tick(until)).toBe(0);
  return Number((await meter.registers()).importPulses - before);
}

onEveryEngine("S0: 29 ms are a glitch, 30 ms a pulse, on and off", async (open) => {
  const meter = new MeterClient(await open());
  expect(await counted(meter, levels(100, 129), 10_000)).toBe(0);
  expect(await counted(meter, levels(100, 130), 10_000)).toBe(1);
  // Still on: it counts when it has lasted.
  expect(await counted(meter, levels(100), 129)).toBe(0);
  expect(await counted(meter, levels(100), 130)).toBe(1);
  // 29 ms off are no end of a pulse, so the second is the first.
  expect(await counted(meter, levels(100, 140, 169, 209), 10_000)).toBe(1);
  expect(await counted(meter, levels(100, 140, 170, 210), 10_000)).toBe(2);
});

onEveryEngine(
  "S0: 1 to 20 bounce edges within 10 ms make one pulse, its on-time counted from the last",
  async (open) => {
    const meter = new MeterClient(await open());
    for (let bounces = 1; bounces <= 20; bounces++) {
      // An even number of edges more at each end, so that the level is what it was.
      const chatter = Array.from({ length: 2 * Math.ceil(bounces / 2) }, (_, i) => Math.floor(((i + 1) * 10) / 21));
      const on = [1000, ...chatter.map((ms) => 1000 + ms)];
      const lastOn = Math.max(...on);
      const bounced = (length: number): Edge[] => {
        const off = lastOn + length;
        return levels(...on, off, ...chatter.map((ms) => off + ms));
      };
      expect(await counted(meter, bounced(30), 10_000), `${bounces} bounces, 30 ms`).toBe(1);
      expect(await counted(meter, bounced(29), 10_000), `${bounces} bounces, 29 ms`).toBe(0);
    }
  },
);

onEveryEngine("LED: leading edges count at once, but not within the shortest times", async (open) => {
  const meter = new MeterClient(await open());
  const led = async (...timesMs: number[]): Promise<number> => {
    await meter.driver.restart();
    await meter.boot({ inputs: [LED_INPUT, S0_INPUT] });
    const before = (await meter.registers()).importPulses;
    await meter.edges(0, levels(...timesMs));
    return Number((await meter.registers()).importPulses - before);
  };
  expect(await led(100)).toBe(1);
  expect(await led(100, 103, 104)).toBe(2);
  expect(await led(100, 102, 103)).toBe(1); // 3 ms after the last
  expect(await led(100, 104, 104)).toBe(1); // no time off
});

onEveryEngine("a pulse belongs to the interval in which it became real, however edges are cut", async (open) => {
  const results: string[] = [];
  for (const cut of [0, 1]) {
    const meter = new MeterClient(await open());
    await meter.boot();
    await meter.setClock(0, MIDNIGHT);
    // On from 20 ms before the end: real 10 ms after it.
    const edges = levels(899_980, 900_050);
    if (cut === 1) expect(await meter.edges(899_980, edges.slice(0, 1))).toBe(1);
    else expect(await meter.edges(899_980, edges)).toBe(1);
    const record = await meter.tick(900_000);
    expect(record).toContain('"P":[0,0]');
    expect(await meter.edges(900_050, edges.slice(1))).toBe(1);
    expect((await meter.registers()).importPulses).toBe(1n);
    results.push(String(record));
    await meter.driver.close();
  }
  expect(results[0]).toBe(results[1]);
});

onEveryEngine("too many pulses raise one alarm an interval, and count all the same", async (open) => {
  const meter = new MeterClient(await open());
  const fast = { ...S0_INPUT, minPeriodMs: 100 };
  await meter.boot({ inputs: [fast, { ...COUNTER_INPUT, minPeriodMs: 10 }] });
  await meter.setClock(0, MIDNIGHT);
  const train = Array.from({ length: 10 }, (_, i) => [1000 + i * 80, 1040 + i * 80]).flat();
  await meter.edges(0, levels(...train));
  expect(await meter.counter(1, 50, 10_000)).toBe(50);
  expect((await meter.registers()).importPulses).toBe(10n);
  expect((await meter.events()).filter(({ kind }) => kind === "rate alarm").map(({ detail }) => detail)).toEqual([0]);
  expect(await meter.tick(900_000)).toContain('"Q":40'); // rate alarm, incomplete
  // 50 pulses 10 ms apart take 490 ms.
  expect(await meter.counter(1, 100, 900_490)).toBe(50);
  expect(await meter.counter(1, 151, 900_980)).toBe(51);
  expect((await meter.events()).filter(({ kind }) => kind === "rate alarm").map(({ detail }) => detail)).toEqual([
    0, 1,
  ]);
});
