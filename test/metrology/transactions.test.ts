import { expect } from "vitest";
import { spkiFromPoint } from "../../host/ocmf/key.js";
import { verifyRecord } from "../../host/ocmf/verify.js";
import { onEveryEngine } from "../driver/meters.js";
import { MeterClient, MIDNIGHT, pulseTrain } from "../driver/meter_client.js";

const ERR_ARGUMENT = -1;
const ERR_STATE = -2;

const textOf = (record: string | number): string => (typeof record === "string" ? record : expect.fail(`${record}`));

onEveryEngine("begin, tariff change and end give T records with pages and a chain of their own", async (open) => {
  const meter = new MeterClient(await open());
  await meter.boot();
  await meter.setClock(0, MIDNIGHT);
  expect(await meter.transaction("B", 1000, "0410006a345b84", "day 0.30")).toBe(0);
  const begin = textOf(await meter.tick(1000));
  expect(await meter.tick(1000)).toBe(0);
  await meter.edges(2000, pulseTrain(0, 500, 2000, 100));
  expect(await meter.transaction("T", 60_000, "", "night 0.20")).toBe(0);
  const change = textOf(await meter.tick(60_000));
  await meter.edges(61_000, pulseTrain(0, 250, 61_000, 100));
  const fiscal = textOf(await meter.tick(900_000));
  expect(await meter.transaction("R", 901_000)).toBe(0);
  const end = textOf(await meter.tick(901_000));

  const key = spkiFromPoint(await meter.driver.publicKey());
  for (const record of [begin, change, fiscal, end]) expect(verifyRecord(record, key)).toEqual({ ok: true });
  expect(begin).toContain('"PG":"T1"');
  expect(begin).toContain('"IS":true,"IL":"HEARSAY","IF":[],"IT":"LOCAL","ID":"0410006a345b84","TT":"day 0.30"');
  expect(begin).toContain('"TM":"2026-06-22T00:00:01,000+0000 S","TX":"B","RV":0.000000');
  expect(change).toContain('"TX":"T","RV":0.500000');
  expect(change).toContain('"ID":"0410006a345b84","TT":"night 0.20"');
  expect(fiscal).toContain('"PG":"F1"');
  expect(fiscal).not.toContain('"IS"');
  expect(end).toContain('"PG":"T3"');
  expect(end).toContain('"TX":"R","RV":0.750000');
  // Out of flash they are the same, byte for byte.
  expect(await meter.record("T", 1)).toBe(begin);
  expect(await meter.record("T", 2)).toBe(change);
  expect(await meter.record("T", 3)).toBe(end);
  expect(await meter.record("F", 1)).toBe(fiscal);
});

onEveryEngine("a transaction that the power ends is closed with what was saved last", async (open) => {
  const meter = new MeterClient(await open());
  await meter.boot();
  await meter.setClock(0, MIDNIGHT);
  await meter.transaction("B", 1000);
  await meter.tick(1000);
  await meter.edges(2000, pulseTrain(0, 25, 2000, 1000));
  await meter.tick(12_500);
  await meter.driver.restart();
  await meter.boot();
  expect(await meter.transaction("E", 500)).toBe(ERR_STATE);
  const record = textOf(await meter.tick(0));
  expect(record).toMatch(/"TM":"2026-06-22T00:00:\d\d,\d{3}\+0000 U","TX":"P","RV":0\.0[12]\d000/);
  expect(record).toContain('"EF":"t"');
  expect(record).toContain('"IS":false,"IL":"NONE"');
  expect(await meter.tick(0)).toBe(0);
  expect(await meter.record("T", 2)).toBe(record);
  // The next one begins as ever.
  await meter.setClock(1000, MIDNIGHT + 60_000);
  expect(await meter.transaction("B", 1000)).toBe(0);
  expect(await meter.tick(1000)).toContain('"PG":"T3"');
});

onEveryEngine("calls that do not fit the transaction's life are refused", async (open) => {
  const meter = new MeterClient(await open());
  expect(await meter.transaction("B", 0)).toBe(ERR_STATE);
  await meter.boot();
  expect(await meter.transaction("B", 0)).toBe(ERR_STATE); // no clock
  await meter.setClock(0, MIDNIGHT);
  expect(await meter.transaction("E", 0)).toBe(ERR_STATE);
  expect(await meter.transaction("T", 0)).toBe(ERR_STATE);
  expect(await meter.transaction("X", 0)).toBe(ERR_ARGUMENT);
  expect(await meter.transaction("B", -1)).toBe(ERR_ARGUMENT);
  expect(await meter.transaction("B", 0, "x".repeat(41))).toBe(ERR_ARGUMENT);
  expect(await meter.transaction("B", 0, "", "x".repeat(49))).toBe(ERR_ARGUMENT);
  expect(await meter.transaction("B", 0, 'a"b')).toBe(ERR_ARGUMENT);
  expect(await meter.transaction("B", 0, "a|b")).toBe(ERR_ARGUMENT);
  expect((await meter.driver.call("transaction", [0x42, 5, 0n], Uint8Array.of(1, 1, 65, 66, 67))).result).toBe(-1);
  expect((await meter.driver.call("transaction", [0x42, 1, 0n], Uint8Array.of(0))).result).toBe(-1);
  expect(await meter.transaction("B", 900_000)).toBe(ERR_STATE); // an interval is to be closed first
  expect(await meter.transaction("B", 1000, "x".repeat(40), "y".repeat(48))).toBe(0);
  expect(await meter.transaction("E", 1000)).toBe(ERR_STATE); // its record is due
  expect(await meter.tick(1000)).toContain(`"ID":"${"x".repeat(40)}","TT":"${"y".repeat(48)}"`);
  expect(await meter.transaction("B", 1000)).toBe(ERR_STATE);
  expect(await meter.transaction("T", 1000, "x", "")).toBe(ERR_ARGUMENT);
  const { nextTransactionPage, nextPage } = await meter.registers();
  expect([nextTransactionPage, nextPage]).toEqual([2, 1]);
});
