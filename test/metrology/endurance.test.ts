import { describe, expect, it } from "vitest";
import { Entropy } from "../../host/board/entropy.js";
import { encodeEdges } from "../../host/board/edge_fifo.js";
import { KeyStore } from "../../host/board/key_store.js";
import { MetrologyBoard } from "../../host/board/metrology_board.js";
import { NorFlash } from "../../host/board/nor_flash.js";
import { engineByName } from "../../host/engine/index.js";
import { COUNTER_INPUT } from "../../host/metrology/config.js";
import { Metrology, readMetrology } from "../../host/metrology/module.js";
import { MIDNIGHT, pulseTrain } from "../driver/meter_client.js";

const DAY_MS = 86_400_000;
const YEARS = process.env["TIELINE_LONG"] === "1" ? 10 : 1;
/** The megabyte that a meter keeps for journal, events and records. */
const SECTORS = 256;

const file = readMetrology();
const keys = KeyStore.generate(new Entropy("endurance"));

function open(flash: NorFlash, config: object): Metrology {
  const meter = new Metrology(engineByName("v8"), file, new MetrologyBoard(flash, keys));
  meter.boot({ serial: "WEAR", vendor: "Tieline", model: "wear", meterConstant: 1000, intervalS: 900, ...config }, 0);
  return meter;
}

describe("flash wear", () => {
  it(
    `over ${YEARS} year(s): each region's sectors wear alike, and 60 days of records are there`,
    { timeout: 900_000 },
    () => {
      const flash = new NorFlash(4096, SECTORS);
      // A minute's bound and a boot a week; a ten-second bound wears the journal six times as fast.
      const config = { lossBoundMs: 60_000, lossBoundWh: 1000 };
      let meter = open(flash, config);
      let booted = 0;
      for (let day = 0; day < 365 * YEARS; day++) {
        if (day % 7 === 0) {
          meter = open(flash, config);
          booted = day;
          meter.setClock(0, MIDNIGHT + day * DAY_MS, "S");
        }
        const from = (day - booted) * DAY_MS;
        for (let minute = 0; minute < 1440; minute++) {
          const at = from + minute * 60_000;
          while (meter.tick(at) !== undefined);
          const edges = pulseTrain(minute % 2, 1, at, 100);
          meter.pulseEdges(at, encodeEdges(at, edges));
        }
      }
      const { nextPage, importPulses, exportPulses } = meter.registers();
      // The boot of every week but the first comes before the last interval of its day was ticked.
      expect(nextPage).toBeGreaterThan(365 * YEARS * 95);
      expect(importPulses + exportPulses).toBeGreaterThan(BigInt(365 * YEARS * 1440 - 2 * 53 * YEARS));
      // Sectors: 16 of journal, 8 of events, the rest records.
      for (const [first, end] of [
        [0, 16],
        [16, 24],
        [24, SECTORS],
      ] as const) {
        const counts = [...flash.eraseCounts.slice(first, end)];
        expect(Math.max(...counts) - Math.min(...counts), `${counts}`).toBeLessThanOrEqual(2);
      }
      const newest = nextPage - 1;
      for (const back of [0, 1, 1000, 60 * 96]) {
        expect(meter.record("F", newest - back), `${back} back`).toContain(`"PG":"F${newest - back}"`);
      }
    },
  );
});

describe("exact energy", () => {
  it("4000 h at 69 kW and 10,000 imp/kWh", () => {
    const meter = open(new NorFlash(4096, 64), {
      meterConstant: 10_000,
      intervalS: 3600,
      inputs: [COUNTER_INPUT, COUNTER_INPUT],
    });
    // 191.666... Hz: a reading every 60 s is 11,500 pulses.
    let value = 0;
    for (let minute = 1; minute <= 4000 * 60; minute++) {
      value = (value + 11_500) % 65_536;
      meter.pulseCounter(0, value, minute * 60_000);
    }
    const { importPulses, importMwh } = meter.registers();
    expect([importPulses, importMwh]).toEqual([2_760_000_000n, 276_000_000_000n]);
  });

  it("beyond 2^32 pulses, and through power cuts there", () => {
    const flash = new NorFlash(4096, 64);
    const config = { meterConstant: 100_000, inputs: [COUNTER_INPUT, COUNTER_INPUT], intervalS: 3600 };
    let meter = open(flash, config);
    let value = 0;
    let total = 0n;
    for (let i = 0; total < 2n ** 32n + 1_000_000n; i++) {
      value = (value + 65_535) % 65_536;
      meter.pulseCounter(1, value, i * 60_000);
      total += 65_535n;
      if (i % 20_000 === 19_999) {
        meter = open(flash, config);
        value = 0;
      }
    }
    expect(meter.registers().exportPulses).toBe(total);
    expect(meter.registers().exportMwh).toBe((total * 1_000_000n) / 100_000n);
  });

  it("a counter read one before and one after its wrap", () => {
    const meter = open(new NorFlash(4096, 64), { inputs: [COUNTER_INPUT, COUNTER_INPUT] });
    let total = 0n;
    let last = 0;
    for (const value of [65_535, 0, 1, 65_535, 65_534, 0, 65_535, 1, 32_768, 32_767]) {
      const pulses = meter.pulseCounter(0, value, 0);
      expect(pulses).toBe((value - last + 65_536) % 65_536);
      total += BigInt(pulses);
      last = value;
      expect(meter.registers().importPulses).toBe(total);
    }
  });
});
