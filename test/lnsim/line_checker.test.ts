import { describe, expect, it } from "vitest";
import { Violation } from "../../host/lnsim/checkers.js";
import { LineChecker } from "../../host/lnsim/line_checker.js";
import type { SimLine, SimSwap } from "../../host/lnsim/row.js";
import type { ChannelInfo } from "../../host/node/answers.js";
import type { EnergyInfo } from "../../host/node/energy_answers.js";
import type { NodeEvent } from "../../host/node/node_event.js";

// A line whose ends only say what they are told to say: every checker has to speak up when the one thing is wrong that
// it is there for. What judges of evidence find is tested with real ends (test/evidence).

/** 10 mWh from n0 to n1 are agreed from 120 on; in the two intervals before, 5 went there, and 3 back. */
class Puppets {
  readonly energy = [true, false].map((holderIsNode1) => ({
    holderIsNode1,
    parametersHash: new Uint8Array(32),
    closedUntil: 120,
    arrearsMsat: 0n,
    totalForthMwh: 5n,
    totalBackMwh: 3n,
    capacityMwh: 20n,
    priceCapMsatPerKwh: 10_000_000_000n,
    holderCreditMsat: 60_000n,
    counterpartyCreditMsat: 60_000n,
    positions: [{ start: 120, flowMwh: 10n, promisedMwh: 10n }],
  }));
  readonly channels = [60_000_000n, 40_000_000n].map((holderMsat, i) => ({
    state: "normal",
    fault: 0,
    holderMsat,
    counterpartyMsat: 100_000_000n - holderMsat,
    holderReserveSat: i === 0 ? 59_960n : 1_000n,
    counterpartyReserveSat: i === 0 ? 1_000n : 59_960n,
    fundingSat: 100_000n,
  }));
  readonly events: Partial<NodeEvent>[] = [
    { kind: "interval closed", channel: 0, start: 0, until: 60, meteredMwh: 5n },
    { kind: "interval closed", channel: 0, start: 60, until: 120, meteredMwh: -3n },
    { kind: "sent", part: 1 },
  ];
  readonly countedMwh = new Map([
    [0, 5n],
    [60, -3n],
  ]);
  readonly swaps: SimSwap[] = [];
  exact = true;
  private readonly checker: LineChecker;

  constructor() {
    const ends = [0, 1].map((i) => {
      const node = {
        energy: () => this.energy[i] as unknown as EnergyInfo,
        channel: () => this.channels[i] as unknown as ChannelInfo,
        evidence: () => undefined,
      };
      return {
        name: `n${i}`,
        starts: 1,
        told: (kind: string) => (i === 0 ? this.events.filter((event) => event.kind === kind) : []),
        node,
        try: (body: (live: typeof node) => unknown) => body(node),
      };
    });
    const line = { ends, numbers: [0, 0], countedMwh: this.countedMwh } as unknown as SimLine;
    const payer = ends[0] as unknown as SimSwap["payer"];
    this.swaps.push({ payer, part: 1, start: 120, flows: new Map([[line, 10n]]) });
    this.checker = new LineChecker({ lines: [line], swaps: this.swaps, intervalStart: 120 });
  }

  change(end: number, fields: Partial<EnergyInfo>): void {
    Object.assign(this.energy[end] ?? {}, fields);
  }

  both(fields: Partial<EnergyInfo>): void {
    for (const end of [0, 1]) this.change(end, fields);
  }

  violation(): string {
    try {
      this.checker.checkRest(this.exact);
      this.checker.checkEnd();
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

  it("expect nothing that was not asked for, and not all of it where something was in the way", () => {
    const puppets = new Puppets();
    puppets.exact = false;
    puppets.events.push({ kind: "problem", code: -27, message: 42003, channel: 0 });
    puppets.both({ positions: [{ start: 120, flowMwh: 4n, promisedMwh: 4n }] });
    expect(puppets.violation()).toBe("");
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
    ["money that is lost", (p) => Object.assign(p.channels[1] ?? {}, { holderMsat: 1n }), "holds 60000001 msat"],
    ["a channel that has failed", (p) => Object.assign(p.channels[1] ?? {}, { state: "failed" }), "is failed, fault 0"],
    ["a line above its rating", (p) => p.both({ capacityMwh: 9n }), "above the rating"],
    [
      "promises above credit and what is free",
      (p) => p.both({ holderCreditMsat: 59_999n, counterpartyCreditMsat: 59_999n }),
      "n0: the holder has promised 100000 msat, covered are 99999",
    ],
    ["energy that nobody swapped", (p) => p.swaps.splice(0), "10 mWh in 120, swaps asked for 0 to 0"],
    ["energy of a swap that was not paid", (p) => p.events.pop(), "10 mWh in 120, swaps agreed 0"],
    ["a protocol error", (p) => p.events.push({ kind: "problem", code: -2, message: 7, channel: 0 }), "problem -2"],
    [
      "a protocol error that no disturbance explains",
      (p) => {
        p.exact = false;
        p.events.push({ kind: "problem", code: -11, message: 132, channel: 0 });
      },
      "problem -11 with message 132",
    ],
    ["an interval that nobody rolls", (p) => p.both({ closedUntil: 60 }), "closed until 60"],
    ["totals that nobody rolled", (p) => p.both({ totalForthMwh: 6n }), "totals 6 and 3"],
    ["totals back that nobody rolled", (p) => p.both({ totalBackMwh: 4n }), "totals 5 and 4"],
    ["an interval that is rolled otherwise", (p) => p.countedMwh.set(60, -4n), "rolled -3 mWh from 60, counted -4"],
    ["an interval that is rolled twice", (p) => Object.assign(p.events[1] ?? {}, { start: 0 }), "has rolled 0 twice"],
    ["no rolls at all", (p) => p.events.splice(0, 2), "totals 5 and 3 mWh, rolled were 0 and 0"],
    [
      "arrears that could be paid",
      (p) => {
        p.both({ arrearsMsat: -7n });
        Object.assign(p.channels[1] ?? {}, { holderReserveSat: 1_000n });
      },
      "-7 msat of arrears are left",
    ],
  ])("%s", (_, spoil, message) => {
    const puppets = new Puppets();
    spoil(puppets);
    expect(puppets.violation()).toContain(message);
  });
});
