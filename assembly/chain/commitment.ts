// Commitment transactions. One stands at a time: the one built last, of which signatures.ts and spend.ts make whatever
// is signed. The records it was built from have to stay as they are while it stands. BOLT 3, "Commitment Transaction".

import { ERR_NOT_FOUND } from "../base/errors";
import { ripemd160 } from "../crypto/crypto";
import {
  balance_begin,
  has_local_anchor,
  has_remote_anchor,
  htlc_of,
  htlcs_kept,
  is_offered,
  to_local_sat,
  to_remote_sat,
} from "./balance";
import { derive_pubkey, derive_revocation_pubkey } from "./derive";
import { ANCHOR_SAT } from "./fees";
import { funding_end, funding_spend, funding_tx, funding_tx_bytes } from "./funding";
import {
  KIND_ENERGY,
  KIND_LOCAL_ANCHOR,
  KIND_REMOTE_ANCHOR,
  KIND_TO_LOCAL,
  KIND_TO_REMOTE,
  OUTPUT_CLTV_EXPIRY,
  OUTPUT_HASH160,
  OUTPUT_PROGRAM,
  output_new,
  output_of,
  output_place,
  outputs_begin,
} from "./outputs";
import {
  ANCHOR_SCRIPT_BYTES,
  P2WPKH_BYTES,
  P2WSH_BYTES,
  TO_REMOTE_SCRIPT_BYTES,
  anchor_script,
  htlc_script,
  htlc_scripts_begin,
  p2wpkh_program,
  p2wsh_program,
  to_local_script,
  to_remote_script,
} from "./script";
import {
  CHANNEL_ANCHORS,
  CHANNEL_ENERGY,
  CHANNEL_FLAGS,
  CHANNEL_OBSCURING,
  COMMITMENT_ENERGY_HASH,
  COMMITMENT_HTLC_COUNT,
  COMMITMENT_NUMBER,
  COMMITMENT_OWNER,
  COMMITMENT_POINT,
  HOLDER,
  HTLC_AMOUNT_MSAT,
  HTLC_CLTV_EXPIRY,
  HTLC_PAYMENT_HASH,
  SIDE_DELAYED_PAYMENT_BASEPOINT,
  SIDE_FUNDING_PUBKEY,
  SIDE_HTLC_BASEPOINT,
  SIDE_PAYMENT_BASEPOINT,
  SIDE_REVOCATION_BASEPOINT,
  SIDE_TO_SELF_DELAY,
  side_of,
} from "./spec";
import { tx_id } from "./transaction";

/** The derived keys, points of 33 bytes, and what `key_sign` adds to the holder's basepoint keys. */
export const revocation_pubkey: usize = memory.data(33, 8);
export const local_delayedpubkey: usize = memory.data(33, 8);
export const holder_htlc_tweak: usize = memory.data(32, 8);
export const delayed_tweak: usize = memory.data(32, 8);
/** The program that to_local and the HTLC transactions' outputs pay to. */
export const to_local_program: usize = memory.data(34, 8);
/** The commitment's outpoint: its txid, and an index that is set for each output spent. */
export const commitment_outpoint: usize = memory.data(36, 8);

const local_htlcpubkey: usize = memory.data(33, 8);
const remote_htlcpubkey: usize = memory.data(33, 8);
const counterparty_htlc_tweak: usize = memory.data(32, 8);
const script: usize = memory.data(144, 8);

/** The records of the standing commitment, or 0. */
export let standing_channel: usize = 0;
export let standing_commitment: usize = 0;

/** Ends the standing of a commitment: another transaction takes its place in the buffers. */
export function commitment_end(): void {
  standing_channel = 0;
  standing_commitment = 0;
  funding_end();
}

/** The owner's side and the other one's. */
export function local_side(): usize {
  return side_of(standing_channel, load<u32>(standing_commitment, COMMITMENT_OWNER));
}

export function remote_side(): usize {
  return side_of(standing_channel, load<u32>(standing_commitment, COMMITMENT_OWNER) ^ 1);
}

export function counterparty_htlcpubkey(): usize {
  return load<u32>(standing_commitment, COMMITMENT_OWNER) == HOLDER ? remote_htlcpubkey : local_htlcpubkey;
}

function derive_keys(): i32 {
  const local = local_side();
  const remote = remote_side();
  const point = standing_commitment + COMMITMENT_POINT;
  let code = derive_revocation_pubkey(remote + SIDE_REVOCATION_BASEPOINT, point, revocation_pubkey);
  const delayed = local + SIDE_DELAYED_PAYMENT_BASEPOINT;
  if (code >= 0) code = derive_pubkey(delayed, point, local_delayedpubkey, delayed_tweak);
  if (code < 0 || htlcs_kept == 0) return code;
  const holder_is_local = load<u32>(standing_commitment, COMMITMENT_OWNER) == HOLDER;
  const local_tweak = holder_is_local ? holder_htlc_tweak : counterparty_htlc_tweak;
  const remote_tweak = holder_is_local ? counterparty_htlc_tweak : holder_htlc_tweak;
  code = derive_pubkey(local + SIDE_HTLC_BASEPOINT, point, local_htlcpubkey, local_tweak);
  if (code >= 0) code = derive_pubkey(remote + SIDE_HTLC_BASEPOINT, point, remote_htlcpubkey, remote_tweak);
  if (code < 0) return code;
  const anchors = (load<u32>(standing_channel, CHANNEL_FLAGS) & CHANNEL_ANCHORS) != 0;
  return htlc_scripts_begin(revocation_pubkey, remote_htlcpubkey, local_htlcpubkey, anchors);
}

/** Witness script of the to_local output and of the HTLC transactions' outputs: its length. */
export function write_to_local_script(target: usize): i32 {
  return to_local_script(revocation_pubkey, load<u32>(local_side(), SIDE_TO_SELF_DELAY), local_delayedpubkey, target);
}

function add_htlc(i: i32): i32 {
  const htlc = htlc_of(standing_commitment, i);
  const output = output_new(i, load<u64>(htlc, HTLC_AMOUNT_MSAT) / 1000, P2WSH_BYTES);
  const cltv_expiry = load<u32>(htlc, HTLC_CLTV_EXPIRY);
  store<u32>(output, cltv_expiry, OUTPUT_CLTV_EXPIRY);
  let code = ripemd160(htlc + HTLC_PAYMENT_HASH, 32, output + OUTPUT_HASH160);
  if (code < 0) return code;
  const len = htlc_script(is_offered(standing_commitment, htlc), output + OUTPUT_HASH160, cltv_expiry, script);
  code = p2wsh_program(script, len, output + OUTPUT_PROGRAM);
  output_place();
  return code;
}

function add_anchor(kind: i32, side: usize): i32 {
  anchor_script(side + SIDE_FUNDING_PUBKEY, script);
  const output = output_new(kind, ANCHOR_SAT, P2WSH_BYTES);
  const code = p2wsh_program(script, ANCHOR_SCRIPT_BYTES, output + OUTPUT_PROGRAM);
  output_place();
  return code;
}

function add_to_remote(anchors: bool): i32 {
  const pubkey = remote_side() + SIDE_PAYMENT_BASEPOINT;
  const output = output_new(KIND_TO_REMOTE, to_remote_sat, anchors ? P2WSH_BYTES : P2WPKH_BYTES);
  let code: i32;
  if (anchors) {
    to_remote_script(pubkey, script);
    code = p2wsh_program(script, TO_REMOTE_SCRIPT_BYTES, output + OUTPUT_PROGRAM);
  } else {
    code = p2wpkh_program(pubkey, output + OUTPUT_PROGRAM);
  }
  output_place();
  return code;
}

function add_outputs(flags: u32): i32 {
  outputs_begin();
  let code = p2wsh_program(script, write_to_local_script(script), to_local_program);
  const htlcs = load<i32>(standing_commitment, COMMITMENT_HTLC_COUNT);
  for (let i = 0; code >= 0 && i < htlcs; i++) {
    if (((htlcs_kept >> i) & 1) != 0) code = add_htlc(i);
  }
  if (code >= 0 && to_local_sat != 0) {
    memory.copy(output_new(KIND_TO_LOCAL, to_local_sat, P2WSH_BYTES) + OUTPUT_PROGRAM, to_local_program, P2WSH_BYTES);
    output_place();
  }
  if (code >= 0 && to_remote_sat != 0) code = add_to_remote((flags & CHANNEL_ANCHORS) != 0);
  if (code >= 0 && has_local_anchor) code = add_anchor(KIND_LOCAL_ANCHOR, local_side());
  if (code >= 0 && has_remote_anchor) code = add_anchor(KIND_REMOTE_ANCHOR, remote_side());
  if (code >= 0 && (flags & CHANNEL_ENERGY) != 0) {
    const output = output_new(KIND_ENERGY, 0, P2WSH_BYTES);
    store<u16>(output, 0x206a, OUTPUT_PROGRAM);
    memory.copy(output + OUTPUT_PROGRAM + 2, standing_commitment + COMMITMENT_ENERGY_HASH, 32);
    output_place();
  }
  return code;
}

function build(): i32 {
  const flags = load<u32>(standing_channel, CHANNEL_FLAGS);
  let code = derive_keys();
  if (code >= 0) code = add_outputs(flags);
  if (code < 0) return code;
  const obscured = load<u64>(standing_commitment, COMMITMENT_NUMBER) ^ load<u64>(standing_channel, CHANNEL_OBSCURING);
  const sequence = 0x8000_0000 | (<u32>(obscured >> 24));
  code = funding_spend(standing_channel, sequence, 0x2000_0000 | ((<u32>obscured) & 0xff_ffff));
  return code < 0 ? code : tx_id(funding_tx(), funding_tx_bytes(), commitment_outpoint);
}

/**
 * Builds the transaction that the records describe (spec.ts): from then on it stands. Returns how many HTLCs are outputs
 * of it: so many HTLC signatures go with it, in the order of the outputs. Its amounts are in balance.ts. The codes of
 * `balance_begin` leave the commitment before standing; after ERR_CRYPTO (a basepoint is none) none stands.
 */
export function commitment_build(channel: usize, commitment: usize): i32 {
  let code = balance_begin(channel, commitment);
  if (code < 0) return code;
  commitment_end();
  standing_channel = channel;
  standing_commitment = commitment;
  code = build();
  if (code < 0) {
    commitment_end();
    return code;
  }
  return popcnt<u32>(htlcs_kept);
}

/** Index of the output that HTLC number `htlc` of the record has, or another kind (outputs.ts). ERR_NOT_FOUND: none. */
export function commitment_output(kind: i32): i32 {
  const position = standing_channel == 0 ? -1 : output_of(kind);
  return position < 0 ? ERR_NOT_FOUND : position;
}
