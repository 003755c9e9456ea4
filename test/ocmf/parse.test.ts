import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { OcmfError, printable } from "../../host/ocmf/errors.js";
import { JsonNumber, parseJsonObject } from "../../host/ocmf/json.js";
import { MAX_RECORD_CHARS, parseRecord } from "../../host/ocmf/parse.js";
import { energyAwh, parseDecimal, parseTime, registerOf } from "../../host/ocmf/reading.js";
import { METER_RECORD, ownPayload, signRecord } from "./fixtures.js";

/** The finding of a record that must not parse, as "field: message". */
function fault(text: string): string {
  try {
    parseRecord(text);
  } catch (error) {
    if (error instanceof OcmfError) return `${error.field}: ${error.message}`;
    throw error;
  }
  return "parsed";
}

const OWN = signRecord(ownPayload());

describe("a record", () => {
  it("of a meter in the field parses, its padded value read exactly", () => {
    const record = parseRecord(METER_RECORD);
    expect(record.pagination).toEqual({ context: "T", number: 6n });
    expect(record).toMatchObject({ serial: "1DZG0033016911", meterVendor: "DZG", formatVersion: "1.0" });
    expect(record.tieline).toBeUndefined();
    expect(record.readings).toHaveLength(1);
    expect(record.readings[0].value).toEqual({ text: "3.988", coefficient: 3988n, scale: 3 });
    expect(record.readings[0].time).toEqual({
      text: "2021-07-20T17:37:52,000+0200 I",
      epochMs: Date.parse("2021-07-20T15:37:52Z"),
      sync: "I",
    });
  });

  it("of ours parses with the vendor key and inherited fields", () => {
    const record = parseRecord(OWN);
    expect(record.tieline).toEqual({
      constantImpPerKwh: 1000n,
      pulses: [123n, 0n],
      intervalS: 900n,
      qualityFlags: 0,
      lossBound: { seconds: 10n, wh: 10n },
      previousHash: "0".repeat(64),
    });
    expect(record.readings.map(({ value }) => value?.text)).toEqual(["0.123000", "0.000000"]);
    expect(record.readings[1]).toMatchObject({ currentType: "AC", errorFlags: "" });
    expect(record.payload).toBe(ownPayload());
  });

  it("keeps pulse registers beyond 2^53", () => {
    const record = parseRecord(signRecord(ownPayload({ pulses: [2n ** 64n - 1n, 0] })));
    expect(record.tieline?.pulses[0]).toBe(18446744073709551615n);
    expect(fault(OWN.replace("[123,", "[18446744073709551616,"))).toMatch(/^U\.P\[0\]: is not a whole number/);
  });

  it.each([
    ["", "header: "],
    ["OCMF", "sections: "],
    ["OCMF|{}", "sections: "],
    [`${OWN}|x`, "sections: are 4"],
    [OWN.replace("OCMF", "0CMF"), 'header: is not "OCMF": "0CMF"'],
    [OWN.replace('{"FV"', '"FV"'), "payload: is not valid JSON, at its character 5"],
    [OWN.replace('"PG":"F1"', '"PG":"F01"'), 'PG: is not a page like F12: "F01"'],
    [OWN.replace('"PG":"F1"', '"PG":"X1"'), "PG: is not a page"],
    [OWN.replace('"PG":"F1",', ""), "PG: is missing"],
    [OWN.replace('"PG":"F1"', '"PG":1'), "PG: is not a string"],
    [OWN.replace('"FV":"1.3"', '"FV":"2.0"'), "FV: is not a known format version"],
    [OWN.replace('"MM":"T1"', '"MM":"T1","MM":"T2"'), "payload: names a key twice"],
    [OWN.replace('"MM":"T1"', '"MM":"T1","\\u004dM":"T2"'), "payload: names a key twice"],
    [OWN.replaceAll(/"[GM]S":"[^"]*",/g, ""), "MS: is missing"],
    [OWN.replace(/"RD":.*?\],"U"/, '"RD":[],"U"'), "RD: holds no reading"],
    [OWN.replace(/"RD":.*?\],"U"/, '"RD":[7],"U"'), "RD[0]: is not an object"],
    [OWN.replace(/"RD":.*?\],"U"/, '"RD":{},"U"'), "RD: is not an array"],
    [OWN.replace(/"TM":"[^"]*",/, ""), "RD[0].TM: is missing"],
    [OWN.replace("2026-06-21T00:15:00,000+0000 S", "2026-06-31T00:15:00,000+0000 S"), "RD[0].TM: names no date"],
    [OWN.replace("00:15:00,000+0000 S", "00:15:00.000Z"), "RD[0].TM: is not a time"],
    [OWN.replace('"RV":0.123000', '"RV":"1,5"'), 'RD[0].RV: is not a decimal number: "1,5"'],
    [OWN.replace('"RV":0.123000', '"RV":null'), "RD[0].RV: is not a number"],
    [OWN.replace('"RU":"kWh","ST"', '"ST"'), "RD[1].RU: is missing: RI and RU belong together"],
    [OWN.replace('"ST":"G"', '"ST":"Q"'), "RD[0].ST: is no meter state"],
    [OWN.replace('"U":{', '"X":{'), "U: is missing"],
    [OWN.replace('"C":1000', '"C":0'), "U.C: is not a whole number"],
    [OWN.replace('"I":900', '"I":-900'), "U.I: is not a whole number"],
    [OWN.replace('"P":[123,0]', '"P":[123]'), "U.P: is not a pair"],
    [OWN.replace('"Q":0,', ""), "U.Q: is not a whole number from 0 to 255"],
    [OWN.replace('"Q":0', '"Q":256'), "U.Q: is not a whole number from 0 to 255"],
    [OWN.replace('"Q":0', '"Q":true'), "U.Q: is not a whole number"],
    [OWN.replace('"B":[10,10],', ""), "U.B: is not a pair"],
    [OWN.replace('"B":[10,10]', '"B":[10,10,10]'), "U.B: is not a pair"],
    [OWN.replace('"B":[10,10]', '"B":[10,-1]'), "U.B[1]: is not a whole number"],
    [OWN.replace("0".repeat(64), "0".repeat(63)), "U.H: is not a SHA-256"],
    [OWN.replace('"SA"', '"SE":"base32","SA"'), "SE: is neither"],
    [OWN.replace('"SA"', '"SM":"text/plain","SA"'), "SM: is not"],
    [OWN.replace('"SD"', '"AD"'), "SD: is missing"],
    [`OCMF|[1]|{}`, "payload: is not a JSON object"],
    [`OCMF|${'{"a":'.repeat(20)}1${"}".repeat(20)}|{}`, "payload: is nested deeper than 16 levels"],
    [`OCMF|${"[".repeat(30_000)}${"]".repeat(30_000)}|{}`, "payload: is nested deeper than 16 levels"],
    [`OCMF|${" ".repeat(MAX_RECORD_CHARS)}|{}`, "record: is longer than"],
    [OWN.replace("Tieline m", "\ud800"), "record: is not Unicode text"],
  ])("is refused, naming the field: case %#", (text, expected) => {
    expect(fault(text).slice(0, expected.length)).toBe(expected);
  });

  it("with keys such as __proto__ changes no object", () => {
    const record = parseRecord(OWN.replace('"FV"', '"__proto__":{"polluted":1},"constructor":{"prototype":2},"FV"'));
    expect(record.fields.has("__proto__")).toBe(true);
    expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
    expect((record as unknown as Record<string, unknown>)["polluted"]).toBeUndefined();
  });

  it("of any text parses or is refused with an OcmfError", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 300 }), (text) => fault(text) !== ""),
      { numRuns: 500 },
    );
    fc.assert(
      fc.property(
        fc.json({ maxDepth: 6 }),
        fc.json(),
        (payload, signature) => fault(`OCMF|${payload}|${signature}`) !== "",
      ),
      { numRuns: 500 },
    );
  });

  it("of ours with a damaged place parses or is refused with an OcmfError", () => {
    const at = fc.nat(OWN.length - 1);
    fc.assert(
      fc.property(at, fc.nat(20), fc.string({ unit: "binary", maxLength: 4 }), (start, cut, inserted) => {
        return fault(OWN.slice(0, start) + inserted + OWN.slice(start + cut)) !== "";
      }),
      { numRuns: 1000 },
    );
  });
});

describe("JSON", () => {
  it("is read as JSON.parse reads it, but for numbers", () => {
    const plain = (value: unknown): unknown => {
      if (value instanceof JsonNumber) return Number(value.text);
      if (value instanceof Map) return Object.fromEntries([...value].map(([key, item]) => [key, plain(item)]));
      return Array.isArray(value) ? value.map(plain) : value;
    };
    fc.assert(
      fc.property(
        fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 4 })),
        fc.constantFrom(0, 1, 3),
        (value, indent) => {
          const text = JSON.stringify(value, null, indent);
          expect(plain(parseJsonObject(text, "test"))).toEqual(JSON.parse(text));
        },
      ),
      { numRuns: 1000 },
    );
  });

  it("keeps the text of a number, and takes no string for one", () => {
    const value = parseJsonObject('{"a":[-1.50e+3,0.10],"n1":"n2","s":"\\"9\\\\"}', "test");
    expect(value.get("a")).toEqual([new JsonNumber("-1.50e+3"), new JsonNumber("0.10")]);
    expect(value.get("n1")).toBe("n2");
    expect(value.get("s")).toBe('"9\\');
  });
});

describe("a reading", () => {
  it.each([
    ["2935.600", 2935600n, 3],
    ["  0012", 12n, 0],
    ["-0.5 ", -5n, 1],
    ["1.5e3", 1500n, 0],
    ["15E-1", 15n, 1],
  ])("has the value %j exactly", (text, coefficient, scale) => {
    expect(parseDecimal(text, "RV")).toEqual({ text: text.trim(), coefficient, scale });
  });

  it.each(["", "1.", ".5", "+1", "0x10", "1e99", "NaN", "1 000", `0.${"0".repeat(19)}`])("has no value %j", (text) => {
    expect(() => parseDecimal(text, "RV")).toThrow(OcmfError);
  });

  it("compares in one unit", () => {
    const [kwh, wh, seconds] = ["kWh", "Wh", "sec"].map((unit) =>
      energyAwh({ ...parseRecord(OWN).readings[0], value: parseDecimal("1.5", "RV"), unit }),
    );
    expect(kwh).toBe(1_500n * 10n ** 18n);
    expect(wh).toBe(15n * 10n ** 17n);
    expect(seconds).toBeUndefined();
  });

  it("has its time in its zone", () => {
    expect(parseTime("2018-07-24T13:22:04,250-0330 R", "TM").epochMs).toBe(Date.parse("2018-07-24T16:52:04.250Z"));
    expect(() => parseTime("2018-07-24T13:22:04,000+1500 S", "TM")).toThrow("no such zone");
    expect(() => parseTime("2018-07-24T24:00:00,000+0000 S", "TM")).toThrow("no date");
  });

  it("counts the way its OBIS code says", () => {
    expect(registerOf("01-00:01.08.00*FF")).toEqual({ direction: "import", perTransaction: false });
    expect(registerOf("1-0:2.8.0")).toEqual({ direction: "export", perTransaction: false });
    expect(registerOf("01-00:B2.08.00*FF")).toEqual({ direction: "import", perTransaction: true });
    expect(registerOf("01-00:c1.08.00*FF")).toEqual({ direction: "export", perTransaction: false });
    expect(registerOf("01-00:01.07.00*FF")).toBeUndefined();
    expect(registerOf("energy")).toBeUndefined();
  });
});

it("foreign text cannot steer a terminal", () => {
  expect(printable("a\u001b[2J\u009b\u202e\ud800é😀")).toBe("a\\u001b[2J\\u009b\\u202e\\ud800é😀");
});
