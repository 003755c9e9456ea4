import { expect } from "vitest";
import { onEveryModuleEngine } from "../driver/modules.js";
import { toHex } from "../driver/vectors.js";
import {
  ALPHABET,
  ERR,
  InvoiceModule,
  type InvoiceRecord,
  type Valid,
  dataOf,
  featureBytes,
  hopBytes,
  invoiceVectors,
  numberBytes,
} from "./invoices.js";

const ENTRY = "test/invoice/invoice.entry.ts";
const vectors = invoiceVectors();

type Fields = [string, Uint8Array][];

/** What a vector says it holds, by type, in the form of the record's table. */
function fieldsOf({ decoded }: Valid): Record<string, Buffer[]> {
  const one = (value: string | undefined): Buffer[] => (value === undefined ? [] : [Buffer.from(value, "hex")]);
  const number = (value: number | undefined): Buffer[] => (value === undefined ? [] : [numberBytes(BigInt(value))]);
  return {
    p: one(decoded.payment_hash),
    s: one(decoded.payment_secret),
    d: one(decoded.description_utf8_hex),
    h: one(decoded.description_hash),
    m: one(decoded.metadata),
    n: [],
    x: number(decoded.expiry),
    c: number(decoded.min_final_cltv_expiry_delta),
    "9": decoded.features === undefined ? [] : [featureBytes(decoded.features)],
    r: decoded.routes.map((route) => Buffer.concat(route.map(hopBytes))),
    f: decoded.fallbacks
      .filter(({ ignored }) => ignored !== true)
      .map(({ version, program = "" }) => Buffer.concat([Buffer.of(version), Buffer.from(program, "hex")])),
  };
}

/** Types of an invoice's fields in their order, from its text. */
function orderOf(invoice: string): string[] {
  const data = invoice.slice(invoice.lastIndexOf("1") + 1, -110);
  const types: string[] = [];
  for (let at = 7; at < data.length;) {
    const length = ALPHABET.indexOf(data.charAt(at + 1)) * 32 + ALPHABET.indexOf(data.charAt(at + 2));
    types.push(data.charAt(at));
    at += 3 + length;
  }
  return types;
}

function expectRecord(record: InvoiceRecord, vector: Valid): void {
  const { decoded } = vector;
  expect(record).toMatchObject({
    amount_msat: BigInt(decoded.amount_msat ?? 0),
    timestamp: BigInt(decoded.timestamp),
    expiry_s: BigInt(decoded.expiry ?? 3600),
    min_final_cltv_expiry_delta: BigInt(decoded.min_final_cltv_expiry_delta ?? 18),
    payee: vector.node_id,
  });
  const expected = fieldsOf(vector);
  for (const [type, values] of Object.entries(expected)) {
    // A number's groups may begin one byte earlier than the number.
    const trimmed = "xc9".includes(type)
      ? dataOf(record, type).map((data) => data.replace(/^00/, ""))
      : dataOf(record, type);
    expect(trimmed, `field ${type}`).toEqual(values.map(toHex));
  }
  const ignored = record.fields.filter(({ valid, type }) => !valid && type !== "f").map(({ type }) => type);
  expect(ignored).toEqual(decoded.skipped ?? []);
  expect(record.fields.filter(({ valid, type }) => !valid && type === "f")).toHaveLength(
    decoded.fallbacks.filter((fallback) => fallback.ignored === true).length,
  );
}

onEveryModuleEngine("invoice: BOLT 11's valid invoices, read and written", ENTRY, async (module) => {
  const room = await InvoiceModule.open(module, vectors.priv_key);
  const donation = vectors.valid.find(({ id }) => id === "donation");
  expect(vectors.valid).toHaveLength(16);
  for (const vector of vectors.valid) {
    await room.prefix(vector.decoded.currency);
    expect(await room.decode(vector.invoice), vector.id).toBe(0);
    expectRecord(await room.record(), vector);
    expect(toHex(await module.read((await module.call("digest")) as number, 32)), vector.id).toBe(vector.sign_hash);

    // Our signatures have a low S: the invoice with a high one is the donation but for that.
    const text = vector.id === "high_s_recovery" ? donation?.invoice : vector.invoice.toLowerCase();
    expect(await room.encodeAgain(), `${vector.id} again`).toBe(text);
    if (vector.id !== "ignored_fields") {
      const remaining = fieldsOf(vector);
      const fields = orderOf(vector.invoice.toLowerCase()).map((type): Fields[number] => [
        type,
        remaining[type]?.shift() ?? Buffer.alloc(0),
      ]);
      const { amount_msat, timestamp } = vector.decoded;
      expect(await room.encode(BigInt(amount_msat ?? 0), timestamp, fields), `${vector.id} from its values`).toBe(text);
      expectRecord(await room.record(), { ...vector, node_id: vectors.node_id });
    }
    module.applied("bolt11_invoices");
  }
});

const REFUSED: Readonly<Record<string, number>> = {
  unknown_even_feature_100: ERR.UNKNOWN_EVEN,
  bad_checksum: ERR.CHECKSUM,
  no_separator: ERR.MISSING,
  mixed_case: ERR.VALUE,
  sig_not_recoverable: ERR.SIGNATURE,
  too_short: ERR.TRUNCATED,
  invalid_multiplier: ERR.VALUE,
  sub_msat: ERR.VALUE,
  missing_payment_secret: ERR.MISSING,
  high_s_with_n: ERR.SIGNATURE,
};

onEveryModuleEngine("invoice: BOLT 11's invalid invoices, each with its code", ENTRY, async (module) => {
  const room = await InvoiceModule.open(module, vectors.priv_key);
  await room.prefix("bc");
  expect(await room.decode(vectors.valid[0]?.invoice ?? "")).toBe(0);
  const before = toHex(await room.recordBytes());
  expect(vectors.invalid).toHaveLength(10);
  for (const { id, invoice } of vectors.invalid) {
    expect(await room.decode(invoice), id).toBe(REFUSED[id]);
    expect(toHex(await room.recordBytes()), id).toBe(before);
    module.applied("bolt11_invoices");
  }
});
