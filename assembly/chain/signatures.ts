// Signatures of the standing commitment and of its HTLC transactions: giving them for the counterparty's commitment,
// checking them for the holder's, and the holder's transactions ready to be broadcast. BOLT 2, "Committing Updates So
// Far"; BOLT 3, "HTLC-Timeout and HTLC-Success Transactions".

import { sub } from "../base/amount";
import { ERR_ARGUMENT, ERR_CRYPTO, ERR_LENGTH, ERR_SIGNATURE, ERR_STATE } from "../base/errors";
import { MAX_SCRIPTPUBKEY_BYTES } from "../base/limits";
import { write_bytes, write_end, write_u32_le, write_u64_le, write_u8 } from "../base/writer";
import { key_sign, verify } from "../crypto/crypto";
import { KEY_HTLC_BASEPOINT } from "../crypto/keys";
import { htlc_of, htlcs_kept, is_offered } from "./balance";
import {
  commitment_outpoint,
  counterparty_htlcpubkey,
  holder_htlc_tweak,
  standing_channel,
  standing_commitment,
  to_local_program,
} from "./commitment";
import { htlc_fee_sat } from "./fees";
import { funding_check, funding_sign } from "./funding";
import { OUTPUT_CLTV_EXPIRY, OUTPUT_HASH160, OUTPUT_KIND, OUTPUT_SAT, output_at, outputs_count } from "./outputs";
import { P2WSH_BYTES, htlc_script } from "./script";
import {
  CHANNEL_ANCHORS,
  CHANNEL_FLAGS,
  CHANNEL_KEYS,
  COMMITMENT_FEERATE,
  COMMITMENT_OWNER,
  COUNTERPARTY,
  HOLDER,
} from "./spec";
import {
  SIGHASH_ALL,
  SIGHASH_SINGLE_ANYONECANPAY,
  TX_ONE_OUTPUT_BYTES,
  sighash_script,
  signed_begin,
  signed_end,
  tx_begin,
  tx_sighash,
  write_item,
  write_signature,
} from "./transaction";

const CAPACITY: i32 = TX_ONE_OUTPUT_BYTES + MAX_SCRIPTPUBKEY_BYTES;

/** A transaction that spends one output of the commitment. */
export const spending_tx: usize = memory.data(TX_ONE_OUTPUT_BYTES + MAX_SCRIPTPUBKEY_BYTES, 8);
export const spending_digest: usize = memory.data(32, 8);
export const spending_signature: usize = memory.data(64, 8);

const amount: usize = memory.data(8, 8);

/** Makes `spending_tx` with one output: its length. @param outpoint 36 bytes */
export function spend_output(
  outpoint: usize,
  sequence: u32,
  locktime: u32,
  amount_sat: u64,
  script: usize,
  script_len: i32,
): i32 {
  tx_begin(spending_tx, CAPACITY, outpoint, sequence);
  write_u8(1);
  write_u64_le(amount_sat);
  write_u8(script_len);
  write_bytes(script, script_len);
  write_u32_le(locktime);
  return write_end();
}

const HTLC_TX_BYTES: i32 = TX_ONE_OUTPUT_BYTES + P2WSH_BYTES;

export function has_anchors(): bool {
  return (load<u32>(standing_channel, CHANNEL_FLAGS) & CHANNEL_ANCHORS) != 0;
}

/** Whether the HTLC behind an output record is offered by the commitment's owner. */
export function output_is_offered(output: usize): bool {
  return is_offered(standing_commitment, htlc_of(standing_commitment, load<i32>(output, OUTPUT_KIND)));
}

/** Writes the witness script of an HTLC output to where it is signed: its length. */
export function sighash_htlc_script(output: usize): i32 {
  const cltv_expiry = load<u32>(output, OUTPUT_CLTV_EXPIRY);
  return htlc_script(output_is_offered(output), output + OUTPUT_HASH160, cltv_expiry, sighash_script);
}

/** Makes the HTLC transaction of the output at `position` in `spending_tx`; the length of the script it spends. */
function htlc_transaction(position: i32): i32 {
  const output = output_at(position);
  const is_timeout = output_is_offered(output);
  const flags = load<u32>(standing_channel, CHANNEL_FLAGS);
  const fee_sat = htlc_fee_sat(flags, load<u32>(standing_commitment, COMMITMENT_FEERATE), is_timeout);
  const code = sub(load<u64>(output, OUTPUT_SAT), fee_sat, amount);
  assert(code >= 0); // were the fee more than the amount, the HTLC would have been trimmed
  store<u32>(commitment_outpoint, position, 32);
  const locktime = is_timeout ? load<u32>(output, OUTPUT_CLTV_EXPIRY) : 0;
  const sequence = flags & CHANNEL_ANCHORS;
  spend_output(commitment_outpoint, sequence, locktime, load<u64>(amount), to_local_program, P2WSH_BYTES);
  return sighash_htlc_script(output);
}

/** Digest of the HTLC transaction of the output at `position`, to `spending_digest`; the length of the script. */
function htlc_sighash(position: i32, kind: u32): i32 {
  const len = htlc_transaction(position);
  const amount_sat = load<u64>(output_at(position), OUTPUT_SAT);
  const code = tx_sighash(spending_tx, HTLC_TX_BYTES, len, amount_sat, kind, spending_digest);
  return code < 0 ? code : len;
}

/** How the side that does not own the commitment signs its HTLC transactions. */
function counterpart_kind(): u32 {
  return has_anchors() ? SIGHASH_SINGLE_ANYONECANPAY : SIGHASH_ALL;
}

function sign_htlc(signature: usize): i32 {
  const handle = load<i32>(standing_channel, CHANNEL_KEYS) + KEY_HTLC_BASEPOINT;
  return key_sign(handle, 0, holder_htlc_tweak, spending_digest, signature);
}

function is_htlc(position: i32): bool {
  return load<i32>(output_at(position), OUTPUT_KIND) >= 0;
}

/** ERR_STATE unless a commitment of this side stands. */
export function standing_check(owner: u32): i32 {
  return standing_channel != 0 && load<u32>(standing_commitment, COMMITMENT_OWNER) == owner ? 0 : ERR_STATE;
}

/**
 * Signs the counterparty's standing commitment: its signature (64 bytes) goes to `signatures`, those of its HTLC
 * transactions behind it, in the order of the outputs. Returns how many there are of these. ERR_STATE, ERR_CRYPTO.
 */
export function commitment_sign(signatures: usize): i32 {
  let code = standing_check(COUNTERPARTY);
  if (code >= 0) code = funding_sign(signatures);
  let at = signatures;
  for (let position = 0; code >= 0 && position < outputs_count(); position++) {
    if (!is_htlc(position)) continue;
    at += 64;
    code = htlc_sighash(position, counterpart_kind());
    if (code >= 0) code = sign_htlc(at);
  }
  return code < 0 ? code : popcnt<u32>(htlcs_kept);
}

/**
 * Checks the counterparty's signatures of the holder's standing commitment. ERR_STATE; ERR_LENGTH: there is not one for
 * each HTLC output; ERR_SIGNATURE.
 * @param htlc_signatures `count` signatures in the order of the outputs
 */
export function commitment_check(signature: usize, htlc_signatures: usize, count: i32): i32 {
  let code = standing_check(HOLDER);
  if (code < 0) return code;
  if (count != popcnt<u32>(htlcs_kept)) return ERR_LENGTH;
  code = funding_check(signature);
  let at = htlc_signatures;
  for (let position = 0; code >= 0 && position < outputs_count(); position++) {
    if (!is_htlc(position)) continue;
    code = htlc_sighash(position, counterpart_kind());
    if (code < 0) return code;
    code = verify(counterparty_htlcpubkey(), spending_digest, at);
    if (code == ERR_CRYPTO) code = ERR_SIGNATURE;
    at += 64;
  }
  return code;
}

/**
 * Writes the HTLC transaction of an output of the holder's standing commitment, ready to be broadcast: its length.
 * HTLC-timeout for an offered HTLC, HTLC-success for a received one. With anchors it pays no fee: whoever broadcasts it
 * adds an input and an output for that. ERR_STATE, ERR_ARGUMENT, ERR_CAPACITY, ERR_CRYPTO.
 * @param position the output's index
 * @param signature the counterparty's, checked before
 * @param preimage 32 bytes, for a received HTLC; otherwise 0
 */
export function htlc_signed(position: i32, signature: usize, preimage: usize, target: usize, capacity: i32): i32 {
  let code = standing_check(HOLDER);
  if (code < 0) return code;
  if (<u32>position >= <u32>outputs_count() || !is_htlc(position)) return ERR_ARGUMENT;
  if (output_is_offered(output_at(position)) != (preimage == 0)) return ERR_ARGUMENT;
  const len = htlc_sighash(position, SIGHASH_ALL);
  if (len < 0) return len;
  code = sign_htlc(spending_signature);
  if (code < 0) return code;
  signed_begin(target, capacity, spending_tx, HTLC_TX_BYTES, 5);
  write_item(0, 0);
  write_signature(signature, counterpart_kind());
  write_signature(spending_signature, SIGHASH_ALL);
  write_item(preimage, preimage == 0 ? 0 : 32);
  write_item(sighash_script, len);
  return signed_end(spending_tx, HTLC_TX_BYTES);
}
