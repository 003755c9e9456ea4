import { describe, expect, it } from "vitest";
import { EdgeFifo } from "../../host/board/edge_fifo.js";
import { PulseCounter } from "../../host/board/pulse_counter.js";
import { TamperInputs } from "../../host/board/tamper_inputs.js";
import { MainLoop } from "../../host/sim/main_loop.js";
import { pulseTrain } from "../driver/meter_client.js";

/** A module that closes an interval every second. */
class FakeModule {
  readonly calls: string[] = [];
  private endMs = 1000;

  pulseEdges(baseMs: number, records: Uint8Array): number {
    const view = new DataView(records.buffer, records.byteOffset, records.byteLength);
    let taken = 0;
    while (taken < records.length / 4 && baseMs + (view.getUint32(taken * 4, true) & 0xfffffff) < this.endMs) taken++;
    this.calls.push(`edges ${baseMs} x ${taken}`);
    return taken;
  }

  pulseCounter(input: number, value: number, monoMs: number): number {
    this.calls.push(`counter ${input} = ${value} at ${monoMs}`);
    return 0;
  }

  tick(monoMs: number): string | undefined {
    if (monoMs < this.endMs) return undefined;
    this.calls.push(`tick ${monoMs}`);
    this.endMs += 1000;
    return `interval ${this.endMs / 1000 - 1}`;
  }

  tamper(what: string, active: boolean, monoMs: number): void {
    this.calls.push(`tamper ${what} ${active} at ${monoMs}`);
  }
}

function newLoop(options: { counter?: boolean; stopAfter?: number } = {}) {
  const module = new FakeModule();
  const fifo = new EdgeFifo();
  const counter = new PulseCounter();
  const tamper = new TamperInputs();
  const records: string[] = [];
  const devices = { fifo, counter: options.counter === true ? counter : undefined, tamper };
  let stopAfter = options.stopAfter ?? Infinity;
  const loop = new MainLoop(module, devices, {
    record: (text) => records.push(text),
    stopped: () => module.calls.length >= stopAfter,
  });
  return { module, fifo, counter, tamper, records, loop, goOn: () => (stopAfter = Infinity) };
}

describe("the main loop", () => {
  it("tells edges, tampering and ends of intervals in order of time", () => {
    const { module, fifo, tamper, records, loop } = newLoop();
    expect(loop.pending).toBe(false);
    for (const edge of pulseTrain(0, 3, 100, 800)) fifo.push(edge);
    tamper.set("magnet", true, 500);
    tamper.set("magnet", false, 1200);
    tamper.set("cover", true, 1800);
    expect(loop.pending).toBe(true);
    loop.turn(2500);
    expect(module.calls).toEqual([
      "edges 100 x 2",
      "tamper magnet true at 500",
      "edges 900 x 2",
      "tick 1200",
      "tamper magnet false at 1200",
      "edges 1700 x 2",
      "tamper cover true at 1800",
      "tick 2500",
    ]);
    expect([records, loop.pending]).toEqual([["interval 1", "interval 2"], false]);
  });

  it("hands counters over before the interval ends, and only when they moved", () => {
    const { module, counter, loop } = newLoop({ counter: true });
    counter.edge(1, 1);
    counter.edge(1, 1);
    expect(loop.pending).toBe(true);
    loop.turn(1000);
    loop.turn(1500);
    expect(module.calls).toEqual(["counter 1 = 2 at 1000", "tick 1000"]);
  });

  it("asks nothing while the processor stands still and loses nothing by it", () => {
    const tell = (stopAfter: number): { calls: string[]; records: string[] } => {
      const { module, fifo, tamper, records, loop, goOn } = newLoop({ stopAfter });
      for (const edge of pulseTrain(0, 3, 100, 800)) fifo.push(edge);
      tamper.set("cover", true, 1200);
      loop.turn(2500);
      if (stopAfter < Infinity) expect(module.calls.length).toBe(stopAfter);
      goOn();
      loop.turn(2500);
      return { calls: module.calls, records };
    };
    const whole = tell(Infinity);
    expect(whole.calls.length).toBe(5);
    for (let stopAfter = 0; stopAfter <= 5; stopAfter++) expect(tell(stopAfter)).toEqual(whole);
  });

  it("reports a module that refuses edges for no reason", () => {
    const { module, fifo, loop } = newLoop();
    module.pulseEdges = () => 0;
    for (const edge of pulseTrain(0, 1, 100, 100)) fifo.push(edge);
    expect(() => loop.turn(500)).toThrow("2 edges were refused");
  });
});
