// What a reader makes of the tagged fields. BOLT 11, "Tagged Fields", "Feature Bits".

import { ERR_MINIMAL, ERR_MISSING, ERR_OVERFLOW, ERR_TRUNCATED, ERR_VALUE } from "../base/errors";
import { FEATURE_BYTES } from "../base/limits";
import { add_features, check_dependencies, check_required } from "../wire/features";
import { group, groups_value, pack } from "./bech32";
import {
  EXPIRY_S,
  FIELD_DESCRIPTION,
  FIELD_DESCRIPTION_HASH,
  FIELD_EXPIRY,
  FIELD_FALLBACK,
  FIELD_FEATURES,
  FIELD_METADATA,
  FIELD_MIN_FINAL_CLTV,
  FIELD_PAYEE,
  FIELD_PAYMENT_HASH,
  FIELD_PAYMENT_SECRET,
  FIELD_ROUTE,
  MIN_FINAL_CLTV_EXPIRY_DELTA,
  draft,
  draft_entry,
  entry_accept,
  entry_data,
  entry_groups,
  entry_length,
  field_of,
  is_number,
  lead_bits,
} from "./record";

/** Groups of type and length before a field's data. */
export const FIELD_HEADER_CHARS: i32 = 3;

const DEFAULT_EXPIRY_S: u64 = 3600;
const DEFAULT_MIN_FINAL_CLTV: u64 = 18;

/** point, short_channel_id, two fees, cltv_expiry_delta. */
const ROUTE_HOP_BYTES: i32 = 51;

const LAST_WITNESS_VERSION: u32 = 16;
const VERSION_PUBKEY_HASH: u32 = 17;
const VERSION_SCRIPT_HASH: u32 = 18;

/** What a payer here can be required to do: basic_mpp, option_attribution_data, option_payment_metadata. */
const PAYER_FEATURES: usize = memory.data<u8>([
  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0x20, 0, 2,
  0, 0,
]);
const features: usize = memory.data(FEATURE_BYTES, 8);

/** Reads `chars` characters of fields into the draft, which was begun. See `invoice_decode` for the codes. */
export function read_fields(text: usize, chars: i32): i32 {
  store<u64>(draft, DEFAULT_EXPIRY_S, EXPIRY_S);
  store<u64>(draft, DEFAULT_MIN_FINAL_CLTV, MIN_FINAL_CLTV_EXPIRY_DELTA);
  const end = text + <usize>chars;
  while (text < end) {
    const left = <i32>(end - text) - FIELD_HEADER_CHARS;
    if (left < 0) return ERR_TRUNCATED;
    const type = group(text);
    const groups = <i32>groups_value(text + 1, 2);
    text += FIELD_HEADER_CHARS;
    if (groups > left) return ERR_TRUNCATED;
    const entry = draft_entry(type, groups);
    if (entry < 0) return entry;
    pack(text, groups, lead_bits(type, groups), entry_data(draft, <usize>entry));
    if (is_number(type) && groups > 0 && group(text) == 0) return ERR_MINIMAL;
    text += <usize>groups;
    if (!has_form(type, <usize>entry)) continue;
    entry_accept(<usize>entry);
    let code = 0;
    if (type == FIELD_EXPIRY) code = read_number(type, EXPIRY_S);
    else if (type == FIELD_MIN_FINAL_CLTV) code = read_number(type, MIN_FINAL_CLTV_EXPIRY_DELTA);
    if (code < 0) return code;
  }
  if (field_of(draft, FIELD_PAYMENT_HASH) == 0 || field_of(draft, FIELD_PAYMENT_SECRET) == 0) return ERR_MISSING;
  const description = field_of(draft, FIELD_DESCRIPTION);
  const description_hash = field_of(draft, FIELD_DESCRIPTION_HASH);
  if ((description | description_hash) == 0) return ERR_MISSING;
  if (description != 0 && description_hash != 0) return ERR_VALUE;
  return check_features();
}

/**
 * Whether a reader understands a field: it has a known type and the length that goes with it. One of another length
 * is passed over like one of an unknown type, as in the examples of BOLT 11; its text would have the invoice refused.
 */
function has_form(type: u32, entry: usize): bool {
  const groups = entry_groups(entry);
  const length = entry_length(entry);
  if (type == FIELD_PAYMENT_HASH || type == FIELD_PAYMENT_SECRET || type == FIELD_DESCRIPTION_HASH) return groups == 52;
  if (type == FIELD_PAYEE) return groups == 53;
  if (type == FIELD_ROUTE) return length != 0 && length % ROUTE_HOP_BYTES == 0;
  if (type == FIELD_FALLBACK) return groups > 0 && is_address(<u32>load<u8>(entry_data(draft, entry)), length - 1);
  return is_number(type) || type == FIELD_DESCRIPTION || type == FIELD_METADATA;
}

/** Whether an address of that version can have a program of `length` bytes. */
function is_address(version: u32, length: i32): bool {
  if (version == VERSION_PUBKEY_HASH || version == VERSION_SCRIPT_HASH) return length == 20;
  if (version == 0) return length == 20 || length == 32;
  return version <= LAST_WITNESS_VERSION && length >= 2 && length <= 40;
}

/** Stores the first field of a type as the u64 at offset `target` of the draft. */
function read_number(type: u32, target: usize): i32 {
  const entry = field_of(draft, type);
  const data = entry_data(draft, entry);
  let value: u64 = 0;
  for (let i = 0; i < entry_length(entry); i++) {
    if (value >> 56 != 0) return ERR_OVERFLOW;
    value = (value << 8) | (<u64>load<u8>(data + <usize>i));
  }
  store<u64>(draft + target, value);
  return 0;
}

function check_features(): i32 {
  const entry = field_of(draft, FIELD_FEATURES);
  if (entry == 0) return 0;
  const data = entry_data(draft, entry);
  const length = entry_length(entry);
  const code = check_required(data, length, PAYER_FEATURES);
  if (code < 0) return code;
  memory.fill(features, 0, FEATURE_BYTES);
  add_features(data, length, features);
  return check_dependencies(features);
}
