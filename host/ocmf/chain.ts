import { createHash } from "node:crypto";
import type { Finding } from "./errors.js";
import { quote } from "./errors.js";
import { pageText } from "./parse.js";
import type { OcmfRecord } from "./parse.js";
import { energyAwh, registerOf } from "./reading.js";
import type { Reading } from "./reading.js";
import { checkRules } from "./rules.js";
import { QUALITY, checkTieline } from "./tieline.js";
import type { TielineKey } from "./tieline.js";
import { TransactionOrder } from "./transaction.js";

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

export interface ChainReport {
  /** In the order of the records; empty if all holds. */
  readonly problems: ChainProblem[];
  /** No faults, but what a reader must know: transactions whose beginning or end is not among the records. */
  readonly notes: ChainProblem[];
}

/**
 * Checks that records, in the order given, are one meter's unbroken account ("Pagination": each context counts by 1;
 * "Signing and Verification Process": nothing removed or added, one source, no unusable quantity). Per record: the
 * rules of rules.ts and, for Tieline meters, of tieline.ts. Per context, which may stand mixed: pages, previous hash,
 * meter serial, times, registers and the order of transactions. It may start at any page: what came before is not
 * claimed. Gaps in time and unknown times are no faults, as the records tell of them. Signatures are verifyRecord's.
 */
export function checkChain(records: readonly OcmfRecord[]): ChainReport {
  const contexts = new Map<string, Context>();
  const notes: ChainProblem[] = [];
  const problems = records.flatMap((record, index) => {
    const name = record.pagination.context;
    const context = contexts.get(name) ?? new Context();
    contexts.set(name, context);
    const reason = record.readings[0].reason;
    if (name === "T" && context.lastIndex === undefined && reason !== undefined && reason !== "B") {
      notes.push({ index, field: "TX", message: "the records begin within a transaction" });
    }
    const findings = [...checkRules(record), ...checkTieline(record), ...context.append(record, index)];
    return findings.map((finding) => ({ index, ...finding }));
  });
  const last = contexts.get("T");
  if (last?.lastIndex !== undefined && last.order.state === "running") {
    notes.push({ index: last.lastIndex, field: "TX", message: "the records end within a transaction" });
  }
  return { problems, notes };
}

/** The problems that checkChain finds. */
export function verifyChain(records: readonly OcmfRecord[]): ChainProblem[] {
  return checkChain(records).problems;
}

/** What the records of one pagination context have shown so far. */
class Context {
  /** Index of the newest record. */
  lastIndex: number | undefined;
  readonly order = new TransactionOrder();
  private previous: OcmfRecord | undefined;
  private readonly registers = new Map<string, Reading>();

  append(record: OcmfRecord, index: number): Finding[] {
    const { previous } = this;
    this.previous = record;
    this.lastIndex = index;
    const pages = previous ? checkPage(previous, record) : [];
    if (pages.length > 0) this.order.forget();
    const first = !previous && record.tieline !== undefined && record.pagination.number === FIRST_PAGE;
    const order = record.pagination.context === "T" ? this.order.append(record, first) : [];
    // A clock that was set may have been set back; the record says so, and the pages keep the order.
    const clockSet = ((record.tieline?.qualityFlags ?? 0) & QUALITY.clockSet) !== 0;
    const readings = record.readings.flatMap((reading, at) => this.appendReading(reading, at, clockSet));
    if (!previous) return [...checkFirst(record), ...order, ...readings];
    const findings = [...pages, ...checkSameMeter(previous, record), ...order];
    if (!clockSet && record.readings[0].time.epochMs < previous.readings[0].time.epochMs) {
      const before = quote(previous.readings[0].time.text);
      findings.push({ field: "RD[0].TM", message: `is earlier than the record before, ${before}` });
    }
    return [...findings, ...readings];
  }

  /** Times and energy of one register never go back, neither within a record nor between two. */
  private appendReading(reading: Reading, at: number, clockSet: boolean): Finding[] {
    const register = reading.register ?? "";
    const last = this.registers.get(register);
    this.registers.set(register, reading);
    if (!last) return [];
    const findings: Finding[] = [];
    if (!clockSet && reading.time.epochMs < last.time.epochMs) {
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
  if (record.tieline && previous.tieline) findings.push(...checkRegisters(previous.tieline, record.tieline));
  if (record.tieline && record.tieline.previousHash !== recordHash(previous.text)) {
    findings.push({ field: "U.H", message: "is not the hash of the record before" });
  }
  return findings;
}

function checkRegisters(previous: TielineKey, now: TielineKey): Finding[] {
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
