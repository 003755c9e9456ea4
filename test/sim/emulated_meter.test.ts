import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { Entropy } from "../../host/board/entropy.js";
import { KeyStore } from "../../host/board/key_store.js";
import { PulseSource } from "../../host/board/pulse_source.js";
import { availableEngines, engineByName } from "../../host/engine/index.js";
import type { Engine } from "../../host/engine/engine.js";
import { COUNTER_INPUT, type MeterConfig } from "../../host/metrology/config.js";
import { ModuleError } from "../../host/engine/errors.js";
import { readMetrology } from "../../host/metrology/module.js";
import { EmulatedMeter } from "../../host/sim/emulated_meter.js";
import type { EmulatedMeterOptions } from "../../host/sim/meter_options.js";
import { receiptFiles } from "../../host/sim/receipt_files.js";
import { CONFIG, MIDNIGHT } from "../driver/meter_client.js";

const file = readMetrology();
const keys = KeyStore.generate(new Entropy("emulated meter"));
const v8 = engineByName("v8");
const MINUTE = 60_000;

function newMeter(
  options: EmulatedMeterOptions = {},
  config: Partial<MeterConfig> = {},
  engine: Engine = v8,
): EmulatedMeter {
  return new EmulatedMeter(engine, file, keys, { ...CONFIG, ...config }, options);
}

/** 192 pulses a second: 6.912 kW at 100,000 imp/kWh, 2 ms wide. */
const LED = { filter: "edge", minOnMs: 2, minOffMs: 1, minPeriodMs: 0 } as const;
const FAST = { meterConstant: 100_000, inputs: [LED, LED] } as const;
const FAST_COUNTER = { meterConstant: 100_000, inputs: [COUNTER_INPUT, COUNTER_INPUT] } as const;
/** A new flash is erased at the first boot, a sector in each of its three regions: nothing is served meanwhile. */
const ERASE_MS = 1400;
const STALL_MS = 3 * ERASE_MS;
const FAST_MW = 6_912_000;
const fastPulses = (toMs: number): number =>
  new PulseSource(100_000, { widthMs: 2 }).advance(FAST_MW, 0, toMs).filter(({ level }) => level === 1).length;

describe("an erase stops the processor", () => {
  const small = { sectorBytes: 512, sectors: 8 };

  it("for 400 ms at 192 Hz, again and again, and no pulse is lost", () => {
    const meter = newMeter({ source: { widthMs: 2 }, flash: small }, FAST);
    meter.start(MIDNIGHT);
    let most = 0;
    for (let ms = 100; ms <= 10 * MINUTE; ms += 100) {
      meter.run(FAST_MW, ms);
      most = Math.max(most, meter.fifo.length);
    }
    expect(meter.eraseStalls).toBeGreaterThan(5);
    expect([most > 100, most < 1024, meter.fifo.dropped]).toEqual([true, true, 0]);
    expect(meter.registers().importPulses).toBe(BigInt(fastPulses(10 * MINUTE)));
  });

  it.each([512, 1024])("and a FIFO of %i edges drops exactly what is too much", (fifoEdges) => {
    const meter = newMeter({ source: { widthMs: 2 }, fifoEdges, flash: { eraseMs: ERASE_MS } }, FAST);
    meter.start(MIDNIGHT);
    meter.run(FAST_MW, STALL_MS - 1);
    expect(meter.registers().importPulses).toBe(0n);
    meter.run(FAST_MW, STALL_MS);
    const edges = new PulseSource(100_000, { widthMs: 2 }).advance(FAST_MW, 0, STALL_MS).length;
    expect(meter.fifo.dropped).toBe(edges - fifoEdges);
    expect(meter.registers().importPulses).toBe(BigInt(fifoEdges / 2));
    expect(meter.fifo.length).toBe(0);
  });

  it("but hardware counters count on", () => {
    const options = { frontEnd: "counter", source: { widthMs: 2 }, flash: { eraseMs: ERASE_MS } } as const;
    const meter = newMeter(options, FAST_COUNTER);
    meter.start(MIDNIGHT);
    meter.run(FAST_MW, STALL_MS);
    expect(meter.registers().importPulses).toBe(BigInt(fastPulses(STALL_MS)));
  });
});

describe("hardware counters", () => {
  it("wrap, and registers do not notice", () => {
    const meter = newMeter({ frontEnd: "counter", source: { widthMs: 2 } }, FAST_COUNTER);
    meter.start(MIDNIGHT);
    for (let ms = MINUTE; ms <= 15 * MINUTE; ms += MINUTE) meter.run(FAST_MW, ms);
    const pulses = fastPulses(15 * MINUTE);
    expect(pulses).toBeGreaterThan(2 * 65_536);
    expect(meter.counter.value(0)).toBe(pulses % 65_536);
    expect(meter.registers().importPulses).toBe(BigInt(pulses));
    expect(meter.receipts[0]).toContain(`"P":[${pulses},0]`);
  });

  it("give the same registers as the FIFO", () => {
    const [edges, counter] = (["edges", "counter"] as const).map((frontEnd) => {
      const inputs = frontEnd === "counter" ? FAST_COUNTER.inputs : FAST.inputs;
      const meter = newMeter({ frontEnd }, { inputs });
      meter.start(MIDNIGHT);
      for (let i = 1; i <= 60; i++) meter.run(i % 3 === 0 ? -2_000_000 : 4_000_000, i * MINUTE);
      return { registers: meter.registers(), receipts: meter.receipts };
    });
    expect(counter).toEqual(edges);
  });
});

describe("power", () => {
  it("lost: RAM goes, flash and keys stay, monotonic time starts anew", () => {
    const meter = newMeter();
    meter.start(MIDNIGHT);
    meter.run(3_600_000, 25_500);
    // A pulse a second: the first ten were saved by their number, the next ten too, the rest is in RAM.
    expect(meter.registers().importPulses).toBe(25n);
    const publicKey = meter.publicKey();
    meter.cutPower();
    expect([meter.powered, meter.fifo.length, meter.counter.value(0)]).toEqual([false, 0, 0]);
    expect(() => meter.registers()).toThrow("TL000042: power is off");
    meter.run(3_600_000, 60_000);
    expect(meter.restorePower()).toBe(true);
    expect([meter.registers().importPulses, meter.clock.monoMs(meter.timeMs)]).toEqual([20n, 0]);
    expect([meter.registers().clockState, meter.publicKey()]).toEqual(["", publicKey]);
    meter.setClock(MIDNIGHT + 60_000, "S");
    meter.run(3_600_000, 70_500);
    // The pulses from 60,000 to 70,000 ms.
    expect(meter.registers().importPulses).toBe(31n);
    expect(meter.flowedMwh().imported).toBe(70_500n);
  });

  it("lost again and again leaves receipts that verify, on every engine alike", () => {
    const lives = availableEngines().map((engine) => {
      const meter = newMeter({ flash: { sectorBytes: 512, sectors: 8 } }, { intervalS: 60 }, engine);
      const cuts = new Entropy("cuts");
      meter.start(MIDNIGHT);
      let failures = 0;
      for (let minute = 1; minute <= 300; minute++) {
        if (minute % 3 === 0) {
          const index = cuts.below(8);
          meter.flash.cutAt(
            minute % 4 === 0
              ? { kind: "erase", index: 0, stage: ([0, 1, 2, 3] as const)[cuts.below(4)] ?? 0 }
              : { kind: "program", index, bytes: cuts.below(40) },
          );
        }
        const before = meter.powered;
        meter.run(3_000_000, minute * MINUTE);
        if (before && !meter.powered) failures++;
        while (!meter.restorePower()) failures++;
        if (meter.clock.state === undefined) meter.setClock(MIDNIGHT + minute * MINUTE, "S");
      }
      expect(failures).toBeGreaterThan(80);
      const { problems, files } = receiptFiles("meter", meter);
      return { failures, problems, files: [...files], registers: meter.powered ? meter.registers() : undefined };
    });
    for (const life of lives) expect(life).toEqual(lives[0]);
    expect(lives[0]?.problems).toEqual([]);
  });

  it("fails during boot: restorePower says so and the next one succeeds", () => {
    const meter = newMeter();
    meter.flash.cutAt({ kind: "erase", index: 0, stage: 2 });
    meter.start(MIDNIGHT);
    expect([meter.powered, meter.flash.unstableSectors()]).toEqual([false, []]);
    meter.flash.cutAt({ kind: "program", index: 0, bytes: 3 });
    expect(meter.restorePower()).toBe(false);
    expect(meter.restorePower()).toBe(true);
    expect(meter.registers().importPulses).toBe(0n);
  });

  it("stays off when the firmware refuses to start", () => {
    const meter = newMeter();
    for (let sector = 0; sector < 64; sector++) meter.flash.markBad(sector);
    expect(() => meter.start(MIDNIGHT)).toThrow(ModuleError);
    expect(meter.powered).toBe(false);
  });
});

describe("time", () => {
  it("is the meter's own: a clock 1,000 ppm fast closes its intervals early by as much", () => {
    const meter = newMeter({ clock: { driftPpm: 1000 } });
    meter.start(MIDNIGHT);
    meter.run(3_600_000, 899_000);
    expect(meter.receipts.length).toBe(0);
    meter.run(3_600_000, 900_000);
    expect(meter.receipts.length).toBe(1);
    // Its 900 s are 899,101 ms of true time: 899 pulses, the last of them at 899,000.
    expect(meter.receipts[0]).toContain('"P":[899,0]');
    expect(meter.clock.utcMs(900_000)).toBe(MIDNIGHT + 900_900);
  });

  it("may be unknown at first, wrong, and set again with each state", () => {
    const meter = newMeter({}, { intervalS: 60 });
    meter.start();
    meter.run(3_600_000, 120_000);
    expect([meter.registers().clockState, meter.receipts.length, meter.clock.state]).toEqual(["", 0, undefined]);
    for (const [i, state] of (["U", "I", "S"] as const).entries()) {
      meter.setClock(MIDNIGHT + (i + 2) * MINUTE, state);
      meter.run(3_600_000, (i + 3) * MINUTE);
      expect([meter.registers().clockState, meter.clock.state]).toEqual([state, state]);
    }
    expect(
      meter.receipts.map((receipt) => /"TM":"2026-06-22T00:(\d\d):00,000\+0000 (.)"/.exec(receipt)?.slice(1)),
    ).toEqual([
      ["03", "U"],
      ["04", "I"],
      ["05", "S"],
    ]);
    meter.setClock(MIDNIGHT + 10 * MINUTE, "S");
    expect(meter.clock.utcMs(meter.timeMs)).toBe(MIDNIGHT + 10 * MINUTE);
  });

  it("is kept by a battery through a power cut", () => {
    const meter = newMeter({ clock: { battery: true } });
    meter.start(MIDNIGHT);
    meter.run(0, MINUTE);
    meter.cutPower();
    meter.run(0, 20 * MINUTE);
    meter.restorePower();
    expect(meter.registers()).toMatchObject({ clockState: "I", intervalEndUtcMs: MIDNIGHT + 30 * MINUTE });
  });
});

describe("the rest of the hardware", () => {
  it("bounce and interference reach the firmware, and are the seed's alone", () => {
    const run = (seed: string): bigint => {
      const line = { bounce: { edges: 2, withinMs: 3 }, glitches: { lengthMs: 1, meanGapMs: 10_000 } };
      const raw = { filter: "edge", minOnMs: 0, minOffMs: 0, minPeriodMs: 0 } as const;
      const meter = newMeter({ line, entropy: new Entropy(seed) }, { inputs: [raw, raw] });
      meter.start(MIDNIGHT);
      for (let i = 1; i <= 30; i++) meter.run(2_000_000, i * MINUTE);
      return meter.registers().importPulses;
    };
    const real = 999n;
    // Without a filter each pulse counts three times: two bounces at its start and end.
    expect(run("a")).toBeGreaterThan(3n * real);
    expect([run("a"), run("b") === run("a")]).toEqual([run("a"), false]);
  });

  it("tampering is logged, and pulses count on", () => {
    const meter = newMeter();
    meter.start(MIDNIGHT);
    meter.tamper("cover", true);
    meter.run(1_000_000, MINUTE);
    meter.tamper("cover", false);
    meter.run(1_000_000, 2 * MINUTE);
    expect(meter.registers().importPulses).toBe(33n);
  });

  it("flash is kept in a file from one meter to the next", () => {
    const folder = mkdtempSync(join(tmpdir(), "meter-"));
    try {
      const flash = { file: join(folder, "flash.bin") };
      const meter = newMeter({ flash });
      meter.start(MIDNIGHT);
      meter.run(3_600_000, 15 * MINUTE);
      meter.close();
      const next = newMeter({ flash });
      next.start();
      expect(next.registers()).toMatchObject({ importPulses: 899n, nextPage: 2 });
      expect(() => newMeter({ flash: { ...flash, sectors: 8 } })).toThrow(/262144 bytes, expected 8 sectors/);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
