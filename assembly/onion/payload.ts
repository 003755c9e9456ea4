// What a hop's payload must and must not hold. BOLT 4, "Payload Format"; keysend: bLIP 3; energy: PROTOCOL.md, "Lightning
// extensions".

import { ERR_CRYPTO, ERR_DEPENDENCY, ERR_MISSING, ERR_VALUE } from "../base/errors";
import { read_begin, read_bytes, read_cursor, read_left } from "../base/reader";
import { sha256 } from "../crypto/crypto";
import { read_bigsize } from "../wire/bigsize";
import { decode_tlvs, fault_at, fault_type } from "../wire/codec";
import { RECORD_PRESENT } from "../wire/kinds";
import {
  HAS_AMT_TO_FORWARD,
  HAS_CURRENT_PATH_KEY,
  HAS_ENCRYPTED_RECIPIENT_DATA,
  HAS_ENERGY,
  HAS_ENERGY_TOTAL,
  HAS_KEYSEND_PREIMAGE,
  HAS_OUTGOING_CLTV_VALUE,
  HAS_PAYMENT_DATA,
  HAS_PAYMENT_METADATA,
  HAS_SHORT_CHANNEL_ID,
  HAS_TOTAL_AMOUNT_MSAT,
  KEYSEND_PREIMAGE,
  PAYLOAD,
  PAYLOAD_RECORD_BYTES,
} from "../wire/payload";
import { entry_type, skip_fields } from "../wire/walk";
import { forget, key, same } from "./keys";

/** The payload that `read_payload` took last, as a record of wire/payload.ts. Its addresses point into the payload. */
export const fields: usize = memory.data(PAYLOAD_RECORD_BYTES, 8);

/** After a code of `read_payload`: type and offset for invalid_onion_payload. */
export let bad_type: u64 = 0;
export let bad_offset: i32 = 0;

export function has(bits: u32): bool {
  return (load<u32>(fields, RECORD_PRESENT) & bits) != 0;
}

// Masks of the records of each kind of payload.
const AMOUNTS: u32 = HAS_AMT_TO_FORWARD | HAS_OUTGOING_CLTV_VALUE;
const FORWARD: u32 = AMOUNTS | HAS_SHORT_CHANNEL_ID;
const BLINDED_FINAL: u32 = HAS_ENCRYPTED_RECIPIENT_DATA | AMOUNTS | HAS_TOTAL_AMOUNT_MSAT;
const FINAL: u32 =
  AMOUNTS |
  HAS_PAYMENT_DATA |
  HAS_PAYMENT_METADATA |
  HAS_TOTAL_AMOUNT_MSAT |
  HAS_KEYSEND_PREIMAGE |
  HAS_ENERGY |
  HAS_ENERGY_TOTAL;

/**
 * Takes the payload of `len` bytes at `payload` apart into `fields`. `last`: this node is the last hop; `path_key`: one
 * came with the HTLC. Returns 0, or, with `bad_type` and `bad_offset` set, a code of decode_tlvs; ERR_MISSING: a record
 * that must be there is not (its offset is the payload's end); ERR_VALUE: one is there that must not be;
 * ERR_DEPENDENCY: energy_total without energy. After a code `fields` tell no more than what is there, if even that.
 */
export function read_payload(payload: usize, len: i32, last: bool, path_key: bool): i32 {
  read_begin(payload, len);
  let code = decode_tlvs(PAYLOAD, fields);
  if (code < 0) {
    bad_type = fault_type();
    bad_offset = <i32>(fault_at() - payload);
    memory.fill(fields, 0, PAYLOAD_RECORD_BYTES);
    return code;
  }
  const present = load<u32>(fields, RECORD_PRESENT);
  const blinded = (present & HAS_ENCRYPTED_RECIPIENT_DATA) != 0;
  let needed: u32;
  let allowed: u32;
  if (blinded) {
    needed = last ? BLINDED_FINAL : HAS_ENCRYPTED_RECIPIENT_DATA;
    allowed = needed;
    if (!path_key) {
      needed |= HAS_CURRENT_PATH_KEY;
      allowed |= HAS_CURRENT_PATH_KEY;
    }
  } else {
    needed = last ? AMOUNTS : FORWARD;
    allowed = last ? FINAL : FORWARD | HAS_ENERGY;
    // Who sends a path key owes the data that it decrypts.
    if (path_key) needed |= HAS_ENCRYPTED_RECIPIENT_DATA;
  }
  const missing = needed & ~present;
  const excess = present & ~allowed;
  if (excess != 0) {
    bad_type = type_of(excess);
    code = ERR_VALUE;
  } else if (missing != 0) {
    bad_type = type_of(missing);
    code = ERR_MISSING;
  } else if ((present & (HAS_ENERGY | HAS_ENERGY_TOTAL)) == HAS_ENERGY_TOTAL) {
    bad_type = type_of(HAS_ENERGY_TOTAL);
    code = ERR_DEPENDENCY;
  } else if (blinded) {
    // Here not even odd types that nobody knows may stand.
    bad_type = 0;
    if (locate(payload, len) != popcnt(present)) code = ERR_VALUE;
  }
  if (code < 0) locate(payload, len);
  return code;
}

/** Type of the first record of the mask `bits`, from the table. */
export function type_of(bits: u32): u64 {
  let entry = PAYLOAD;
  for (; (bits & 1) == 0; bits >>= 1) entry = skip_fields(entry + 2);
  return entry_type(entry);
}

/**
 * Sets `bad_offset` to where in the valid TLV stream the record of `bad_type` begins, or else to its end. Returns the
 * number of records.
 */
function locate(payload: usize, len: i32): i32 {
  bad_offset = len;
  let records = 0;
  read_begin(payload, len);
  while (read_left() > 0) {
    const at = <i32>(read_cursor() - payload);
    if (read_bigsize() == bad_type) bad_offset = at;
    read_bytes(<i32>read_bigsize());
    records++;
  }
  return records;
}

/**
 * Whether the keysend preimage in `fields` is that of the 32 bytes at `payment_hash`: 0, or ERR_MISSING (no keysend),
 * ERR_VALUE (another's), for which the failure is incorrect_or_unknown_payment_details. bLIP 3.
 */
export function check_keysend(payment_hash: usize): i32 {
  if (!has(HAS_KEYSEND_PREIMAGE)) return ERR_MISSING;
  if (sha256(load<usize>(fields, KEYSEND_PREIMAGE), 32, key) < 0) return ERR_CRYPTO;
  return forget(same(key, payment_hash) ? 0 : ERR_VALUE);
}
