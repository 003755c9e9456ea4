// What others may pay us: invoices and spontaneous payments (keysend), as a persistent table.

import { MAX_INVOICES } from "../base/limits";
import { same } from "../onion/keys";
import { utc_s } from "./clock";

export const INVOICE_FREE: u32 = 0;
export const INVOICE_OPEN: u32 = 1;
export const INVOICE_PAID: u32 = 2;

// One invoice. What the host may see comes first, INVOICE_PUBLIC_BYTES.

/** u8 each: the state; 1 once its payment has been told; 1 if it was a keysend; number of the chain that it is paid on. */
export const INVOICE_STATE: usize = 0;
export const INVOICE_TOLD: usize = 1;
export const INVOICE_KEYSEND: usize = 2;
export const INVOICE_CHAIN: usize = 3;
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
/** u64: `total_msat` of the set of HTLCs that waits for its completion; 0 if none does. */
export const INVOICE_TOTAL_MSAT: usize = 128;
/** SWAP_BYTES of swap.ts: the energy of all parts together, of a keysend. */
export const INVOICE_SWAP: usize = 136;
/**
 * u64, i64: the other half of a set that is matched, its total and its energy, of the other sign than SWAP_MWH; zeros if none
 * has come.
 */
export const INVOICE_OTHER_MSAT: usize = 240;
export const INVOICE_OTHER_MWH: usize = 248;
export const INVOICE_BYTES: usize = 256;

/** Persistent region. */
export const INVOICES_BYTES: i32 = MAX_INVOICES * <i32>INVOICE_BYTES;
export const invoices: usize = memory.data(INVOICES_BYTES, 8);

/** Address of the invoice in place `i`. */
export function invoice_at(i: i32): usize {
  assert(<u32>i < <u32>MAX_INVOICES);
  return invoices + <usize>i * INVOICE_BYTES;
}

/** Place of the invoice or keysend with this hash (32 bytes), or -1. */
export function invoice_find(payment_hash: usize): i32 {
  for (let i = 0; i < MAX_INVOICES; i++) {
    const invoice = invoice_at(i);
    if (load<u8>(invoice, INVOICE_STATE) != INVOICE_FREE && same(invoice + INVOICE_PAYMENT_HASH, payment_hash))
      return i;
  }
  return -1;
}

/** Whether its time is over. */
export function invoice_expired(invoice: usize): bool {
  return utc_s != 0 && load<u64>(invoice, INVOICE_EXPIRES_S) <= utc_s;
}

/**
 * A place for another one: a free one, else that of the one whose time ended first, of those that were paid and told, or
 * cannot be paid any more; or -1.
 */
export function invoice_place(): i32 {
  let best = -1;
  let ended = u64.MAX_VALUE;
  for (let i = 0; i < MAX_INVOICES; i++) {
    const invoice = invoice_at(i);
    const state = load<u8>(invoice, INVOICE_STATE);
    if (state == INVOICE_FREE) return i;
    const over =
      state == INVOICE_PAID
        ? load<u8>(invoice, INVOICE_TOLD) != 0
        : invoice_expired(invoice) && load<u64>(invoice, INVOICE_TOTAL_MSAT) == 0;
    const expires_s = load<u64>(invoice, INVOICE_EXPIRES_S);
    if (over && expires_s < ended) {
      best = i;
      ended = expires_s;
    }
  }
  return best;
}
