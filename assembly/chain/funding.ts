// The transaction that spends the funding output: a commitment or a closing transaction, made of the list in outputs.ts.
// There is one, the one made last. BOLT 3, "Commitment Transaction", "Closing Transaction".

import { ERR_CRYPTO, ERR_SIGNATURE, ERR_STATE } from "../base/errors";
import { MAX_OUTPUTS } from "../base/limits";
import { write_end, write_u32_le } from "../base/writer";
import { key_sign, verify } from "../crypto/crypto";
import { KEY_FUNDING } from "../crypto/keys";
import { outputs_write } from "./outputs";
import { FUNDING_SCRIPT_BYTES, funding_script } from "./script";
import {
  CHANNEL_FUNDING_SAT,
  CHANNEL_KEYS,
  CHANNEL_OUTPOINT,
  COUNTERPARTY,
  HOLDER,
  SIDE_FUNDING_PUBKEY,
  side_of,
} from "./spec";
import {
  SIGHASH_ALL,
  sighash_script,
  signed_begin,
  signed_end,
  tx_begin,
  tx_sighash,
  write_item,
  write_signature,
} from "./transaction";

/** The longest: MAX_OUTPUTS outputs of 43 bytes. */
const CAPACITY: i32 = 51 + MAX_OUTPUTS * 43;

const tx: usize = memory.data(51 + MAX_OUTPUTS * 43, 8);
const digest: usize = memory.data(32, 8);
const script: usize = memory.data(FUNDING_SCRIPT_BYTES, 8);
const own_signature: usize = memory.data(64, 8);
let tx_len: i32 = 0;
let spent: usize = 0;

/** Makes the transaction of the outputs as they are listed. The channel's record has to stay while it is in use. */
export function funding_spend(channel: usize, sequence: u32, locktime: u32): i32 {
  tx_begin(tx, CAPACITY, channel + CHANNEL_OUTPOINT, sequence);
  outputs_write();
  write_u32_le(locktime);
  tx_len = write_end();
  assert(tx_len > 0);
  spent = channel;
  funding_script(pubkey(HOLDER), pubkey(COUNTERPARTY), script);
  memory.copy(sighash_script, script, FUNDING_SCRIPT_BYTES);
  const amount_sat = load<u64>(channel, CHANNEL_FUNDING_SAT);
  return tx_sighash(tx, tx_len, FUNDING_SCRIPT_BYTES, amount_sat, SIGHASH_ALL, digest);
}

function pubkey(side: u32): usize {
  return side_of(spent, side) + SIDE_FUNDING_PUBKEY;
}

/** The transaction without its witness. */
export function funding_tx(): usize {
  return tx;
}

export function funding_tx_bytes(): i32 {
  return tx_len;
}

/** Forgets the transaction: from here on there is none. */
export function funding_end(): void {
  spent = 0;
}

/** Signs it as holder: 64 bytes. ERR_CRYPTO, ERR_STATE. */
export function funding_sign(signature: usize): i32 {
  if (spent == 0) return ERR_STATE;
  return key_sign(load<i32>(spent, CHANNEL_KEYS) + KEY_FUNDING, 0, 0, digest, signature);
}

/** ERR_SIGNATURE unless the counterparty's signature (64 bytes, low-S) of it holds. ERR_STATE. */
export function funding_check(signature: usize): i32 {
  if (spent == 0) return ERR_STATE;
  const code = verify(pubkey(COUNTERPARTY), digest, signature);
  return code == ERR_CRYPTO ? ERR_SIGNATURE : code;
}

/**
 * Signs it as holder and writes it with both signatures, ready to be broadcast: its length. ERR_CAPACITY, ERR_CRYPTO,
 * ERR_STATE.
 * @param signature the counterparty's, checked before
 */
export function funding_signed(signature: usize, target: usize, capacity: i32): i32 {
  const code = funding_sign(own_signature);
  if (code < 0) return code;
  const holder_first = memory.compare(pubkey(HOLDER), pubkey(COUNTERPARTY), 33) < 0;
  signed_begin(target, capacity, tx, tx_len, 4);
  write_item(0, 0);
  write_signature(holder_first ? own_signature : signature, SIGHASH_ALL);
  write_signature(holder_first ? signature : own_signature, SIGHASH_ALL);
  write_item(script, FUNDING_SCRIPT_BYTES);
  return signed_end(tx, tx_len);
}
