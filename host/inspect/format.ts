import { kwhText, qualityTexts } from "../ocmf/tieline.js";
import { utcText } from "./fields.js";
import type { ImageReport, RegionReport } from "./image.js";
import type { ImageFinding } from "./layout.js";
import type { NoteBook } from "./notes.js";
import type { ProfileRecord } from "./profile.js";
import type { ReceiptsReport } from "./receipts.js";
import type { MeterState } from "./state.js";

/** The report for people, a line each. Foreign text stands in it as it is: make it printable before it is shown. */
export function imageLines(report: ImageReport): string[] {
  const { state, context, records, events, findings, sectorBytes, sectorCount } = report;
  const faults = findings.filter(({ severity }) => severity === "fault").length;
  return [
    `flash image: ${sectorCount} sectors of ${sectorBytes} bytes`,
    ...report.regions.map(regionLine),
    ...(context
      ? [
          `meter: ${[context.vendor, context.model, context.serial].join(" ")}, firmware ${context.firmwareVersion}`,
          `  module ${context.moduleHash}`,
          `  ${context.constantImpPerKwh} imp/kWh, intervals of ${context.intervalS} s, ` +
            `loss bound ${context.lossBoundMs} ms or ${context.lossBoundWh} Wh` +
            (context.ratingW === 0 ? "" : `, rated ${context.ratingW} W`),
        ]
      : []),
    ...(state ? stateLines(state) : ["state: none"]),
    `load profile: ${records.length} records`,
    ...records.map(recordLine),
    `event log: ${events.length} events`,
    ...events.map(({ number, name, utcMs, monoMs, detail }) => {
      const time = utcText(utcMs) ?? "time unknown";
      return `  ${number} ${time} ${name}${detail === 0n ? "" : ` ${detail}`} (up ${monoMs} ms)`;
    }),
    ...findings.map(findingLine),
    `faults: ${faults}, notes: ${findings.length - faults}`,
  ];
}

function regionLine({ name, firstSector, sectorCount, inForce, freeBytes, sectors }: RegionReport): string {
  const range = `${name}: sectors ${firstSector} to ${firstSector + sectorCount - 1}`;
  if (inForce === null) return `${range}, nothing in force`;
  const sequence = sectors.find(({ index }) => index === inForce)?.sequence ?? null;
  const entries = sectors.reduce((sum, sector) => sum + sector.entries, 0);
  const used = sectors.filter(({ state }) => state !== "erased").length;
  return `${range}, ${inForce} in force with sequence ${sequence} and ${freeBytes} bytes free; ${used} used, ${entries} entries`;
}

function stateLines(state: MeterState): string[] {
  const { pulses, constantImpPerKwh, nextPage, closing, transaction, qualityFlags } = state;
  const energy = (of: bigint) => (constantImpPerKwh > 0 ? `${kwhText(of, BigInt(constantImpPerKwh))} kWh` : "?");
  const lines = [
    `registers: import ${pulses[0]} pulses, ${energy(pulses[0])}; export ${pulses[1]} pulses, ${energy(pulses[1])}`,
    `  known time ${utcText(state.utcMs) ?? "none"}, last interval ended ${utcText(state.lastEndUtcMs) ?? "never"}`,
    `  quality at the last checkpoint: ${qualityTexts(qualityFlags).join(", ") || "nothing to remark"}`,
    `pages: F${nextPage.F} and T${nextPage.T} are next`,
  ];
  if (closing) {
    const { context, page, reason, utcMs } = closing;
    const time = utcText(utcMs) ?? "an unknown time";
    lines.push(`closing under way: ${context}${page}${reason && ` (${reason})`} at ${time}, not sealed`);
  }
  const { identification = "", tariff = "" } = transaction ?? {};
  lines.push(transaction ? `transaction: running for "${identification}", tariff "${tariff}"` : "transaction: none");
  return [...lines, ...noteLines(state.noteBook)];
}

function noteLines({ totals, notes }: NoteBook): string[] {
  if (totals.length === 0) return [];
  const time = (start: number) => utcText(BigInt(start) * 1000n) ?? `${start}`;
  const { length } = totals;
  return [
    `issued: notes for ${length} interval${length === 1 ? "" : "s"}`,
    ...totals.map(
      ({ intervalStart, soldMwh, boughtMwh }) =>
        `  ${time(intervalStart)} sold ${soldMwh} mWh, bought ${boughtMwh} mWh`,
    ),
    ...notes.map(
      ({ paymentHash, intervalStart, kind, side, energyMwh, issuedMwh }) =>
        `  ${kind} ${time(intervalStart)} ${side} ${energyMwh} mWh, ${issuedMwh} in all, for ${paymentHash}`,
    ),
  ];
}

function recordLine({
  context,
  page,
  utcMs,
  clockState,
  reason,
  pulses,
  qualityFlags,
  ...rest
}: ProfileRecord): string {
  const time = `${utcText(utcMs) ?? "time unknown"} ${clockState}`;
  const flags = qualityTexts(qualityFlags).join(", ");
  const behind = rest.reachable ? "" : ", behind damage";
  const what = `${context}${page} ${time}${reason && ` ${reason}`}`;
  return `  ${what} import ${pulses[0]} export ${pulses[1]}${flags && ` [${flags}]`}${behind}`;
}

export function findingLine({ severity, region, sector, offset, message }: ImageFinding): string {
  const place = sector === null ? "" : ` sector ${sector}${offset === null ? "" : ` offset ${offset}`}`;
  return `${severity}: ${region}${place}: ${message}`;
}

export function receiptLines({ receipts, errors }: ReceiptsReport): string[] {
  return [
    ...errors.map(({ field, message }) => `fault: ${field}: ${message}`),
    ...receipts.flatMap(({ line, page, serial, statements, errors: faults }) => [
      `line ${line}: ${page === null ? "no record" : `${page} of ${serial}`}`,
      ...statements.map(([label, text]) => `  ${`${label}:`.padEnd(16)}${text}`),
      ...faults.map(({ field, message }) => `  fault: ${field}: ${message}`),
    ]),
  ];
}
