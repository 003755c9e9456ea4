import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { Entropy } from "../../host/board/entropy.js";
import { FaultyFlash } from "../../host/board/flash_faults.js";
import { FlashFile } from "../../host/board/flash_file.js";
import { ERASE_STAGES, PowerCut, cutPoints, type EraseStage } from "../../host/board/power_cut.js";

const SECTOR = 512;
const open = (seed = "flash"): FaultyFlash => new FaultyFlash(SECTOR, 4, new Entropy(seed));
const readAll = (flash: FaultyFlash): Uint8Array => {
  const bytes = new Uint8Array(flash.size);
  expect(flash.read(0, bytes)).toBe(true);
  return bytes;
};
const sectorOf = (bytes: Uint8Array, sector: number): Uint8Array =>
  bytes.subarray(sector * SECTOR, (sector + 1) * SECTOR);
const ones = (bytes: Uint8Array): number =>
  bytes.reduce((sum, byte) => sum + byte.toString(2).replaceAll("0", "").length, 0);

/** A flash whose sector 1 held zeros when its erase was stopped, power back on. */
function stoppedErase(stage: EraseStage, seed = "erase"): FaultyFlash {
  const flash = open(seed);
  flash.program(SECTOR, new Uint8Array(SECTOR));
  flash.cutAt({ kind: "erase", index: 0, stage });
  expect(() => flash.erase(1)).toThrow(PowerCut);
  flash.powerOn();
  return flash;
}

describe("a cut in a program", () => {
  it("leaves whole bytes before it, a subset of the bits in the byte in progress, and nothing after", () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 1, maxLength: 40 }),
        fc.uint8Array({ minLength: 40, maxLength: 40 }),
        fc.nat(40),
        fc.string(),
        (data, before, cut, seed) => {
          const flash = open(seed);
          flash.program(100, before);
          const bytes = Math.min(cut, data.length);
          flash.cutAt({ kind: "program", index: 0, bytes });
          expect(() => flash.program(100, data)).toThrow(PowerCut);
          const after = flash.image().subarray(100, 140);
          before.forEach((old, i) => {
            const wanted = i < data.length ? old & (data[i] ?? 0) : old;
            if (i < bytes) expect(after[i]).toBe(wanted);
            else if (i > bytes || i >= data.length) expect(after[i]).toBe(old);
            else {
              const cleared = old & ~(after[i] ?? 0);
              expect(cleared & ~(old & ~wanted)).toBe(0);
              expect(~old & (after[i] ?? 0)).toBe(0);
            }
          });
        },
      ),
      { numRuns: 300 },
    );
  });

  it("tears differently by seed, from nothing to all of the byte", () => {
    const torn = Array.from({ length: 2000 }, (_, i) => {
      const flash = open(`tear ${i}`);
      flash.cutAt({ kind: "program", index: 0, bytes: 0 });
      expect(() => flash.program(0, Uint8Array.of(0xf0))).toThrow(PowerCut);
      return flash.image()[0] ?? 0;
    });
    expect(new Set(torn).size).toBe(16);
    expect(torn.every((byte) => (byte & 0xf0) === 0xf0)).toBe(true);
  });

  it("comes in the k-th program from when it was set, once; till power is back nothing answers", () => {
    const flash = open();
    flash.program(0, Uint8Array.of(1));
    flash.cutAt({ kind: "program", index: 2, bytes: 1 });
    expect(flash.program(600, new Uint8Array(SECTOR))).toBe(false);
    expect(flash.program(1, Uint8Array.of(1))).toBe(true);
    expect(flash.program(2, Uint8Array.of(2))).toBe(true);
    expect(() => flash.program(3, Uint8Array.of(3, 4))).toThrow("power cut during program 2 after 1 of 2 bytes");
    expect(flash.powered).toBe(false);
    expect(() => flash.read(0, new Uint8Array(1))).toThrow(PowerCut);
    expect(() => flash.program(9, Uint8Array.of(0))).toThrow(PowerCut);
    expect(() => flash.erase(0)).toThrow(PowerCut);
    flash.powerOn();
    expect([...readAll(flash).subarray(0, 4)]).toEqual([1, 1, 2, 3]);
    expect(flash.program(9, Uint8Array.of(0))).toBe(true);
    expect(flash.image()[9]).toBe(0);
  });
});

describe("a cut in an erase", () => {
  it("leaves nothing done, some, most, or all of it", () => {
    const [nothing = 0, some = 0, most = 0, all = 0] = ERASE_STAGES.map((stage) =>
      ones(sectorOf(stoppedErase(stage).image(), 1)),
    );
    const bits = SECTOR * 8;
    expect(nothing).toBe(0);
    expect(some).toBeGreaterThan(bits * 0.05);
    expect(some).toBeLessThan(bits * 0.25);
    expect(most).toBeGreaterThan(bits * 0.8);
    expect(most).toBeLessThan(bits);
    expect(all).toBe(bits);
  });

  it.each([1, 2, 3] as const)("at stage %i makes reads differ until the sector is erased again", (stage) => {
    const flash = stoppedErase(stage);
    expect(flash.unstableSectors()).toEqual([1]);
    const [first, second] = [readAll(flash), readAll(flash)];
    expect(sectorOf(first, 1)).not.toEqual(sectorOf(second, 1));
    for (const sector of [0, 2, 3]) expect(sectorOf(first, sector)).toEqual(new Uint8Array(SECTOR).fill(0xff));
    expect(flash.erase(1)).toBe(true);
    expect(flash.unstableSectors()).toEqual([]);
    for (let i = 0; i < 10; i++) expect(readAll(flash)).toEqual(new Uint8Array(flash.size).fill(0xff));
  });

  it("differs only in bits that it was changing, and again the same with the same seed", () => {
    const runs = ["a", "a", "b"].map((seed) => {
      const flash = open(seed);
      const old = new Entropy("old").bytes(SECTOR);
      flash.program(0, old);
      flash.cutAt({ kind: "erase", index: 0, stage: 1 });
      expect(() => flash.erase(0)).toThrow(PowerCut);
      flash.powerOn();
      const reads = Array.from({ length: 5 }, () => readAll(flash));
      for (const read of reads) expect(old.every((byte, i) => ((read[i] ?? 0) & byte) === byte)).toBe(true);
      return reads;
    });
    expect(runs[0]).toEqual(runs[1]);
    expect(runs[0]).not.toEqual(runs[2]);
  });

  it("programmed over, a marginal bit is a sound 0", () => {
    const flash = stoppedErase(3);
    expect(flash.program(SECTOR, new Uint8Array(SECTOR))).toBe(true);
    for (let i = 0; i < 10; i++) expect(ones(sectorOf(readAll(flash), 1))).toBe(0);
  });
});

describe("worn and damaged parts", () => {
  it("a bad sector fails erases and programs, clearing nothing it should not", () => {
    const flash = open();
    flash.markBad(2);
    expect(flash.erase(2)).toBe(false);
    expect(flash.program(2 * SECTOR, new Uint8Array(200).fill(0xf0))).toBe(false);
    const after = flash.image().subarray(2 * SECTOR, 2 * SECTOR + 200);
    expect(after.every((byte) => (byte & 0xf0) === 0xf0)).toBe(true);
    expect(new Set(after).size).toBe(16);
    expect(flash.erase(1)).toBe(true);
    expect(() => flash.markBad(4)).toThrow(RangeError);
  });

  it("a sector lasts as many erases as it endures", () => {
    const flash = open();
    flash.endurance = 3;
    expect([1, 2, 3, 4].map(() => flash.erase(0))).toEqual([true, true, true, false]);
    expect([...flash.eraseCounts]).toEqual([3, 0, 0, 0]);
    expect([flash.program(0, Uint8Array.of(0)), flash.erase(1)]).toEqual([false, true]);
  });

  it("bits flip on demand, both ways", () => {
    const flash = open();
    flash.flipBit(7, 3);
    expect(flash.image()[7]).toBe(0xf7);
    flash.flipBit(7, 3);
    expect(flash.image()[7]).toBe(0xff);
    expect(() => flash.flipBit(4 * SECTOR, 0)).toThrow(RangeError);
    expect(() => flash.flipBit(0, 8)).toThrow(RangeError);
    flash.flipBits(3, 5);
    expect(ones(sectorOf(flash.image(), 3))).toBe(SECTOR * 8 - 5);
  });
});

describe("counting, copying, keeping", () => {
  it("lists a workload's operations and every point at which they can be cut", () => {
    const flash = open();
    const operations = flash.record();
    flash.program(0, Uint8Array.of(1, 2, 3));
    flash.erase(1);
    flash.program(SECTOR - 1, Uint8Array.of(1, 2));
    flash.program(8, Uint8Array.of(4));
    expect(operations).toEqual([
      { kind: "program", offset: 0, length: 3 },
      { kind: "erase", sector: 1 },
      { kind: "program", offset: 8, length: 1 },
    ]);
    expect([flash.programOps, flash.programBytes, flash.eraseOps]).toEqual([2, 4, 1]);
    expect(cutPoints(operations)).toEqual([
      ...[0, 1, 2, 3].map((bytes) => ({ kind: "program", index: 0, bytes })),
      ...[0, 1, 2, 3].map((stage) => ({ kind: "erase", index: 0, stage })),
      ...[0, 1].map((bytes) => ({ kind: "program", index: 1, bytes })),
    ]);
  });

  it("forks are independent and carry wear, bad sectors and marginal bits", () => {
    const flash = stoppedErase(2);
    flash.markBad(3);
    const [a, b] = [flash.fork("x"), flash.fork("x")];
    expect([...a.eraseCounts]).toEqual([0, 1, 0, 0]);
    expect(a.erase(3)).toBe(false);
    expect([readAll(a), readAll(a)]).toEqual([readAll(b), readAll(b)]);
    expect(readAll(flash.fork("y"))).not.toEqual(readAll(b));
    a.erase(1);
    a.program(0, Uint8Array.of(0));
    expect([flash.image()[0], flash.unstableSectors(), b.unstableSectors()]).toEqual([0xff, [1], [1]]);
  });

  const folder = mkdtempSync(join(tmpdir(), "flash-"));
  afterAll(() => rmSync(folder, { recursive: true }));

  it("keeps its contents in a file", () => {
    const file = new FlashFile(join(folder, "part.bin"));
    expect(file.load(SECTOR, 4)).toBeUndefined();
    const flash = open();
    flash.program(700, new Entropy("contents").bytes(300));
    file.save(flash);
    file.save(flash);
    expect(new Uint8Array(file.load(SECTOR, 4) ?? [])).toEqual(flash.image());
    expect(() => file.load(SECTOR, 5)).toThrow(/part\.bin: 2048 bytes, expected 5 sectors of 512 = 2560/);
    writeFileSync(file.path, "");
    expect(() => file.load(SECTOR, 4)).toThrow(/0 bytes/);
    expect(() => new FlashFile(folder).load(SECTOR, 4)).toThrow(/flash file .*EISDIR/);
    expect(() => new FlashFile(join(folder, "none", "x")).save(flash)).toThrow(/flash file .*ENOENT/);
  });
});
