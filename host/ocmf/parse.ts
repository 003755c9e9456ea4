import { OcmfError, quote } from "./errors.js";
import { parseJsonObject } from "./json.js";
import type { JsonObject } from "./json.js";
import { parseReadings } from "./reading.js";
import type { Reading } from "./reading.js";
import { parseTielineKey } from "./tieline.js";
import type { TielineKey } from "./tieline.js";

/** Longest record that is read, in UTF-16 code units. Ours have about 1000; vendors' transactions some thousand. */
export const MAX_RECORD_CHARS = 65_536;
/** GI of the meters whose vendor key U this room understands. */
export const OWN_GATEWAY = "Tieline metrology";

/** PG, Table 2. Each context counts its own pages. */
export interface Pagination {
  /** T: readings of a transaction; F: fiscal, outside of any. */
  readonly context: "T" | "F";
  readonly number: bigint;
}

/** Signature section, Table 8, defaults filled in. */
export interface SignatureSection {
  /** SA; "ECDSA-secp256r1-SHA256" where the record names none. */
  readonly algorithm: string;
  /** SE. */
  readonly encoding: "hex" | "base64";
  /** SD as written. */
  readonly data: string;
}

export interface OcmfRecord {
  /** The whole record as given, from "OCMF|" to the end of the signature section. */
  readonly text: string;
  /** What is signed: exactly the characters between the two pipes (UTF-8). */
  readonly payload: string;
  /** All keys of the payload, numbers as their text. */
  readonly fields: JsonObject;
  readonly signature: SignatureSection;
  readonly pagination: Pagination;
  /** MS, or GS where the signing component is known by its own serial only. */
  readonly serial: string;
  readonly formatVersion?: string;
  readonly gatewayId?: string;
  readonly gatewaySerial?: string;
  readonly gatewayVersion?: string;
  readonly meterVendor?: string;
  readonly meterModel?: string;
  readonly meterSerial?: string;
  readonly meterFirmware?: string;
  readonly controllerFirmware?: string;
  /** At least one. */
  readonly readings: readonly [Reading, ...Reading[]];
  /** Present exactly when GI names our metrology module. */
  readonly tieline?: TielineKey;
}

/**
 * Parses one OCMF record: `OCMF|<payload>|<signature>` (OCMF 1.4, "Sections"). Says nothing on whether it is genuine.
 * @param text the record without a line end
 * @throws OcmfError naming the field and what is wrong with it; nothing else, whatever the text holds
 */
export function parseRecord(text: string): OcmfRecord {
  if (text.length > MAX_RECORD_CHARS) throw new OcmfError("record", `is longer than ${MAX_RECORD_CHARS} characters`);
  // A lone surrogate has no UTF-8 form, so there would be no bytes to check a signature over.
  if (/\p{Cs}/u.test(text)) throw new OcmfError("record", "is not Unicode text");
  const sections = text.split("|");
  if (sections[0] !== "OCMF") throw new OcmfError("header", `is not "OCMF": ${quote(sections[0] ?? "")}`);
  const [, payload, signature] = sections;
  if (payload === undefined || signature === undefined || sections.length !== 3) {
    throw new OcmfError("sections", `are ${sections.length} where a record has 3: header, payload and signature`);
  }
  const fields = parseJsonObject(payload, "payload");
  const meterVendor = optionalString(fields, "MV");
  const meterSerial = optionalString(fields, "MS");
  const gatewaySerial = optionalString(fields, "GS");
  const serial = meterSerial ?? gatewaySerial;
  if (serial === undefined) throw new OcmfError("MS", "is missing, and so is GS: the record names no meter");
  const gatewayId = optionalString(fields, "GI");
  const own = gatewayId === OWN_GATEWAY ? parseTielineKey(fields.get("U")) : undefined;
  return {
    text,
    payload,
    fields,
    signature: parseSignatureSection(parseJsonObject(signature, "signature")),
    pagination: parsePagination(fields),
    serial,
    ...compact({
      formatVersion: parseFormatVersion(fields),
      gatewayId,
      gatewaySerial,
      gatewayVersion: optionalString(fields, "GV"),
      meterVendor,
      meterModel: optionalString(fields, "MM"),
      meterSerial,
      meterFirmware: optionalString(fields, "MF"),
      controllerFirmware: optionalString(fields, "CF"),
    }),
    readings: parseReadings(fields.get("RD")) as [Reading, ...Reading[]],
    ...(own && { tieline: own }),
  };
}

/** "F12", as PG writes it. */
export function pageText(pagination: Pagination): string {
  return `${pagination.context}${pagination.number}`;
}

/** Drops the keys without a value: with exact optional types, absent and undefined differ. */
function compact<K extends string>(values: Record<K, string | undefined>): Partial<Record<K, string>> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Partial<
    Record<K, string>
  >;
}

function optionalString(fields: JsonObject, key: string): string | undefined {
  const value = fields.get(key);
  if (value === undefined) return undefined;
  if (typeof value !== "string") throw new OcmfError(key, "is not a string");
  return value;
}

/** FV, Table 1: <major>.<minor>. A new major version changes what the fields mean, so it is not guessed at. */
function parseFormatVersion(fields: JsonObject): string | undefined {
  const text = optionalString(fields, "FV");
  if (text === undefined) return undefined;
  if (!/^[01]\.\d{1,3}$/.test(text)) throw new OcmfError("FV", `is not a known format version: ${quote(text)}`);
  return text;
}

function parsePagination(fields: JsonObject): Pagination {
  const text = optionalString(fields, "PG");
  if (text === undefined) throw new OcmfError("PG", "is missing");
  if (!/^[TF](?:0|[1-9]\d{0,19})$/.test(text)) throw new OcmfError("PG", `is not a page like F12: ${quote(text)}`);
  return { context: text.startsWith("T") ? "T" : "F", number: BigInt(text.slice(1)) };
}

function parseSignatureSection(fields: JsonObject): SignatureSection {
  const encoding = optionalString(fields, "SE") ?? "hex";
  if (encoding !== "hex" && encoding !== "base64") {
    throw new OcmfError("SE", `is neither "hex" nor "base64": ${quote(encoding)}`);
  }
  const mime = optionalString(fields, "SM") ?? "application/x-der";
  if (mime !== "application/x-der") throw new OcmfError("SM", `is not "application/x-der": ${quote(mime)}`);
  const data = optionalString(fields, "SD");
  if (data === undefined) throw new OcmfError("SD", "is missing");
  return { algorithm: optionalString(fields, "SA") ?? "ECDSA-secp256r1-SHA256", encoding, data };
}
