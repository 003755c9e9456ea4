// Opening a channel in either role: open_channel and accept_channel. What follows is in funding.ts. BOLT 2, "Channel
// Establishment v1".

import { mul_div_floor, sub } from "../base/amount";
import { ERR_ARGUMENT, ERR_CAPACITY, ERR_STATE, ERR_VALUE } from "../base/errors";
import {
  MAX_ACCEPTED_HTLCS,
  MAX_CHANNELS,
  MAX_FEERATE_PER_KW,
  MAX_FUNDING_SAT,
  MAX_MINIMUM_DEPTH,
  MAX_UNCONFIRMED,
  MIN_FEERATE_PER_KW,
  MIN_FUNDING_SAT,
} from "../base/limits";
import {
  CHANNEL_ANCHORS,
  CHANNEL_ENERGY,
  CHANNEL_FLAGS,
  CHANNEL_FUNDING_SAT,
  CHANNEL_KEYS,
  CHANNEL_OPENER,
  COUNTERPARTY,
  HOLDER,
  SIDE_DUST_LIMIT_SAT,
  SIDE_FUNDING_PUBKEY,
  SIDE_TO_SELF_DELAY,
  side_of,
} from "../chain/spec";
import { key_public, sha256 } from "../crypto/crypto";
import { KEY_CHANNEL, KEY_NODE } from "../crypto/keys";
import { energy_begin, energy_propose, energy_take_accept, energy_take_open } from "../energy/parameters";
import { energy_clear } from "../energy/record";
import * as wire from "../wire/opening";
import { check_first, reserve_for } from "./bounds";
import {
  chain_by,
  chain_count,
  chain_dust_limit_sat,
  own_credit_msat,
  own_htlc_minimum_msat,
  own_minimum_depth,
  own_to_self_delay,
} from "./config";
import { channel_unconfirmed } from "./funding";
import { CONNECTED, ESTABLISHED, TO_ACCEPT, TO_OPEN, is_live, live_end, set_live } from "./live";
import * as at from "./record";
import { check_points, check_terms, check_upfront, keep_points, keep_terms, keep_upfront, type_of } from "./terms";

const POINT: usize = 33;
const ID_BYTES: usize = 32;

const amount: usize = memory.data(8, 8);
const opener_msat: usize = memory.data(8, 8);
const own_node: usize = memory.data(33, 8);

/** Forgets what a channel was to become. */
function unset(n: i32): void {
  memory.fill(at.channel_of(n), 0, at.CHANNEL_STATE_BYTES);
  energy_clear(n);
}

/** Both sides' parameters of energy are there. ERR_CRYPTO. */
function begin_energy(n: i32): i32 {
  const code = key_public(KEY_NODE, own_node);
  if (code < 0) return code;
  return energy_begin(n, memory.compare(own_node, at.channel_of(n) + at.CHANNEL_PEER, POINT) < 0);
}

/** Fills in what we bring along: keys under a number that no channel has had, and our terms. ERR_CRYPTO. */
function begin(n: i32, peer: usize, funding_sat: u64, feerate: u32, flags: u32, opener: u32, chain: u32): i32 {
  const channel = at.channel_of(n);
  live_end(n);
  unset(n);
  const number = load<u32>(at.channels);
  const keys = KEY_CHANNEL * (<i32>number + 1);
  store<u32>(channel, number, at.CHANNEL_NUMBER);
  store<i32>(channel, keys, CHANNEL_KEYS);
  const own = side_of(channel, HOLDER);
  let code = 0;
  for (let key: usize = 0; code >= 0 && key < 5; key++) {
    code = key_public(keys + <i32>key, own + SIDE_FUNDING_PUBKEY + key * POINT);
  }
  if (code < 0) {
    unset(n);
    return code;
  }
  store<u64>(channel, funding_sat, CHANNEL_FUNDING_SAT);
  store<u32>(channel, flags, CHANNEL_FLAGS);
  store<u32>(channel, opener, CHANNEL_OPENER);
  store<u8>(channel, <u8>chain, at.CHANNEL_CHAIN);
  memory.copy(channel + at.CHANNEL_PEER, peer, POINT);
  store<u64>(own, chain_dust_limit_sat(chain), SIDE_DUST_LIMIT_SAT);
  store<u32>(side_of(channel, COUNTERPARTY), own_to_self_delay, SIDE_TO_SELF_DELAY);
  mul_div_floor(funding_sat, 1000, 1, amount);
  store<u64>(channel, load<u64>(amount), at.CHANNEL_MAX_IN_FLIGHT_MSAT);
  store<u64>(channel, own_htlc_minimum_msat, at.CHANNEL_HTLC_MINIMUM_MSAT);
  store<u32>(channel, MAX_ACCEPTED_HTLCS, at.CHANNEL_MAX_ACCEPTED);
  // What the other side has to keep is what we ask for.
  store<u64>(channel, reserve_for(funding_sat), at.CHANNEL_RESERVES_SAT + 8);
  store<u32>(channel + 16, feerate, at.CHANNEL_FEERATES);
  return 0;
}

/** Makes the record count: its keys are used up, whatever becomes of it. */
function take_number(): void {
  store<u32>(at.channels, load<u32>(at.channels) + 1);
}

/**
 * Begins to open channel `n`, a free one, to the peer (33 bytes): its open_channel is pulled next. ERR_STATE: `n` is in
 * use; ERR_ARGUMENT: the flags, the chain, or energy on another one than the first; ERR_VALUE: an amount or feerate is not
 * taken; ERR_OVERFLOW: too little is left for the fee, or neither side would have more than the reserve; ERR_CRYPTO; codes
 * of `energy_propose`.
 * @param flags CHANNEL_ANCHORS and CHANNEL_ENERGY of chain/spec.ts, if negotiated
 * @param open_flags bit 0: announce_channel
 * @param parameters with CHANNEL_ENERGY a record of energy/parameters.ts, else 0
 * @param chain number of the chain that funds it
 */
export function channel_open(
  n: i32,
  peer: usize,
  funding_sat: u64,
  push_msat: u64,
  feerate_per_kw: u32,
  flags: u32,
  open_flags: u32,
  parameters: usize,
  chain: u32,
): i32 {
  if (<u32>n >= <u32>MAX_CHANNELS || flags > (CHANNEL_ANCHORS | CHANNEL_ENERGY) || open_flags > 1) return ERR_ARGUMENT;
  if ((parameters != 0) != ((flags & CHANNEL_ENERGY) != 0) || chain >= <u32>chain_count) return ERR_ARGUMENT;
  // Prices of energy are in A of the first chain.
  if (parameters != 0 && chain != 0) return ERR_ARGUMENT;
  if (at.state_of(n) != at.STATE_NONE) return ERR_STATE;
  let code = check_amounts(funding_sat, push_msat, feerate_per_kw);
  if (code >= 0) code = begin(n, peer, funding_sat, feerate_per_kw, flags, HOLDER, chain);
  if (code < 0) return code;
  const channel = at.channel_of(n);
  store<u64>(channel, load<u64>(opener_msat), at.CHANNEL_BALANCES_MSAT);
  store<u64>(channel, push_msat, at.CHANNEL_BALANCES_MSAT + 8);
  store<u8>(channel, <u8>open_flags, at.CHANNEL_OPEN_FLAGS);
  code = check_first(channel, feerate_per_kw, load<u64>(opener_msat), push_msat, reserve_for(funding_sat));
  // Its keys are new, so a hash of them is an id that no other channel has.
  if (code >= 0) code = sha256(side_of(channel, HOLDER) + SIDE_FUNDING_PUBKEY, 5 * <i32>POINT, channel + at.CHANNEL_ID);
  if (code >= 0 && parameters != 0) code = energy_propose(n, parameters);
  if (code < 0) {
    unset(n);
    return code;
  }
  take_number();
  store<u32>(channel, at.STATE_OPENING, at.CHANNEL_STATE);
  set_live(n, CONNECTED | ESTABLISHED | TO_OPEN);
  return 0;
}

/** Funding, push and feerate; what the opener keeps goes to `opener_msat`. */
function check_amounts(funding_sat: u64, push_msat: u64, feerate: u32): i32 {
  if (funding_sat < MIN_FUNDING_SAT || funding_sat >= MAX_FUNDING_SAT) return ERR_VALUE;
  if (feerate < MIN_FEERATE_PER_KW || feerate > MAX_FEERATE_PER_KW) return ERR_VALUE;
  mul_div_floor(funding_sat, 1000, 1, amount);
  return sub(load<u64>(amount), push_msat, opener_msat) < 0 ? ERR_VALUE : 0;
}

/** The chain that it is on, or a code. */
function check_open(record: usize, flags: u32): i32 {
  const chain = chain_by(load<u32>(record, wire.OPEN_CHANNEL_CHAIN_HASH));
  if (chain < 0) return chain;
  const type = type_of(record, wire.OPEN_CHANNEL_CHANNEL_TYPE);
  if (type < 0) return type;
  // Prices of energy are in A of the first chain.
  if (((<u32>type) & ~(chain == 0 ? flags : flags & ~CHANNEL_ENERGY)) != 0) return ERR_VALUE;
  const funding_sat = load<u64>(record, wire.OPEN_CHANNEL_FUNDING_SATOSHIS);
  const push_msat = load<u64>(record, wire.OPEN_CHANNEL_PUSH_MSAT);
  let code = check_amounts(funding_sat, push_msat, load<u32>(record, wire.OPEN_CHANNEL_FEERATE_PER_KW));
  if (code < 0) return code;
  code = check_terms(
    load<u64>(record, wire.OPEN_CHANNEL_DUST_LIMIT_SATOSHIS),
    load<u64>(record, wire.OPEN_CHANNEL_CHANNEL_RESERVE_SATOSHIS),
    load<u64>(record, wire.OPEN_CHANNEL_HTLC_MINIMUM_MSAT),
    load<u32>(record, wire.OPEN_CHANNEL_TO_SELF_DELAY),
    load<u32>(record, wire.OPEN_CHANNEL_MAX_ACCEPTED_HTLCS),
    funding_sat,
    chain,
  );
  if (code >= 0) code = check_upfront(record, wire.OPEN_CHANNEL_UPFRONT_SHUTDOWN_SCRIPT);
  return code < 0 ? code : chain;
}

/** Whether another opening of this peer's is taken: it leaves places to others, and ends one before it begins the next. */
function check_places(peer: usize): i32 {
  let waiting = 0;
  for (let n = 0; n < MAX_CHANNELS; n++) {
    if (!channel_unconfirmed(n)) continue;
    const is_its = memory.compare(at.channel_of(n) + at.CHANNEL_PEER, peer, POINT) == 0;
    if (is_its && at.state_of(n) == at.STATE_ACCEPTED) return ERR_CAPACITY;
    waiting++;
  }
  return waiting < MAX_UNCONFIRMED ? at.channel_free() : ERR_CAPACITY;
}

/**
 * An open_channel in `record` from the peer (33 bytes): the number of the channel that accepts it, whose accept_channel is
 * pulled next; or a code, nothing having changed, upon which the peer is to be sent an `error` of its temporary_channel_id:
 * ERR_CAPACITY: there are MAX_CHANNELS, MAX_UNCONFIRMED that others opened, or one of this peer's that it has not
 * funded; ERR_CHAIN; ERR_MISSING: no channel_type, or no parameters for its energy;
 * ERR_VALUE: a term that is not taken; ERR_OVERFLOW as of `channel_open`; ERR_POINT; ERR_CRYPTO; codes of
 * `energy_take_open`.
 * @param flags CHANNEL_ANCHORS and CHANNEL_ENERGY, if negotiated
 */
export function channel_on_open(peer: usize, record: usize, flags: u32): i32 {
  const n = check_places(peer);
  if (n < 0) return n;
  const chain = check_open(record, flags);
  if (chain < 0) return chain;
  // Messages have to find one channel.
  if (at.channel_find(load<u32>(record, wire.OPEN_CHANNEL_TEMPORARY_CHANNEL_ID), peer) >= 0) return ERR_VALUE;
  const type = <u32>type_of(record, wire.OPEN_CHANNEL_CHANNEL_TYPE);
  const funding_sat = load<u64>(record, wire.OPEN_CHANNEL_FUNDING_SATOSHIS);
  const push_msat = load<u64>(record, wire.OPEN_CHANNEL_PUSH_MSAT);
  const feerate = load<u32>(record, wire.OPEN_CHANNEL_FEERATE_PER_KW);
  let code = begin(n, peer, funding_sat, feerate, type, COUNTERPARTY, chain);
  if (code < 0) return code;
  const channel = at.channel_of(n);
  code = check_points(channel, record, wire.OPEN_CHANNEL_FUNDING_PUBKEY);
  const reserve_sat = max(load<u64>(record, wire.OPEN_CHANNEL_CHANNEL_RESERVE_SATOSHIS), reserve_for(funding_sat));
  if (code >= 0) code = check_first(channel, feerate, load<u64>(opener_msat), push_msat, reserve_sat);
  if (code >= 0 && (type & CHANNEL_ENERGY) != 0) {
    code = energy_take_open(n, record + wire.OPEN_CHANNEL_ENERGY_PARAMETERS, own_credit_msat);
    if (code >= 0) code = begin_energy(n);
  }
  if (code < 0) {
    unset(n);
    return code;
  }
  take_number();
  keep_points(channel, record, wire.OPEN_CHANNEL_FUNDING_PUBKEY);
  keep_upfront(channel, record, wire.OPEN_CHANNEL_UPFRONT_SHUTDOWN_SCRIPT);
  keep_terms(
    channel,
    load<u64>(record, wire.OPEN_CHANNEL_DUST_LIMIT_SATOSHIS),
    load<u64>(record, wire.OPEN_CHANNEL_CHANNEL_RESERVE_SATOSHIS),
    load<u64>(record, wire.OPEN_CHANNEL_HTLC_MINIMUM_MSAT),
    load<u32>(record, wire.OPEN_CHANNEL_TO_SELF_DELAY),
    load<u32>(record, wire.OPEN_CHANNEL_MAX_ACCEPTED_HTLCS),
    load<u64>(record, wire.OPEN_CHANNEL_MAX_HTLC_VALUE_IN_FLIGHT_MSAT),
  );
  store<u64>(channel, push_msat, at.CHANNEL_BALANCES_MSAT);
  store<u64>(channel, load<u64>(opener_msat), at.CHANNEL_BALANCES_MSAT + 8);
  store<u32>(channel, own_minimum_depth, at.CHANNEL_MINIMUM_DEPTH);
  store<u8>(channel, <u8>(load<u32>(record, wire.OPEN_CHANNEL_CHANNEL_FLAGS) & 1), at.CHANNEL_OPEN_FLAGS);
  memory.copy(channel + at.CHANNEL_ID, load<u32>(record, wire.OPEN_CHANNEL_TEMPORARY_CHANNEL_ID), ID_BYTES);
  store<u32>(channel, at.STATE_ACCEPTED, at.CHANNEL_STATE);
  set_live(n, CONNECTED | ESTABLISHED | TO_ACCEPT);
  return n;
}

/** accept_channel. ERR_STATE, ERR_MISSING, ERR_VALUE, ERR_POINT, ERR_OVERFLOW, ERR_CRYPTO. */
export function on_accept(n: i32, record: usize): i32 {
  const channel = at.channel_of(n);
  if (at.state_of(n) != at.STATE_OPENING || is_live(n, TO_OPEN)) return ERR_STATE;
  const type = type_of(record, wire.ACCEPT_CHANNEL_CHANNEL_TYPE);
  if (type < 0) return type;
  if (<u32>type != load<u32>(channel, CHANNEL_FLAGS)) return ERR_VALUE;
  if (load<u32>(record, wire.ACCEPT_CHANNEL_MINIMUM_DEPTH) > MAX_MINIMUM_DEPTH) return ERR_VALUE;
  const funding_sat = load<u64>(channel, CHANNEL_FUNDING_SAT);
  const reserve_sat = load<u64>(record, wire.ACCEPT_CHANNEL_CHANNEL_RESERVE_SATOSHIS);
  let code = check_terms(
    load<u64>(record, wire.ACCEPT_CHANNEL_DUST_LIMIT_SATOSHIS),
    reserve_sat,
    load<u64>(record, wire.ACCEPT_CHANNEL_HTLC_MINIMUM_MSAT),
    load<u32>(record, wire.ACCEPT_CHANNEL_TO_SELF_DELAY),
    load<u32>(record, wire.ACCEPT_CHANNEL_MAX_ACCEPTED_HTLCS),
    funding_sat,
    at.chain_of(n),
  );
  if (code >= 0) code = check_upfront(record, wire.ACCEPT_CHANNEL_UPFRONT_SHUTDOWN_SCRIPT);
  if (code >= 0) code = check_points(channel, record, wire.ACCEPT_CHANNEL_FUNDING_PUBKEY);
  const push_msat = load<u64>(channel, at.CHANNEL_BALANCES_MSAT + 8);
  const kept_msat = load<u64>(channel, at.CHANNEL_BALANCES_MSAT);
  const larger_sat = max(reserve_sat, reserve_for(funding_sat));
  if (code >= 0)
    code = check_first(channel, load<u32>(channel + 16, at.CHANNEL_FEERATES), kept_msat, push_msat, larger_sat);
  if (code >= 0 && (type & CHANNEL_ENERGY) != 0) {
    code = energy_take_accept(n, record + wire.ACCEPT_CHANNEL_ENERGY_PARAMETERS);
    if (code >= 0) code = begin_energy(n);
  }
  if (code < 0) return code;
  keep_points(channel, record, wire.ACCEPT_CHANNEL_FUNDING_PUBKEY);
  keep_upfront(channel, record, wire.ACCEPT_CHANNEL_UPFRONT_SHUTDOWN_SCRIPT);
  keep_terms(
    channel,
    load<u64>(record, wire.ACCEPT_CHANNEL_DUST_LIMIT_SATOSHIS),
    reserve_sat,
    load<u64>(record, wire.ACCEPT_CHANNEL_HTLC_MINIMUM_MSAT),
    load<u32>(record, wire.ACCEPT_CHANNEL_TO_SELF_DELAY),
    load<u32>(record, wire.ACCEPT_CHANNEL_MAX_ACCEPTED_HTLCS),
    load<u64>(record, wire.ACCEPT_CHANNEL_MAX_HTLC_VALUE_IN_FLIGHT_MSAT),
  );
  store<u32>(channel, load<u32>(record, wire.ACCEPT_CHANNEL_MINIMUM_DEPTH), at.CHANNEL_MINIMUM_DEPTH);
  store<u32>(channel, at.STATE_FUNDING_NEEDED, at.CHANNEL_STATE);
  return 0;
}
