import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { EdgeFifo, type Edge } from "../../host/board/edge_fifo.js";
import { Entropy } from "../../host/board/entropy.js";
import { MeterClock } from "../../host/board/meter_clock.js";
import { PulseCounter } from "../../host/board/pulse_counter.js";
import { PulseLine, type PulseLineOptions } from "../../host/board/pulse_line.js";
import { PulseSource } from "../../host/board/pulse_source.js";
import { TamperInputs } from "../../host/board/tamper_inputs.js";
import { pulseTrain } from "../driver/meter_client.js";

const rising = (edges: readonly Edge[]): number => edges.filter(({ level }) => level === 1).length;

/** What a line makes of pulses on input 0, told in pieces of these lengths. */
function through(options: PulseLineOptions, contacts: readonly Edge[], toMs: number, pieceMs = toMs): Edge[] {
  const line = new PulseLine(new Entropy("line"), options);
  const out: Edge[] = [];
  for (let from = 0; from < toMs; from += pieceMs) {
    const to = Math.min(from + pieceMs, toMs);
    out.push(
      ...line.advance(
        contacts.filter(({ timeMs }) => timeMs >= from && timeMs < to),
        to,
      ),
    );
  }
  return out;
}

/** Edges of each input alternate and never go back in time. */
function expectLevels(edges: readonly Edge[]): void {
  const levels = [0, 0];
  let lastMs = 0;
  for (const { timeMs, input, level } of edges) {
    if (timeMs < lastMs || levels[input] === level) expect.fail(`at ${timeMs} ms`);
    lastMs = timeMs;
    levels[input] = level;
  }
}

describe("pulse source", () => {
  it("makes pulses of the width asked for, and refuses those it cannot", () => {
    const edges = new PulseSource(100_000, { widthMs: 2 }).advance(6_912_000, 0, 10_000);
    expect(rising(edges)).toBe(1919);
    expect(edges.slice(0, 4).map(({ timeMs }) => timeMs)).toEqual([6, 8, 11, 13]);
    expect(() => new PulseSource(100_000, { widthMs: 3 }).advance(6_912_000, 0, 1000)).toThrow(/faster than 6 ms/);
    expect(() => new PulseSource(1000, { widthMs: 0 })).toThrow(RangeError);
    expect(() => new PulseSource(1000, { driftPpm: -1_000_000 })).toThrow(RangeError);
  });

  it("drifts by exactly its ppm, however the time is cut", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: -50_000, max: 50_000 }),
        fc.integer({ min: 1000, max: 100_000 }),
        (driftPpm, pieceMs) => {
          const source = new PulseSource(10_000, { driftPpm });
          const energy = 5_000_000n * 3_600_000n;
          let pulses = 0;
          for (let from = 0; from < 3_600_000; from += pieceMs) {
            pulses += rising(source.advance(5_000_000, from, Math.min(from + pieceMs, 3_600_000)));
          }
          const exact = (energy * 10_000n * BigInt(1_000_000 + driftPpm)) / (3_600_000_000_000n * 1_000_000n);
          expect([exact, exact - 1n]).toContain(BigInt(pulses));
        },
      ),
      { numRuns: 40 },
    );
  });
});

describe("pulse line", () => {
  const contacts = pulseTrain(0, 100, 1000, 500);

  it("hands edges through when nothing is wrong", () => {
    expect(through({}, contacts, 60_000)).toEqual(contacts);
  });

  it("bounces: n more edges after each, within the time, with the level right after it", () => {
    const edges = through({ bounce: { edges: 6, withinMs: 4 } }, contacts, 60_000);
    expect(edges.length).toBe(contacts.length * 7);
    expectLevels(edges);
    for (const { timeMs, level } of contacts) {
      const around = edges.filter((edge) => edge.timeMs >= timeMs && edge.timeMs <= timeMs + 4);
      expect([around.length, around[0]?.timeMs, around.at(-1)?.level]).toEqual([7, timeMs, level]);
    }
  });

  it("glitches of the length asked for, about as often as asked for, on both inputs", () => {
    const edges = through({ glitches: { lengthMs: 3, meanGapMs: 1000 } }, [], 1_000_000);
    expectLevels(edges);
    for (const input of [0, 1]) {
      const own = edges.filter((edge) => edge.input === input);
      expect(rising(own)).toBeGreaterThan(930);
      expect(rising(own)).toBeLessThan(1070);
      for (let i = 0; i + 1 < own.length; i += 2) expect((own[i + 1]?.timeMs ?? 0) - (own[i]?.timeMs ?? 0)).toBe(3);
    }
  });

  it("inverts on demand: a dip in a pulse, a spike outside one", () => {
    const line = new PulseLine(new Entropy("line"));
    line.glitch(0, 1010, 2);
    line.glitch(1, 1500, 1);
    expect(line.advance(contacts.slice(0, 2), 1011).map(({ timeMs, level }) => [timeMs, level])).toEqual([[1000, 1], [1010, 0]]); // prettier-ignore
    expect(line.level(0)).toBe(0);
    expect(line.advance([], 2000).map(({ timeMs, input, level }) => [timeMs, input, level])).toEqual([
      [1012, 0, 1],
      [1030, 0, 0],
      [1500, 1, 1],
      [1501, 1, 0],
    ]);
    expect(() => line.glitch(0, 1999, 1)).toThrow(/too late/);
  });

  it("gives the same edges however the time is cut", () => {
    const options = { bounce: { edges: 4, withinMs: 9 }, glitches: { lengthMs: 40, meanGapMs: 700 } };
    const whole = through(options, contacts, 60_000);
    expectLevels(whole);
    for (const pieceMs of [1, 7, 1000, 1033]) expect(through(options, contacts, 60_000, pieceMs)).toEqual(whole);
  });

  it("refuses bounce and glitches that cannot be", () => {
    const entropy = new Entropy("line");
    expect(() => new PulseLine(entropy, { bounce: { edges: 3, withinMs: 5 } })).toThrow(/bounce: 3 edges/);
    expect(() => new PulseLine(entropy, { bounce: { edges: 2, withinMs: 0 } })).toThrow(RangeError);
    expect(() => new PulseLine(entropy, { glitches: { lengthMs: 0, meanGapMs: 5 } })).toThrow(/glitches: 0 ms/);
  });
});

describe("hardware counters", () => {
  it("count leading edges of each input and wrap after 65,535", () => {
    const counter = new PulseCounter();
    for (let i = 0; i < 65_535; i++) {
      counter.edge(0, 1);
      counter.edge(0, 0);
    }
    counter.edge(1, 1);
    expect([counter.value(0), counter.value(1)]).toEqual([65_535, 1]);
    counter.edge(0, 1);
    expect(counter.value(0)).toBe(0);
    for (let i = 0; i < 5; i++) counter.edge(0, 1);
    expect([counter.value(0), counter.value(1)]).toEqual([5, 1]);
    counter.reset();
    expect([counter.value(0), counter.value(1)]).toEqual([0, 0]);
  });
});

describe("edge FIFO", () => {
  it("gives only what lies before a time, and forgets all without power", () => {
    const fifo = new EdgeFifo(6);
    for (const edge of pulseTrain(0, 4, 100, 100)) fifo.push(edge);
    expect(fifo.batch(200).count).toBe(2);
    expect(fifo.batch(201)).toMatchObject({ baseMs: 100, count: 3 });
    expect([fifo.batch().count, fifo.dropped]).toEqual([6, 2]);
    fifo.clear();
    expect([fifo.length, fifo.firstMs(), fifo.dropped]).toEqual([0, undefined, 2]);
  });

  it("larger than the module's input buffer comes out in several batches", () => {
    const fifo = new EdgeFifo(3000);
    for (const edge of pulseTrain(0, 1000, 0, 100)) fifo.push(edge);
    const counts: number[] = [];
    for (; fifo.length > 0; fifo.take(counts.at(-1) ?? 0)) counts.push(fifo.batch().count);
    expect(counts).toEqual([1024, 976]);
  });
});

describe("a meter's clock", () => {
  it("drifts by its ppm and starts anew at power-up", () => {
    const clock = new MeterClock({ driftPpm: -30 });
    clock.powerUp(0);
    expect([clock.monoMs(86_400_000), clock.utcMs(5), clock.state]).toEqual([86_397_408, undefined, undefined]);
    clock.set(1_000_000, 5_000_000, "S");
    expect([clock.utcMs(1_000_000), clock.utcMs(11_000_000), clock.state]).toEqual([5_000_000, 14_999_700, "S"]);
    clock.set(11_000_000, 4_000_000, "U");
    expect([clock.utcMs(11_000_000), clock.state]).toEqual([4_000_000, "U"]);
    clock.powerDown();
    clock.powerUp(12_000_000);
    expect([clock.monoMs(12_000_000), clock.monoMs(13_000_000), clock.utcMs(13_000_000)]).toEqual([
      0,
      999_970,
      undefined,
    ]);
  });

  it("with a battery keeps the time of day, no longer synchronised", () => {
    const clock = new MeterClock({ driftPpm: 100, battery: true });
    clock.powerUp(0);
    clock.set(0, 1_000_000_000, "S");
    clock.powerDown();
    clock.powerUp(10_000_000);
    expect([clock.utcMs(20_000_000), clock.state]).toEqual([1_020_002_000, "I"]);
    clock.set(20_000_000, 1, "U");
    clock.powerDown();
    expect(clock.state).toBe("U");
    expect(() => new MeterClock({ driftPpm: 0.5 })).toThrow(RangeError);
  });

  it("never goes back, whatever its drift", () => {
    fc.assert(
      fc.property(fc.integer({ min: -999_999, max: 1_000_000 }), fc.nat(10_000_000), (driftPpm, atMs) => {
        const clock = new MeterClock({ driftPpm });
        clock.powerUp(7);
        expect(clock.monoMs(atMs + 1)).toBeGreaterThanOrEqual(clock.monoMs(atMs));
      }),
    );
  });
});

describe("tamper inputs", () => {
  it("keep levels always and events while there is power", () => {
    const inputs = new TamperInputs();
    inputs.powerUp(0);
    expect([inputs.set("cover", true, 5), inputs.set("cover", true, 6), inputs.set("magnet", true, 7)]).toEqual([
      true,
      false,
      true,
    ]);
    expect(inputs.first()).toEqual({ what: "cover", active: true, monoMs: 5 });
    inputs.take();
    expect(inputs.first()).toEqual({ what: "magnet", active: true, monoMs: 7 });
    // Power is off: the magnet goes.
    expect(inputs.set("magnet", false)).toBe(true);
    inputs.powerUp(0);
    expect(inputs.first()).toEqual({ what: "cover", active: true, monoMs: 0 });
    inputs.take();
    expect([inputs.first(), inputs.level("cover"), inputs.level("magnet")]).toEqual([undefined, true, false]);
  });
});
