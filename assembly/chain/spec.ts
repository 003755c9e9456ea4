// What a commitment transaction is made of, as records in memory: numbers little-endian, at the offsets below. Both ends
// of a channel are sides, 0 the holder of these keys and 1 the counterparty. A commitment transaction belongs to one
// side, its owner; BOLT 3 calls that side local and the other one remote, and so do the names of keys and outputs here.

import { MAX_HTLCS } from "../base/limits";

export const HOLDER: u32 = 0;
export const COUNTERPARTY: u32 = 1;

// ---- One side of a channel, SIDE_BYTES ------------------------------------------------------------------------------

/** u64, not 0: outputs below it are not made in this side's commitment transactions. */
export const SIDE_DUST_LIMIT_SAT: usize = 0;
/** u32, at most 65,535: blocks that this side's own outputs wait, `to_self_delay` as the other side asked for it. */
export const SIDE_TO_SELF_DELAY: usize = 8;
/** Five points of 33 bytes, as in open_channel and accept_channel. */
export const SIDE_FUNDING_PUBKEY: usize = 12;
export const SIDE_REVOCATION_BASEPOINT: usize = 45;
export const SIDE_PAYMENT_BASEPOINT: usize = 78;
export const SIDE_DELAYED_PAYMENT_BASEPOINT: usize = 111;
export const SIDE_HTLC_BASEPOINT: usize = 144;
export const SIDE_BYTES: usize = 184;

// ---- What is fixed while a channel lives, CHANNEL_BYTES -------------------------------------------------------------

/** u64: the funding output's amount. */
export const CHANNEL_FUNDING_SAT: usize = 0;
/** 36 bytes as in an input: the funding txid as hashed (not reversed), and the output index as u32. */
export const CHANNEL_OUTPOINT: usize = 8;
/** u32: CHANNEL_ANCHORS, CHANNEL_ENERGY. */
export const CHANNEL_FLAGS: usize = 44;
/** u32: the side that pays the commitment transactions' fees. */
export const CHANNEL_OPENER: usize = 48;
/** i32: handle of this channel's first key, KEY_CHANNEL * (n + 1) of crypto/keys.ts. */
export const CHANNEL_KEYS: usize = 52;
/** u64 below 2^48: `obscuring_factor` of derive.ts. */
export const CHANNEL_OBSCURING: usize = 56;
/** The two sides, the holder's first. */
export const CHANNEL_SIDES: usize = 64;
export const CHANNEL_BYTES: usize = 432;

/** option_anchors (zero-fee HTLC transactions); without it option_static_remotekey alone. */
export const CHANNEL_ANCHORS: u32 = 1;
/** option_energy: an OP_RETURN output carries the energy state's hash. PROTOCOL.md. */
export const CHANNEL_ENERGY: u32 = 2;

// ---- One state of a channel as one side's commitment has it, COMMITMENT_BYTES ---------------------------------------

/** u64 below 2^48, 0 for the first. */
export const COMMITMENT_NUMBER: usize = 0;
/** Two u64: what belongs to the holder and to the counterparty, before fees and anchors, without HTLCs. */
export const COMMITMENT_BALANCES_MSAT: usize = 8;
/** u32: satoshi per 1,000 units of weight. */
export const COMMITMENT_FEERATE: usize = 24;
/** u32: the side whose commitment transaction it is. */
export const COMMITMENT_OWNER: usize = 28;
/** u32, at most MAX_HTLCS. */
export const COMMITMENT_HTLC_COUNT: usize = 32;
/** 33 bytes: the owner's per_commitment_point of this number. */
export const COMMITMENT_POINT: usize = 36;
/** 32 bytes: hash of the energy state; only read with CHANNEL_ENERGY. */
export const COMMITMENT_ENERGY_HASH: usize = 72;
/** MAX_HTLCS addresses (u32) of HTLC records, in any order: they stay where their keeper has them. */
export const COMMITMENT_HTLCS: usize = 104;
export const COMMITMENT_BYTES: usize = COMMITMENT_HTLCS + 4 * MAX_HTLCS;

// ---- One HTLC, HTLC_BYTES; its keeper's record may go on behind it --------------------------------------------------

/** u64: not read here. */
export const HTLC_ID: usize = 0;
/** u64. */
export const HTLC_AMOUNT_MSAT: usize = 8;
/** u32, a block height: below 500,000,000. */
export const HTLC_CLTV_EXPIRY: usize = 16;
/** u32: the side that offered it. */
export const HTLC_OFFERED_BY: usize = 20;
/** 32 bytes. */
export const HTLC_PAYMENT_HASH: usize = 24;
export const HTLC_BYTES: usize = 56;

/** A side's record. */
export function side_of(channel: usize, side: u32): usize {
  return channel + CHANNEL_SIDES + <usize>side * SIDE_BYTES;
}
