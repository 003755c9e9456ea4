import { OWN_GATEWAY } from "../ocmf/parse.js";
import { QUALITY, kwhText } from "../ocmf/tieline.js";
import type { RecordContext } from "./config.js";
import { readClosing, type Closing } from "./closing.js";
import { Fields, utcText } from "./fields.js";
import type { TransactionTexts } from "./texts.js";

/** A RECORD entry: what of a receipt differs from the one before, and its signature. */
export interface StoredRecord extends Closing {
  /** SHA-256 of the record before in the same context, hex. */
  readonly previousHash: string;
  /** r || s, 64 bytes, hex. */
  readonly signature: string;
}

export const RECORD_BYTES = 136;

/** Decodes the entry's payload, or says what is wrong with it. */
export function readRecord(payload: Uint8Array): StoredRecord | string {
  if (payload.length !== RECORD_BYTES) return `has ${payload.length} bytes, not ${RECORD_BYTES}`;
  const fields = new Fields(payload);
  const closing = readClosing(fields);
  const previousHash = fields.hex(32);
  const signature = fields.hex(64);
  if (!closing) return "belongs to no context";
  const { context, page, reason, clockState, utcMs } = closing;
  if (page === 0) return `has the page ${context}0`;
  if (context === "F" ? reason !== "" : !/^[BCXELRAPST]$/.test(reason)) return "has a TX that does not fit its context";
  if (!/^[UISR]$/.test(clockState)) return "names no state of the clock";
  // An unknown time is the start of 1970 to the firmware, and still a time.
  if (utcMs !== 0n && utcText(utcMs) === null) return `names no time: ${utcMs} ms`;
  return { ...closing, previousHash, signature };
}

/**
 * The receipt, character for character as the meter issued it.
 * @param texts of a T record; unused for F
 */
export function recordText(record: StoredRecord, context: RecordContext, texts: TransactionTexts | null): string {
  const signature = Buffer.from(derSignature(Buffer.from(record.signature, "hex"))).toString("hex");
  return `OCMF|${payloadText(record, context, texts)}|{"SA":"ECDSA-secp256k1-SHA256","SD":"${signature}"}`;
}

function payloadText(record: StoredRecord, context: RecordContext, texts: TransactionTexts | null): string {
  const { serial, vendor, model, moduleHash, firmwareVersion, constantImpPerKwh } = context;
  const head =
    `"FV":"1.3","GI":"${OWN_GATEWAY}","GS":"${serial}","GV":"${firmwareVersion}",` +
    `"PG":"${record.context}${record.page}","MV":"${vendor}","MM":"${model}","MS":"${serial}",` +
    `"CF":"${moduleHash.slice(0, 24)}"`;
  const assignment = record.context === "T" ? `,${assignmentText(texts)}` : "";
  const status = (record.qualityFlags & QUALITY.tampered) !== 0 ? "M" : "G";
  const timeUnusable = (record.qualityFlags & QUALITY.clockSet) !== 0 || record.clockState === "U";
  const [imported, exported] = [1, 2].map((quantity) => readingText(record, constantImpPerKwh, quantity));
  const readings =
    `{${imported},"RT":"AC","EF":"${timeUnusable ? "t" : ""}","ST":"${status}"},` + `{${exported},"ST":"${status}"}`;
  const intervalS = record.context === "T" ? 0 : record.intervalS;
  const vendorKey =
    `{"C":${constantImpPerKwh},"P":[${record.pulses.join(",")}],"I":${intervalS},"Q":${record.qualityFlags},` +
    `"B":[${Math.floor(context.lossBoundMs / 1000)},${context.lossBoundWh}],"H":"${record.previousHash}"}`;
  return `{${head}${assignment},"RD":[${readings}],"U":${vendorKey}}`;
}

function assignmentText(texts: TransactionTexts | null): string {
  const { identification = "", tariff = "" } = texts ?? {};
  const assigned = identification !== "";
  const [level, type] = assigned ? ["HEARSAY", "LOCAL"] : ["NONE", "NONE"];
  return `"IS":${assigned},"IL":"${level}","IF":[],"IT":"${type}","ID":"${identification}","TT":"${tariff}"`;
}

/** @param quantity OBIS value group C: 1 import, 2 export */
function readingText(record: StoredRecord, constantImpPerKwh: bigint, quantity: number): string {
  const time = new Date(Number(record.utcMs)).toISOString().replace(".", ",").replace("Z", "+0000");
  const reason = record.reason === "" ? "" : `"TX":"${record.reason}",`;
  const value = kwhText(record.pulses[quantity === 1 ? 0 : 1], constantImpPerKwh);
  return `"TM":"${time} ${record.clockState}",${reason}"RV":${value},"RI":"01-00:0${quantity}.08.00*FF","RU":"kWh"`;
}

/** DER of an ECDSA signature: a sequence of two integers, each without needless zeros and never negative. */
export function derSignature(compact: Uint8Array): Uint8Array {
  const integers = [compact.subarray(0, 32), compact.subarray(32, 64)].map((number) => {
    const first = number.findIndex((byte) => byte !== 0);
    const digits = first === -1 ? [0] : [...number.subarray(first)];
    const value = (digits[0] ?? 0) >= 0x80 ? [0, ...digits] : digits;
    return [0x02, value.length, ...value];
  });
  const content = integers.flat();
  return Uint8Array.from([0x30, content.length, ...content]);
}
