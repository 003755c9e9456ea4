// Reading an invoice. BOLT 11.

import { ERR_CAPACITY, ERR_SIGNATURE, ERR_TRUNCATED } from "../base/errors";
import { MAX_INVOICE_CHARS } from "../base/limits";
import { recover, sha256, verify } from "../crypto/crypto";
import { CHECKSUM_CHARS, check, groups_value, lower, pack } from "./bech32";
import { read_fields } from "./fields";
import { check_prefix, read_prefix } from "./prefix";
import { FIELD_PAYEE, PAYEE, RECORD_BYTES, draft, draft_begin, entry_data, field_of, invoice } from "./record";

export const TIMESTAMP_CHARS: i32 = 7;
/** r, s and recovery id: 65 bytes. */
export const SIGNATURE_CHARS: i32 = 104;

/** r, s and recovery id of the invoice being read or written. */
export const signature: usize = memory.data(65, 8);
export const digest: usize = memory.data(32, 8);

const amount: usize = memory.data(8, 8);

/**
 * Hashes what is signed, the human-readable part in lower case and `groups` behind its separator, into `digest`. What
 * the draft holds is lost. 0 or a code of the board.
 */
export function hash_signed(text: usize, hrp_len: i32, groups: i32): i32 {
  for (let i = 0; i < hrp_len; i++) store<u8>(draft + <usize>i, <u8>lower(<u32>load<u8>(text + <usize>i)));
  const end = pack(text + <usize>hrp_len + 1, groups, 0, draft + <usize>hrp_len);
  return sha256(draft, <i32>(end - draft), digest);
}

/**
 * Reads the invoice of `len` characters at `text`, of the chain whose prefix record (prefix.ts) is at `prefix`, into
 * `invoice`. Returns 0, or a code, and `invoice` is as it was:
 * ERR_CAPACITY: more than MAX_INVOICE_CHARS or MAX_INVOICE_FIELDS;
 * ERR_ARGUMENT: no prefix record;
 * ERR_VALUE, ERR_MISSING, ERR_CHECKSUM: not bech32, as `check` of bech32.ts says;
 * ERR_CHAIN, ERR_VALUE, ERR_MINIMAL, ERR_OVERFLOW: prefix and amount, as `read_prefix` says;
 * ERR_TRUNCATED: too short, or a field longer than what is left;
 * ERR_MINIMAL: a number or features beginning with zeros; ERR_OVERFLOW: a number of more than 64 bits;
 * ERR_MISSING: no payment_hash, payment_secret, or neither description nor its hash; ERR_VALUE: both of these;
 * ERR_UNKNOWN_EVEN, ERR_DEPENDENCY: features;
 * ERR_SIGNATURE: no key can have made it, or the one that is named did not, or made it with a high S.
 * The description is not checked to be UTF-8. Whether the invoice has expired is for the caller, who knows the time.
 */
export function invoice_decode(text: usize, len: i32, prefix: usize): i32 {
  let code = check_prefix(prefix);
  if (code < 0) return code;
  if (len > MAX_INVOICE_CHARS) return ERR_CAPACITY;
  const hrp_len = check(text, len);
  if (hrp_len < 0) return hrp_len;
  code = read_prefix(text, hrp_len, prefix, amount);
  if (code < 0) return code;
  const groups = len - hrp_len - 1 - CHECKSUM_CHARS - SIGNATURE_CHARS;
  if (groups < TIMESTAMP_CHARS) return ERR_TRUNCATED;
  code = hash_signed(text, hrp_len, groups);
  if (code < 0) return code;
  text += <usize>hrp_len + 1;
  pack(text + <usize>groups, SIGNATURE_CHARS, 0, signature);
  draft_begin(load<u64>(amount), groups_value(text, TIMESTAMP_CHARS));
  code = read_fields(text + TIMESTAMP_CHARS, groups - TIMESTAMP_CHARS);
  if (code < 0) return code;
  if (!find_payee()) return ERR_SIGNATURE;
  memory.copy(invoice, draft, RECORD_BYTES);
  return 0;
}

/** Checks the signature, and puts the payee that it has or names into the draft. */
function find_payee(): bool {
  const recovery_id = <i32>load<u8>(signature, 64);
  if (recovery_id > 3) return false;
  const named = field_of(draft, FIELD_PAYEE);
  // A high S is refused where the payee is named, and only there: nothing else is left to be malleable.
  if (named == 0) return recover(digest, signature, recovery_id, draft + PAYEE) == 0;
  const point = entry_data(draft, named);
  memory.copy(draft + PAYEE, point, 33);
  return verify(point, digest, signature) == 0;
}
