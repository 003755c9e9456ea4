import { describe, expect, it } from "vitest";
import { Entropy } from "../../host/board/entropy.js";
import { KeyStore } from "../../host/board/key_store.js";
import { availableEngines, engineByName } from "../../host/engine/index.js";
import type { Engine } from "../../host/engine/engine.js";
import { inspectImage } from "../../host/inspect/image.js";
import { EVENT_KINDS, readMetrology } from "../../host/metrology/module.js";
import { spkiFromPoint } from "../../host/ocmf/key.js";
import { verifyFiles } from "../../host/ocmf/report.js";
import { EmulatedMeter } from "../../host/sim/emulated_meter.js";
import { CONFIG, MIDNIGHT } from "../driver/meter_client.js";

const HOUR = 3_600_000;

/** A day with transactions, tampering, a clock step and two power cuts. */
function busyDay(engine: Engine): EmulatedMeter {
  const keys = KeyStore.generate(new Entropy("inspected"));
  const meter = new EmulatedMeter(engine, readMetrology(), keys, CONFIG);
  meter.start(MIDNIGHT);
  const at = (hour: number): void => meter.run(hour % 2 === 0 ? 3_000_000 : -2_000_000, hour * HOUR);
  at(1);
  meter.transaction("B", "card 17", "day");
  at(2);
  meter.transaction("T", "", "noon");
  at(3);
  meter.transaction("R");
  meter.tamper("cover", true);
  at(4);
  meter.tamper("cover", false);
  meter.setClock(MIDNIGHT + 4 * HOUR + 5000, "I");
  at(5);
  meter.transaction("B", "card 18");
  at(6);
  for (const hour of [6, 7]) {
    meter.cutPower();
    meter.run(0, hour * HOUR + 600_000);
    meter.restorePower();
    meter.setClock(MIDNIGHT + hour * HOUR + 600_000, "S");
    at(hour + 1);
  }
  at(24);
  return meter;
}

describe.each(availableEngines())("the flash that the firmware leaves on $name", (engine) => {
  const meter = busyDay(engine);
  const report = inspectImage(meter.flash.image(), meter.flash.sectorBytes);

  it("is read without a finding by a reader that shares no code with it", () => {
    expect(report.findings.filter(({ severity }) => severity === "fault")).toEqual([]);
  });

  it("gives back every receipt byte for byte, and they verify", () => {
    const byPage = (texts: readonly string[]): string[] => [...texts].sort();
    expect(byPage(report.records.map(({ text }) => text ?? ""))).toEqual(byPage(meter.receipts));
    expect(meter.receipts.filter((text) => text.includes('"PG":"T')).length).toBe(5);
    const key = Buffer.from(spkiFromPoint(meter.publicKey())).toString("hex");
    const bytes = Buffer.from(meter.receipts.join("\n"));
    const verified = verifyFiles([{ name: "receipts", bytes }], { key });
    expect(verified.records.filter(({ state }) => state !== "ok")).toEqual([]);
    // What the day's events explain is all that is said against the chain.
    expect(verified.chain.filter(({ field }) => !/ST|TM/.test(field)).map(({ message }) => message)).toEqual([]);
  });

  it("has the registers, pages and events that the module tells", () => {
    const registers = meter.registers();
    const saved = report.state?.pulses ?? [0n, 0n];
    for (const [i, pulses] of [registers.importPulses, registers.exportPulses].entries()) {
      expect(pulses - (saved[i] ?? 0n)).toBeGreaterThanOrEqual(0n);
      expect(pulses - (saved[i] ?? 0n)).toBeLessThan(10n);
    }
    expect(report.state?.nextPage).toEqual({ F: registers.nextPage, T: registers.nextTransactionPage });
    expect(report.events).toHaveLength(registers.newestEvent);
    const kinds = report.events.map((_, i) => meter.module().event(i + 1)?.kind);
    for (const kind of ["power up", "power down", "clock set", "cover opened", "cover closed"])
      expect(kinds).toContain(kind);
    expect(kinds.every((kind) => kind !== undefined && EVENT_KINDS.includes(kind))).toBe(true);
  });
});

it("is the same flash on every engine", () => {
  const [first, ...others] = availableEngines().map((engine) => busyDay(engine).flash.image());
  for (const other of others) expect(Buffer.from(other).equals(Buffer.from(first ?? []))).toBe(true);
  expect(busyDay(engineByName("v8")).flash.image()).toEqual(first);
});
