import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Entropy } from "../../host/board/entropy.js";
import { KeyStore } from "../../host/board/key_store.js";
import { engineByName } from "../../host/engine/index.js";
import { readMetrology } from "../../host/metrology/module.js";
import { EmulatedMeter } from "../../host/sim/emulated_meter.js";
import type { MeterProbe } from "../../host/sim/meter_probe.js";
import { MeterScope } from "../../host/vcd/meter_scope.js";
import { VcdWriter, type VcdBit } from "../../host/vcd/writer.js";
import { CONFIG, MIDNIGHT } from "../driver/meter_client.js";
import { parseVcd, type DumpedChange } from "./parser.js";

/** A writer and what it has written. */
function newWriter(): { writer: VcdWriter; text: () => string } {
  const parts: string[] = [];
  return { writer: new VcdWriter((part) => parts.push(part)), text: () => parts.join("") };
}

describe("the writer", () => {
  it("writes what the standard and GTKWave read", () => {
    const parts: string[] = [];
    const writer = new VcdWriter((text) => parts.push(text), { date: "2026-06-22", comment: "t = 0 is midnight" });
    const [left, right] = [writer.root.scope("home-1"), writer.root.scope("home-2")];
    const [a, b] = [left.wire("in", 0), right.wire("in", "x")];
    const c = left.wire("out", "z");
    writer.change(a, 5, 1);
    writer.change(b, 3, 0);
    writer.change(c, 5, 0);
    writer.change(a, 6, 1);
    writer.close(9);
    expect(parts.join("")).toBe(
      `$date 2026-06-22 $end
$version Tieline $end
$comment t = 0 is midnight $end
$timescale 1 ms $end
$scope module top $end
$scope module home_1 $end
$var wire 1 ! in $end
$var wire 1 # out $end
$upscope $end
$scope module home_2 $end
$var wire 1 " in $end
$upscope $end
$upscope $end
$enddefinitions $end
#0
$dumpvars
0!
x"
z#
$end
#3
0"
#5
1!
0#
#9
`,
    );
  });

  it("streamed or in one piece, the dump is the same and has what was told, in order", () => {
    const change = fc.tuple(fc.nat(199), fc.nat(400), fc.constantFrom<VcdBit>(0, 1, "x", "z"));
    fc.assert(
      fc.property(fc.array(change, { maxLength: 300 }), fc.array(fc.nat(400), { maxLength: 5 }), (changes, flushes) => {
        const ordered = changes.toSorted((a, b) => a[1] - b[1]);
        const write = (stops: readonly number[]): string => {
          const { writer, text } = newWriter();
          const wires = Array.from({ length: 200 }, (_, i) => writer.root.wire(`w${i}`, 0));
          let from = 0;
          for (const stop of [...stops, Infinity]) {
            const due = ordered.filter(([, timeMs]) => timeMs >= from && timeMs < stop);
            // Wires one after another, as meters are simulated: times go back between them.
            for (const [i, wire] of wires.entries()) {
              for (const [of, timeMs, value] of due) if (of === i) writer.change(wire, timeMs, value);
            }
            writer.flush(stop);
            from = Math.max(from, stop);
          }
          writer.close();
          return text();
        };
        const whole = write([]);
        const { signals, timescale } = parseVcd(whole);
        expect(timescale).toBe("1ms");
        for (let i = 0; i < 200; i++) {
          const expected: DumpedChange[] = [{ timeMs: 0, value: "0" }];
          for (const [of, timeMs, value] of ordered) {
            if (of === i && expected.at(-1)?.value !== String(value)) expected.push({ timeMs, value: String(value) });
          }
          expect(signals.get(`top.w${i}`)).toEqual(expected);
        }
        // Changes of different wires at one time may stand in another order.
        expect(parseVcd(write(flushes.toSorted((a, b) => a - b))).signals).toEqual(signals);
      }),
      { numRuns: 50 },
    );
  });

  it("refuses what would spoil the dump", () => {
    const { writer } = newWriter();
    const wire = writer.root.wire("a b", 0);
    expect(() => writer.root.wire("a_b", 0)).toThrow(/no new name/);
    expect(() => writer.root.scope("")).toThrow(/no new name/);
    writer.flush(10);
    expect(() => writer.change(wire, 9, 1)).toThrow(/9 ms/);
    expect(() => writer.change(wire, 10.5, 1)).toThrow(RangeError);
    expect(() => writer.root.wire("late", 0)).toThrow(/after the dump has begun/);
  });
});

describe("a meter's scope", () => {
  it("has the edges that went in, power, tampering and records, two meters side by side", () => {
    const { writer, text } = newWriter();
    const seen: DumpedChange[][] = [];
    const meters = ["a", "b"].map((serial) => {
      const scope = new MeterScope(writer, writer.root, serial);
      const edges: DumpedChange[] = [{ timeMs: 0, value: "0" }];
      seen.push(edges);
      const probe: MeterProbe = {
        edge(timeMs, input, level) {
          if (input === 0) edges.push({ timeMs, value: String(level) });
          scope.edge(timeMs, input, level);
        },
        power: (...args) => scope.power(...args),
        tamper: (...args) => scope.tamper(...args),
        recordSigned: (...args) => scope.recordSigned(...args),
      };
      const keys = KeyStore.generate(new Entropy(serial));
      const line = { bounce: { edges: 4, withinMs: 3 }, glitches: { lengthMs: 2, meanGapMs: 5000 } };
      const config = { ...CONFIG, serial, intervalS: 60 };
      return new EmulatedMeter(engineByName("v8"), readMetrology(), keys, config, { line, probe });
    });
    for (const meter of meters) meter.start(MIDNIGHT);
    for (let minute = 1; minute <= 5; minute++) {
      for (const meter of meters) meter.run(5_000_000, minute * 60_000);
      const [first] = meters;
      if (minute === 2) first?.tamper("cover", true);
      if (minute === 3) first?.cutPower();
      if (minute === 4) first?.restorePower();
      writer.flush(minute * 60_000);
    }
    writer.close(300_500);
    const { signals, endMs } = parseVcd(text());
    expect(endMs).toBe(300_500);
    const of = (name: string): (string | number)[][] =>
      (signals.get(`top.${name}`) ?? []).map(({ timeMs, value }) => [timeMs, value]);
    // 5 kW for 300 s are 416 pulses: with both edges, four bounces each, and interference.
    expect(seen[0]?.length).toBeGreaterThan(416 * 10);
    expect(signals.get("top.a.pulse_import")).toEqual(seen[0]);
    expect(signals.get("top.b.pulse_import")).toEqual(seen[1]);
    expect(seen[0]).not.toEqual(seen[1]);
    expect(of("a.power")).toEqual([[0, "0"], [0, "1"], [180_000, "0"], [240_000, "1"]]); // prettier-ignore
    expect(of("a.cover")).toEqual([[0, "0"], [120_000, "1"]]); // prettier-ignore
    expect(of("a.magnet")).toEqual([[0, "0"]]);
    expect(of("b.record_signed").filter(([, value]) => value === "1")).toEqual(
      [1, 2, 3, 4, 5].map((minute) => [minute * 60_000, "1"]),
    );
    expect(of("a.record_signed").filter(([, value]) => value === "1").length).toBe(3);
  });
});
