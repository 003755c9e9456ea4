import { describe, expect } from "vitest";
import { spkiFromPoint } from "../../host/ocmf/key.js";
import { parseRecord } from "../../host/ocmf/parse.js";
import { verifyChain, verifyRecord } from "../../host/ocmf/verify.js";
import { onEveryEngine, type Open } from "../driver/meters.js";
import { MeterClient, MIDNIGHT, pulseTrain } from "../driver/meter_client.js";

/** Runs three intervals with pulses and returns the meter and its records. */
async function threeIntervals(open: Open): Promise<{ meter: MeterClient; records: string[] }> {
  const meter = new MeterClient(await open());
  await meter.boot();
  await meter.setClock(0, MIDNIGHT);
  const records: string[] = [];
  for (let i = 0; i < 3; i++) {
    await meter.edges(i * 900_000, pulseTrain(i % 2, 11 * (i + 1), i * 900_000 + 5, 1000));
    records.push(...(await meter.drain((i + 1) * 900_000)));
  }
  return { meter, records };
}

onEveryEngine("each interval gives one record that verifies, page by page, hash by hash", async (open) => {
  const { meter, records } = await threeIntervals(open);
  const key = spkiFromPoint(await meter.driver.publicKey());
  const parsed = records.map(parseRecord);
  expect(parsed.map((record) => verifyRecord(record, key))).toEqual([{ ok: true }, { ok: true }, { ok: true }]);
  expect(verifyChain(parsed)).toEqual([]);
  expect(parsed.map((record) => record.pagination.number)).toEqual([1n, 2n, 3n]);
  expect(parsed.map((record) => record.tieline?.pulses)).toEqual([
    [11n, 0n],
    [11n, 22n],
    [44n, 22n],
  ]);
});

onEveryEngine("a record has the same bytes on every engine", async (open) => {
  const { records } = await threeIntervals(open);
  // Everything but the module's hash, which changes with every build of the firmware, and what is signed over it.
  const [first = ""] = records;
  expect(first.replace(/"CF":"[0-9a-f]{24}"/, '"CF":""').replace(/"SD":".*/, "")).toBe(
    'OCMF|{"FV":"1.3","GI":"Tieline metrology","GS":"TL000042","GV":"0.2.0","PG":"F1","MV":"Tieline","MM":"test meter",' +
      '"MS":"TL000042","CF":"","RD":[{"TM":"2026-06-22T00:15:00,000+0000 S","RV":0.011000,"RI":"01-00:01.08.00*FF",' +
      '"RU":"kWh","RT":"AC","EF":"","ST":"G"},{"TM":"2026-06-22T00:15:00,000+0000 S","RV":0.000000,' +
      '"RI":"01-00:02.08.00*FF","RU":"kWh","ST":"G"}],"U":{"C":1000,"P":[11,0],"I":900,"Q":8,"B":[10,10],"H":"' +
      `${"0".repeat(64)}"}}|{"SA":"ECDSA-secp256k1-SHA256",`,
  );
});

onEveryEngine("registers and pages survive a power cut, and so does the chain", async (open) => {
  const { meter, records } = await threeIntervals(open);
  await meter.driver.restart();
  expect(await meter.boot()).toBe(0);
  const { importPulses, exportPulses, nextPage, clockState } = await meter.registers();
  expect([importPulses, exportPulses, nextPage, clockState]).toEqual([44n, 22n, 4, ""]);
  // Without a clock no interval ends; one that lags by less than an interval closes none twice.
  expect(await meter.tick(10_000_000)).toBe(0);
  await meter.setClock(0, MIDNIGHT + 2_700_000 - 600_000);
  expect(await meter.drain(600_000)).toEqual([]);
  records.push(...(await meter.drain(1_500_000)));
  expect(records).toHaveLength(4);
  expect(records[3]).toContain('"TM":"2026-06-22T01:00:00,000+0000 S"');
  expect(records[3]).toContain('"Q":14'); // clock set, power gap, incomplete
  expect(verifyChain(records.map(parseRecord))).toEqual([]);
});

onEveryEngine("no more than the declared bound is lost in a power cut", async (open) => {
  const meter = new MeterClient(await open());
  await meter.boot();
  // 9 pulses are below 10 Wh and their time below 10 s: they may be lost.
  await meter.edges(0, pulseTrain(0, 9, 0, 100));
  await meter.driver.restart();
  await meter.boot();
  expect((await meter.registers()).importPulses).toBe(0n);
  // The tenth makes 10 Wh.
  await meter.edges(0, pulseTrain(0, 10, 0, 100));
  await meter.driver.restart();
  await meter.boot();
  expect((await meter.registers()).importPulses).toBe(10n);
  // One pulse, and 10 s.
  await meter.edges(0, pulseTrain(0, 1, 0, 100));
  // The pulse counts when it has lasted 30 ms.
  await meter.tick(10_029);
  await meter.driver.restart();
  await meter.boot();
  expect((await meter.registers()).importPulses).toBe(10n);
  await meter.edges(0, pulseTrain(0, 1, 0, 100));
  await meter.tick(10_030);
  await meter.driver.restart();
  await meter.boot();
  expect((await meter.registers()).importPulses).toBe(11n);
});

onEveryEngine("leap days, year ends and 2038 are written right", async (open) => {
  for (const end of [
    "2028-02-29T00:00:00",
    "2028-03-01T00:00:00",
    "2027-01-01T00:00:00",
    "2038-01-19T03:15:00",
    "2099-12-31T23:45:00",
  ]) {
    const meter = new MeterClient(await open());
    await meter.boot();
    expect(await meter.setClock(0, Date.parse(`${end}Z`) - 1, "I")).toBe(0);
    expect(await meter.tick(0)).toBe(0);
    expect(await meter.tick(1)).toContain(`"TM":"${end},000+0000 I"`);
    await meter.driver.close();
  }
});

describe("a journal that fills many sectors", () => {
  onEveryEngine(
    "keeps registers and chain through every change of sector",
    async (open, engine) => {
      const meter = new MeterClient(await open());
      await meter.boot({ intervalS: 5 });
      await meter.setClock(0, MIDNIGHT);
      // A closing takes about 100 bytes: 40 fill a sector of 4 KiB; locally the ring of 64 goes round.
      const closings = engine === "qemu" ? 150 : 3000;
      const records: string[] = [];
      for (let i = 1; i <= closings; i++) {
        await meter.edges(i * 5000 - 5000, pulseTrain(0, 1, i * 5000 - 4000, 100));
        records.push(...(await meter.drain(i * 5000)));
      }
      expect(verifyChain(records.map(parseRecord))).toEqual([]);
      await meter.driver.restart();
      expect(await meter.boot({ intervalS: 5 })).toBe(0);
      const { importPulses, nextPage } = await meter.registers();
      expect([importPulses, nextPage]).toEqual([BigInt(closings), closings + 1]);
    },
    120_000,
  );
});
