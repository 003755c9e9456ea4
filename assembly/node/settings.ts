// What the board's owner has decided about the node: read once, by boot.

import { ERR_ARGUMENT, ERR_LENGTH, ERR_VALUE } from "../base/errors";
import {
  CLOSE_DELAY_S,
  FEATURE_BYTES,
  HOUR_S,
  MAX_CHAINS,
  MIN_DUST_LIMIT_SAT,
  MIN_FEERATE_PER_KW,
} from "../base/limits";
import { CHAIN_BYTES, CHAIN_HASH } from "../chain/params";
import {
  chain_hashes,
  set_chain,
  set_chain_height,
  set_channel_defaults,
  set_energy_credit,
  set_feerate,
} from "../channel/config";
import { key_public } from "../crypto/crypto";
import { KEY_NODE } from "../crypto/keys";
import { check_prefix, PREFIX_BYTES } from "../invoice/prefix";
import {
  BASIC_MPP,
  OPTION_ANCHORS,
  OPTION_CHANNEL_TYPE,
  OPTION_DATA_LOSS_PROTECT,
  OPTION_ENERGY,
  OPTION_SHUTDOWN_ANYSEGWIT,
  OPTION_STATIC_REMOTEKEY,
  PAYMENT_SECRET,
  set_bit,
  VAR_ONION_OPTIN,
} from "../wire/features";

// The record that boot reads, SETTINGS_BYTES: first chain/params.ts's, with the chain_hash.

/** Prefix record of the chain (invoice/prefix.ts). */
const PREFIX: usize = CHAIN_BYTES;
/** u32: SETTINGS_ENERGY. */
const FLAGS: usize = 72;
/** u32: height of the chain. */
const HEIGHT: usize = 76;
/** i64: monotonic time, ms. u64: UTC, s since 1970, 0 if unknown. */
export const SETTINGS_NOW_MS: usize = 80;
export const SETTINGS_UTC_S: usize = 88;
/** u32 each, what this node asks of its peers' channels: blocks, confirmations, satoshi, msat. */
const TO_SELF_DELAY: usize = 96;
const MINIMUM_DEPTH: usize = 100;
const DUST_LIMIT_SAT: usize = 104;
const HTLC_MINIMUM_MSAT: usize = 108;
/** u32: satoshi per 1,000 units of weight, for closing. */
const FEERATE: usize = 112;
/** u32, s: how long a delivery interval is over before its close is due; 0 for CLOSE_DELAY_S. */
const CLOSE_DELAY: usize = 116;
/** u64: unsecured credit that is granted on lines which others open, msat. */
const ENERGY_CREDIT_MSAT: usize = 120;
/** u32: how far apart the chain's blocks are meant to be, s; 0 for BLOCK_INTERVAL_S. Then u32 0. */
const BLOCK_INTERVAL: usize = 128;
const SETTINGS_BYTES: i32 = 136;

// A node on two chains has the second one's terms behind that, SECOND_BYTES.

/** 32 bytes: chain_hash. u32 each, as above: satoshi; satoshi per 1,000 units of weight; blocks; s. */
const SECOND_HASH: usize = 136;
const SECOND_DUST_LIMIT_SAT: usize = 168;
const SECOND_FEERATE: usize = 172;
const SECOND_HEIGHT: usize = 176;
const SECOND_BLOCK_INTERVAL: usize = 180;
const SECOND_BYTES: i32 = 48;

/** The node offers option_energy. */
const SETTINGS_ENERGY: u32 = 1;

/** s after its end that a delivery interval is closed. */
export let close_delay_s: u32 = CLOSE_DELAY_S;

/** The chain's prefix record. */
export const prefix: usize = memory.data(PREFIX_BYTES, 8);
/** The set of features that the node presents in its `init`. */
export const own_features: usize = memory.data(FEATURE_BYTES, 8);
/** The node's point, 33 bytes. */
export const own_point: usize = memory.data(33, 8);

/** Whether a chain's terms can be: dust limit and feerate at least the least, blocks no more than an hour apart. */
function fits(dust_sat: u32, feerate: u32, interval_s: u32): bool {
  return <u64>dust_sat >= MIN_DUST_LIMIT_SAT && feerate >= MIN_FEERATE_PER_KW && interval_s <= HOUR_S;
}

/** The second chain's terms: 0 or ERR_VALUE. */
function check_second(record: usize): i32 {
  const dust_sat = load<u32>(record, SECOND_DUST_LIMIT_SAT);
  if (!fits(dust_sat, load<u32>(record, SECOND_FEERATE), load<u32>(record, SECOND_BLOCK_INTERVAL))) return ERR_VALUE;
  return memory.compare(record + SECOND_HASH, record + CHAIN_HASH, 32) == 0 ? ERR_VALUE : 0;
}

/**
 * Takes the settings over. ERR_LENGTH; ERR_VALUE: a dust limit or feerate below the least, a delay or a time between blocks
 * of more than an hour, a prefix or flag that is none, or one chain twice; ERR_STATE and others of the board: the node has
 * no key.
 */
export function settings_read(record: usize, len: i32): i32 {
  const two = len == SETTINGS_BYTES + SECOND_BYTES;
  if (len != SETTINGS_BYTES && !two) return ERR_LENGTH;
  const flags = load<u32>(record, FLAGS);
  const dust_sat = load<u32>(record, DUST_LIMIT_SAT);
  const feerate = load<u32>(record, FEERATE);
  const interval_s = load<u32>(record, BLOCK_INTERVAL);
  if (
    check_prefix(record + PREFIX) < 0 ||
    flags > SETTINGS_ENERGY ||
    !fits(dust_sat, feerate, interval_s) ||
    load<u32>(record, CLOSE_DELAY) > HOUR_S ||
    (two && check_second(record) < 0)
  ) {
    return ERR_VALUE;
  }
  if (load<i64>(record, SETTINGS_NOW_MS) < 0) return ERR_ARGUMENT;
  const code = key_public(KEY_NODE, own_point);
  if (code < 0) return code;
  memory.fill(chain_hashes, 0, MAX_CHAINS * 32);
  set_chain(0, 1, record + CHAIN_HASH, dust_sat, interval_s);
  set_feerate(0, feerate);
  set_chain_height(0, load<u32>(record, HEIGHT));
  if (two) {
    set_chain(
      1,
      2,
      record + SECOND_HASH,
      load<u32>(record, SECOND_DUST_LIMIT_SAT),
      load<u32>(record, SECOND_BLOCK_INTERVAL),
    );
    set_feerate(1, load<u32>(record, SECOND_FEERATE));
    set_chain_height(1, load<u32>(record, SECOND_HEIGHT));
  }
  memory.copy(prefix, record + PREFIX, PREFIX_BYTES);
  set_channel_defaults(
    load<u32>(record, TO_SELF_DELAY),
    load<u32>(record, MINIMUM_DEPTH),
    load<u32>(record, HTLC_MINIMUM_MSAT),
  );
  set_energy_credit(load<u64>(record, ENERGY_CREDIT_MSAT));
  const delay_s = load<u32>(record, CLOSE_DELAY);
  close_delay_s = delay_s == 0 ? CLOSE_DELAY_S : delay_s;
  memory.fill(own_features, 0, FEATURE_BYTES);
  // What no channel of ours can do without is required, everything else offered. BOLT 9.
  set_bit(own_features, OPTION_DATA_LOSS_PROTECT + 1);
  set_bit(own_features, VAR_ONION_OPTIN);
  set_bit(own_features, OPTION_STATIC_REMOTEKEY);
  set_bit(own_features, PAYMENT_SECRET);
  set_bit(own_features, BASIC_MPP + 1);
  set_bit(own_features, OPTION_ANCHORS + 1);
  set_bit(own_features, OPTION_SHUTDOWN_ANYSEGWIT + 1);
  set_bit(own_features, OPTION_CHANNEL_TYPE + 1);
  if (flags == SETTINGS_ENERGY) set_bit(own_features, OPTION_ENERGY + 1);
  return 0;
}
