import { OcmfError, quote } from "./errors.js";
import { JsonNumber } from "./json.js";
import type { Json, JsonObject } from "./json.js";

/** TM, Table 7: an ISO 8601 time with milliseconds and zone, and how far the clock can be trusted (Table 19). */
export interface ReadingTime {
  readonly text: string;
  /** Milliseconds since 1970-01-01T00:00:00Z. */
  readonly epochMs: number;
  /** U unknown, I informative, S synchronized, R relative. */
  readonly sync: "U" | "I" | "S" | "R";
}

/** A decimal number kept exactly: coefficient * 10^-scale. */
export interface Decimal {
  /** As the record writes it, without surrounding spaces. */
  readonly text: string;
  readonly coefficient: bigint;
  readonly scale: number;
}

/** One entry of RD, Table 7, with the fields it leaves out filled in from the entry before it. */
export interface Reading {
  readonly time: ReadingTime;
  /** TX: why the reading was taken; fiscal readings have none. */
  readonly reason?: string;
  /** RV; absent where the entry only reports an event. */
  readonly value?: Decimal;
  /** RI: OBIS code of the register. */
  readonly register?: string;
  /** RU: "kWh", "Wh", ... */
  readonly unit?: string;
  /** RT: "AC" or "DC". */
  readonly currentType?: string;
  /** EF: "E" energy unusable, "t" time unusable. */
  readonly errorFlags: string;
  /** ST, Table 10: "G" is good. */
  readonly status: string;
}

const TIME = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d),(\d{3})([+-])(\d\d)(\d\d) ([UISR])$/;

/** @throws OcmfError naming `field` */
export function parseTime(text: string, field: string): ReadingTime {
  const match = TIME.exec(text);
  if (!match) throw new OcmfError(field, `is not a time like 2026-06-21T00:15:00,000+0000 S: ${quote(text)}`);
  const [, ...parts] = match;
  const [year, month, day, hour, minute, second, ms] = parts.slice(0, 7).map(Number) as Seven;
  const wall = new Date(Date.UTC(year, month - 1, day, hour, minute, second, ms));
  // Date.UTC carries 31 June into July; a date that does not come back as it was is none.
  const iso = `${text.slice(0, 19)}.${text.slice(20, 23)}Z`;
  if (Number.isNaN(wall.getTime()) || wall.toISOString() !== iso) {
    throw new OcmfError(field, `names no date of the calendar: ${quote(text)}`);
  }
  const zoneMinutes = Number(match[9]) * 60 + Number(match[10]);
  if (Number(match[10]) > 59 || zoneMinutes > 14 * 60) throw new OcmfError(field, `has no such zone: ${quote(text)}`);
  const offsetMs = (match[8] === "-" ? -zoneMinutes : zoneMinutes) * 60_000;
  return { text, epochMs: wall.getTime() - offsetMs, sync: match[11] as ReadingTime["sync"] };
}

type Seven = [number, number, number, number, number, number, number];

const NUMBER = /^(-?)(\d{1,30})(?:\.(\d{1,18}))?(?:[eE]([+-]?\d{1,2}))?$/;
const MAX_SCALE = 18;

/**
 * RV as a JSON number, or as a string padded with spaces: the standard asks for a number, meters in the field write
 * both. At most 30 digits before and 18 after the point.
 * @throws OcmfError naming `field`
 */
export function parseDecimal(value: Json, field: string): Decimal {
  const source = value instanceof JsonNumber ? value.text : value;
  if (typeof source !== "string") throw new OcmfError(field, "is not a number");
  const text = source.replace(/^ +| +$/g, "");
  const match = NUMBER.exec(text);
  if (!match) throw new OcmfError(field, `is not a decimal number: ${quote(source)}`);
  const [, sign, whole = "", fraction = "", exponent = "0"] = match;
  const scale = fraction.length - Number(exponent);
  if (scale > MAX_SCALE || scale < -MAX_SCALE)
    throw new OcmfError(field, `has too large an exponent: ${quote(source)}`);
  const digits = BigInt(whole + fraction) * 10n ** BigInt(Math.max(0, -scale));
  return { text, coefficient: sign === "-" ? -digits : digits, scale: Math.max(0, scale) };
}

/** Energy of a reading in attowatt-hours (10^-18 Wh): exact for every RV that parses. `undefined`: not an energy. */
export function energyAwh(reading: Reading): bigint | undefined {
  if (!reading.value) return undefined;
  const decimals = reading.unit === "kWh" ? MAX_SCALE + 3 : reading.unit === "Wh" ? MAX_SCALE : undefined;
  if (decimals === undefined) return undefined;
  return reading.value.coefficient * 10n ** BigInt(decimals - reading.value.scale);
}

/** Value groups A to F of an OBIS code in OCMF's hexadecimal notation, e.g. 01-00:01.08.00*FF. */
const OBIS =
  /^([0-9A-F]{1,2})-([0-9A-F]{1,2}):([0-9A-F]{1,2})\.([0-9A-F]{1,2})\.([0-9A-F]{1,2})(?:[.*]([0-9A-F]{1,3}))?$/i;

export interface Register {
  readonly direction: "import" | "export";
  /** Starts again at 0 with every transaction (Table 25: B2, B3, C2, C3), so it may fall between two records. */
  readonly perTransaction: boolean;
}

/** Which way an energy register counts: C is 01 or B0-B3 for import, 02 or C0-C3 for export (Table 25). */
export function registerOf(obis: string | undefined): Register | undefined {
  const match = obis === undefined ? null : OBIS.exec(obis);
  if (!match || parseInt(match[4] ?? "", 16) !== 8) return undefined;
  const groupC = parseInt(match[3] ?? "", 16);
  if (groupC === 0x01 || (groupC >= 0xb0 && groupC <= 0xb3)) {
    return { direction: "import", perTransaction: groupC === 0xb2 || groupC === 0xb3 };
  }
  if (groupC === 0x02 || (groupC >= 0xc0 && groupC <= 0xc3)) {
    return { direction: "export", perTransaction: groupC === 0xc2 || groupC === 0xc3 };
  }
  return undefined;
}

/** Identifiers of Table 10. */
const STATUS = /^[NGTDRMXIOSEF]$/;

/** The keys that an entry of RD may leave out when the entry before it has the same value. */
const INHERITED = ["TM", "TX", "RI", "RU", "RT", "EF", "ST"] as const;
type Inherited = (typeof INHERITED)[number];

/**
 * Reads RD ("Readings": a field equal to the previous reading's is omitted; RI and RU come and go together).
 * @throws OcmfError naming "RD[i].KEY"
 */
export function parseReadings(value: Json | undefined): Reading[] {
  if (!Array.isArray(value)) throw new OcmfError("RD", value === undefined ? "is missing" : "is not an array");
  if (value.length === 0) throw new OcmfError("RD", "holds no reading");
  const carried = new Map<Inherited, string>();
  return (value as readonly Json[]).map((entry, index) => {
    if (!(entry instanceof Map)) throw new OcmfError(`RD[${index}]`, "is not an object");
    return parseReading(entry as JsonObject, `RD[${index}]`, carried);
  });
}

function parseReading(entry: JsonObject, place: string, carried: Map<Inherited, string>): Reading {
  if (entry.has("RI") !== entry.has("RU")) {
    throw new OcmfError(`${place}.${entry.has("RI") ? "RU" : "RI"}`, "is missing: RI and RU belong together");
  }
  for (const key of INHERITED) {
    const own = entry.get(key);
    if (own === undefined) continue;
    if (typeof own !== "string") throw new OcmfError(`${place}.${key}`, "is not a string");
    carried.set(key, own);
  }
  const time = carried.get("TM");
  if (time === undefined) throw new OcmfError(`${place}.TM`, "is missing");
  const status = carried.get("ST");
  if (status === undefined) throw new OcmfError(`${place}.ST`, "is missing");
  if (!STATUS.test(status)) throw new OcmfError(`${place}.ST`, `is no meter state: ${quote(status)}`);
  const value = entry.get("RV");
  if (value !== undefined && !carried.has("RU")) throw new OcmfError(`${place}.RU`, "is missing");
  const [reason, register, unit, currentType] = (["TX", "RI", "RU", "RT"] as const).map((key) => carried.get(key));
  return {
    time: parseTime(time, `${place}.TM`),
    ...(reason !== undefined && { reason }),
    ...(value !== undefined && { value: parseDecimal(value, `${place}.RV`) }),
    ...(register !== undefined && { register }),
    ...(unit !== undefined && { unit }),
    ...(currentType !== undefined && { currentType }),
    errorFlags: carried.get("EF") ?? "",
    status,
  };
}
