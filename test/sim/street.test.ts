import { describe, expect, it } from "vitest";
import { availableEngines, engineByName } from "../../host/engine/index.js";
import type { Engine } from "../../host/engine/engine.js";
import { readMetrology } from "../../host/metrology/module.js";
import { receiptFiles } from "../../host/sim/receipt_files.js";
import { Street, balanceHolds } from "../../host/sim/street.js";

const file = readMetrology();

function runStreet(engine: Engine, seed: string, days = 1): Street {
  const street = new Street({ engine, file, seed, days });
  while (!street.finished) street.step();
  return street;
}

/** Every file of a street by name. */
function filesOf(street: Street): Map<string, string> {
  return new Map(street.meters.flatMap(({ name, meter }) => [...receiptFiles(name, meter).files]));
}

describe("a day of the street", () => {
  const street = runStreet(engineByName("v8"), "1");

  it("gives each meter 96 receipts that verify", () => {
    for (const { name, meter } of street.meters) {
      const { receipts, problems } = receiptFiles(name, meter);
      expect([name, receipts, problems]).toEqual([name, 96, []]);
    }
  });

  it("registers hold what flowed, to the pulse", () => {
    for (const { meter } of street.meters) {
      const { importMwh, exportMwh } = meter.registers();
      const { imported, exported } = meter.flowedMwh();
      expect(imported - importMwh).toBeGreaterThanOrEqual(0n);
      expect(imported - importMwh).toBeLessThan(1_000_000n / 1000n + 1n);
      expect(exported - exportMwh).toBeGreaterThanOrEqual(0n);
      expect(exported - exportMwh).toBeLessThan(1_000_000n / 1000n + 1n);
      expect(meter.fifo.dropped).toBe(0);
    }
  });

  it("balances: head = homes + line losses", () => {
    const balance = street.balance();
    expect(balance.lostMwh).toBeGreaterThan(100_000n);
    expect(balanceHolds(balance)).toBe(true);
    expect(balanceHolds({ ...balance, headMwh: balance.headMwh + balance.resolutionMwh * 2n + 1n })).toBe(false);
  });

  it("the solar home exports at noon and imports at night", () => {
    const solar = street.meters.find(({ name }) => name === "solar-home")?.meter;
    const csv = receiptFiles("solar-home", solar ?? expect.fail("no solar home")).files.get("solar-home.csv") ?? "";
    const row = (time: string): string[] =>
      csv
        .split("\n")
        .find((line) => line.includes(`T${time}`))
        ?.split(",") ?? [];
    const [, , , , importedAtNoon, exportedAtNoon] = row("12:15");
    const [, , , , importedAtNight, exportedAtNight] = row("02:15");
    expect([Number(importedAtNoon), Number(exportedAtNight)]).toEqual([0, 0]);
    expect(Number(exportedAtNoon)).toBeGreaterThan(500);
    expect(Number(importedAtNight)).toBeGreaterThan(20);
  });

  it("gives the same files on every engine", () => {
    const expected = filesOf(street);
    for (const engine of availableEngines()) expect(filesOf(runStreet(engine, "1"))).toEqual(expected);
  });

  it("gives other files with another seed", () => {
    const other = filesOf(runStreet(engineByName("v8"), "2"));
    for (const [name, text] of filesOf(street)) expect(other.get(name)).not.toBe(text);
  });
});

it("two days make 192 receipts, one chain", () => {
  for (const { name, meter } of runStreet(engineByName("v8"), "1", 2).meters) {
    const { receipts, problems } = receiptFiles(name, meter);
    expect([name, receipts, problems]).toEqual([name, 192, []]);
  }
});
