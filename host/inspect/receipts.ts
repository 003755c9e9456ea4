import { findingOf } from "../ocmf/errors.js";
import type { Finding } from "../ocmf/errors.js";
import { readItems } from "../ocmf/items.js";
import type { InputFile } from "../ocmf/items.js";
import { JsonNumber } from "../ocmf/json.js";
import { pageText } from "../ocmf/parse.js";
import type { OcmfRecord } from "../ocmf/parse.js";
import { registerOf } from "../ocmf/reading.js";
import { qualityTexts } from "../ocmf/tieline.js";

/** One statement of a record: what it is about, and what it says. */
export type Statement = readonly [label: string, text: string];

export interface ReceiptContents {
  readonly line: number;
  readonly page: string | null;
  readonly serial: string | null;
  readonly statements: readonly Statement[];
  readonly errors: readonly Finding[];
}

export interface ReceiptsReport {
  readonly kind: "receipts";
  readonly receipts: readonly ReceiptContents[];
  /** Why the file as a whole cannot be read. */
  readonly errors: readonly Finding[];
}

/**
 * Says what stands in each record of a file. Neither signatures nor keys are judged: that is `tieline verify`.
 * @returns the report; never throws on content
 */
export function inspectReceipts(file: InputFile): ReceiptsReport {
  try {
    const receipts = readItems(file).map(({ line, record, keyText, errors }): ReceiptContents => {
      const statements: Statement[] = record ? statementsOf(record) : [];
      if (keyText !== undefined) statements.push(["public key", keyText]);
      const page = record ? pageText(record.pagination) : null;
      return { line, page, serial: record?.serial ?? null, statements, errors };
    });
    return { kind: "receipts", receipts, errors: [] };
  } catch (error) {
    return { kind: "receipts", receipts: [], errors: [findingOf(error)] };
  }
}

const CLOCK = { U: "unknown", I: "informative", S: "synchronised", R: "relative" } as const;

const REASONS: ReadonlyMap<string, string> = new Map([
  ["B", "begin"],
  ["C", "charging"],
  ["X", "exception"],
  ["E", "end"],
  ["L", "ended locally"],
  ["R", "ended remotely"],
  ["A", "aborted"],
  ["P", "ended by power failure"],
  ["S", "suspended"],
  ["T", "tariff change"],
]);

const STATES: ReadonlyMap<string, string> = new Map([
  ["N", "meter not present"],
  ["G", "good"],
  ["T", "timeout"],
  ["D", "disconnected"],
  ["R", "removed"],
  ["M", "manipulated"],
  ["X", "exchanged"],
  ["I", "incompatible"],
  ["O", "out of range"],
  ["S", "substitute value"],
  ["E", "other error"],
  ["F", "read error"],
]);

function statementsOf(record: OcmfRecord): Statement[] {
  const { readings, tieline, signature } = record;
  return [
    ["meter", join(record.meterVendor, record.meterModel, record.meterSerial, record.meterFirmware)],
    ["gateway", join(record.gatewayId, record.gatewaySerial, record.gatewayVersion)],
    ["firmware", join(record.controllerFirmware)],
    ["format", join(record.formatVersion)],
    ["identification", assignmentText(record)],
    ["charge point", join(text(record, "CT"), text(record, "CI"))],
    ...readings.map((reading): Statement => {
      const { time, reason, value, unit, register, currentType, errorFlags, status } = reading;
      const what = registerOf(register)?.direction ?? "reading";
      const flags = [
        errorFlags.includes("E") ? "energy unusable" : "",
        errorFlags.includes("t") ? "time unusable" : "",
      ];
      const parts = [
        `${time.text.slice(0, -2)} (clock ${CLOCK[time.sync]})`,
        reason === undefined ? undefined : (REASONS.get(reason) ?? reason),
        value && `${value.text} ${unit ?? ""}`,
        [register, currentType].filter((part) => part !== undefined).join(" "),
        STATES.get(status),
        ...flags,
      ];
      return [what, parts.filter((part) => part !== undefined && part !== "").join(", ")];
    }),
    ...(tieline
      ? ([
          ["pulses", `${tieline.pulses.join(" import, ")} export, at ${tieline.constantImpPerKwh} imp/kWh`],
          ["interval", tieline.intervalS === 0n ? "none: a transaction" : `${tieline.intervalS} s`],
          ["quality", qualityTexts(tieline.qualityFlags).join(", ") || "nothing to remark"],
          ["loss bound", `${tieline.lossBound.seconds} s or ${tieline.lossBound.wh} Wh`],
          ["record before", /^0+$/.test(tieline.previousHash) ? "none" : tieline.previousHash],
        ] satisfies Statement[])
      : []),
    ["signature", `${signature.algorithm}, not checked here`],
  ].filter((statement): statement is Statement => statement[1] !== "");
}

function assignmentText(record: OcmfRecord): string {
  const assigned = record.fields.get("IS");
  if (assigned === undefined) return "";
  const flags = record.fields.get("IF");
  return join(
    assigned === true ? "assigned" : assigned === false ? "not assigned" : undefined,
    text(record, "IL"),
    text(record, "IT"),
    text(record, "ID"),
    Array.isArray(flags) ? flags.filter((flag) => typeof flag === "string").join(" ") : undefined,
    text(record, "TT"),
  );
}

function text({ fields }: OcmfRecord, key: string): string | undefined {
  const value = fields.get(key);
  return value instanceof JsonNumber ? value.text : typeof value === "string" ? value : undefined;
}

function join(...parts: (string | undefined)[]): string {
  return parts.filter((part) => part !== undefined && part !== "").join(", ");
}
