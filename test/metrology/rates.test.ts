import { describe, expect, it } from "vitest";
import { Entropy } from "../../host/board/entropy.js";
import { KeyStore } from "../../host/board/key_store.js";
import { availableEngines } from "../../host/engine/index.js";
import { COUNTER_INPUT, LED_INPUT, S0_INPUT, type InputConfig } from "../../host/metrology/config.js";
import { readMetrology } from "../../host/metrology/module.js";
import { EmulatedMeter } from "../../host/sim/emulated_meter.js";
import { MIDNIGHT } from "../driver/meter_client.js";

/** mW x ms of 1 kWh. */
const KWH = 3_600_000_000_000;
const PULSES = 1_000_000;

const file = readMetrology();

interface Case {
  readonly name: string;
  readonly input: InputConfig;
  readonly frontEnd: "edges" | "counter";
  readonly meterConstant: number;
  readonly hertz: number;
  readonly widthMs: number;
  readonly gapMs: number;
}

const CASES: readonly Case[] = [
  {
    name: "16.67 Hz through S0",
    input: S0_INPUT,
    frontEnd: "edges",
    meterConstant: 1000,
    hertz: 1000 / 60,
    widthMs: 30,
    gapMs: 30,
  },
  {
    name: "192 Hz through LED",
    input: LED_INPUT,
    frontEnd: "edges",
    meterConstant: 10_000,
    hertz: 192,
    widthMs: 2,
    gapMs: 3,
  },
  {
    name: "1 kHz through the counter",
    input: COUNTER_INPUT,
    frontEnd: "counter",
    meterConstant: 100_000,
    hertz: 1000,
    widthMs: 1,
    gapMs: 0,
  },
];

describe.each(availableEngines())("a million pulses on $name", (engine) => {
  it.each(CASES)("$name: none lost, none extra, through erase stalls and signing", ({ input, frontEnd, ...c }) => {
    const config = { serial: "RATE", vendor: "Tieline", model: "rate", meterConstant: c.meterConstant, intervalS: 900 };
    const meter = new EmulatedMeter(
      engine,
      file,
      KeyStore.generate(new Entropy(c.name)),
      { ...config, inputs: [input, input] },
      { frontEnd, source: { widthMs: c.widthMs, gapMs: c.gapMs } },
    );
    meter.start(MIDNIGHT);
    // Power for exactly the rate, and time for a million pulses and the last one's end.
    const powerMw = Math.round((c.hertz * KWH) / c.meterConstant / 1000);
    const endMs = Math.ceil((PULSES * KWH) / (powerMw * c.meterConstant));
    meter.run(powerMw, endMs + 1);
    meter.run(0, endMs + 20_000);
    const { importPulses, exportPulses } = meter.registers();
    expect([importPulses, exportPulses]).toEqual([BigInt(PULSES), 0n]);
    expect(meter.fifo.dropped).toBe(0);
    expect(meter.eraseStalls).toBeGreaterThan(0);
    expect(meter.receipts.length).toBe(Math.floor((endMs + 20_000) / 900_000));
  });
});
