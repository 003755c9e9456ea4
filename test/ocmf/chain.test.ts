import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { recordHash } from "../../host/ocmf/chain.js";
import { parseRecord } from "../../host/ocmf/parse.js";
import { kwhText } from "../../host/ocmf/tieline.js";
import { verifyChain } from "../../host/ocmf/verify.js";
import { METER_RECORD, ownChain, ownPayload, signRecord } from "./fixtures.js";
import type { OwnRecord } from "./fixtures.js";

/** Problems as "index field: message". */
function problems(lines: readonly string[]): string[] {
  return verifyChain(lines.map(parseRecord)).map(({ index, field, message }) => `${index} ${field}: ${message}`);
}

const CHAIN = ownChain(6);
const without = (at: number) => CHAIN.filter((_, index) => index !== at);

/** A chain in which record F4 differs, and the hashes after it are made to fit. */
const differing = (change: Partial<OwnRecord>) => problems(ownChain(5, (page) => (page === 4 ? change : {})));

describe("a chain", () => {
  it("that is whole has no problems, whichever page it starts at", () => {
    expect(problems(CHAIN)).toEqual([]);
    expect(problems(CHAIN.slice(3))).toEqual([]);
    expect(problems([])).toEqual([]);
  });

  it("shows a removed record by its page and by the hash", () => {
    expect(problems(without(2))).toEqual([
      "2 PG: F4 follows F2: 1 missing between them",
      "2 U.H: is not the hash of the record before",
    ]);
  });

  it("shows a removed record even where the pages were renumbered and signed anew", () => {
    const forged = signRecord(ownPayload({ page: "F3", interval: 4, pulses: [492, 28], previous: CHAIN[2] ?? "" }));
    expect(problems([...CHAIN.slice(0, 2), forged])).toEqual(["2 U.H: is not the hash of the record before"]);
  });

  it("shows swapped records", () => {
    const [a = "", b = "", c = "", ...rest] = CHAIN;
    const found = problems([a, c, b, ...rest]);
    expect(found).toContain("1 PG: F3 follows F1: 1 missing between them");
    expect(found).toContain("2 PG: F2 follows F3: out of order");
    expect(found).toContain('2 RD[0].TM: is earlier than the record before, "2026-06-21T00:45:00,000+0000 S"');
    expect(found).toContain("2 RD[0].RV: the register 01-00:01.08.00*FF went back from 0.369000 kWh to 0.246000 kWh");
    expect(found).toContain("2 U.P[0]: the pulse register went back from 369 to 246");
  });

  it("shows a duplicated record", () => {
    const [a = "", b = "", ...rest] = CHAIN;
    expect(problems([a, b, b, ...rest])).toEqual([
      "2 PG: F2 follows F2: the page occurs twice",
      "2 U.H: is not the hash of the record before",
    ]);
  });

  it("shows an altered record by the hash of the next", () => {
    const altered = CHAIN.map((line, index) => (index === 2 ? line.replace('"CF":"0', '"CF":"1') : line));
    expect(problems(altered)).toEqual(["3 U.H: is not the hash of the record before"]);
    const resigned = CHAIN.map((line, index) => (index === 2 ? line.replace(/.."\}$/, '00"}') : line));
    expect(problems(resigned)).toEqual(["3 U.H: is not the hash of the record before"]);
  });

  it("shows any one record removed, and any two swapped", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 0, max: 4 }), (removed, swapped) => {
        expect(problems(without(removed))).not.toEqual([]);
        const lines = [...CHAIN];
        lines.splice(swapped, 2, CHAIN[swapped + 1] ?? "", CHAIN[swapped] ?? "");
        expect(problems(lines)).not.toEqual([]);
      }),
    );
  });

  it("shows registers that go back", () => {
    expect(differing({ pulses: [368, 28] })).toEqual([
      "3 U.P[0]: the pulse register went back from 369 to 368",
      "3 RD[0].RV: the register 01-00:01.08.00*FF went back from 0.369000 kWh to 0.368000 kWh",
    ]);
    expect(differing({ pulses: [492, 20] })).toEqual([
      "3 U.P[1]: the pulse register went back from 21 to 20",
      "3 RD[1].RV: the register 01-00:02.08.00*FF went back from 0.021000 kWh to 0.020000 kWh",
    ]);
  });

  it("shows readings that the pulses do not give", () => {
    const message = (text: string) => [`3 RD[0].RV: is "${text}" "kWh" where the pulses give 0.492000 kWh`];
    expect(differing({ importKwh: "0.492001" })).toEqual(
      message("0.492001").map((line) => line.replace('"kWh"', "kWh")),
    );
    expect(differing({ importKwh: "0.49200" })).toEqual(message("0.49200").map((line) => line.replace('"kWh"', "kWh")));
  });

  it("shows a register that is left out", () => {
    const payload = ownPayload().replaceAll("01-00:02.08", "01-00:03.08");
    expect(problems([signRecord(payload)])).toEqual(["0 RD: holds no export register"]);
  });

  it("shows a clock that goes back, another meter, another constant", () => {
    expect(differing({ interval: 2 })).toEqual([
      '3 RD[0].TM: is earlier than the record before, "2026-06-21T00:45:00,000+0000 S"',
      '3 RD[0].TM: is earlier than "2026-06-21T00:45:00,000+0000 S" of the same register',
      '3 RD[1].TM: is earlier than "2026-06-21T00:45:00,000+0000 S" of the same register',
    ]);
    expect(differing({ interval: 3 })).toEqual([]);
    expect(differing({ serial: "TL0000000002" })).toEqual([
      '3 MS: another meter: "TL0000000002" after "TL0000000001"',
      '4 MS: another meter: "TL0000000001" after "TL0000000002"',
    ]);
    expect(differing({ constant: 500 })).toContain("3 U.C: the meter constant changed from 1000 to 500 imp/kWh");
  });

  it("shows what the meter itself calls unusable", () => {
    expect(differing({ status: "M", quality: 16 })).toEqual([
      "3 RD[0].ST: the meter's state is M, not G (good)",
      "3 RD[1].ST: the meter's state is M, not G (good)",
    ]);
    const unusable = METER_RECORD.replace('"EF" : ""', '"EF" : "Et"');
    expect(problems([unusable])).toEqual(["0 RD[0].EF: the meter marks the energy as unusable"]);
    expect(problems([unusable.replace("Et", "t")])).toEqual([]);
    expect(differing({ errorFlags: "E" })).toContain("3 RD[1].EF: the meter marks the energy as unusable");
  });

  it("begins with zeros for a hash at page 1, and only there", () => {
    expect(problems([signRecord(ownPayload({ page: "F1", previous: "x" }))])).toEqual([
      "0 U.H: names a previous record, but F1 is the first page",
    ]);
    expect(problems([signRecord(ownPayload({ page: "F9" }))])).toEqual([
      "0 U.H: names no previous record, but F9 is not the first page",
    ]);
  });

  it("of each context is counted by itself", () => {
    const transaction = METER_RECORD.replace("1DZG0033016911", "TL0000000001");
    const next = transaction.replace('"T6"', '"T7"').replace('"TX" : "B"', '"TX" : "E"');
    expect(problems([CHAIN[0] ?? "", transaction, CHAIN[1] ?? "", next])).toEqual([]);
    expect(problems([transaction, CHAIN[0] ?? "", next.replace('"T7"', '"T8"')])).toEqual([
      "2 PG: T8 follows T6: 1 missing between them",
    ]);
  });

  it("lets a register of one transaction start again", () => {
    const pair = (register: string) => METER_RECORD.replace("01-00:01", `01-00:${register}`);
    const end = (record: string) => record.replace('"T6"', '"T7"').replace('"B"', '"E"').replace("3.988", "1.000");
    expect(problems([pair("B2"), end(pair("B2"))])).toEqual([]);
    expect(problems([pair("B0"), end(pair("B0"))])).toHaveLength(1);
  });

  it("never throws on records that parse", () => {
    const record = fc.record({
      page: fc.constantFrom("F1", "F2", "T1", "F99999999999999999999", "F0"),
      interval: fc.integer({ min: -1000, max: 1000 }),
      pulses: fc.tuple(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), fc.nat()),
      constant: fc.integer({ min: 1, max: 100000 }),
      importKwh: fc.constantFrom("1e18", '" -7"', "0.5", "0"),
      previous: fc.constantFrom("", "x"),
      status: fc.constantFrom("G", "M"),
      quality: fc.integer({ min: 0, max: 255 }),
      clock: fc.constantFrom("U", "I", "S"),
      reason: fc.constantFrom("B", "T", "E", "Q", ""),
    });
    const list = fc.array(
      record.map((change) => `OCMF|${ownPayload(change)}|{"SD":""}`),
      { maxLength: 6 },
    );
    fc.assert(
      fc.property(list, (lines) => Array.isArray(problems(lines))),
      { numRuns: 1000 },
    );
  });
});

it("energy is floored to 1 mWh", () => {
  expect(kwhText(0n, 1000n)).toBe("0.000000");
  expect(kwhText(1n, 3n)).toBe("0.333333");
  expect(kwhText(2n, 3n)).toBe("0.666666");
  expect(kwhText(1n, 10_000_000n)).toBe("0.000000");
  expect(kwhText(2n ** 64n - 1n, 1000n)).toBe("18446744073709551.615000");
});

it("the hash of a record covers header and signature", () => {
  // SHA-256 of "abc": FIPS 180-2, appendix B.1.
  expect(recordHash("abc")).toBe("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  expect(parseRecord(CHAIN[1] ?? "").tieline?.previousHash).toBe(recordHash(CHAIN[0] ?? ""));
});
