import { key_import } from "../driver/test_keys.entry";
import * as crypto from "../../assembly/crypto/crypto";
import * as balance from "../../assembly/chain/balance";
import * as fees from "../../assembly/chain/fees";
import * as funding from "../../assembly/chain/funding";
import * as params from "../../assembly/chain/params";
import * as script from "../../assembly/chain/script";

// All of the room: arguments and results lie in `data`.

export { commitment_build, commitment_output } from "../../assembly/chain/commitment";
export { commitment_check, commitment_sign, htlc_signed } from "../../assembly/chain/signatures";
export { funding_check, funding_sign, funding_signed } from "../../assembly/chain/funding";
export { closing_build } from "../../assembly/chain/closing";
export { spend_commitment, spend_second_stage } from "../../assembly/chain/spend";
export {
  tx_decode,
  tx_input,
  tx_inputs,
  tx_locktime,
  tx_output,
  tx_outputs,
  tx_txid,
  tx_version,
  tx_weight,
  tx_witness,
  tx_wtxid,
} from "../../assembly/chain/decode";
export {
  derive_pubkey,
  derive_revocation_pubkey,
  holder_point,
  holder_secret,
  obscuring_factor,
  revocation_sign,
} from "../../assembly/chain/derive";
export { secrets_add, secrets_begin, secrets_get, shachain_secret } from "../../assembly/chain/shachain";
export { funding_script, p2wpkh_program, p2wsh_program, shutdown_script_check } from "../../assembly/chain/script";

import * as decode from "../../assembly/chain/decode";

const data_at: usize = memory.data(16384, 8);

// wasm3 on boards knows a function by one name, and imports have theirs.
export function scalar_add(a: usize, b: usize, sum: usize): i32 {
  return crypto.scalar_add(a, b, sum);
}

export function scalar_mul(a: usize, b: usize, product: usize): i32 {
  return crypto.scalar_mul(a, b, product);
}

export function data(): usize {
  return data_at;
}

export function import_key(handle: i32, key: usize): i32 {
  return key_import(handle, key);
}

export function part_at(): usize {
  return decode.part_at;
}

export function part_len(): i32 {
  return decode.part_len;
}

export function base_fee_sat(): u64 {
  return balance.base_fee_sat;
}

export function actual_fee_sat(): u64 {
  return balance.actual_fee_sat;
}

export function opener_is_short(): bool {
  return balance.opener_is_short;
}

export function commitment_fee_sat(flags: u32, feerate_per_kw: u32, htlc_outputs: u32): u64 {
  return fees.commitment_fee_sat(flags, feerate_per_kw, htlc_outputs);
}

export function htlc_fee_sat(flags: u32, feerate_per_kw: u32, is_offered: bool): u64 {
  return fees.htlc_fee_sat(flags, feerate_per_kw, is_offered);
}

export function dust_limit_sat(chain: usize, at: usize, len: i32): u64 {
  return params.dust_limit_sat(chain, at, len);
}

/** The funding transaction without witness: its length, and itself at `target`. */
export function unsigned_tx(target: usize): i32 {
  memory.copy(target, funding.funding_tx(), funding.funding_tx_bytes());
  return funding.funding_tx_bytes();
}

/** Witness script of an HTLC under keys at `keys`: revocation, remote, local. */
export function htlc_script(
  keys: usize,
  anchors: bool,
  is_offered: bool,
  hash160: usize,
  expiry: u32,
  target: usize,
): i32 {
  const code = script.htlc_scripts_begin(keys, keys + 33, keys + 66, anchors);
  return code < 0 ? code : script.htlc_script(is_offered, hash160, expiry, target);
}
