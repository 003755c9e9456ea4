import { createHash } from "node:crypto";
import type { Finding } from "./errors.js";
import { quote } from "./errors.js";
import { pageText } from "./parse.js";
import type { OcmfRecord, TielineKey } from "./parse.js";
import { energyAwh, registerOf } from "./reading.js";
import type { Reading } from "./reading.js";

/** Something that a sequence of records contradicts itself in; `index` counts from 0 in the list that was checked. */
export interface ChainProblem extends Finding {
  readonly index: number;
}

/** Page of a meter's first record, and what it has for a previous hash. */
const FIRST_PAGE = 1n;
const NO_PREVIOUS = "0".repeat(64);

/** U.H of the record that follows `text`: SHA-256 of the whole record in UTF-8, 64 lower-case hex digits. */
export function recordHash(text: string): string {
  return createHash("sha256").update(text, "utf8").digest("hex");
}

/**
 * Checks that records, in the order given, are one meter's unbroken account ("Pagination": each context counts by 1;
 * "Signing and Verification Process": nothing removed or added, one source, no unusable quantity). Per context: pages,
 * previous hash, meter serial, times and registers; per record: the meter's state, and for Tieline meters that the
 * readings follow from the pulse registers. It may start at any page: what came before is not claimed. Signatures are
 * verifyRecord's.
 * @returns problems in the order of the records; empty if all holds
 */
export function verifyChain(records: readonly OcmfRecord[]): ChainProblem[] {
  const contexts = new Map<string, Context>();
  return records.flatMap((record, index) => {
    const name = record.pagination.context;
    const context = contexts.get(name) ?? new Context();
    contexts.set(name, context);
    return [...checkState(record), ...checkPulses(record), ...context.append(record)].map((finding) => ({
      index,
      ...finding,
    }));
  });
}

/** What the records of one pagination context have shown so far. */
class Context {
  private previous: OcmfRecord | undefined;
  private readonly registers = new Map<string, Reading>();

  append(record: OcmfRecord): Finding[] {
    const { previous } = this;
    this.previous = record;
    const readings = record.readings.flatMap((reading, at) => this.appendReading(reading, at));
    if (!previous) return [...checkFirst(record), ...readings];
    const findings = [...checkPage(previous, record), ...checkSameMeter(previous, record)];
    if (record.readings[0].time.epochMs < previous.readings[0].time.epochMs) {
      const before = quote(previous.readings[0].time.text);
      findings.push({ field: "RD[0].TM", message: `is earlier than the record before, ${before}` });
    }
    return [...findings, ...readings];
  }

  /** Times and energy of one register never go back, neither within a record nor between two. */
  private appendReading(reading: Reading, at: number): Finding[] {
    const register = reading.register ?? "";
    const last = this.registers.get(register);
    this.registers.set(register, reading);
    if (!last) return [];
    const findings: Finding[] = [];
    if (reading.time.epochMs < last.time.epochMs) {
      findings.push({
        field: `RD[${at}].TM`,
        message: `is earlier than ${quote(last.time.text)} of the same register`,
      });
    }
    const [before, now] = [energyAwh(last), energyAwh(reading)];
    if (before !== undefined && now !== undefined && now < before && !registerOf(register)?.perTransaction) {
      const fall = `${last.value?.text} ${last.unit} to ${reading.value?.text} ${reading.unit}`;
      findings.push({ field: `RD[${at}].RV`, message: `the register ${register} went back from ${fall}` });
    }
    return findings;
  }
}

function checkFirst({ pagination, tieline }: OcmfRecord): Finding[] {
  if (!tieline || (pagination.number === FIRST_PAGE) === (tieline.previousHash === NO_PREVIOUS)) return [];
  const page = pageText(pagination);
  const message =
    pagination.number === FIRST_PAGE
      ? `names a previous record, but ${page} is the first page`
      : `names no previous record, but ${page} is not the first page`;
  return [{ field: "U.H", message }];
}

function checkPage(previous: OcmfRecord, record: OcmfRecord): Finding[] {
  const step = record.pagination.number - previous.pagination.number;
  if (step === 1n) return [];
  const pages = `${pageText(record.pagination)} follows ${pageText(previous.pagination)}`;
  const what = step === 0n ? "the page occurs twice" : step < 0n ? "out of order" : `${step - 1n} missing between them`;
  return [{ field: "PG", message: `${pages}: ${what}` }];
}

function checkSameMeter(previous: OcmfRecord, record: OcmfRecord): Finding[] {
  const findings: Finding[] = [];
  if (record.serial !== previous.serial) {
    const change = `${quote(record.serial)} after ${quote(previous.serial)}`;
    findings.push({ field: record.meterSerial === undefined ? "GS" : "MS", message: `another meter: ${change}` });
  }
  if (!record.tieline !== !previous.tieline) {
    findings.push({ field: "MV", message: "another kind of meter than in the record before" });
  }
  if (record.tieline && previous.tieline) findings.push(...checkTieline(previous.tieline, record.tieline));
  if (record.tieline && record.tieline.previousHash !== recordHash(previous.text)) {
    findings.push({ field: "U.H", message: "is not the hash of the record before" });
  }
  return findings;
}

function checkTieline(previous: TielineKey, now: TielineKey): Finding[] {
  const findings: Finding[] = [];
  if (now.constantImpPerKwh !== previous.constantImpPerKwh) {
    const change = `${previous.constantImpPerKwh} to ${now.constantImpPerKwh}`;
    findings.push({ field: "U.C", message: `the meter constant changed from ${change} imp/kWh` });
  }
  for (const at of [0, 1] as const) {
    if (now.pulses[at] < previous.pulses[at]) {
      const change = `${previous.pulses[at]} to ${now.pulses[at]}`;
      findings.push({ field: `U.P[${at}]`, message: `the pulse register went back from ${change}` });
    }
  }
  return findings;
}

/**
 * A record can be genuine and say of itself that it must not be billed. EF "t" alone is let pass: it qualifies the
 * time, which stands in the record for all to see, not the energy.
 */
function checkState(record: OcmfRecord): Finding[] {
  return record.readings.flatMap((reading, at) => {
    const findings: Finding[] = [];
    if (reading.status !== "G") {
      findings.push({ field: `RD[${at}].ST`, message: `the meter's state is ${reading.status}, not G (good)` });
    }
    if (reading.errorFlags.includes("E")) {
      findings.push({ field: `RD[${at}].EF`, message: "the meter marks the energy as unusable" });
    }
    return findings;
  });
}

/** Tieline: RV is the pulse register over the meter constant, floored to 1 mWh, in kWh with 6 decimals. */
export function kwhText(pulses: bigint, constantImpPerKwh: bigint): string {
  const energyMwh = (pulses * 1_000_000n) / constantImpPerKwh;
  return `${energyMwh / 1_000_000n}.${(energyMwh % 1_000_000n).toString().padStart(6, "0")}`;
}

function checkPulses({ readings, tieline }: OcmfRecord): Finding[] {
  if (!tieline) return [];
  const findings: Finding[] = [];
  const seen = new Set<string>();
  readings.forEach((reading, at) => {
    const direction = registerOf(reading.register)?.direction;
    if (direction === undefined || reading.value === undefined) return;
    seen.add(direction);
    const expected = kwhText(tieline.pulses[direction === "import" ? 0 : 1], tieline.constantImpPerKwh);
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
