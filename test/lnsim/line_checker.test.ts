import { describe, expect, it } from "vitest";
import { Violation } from "../../host/lnsim/checkers.js";
import type { SimLine } from "../../host/lnsim/energy.js";
import { LineChecker } from "../../host/lnsim/line_checker.js";
import type { ChannelInfo } from "../../host/node/answers.js";
import type { EnergyInfo } from "../../host/node/energy_answers.js";
import type { NodeEvent } from "../../host/node/node_event.js";

// A line whose ends only say what they are told to say: every checker has to speak up when the one thing is wrong that
// it is there for.

/** 10 mWh from n0 to n1 are agreed from 120 on; in the two intervals before, 5 went there, and 3 back. */
class Puppets {
  readonly energy = [true, false].map((holderIsNode1) => ({
    holderIsNode1,
    parametersHash: new Uint8Array(32),
    closedUntil: 120,
    arrearsMsat: 7n,
    totalForthMwh: 5n,
    totalBackMwh: 3n,
    capacityMwh: 20n,
    positions: [{ start: 120, flowMwh: 10n }],
    disputed: false,
  }));
  readonly channels = [600_000n, 400_000n].map((holderMsat) => ({ holderMsat, fundingSat: 1_000n }));
  readonly events: Partial<NodeEvent>[] = [
    { kind: "interval closed", channel: 0, start: 0, until: 60, agreedMwh: 4n },
    { kind: "interval closed", channel: 0, start: 60, until: 120, agreedMwh: 0n },
  ];
  readonly agreedMwh = new Map([
    [0, 4n],
    [120, 10n],
  ]);
  readonly countedMwh = new Map([
    [0, 5n],
    [60, -3n],
  ]);
  readonly checker: LineChecker;

  constructor() {
    const ends = [0, 1].map((i) => ({
      name: `n${i}`,
      told: (kind: string) => (i === 0 ? this.events.filter((event) => event.kind === kind) : []),
      node: {
        energy: () => this.energy[i] as unknown as EnergyInfo,
        channel: () => this.channels[i] as unknown as ChannelInfo,
      },
    }));
    const { agreedMwh, countedMwh } = this;
    this.checker = new LineChecker([{ ends, numbers: [0, 0], agreedMwh, countedMwh } as unknown as SimLine]);
  }

  change(end: number, fields: Partial<EnergyInfo>): void {
    Object.assign(this.energy[end] ?? {}, fields);
  }

  both(fields: Partial<EnergyInfo>): void {
    for (const end of [0, 1]) this.change(end, fields);
  }

  violation(): string {
    try {
      this.checker.check();
      this.checker.checkEnd(120);
    } catch (error) {
      if (error instanceof Violation) return error.message;
      throw error;
    }
    return "";
  }
}

describe("checkers of lines", () => {
  it("are content with what is right", () => {
    expect(new Puppets().violation()).toBe("");
  });

  it.each<[string, (puppets: Puppets) => void, string]>([
    [
      "other parameters",
      (p) => p.change(1, { parametersHash: new Uint8Array(32).fill(1) }),
      "differ in parametersHash",
    ],
    ["an interval that one end has rolled", (p) => p.change(1, { closedUntil: 180 }), "differ in closedUntil"],
    ["arrears of one end", (p) => p.change(0, { arrearsMsat: -7n }), "differ in arrearsMsat"],
    ["totals that differ", (p) => p.change(0, { totalForthMwh: 6n }), "differ in totalForthMwh"],
    ["totals back that differ", (p) => p.change(1, { totalBackMwh: 2n }), "differ in totalBackMwh"],
    ["a position of one end", (p) => p.change(1, { positions: [] }), "differ in positions"],
    ["a dispute", (p) => p.change(1, { disputed: true }), "in dispute"],
    ["money that is lost", (p) => Object.assign(p.channels[1] ?? {}, { holderMsat: 1n }), "holds 600001 msat"],
    ["a line above its rating", (p) => p.both({ capacityMwh: 9n }), "above the rating"],
    ["energy that nobody swapped", (p) => p.agreedMwh.delete(120), "10 mWh in 120, swaps agreed 0"],
    ["a protocol error", (p) => p.events.push({ kind: "problem", code: -2, message: 7 }), "problem -2"],
    ["an interval that nobody rolls", (p) => p.both({ closedUntil: 60 }), "closed until 60, not 120"],
    ["totals that nobody counted", (p) => p.both({ totalForthMwh: 6n }), "totals 6 and 3"],
    ["totals back that nobody counted", (p) => p.both({ totalBackMwh: 4n }), "totals 5 and 4"],
    ["an interval that is rolled otherwise", (p) => p.agreedMwh.set(60, 1n), "rolled 0 mWh from 60"],
    ["no rolls at all", (p) => p.events.splice(0), "has rolled nothing"],
  ])("%s", (_, spoil, message) => {
    const puppets = new Puppets();
    spoil(puppets);
    expect(puppets.violation()).toContain(message);
  });
});
