import { expect } from "vitest";
import type { Invoice } from "../../host/decode/invoice.js";
import { toHex } from "../driver/vectors.js";
import { type InvoiceRecord, dataOf, featureBytes, numberBytes } from "./invoices.js";
import { type GroupField, groupsOfBytes, groupsOfNumber } from "./reference.js";

// Fields as tests give them to the firmware and to the reference, and what either reading makes of them.

/** A field in the form of the record, and its groups by the reference. */
export interface Field extends GroupField {
  readonly data: Uint8Array;
}

export const whole = (type: string, data: Uint8Array): Field => ({ type, data, groups: groupsOfBytes(data) });
export const number = (type: string, value: bigint): Field => ({
  type,
  data: numberBytes(value),
  groups: groupsOfNumber(value),
});
export const fallback = ([version, program]: [number, Uint8Array]): Field => ({
  type: "f",
  data: Uint8Array.from([version, ...program]),
  groups: [version, ...groupsOfBytes(program)],
});

/** What the firmware read, and what the host's own reading makes of the same text, in one form. */
function summaryOfRecord(record: InvoiceRecord): unknown[] {
  const first = (type: string): string | undefined => dataOf(record, type)[0];
  const { amount_msat, timestamp, expiry_s, min_final_cltv_expiry_delta, payee } = record;
  return [
    [amount_msat, timestamp, expiry_s, min_final_cltv_expiry_delta].map(String),
    [payee, first("p"), first("s"), first("d"), first("h"), first("m"), first("9")?.replace(/^00/, "") ?? ""],
    dataOf(record, "r").map((data) => [data.length / 102, data.slice(0, 66)]),
    dataOf(record, "f"),
    record.fields.filter(({ valid }) => !valid).map(({ type, groups }) => type + groups),
  ];
}

function summaryOfInvoice(invoice: Invoice): unknown[] {
  const { amount_msat = 0n, timestamp, expiry_s, min_final_cltv_expiry_delta, payee, payment_hash } = invoice;
  const { payment_secret, description, description_hash, metadata, features } = invoice;
  const text = description && toHex(description);
  return [
    [amount_msat, timestamp, expiry_s, min_final_cltv_expiry_delta].map(String),
    [payee, payment_hash, payment_secret, text, description_hash, metadata, toHex(featureBytes(features))],
    invoice.routes.map((route) => [route.length, route[0]?.pubkey]),
    invoice.fallbacks.map(({ version, program }) => version.toString(16).padStart(2, "0") + program),
    invoice.skipped.map(({ type, groups }) => type + groups),
  ];
}

export function expectSame(record: InvoiceRecord, invoice: Invoice): void {
  expect(summaryOfRecord(record)).toEqual(summaryOfInvoice(invoice));
}
