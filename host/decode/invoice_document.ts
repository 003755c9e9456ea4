import type { Document } from "./document.js";
import { featureText } from "./features.js";
import type { Invoice } from "./invoice.js";
import { hexOf } from "./reader.js";

/** Last second that a Date has. */
const MAX_DATE_S = 8_640_000_000_000n;

/** UTC, or null where the calendar ends. */
function utc(seconds: bigint): string | null {
  return seconds > MAX_DATE_S ? null : new Date(Number(seconds) * 1000).toISOString().replace(".000Z", "Z");
}

/** Text, and what it is as bytes where it is no UTF-8. */
function descriptionOf(bytes: Uint8Array): Document {
  try {
    return { description: new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes) };
  } catch {
    return { description: null, description_bytes: hexOf(bytes), description_fault: "not UTF-8" };
  }
}

export function invoiceDocument(invoice: Invoice): Document {
  const { description, description_hash, metadata, timestamp, expiry_s } = invoice;
  return {
    kind: "invoice",
    currency: invoice.currency,
    amount_msat: invoice.amount_msat ?? null,
    payee: invoice.payee,
    payment_hash: invoice.payment_hash,
    payment_secret: invoice.payment_secret,
    ...(description === undefined ? {} : descriptionOf(description)),
    ...(description_hash === undefined ? {} : { description_hash }),
    ...(metadata === undefined ? {} : { metadata }),
    timestamp,
    time: utc(BigInt(timestamp)),
    expiry_s,
    expires: utc(BigInt(timestamp) + expiry_s),
    min_final_cltv_expiry_delta: invoice.min_final_cltv_expiry_delta,
    features: invoice.features.map(featureText),
    routes: invoice.routes.map((route) => route.map((hop) => ({ ...hop, fee_base_msat: BigInt(hop.fee_base_msat) }))),
    fallbacks: invoice.fallbacks.map(({ version, program, address }) => ({
      version,
      program,
      address: address ?? null,
    })),
    skipped_fields: invoice.skipped.map(({ type, groups }) => `${type}, ${groups} groups`),
    signature: invoice.signature.r_s,
    recovery_id: invoice.signature.recovery_id,
  };
}
