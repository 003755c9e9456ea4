import { beforeAll, describe, expect, it } from "vitest";
import { engineByName } from "../../host/engine/index.js";
import { openLocalMeter } from "../../host/metrology/local.js";
import { readMetrology } from "../../host/metrology/module.js";
import { Recorder, TraceMismatch, replay, traceOptions, type Trace } from "../../host/trace/trace.js";
import { MeterClient, MIDNIGHT, pulseTrain } from "../driver/meter_client.js";
import { TEST_KEY, onEveryEngine } from "../driver/meters.js";

/** An hour with both inputs, a counter, a clock step, a refused call and a power cut, recorded on V8. */
async function recordHour(): Promise<Trace> {
  const options = { key: TEST_KEY };
  const recorder = new Recorder(openLocalMeter(engineByName("v8"), readMetrology(), options), options);
  const meter = new MeterClient(recorder);
  await meter.boot();
  await meter.setClock(0, MIDNIGHT + 123);
  for (let minute = 0; minute < 60; minute++) {
    const from = minute * 60_000;
    if (minute === 20) await meter.setClock(from, MIDNIGHT + 123 + from + 90_000, "I");
    if (minute === 40) {
      await recorder.restart();
      await meter.boot();
      await meter.setClock(from, MIDNIGHT + 123 + from + 90_000);
    }
    await meter.counter(1, (minute * 7000) % 65_536, from);
    await meter.drain(from);
    let edges = pulseTrain(minute % 2, 30, from, 1500);
    while (edges.length > 0) {
      const base = edges[0]?.timeMs ?? from;
      const taken = await meter.edges(base, edges);
      edges = edges.slice(taken);
      await meter.drain(edges[0]?.timeMs ?? from + 59_000);
    }
    await meter.setClock(from, -1);
  }
  return recorder.trace();
}

describe("a trace recorded on V8", () => {
  let trace: Trace;
  beforeAll(async () => {
    trace = JSON.parse(JSON.stringify(await recordHour())) as Trace;
  });

  it("holds records, refusals and a restart", () => {
    expect(trace.steps.filter((step) => step.call === "tick" && step.result > 0).length).toBeGreaterThanOrEqual(4);
    expect(trace.steps.some((step) => step.result === -1)).toBe(true);
    expect(trace.steps.some((step) => step.call === "restart")).toBe(true);
  });

  onEveryEngine("replays to the same bytes, flash included,", async (open) => {
    await replay(trace, await open(traceOptions(trace)));
  });

  it("is told from one that differs in a byte", async () => {
    const open = () => openLocalMeter(engineByName("v8"), readMetrology(), traceOptions(trace));
    const at = trace.steps.findIndex((step) => step.output.length > 100);
    const steps = trace.steps.map((step, i) => (i === at ? { ...step, output: `00${step.output.slice(2)}` } : step));
    await expect(replay({ ...trace, steps }, open())).rejects.toThrow(TraceMismatch);
    const flashAfter = `00${trace.flashAfter.slice(2)}`;
    await expect(replay({ ...trace, flashAfter }, open())).rejects.toThrow(/^flash after/);
  });
});
