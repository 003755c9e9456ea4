// Making an invoice. BOLT 11.

import { add } from "../base/amount";
import { ERR_CAPACITY, ERR_CRYPTO, ERR_LENGTH, ERR_REPLAY, ERR_TRUNCATED, ERR_VALUE } from "../base/errors";
import { MIN_FINAL_CLTV_DELTA } from "../base/limits";
import { sha256 } from "../crypto/crypto";
import { invoice_encode } from "../invoice/encode";
import {
  FIELD_DESCRIPTION,
  FIELD_EXPIRY,
  FIELD_FEATURES,
  FIELD_MIN_FINAL_CLTV,
  FIELD_PAYMENT_HASH,
  FIELD_PAYMENT_SECRET,
  draft_begin,
  draft_field,
} from "../invoice/record";
import {
  INVOICE_AMOUNT_MSAT,
  INVOICE_BYTES,
  INVOICE_CLTV_DELTA,
  INVOICE_EXPIRES_S,
  INVOICE_OPEN,
  INVOICE_PAYMENT_HASH,
  INVOICE_PAYMENT_SECRET,
  INVOICE_PREIMAGE,
  INVOICE_STATE,
  invoice_at,
  invoice_find,
  invoice_place,
} from "./invoices";

// What an invoice is made of: INVOICE_REQUEST_BYTES, then the description's bytes.

/** u64 each: amount, 0 for any; s since 1970; s from then on. */
export const REQUEST_AMOUNT_MSAT: usize = 0;
export const REQUEST_TIMESTAMP_S: usize = 8;
export const REQUEST_EXPIRY_S: usize = 16;
/** u16 each: blocks, at least MIN_FINAL_CLTV_DELTA; bytes of the description. */
export const REQUEST_CLTV_DELTA: usize = 24;
export const REQUEST_DESCRIPTION_LENGTH: usize = 26;
export const REQUEST_BYTES: usize = 28;

/** Bits 8 (var_onion_optin), 14 (payment_secret) and 17 (basic_mpp). BOLT 9. */
const features: usize = memory.data<u8>([0x02, 0x41, 0x00]);
const number: usize = memory.data(8, 8);
/** The invoice while it is not certain that it can be written. */
const next: usize = memory.data(<i32>INVOICE_BYTES, 8);

/**
 * Makes an invoice from the request of `len` bytes at `request`, signed by the node's key, and expects its payment.
 * `entropy`: 64 random bytes, which become preimage and payment_secret and are zeroed; `prefix`: the chain's prefix
 * record (invoice/prefix.ts). The text goes to `text` (MAX_INVOICE_CHARS). Returns its length.
 *
 * ERR_TRUNCATED, ERR_LENGTH: the record's length is not the one that it states; ERR_VALUE: an expiry delta below
 * MIN_FINAL_CLTV_DELTA; ERR_CAPACITY: all places are taken by invoices that may still be paid;
 * ERR_REPLAY: there is one with this preimage; others of invoice_encode. After a code nothing has changed.
 */
export function invoice_create(request: usize, len: i32, entropy: usize, prefix: usize, text: usize): i32 {
  const code = create(request, len, entropy, prefix, text);
  memory.fill(entropy, 0, 64);
  memory.fill(next, 0, INVOICE_BYTES);
  return code;
}

function create(request: usize, len: i32, entropy: usize, prefix: usize, text: usize): i32 {
  if (len < <i32>REQUEST_BYTES) return ERR_TRUNCATED;
  const description = <i32>load<u16>(request, REQUEST_DESCRIPTION_LENGTH);
  const whole = <i32>REQUEST_BYTES + description;
  if (len != whole) return len < whole ? ERR_TRUNCATED : ERR_LENGTH;
  const delta = <u32>load<u16>(request, REQUEST_CLTV_DELTA);
  if (delta < <u32>MIN_FINAL_CLTV_DELTA) return ERR_VALUE;
  const place = invoice_place();
  if (place < 0) return ERR_CAPACITY;

  const amount_msat = load<u64>(request, REQUEST_AMOUNT_MSAT);
  const timestamp_s = load<u64>(request, REQUEST_TIMESTAMP_S);
  const expiry_s = load<u64>(request, REQUEST_EXPIRY_S);
  memory.fill(next, 0, INVOICE_BYTES);
  let code = add(timestamp_s, expiry_s, next + INVOICE_EXPIRES_S);
  if (code < 0) return code;
  store<u8>(next, <u8>INVOICE_OPEN, INVOICE_STATE);
  store<u32>(next, delta, INVOICE_CLTV_DELTA);
  store<u64>(next, amount_msat, INVOICE_AMOUNT_MSAT);
  memory.copy(next + INVOICE_PREIMAGE, entropy, 32);
  memory.copy(next + INVOICE_PAYMENT_SECRET, entropy + 32, 32);
  if (sha256(entropy, 32, next + INVOICE_PAYMENT_HASH) < 0) return ERR_CRYPTO;
  if (invoice_find(next + INVOICE_PAYMENT_HASH) >= 0) return ERR_REPLAY;

  draft_begin(amount_msat, timestamp_s);
  code = field(FIELD_PAYMENT_HASH, next + INVOICE_PAYMENT_HASH, 32, 0);
  code = field(FIELD_PAYMENT_SECRET, next + INVOICE_PAYMENT_SECRET, 32, code);
  code = field(FIELD_DESCRIPTION, request + REQUEST_BYTES, description, code);
  store<u64>(number, bswap<u64>(expiry_s));
  code = field(FIELD_EXPIRY, number, 8, code);
  store<u64>(number, bswap<u64>(<u64>delta));
  code = field(FIELD_MIN_FINAL_CLTV, number, 8, code);
  code = field(FIELD_FEATURES, features, 3, code);
  if (code < 0) return code;
  code = invoice_encode(prefix, text);
  if (code >= 0) memory.copy(invoice_at(place), next, INVOICE_BYTES);
  return code;
}

/** Appends a field unless there is a code already. */
function field(type: u32, data: usize, len: i32, code: i32): i32 {
  return code < 0 ? code : draft_field(type, data, len);
}
