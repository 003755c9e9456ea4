// What a side takes from outputs of the standing commitment by itself, one at a time, into a scriptpubkey of its own: with
// the revocation key, after a delay, with a preimage, after a timeout. BOLT 3, "Commitment Transaction Outputs"; BOLT 5.

import { sub } from "../base/amount";
import { ERR_ARGUMENT, ERR_STATE, ERR_VALUE } from "../base/errors";
import { MAX_SCRIPTPUBKEY_BYTES } from "../base/limits";
import { key_sign, scalar_public } from "../crypto/crypto";
import {
  KEY_DELAYED_PAYMENT_BASEPOINT,
  KEY_HTLC_BASEPOINT,
  KEY_PAYMENT_BASEPOINT,
  KEY_REVOCATION_BASEPOINT,
} from "../crypto/keys";
import {
  commitment_outpoint,
  delayed_tweak,
  holder_htlc_tweak,
  local_side,
  remote_side,
  revocation_pubkey,
  standing_channel,
  standing_commitment,
  write_to_local_script,
} from "./commitment";
import { revocation_sign } from "./derive";
import {
  KIND_TO_LOCAL,
  KIND_TO_REMOTE,
  OUTPUT_CLTV_EXPIRY,
  OUTPUT_KIND,
  OUTPUT_SAT,
  output_at,
  outputs_count,
} from "./outputs";
import { hash160, to_remote_script, TO_REMOTE_SCRIPT_BYTES } from "./script";
import {
  has_anchors,
  output_is_offered,
  sighash_htlc_script,
  spend_output,
  spending_digest,
  spending_signature,
  spending_tx,
  standing_check,
} from "./signatures";
import {
  CHANNEL_KEYS,
  COMMITMENT_POINT,
  COUNTERPARTY,
  HOLDER,
  SIDE_PAYMENT_BASEPOINT,
  SIDE_REVOCATION_BASEPOINT,
  SIDE_TO_SELF_DELAY,
} from "./spec";
import {
  SIGHASH_ALL,
  sighash_script,
  signed_begin,
  signed_end,
  tx_sighash,
  write_item,
  write_signature,
} from "./transaction";

const POINT: i32 = 33;

// ---- How an output is spent: SPEND_BYTES ----------------------------------------------------------------------------

/** u32, i32: the scriptpubkey that is paid. */
export const SPEND_SCRIPT_AT: usize = 0;
export const SPEND_SCRIPT_LEN: usize = 4;
/** u64: fee of the transaction. */
export const SPEND_FEE_SAT: usize = 8;
/** u32: address of the per_commitment_secret (32 bytes) that the counterparty has revealed: a penalty; otherwise 0. */
export const SPEND_SECRET: usize = 16;
/** u32: address of the preimage (32 bytes) that an HTLC offered by the counterparty is claimed with; otherwise 0. */
export const SPEND_PREIMAGE: usize = 20;
/** 36 bytes, u64: the output of an HTLC transaction, for `spend_second_stage`: its outpoint and amount. */
export const SPEND_OUTPOINT: usize = 24;
export const SPEND_AMOUNT_SAT: usize = 64;
export const SPEND_BYTES: usize = 72;

const point: usize = memory.data(33, 8);
const amount: usize = memory.data(8, 8);
const true_item: usize = memory.data<u8>([1]);

/** ERR_VALUE unless the revealed secret is that of the standing commitment's point. */
function check_secret(secret: usize): i32 {
  const code = scalar_public(secret, point);
  if (code < 0) return code;
  return memory.compare(point, standing_commitment + COMMITMENT_POINT, POINT) == 0 ? 0 : ERR_VALUE;
}

/** Digest of the transaction that spends an output of `amount_sat` whose script lies ready; the transaction's length. */
function make(outpoint: usize, amount_sat: u64, script_len: i32, sequence: u32, locktime: u32, spend: usize): i32 {
  const len = load<i32>(spend, SPEND_SCRIPT_LEN);
  if (<u32>len > <u32>MAX_SCRIPTPUBKEY_BYTES) return ERR_ARGUMENT;
  let code = sub(amount_sat, load<u64>(spend, SPEND_FEE_SAT), amount);
  if (code < 0) return code;
  const script = load<u32>(spend, SPEND_SCRIPT_AT);
  const tx_len = spend_output(outpoint, sequence, locktime, load<u64>(amount), script, len);
  code = tx_sighash(spending_tx, tx_len, script_len, amount_sat, SIGHASH_ALL, spending_digest);
  return code < 0 ? code : tx_len;
}

function sign_penalty(secret: usize): i32 {
  return revocation_sign(
    load<i32>(standing_channel, CHANNEL_KEYS) + KEY_REVOCATION_BASEPOINT,
    remote_side() + SIDE_REVOCATION_BASEPOINT,
    standing_commitment + COMMITMENT_POINT,
    secret,
    spending_digest,
    spending_signature,
  );
}

function sign(key: i32, summand: usize): i32 {
  return key_sign(load<i32>(standing_channel, CHANNEL_KEYS) + key, 0, summand, spending_digest, spending_signature);
}

/** Writes the transaction with its signature, one further item, and the script. */
function write(tx_len: i32, item: usize, item_len: i32, script_len: i32, target: usize, capacity: i32): i32 {
  signed_begin(target, capacity, spending_tx, tx_len, 3);
  write_signature(spending_signature, SIGHASH_ALL);
  write_item(item, item_len);
  write_item(sighash_script, script_len);
  return signed_end(spending_tx, tx_len);
}

/** An output with the script of to_local: by the counterparty with the secret, or by the owner after the delay. */
function spend_delayed(outpoint: usize, amount_sat: u64, spend: usize, target: usize, capacity: i32): i32 {
  const secret = load<u32>(spend, SPEND_SECRET);
  let code = standing_check(secret != 0 ? COUNTERPARTY : HOLDER);
  if (code >= 0 && secret != 0) code = check_secret(secret);
  if (code < 0) return code;
  const script_len = write_to_local_script(sighash_script);
  const sequence = secret != 0 ? 0xffff_fffd : load<u32>(local_side(), SIDE_TO_SELF_DELAY);
  const tx_len = make(outpoint, amount_sat, script_len, sequence, 0, spend);
  if (tx_len < 0) return tx_len;
  code = secret != 0 ? sign_penalty(secret) : sign(KEY_DELAYED_PAYMENT_BASEPOINT, delayed_tweak);
  return code < 0 ? code : write(tx_len, true_item, secret != 0 ? 1 : 0, script_len, target, capacity);
}

/** An HTLC output of the counterparty's commitment: with the secret, with the preimage, or after its expiry. */
function spend_htlc(output: usize, spend: usize, target: usize, capacity: i32): i32 {
  const secret = load<u32>(spend, SPEND_SECRET);
  const preimage = load<u32>(spend, SPEND_PREIMAGE);
  let code = standing_check(COUNTERPARTY);
  if (code >= 0 && secret != 0) code = check_secret(secret);
  if (code < 0) return code;
  const is_timeout = secret == 0 && preimage == 0;
  // The owner's offer is claimed with a preimage, ours is taken back after its expiry; a penalty takes either.
  if (secret == 0 && output_is_offered(output) == is_timeout) return ERR_ARGUMENT;
  const script_len = sighash_htlc_script(output);
  const locktime = is_timeout ? load<u32>(output, OUTPUT_CLTV_EXPIRY) : 0;
  const sequence: u32 = secret != 0 ? 0xffff_fffd : has_anchors() ? 1 : 0xffff_fffd;
  const amount_sat = load<u64>(output, OUTPUT_SAT);
  const tx_len = make(commitment_outpoint, amount_sat, script_len, sequence, locktime, spend);
  if (tx_len < 0) return tx_len;
  code = secret != 0 ? sign_penalty(secret) : sign(KEY_HTLC_BASEPOINT, holder_htlc_tweak);
  if (code < 0) return code;
  if (secret != 0) return write(tx_len, revocation_pubkey, POINT, script_len, target, capacity);
  return write(tx_len, preimage, is_timeout ? 0 : 32, script_len, target, capacity);
}

/** to_remote of the counterparty's commitment: at once to a key, or with anchors a block later. */
function spend_to_remote(output: usize, spend: usize, target: usize, capacity: i32): i32 {
  let code = standing_check(COUNTERPARTY);
  if (code < 0) return code;
  const pubkey = remote_side() + SIDE_PAYMENT_BASEPOINT;
  const anchors = has_anchors();
  let script_len = TO_REMOTE_SCRIPT_BYTES;
  if (anchors) {
    to_remote_script(pubkey, sighash_script);
  } else {
    // BIP 143 signs a witness key hash as if it were the script that pays to the hash.
    store<u32>(sighash_script, 0x14a976);
    code = hash160(pubkey, POINT, sighash_script + 3);
    if (code < 0) return code;
    store<u16>(sighash_script, 0xac88, 23);
    script_len = 25;
  }
  const sequence: u32 = anchors ? 1 : 0xffff_fffd;
  const tx_len = make(commitment_outpoint, load<u64>(output, OUTPUT_SAT), script_len, sequence, 0, spend);
  if (tx_len < 0) return tx_len;
  code = sign(KEY_PAYMENT_BASEPOINT, 0);
  if (code < 0) return code;
  signed_begin(target, capacity, spending_tx, tx_len, 2);
  write_signature(spending_signature, SIGHASH_ALL);
  if (anchors) write_item(sighash_script, script_len);
  else write_item(pubkey, POINT);
  return signed_end(spending_tx, tx_len);
}

/**
 * Writes a transaction that takes the output at `position` of the standing commitment, ready to be broadcast (once its
 * sequence and locktime allow it): its length. What is possible depends on whose commitment stands:
 * - the holder's: to_local, after the delay (HTLC outputs: `htlc_signed` of signatures.ts);
 * - the counterparty's: to_remote, HTLCs with a preimage or after their expiry, and with its secret to_local and HTLCs.
 * ERR_STATE, ERR_ARGUMENT: that is not possible; ERR_VALUE: the secret is another commitment's; ERR_OVERFLOW: the fee is
 * more than the amount; ERR_CAPACITY, ERR_CRYPTO.
 */
export function spend_commitment(position: i32, spend: usize, target: usize, capacity: i32): i32 {
  if (standing_channel == 0) return ERR_STATE;
  if (<u32>position >= <u32>outputs_count()) return ERR_ARGUMENT;
  const output = output_at(position);
  const kind = load<i32>(output, OUTPUT_KIND);
  store<u32>(commitment_outpoint, position, 32);
  if (kind >= 0) return spend_htlc(output, spend, target, capacity);
  if (kind == KIND_TO_REMOTE) return spend_to_remote(output, spend, target, capacity);
  if (kind != KIND_TO_LOCAL) return ERR_ARGUMENT;
  return spend_delayed(commitment_outpoint, load<u64>(output, OUTPUT_SAT), spend, target, capacity);
}

/**
 * As `spend_commitment`, for the output of an HTLC transaction of the standing commitment, which SPEND_OUTPOINT names:
 * the holder's after the delay, the counterparty's with its secret.
 */
export function spend_second_stage(spend: usize, target: usize, capacity: i32): i32 {
  if (standing_channel == 0) return ERR_STATE;
  return spend_delayed(spend + SPEND_OUTPOINT, load<u64>(spend, SPEND_AMOUNT_SAT), spend, target, capacity);
}
