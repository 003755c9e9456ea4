import { describe, expect, it } from "vitest";
import { Entropy } from "../../host/board/entropy.js";
import { KeyStore } from "../../host/board/key_store.js";
import { availableEngines } from "../../host/engine/index.js";
import { imageLines } from "../../host/inspect/format.js";
import { inspectImage } from "../../host/inspect/image.js";
import { readMetrology } from "../../host/metrology/module.js";
import { decodeNote, type Note, type NoteRequest } from "../../host/metrology/note.js";
import { EmulatedMeter } from "../../host/sim/emulated_meter.js";
import { CONFIG, MIDNIGHT } from "../driver/meter_client.js";
import { hashOf } from "../driver/note_client.js";
import { ImageBuilder } from "./image_builder.js";

const START = MIDNIGHT / 1000;
const INTERVAL_S = 900;
const at = (interval: number): number => START + interval * INTERVAL_S;
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

describe.each(availableEngines())("notes in the flash that the firmware leaves on $name", (engine) => {
  const meter = new EmulatedMeter(engine, readMetrology(), KeyStore.generate(new Entropy("seller")), {
    ...CONFIG,
    ratingW: 10_000,
  });
  const given: { request: NoteRequest; note: Note }[] = [];
  const ask = (interval: number, energyMwh: bigint, change: Partial<NoteRequest> = {}): void => {
    const paymentHash = hashOf(given.length);
    const request = { kind: "receipt", side: "sells", intervalStart: at(interval), energyMwh, paymentHash } as const;
    const asked = { ...request, ...change };
    const note = meter.note(asked);
    if (typeof note === "number") throw new Error(`interval ${interval}: ${note}`);
    given.push({ request: asked, note: decodeNote(note) });
  };
  meter.start(MIDNIGHT);
  for (let interval = 1; interval <= 40; interval++) {
    meter.run(-8_000_000, interval * INTERVAL_S * 1000 + 60_000);
    if (interval === 20) {
      meter.cutPower();
      meter.restorePower();
      meter.setClock(MIDNIGHT + interval * INTERVAL_S * 1000 + 60_000, "S");
    }
    ask(interval, 1000n);
    if (interval > 1) ask(interval - 1, BigInt(interval) * 10_000n);
    ask(interval + 3, 500n, { kind: "promise" });
    ask(interval + 1, 7n, { kind: "promise", side: "buys" });
  }
  const report = inspectImage(meter.flash.image(), meter.flash.sectorBytes);

  it("are read without a finding, as they left", () => {
    expect(report.findings.filter(({ severity }) => severity === "fault")).toEqual([]);
    expect(report.state?.noteBook.notes).toEqual(
      given.slice(-16).map(({ request, note }) => ({
        paymentHash: hex(request.paymentHash),
        intervalStart: request.intervalStart,
        kind: request.kind,
        side: request.side,
        energyMwh: note.energyMwh,
        issuedMwh: note.issuedMwh,
      })),
    );
    // The sector in force is not the first: its checkpoint has brought the totals along.
    expect(
      report.regions[0]?.sectors.find(({ index }) => index === report.regions[0]?.inForce)?.sequence,
    ).toBeGreaterThan(2);
  });

  it("have totals that are the sums of what left, of the last 24 intervals", () => {
    const total = (start: number, side: NoteRequest["side"]): bigint =>
      given
        .filter(({ request }) => request.intervalStart === start && request.side === side)
        .reduce((sum, { request }) => sum + request.energyMwh, 0n);
    const starts = Array.from({ length: 24 }, (_, i) => at(20 + i));
    expect(report.state?.noteBook.totals).toEqual(
      starts.map((start) => ({
        intervalStart: start,
        soldMwh: total(start, "sells"),
        boughtMwh: total(start, "buys"),
      })),
    );
    expect(report.context?.ratingW).toBe(10_000);
  });
});

describe("a journal with notes", () => {
  const notesOf = (write: (meter: ImageBuilder) => void) => {
    const meter = new ImageBuilder();
    meter.record();
    write(meter);
    const report = inspectImage(meter.image, meter.sectorBytes);
    const faults = report.findings.filter(({ severity }) => severity === "fault").map(({ message }) => message);
    return { report, faults, book: report.state?.noteBook };
  };

  it("is shown: totals, kept notes, and from where on notes are given", () => {
    const { report, faults, book } = notesOf((meter) => {
      meter.totals = [meter.issued([at(1), 500, 0], [at(3), 0, 20])];
      meter.notes = [meter.note(1, at(1), 0, 500, 500)];
      meter.journal.begin();
      meter.note(2, at(3), 3, 5, 25);
    });
    expect(faults).toEqual([]);
    expect(book?.totals.map(({ soldMwh, boughtMwh }) => [soldMwh, boughtMwh])).toEqual([
      [500n, 0n],
      [0n, 25n],
    ]);
    expect(imageLines(report)).toEqual(
      expect.arrayContaining([
        "issued: notes for 2 intervals",
        "  2026-06-22T00:15:00.000Z sold 500 mWh, bought 0 mWh",
        "  2026-06-22T00:45:00.000Z sold 0 mWh, bought 25 mWh",
        `  receipt 2026-06-22T00:15:00.000Z sells 500 mWh, 500 in all, for ${book?.notes[0]?.paymentHash}`,
        `  promise 2026-06-22T00:45:00.000Z buys 5 mWh, 25 in all, for ${book?.notes[1]?.paymentHash}`,
      ]),
    );
  });

  it("is contradicted by totals that are not the sum, hashes that come twice, and intervals long gone", () => {
    const total = notesOf((meter) => {
      meter.note(1, at(1), 0, 500, 500);
      meter.note(2, at(1), 0, 100, 599);
      meter.note(3, at(1), 0, 100, 499);
    });
    expect(total.faults).toEqual([
      `NOTE: of 100 mWh takes the total of ${at(1)} from 500 to 599 mWh`,
      `NOTE: of 100 mWh takes the total of ${at(1)} from 599 to 499 mWh`,
    ]);
    const twice = notesOf((meter) => {
      meter.note(1, at(1), 0, 500, 500);
      meter.note(1, at(2), 0, 400, 400);
    });
    expect(twice.faults).toEqual([expect.stringMatching(/^NOTE: is the second one for [0-9a-f]{64}$/)]);
    const early = notesOf((meter) => {
      for (let i = 2; i < 27; i++) meter.note(i, at(i), 0, 5, 5);
      meter.note(1, at(2), 0, 500, 500);
    });
    expect(early.faults).toEqual([`NOTE: is for ${at(2)}, before all of 24 totals`]);
    expect(notesOf((meter) => meter.note(1, at(1), 4, 500, 500)).faults).toEqual(["NOTE: is of the unknown kind 4"]);
  });

  it("is contradicted by a checkpoint that has less than its notes, or what it cannot have", () => {
    const less = notesOf((meter) => {
      meter.notes = [meter.note(1, at(1), 0, 500, 500)];
      meter.totals = [meter.issued([at(1), 499, 0])];
      meter.journal.begin();
    });
    expect(less.faults).toEqual([`NOTE: says 500 mWh of ${at(1)}, its total 499 mWh`]);
    const wrong = (...totals: readonly (readonly [number, number, number])[]) =>
      notesOf((meter) => {
        meter.totals = [meter.issued(...totals)];
        meter.journal.begin();
      }).faults;
    expect(wrong([at(1), 1, 0], [at(1), 2, 0])).toEqual([`ISSUED: has the interval ${at(1)} twice`]);
    expect(wrong()).toEqual(["ISSUED has 0 bytes, not 24"]);
    const many = notesOf((meter) => {
      const six = (from: number) => meter.issued(...Array.from({ length: 6 }, (_, i) => [at(from + i), 1, 0] as const));
      meter.totals = [six(1), six(7), six(13), six(19), meter.issued([at(25), 1, 0])];
      meter.journal.begin();
    });
    expect(many.faults).toEqual(["ISSUED: has more than 24 intervals"]);
  });
});
