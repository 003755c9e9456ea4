import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { findingLine } from "../../host/inspect/format.js";
import { inspectImage } from "../../host/inspect/image.js";
import { DAMAGE_STRIDE } from "../long/counts.js";
import { erasedFrom, flipped, forged } from "./damage.js";
import { ImageBuilder, busyMeter } from "./image_builder.js";

const lines = (image: Uint8Array, sectorBytes = 4096) => inspectImage(image, sectorBytes).findings.map(findingLine);
const receiptsIn = (image: Uint8Array, sectorBytes = 4096) =>
  inspectImage(image, sectorBytes).records.map(({ text }) => text);

describe("a damaged image", () => {
  const small = busyMeter(12, 8, 1024);

  it("with any one bit changed is still read, and the place is named", () => {
    for (let at = 0; at < small.image.length; at += DAMAGE_STRIDE) {
      const spot = { sector: Math.floor(at / 1024), offset: at % 1024 };
      const image = flipped(small, spot, at % 8);
      const { findings } = inspectImage(image, 1024);
      const named = findings.some(({ sector, offset }) => sector === spot.sector && (offset ?? 0) <= spot.offset);
      expect(named, `${spot.sector}:${spot.offset} ${findings.map(findingLine).join("; ")}`).toBe(true);
    }
  });

  it("loses only what is damaged", () => {
    const meter = new ImageBuilder();
    meter.record();
    const spot = { ...meter.profile.end };
    for (let i = 0; i < 5; i++) meter.record();
    const image = flipped(meter, { ...spot, offset: spot.offset + 20 }, 3);
    expect(receiptsIn(image)).toEqual(meter.receipts.filter((_, at) => at !== 1));
    expect(lines(image)).toEqual([
      `fault: records sector 6 offset ${spot.offset}: the checksum of an entry of type 2 and 136 bytes is wrong; ` +
        `read on at ${spot.offset + 144}`,
      `fault: records sector 6 offset ${spot.offset + 144}: record F3: PG F3 follows F1: 1 missing between them`,
      `fault: records sector 6 offset ${spot.offset + 144}: record F3: U.H is not the hash of the record before`,
    ]);
    expect(inspectImage(image, 4096).records.map(({ reachable }) => reachable)).toEqual([
      true,
      ...Array(4).fill(false),
    ]);
  });

  it("reads a sector whose header is whole in one copy", () => {
    const meter = busyMeter(9, 8, 1024);
    for (const bit of [0, 1, 2, 3, 4, 5, 6, 7]) {
      for (let offset = 0; offset < 24; offset++) {
        const image = flipped(meter, { sector: 5, offset }, bit);
        expect(receiptsIn(image, 1024)).toEqual(meter.receipts);
        expect(lines(image, 1024)).toEqual([
          `fault: records sector 5 offset 0: header: the ${offset < 12 ? "first" : "second"} copy is wrong`,
        ]);
      }
    }
  });

  it.each([
    ["journal", 5],
    ["eventLog", 7],
    ["profile", 9],
  ] as const)("with a torn tail keeps what is before it: %s", (ring, bytes) => {
    const meter = busyMeter(7);
    const before = inspectImage(meter.image, 4096);
    const end = meter[ring].end;
    const image = Buffer.from(meter.image);
    image.fill(0x00, end.sector * 4096 + end.offset + 4, end.sector * 4096 + end.offset + bytes);
    const report = inspectImage(image, 4096);
    expect(report.state).toEqual(before.state);
    expect(report.records).toEqual(before.records);
    expect(report.events).toEqual(before.events);
    const { region } = report.findings[0] ?? {};
    expect(report.findings.map(findingLine)).toEqual([
      `note: ${region} sector ${end.sector} offset ${end.offset}: an erased entry head has something written behind it: ` +
        "the tail is torn, as by a power cut",
    ]);
  });

  it("falls back to the last closed checkpoint", () => {
    const meter = busyMeter(7);
    const before = inspectImage(meter.image, 4096);
    meter.journal.begin(false);
    const report = inspectImage(meter.image, 4096);
    expect(report.state).toEqual(before.state);
    expect(report.findings.map(findingLine)).toEqual([
      "note: journal sector 1: its checkpoint is not closed: power failed while it was written",
    ]);
    const garbled = Buffer.from(meter.image).fill(0x5a, 4096, 8192);
    expect(lines(garbled)).toEqual([
      "note: journal sector 1: has no valid header: power failed while it was erased or begun",
    ]);
  });

  it("shows a sector that was erased, or stands at another's place", () => {
    const meter = busyMeter(150, 16, 1024);
    const erased = erasedFrom(meter, { sector: 9, offset: 0 });
    expect(lines(erased, 1024)).toContain(
      "fault: records sector 9: is erased, while its neighbours in the ring are in use",
    );
    const swapped = Buffer.from(meter.image);
    meter.image.copy(swapped, 7 * 1024, 8 * 1024, 9 * 1024);
    meter.image.copy(swapped, 8 * 1024, 7 * 1024, 8 * 1024);
    expect(lines(swapped, 1024).filter((line) => line.includes("out of turn")).length).toBeGreaterThan(0);
    const foreign = Buffer.from(meter.image);
    meter.image.copy(foreign, 9 * 1024, 0, 1024);
    expect(lines(foreign, 1024)).toContain(
      "fault: records sector 9 offset 0: carries the header of another region, TLJ1",
    );
    const blank = Buffer.from(meter.image).fill(0xff, 0, 3 * 1024);
    expect(lines(blank, 1024)).toContain("fault: image: the region journal is blank and others are not");
    const dead = Buffer.from(meter.image).fill(0x00, 0, 3 * 1024);
    expect(lines(dead, 1024).slice(0, 2)).toEqual([
      "fault: journal: no sector holds a closed checkpoint",
      "fault: journal sector 0 offset 0: has no valid header",
    ]);
  });

  it("tells when it is cut off or read with the wrong sector size", () => {
    const { image } = busyMeter(40);
    expect(lines(image, 8192)).toContain(
      "fault: image: has headers 4096 bytes apart: sectors of 8192 bytes are unlikely",
    );
    expect(lines(image.subarray(0, 100_000))[0]).toMatch(/^fault: image: ends with 1696 bytes that make no sector/);
    expect(lines(image.subarray(0, 7 * 4096))).toEqual(["fault: image: has 7 sectors of 4096 bytes; 8 are needed"]);
    for (const bytes of [0, -4096, 511, 513, 1.5, NaN]) {
      expect(lines(image, bytes)[0]).toBe(`fault: image: sectors of ${bytes} bytes are not possible`);
    }
  });

  it("of any bytes is read without throwing, in time", () => {
    const meters = [small, busyMeter(30, 8, 512)];
    const edits = fc.array(fc.tuple(fc.nat(), fc.uint8Array({ minLength: 1, maxLength: 300 })), { maxLength: 8 });
    fc.assert(
      fc.property(fc.constantFrom(...meters), edits, fc.constantFrom(512, 1024, 4096), (meter, list, sectorBytes) => {
        const image = Buffer.from(meter.image);
        for (const [place, bytes] of list)
          image.set(bytes.subarray(0, image.length - (place % image.length)), place % image.length);
        const started = performance.now();
        expect(() => JSON.stringify(lines(image, sectorBytes))).not.toThrow();
        expect(performance.now() - started).toBeLessThan(2000);
      }),
      { numRuns: 300 },
    );
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 4096, maxLength: 20_000 }), (bytes) => {
        expect(lines(bytes, 512).length).toBeGreaterThan(0);
      }),
      { numRuns: 200 },
    );
  });
});

describe("a forged image, its checksums made to fit, shows", () => {
  /** Where each entry begins that `write` makes. */
  function spotsOf(meter: ImageBuilder, ring: "journal" | "eventLog" | "profile", writes: (() => void)[]) {
    return writes.map((write) => {
      const spot = { ...meter[ring].end };
      write();
      return spot;
    });
  }

  it("an event that was altered", () => {
    const meter = new ImageBuilder();
    const [, second = meter.eventLog.end] = spotsOf(
      meter,
      "eventLog",
      [1, 2, 3].map((kind) => () => meter.addEvent(kind)),
    );
    const image = forged(meter, second, (payload) => payload.writeUInt16LE(5, 4));
    expect(lines(image)).toEqual([
      `fault: events sector 4 offset ${second.offset}: event 2: its hash does not follow from the event before`,
    ]);
    // Its own hash made to fit as well: the next event still carries the true one.
    const rehashed = forged(meter, second, (payload) => {
      const [first] = inspectImage(meter.image, 4096).events;
      payload.writeUInt16LE(5, 4);
      const head = payload.subarray(0, 32);
      createHash("sha256")
        .update(first?.hash ?? "", "hex")
        .update(head)
        .digest()
        .copy(payload, 32);
    });
    expect(lines(rehashed)).toEqual([
      `fault: events sector 4 offset ${second.offset + 72}: event 3: its hash does not follow from the event before`,
    ]);
  });

  it("an event that was taken out, or the first of a sector", () => {
    const meter = busyMeter(60);
    const { events, findings } = inspectImage(meter.image, 4096);
    expect(findings).toEqual([]);
    expect(new Set(events.map(({ sector }) => sector)).size).toBe(2);
    const middle = events[10] ?? { sector: 0, offset: 0 };
    // Renumbered as the one before it: as if it had never been.
    const image = forged(meter, middle, (payload) => payload.writeUInt32LE(10, 0));
    expect(lines(image)[0]).toBe(`fault: events sector 4 offset ${middle.offset}: event 10 follows event 10`);
    const first = events.find(({ sector }) => sector === 5) ?? { sector: 0, offset: 0 };
    const altered = forged(meter, first, (payload) => payload.writeBigInt64LE(99n, 24));
    expect(lines(altered)[0]).toMatch(/its hash does not follow from the event before$/);
  });

  it("a checkpoint of the event log that names another event", () => {
    const meter = busyMeter(60);
    const image = forged(meter, { sector: 5, offset: 24 }, (payload) => payload.writeUInt32LE(3, 0));
    expect(lines(image)[0]).toMatch(
      /^fault: events sector 5 offset 24: the checkpoint names event 3 as the newest, not/,
    );
    const hash = forged(meter, { sector: 5, offset: 24 }, (payload) => payload.fill(1, 8));
    expect(lines(hash)[0]).toMatch(/^fault: events sector 5 offset 24: the checkpoint has another hash for event/);
  });

  it("a record that was altered: the next one's hash, or the journal's, does not fit", () => {
    const meter = new ImageBuilder();
    const spots = spotsOf(
      meter,
      "profile",
      [1, 2, 3].map(() => () => meter.record()),
    );
    const [, second = meter.profile.end, third = meter.profile.end] = spots;
    const more = (payload: Buffer) => payload.writeBigUInt64LE(payload.readBigUInt64LE() + 1n);
    expect(lines(forged(meter, second, more))).toEqual([
      `fault: records sector 6 offset ${third.offset}: record F3: U.H is not the hash of the record before`,
    ]);
    expect(lines(forged(meter, third, more))).toEqual([
      "fault: image: the journal has another hash for the newest record F3",
      "fault: image: the registers 369, 21 are below those of F3, 370, 21",
    ]);
  });

  it("a record that nothing can be made of", () => {
    const meter = new ImageBuilder();
    const [spot = meter.profile.end] = spotsOf(meter, "profile", [() => meter.record()]);
    const cases: [(payload: Buffer) => unknown, string][] = [
      [(payload) => payload.writeUInt8(0x58, 30), "RECORD belongs to no context"],
      [(payload) => payload.writeUInt8(0x54, 30), "RECORD has a TX that does not fit its context"],
      [(payload) => payload.writeUInt8(0x42, 31), "RECORD has a TX that does not fit its context"],
      [(payload) => payload.writeUInt8(0x58, 32), "RECORD names no state of the clock"],
      [(payload) => payload.writeBigInt64LE(-1n, 16), "RECORD names no time: -1 ms"],
      [(payload) => payload.writeUInt32LE(0, 24), "RECORD has the page F0"],
    ];
    for (const [alter, message] of cases) {
      expect(lines(forged(meter, spot, alter))).toEqual([`fault: records sector 6 offset ${spot.offset}: ${message}`]);
    }
    const context = forged(meter, { sector: 6, offset: 24 }, (payload) => payload.writeUInt32LE(0, 4));
    expect(lines(context)).toEqual([
      "fault: records sector 6 offset 24: CONTEXT has a meter constant of 0 imp/kWh",
      `fault: records sector 6 offset ${spot.offset}: record F1 cannot be rebuilt: its CONTEXT cannot be read`,
    ]);
  });

  it("a journal that contradicts itself", () => {
    const meter = new ImageBuilder();
    meter.record();
    const [spot = meter.journal.end] = spotsOf(meter, "journal", [() => meter.registers([500, 500], 1n)]);
    meter.registers([501, 500], 2n);
    const back = forged(meter, spot, (payload) => payload.writeBigUInt64LE(502n));
    expect(lines(back)).toEqual([
      `fault: journal sector 0 offset ${spot.offset + 32}: REGISTERS: the registers went back from 502, 500 to 501, 500`,
    ]);
  });
});
