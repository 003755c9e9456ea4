import type { Finding } from "./errors.js";
import { OcmfError, quote } from "./errors.js";
import { JsonNumber } from "./json.js";
import type { Json, JsonObject } from "./json.js";
import type { OcmfRecord } from "./parse.js";
import { registerOf } from "./reading.js";

const U64_MAX = 2n ** 64n - 1n;

/** Bits of U.Q: what a reading's interval has seen. */
export const QUALITY = {
  unsynchronised: 1,
  clockSet: 2,
  powerGap: 4,
  incomplete: 8,
  tampered: 16,
  rateAlarm: 32,
} as const;

const QUALITY_TEXTS: readonly (readonly [number, string])[] = [
  [QUALITY.unsynchronised, "clock not synchronised"],
  [QUALITY.clockSet, "clock set"],
  [QUALITY.powerGap, "power gap"],
  [QUALITY.incomplete, "incomplete interval"],
  [QUALITY.tampered, "tampered"],
  [QUALITY.rateAlarm, "rate alarm"],
];

/** The flags in words; a bit without a meaning is named by its value. */
export function qualityTexts(flags: number): string[] {
  const known = QUALITY_TEXTS.filter(([bit]) => (flags & bit) !== 0).map(([, text]) => text);
  const rest = QUALITY_TEXTS.reduce((left, [bit]) => left & ~bit, flags);
  return rest === 0 ? known : [...known, `unknown flags ${rest}`];
}

/** Vendor key U of a Tieline meter: from which counts the readings come, how good they are, what went before. */
export interface TielineKey {
  /** C: impulses per kWh. */
  readonly constantImpPerKwh: bigint;
  /** P: pulse registers, import and export (u64). */
  readonly pulses: readonly [imported: bigint, exported: bigint];
  /** I: delivery interval, seconds; 0 in a record of a transaction. */
  readonly intervalS: bigint;
  /** Q: bits of QUALITY, 0..255. */
  readonly qualityFlags: number;
  /** B: what a power cut can cost at most, whichever comes first. */
  readonly lossBound: { readonly seconds: bigint; readonly wh: bigint };
  /** H: SHA-256 of the whole previous record, 64 lower-case hex digits; zeros in the first record. */
  readonly previousHash: string;
}

/** @throws OcmfError naming "U" or "U.KEY" */
export function parseTielineKey(value: Json | undefined): TielineKey {
  if (!(value instanceof Map)) throw new OcmfError("U", value === undefined ? "is missing" : "is not an object");
  const vendor = value as JsonObject;
  const [imported, exported] = pair(vendor, "P", "pulse registers, import and export");
  const [seconds, wh] = pair(vendor, "B", "bounds, seconds and Wh");
  const previousHash = vendor.get("H");
  if (typeof previousHash !== "string" || !/^[0-9a-fA-F]{64}$/.test(previousHash)) {
    throw new OcmfError("U.H", "is not a SHA-256 value of 64 hex digits");
  }
  return {
    constantImpPerKwh: unsigned(vendor.get("C"), "U.C", 1n),
    pulses: [unsigned(imported, "U.P[0]", 0n), unsigned(exported, "U.P[1]", 0n)],
    intervalS: unsigned(vendor.get("I"), "U.I", 0n),
    qualityFlags: Number(unsigned(vendor.get("Q"), "U.Q", 0n, 255n)),
    lossBound: { seconds: unsigned(seconds, "U.B[0]", 0n), wh: unsigned(wh, "U.B[1]", 0n) },
    previousHash: previousHash.toLowerCase(),
  };
}

function pair(vendor: JsonObject, key: string, what: string): readonly [Json | undefined, Json | undefined] {
  const value = vendor.get(key);
  if (!Array.isArray(value) || value.length !== 2) throw new OcmfError(`U.${key}`, `is not a pair of ${what}`);
  return [value[0] as Json, value[1] as Json];
}

function unsigned(value: Json | undefined, field: string, min: bigint, max = U64_MAX): bigint {
  const text = value instanceof JsonNumber ? value.text : "";
  const number = /^\d{1,20}$/.test(text) ? BigInt(text) : -1n;
  if (number < min || number > max) {
    throw new OcmfError(field, `is not a whole number from ${min} to ${max === U64_MAX ? "2^64 - 1" : max}`);
  }
  return number;
}

/** RV of a pulse register: pulses over the meter constant, floored to 1 mWh, in kWh with 6 decimals. */
export function kwhText(pulses: bigint, constantImpPerKwh: bigint): string {
  const energyMwh = (pulses * 1_000_000n) / constantImpPerKwh;
  return `${energyMwh / 1_000_000n}.${(energyMwh % 1_000_000n).toString().padStart(6, "0")}`;
}

/** What one of our records must say besides what OCMF asks of it; nothing for other vendors' records. */
export function checkTieline(record: OcmfRecord): Finding[] {
  const { tieline } = record;
  if (!tieline) return [];
  return [...checkInterval(record, tieline), ...checkPulses(record, tieline), ...checkQuality(record, tieline)];
}

function checkInterval({ pagination }: OcmfRecord, { intervalS }: TielineKey): Finding[] {
  if ((pagination.context === "T") === (intervalS === 0n)) return [];
  const message = pagination.context === "T" ? "is not 0, as in a transaction's record" : "is 0 in a fiscal record";
  return [{ field: "U.I", message }];
}

function checkPulses({ readings }: OcmfRecord, { pulses, constantImpPerKwh }: TielineKey): Finding[] {
  const findings: Finding[] = [];
  const seen = new Set<string>();
  readings.forEach((reading, at) => {
    const direction = registerOf(reading.register)?.direction;
    if (direction === undefined || reading.value === undefined) return;
    seen.add(direction);
    const expected = kwhText(pulses[direction === "import" ? 0 : 1], constantImpPerKwh);
    if (reading.unit !== "kWh" || reading.value.text !== expected) {
      const stated = `${quote(reading.value.text)} ${reading.unit}`;
      findings.push({ field: `RD[${at}].RV`, message: `is ${stated} where the pulses give ${expected} kWh` });
    }
  });
  for (const direction of ["import", "export"]) {
    if (!seen.has(direction)) findings.push({ field: "RD", message: `holds no ${direction} register` });
  }
  return findings;
}

/** U.Q and the fields of OCMF that say the same must agree: ST "M", EF "t", the state of the clock. */
function checkQuality({ readings }: OcmfRecord, { qualityFlags }: TielineKey): Finding[] {
  const has = (flag: number) => (qualityFlags & flag) !== 0;
  return readings.flatMap(({ status, errorFlags, time }, at) => {
    const findings: Finding[] = [];
    const expect = (holds: boolean, key: string, message: string) => {
      if (!holds) findings.push({ field: `RD[${at}].${key}`, message });
    };
    const timeUnusable = has(QUALITY.clockSet) || time.sync === "U";
    const expected = { status: has(QUALITY.tampered) ? "M" : "G", errorFlags: timeUnusable ? "t" : "" };
    expect(status === expected.status, "ST", `is ${status} where U.Q ${qualityFlags} gives ${expected.status}`);
    expect(
      errorFlags === expected.errorFlags,
      "EF",
      `is ${quote(errorFlags)} where U.Q ${qualityFlags} and clock state ${time.sync} give ${quote(expected.errorFlags)}`,
    );
    expect(
      time.sync === "S" || has(QUALITY.unsynchronised),
      "TM",
      `has clock state ${time.sync}, which U.Q ${qualityFlags} conceals`,
    );
    return findings;
  });
}
