import { createHash } from "node:crypto";
import { expect } from "vitest";
import { parseRecord } from "../../host/ocmf/parse.js";
import { onEveryEngine } from "../driver/meters.js";
import { MeterClient, MIDNIGHT, pulseTrain } from "../driver/meter_client.js";

const ERR_NOT_FOUND = -8;

onEveryEngine("events are numbered, hash-chained and survive power cuts", async (open) => {
  const meter = new MeterClient(await open());
  await meter.boot();
  await meter.setClock(5, MIDNIGHT);
  expect(await meter.tamper(0, 1, 100)).toBe(0);
  expect(await meter.tamper(0, 1, 110)).toBe(0); // no change, no event
  expect(await meter.tamper(0, 0, 200)).toBe(0);
  expect(await meter.tamper(1, 1, 300)).toBe(0);
  await meter.setClock(1000, MIDNIGHT + 1000 + 995); // discipline
  await meter.setClock(2000, MIDNIGHT + 2000 + 995 - 3_600_000); // a step
  await meter.driver.restart();
  await meter.boot({ intervalS: 300 });
  const kinds = (await meter.events()).map(({ kind, detail }) => (detail === 0 ? kind : `${kind} ${detail}`));
  expect(kinds).toEqual([
    "power up",
    "clock set",
    "cover opened",
    "cover closed",
    "magnet on",
    "clock set -3600000",
    "power down",
    "power up",
    "configured",
  ]);
  let previous = Buffer.alloc(32);
  for (const [i, event] of (await meter.events()).entries()) {
    expect(event.number).toBe(i + 1);
    const { output } = await meter.driver.call("event", [event.number]);
    const hash = createHash("sha256").update(previous).update(output.subarray(0, 32)).digest();
    expect(Buffer.from(event.hash)).toEqual(hash);
    previous = hash;
  }
  for (const number of [0, -1, 10]) expect((await meter.driver.call("event", [number])).result).toBe(ERR_NOT_FOUND);
  for (const [what, active] of [
    [2, 1],
    [-1, 1],
    [0, 2],
  ] as const)
    expect(await meter.tamper(what, active, 0)).toBe(-1);
});

onEveryEngine("tampering marks the interval and its status", async (open) => {
  const meter = new MeterClient(await open());
  await meter.boot();
  await meter.setClock(0, MIDNIGHT);
  await meter.tamper(1, 1, 100);
  await meter.tamper(1, 0, 200);
  const [first, second] = [await meter.tick(900_000), await meter.tick(1_800_000)];
  expect(first).toContain('"ST":"M"');
  expect(first).toContain('"Q":24'); // tampered, incomplete
  expect(second).toContain('"ST":"G"');
  expect(second).toContain('"Q":0');
});

onEveryEngine("an update and a new configuration are logged, and old records keep their text", async (open) => {
  const meter = new MeterClient(await open());
  await meter.boot();
  await meter.setClock(0, MIDNIGHT);
  await meter.edges(0, pulseTrain(0, 12, 0, 100));
  const record = await meter.tick(900_000);
  await meter.driver.restart();
  await meter.boot({ model: "another model", intervalS: 300 });
  expect((await meter.events()).at(-1)?.kind).toBe("configured");
  expect(await meter.record("F", 1)).toBe(record);
  await meter.setClock(0, MIDNIGHT + 900_000);
  const [next] = await meter.drain(300_000);
  expect(next).toContain('"MM":"another model"');
  expect(next).toContain('"I":300');
  expect(await meter.record("F", 2)).toBe(next);
  expect(await meter.record("F", 1)).toBe(record);
  expect(await meter.record("F", 3)).toBe(ERR_NOT_FOUND);
  expect(await meter.record("F", 0)).toBe(ERR_NOT_FOUND);
  expect(await meter.record("T", 1)).toBe(ERR_NOT_FOUND);
  expect((await meter.driver.call("record", [0x58, 1])).result).toBe(-1);
});

onEveryEngine(
  "records stay in flash until the ring comes round, and are rebuilt byte for byte",
  async (open, engine) => {
    const meter = new MeterClient(await open());
    await meter.boot({ intervalS: 5 });
    await meter.setClock(0, MIDNIGHT);
    const count = engine === "qemu" ? 70 : 2000;
    const records: string[] = [];
    for (let i = 1; i <= count; i++) records.push(...(await meter.drain(i * 5000)));
    expect(records).toHaveLength(count);
    let kept = 0;
    for (const [i, record] of records.entries()) {
      const found = await meter.record("F", i + 1);
      if (found === ERR_NOT_FOUND) {
        expect(kept, "the oldest go first").toBe(0);
      } else {
        expect(found).toBe(record);
        kept++;
      }
    }
    // 57 of 64 sectors are the ring's, each holds 27 records; one of them is being filled.
    expect(kept).toBeGreaterThanOrEqual(Math.min(count, 56 * 27));
    expect(parseRecord(records.at(-1) ?? "").pagination.number).toBe(BigInt(count));
  },
);
