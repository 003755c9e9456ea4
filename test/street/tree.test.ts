import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { lossMw } from "../../host/grid/line.js";
import { lineFlows, type RadialLine } from "../../host/grid/radial.js";
import { flowAt } from "../../host/scenario/feeder.js";
import type { FeederNode } from "../../host/scenario/scenario.js";

const LINE = { resistanceOhm: 0.1, volt: 230 };

describe("power at both ends of lines", () => {
  it("a line's near end carries what is used behind it and what it loses", () => {
    expect(lineFlows([{ line: LINE, above: undefined }], [3_000_000])).toEqual([
      { nearMw: 3_000_000 + lossMw(LINE, 3_000_000), farMw: 3_000_000 },
    ]);
    // What is generated arrives with the loss taken off.
    expect(lineFlows([{ line: LINE, above: undefined }], [-3_000_000])).toEqual([
      { nearMw: -3_000_000 + lossMw(LINE, 3_000_000), farMw: -3_000_000 },
    ]);
  });

  it("what is generated behind one line flows into the next", () => {
    const lines = [
      { line: LINE, above: undefined },
      { line: LINE, above: 0 },
      { line: LINE, above: 0 },
    ];
    const [trunk, roof, home] = lineFlows(lines, [0, -4_000_000, 1_000_000]);
    expect([roof?.farMw, home?.farMw]).toEqual([-4_000_000, 1_000_000]);
    expect(trunk?.farMw).toBe((roof?.nearMw ?? 0) + (home?.nearMw ?? 0));
  });

  it("is what the feeder's own reckoning says at the head, for any tree", () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.record({
            above: fc.nat(),
            ohm: fc.integer({ min: 0, max: 300 }),
            mw: fc.integer({ min: 0, max: 6_000_000 }),
          }),
          {
            minLength: 1,
            maxLength: 20,
          },
        ),
        (made) => {
          const lines = made.map(({ above, ohm }, i): RadialLine => ({
            line: { resistanceOhm: ohm / 1000, volt: 230 },
            above: i === 0 || above % (i + 1) === i ? undefined : above % (i + 1),
          }));
          const own = made.map(({ mw }, i) => (i % 2 === 0 ? mw : -mw) % 5_000_000);
          const node = (i: number | undefined): FeederNode => ({
            name: String(i ?? "head"),
            lines: lines.flatMap(({ line, above }, j) => (above === i ? [{ line, to: node(j) }] : [])),
          });
          const flows = lineFlows(lines, own);
          const head = flows.reduce((sum, { nearMw }, i) => sum + (lines[i]?.above === undefined ? nearMw : 0), 0);
          const lost = flows.reduce((sum, { nearMw, farMw }) => sum + nearMw - farMw, 0);
          const expected = flowAt(node(undefined), (name) => own[Number(name)] ?? 0);
          expect({ powerMw: head, lostMw: lost }).toEqual(expected);
        },
      ),
    );
  });

  it("refuses lines out of order", () => {
    const lines = [
      { line: LINE, above: 1 },
      { line: LINE, above: undefined },
    ];
    expect(() => lineFlows(lines, [0, 0])).toThrow("line 0 hangs on line 1, which comes after it");
  });
});
