import { S0_INPUT } from "../../host/metrology/config.js";
import { describe, expect, it } from "vitest";
import { balanceHolds, cutLossMwh } from "../../host/scenario/balance.js";
import type { MeterControl, ScenarioMeter } from "../../host/scenario/meter_control.js";
import type { MeterPlan } from "../../host/scenario/scenario.js";
import { Simulation } from "../../host/scenario/simulation.js";
import { SMALL, changed, check, withEvents } from "./documents.js";

const MINUTE = 60_000;

/** Measures exactly, without firmware, and writes down what is done to it. */
class RecordingMeter implements ScenarioMeter, MeterControl {
  readonly log: string[] = [];
  readonly receipts = [];
  private nowMs = 0;
  private mwMs: [bigint, bigint] = [0n, 0n];
  private powerMw: number | undefined;
  readonly config: MeterPlan["config"];

  constructor(plan: MeterPlan) {
    this.config = plan.config;
  }
  start(utcMs: number): void {
    this.note(`start ${new Date(utcMs).toISOString()}`);
  }
  run(powerMw: number, toMs: number): void {
    if (powerMw !== this.powerMw) this.note(`${powerMw} mW`);
    this.powerMw = powerMw;
    const flowed = BigInt(Math.abs(powerMw)) * BigInt(toMs - this.nowMs);
    this.mwMs[powerMw < 0 ? 1 : 0] += flowed;
    this.nowMs = toMs;
  }
  cutPower(): void {
    this.note("cut");
  }
  restorePower(): boolean {
    this.note("restore");
    return true;
  }
  setClock(utcMs: number, state: string): void {
    this.note(`clock ${new Date(utcMs).toISOString().slice(11, 23)} ${state}`);
  }
  tamper(what: string, active: boolean): void {
    this.note(`${what} ${active}`);
  }
  transaction(tx: string, identification: string, tariff: string): void {
    this.note([tx, identification, tariff].join("/"));
  }
  registers(): ReturnType<ScenarioMeter["registers"]> {
    const [importMwh, exportMwh] = [this.mwMs[0] / 3_600_000n, this.mwMs[1] / 3_600_000n];
    return { importMwh, exportMwh } as ReturnType<ScenarioMeter["registers"]>;
  }
  publicKey(): Uint8Array {
    return new Uint8Array(33);
  }
  private note(what: string): void {
    this.log.push(`${this.nowMs / MINUTE} ${what}`);
  }
}

function simulate(text: string): { simulation: Simulation; log: (name: string) => string[] } {
  const meters = new Map<string, RecordingMeter>();
  const simulation = new Simulation(check(text), (plan) => {
    const meter = new RecordingMeter(plan);
    meters.set(plan.name, meter);
    return meter;
  });
  while (!simulation.finished) simulation.step();
  return { simulation, log: (name) => meters.get(name)?.log ?? [] };
}

/** The second home takes 2 kW, so that all powers are constant. */
const CONSTANT = changed(
  "generation: { profile: clear-sky-lat48-midsummer, peak_kw: 5 }",
  "load: { constant_w: 2000 }",
);
const withConstant = (...events: object[]): string => withEvents(...events).replace(SMALL, CONSTANT);

describe("physics", () => {
  it("a line carries all that hangs below it, with the losses there", () => {
    const { simulation, log } = simulate(CONSTANT);
    // b: (2000 W / 400 V)^2 x 0.2 ohm = 5 W; a: (3005 W / 230 V)^2 x 0.1 ohm = 17.070 W.
    expect(log("head")).toEqual(["0 start 2026-06-22T00:00:00.000Z", `0 ${3_000_000 + 5000 + 17_070} mW`]);
    expect(log("a")[1]).toBe("0 1000000 mW");
    const balance = simulation.balance();
    expect([balance.headMwh, balance.homesMwh, balance.lostMwh]).toEqual([6_044_140n, 6_000_000n, 44_140n]);
    expect(balanceHolds(balance)).toBe(true);
    expect(balance.cutsMwh).toBe(0n);
  });

  it("a junction has lines but no meter", () => {
    const text = CONSTANT.replace("{ to: a,", "{ to: cabinet, resistance_ohm: 0 }\n    - { from: cabinet, to: a,");
    expect(simulate(text).log("head")[1]).toBe(`0 ${3_000_000 + 5000 + 17_070} mW`);
  });

  it("noise and clouds stay within their percentages and balance", () => {
    const noisy = CONSTANT.replace("constant_w: 1000 }", "constant_w: 1000 }\n    noise_percent: 40");
    const { log } = simulate(noisy);
    const powers = log("a")
      .slice(1)
      .map((line) => Number(line.split(" ")[1]));
    expect(powers.length).toBeGreaterThan(100);
    expect(Math.min(...powers)).toBeGreaterThanOrEqual(600_000);
    expect(Math.max(...powers)).toBeLessThanOrEqual(1_400_000);
    expect(Math.max(...powers) - Math.min(...powers)).toBeGreaterThan(600_000);
  });

  it("a power cut does not change what is drawn after it", () => {
    const noisy = CONSTANT.replace("constant_w: 1000 }", "constant_w: 1000 }\n    noise_percent: 40");
    const cut = withConstant({ at: "30min", meter: "a", kind: "power_cut", duration: "10min" }).replace(
      CONSTANT,
      noisy,
    );
    expect(simulate(cut).log("a").slice(-40)).toEqual(simulate(noisy).log("a").slice(-40));
  });
});

describe("events", () => {
  it("happen at their millisecond, also within a step", () => {
    const { log, simulation } = simulate(
      withConstant({ at: "00:30:15", meter: "a", kind: "power_cut", duration: "30s", sync_after: "6s" }),
    );
    expect(log("a").slice(1)).toEqual([
      "0 1000000 mW",
      "30.25 cut",
      "30.25 0 mW",
      "30.75 restore",
      "30.75 1000000 mW",
      "30.85 clock 00:30:51.000 S",
    ]);
    // b and its line go on: 2005 W, and (2005 W / 230 V)^2 x 0.1 ohm = 7.599 W.
    expect(log("head")[2]).toBe("30.25 2012599 mW");
    expect(simulation.eventsDone).toBe(1);
    expect(simulation.balance().cutsMwh).toBe(10_000n + 278n + 2000n);
    expect(balanceHolds(simulation.balance())).toBe(true);
  });

  it("a cut of the head darkens the street", () => {
    const { log, simulation } = simulate(
      withConstant({ at: "30min", meter: "head", kind: "power_cut", duration: "10min" }),
    );
    for (const name of ["a", "b", "head"]) {
      expect(
        log(name)
          .map((line) => line.replace(/[1-9]\d+ mW/, "N mW"))
          .slice(2),
      ).toEqual(["30 cut", "30 0 mW", "40 restore", "40 clock 00:40:00.000 S", "40 N mW"]);
    }
    const { meters } = simulation;
    const before = [1_000_000, 2_000_000, 3_022_070];
    const bound = meters.reduce((sum, { meter }, i) => sum + cutLossMwh(before[i] ?? 0, meter), 0n);
    expect(simulation.balance().cutsMwh).toBe(bound);
  });

  it("clock steps add up until the clock is set right", () => {
    const { log } = simulate(
      withEvents(
        { at: "10min", meter: "a", kind: "clock_step", seconds: 2.5 },
        { at: "20min", meter: "a", kind: "clock_step", seconds: -60 },
        { at: "30min", meter: "a", kind: "clock_sync", state: "informative" },
        { at: "40min", meter: "a", kind: "clock_step", seconds: 1 },
        { at: "50min", meter: "a", kind: "clock_sync", state: "unknown" },
        { at: "60min", meter: "a", kind: "clock_sync" },
      ),
    );
    expect(log("a").filter((line) => line.includes("clock"))).toEqual([
      "10 clock 00:10:02.500 S",
      "20 clock 00:19:02.500 S",
      "30 clock 00:30:00.000 I",
      "40 clock 00:40:01.000 I",
      "50 clock 00:50:00.000 U",
      "60 clock 01:00:00.000 S",
    ]);
  });

  it("tampering and transactions reach the meter", () => {
    const { log } = simulate(
      withEvents(
        { at: "0s", meter: "b", kind: "cover", open: true },
        { at: "1min", meter: "b", kind: "magnet", on: false },
        { at: "2min", meter: "b", kind: "transaction", action: "begin", identification: "CARD-1", tariff: "day" },
        { at: "3min", meter: "b", kind: "transaction", action: "tariff", tariff: "night" },
        { at: "4min", meter: "b", kind: "transaction", action: "end_remote" },
      ),
    );
    expect(log("b").filter((line) => !/mW|start/.test(line))).toEqual([
      "0 cover true",
      "1 magnet false",
      "2 B/CARD-1/day",
      "3 T//night",
      "4 R//",
    ]);
  });

  it("inputs reach the meter, an S0 output's where nothing is said", () => {
    const inputs = { import: { filter: "pulse", min_on_ms: 20 } };
    const text = changed("serial: A1", `serial: A1\n    inputs: ${JSON.stringify(inputs)}`);
    expect(check(text).meters[0]?.config.inputs).toEqual([
      { filter: "pulse", minOnMs: 20, minOffMs: 0, minPeriodMs: 0 },
      S0_INPUT,
    ]);
  });
});
