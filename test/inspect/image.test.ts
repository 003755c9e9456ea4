import { describe, expect, it } from "vitest";
import { inspectImage } from "../../host/inspect/image.js";
import { verifyFiles } from "../../host/ocmf/report.js";
import { MODULE_HASH, keyOf, sha256 } from "../ocmf/fixtures.js";
import { ImageBuilder, MIDNIGHT_MS, busyMeter } from "./image_builder.js";

const inspect = (meter: ImageBuilder) => inspectImage(meter.image, meter.sectorBytes);
const texts = (meter: ImageBuilder) => inspect(meter).records.map(({ text }) => text);

describe("a flash image", () => {
  const meter = busyMeter();
  const report = inspect(meter);

  it("of a meter that is well has no findings", () => {
    expect(report.findings).toEqual([]);
    expect(report.regions.map(({ name, firstSector, sectorCount }) => [name, firstSector, sectorCount])).toEqual([
      ["journal", 0, 4],
      ["events", 4, 2],
      ["records", 6, 58],
    ]);
  });

  it("gives back the receipts byte for byte", () => {
    expect(texts(meter)).toEqual(meter.receipts);
    expect(meter.receipts.filter((receipt) => receipt.includes('"PG":"T')).length).toBe(12);
    const verified = verifyFiles([{ name: "f", bytes: Buffer.from(texts(meter).join("\n")) }], { key: keyOf() });
    expect(verified).toMatchObject({ exitCode: 0, chain: [] });
    expect(verified.records).toHaveLength(40);
  });

  it("gives back what the meter knows", () => {
    const last = (context: string) => meter.receipts.findLast((receipt) => receipt.includes(`"PG":"${context}`)) ?? "";
    expect(report.state).toEqual({
      pulses: [40n * 123n + 1n, 280n],
      constantImpPerKwh: 1000,
      utcMs: MIDNIGHT_MS + 40n * 900_000n + 5000n,
      nextPage: { F: 29, T: 13 },
      chainHash: { F: sha256(last("F")).toString("hex"), T: sha256(last("T")).toString("hex") },
      qualityFlags: 0,
      lastEndUtcMs: MIDNIGHT_MS + 40n * 900_000n,
      closing: null,
      transaction: null,
      noteBook: { totals: [], notes: [] },
    });
    expect(report.context).toMatchObject({
      serial: "TL0000000001",
      vendor: "Tieline",
      model: "T1",
      moduleHash: MODULE_HASH,
      firmwareVersion: "0.2.0",
      intervalS: 900,
      lossBoundMs: 10_000,
      ratingW: 0,
      inputs: [{ filter: "edge", minOnMs: 30 }, {}],
    });
  });

  it("gives back the event log", () => {
    expect(report.events.map(({ number }) => number)).toEqual(Array.from({ length: 42 }, (_, at) => at + 1));
    expect(report.events[0]).toMatchObject({ name: "POWER_UP", utcMs: 0n, monoMs: 1000n });
    expect(report.events[9]).toMatchObject({ name: "UPDATE", detail: 8n, utcMs: MIDNIGHT_MS });
  });

  it("is read whatever its geometry, once and many times round", () => {
    for (const [sectors, sectorBytes] of [
      [8, 4096],
      [8, 512],
      [16, 1024],
      [200, 512],
    ] as const) {
      for (const count of [1, 20, 150]) {
        const other = busyMeter(count, sectors, sectorBytes);
        const { findings, records } = inspect(other);
        expect(findings, `${sectors} x ${sectorBytes}, ${count}`).toEqual([]);
        expect(records.length).toBeGreaterThan(0);
        expect(records.map(({ text }) => text)).toEqual(other.receipts.slice(-records.length));
      }
    }
  });

  it("of a new meter, and of none, says so", () => {
    const fresh = inspect(new ImageBuilder());
    expect(fresh.findings).toEqual([]);
    expect(fresh).toMatchObject({ records: [], events: [], state: { nextPage: { F: 1, T: 1 }, pulses: [0n, 0n] } });
    const blank = inspectImage(Buffer.alloc(64 * 4096, 0xff), 4096);
    expect(blank).toMatchObject({ findings: [], state: null, context: null });
  });

  it("tells of a transaction that runs", () => {
    const running = new ImageBuilder();
    running.setTransaction(true, "0410006a345b84", "day");
    running.record({ reason: "B", identification: "0410006a345b84", tariff: "day" });
    expect(inspect(running)).toMatchObject({
      findings: [],
      state: { transaction: { open: true, identification: "0410006a345b84", tariff: "day" }, nextPage: { F: 1, T: 2 } },
    });
    expect(texts(running)).toEqual(running.receipts);
    const anonymous = new ImageBuilder();
    anonymous.record({ reason: "B" });
    expect(texts(anonymous)).toEqual(anonymous.receipts);
    expect(anonymous.receipts[0]).toContain('"IS":false,"IL":"NONE","IF":[],"IT":"NONE","ID":"","TT":""');
  });

  it("rebuilds what a record says of its quality", () => {
    const doubtful = new ImageBuilder();
    doubtful.record({ quality: 2, errorFlags: "t" });
    doubtful.record({ quality: 1, clock: "U", errorFlags: "t" });
    doubtful.record({ quality: 16, status: "M" });
    doubtful.record({ quality: 63, status: "M", errorFlags: "t", clock: "I", pulses: [2n ** 64n - 1n, 2n ** 63n] });
    expect(inspect(doubtful).findings).toEqual([]);
    expect(texts(doubtful)).toEqual(doubtful.receipts);
  });

  it("follows a configuration that changes within a sector", () => {
    const changed = new ImageBuilder();
    changed.record();
    changed.intervalS = 300;
    changed.writeContext();
    changed.record();
    expect(inspect(changed)).toMatchObject({ findings: [], context: { intervalS: 300 } });
    expect(texts(changed)).toEqual(changed.receipts);
  });

  it("of a meter whose power failed amid a record has the record, or will have it", () => {
    for (const steps of [1, 2]) {
      const cut = busyMeter(12);
      const receipt = cut.record({}, steps);
      const { findings, state, records } = inspect(cut);
      expect(findings).toEqual([]);
      expect(state?.closing).toMatchObject({ context: "F", page: 10, clockState: "S", intervalS: 900 });
      expect(records.some(({ text }) => text === receipt)).toBe(steps === 2);
    }
  });

  it("notes a record that was stored again after such a cut", () => {
    const cut = new ImageBuilder();
    const again = { interval: 1, pulses: [123, 7] as const };
    const first = cut.record(again, 2);
    expect(cut.record(again)).toBe(first);
    const { findings, records } = inspect(cut);
    expect(findings).toMatchObject([{ severity: "note", region: "records", message: "record F1 is stored twice" }]);
    expect(records).toHaveLength(1);
  });

  it("in which a page was signed twice with different contents shows it", () => {
    const forger = new ImageBuilder();
    forger.record({ interval: 1, pulses: [123, 7] }, 2);
    forger.record({ interval: 1, pulses: [124, 7] });
    const { findings, records } = inspect(forger);
    expect(records).toHaveLength(2);
    expect(findings.map(({ severity, message }) => `${severity}: ${message}`)).toContain(
      "fault: record F1: PG F1 follows F1: the page occurs twice",
    );
  });
});
