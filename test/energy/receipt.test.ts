import { expect } from "vitest";
import { engineByName } from "../../host/engine/index.js";
import { openLocalMeter } from "../../host/metrology/local.js";
import { readMetrology } from "../../host/metrology/module.js";
import { MeterClient, MIDNIGHT, pulseTrain } from "../driver/meter_client.js";
import { ERR, meterKey, meterPoint, onEngines, OUT, receiptText, signedReceipt, type Energy } from "./line.js";

const INTERVAL_MS = 900_000;
const ROUNDS = 100_000;
const POINT = 1024;

interface Made {
  readonly text: string;
  readonly point: Uint8Array;
}

/** Receipts of a meter that counts 3 pulses of import and 5 of export in each interval. */
async function metered(key: Uint8Array, constant: number, intervals: number): Promise<Made[]> {
  const driver = openLocalMeter(engineByName("v8"), readMetrology(), { key });
  const client = new MeterClient(driver);
  await client.boot({ meterConstant: constant });
  const texts = await client.drain(0);
  await client.setClock(0, MIDNIGHT);
  for (let i = 0; i < intervals; i++) {
    const from = i * INTERVAL_MS;
    await client.edges(from, pulseTrain(0, 3, from, 100));
    await client.edges(from + 1000, pulseTrain(1, 5, from + 1000, 100));
    texts.push(...(await client.drain(from + INTERVAL_MS)));
  }
  const point = await driver.publicKey();
  await driver.close();
  return texts.map((text) => ({ text, point }));
}

/** What is read of it, or the code. */
function readReceipt(energy: Energy, text: string | Uint8Array, point: Uint8Array): object | number {
  const at = energy.text(text);
  const code = energy.call(
    "receipt_read",
    at,
    text.length,
    energy.write(energy.data + POINT, point),
    energy.data + OUT,
  );
  if (code < 0) return code;
  const out = energy.read(energy.data + OUT, 32);
  return {
    untilS: out.readUInt32LE(0),
    flags: out.readUInt32LE(4),
    importMwh: out.readBigUInt64LE(8),
    exportMwh: out.readBigUInt64LE(16),
    constant: out.readUInt32LE(24),
  };
}

/** The signature of a receipt, and a length in two hexadecimal digits. */
const derOf = (text: string): string => /"SD":"([0-9a-f]+)"/.exec(text)?.[1] ?? "";
const hexLength = (hex: string): string => (hex.length / 2).toString(16).padStart(2, "0");

/** xorshift32: the same numbers in every run. */
function* numbers(seed: number): Generator<number, never> {
  for (let state = seed; ;) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    yield state >>> 0;
  }
}

onEngines("receipts of a line meter", {
  "what metrology.wasm signs is read, of any meter constant": async (energy) => {
    for (const constant of [1, 7, 1000, 100_000]) {
      const made = await metered(meterKey(3), constant, 4);
      expect(made.length).toBe(4);
      made.forEach(({ text, point }, i) => {
        const pulses = BigInt(i + 1) * 1_000_000n;
        expect(readReceipt(energy, text, point)).toMatchObject({
          untilS: MIDNIGHT / 1000 + (i + 1) * 900,
          importMwh: (3n * pulses) / BigInt(constant),
          exportMwh: (5n * pulses) / BigInt(constant),
          constant,
        });
        expect(readReceipt(energy, text, Buffer.from([...point.subarray(0, 32), 0]))).toBe(ERR.signature);
      });
    }
  },

  "of mutated receipts none is taken": async (energy) => {
    const [{ text, point } = { text: "", point: new Uint8Array() }] = await metered(meterKey(3), 1000, 1);
    expect(readReceipt(energy, text, point)).toMatchObject({ exportMwh: 5000n });
    const original = Buffer.from(text, "latin1");
    const random = numbers(0x51ab);
    const below = (most: number): number => random.next().value % most;
    const codes = new Map<number, number>();
    for (let round = 0; round < ROUNDS; round++) {
      let bytes = Buffer.from(original);
      const place = below(bytes.length + 1);
      const kind = below(5);
      if (kind === 0) bytes.set([(bytes[place] ?? 0) ^ (1 << below(8))], Math.min(place, bytes.length - 1));
      else if (kind === 1) bytes.set([below(256)], Math.min(place, bytes.length - 1));
      else if (kind === 2) bytes = Buffer.concat([bytes.subarray(0, place), bytes.subarray(place + 1 + below(3))]);
      else if (kind === 3)
        bytes = Buffer.concat([bytes.subarray(0, place), Buffer.from([0x30 + below(80)]), bytes.subarray(place)]);
      else bytes = bytes.subarray(0, place);
      if (bytes.equals(original)) continue;
      const result = readReceipt(energy, bytes, point);
      if (typeof result !== "number") throw new Error(`taken: ${bytes.toString("latin1")}`);
      codes.set(result, (codes.get(result) ?? 0) + 1);
    }
    const known = [ERR.truncated, ERR.length, ERR.value, ERR.signature];
    expect([...codes.keys()].filter((code) => !known.includes(code as never))).toEqual([]);
    for (const code of known) expect([code, codes.get(code) ?? 0]).not.toEqual([code, 0]);
  },

  "a key's owner is held to the form, too": (energy) => {
    const key = meterKey(3);
    const reading = { untilS: 1_750_000_500, constant: 1000, imported: 12_345n, exported: 6n };
    const text = receiptText(reading, key);
    const point = meterPoint(3);
    const seen = { untilS: 1_750_000_500, flags: 0, importMwh: 12_345_000n, exportMwh: 6_000n, constant: 1000 };
    expect(readReceipt(energy, text, point)).toEqual(seen);
    const changes: readonly [from: string, to: string][] = [
      ['"RV":12.345000', '"RV":12.345001'],
      ['"RV":12.345000', '"RV":012.345000'],
      ['"RV":0.006000', '"RV":0.006'],
      ['"P":[12345,6]', '"P":[12346,6]'],
      ['"P":[12345,6]', '"P":[12345,06]'],
      ['"P":[12345,6]', '"P":[12345,18446744073709551616]'],
      ['"P":[12345,6]', '"P":[,6]'],
      ['"C":1000', '"C":0'],
      ['"C":1000', '"C":100001'],
      ['"PG":"F7"', '"PG":"T7"'],
      ['"PG":"F7"', '"PG":"F"'],
      ["+0000 S", "+0000 U"],
      ["+0000 S", "+0000 R"],
      [",000+0000", ",500+0000"],
      ["T15:15:00", "T24:15:00"],
      ["T15:15:00", "T15:60:00"],
      ["2025-06-15", "2025-13-15"],
      ["2025-06-15", "2025-06-00"],
      ["2025-06-15", "1969-06-15"],
      ["2025-06-15", "2100-06-15"],
      ['"ST":"G"', '"ST":"T"'],
      ['"EF":""', '"EF":"E"'],
      ['"Q":0', '"Q":4294967296'],
      ['"MV":"Tieline"', '"MV":"Tie\\"line"'],
      ['"MV":"Tieline"', '"MV":"Tie\tline"'],
      ['"FV":"1.3"', '"FV":"1.2"'],
      ['"RU":"kWh"', '"RU":"Wh"'],
      ["5a5a", "5A5A"],
      ["5a5a", "5:5a"],
      ["5a5a", "5`5a"],
      ["5a5a", "5g5a"],
      ['"RD":[{"TM":"2025-06-15T15:15:00', '"RD":[{"TM":"2025-06-15T15:00:00'],
      ['"RD":[{"TM":"2025', '"RD":[{"TM":"2024'],
      ["T15:15:00", "T15:15:60"],
      ["T15:15:00", "T15:1/:00"],
      ["2025-06-15", "2025-06-32"],
      ["2025-06-15", "2025-00-15"],
      ["0000 S", "0000 IS"],
      ['"P":[12345,6]', '"P":[18446744073709551615,6]'],
      ['"RV":12.345000', '"RV":13.345000'],
      ['"RV":12.345000', '"RV":12.3450000'],
      ['"EF":""', '"EF":"tt"'],
      ['"EF":""', '"EF":"E'],
      ['"ST":"G"},{', '"ST":"F"},{'],
      ['"I":900', '"I":'],
      ['"B":[10,1]', '"B":[10,]'],
      ['"MM":"test meter"', '"MM":"test|meter"'],
      ['"MM":"test meter"', '"MM":"test\x7fmeter"'],
      ['"MM":"test meter"', '"MM":"test\x1fmeter"'],
    ];
    for (const [from, to] of changes) {
      const at = text.indexOf(from);
      expect([from, at]).not.toEqual([from, -1]);
      const payload = text.slice(5, text.lastIndexOf("|{")).replaceAll(from, to);
      expect([to, readReceipt(energy, signedReceipt(payload, key), point)]).toEqual([to, ERR.value]);
    }
    expect(readReceipt(energy, signedReceipt(text.slice(5, text.lastIndexOf("|{")), key), point)).toEqual(seen);
    const informative = text
      .slice(5, text.lastIndexOf("|{"))
      .replaceAll("0000 S", "0000 I")
      .replace('"Q":0', '"Q":4294967295');
    expect(readReceipt(energy, signedReceipt(informative, key), point)).toEqual({ ...seen, flags: 4_294_967_295 });
    // What a meter of its own choice writes: no name, the widest ones, an error flag, a tampered register.
    for (const [from, to] of [
      ['"MV":"Tieline"', '"MV":""'],
      ['"MV":"Tieline"', '"MV":" ~}"'],
      ['"EF":""', '"EF":"t"'],
      ['"ST":"G"', '"ST":"M"'],
      ['"PG":"F7"', '"PG":"F18446744073709551609"'],
    ] as const) {
      const payload = text.slice(5, text.lastIndexOf("|{")).replaceAll(from, to);
      expect([to, readReceipt(energy, signedReceipt(payload, key), point)]).toEqual([to, seen]);
    }
    // The largest registers that there are.
    const most = { ...reading, constant: 100_000, imported: 2n ** 64n - 10n, exported: 0n };
    const importMwh = 10n * (2n ** 64n - 10n);
    expect(readReceipt(energy, receiptText(most, key), point)).toBe(importMwh < 2n ** 64n ? 0 : ERR.value);
    const large = { ...reading, constant: 1_000, imported: (2n ** 64n - 1n) / 1000n, exported: 0n };
    expect(readReceipt(energy, receiptText(large, key), point)).toMatchObject({ importMwh: 1000n * large.imported });
  },

  "a signature has one form: two integers in the fewest bytes": (energy) => {
    const [key, point] = [meterKey(3), meterPoint(3)];
    const reading = { untilS: 1_750_000_500, constant: 1000, imported: 12_345n, exported: 6n };
    /** Texts by the lengths of r and s: bytes in front of them, as small integers are rare. */
    const found = new Map<string, string>();
    for (let page = 1; !["33/32", "32/32", "31/32"].every((lengths) => found.has(lengths)); page++) {
      const text = receiptText(reading, key, page);
      const der = Buffer.from(derOf(text), "hex");
      found.set(`${der[3]}/${der[5 + (der[3] ?? 0)]}`, text);
    }
    for (const text of found.values()) {
      expect(readReceipt(energy, text, point)).toMatchObject({ untilS: reading.untilS });
      const der = derOf(text);
      const { r, s } = {
        r: der.slice(8, 8 + 2 * parseInt(der.slice(6, 8), 16)),
        s: der.slice(12 + 2 * parseInt(der.slice(6, 8), 16)),
      };
      const whole = (...parts: readonly string[]): string => {
        const body = parts.map((part) => `02${hexLength(part)}${part}`).join("");
        return `30${hexLength(body)}${body}`;
      };
      expect(whole(r, s)).toBe(der);
      const forms = [
        // Zeros in front that nothing asks for.
        whole(`00${r}`, s),
        whole(r, `00${s}`),
        whole(`0000${r}`, s),
        // Negative, too long, and nothing at all.
        whole(`80${r.slice(2)}`, s),
        whole(r, `ff${s.slice(2)}`),
        whole(`01${r.padStart(64, "0").slice(-64)}`, s),
        whole("", s),
        whole(r, ""),
        whole(r),
        whole(r, s, s),
        der.replace(/^30../, `30${hexLength(der)}`),
        der.replace(/^30..02/, (head) => `${head.slice(0, 4)}03`),
        der.replace(/^30(..)02/, "31$102"),
        `${der}00`,
        der.slice(0, -2),
        der.toUpperCase(),
      ].filter((form) => form !== der);
      for (const form of forms) {
        const code = readReceipt(energy, text.replace(`"${der}"`, `"${form}"`), point);
        expect([form, code]).toEqual([form, ERR.value]);
      }
      // Well-formed, but not of this receipt.
      expect(readReceipt(energy, text.replace(`"${der}"`, `"${whole(r, `3f${s.slice(2)}`)}"`), point)).toBe(
        ERR.signature,
      );
      expect(readReceipt(energy, text.replace(`"${der}"`, `"${whole("00", s)}"`), point)).toBe(ERR.signature);
      expect(readReceipt(energy, text.replace(`"${der}"`, `"${whole("7f", s)}"`), point)).toBe(ERR.signature);
      expect(readReceipt(energy, `${text} `, point)).toBe(ERR.length);
      expect(readReceipt(energy, text.slice(0, -1), point)).toBe(ERR.truncated);
    }
  },

  "times are those of the calendar": (energy) => {
    const point = meterPoint(3);
    const days = [0, 59, 789, 790, 10_956, 10_957, 11_016, 11_017, 20_513, 20_514, 47_481];
    for (const day of days) {
      const untilS = day * 86_400 + 86_399;
      const text = receiptText({ untilS, constant: 1000, imported: 1n, exported: 2n }, meterKey(3));
      expect(readReceipt(energy, text, point)).toMatchObject({ untilS });
    }
  },
});
