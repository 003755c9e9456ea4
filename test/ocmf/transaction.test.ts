import { describe, expect, it } from "vitest";
import { checkChain } from "../../host/ocmf/chain.js";
import { parseRecord } from "../../host/ocmf/parse.js";
import { qualityTexts } from "../../host/ocmf/tieline.js";
import { METER_RECORD, ownChain, ownPayload, ownTransactions, signRecord } from "./fixtures.js";
import type { OwnRecord } from "./fixtures.js";

function check(lines: readonly string[]) {
  const { problems, notes } = checkChain(lines.map(parseRecord));
  const texts = (list: typeof problems) => list.map(({ index, field, message }) => `${index} ${field}: ${message}`);
  return { problems: texts(problems), notes: texts(notes) };
}

const problems = (lines: readonly string[]) => check(lines).problems;

describe("a transaction", () => {
  it.each(["BE", "BL", "BR", "BA", "BP", "BTE", "BCXSTTE", "BEBTLBP"])("goes from B to its end: %s", (reasons) => {
    expect(check(ownTransactions(reasons))).toEqual({ problems: [], notes: [] });
  });

  it("that begins within another is shown", () => {
    expect(problems(ownTransactions("BTBE"))).toEqual([
      "2 RD[0].TX: begins a transaction before the last one has ended",
    ]);
  });

  it.each([
    ["BEE", "2 RD[0].TX: is E, the end of a transaction that has no beginning"],
    ["BLT", "2 RD[0].TX: is T, amid a transaction that has no beginning"],
    ["EBE", "0 RD[0].TX: is E, the end of a transaction that has no beginning"],
    ["TE", "0 RD[0].TX: is T, amid a transaction that has no beginning"],
  ])("without its beginning is shown: %s", (reasons, message) => {
    expect(problems(ownTransactions(reasons))).toContain(message);
  });

  it("whose beginning or end is not among the records is noted, and no fault", () => {
    const records = ownTransactions("BTTEBT");
    expect(check(records.slice(1))).toEqual({
      problems: [],
      notes: ["0 TX: the records begin within a transaction", "4 TX: the records end within a transaction"],
    });
    expect(check([METER_RECORD]).notes).toEqual(["0 TX: the records end within a transaction"]);
  });

  it("of which records are missing is judged by the pages only", () => {
    const [begin = "", , , end = ""] = ownTransactions("BEBE");
    expect(problems([begin, end])).toEqual([
      "1 PG: T4 follows T1: 2 missing between them",
      "1 U.H: is not the hash of the record before",
    ]);
    const [first = "", , again = ""] = ownTransactions("BEB");
    expect(problems([first, again]).filter((line) => line.includes("TX"))).toEqual([]);
  });

  it("of another vendor may hold several registers in one record, each from B to E", () => {
    const reading = (register: string, reason: string, value: string) =>
      `{"TM":"2021-07-20T17:37:52,000+0200 I","TX":"${reason}","RV":${value},"RI":"01-00:${register}.08.00*FF",` +
      `"RU":"kWh","ST":"G"}`;
    const record = (page: number, ...readings: string[]) =>
      `OCMF|{"PG":"T${page}","MS":"1","IS":false,"IT":"NONE","RD":[${readings.join(",")}]}|{"SD":"00"}`;
    const whole = (page: number) =>
      record(page, ...["B2", "B3"].flatMap((code) => [reading(code, "B", "0.0"), reading(code, "E", "2.0")]));
    expect(problems([whole(1), whole(2)])).toEqual([]);
    // The second register may stand in the last record only.
    expect(
      problems([
        record(1, reading("01", "B", "1.0")),
        record(2, reading("01", "E", "2.0"), reading("B3", "E", "1.0")),
        record(3, reading("01", "B", "2.0")),
        record(4, reading("01", "E", "3.0"), reading("B3", "E", "1.0")),
      ]),
    ).toEqual([]);
    expect(problems([record(1, reading("01", "B", "1.0"), reading("01", "B", "1.0"))])).toEqual([
      "0 RD[1].TX: begins a transaction before the last one has ended",
    ]);
  });

  it("has its fields exactly where there is a transaction", () => {
    const transaction = signRecord(ownPayload({ page: "T1", reason: "B" }));
    expect(problems([transaction])).toEqual([]);
    for (const key of ["IS", "IL", "IF", "IT", "ID"]) {
      const without = transaction.replace(new RegExp(`"${key}":("[^"]*"|false|\\[\\]),`), "");
      expect(problems([without]), key).toEqual([`0 ${key}: is missing from a transaction's record`]);
      const fiscal = signRecord(ownPayload()).replace('"RD"', `"${key}":"","RD"`);
      expect(problems([fiscal]), key).toEqual([`0 ${key}: belongs to a transaction, and the record to none`]);
    }
    expect(problems([transaction.replace(/"T[XT]":"B?",/g, "")])).toEqual([
      "0 RD[0].TX: is missing from a transaction's reading",
      "0 RD[1].TX: is missing from a transaction's reading",
    ]);
    expect(problems([transaction.replaceAll('"TX":"B"', '"TX":"Q"')])).toContain(
      '0 RD[0].TX: is no reason for a reading: "Q"',
    );
    expect(problems([ownChain(1)[0]?.replace('"RV"', '"TX":"B","RV"') ?? ""])).toContain(
      "0 RD[0].TX: belongs to a transaction, and the record to none",
    );
  });

  it("of another vendor may leave out what OCMF lets it", () => {
    const sparse = METER_RECORD.replace(/"IL".*?\],/, "").replace(/"ID" : "[^"]*",/, "");
    expect(problems([sparse])).toEqual([]);
    expect(problems([sparse.replace('"IS" : true,', "")])).toEqual(["0 IS: is missing from a transaction's record"]);
  });
});

describe("fiscal records and transactions of one meter", () => {
  const fiscal = ownChain(3);
  const transactions = ownTransactions("BTE");

  it("may stand mixed, each with its own pages and chain", () => {
    const mixed = fiscal.flatMap((record, at) => [record, transactions[at] ?? ""]);
    expect(check(mixed)).toEqual({ problems: [], notes: [] });
    expect(check([...transactions, ...fiscal])).toEqual({ problems: [], notes: [] });
  });

  it("show a gap of either", () => {
    const without = (lines: string[]) => lines.filter((_, at) => at !== 1);
    expect(problems([...without(fiscal), ...transactions])).toEqual([
      "1 PG: F3 follows F1: 1 missing between them",
      "1 U.H: is not the hash of the record before",
    ]);
    expect(problems([...fiscal, ...without(transactions)])).toEqual([
      "4 PG: T3 follows T1: 1 missing between them",
      "4 U.H: is not the hash of the record before",
    ]);
  });
});

describe("the quality of a reading", () => {
  const one = (change: Partial<OwnRecord>) => problems([signRecord(ownPayload(change))]);

  it.each([
    { quality: 1, clock: "I" },
    { quality: 1, clock: "U", errorFlags: "t" },
    { quality: 2, errorFlags: "t" },
    { quality: 1 },
    { quality: 4 + 8 + 32 },
  ])("agrees with ST, EF and TM: case %#", (change) => {
    expect(one(change)).toEqual([]);
  });

  it.each([
    [{ quality: 16 }, "RD[0].ST: is G where U.Q 16 gives M"],
    [{ status: "M" }, "RD[0].ST: is M where U.Q 0 gives G"],
    [{ quality: 2 }, 'RD[0].EF: is "" where U.Q 2 and clock state S give "t"'],
    [{ errorFlags: "t" }, 'RD[0].EF: is "t" where U.Q 0 and clock state S give ""'],
    [{ quality: 1, clock: "U" }, 'RD[0].EF: is "" where U.Q 1 and clock state U give "t"'],
    [{ clock: "I" }, "RD[0].TM: has clock state I, which U.Q 0 conceals"],
    [{ intervalS: 0 }, "U.I: is 0 in a fiscal record"],
    [{ page: "T1", reason: "B", intervalS: 900 }, "U.I: is not 0, as in a transaction's record"],
  ])("that disagrees is shown: case %#", (change, message) => {
    expect(one(change)).toContain(`0 ${message}`);
  });

  it("lets time go back where the clock was set, and only there", () => {
    const back = (change: Partial<OwnRecord>) =>
      problems(ownChain(4, (page) => (page === 3 ? { interval: 1, ...change } : {})));
    expect(back({ quality: 2, errorFlags: "t" })).toEqual([]);
    expect(back({ quality: 4 }).map((line) => line.slice(0, 11))).toEqual([
      "2 RD[0].TM:",
      "2 RD[0].TM:",
      "2 RD[1].TM:",
    ]);
  });

  it("is no reason to doubt the chain where power was lost", () => {
    expect(problems(ownChain(4, (page) => (page > 2 ? { interval: page + 50, quality: 4 + 8 } : {})))).toEqual([]);
  });

  it("is said in words", () => {
    expect(qualityTexts(0)).toEqual([]);
    expect(qualityTexts(63)).toEqual([
      "clock not synchronised",
      "clock set",
      "power gap",
      "incomplete interval",
      "tampered",
      "rate alarm",
    ]);
    expect(qualityTexts(66)).toEqual(["clock set", "unknown flags 64"]);
  });
});
